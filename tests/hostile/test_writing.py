"""What stands in the output folder, what is full, read-only or locked: one clear error, nothing changed."""

# long because: one test for each thing that can stand, fail or happen where a run writes

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from upsertgen.configuration import Settings
from upsertgen.errors import InvalidInput
from upsertgen.run import exclusive_run
from upsertgen.write import OutputFolder, Plan, locking, transaction
from upsertgen.write.file_names import name_fault, refuse_names
from upsertgen.write.folders import exchange
from upsertgen.write.locking import locked
from upsertgen.write.transaction import FolderChange, commit, recover

from tests.cli.project import PROJECT, spec
from tests.command_line import contents, upsertgen, write_files
from tests.hostile.killing import Tree, prepare, refuse_exchange, tree

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_PATIENCE = 60.0
_COMMAND = [sys.executable, "-m", "upsertgen"]


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with its output, for copies."""
    folder = tmp_path_factory.mktemp("writing")
    write_files(folder, PROJECT)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        outcome = upsertgen("generate")
    assert outcome.code == 0, outcome.err
    return folder


@pytest.fixture
def project(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project in which a spec has changed and one is new, as the current folder."""
    folder = tmp_path / "project"
    shutil.copytree(generated, folder)
    _change_specs(folder)
    monkeypatch.chdir(folder)
    return folder


def _change_specs(folder: Path) -> None:
    text = (folder / "specs/v1/contacts.yaml").read_text("utf-8").replace("/upsert:", "/batch:")
    write_files(
        folder, {"specs/v1/contacts.yaml": text, "specs/v1/deals.yaml": spec("deals", "v1")}
    )


def _without_privileges() -> None:
    """Take from the superuser what lets it write to folders that are read-only: it is lost with exec."""
    prctl = ctypes.CDLL(None).prctl
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        if os.geteuid() == 0 and prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            os._exit(99)


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*_COMMAND, *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
        preexec_fn=_without_privileges,
    )


def _only_line(run: subprocess.CompletedProcess[str]) -> str:
    assert run.returncode == 2, run.stdout + run.stderr
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    return line


# A disk that is full.


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 2 MB, where this process may mount one; else nothing."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "upsertgen-test", str(disk)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode != 0:
        yield tmp_path / "none"
        return
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


_LIMITED = """
import resource, sys
from upsertgen.cli import main
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
main()
"""


def test_a_full_disk(project: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not small_disk.is_dir():
        # The kernel refuses to write long files in the same way, only with other words.
        before = tree(project)
        run = subprocess.run(
            [sys.executable, "-c", _LIMITED, "3000", "generate"],
            cwd=project,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
        )
        assert "generated cannot be written" in _only_line(run)
        assert tree(project) == before
        return
    folder = small_disk / "project"
    shutil.copytree(project, folder)
    monkeypatch.chdir(folder)
    before = tree(folder)
    filler = small_disk / "filler"
    for room in (0, 4096, 16_384, 65_536):
        with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):
            while file.write(b"\0" * 4096):
                pass
        os.truncate(filler, max(0, filler.stat().st_size - room))
        outcome = upsertgen("generate")
        assert (outcome.code, outcome.out) == (2, "")
        (line,) = outcome.err.splitlines()
        assert line.startswith("upsertgen: generated cannot be written ([Errno 28] No space left")
        assert tree(folder) == before
    filler.unlink()
    outcome = upsertgen("generate")
    assert outcome.code == 0, outcome.err
    assert upsertgen("generate", "--check").code == 0


@pytest.mark.parametrize("limit", [2000, 20_000])
def test_files_that_must_not_grow(project: Path, limit: int) -> None:
    before = tree(project)
    run = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(limit), "generate"],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=_PATIENCE,
    )
    assert "cannot be written ([Errno 27] File too large" in _only_line(run)
    assert tree(project) == before


# Folders that cannot be written.


@pytest.fixture
def read_only(project: Path) -> Iterator[Callable[[Path], None]]:
    """Makes a folder and those in it read-only, until the end of the test."""
    made: list[Path] = []

    def make(folder: Path) -> None:
        for path in (folder, *folder.rglob("*")):
            if path.is_dir():
                made.append(path)
                path.chmod(0o555)

    yield make
    for path in made:
        path.chmod(0o755)


def test_a_read_only_project(project: Path, read_only: Callable[[Path], None]) -> None:
    read_only(project)
    before = tree(project)
    line = _only_line(_run(project, "generate"))
    assert line.startswith("upsertgen: generated cannot be written ([Errno 13] Permission denied")
    assert tree(project) == before
    assert upsertgen("generate", "--check").code == 1


def test_a_read_only_project_in_which_nothing_changed(
    project: Path, read_only: Callable[[Path], None]
) -> None:
    assert upsertgen("generate").code == 0
    read_only(project)
    run = _run(project, "generate")
    assert run.returncode == 0, run.stderr
    assert "up to date" in run.stderr


def test_a_read_only_folder_in_the_output(project: Path, read_only: Callable[[Path], None]) -> None:
    before = tree(project)
    read_only(project / "generated/my_client/v1")
    line = _only_line(_run(project, "generate"))
    assert "Permission denied" in line and "generated/my_client/v1'" in line
    assert tree(project) == before


def test_a_read_only_folder_of_a_user(project: Path, read_only: Callable[[Path], None]) -> None:
    write_files(project, {"generated/mine/deep/notes.txt": "mine"})
    read_only(project / "generated/mine")
    run = _run(project, "generate")
    assert run.returncode == 0, run.stderr
    assert (project / "generated/mine/deep").stat().st_mode & 0o777 == 0o555
    assert not list(project.glob(".*.upsertgen"))


@pytest.mark.parametrize("fails", range(1, 5))
def test_one_by_one_a_file_cannot_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: int
) -> None:
    """Where folders cannot change places, what was replaced already is put back."""
    prepare(tmp_path)
    before = tree(tmp_path)
    replace, calls = Path.replace, [0]

    def fail(path: Path, target: Path) -> Path:
        calls[0] += path.name.isdecimal()
        if calls[0] == fails and path.name.isdecimal():
            raise OSError(5, "Input/output error", str(target))
        return replace(path, target)

    monkeypatch.setattr(transaction, "exchange", refuse_exchange)
    files: dict[str, bytes | None] = {
        "client/old/gone.py": None,
        "README.md": b"1",
        "client/v1/contacts.py": b"2",
    }
    files |= {"client/v9/a.py": b"3", "b.py": b"4"}
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Input/output"):
        commit(FolderChange(tmp_path / "generated", files))
    assert tree(tmp_path) == before


def test_a_folder_of_which_only_the_output_can_be_written(
    project: Path, read_only: Callable[[Path], None]
) -> None:
    """As with a volume: nothing can be built beside it, and files are replaced one by one."""
    (project / "specs/v1/deals.yaml").unlink()
    project.chmod(0o555)
    run = _run(project, "generate")
    project.chmod(0o755)
    assert run.returncode == 0, run.stderr
    assert upsertgen("generate", "--check").code == 0
    assert not list(project.rglob("*upsertgen.staged"))


def test_an_output_folder_that_is_a_mount(project: Path, small_disk: Path) -> None:
    output = small_disk if small_disk.is_dir() else project.parent / "plain"
    shutil.copytree(project / "generated", output, dirs_exist_ok=True)
    outcome = upsertgen("generate", "--output", output)
    assert outcome.code == 0, outcome.err
    assert upsertgen("generate", "--output", output, "--check").code == 0
    assert not [path for path in output.rglob("*") if path.name.startswith(".upsertgen.staged")]


# Symlinks, and other things of somebody else.


def _refused(*told: str) -> None:
    before = tree(Path.cwd().parent)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert outcome.problems
    for words in told:
        assert words in outcome.err
    assert tree(Path.cwd().parent) == before
    # What stands there is never taken for what should be.
    assert upsertgen("generate", "--check").code == 2


@pytest.mark.parametrize("there", ["a copy", "another file", "nothing"])
def test_a_symlink_in_the_place_of_a_file(project: Path, there: str) -> None:
    victim = project.parent / "victim.py"
    path = project / "generated/my_client/v1/contacts.py"
    if there != "nothing":
        victim.write_bytes(path.read_bytes() if there == "a copy" else b"mine")
    path.unlink()
    path.symlink_to(victim)
    before = tree(project.parent)
    _refused(
        "generated/my_client/v1/contacts.py:1:1: this symlink is not of upsertgen, and stands where a "
        "file has to be written; expected ",
        "use --force to replace it",
    )
    assert upsertgen("generate", "--force").code == 0
    assert not path.is_symlink()
    assert tree(project.parent).get("victim.py") == before.get("victim.py")
    assert upsertgen("generate", "--check").code == 0


def test_a_symlink_that_nothing_else_has_changed(project: Path) -> None:
    assert upsertgen("generate").code == 0
    path = project / "generated/my_client/v1/contacts.py"
    path.rename(project.parent / "victim.py")
    path.symlink_to(project.parent / "victim.py")
    _refused("contacts.py:1:1: this symlink is not of upsertgen")


def test_a_symlink_in_the_place_of_a_folder(project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    (project / "generated/my_client/v1").rename(elsewhere)
    (project / "generated/my_client/v1").symlink_to(elsewhere)
    before = tree(elsewhere)
    _refused(
        "generated/my_client/v1:1:1: this symlink is not of upsertgen, and stands where a folder"
    )
    assert upsertgen("generate", "--force").code == 0
    assert not (project / "generated/my_client/v1").is_symlink()
    assert tree(elsewhere) == before
    assert upsertgen("generate", "--check").code == 0


def test_a_symlink_in_the_place_of_the_package(project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    elsewhere.mkdir()
    shutil.rmtree(project / "generated/my_client")
    (project / "generated/my_client").symlink_to("../../elsewhere")
    _refused("generated/my_client:1:1: this symlink is not of upsertgen")
    assert not list(elsewhere.iterdir())


def test_a_symlink_in_the_place_of_the_manifest(project: Path) -> None:
    manifest = project / "generated/.upsertgen.json"
    manifest.rename(project.parent / "victim.json")
    manifest.symlink_to(project.parent / "victim.json")
    _refused("generated/.upsertgen.json:1:1: this symlink is not of upsertgen")


@pytest.mark.parametrize("target", ["elsewhere", "nowhere"])
def test_an_output_folder_that_is_a_symlink(project: Path, target: str) -> None:
    (project.parent / "elsewhere").mkdir()
    shutil.rmtree(project / "generated")
    (project / "generated").symlink_to(project.parent / target)
    _refused("generated: the output folder is a symlink, which is not followed; expected a folder")
    (project / "link").symlink_to(project.parent / target)
    outcome = upsertgen("generate", "--output", "link")
    assert "link: the output folder is a symlink" in outcome.err
    assert not list((project.parent / "elsewhere").iterdir())


def test_symlinks_of_users_stay(project: Path) -> None:
    (project / "generated/my_client/v1/mine").symlink_to("/etc/hostname")
    (project / "generated/dangling").symlink_to("nowhere")
    before = tree(project / "generated")
    assert upsertgen("generate").code == 0
    after = tree(project / "generated")
    for name in ("my_client/v1/mine", "dangling"):
        assert after[name] == before[name]


def test_a_file_that_goes_lies_behind_a_symlink(project: Path) -> None:
    elsewhere = project.parent / "elsewhere"
    (project / "generated/my_client/v1").rename(elsewhere)
    (project / "generated/my_client/v1").symlink_to(elsewhere)
    shutil.rmtree(project / "specs/v1")
    (project / "specs/names.lock.yaml").unlink()
    before = tree(elsewhere)
    assert upsertgen("generate").code == 0
    assert tree(elsewhere) == before


def test_a_named_pipe_is_not_waited_for(project: Path) -> None:
    for path in ("generated/README.md", "generated/.upsertgen.json"):
        (project / path).unlink()
        os.mkfifo(project / path)
    run = _run(project, "generate")
    assert run.returncode == 2
    assert "generated/README.md:1:1: this special file is not of upsertgen" in run.stderr


def test_files_that_the_manifest_does_not_know(project: Path) -> None:
    # What no run has written, though it says that one did.
    text = "# Generated by upsertgen; do not edit.\nmine = 1\n"
    write_files(project, {"generated/my_client/v1/deals.py": text, "generated/mine.txt": "mine"})
    _refused(
        "generated/my_client/v1/deals.py:1:1: this file is not of upsertgen, and stands where a file has",
    )
    outcome = upsertgen("generate", "--force")
    assert outcome.code == 0
    assert "changed  generated/my_client/v1/deals.py: it is new; spec v1/deals.yaml" in outcome.out
    assert (project / "generated/mine.txt").read_text() == "mine"
    assert upsertgen("generate", "--check").code == 0


def test_a_file_in_the_place_of_a_folder(project: Path) -> None:
    shutil.rmtree(project / "generated/my_client/v1")
    write_files(project, {"generated/my_client/v1": "mine"})
    _refused("generated/my_client/v1:1:1: this file is not of upsertgen, and stands where a folder")
    assert upsertgen("generate", "--force").code == 0
    assert upsertgen("generate", "--check").code == 0


def test_a_folder_in_the_place_of_a_file_stays_whatever_is_said(project: Path) -> None:
    path = project / "generated/my_client/v1/contacts.py"
    path.unlink()
    write_files(project, {"generated/my_client/v1/contacts.py/mine": "mine"})
    _refused("contacts.py:1:1: this folder is not of upsertgen")
    outcome = upsertgen("generate", "--force")
    assert outcome.code == 2
    assert "--force" not in outcome.err
    assert (path / "mine").read_text() == "mine"


def test_something_else_stands_where_a_run_builds(project: Path) -> None:
    write_files(project, {".generated.upsertgen/mine": "mine"})
    before = tree(project)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert ".generated.upsertgen: this is not of upsertgen" in outcome.err
    assert tree(project) == before


def test_users_go_on_working_in_the_folder(project: Path) -> None:
    """A shell in the folder, its other names, and what is kept there outlive a run."""
    write_files(project, {"generated/.git/HEAD": "ref: x", "generated/build/deep/mine": "mine"})
    inside = os.open(project / "generated/my_client", os.O_RDONLY)
    kept = (project / "generated/.git/HEAD").stat()
    unchanged = (project / "generated/my_client/errors.py").stat()
    assert upsertgen("generate").code == 0
    here = os.fstat(inside)
    os.close(inside)
    now = (project / "generated/my_client").stat()
    assert (here.st_ino, here.st_nlink) == (now.st_ino, now.st_nlink)
    for path, one in ((".git/HEAD", kept), ("my_client/errors.py", unchanged)):
        status = (project / "generated" / path).stat()
        assert (status.st_ino, status.st_mtime_ns) == (one.st_ino, one.st_mtime_ns)
        assert status.st_nlink == 1
    assert (project / "generated/build/deep/mine").read_text() == "mine"


@pytest.mark.parametrize("when", ["while it is built", "just before the switch back"])
def test_what_users_save_during_a_run_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    folder = tmp_path / "generated"
    write_files(folder, {"a.py": "old", "notes.txt": "old"})
    calls: list[Path] = []

    def save_and_exchange(one: Path, other: Path) -> None:
        calls.append(one)
        if len(calls) == 1 + (when != "while it is built"):
            time.sleep(0.02)
            draft = folder / "draft"
            draft.write_text("saved meanwhile")
            draft.replace(folder / "notes.txt")
            write_files(folder, {"more/new.txt": "new"})
        exchange(one, other)

    monkeypatch.setattr(transaction, "exchange", save_and_exchange)
    commit(FolderChange(folder, {"a.py": b"new"}))
    assert contents(tmp_path) == {
        "generated/a.py": b"new",
        "generated/more/new.txt": b"new",
        "generated/notes.txt": b"saved meanwhile",
    }


_SAVES_AND_DIES = """
import os, signal, time
from pathlib import Path
from upsertgen.write import transaction
exchange = transaction.exchange
def save_and_die(one, other):
    time.sleep(0.02)
    Path("generated/draft").write_text("saved at the last moment")
    Path("generated/draft").replace("generated/notes.txt")
    exchange(one, other)
    os.kill(os.getpid(), signal.SIGKILL)
transaction.exchange = save_and_die
transaction.commit(transaction.FolderChange(Path("generated"), {"a.py": b"new"}))
"""


def _killed(folder: Path, program: str, *arguments: str) -> None:
    command = [sys.executable, "-c", program, *arguments]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120)
    assert run.returncode == -signal.SIGKILL, run.stderr


def test_what_users_saved_before_a_kill_is_kept(tmp_path: Path) -> None:
    """Killed after the switch, the old folder is hidden, with what came into it at the last moment."""
    folder = tmp_path / "generated"
    write_files(folder, {"notes.txt": "old", "a.py": "old"})
    old = folder.stat().st_ino
    _killed(tmp_path, _SAVES_AND_DIES)
    assert folder.stat().st_ino != old
    assert contents(folder) == {"notes.txt": b"old", "a.py": b"new"}
    recover(folder)
    assert contents(tmp_path) == {
        "generated/a.py": b"new",
        "generated/notes.txt": b"saved at the last moment",
    }


_DIES_AFTER_COMMIT = """
import os, signal, sys
from pathlib import Path
from upsertgen.write import transaction
transaction._show = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
files = {"v1/gone.yaml": None, "v1/a.yaml": b"new", "v1/b.yaml": b"new", "v2/c.yaml": b"new"}
change = transaction.FolderChange(Path("specs"), files, in_one_step=sys.argv[1] == "in one step")
transaction.commit(change)
"""


@pytest.mark.parametrize("how", ["in one step", "one by one"])
@pytest.mark.parametrize("path", ["v1/b.yaml", "v1/gone.yaml", "v2/c.yaml"])
def test_what_users_change_after_a_kill_is_kept(tmp_path: Path, how: str, path: str) -> None:
    """The next run would complete what a killed one began, but not over what somebody has done since."""
    folder = tmp_path / "specs"
    write_files(folder, {"v1/a.yaml": "old", "v1/b.yaml": "old", "v1/gone.yaml": "old"})
    _killed(tmp_path, _DIES_AFTER_COMMIT, how)
    there = contents(folder).get(path)
    write_files(folder, {path: "of a user"})
    before = tree(tmp_path)
    with pytest.raises(InvalidInput, match=f"{path}: somebody has changed this since"):
        recover(folder)
    assert tree(tmp_path) == before
    if there is None:
        (folder / path).unlink()
    else:
        (folder / path).write_bytes(there)
    recover(folder)
    assert contents(tmp_path) == {
        "specs/v1/a.yaml": b"new",
        "specs/v1/b.yaml": b"new",
        "specs/v2/c.yaml": b"new",
    }


# Two runs at once.


@pytest.mark.parametrize("times", [1, pytest.param(5, marks=pytest.mark.large)])
def test_two_runs_at_once_do_not_mix(project: Path, times: int) -> None:
    outcomes: dict[str, Tree] = {}
    for words in ("One.", "Two."):
        assert upsertgen("generate", "--description", words).code == 0
        outcomes[words] = tree(project / "generated")
    for _ in range(times):
        running = [
            subprocess.Popen(
                [*_COMMAND, "generate", "--description", words],
                cwd=project,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
            for words in ("One.", "Two.", "One.")
        ]
        for process in running:
            _, errors = process.communicate(timeout=_PATIENCE)
            assert process.returncode == 0, errors
        assert tree(project / "generated") in outcomes.values()
        assert not list(project.glob(".*.upsertgen"))


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_lock_vanishes_with_its_process(
    project: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    holding = (
        "import sys, time\nfrom upsertgen.write import OutputFolder\n"
        "def hang(*_, **__):\n    print('locked', flush=True)\n    time.sleep(600)\n"
        "OutputFolder.plan = hang\nfrom upsertgen.cli import main\nmain()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holding, "generate", "--jobs", jobs],
        cwd=project,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "locked\n"
        process.send_signal(signal.SIGKILL)
        process.wait(_PATIENCE)
        # A lock that is still there makes this wait, and then say so.
        monkeypatch.setattr(locking, "PATIENCE", 10.0)
        outcome = upsertgen("generate")
        assert outcome.code == 0, outcome.err
        # Its worker processes are gone as well.
        with pytest.raises(ProcessLookupError):
            os.killpg(process.pid, 0)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


def test_a_run_that_does_not_end(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locking, "PATIENCE", 0.2)
    holding = (
        "import sys\nfrom pathlib import Path\nfrom upsertgen.write.locking import locked\n"
        "with locked(Path('generated')):\n    print('locked', flush=True)\n    sys.stdin.read()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", holding],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "locked\n"
    before = tree(project)
    outcome = upsertgen("generate")
    # Looking takes no lock.
    assert upsertgen("generate", "--check").code == 1
    process.communicate(timeout=_PATIENCE)
    assert outcome.code == 2
    assert outcome.problems == [
        "generated: another run of upsertgen has been at it for a minute; expected one run at a time; "
        "wait for it to end, or stop it"
    ]
    assert tree(project) == before
    assert upsertgen("generate").code == 0


def test_settings_that_another_run_has_changed_meanwhile(project: Path) -> None:
    """As when a release raises the version while this run waits for it."""
    versions = iter(("1.0.0", "1.1.0", "1.1.0", "1.1.0"))

    def read() -> Settings:
        return Settings(distribution_version=next(versions))

    with exclusive_run(project / "pyproject.toml", read, lambda *_: None) as settings:
        assert settings.distribution_version == "1.1.0"


def test_locks_within_one_process(tmp_path: Path) -> None:
    with locked(tmp_path / "missing"), locked(tmp_path / "missing" / "more"), locked(tmp_path):
        pass
    assert not locking._held


# Names.


@pytest.mark.parametrize(
    "path",
    [
        *("con", "a/aux.py", "nul.tar.gz", "COM1", "lpt9.md", "Con.d/x.py", "prn .txt", "com¹"),
        *("../a", "a/../b", "/a", "a//b", ".", "", "a/", "a\\b", "c:x", "a.", "a ", "a\0", "a\n"),
        *("a\u202eb", "what?", "x" * 300, "é" * 150),
    ],
)
def test_names_that_no_file_may_have(path: str, tmp_path: Path) -> None:
    assert name_fault(path) is not None
    with pytest.raises(InvalidInput, match="a file cannot be written under this name: "):
        refuse_names(tmp_path, {path: ("v1/x.yaml",)})


@pytest.mark.parametrize("path", ["console.py", "a/auxiliary.py", "com10", "_con.py", ".x", "é.py"])
def test_names_that_files_may_have(path: str, tmp_path: Path) -> None:
    assert name_fault(path) is None
    refuse_names(tmp_path, {path: ()})


@pytest.mark.parametrize(
    ("one", "other"),
    [("a/X.py", "a/x.py"), ("V1/a.py", "v1/b.py"), ("é.py", "e\u0301.py"), ("STRASSE", "straße")],
)
def test_names_that_differ_only_in_case(one: str, other: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as refused:
        refuse_names(tmp_path, {one: ("v1/a.yaml",), other: ("v1/b.yaml",)})
    (problem,) = refused.value.problems
    assert "the same name where case does not count" in problem.wrong
    assert problem.mend == "rename v1/b.yaml"
    assert problem.location.path == (tmp_path / other).as_posix()


def test_a_version_that_is_a_device_gets_another_name(project: Path) -> None:
    shutil.copytree(project / "specs/v1", project / "specs/aux")
    outcome = upsertgen("generate")
    assert outcome.code == 0, outcome.err
    assert (project / "generated/my_client/aux_/contacts.py").is_file()


def test_object_types_that_are_devices_get_another_name(project: Path) -> None:
    write_files(project, {"specs/v1/con.yaml": spec("con", "v1")})
    assert upsertgen("generate").code == 0
    assert (project / "generated/my_client/v1/con_.py").is_file()


def test_a_package_that_is_a_device(project: Path) -> None:
    before = tree(project)
    outcome = upsertgen("generate", "--package", "nul")
    assert outcome.code == 2
    assert "'nul' is the name of a device on Windows" in outcome.err
    assert tree(project) == before


def test_object_types_that_differ_only_in_case(project: Path) -> None:
    write_files(project, {"specs/v1/Contacts.yaml": spec("contacts", "v1")})
    before = tree(project)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert "specs/v1/" in outcome.err
    assert tree(project) == before


# Locks and records beside the specs.


def test_a_record_that_a_killed_run_left(project: Path) -> None:
    left = project / "specs/.upsertgen.staged"
    write_files(left, {"0": "half of a rec"})
    assert upsertgen("generate").code == 0
    assert not left.exists()


@pytest.mark.parametrize("place", [".generated.upsertgen", "specs/.upsertgen.staged"])
def test_a_symlink_where_a_run_stages(project: Path, place: str) -> None:
    (project / "elsewhere").mkdir()
    (project / place).symlink_to(project / "elsewhere")
    before = tree(project)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert f"{place}: this is not of upsertgen, and stands where a run stages" in outcome.err
    assert tree(project) == before


def test_a_record_that_another_run_has_changed_meanwhile(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply, before = OutputFolder.apply, tree(project / "generated")

    def change(folder: OutputFolder, plan: Plan) -> None:
        write_files(project, {"specs/names.lock.yaml": "# of another run"})
        apply(folder, plan)

    monkeypatch.setattr(OutputFolder, "apply", change)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert "names.lock.yaml: somebody else has changed this file meanwhile" in outcome.err
    assert tree(project / "generated") == before
    assert (project / "specs/names.lock.yaml").read_text() == "# of another run"
    assert not list(project.rglob("*.upsertgen*staged"))

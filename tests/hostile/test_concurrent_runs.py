"""Runs beside users, beside other runs, and after runs that were killed: nothing is lost or mixed."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from upsertgen.configuration import Settings
from upsertgen.errors import InvalidInput
from upsertgen.run import exclusive_run
from upsertgen.write import OutputFolder, OutputPlan, folder_locks, transaction
from upsertgen.write.folder_locks import locked
from upsertgen.write.folders import exchange
from upsertgen.write.transaction import FolderChange, commit, recover

from tests.command_line import contents, upsertgen, write_files
from tests.hostile.kill_points import Tree, tree

_PATIENCE = 300.0
_COMMAND = [sys.executable, "-m", "upsertgen"]


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


@contextlib.contextmanager
def _locking(project: Path, program: str, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """Start a program that takes the lock, wait until it has told so, and end it and its processes."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        cwd=project,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    assert process.stdout is not None
    try:
        assert process.stdout.readline() == "locked\n"
        yield process
        process.communicate(timeout=_PATIENCE)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_a_lock_vanishes_with_its_process(
    project: Path, monkeypatch: pytest.MonkeyPatch, jobs: str
) -> None:
    holding = (
        "import sys, time\nfrom upsertgen.write import OutputFolder\n"
        "def hang(*_, **__):\n    print('locked', flush=True)\n    time.sleep(600)\n"
        "OutputFolder.plan = hang\nfrom upsertgen.cli import main\nmain()\n"
    )
    with _locking(project, holding, "generate", "--jobs", jobs) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(_PATIENCE)
        # A lock that is still there makes this wait, and then say so.
        monkeypatch.setattr(folder_locks, "PATIENCE", 10.0)
        outcome = upsertgen("generate")
        assert outcome.code == 0, outcome.err
        _wait_until_all_have_ended(process.pid)


def _wait_until_all_have_ended(group: int) -> None:
    """Wait for the worker processes of one that was killed: they end soon after it, and not with it."""
    deadline = time.monotonic() + _PATIENCE
    with pytest.raises(ProcessLookupError):
        while time.monotonic() < deadline:
            os.killpg(group, 0)
            time.sleep(0.01)


# Its worker processes get ready when the first process has ended.
_DIES_EARLY = """
import os, time
from upsertgen.emit import formatting
prepare, first = formatting._prepare, os.getpid()
def late(*arguments):
    while os.getppid() == first:
        time.sleep(0.01)
    prepare(*arguments)
formatting._prepare = late
with formatting.workers(2):
    print("locked", flush=True)
    time.sleep(600)
"""


def test_workers_of_a_run_that_is_killed_before_they_are_ready(project: Path) -> None:
    with _locking(project, _DIES_EARLY) as process:
        process.send_signal(signal.SIGKILL)
        process.wait(_PATIENCE)
        _wait_until_all_have_ended(process.pid)


def test_a_run_that_does_not_end(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder_locks, "PATIENCE", 0.2)
    holding = (
        "import sys\nfrom pathlib import Path\nfrom upsertgen.write.folder_locks import locked\n"
        "with locked(Path('generated')):\n    print('locked', flush=True)\n    sys.stdin.read()\n"
    )
    with _locking(project, holding):
        before = tree(project)
        outcome = upsertgen("generate")
        # Looking takes no lock.
        assert upsertgen("generate", "--check").code == 1
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
    assert not folder_locks._held


def test_what_is_to_be_locked_is_removed_by_another_run_just_then(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    area, nearest = tmp_path / "area", folder_locks._nearest
    area.mkdir()

    def remove_once_found(path: Path) -> Path:
        found = nearest(path)
        if found == area:
            area.rmdir()
        return found

    monkeypatch.setattr(folder_locks, "_nearest", remove_once_found)
    with locked(area):
        assert folder_locks.is_locked(tmp_path)
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(FileNotFoundError), locked(tmp_path / "link" / "folder"):
        pass


# Locks and records beside the specs.


def test_a_record_that_a_killed_run_left(project: Path) -> None:
    left = project / "specs/.upsertgen.staged"
    write_files(left, {"0": "half of a rec"})
    assert upsertgen("generate").code == 0
    assert not left.exists()


@pytest.mark.parametrize(
    ("place", "kind"),
    [
        (".generated.upsertgen", "link"),
        ("specs/.upsertgen.staged", "link"),
        (".generated.upsertgen", "folder"),
    ],
)
def test_something_else_stands_where_a_run_stages(project: Path, place: str, kind: str) -> None:
    if kind == "link":
        (project / "elsewhere").mkdir()
        (project / place).symlink_to(project / "elsewhere")
    else:
        write_files(project / place, {"mine": "mine"})
    before = tree(project)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert f"{place}: this is not of upsertgen, and stands where a run stages" in outcome.err
    assert tree(project) == before


def test_a_record_that_another_run_has_changed_meanwhile(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    apply, before = OutputFolder.apply, tree(project / "generated")

    def change(folder: OutputFolder, plan: OutputPlan, *inside: FolderChange) -> None:
        write_files(project, {"specs/names.lock.yaml": "# of another run"})
        apply(folder, plan, *inside)

    monkeypatch.setattr(OutputFolder, "apply", change)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert "names.lock.yaml: somebody else has changed this file meanwhile" in outcome.err
    assert tree(project / "generated") == before
    assert (project / "specs/names.lock.yaml").read_text() == "# of another run"
    assert not list(project.rglob("*.upsertgen*staged"))

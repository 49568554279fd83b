"""What stands in the output folder, cannot be written, or has a bad name: one error, nothing changed."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from upsertgen.errors import InvalidInput
from upsertgen.file_names import name_fault, refuse_names
from upsertgen.write import transaction
from upsertgen.write.transaction import FolderChange, commit

from tests.cli.project import spec
from tests.command_line import upsertgen, write_files
from tests.hostile.kill_points import prepare, refuse_exchange, tree

_PR_CAPBSET_DROP = 24
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_PATIENCE = 300.0


def _without_privileges() -> None:
    """Take from the superuser what lets it write to folders that are read-only: it is lost with exec."""
    prctl = ctypes.CDLL(None).prctl
    for capability in (_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH):
        if os.geteuid() == 0 and prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            os._exit(99)


def _run(
    folder: Path, *arguments: str, program: tuple[str, ...] = ("-m", "upsertgen")
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *program, *arguments],
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
    """A file system of 4 MB, where this process may mount one; else nothing."""
    disk = tmp_path / "disk"
    disk.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "upsertgen-test", str(disk)]
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


@pytest.mark.parametrize("limit", ["2000", "3000", "20000"])
def test_files_that_must_not_grow(project: Path, limit: str) -> None:
    before = tree(project)
    line = _only_line(_run(project, "generate", program=("-c", _LIMITED, limit)))
    assert "generated cannot be written: File too large" in line
    assert tree(project) == before


def test_a_full_disk(project: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not small_disk.is_dir():
        # The kernel refuses to write long files in the same way, which the test above has seen.
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
        assert line.startswith("upsertgen: generated cannot be written: No space left")
        assert tree(folder) == before
    filler.unlink()
    outcome = upsertgen("generate")
    assert outcome.code == 0, outcome.err
    assert upsertgen("generate", "--check").code == 0


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


@pytest.mark.parametrize("folder", [".", "generated/my_client/v1"])
def test_a_folder_that_is_read_only(
    project: Path, read_only: Callable[[Path], None], folder: str
) -> None:
    before = tree(project)
    read_only(project / folder)
    run = _run(project, "generate")
    assert (run.returncode, run.stdout) == (2, "")
    problem, verdict = run.stderr.splitlines()
    assert "the folder 'generated' cannot be written: Permission denied" in problem
    assert folder == "." or f"{folder};" in problem
    assert verdict == "upsertgen: 1 problem; nothing was written"
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
    files: dict[str, bytes | None] = {"client/old/gone.py": None, "README.md": b"1"}
    files |= {"client/v1/contacts.py": b"2", "client/v9/a.py": b"3", "b.py": b"4"}
    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="Input/output"):
        commit(FolderChange(tmp_path / "generated", files))
    assert tree(tmp_path) == before


def test_a_folder_of_which_only_the_output_can_be_written(project: Path) -> None:
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


def _moved(path: Path) -> None:
    """Put a link in the place of something that is elsewhere now."""
    path.rename(Path("../elsewhere", path.name))
    path.symlink_to(Path("../elsewhere").resolve() / path.name)


def _linked(path: Path, text: str | None) -> None:
    """Put a link in the place of a file: to nothing, or to a file of a user."""
    path.unlink()
    path.symlink_to(Path("../elsewhere").resolve() / "victim.py")
    if text is not None:
        path.write_text(text)


def _replaced(path: Path, text: str) -> None:
    """Write a file, or one below it, in the place of what is there."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)
    write_files(path.parent, {path.name if text == "mine" else f"{path.name}/mine": text})


_V1 = Path("generated/my_client/v1")
_HEADER = "# Generated by upsertgen; do not edit.\nmine = 1\n"
_IN_THE_WAY: dict[str, tuple[Callable[[], object], str]] = {
    "a link to a copy of a file": (
        lambda: _moved(_V1 / "contacts.py"),
        f"{_V1}/contacts.py:1:1: this symlink is not of upsertgen, and stands where a file has to be "
        "written; expected ",
    ),
    "a link to another file": (
        lambda: _linked(_V1 / "contacts.py", "mine"),
        f"{_V1}/contacts.py:1:1: this symlink is not of upsertgen",
    ),
    "a link to nothing": (
        lambda: _linked(_V1 / "contacts.py", None),
        f"{_V1}/contacts.py:1:1: this symlink is not of upsertgen",
    ),
    "a link to a folder": (
        lambda: _moved(_V1),
        f"{_V1}:1:1: this symlink is not of upsertgen, and stands where a folder has to be",
    ),
    "a link to a package": (
        lambda: _moved(_V1.parent),
        f"{_V1.parent}:1:1: this symlink is not of upsertgen",
    ),
    "a link to the manifest": (
        lambda: _moved(Path("generated/.upsertgen.json")),
        "generated/.upsertgen.json:1:1: this symlink is not of upsertgen",
    ),
    "a file that the manifest does not know": (
        # Though it says that a run has written it.
        lambda: write_files(_V1, {"deals.py": _HEADER}),
        f"{_V1}/deals.py:1:1: this file is not of upsertgen, and stands where a file has",
    ),
    "a file in the place of a folder": (
        lambda: _replaced(_V1, "mine"),
        f"{_V1}:1:1: this file is not of upsertgen, and stands where a folder",
    ),
}


@pytest.mark.parametrize("name", _IN_THE_WAY)
def test_what_no_run_has_written_gives_way_only_to_force(project: Path, name: str) -> None:
    make, told = _IN_THE_WAY[name]
    (project.parent / "elsewhere").mkdir()
    write_files(project, {"generated/mine.txt": "mine"})
    make()
    before = tree(project.parent / "elsewhere")
    _refused(told, "use --force to replace it")
    outcome = upsertgen("generate", "--force")
    assert outcome.code == 0, outcome.err
    assert not any(path.is_symlink() for path in (project / "generated").rglob("*"))
    assert tree(project.parent / "elsewhere") == before
    assert (project / "generated/mine.txt").read_text() == "mine"
    assert upsertgen("generate", "--check").code == 0


def test_a_file_that_is_replaced_by_force_is_told_of(project: Path) -> None:
    write_files(project / _V1, {"deals.py": _HEADER})
    outcome = upsertgen("generate", "--force")
    assert f"changed  {_V1}/deals.py: it is new; spec v1/deals.yaml" in outcome.out


def test_a_symlink_that_nothing_else_has_changed(project: Path) -> None:
    assert upsertgen("generate").code == 0
    (project.parent / "elsewhere").mkdir()
    _moved(_V1 / "contacts.py")
    _refused("contacts.py:1:1: this symlink is not of upsertgen")


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
    (project / _V1 / "mine").symlink_to("/etc/hostname")
    (project / "generated/dangling").symlink_to("nowhere")
    before = tree(project / "generated")
    assert upsertgen("generate").code == 0
    after = tree(project / "generated")
    for name in ("my_client/v1/mine", "dangling"):
        assert after[name] == before[name]


def test_a_file_that_goes_lies_behind_a_symlink(project: Path) -> None:
    (project.parent / "elsewhere").mkdir()
    _moved(_V1)
    shutil.rmtree(project / "specs/v1")
    (project / "specs/names.lock.yaml").unlink()
    before = tree(project.parent / "elsewhere")
    assert upsertgen("generate").code == 0
    assert tree(project.parent / "elsewhere") == before


def test_a_named_pipe_is_not_waited_for(project: Path) -> None:
    for path in ("generated/README.md", "generated/.upsertgen.json"):
        (project / path).unlink()
        os.mkfifo(project / path)
    run = _run(project, "generate")
    assert run.returncode == 2
    assert "generated/README.md:1:1: this special file is not of upsertgen" in run.stderr


def test_a_folder_in_the_place_of_a_file_stays_whatever_is_said(project: Path) -> None:
    _replaced(_V1 / "contacts.py", "mine\n")
    _refused("contacts.py:1:1: this folder is not of upsertgen")
    outcome = upsertgen("generate", "--force")
    assert outcome.code == 2
    assert "--force" not in outcome.err
    assert (_V1 / "contacts.py/mine").read_text() == "mine\n"


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


def test_versions_and_object_types_that_are_devices_get_other_names(project: Path) -> None:
    shutil.copytree(project / "specs/v1", project / "specs/aux")
    path = project / "specs/aux/contacts.yaml"
    path.write_text(path.read_text("utf-8").replace("/v1/", "/aux/"), "utf-8")
    write_files(project, {"specs/v1/con.yaml": spec("con", "v1")})
    outcome = upsertgen("generate")
    assert outcome.code == 0, outcome.err
    assert (project / "generated/my_client/aux_/contacts.py").is_file()
    assert (project / "generated/my_client/v1/con_.py").is_file()


@pytest.mark.parametrize(
    ("package", "object_type", "told"),
    [
        ("nul", "deals", "'nul' is the name of a device on Windows"),
        ("my_client", "Contacts", "would both get the module name contacts"),
    ],
    ids=["a device", "names that differ only in case"],
)
def test_names_that_no_run_gives(project: Path, package: str, object_type: str, told: str) -> None:
    write_files(project, {f"specs/v1/{object_type}.yaml": spec("contacts", "v1")})
    before = tree(project)
    outcome = upsertgen("generate", "--package", package)
    assert outcome.code == 2
    assert told in outcome.err
    assert tree(project) == before

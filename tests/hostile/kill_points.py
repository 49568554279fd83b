"""Kills that hit between all system calls of what writes, and what a reader then sees.

It runs as a process of its own, which forks one child for each point: `python -m tests.hostile.kill_points
SCENARIO FOLDER EVERY`. The child is killed by its own hand, with SIGKILL, just before its n-th call that
opens, links, renames or removes something; so nothing of it gets to clean up.
"""

from __future__ import annotations

import errno
import os
import signal
import stat
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from unittest import mock

from upsertgen.write import transaction
from upsertgen.write.folder_locks import locked
from upsertgen.write.folders import exchange
from upsertgen.write.staging_area import AreaPlan
from upsertgen.write.transaction import FolderChange, commit, leftovers, recover

from tests.command_line import write_files

Tree = dict[str, tuple[str, bytes]]

_COUNTED = ("open", "os.", "shutil.", "ctypes.dlsym", "fcntl.")
DIES = """
import os, signal, sys
from upsertgen.cli import main
point, calls = int(sys.argv.pop(1)), 0
def count(event, arguments):
    global calls
    if event == "ctypes.dlsym" or event == "os.rename":
        if calls == point:
            os.kill(os.getpid(), signal.SIGKILL)
        calls += 1
sys.addaudithook(count)
main()
"""
"""A program that runs a command and kills itself at a step, whose number is its first argument."""
_FOLDER = "generated"
_OLD: dict[str, str | bytes] = {
    "client/old/gone.py": "gone\n",
    "client/v1/contacts.py": "contacts\n",
    "client/v1/deals.py": "deals\n",
    "client/v1/__pycache__/deals.pyc": "compiled\n",
    "README.md": "readme\n",
    ".upsertgen.json": "manifest\n",
    "notes.txt": "mine\n",
    ".venv/lib/more.py": "mine too\n",
}
_FILES: dict[str, bytes | None] = {
    "client/old/gone.py": None,
    "client/v1/contacts.py": b"new contacts\n",
    "client/v2/contacts.py": b"second contacts\n",
    "README.md": b"new readme\n",
    ".upsertgen.json": b"new manifest\n",
}
_MORE: dict[str, dict[str, bytes | None]] = {
    "specs": {"v1/gone.yaml": None, "v1/contacts.yaml": b"new\n", "v2/contacts.yaml": b"new\n"},
    ".": {"pyproject.toml": b"new\n"},
}


def tree(folder: Path) -> Tree:
    """Return everything below a folder as a reader sees it: its kind, and its contents or target."""
    found: Tree = {}
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        mode = path.lstat().st_mode
        if stat.S_ISLNK(mode):
            found[name] = ("link", os.fsencode(path.readlink()))
        elif stat.S_ISDIR(mode):
            found[name] = ("folder", b"")
        else:
            found[name] = ("file", path.read_bytes())
    return found


def prepare(project: Path) -> None:
    """Write an output folder with files of users in it, and something beside it."""
    folder = project / _FOLDER
    write_files(folder, _OLD)
    (folder / "empty").mkdir()
    (folder / "link").symlink_to("../beside.txt")
    (folder / "dangling").symlink_to("nowhere")
    prepare_nothing(project)


def prepare_all(project: Path) -> None:
    """Write an output folder, specs and a configuration."""
    prepare(project)
    paths = (
        "specs/v1/gone.yaml",
        "specs/v1/contacts.yaml",
        "specs/v1/deals.yaml",
        "pyproject.toml",
    )
    write_files(project, dict.fromkeys(paths, "old\n"))


def prepare_nothing(project: Path) -> None:
    """Write only what is beside the output folder."""
    write_files(project, {"beside.txt": "beside\n"})


def die_at(point: int) -> None:
    """Let this process be killed at its `point`-th call that concerns files."""
    calls = 0

    def count(event: str, arguments: Any) -> None:
        nonlocal calls
        if event.startswith(_COUNTED) and event != "os.kill":
            calls += 1
            if calls > point:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)


def survives(point: int, action: Callable[[], object]) -> bool:
    """Do something in a child process that is killed at a point, and return whether it got to the end."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            die_at(point)
            action()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    status = os.waitpid(child, 0)[1]
    assert status == 0 or os.WTERMSIG(status) == signal.SIGKILL, "the action itself failed"
    return status == 0


@dataclass(frozen=True)
class Scenario:
    """What is killed.

    Attributes:
        make: Writes a project.
        output: The path of the output folder in it.
        in_place: Whether folders cannot change places, so that a reader may see some files new and others
            old before anything heals.
        with_specs: Whether specs and configuration change as well, as in a release.
        fails: Whether the output cannot be written in the end, so that everything is put back.
    """

    make: Callable[[Path], None] = prepare
    output: str = _FOLDER
    in_place: bool = False
    with_specs: bool = False
    fails: bool = False


SCENARIOS = {
    "existing": Scenario(),
    "new": Scenario(prepare_nothing),
    "nested": Scenario(prepare_nothing, f"build/client/{_FOLDER}"),
    "in place": Scenario(in_place=True),
    "release": Scenario(prepare_all, with_specs=True),
    "release in place": Scenario(prepare_all, in_place=True, with_specs=True),
    "release that fails": Scenario(prepare_all, with_specs=True, fails=True),
}


def kill_everywhere(scenario: Scenario, folder: Path, every: int) -> int:
    """Kill a switch at its points, each time in a project of its own; return how many there were.

    Args:
        scenario: What is killed.
        folder: Where the projects are written.
        every: 1 for each point, 2 for each other one, and so on.
    """
    output, fails = scenario.output, scenario.fails
    changing = [(output, _FILES), *(_MORE.items() if scenario.with_specs else ())]

    def project_at(name: str) -> Path:
        project = folder / name
        project.mkdir()
        scenario.make(project)
        return project

    def write(project: Path) -> None:
        with locked(project / output):
            recover(project / output)
            # A folder that others write to as well comes first.
            commit(
                *(
                    FolderChange(project / name, files, in_one_step=name != ".")
                    for name, files in reversed(changing)
                )
            )

    def fail(project: Path) -> None:
        with mock.patch.object(transaction, "_show", refuse_output), suppress(OSError):
            write(project)

    before = tree(project_at("before"))
    whole = project_at("whole")
    shown = (whole / output).stat().st_ino if (whole / output).exists() else None
    write(whole)
    after = tree(whole)
    assert before != after
    if shown is not None:
        assert (whole / output).stat().st_ino == shown, "shells in the folder would be lost"
    point = 0
    while True:
        project = project_at(str(point))
        done = survives(point, partial(fail if fails else write, project))
        seen = tree(project)
        assert not (done and fails) or seen == before, "not put back"
        if not (scenario.in_place or fails):
            for top in {path.partition("/")[0] for path in before | after}:
                now = _below(seen, top)
                assert now in (_below(before, top), _below(after, top)), f"mixed at point {point}"
        # Whichever folder the next run comes to first, all of them are completed, or none is.
        again = [project / name for name, _ in changing]
        recover(again[point // every % len(again)])
        seen = tree(project)
        tops = {path.partition("/")[0] for path in before | after}
        visible = {path: one for path, one in seen.items() if path.partition("/")[0] in tops}
        assert visible in (before, after), f"not healed when killed at point {point}"
        for one in again:
            recover(one)
        assert not any(map(leftovers, again))
        assert tree(project) in (before, after), f"not healed when killed at point {point}"
        write(project)
        assert tree(project) == after, f"not complete when killed at point {point}"
        if done:
            return point
        point += every


def _below(found: Tree, top: str) -> Tree:
    return {path: one for path, one in found.items() if path.partition("/")[0] == top}


def refuse_exchange(*_: Path) -> None:
    raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))


_show = transaction._show


def refuse_output(area: Path, plan: AreaPlan) -> None:
    if area.name == f".{_FOLDER}.upsertgen":
        raise OSError(errno.EIO, os.strerror(errno.EIO))
    _show(area, plan)


def main(name: str, folder: Path, every: int) -> int:
    """Run a scenario and return how many points there were to kill at, as far as that was seen."""
    scenario = SCENARIOS[name]
    swap = refuse_exchange if scenario.in_place else exchange
    with mock.patch.object(transaction, "exchange", swap):
        return kill_everywhere(scenario, folder, every)


if __name__ == "__main__":
    print(main(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))

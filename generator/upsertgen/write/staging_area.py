"""Staging areas: where a transaction keeps what it is about to write, and what it replaces.

In comes a `FolderChange`, out comes a folder with the new files and copies of the old ones, called by
numbers, and `plan.json`, which says what goes where. It stands beside the folder that changes, under a name
made from the folder's, or inside it; so it says by its place which folder it is about, and nothing that
somebody plants in it can reach another one. `transaction` decides what becomes of it.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location
from upsertgen.write.folders import (
    content_of,
    copy_status,
    is_inside,
    is_plain_folder,
    link_files,
    parents_of,
    remove_empty,
    within,
)

_BESIDE = re.compile(r"\.(.+)\.upsertgen\Z", re.DOTALL)
_INSIDE = ".upsertgen.staged"
PLAN, COMMIT, UNDO, DRAFT, COPY = "plan.json", "commit.json", "undo.json", "draft", "copy"
_STAGED = re.compile(r"[0-9]+(\.before)?\Z")


@dataclass(frozen=True)
class FolderChange:
    """What is to change in a folder; everything else in it stays.

    Attributes:
        folder: The folder; it need not exist.
        files: Contents by path, with `/`, in the order to write them; nothing for what is not to be there.
        in_one_step: Whether all of them are to be seen at once; for a single file there is no need.
        before: What files have to hold when they are staged, by path; nothing for what must not be there.
    """

    folder: Path
    files: Mapping[str, bytes | None]
    in_one_step: bool = True
    before: Mapping[str, bytes | None] | None = None


@dataclass(frozen=True)
class AreaPlan:
    """What stands in `plan.json`.

    Attributes:
        transaction: What this transaction is called, in all its areas.
        head: The way from this area to the head.
        folder: The way to the folder from the outermost one that was missing; empty if it was there.
        copy: The inode of the copy, which tells it from what it changes places with; 0 if there is none.
        since: When the copy was begun, in nanoseconds.
        missing: The folders that are to be made, outer ones first.
        moves: Each path, whether a new file is staged for it (else it goes), and whether there is a copy of
            what was there. A folder that was missing has none: its copy is all of it.
    """

    transaction: str
    head: str
    folder: str
    copy: int
    since: int
    missing: list[str]
    moves: list[tuple[str, bool, bool]]


def staged(area: Path, number: int) -> Path:
    """Return where the new file of a move stands."""
    return area / str(number)


def kept(area: Path, number: int) -> Path:
    """Return where the copy of what a move replaces stands."""
    return area / f"{number}.before"


def fill_area(area: Path, folder: Path, change: FolderChange, transaction: str, head: Path) -> None:
    """Write into an empty area everything that it takes to change a folder; the plan comes last.

    Args:
        area: The area, beside the folder or inside it; beside it, it gets a complete copy as well.
        folder: The folder.
        change: What is to change in it.
        transaction: What the transaction is called.
        head: The area that decides what becomes of this one.

    Raises:
        InvalidInput: Somebody else has changed a file since.
        OSError: It cannot be done, or a symlink is in the way.
        ValueError: A path leads out of the folder.
    """
    since = area.stat().st_mtime_ns
    is_new = not os.path.lexists(folder)
    top = outermost_of(folder)
    way = folder.relative_to(top).as_posix() if top != folder else ""
    copy: Path | None = None
    if area.name != _INSIDE:
        copy = area / COPY / way
        copy.mkdir(parents=True)
        if not is_new:
            copy_status(folder, copy)
            link_files(folder, copy, change.files)
            for path, content in change.files.items():
                if content is None:
                    remove_empty(copy, path)
    missing: dict[str, None] = {}
    moves: list[tuple[str, bool, bool]] = []
    for number, (path, content) in enumerate(change.files.items()):
        if not is_inside(path):
            raise ValueError(f"{path} leads out of the folder")
        _refuse_other(folder, path, change)
        was = content_of(folder, path)
        if was is not None:
            shutil.copy2(folder / path, kept(area, number), follow_symlinks=False)
        if content is not None:
            missing |= dict.fromkeys(
                one for one in parents_of(path) if not is_plain_folder(folder / one)
            )
            target = within(copy, path) if copy is not None else staged(area, number)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            if was is not None and was[0] == "file":
                shutil.copymode(folder / path, target)
            if copy is not None and not is_new:
                os.link(target, staged(area, number))
        moves.append((path, content is not None, was is not None))
    inode = (area / COPY).stat().st_ino if copy is not None else 0
    if is_new:
        missing, moves = {}, []
    plan = AreaPlan(transaction, way_to(area, head), way, inode, since, list(missing), moves)
    (area / DRAFT).write_text(json.dumps(vars(plan)), "utf-8")
    (area / DRAFT).replace(area / PLAN)


def _refuse_other(folder: Path, path: str, change: FolderChange) -> None:
    if change.before is None or path not in change.before:
        return
    target = folder / path
    if (target.read_bytes() if target.is_file() else None) != change.before[path]:
        raise InvalidInput.at(
            Location((change.folder / path).as_posix(), 0),
            "somebody else has changed this file meanwhile",
            "one change at a time",
            "run the command again",
        )


def outermost_of(folder: Path) -> Path:
    """Return what appears or changes: the folder, or the outermost one above it that is missing."""
    while not os.path.lexists(folder.parent):
        folder = folder.parent
    return folder


def area_beside(folder: Path) -> Path:
    """Return where the area of a folder stands that has room for a copy to change places with."""
    return folder.with_name(f".{folder.name}.upsertgen")


def area_inside(folder: Path) -> Path:
    """Return where the area of a folder stands whose files are replaced one by one."""
    return folder / _INSIDE


def place_of(area: Path) -> Path:
    """Return the folder that an area stands at, which is the only one that it can change."""
    beside = _BESIDE.match(area.name)
    return area.with_name(beside[1]) if beside is not None else area.parent


def is_area(path: Path) -> bool:
    """Return whether this looks like what a run has left, so that it may be removed."""
    if not is_plain_folder(path) or not (path.name == _INSIDE or _BESIDE.match(path.name)):
        return False
    known = {PLAN, COMMIT, UNDO, DRAFT, COPY}
    try:
        return all(one.name in known or _STAGED.match(one.name) for one in path.iterdir())
    except OSError:
        return False


def head_of(area: Path) -> Path:
    """Return the area that decides what becomes of this one; itself if there is no other."""
    plan = read_plan(area)
    head = Path(os.path.normpath(area / plan.head)) if plan is not None else area
    return head if is_area(head) else area


def read_plan(area: Path) -> AreaPlan | None:
    """Return the plan of an area if it is whole, and names nothing but files of its own folder."""
    try:
        plan = AreaPlan(**read_json(area / PLAN))
        paths = [*plan.missing, *([plan.folder] if plan.folder else [])]
        for path, *flags in plan.moves:
            paths.append(path)
            if [*map(type, flags)] != [bool, bool]:
                return None
        texts = [plan.transaction, plan.head, plan.folder]
        numbers = isinstance(plan.copy, int) and isinstance(plan.since, int)
        sound = numbers and all(isinstance(one, str) for one in texts)
        return plan if sound and all(map(is_inside, paths)) else None
    except (TypeError, ValueError, AttributeError):
        return None


def read_json(path: Path) -> Any:
    """Return what a file of an area holds; nothing if there is none, or it is damaged."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None


def way_to(start: Path, end: Path) -> str:
    """Return the way from one folder to another, which stays right when a project is moved."""
    try:
        return os.path.relpath(end, start)
    except ValueError:  # Another drive of Windows.
        return str(end)

"""One transaction: files of several folders become new together, or none of them does.

1. **Stage.** Each folder gets a staging area: the new files, copies of what they replace, and `plan.json`,
   which says what goes where. It stands beside the folder, and holds a complete copy of it as well, made
   of links; or inside it, where there is only one file to write, or no way to link or rename (a mount
   point, a parent that is read-only, a file system without links).
2. **Commit.** One rename, of `commit.json` in the first area, the head. A run that is killed before leaves
   areas that the next one removes; one that is killed later leaves a transaction that the next completes.
3. **Complete.** The folder and its copy change places in one system call, so that nobody sees some files
   new and others old. Then the folder, which is hidden now, is brought up to date file by file, and put
   back: shells and editors that have it open go on working in it. Where folders cannot change places, its
   files are replaced in everybody's sight. If one cannot be, `commit.json` is renamed to `undo.json`, from
   which on the copies go back, by this run or the next.
4. **Clear.** The areas go, the head last.

`recover` does 3 and 4 for what was committed, and 4 for what was not. An area is believed only about the
folder that it stands at, so that nothing that somebody plants can reach another one. A run that is alive
keeps the head locked; all other areas belong to folders that their writers keep locked.
"""

from __future__ import annotations

import enum
import errno
import json
import os
import signal
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from upsertgen.errors import InvalidInput, Location
from upsertgen.write.folder_locks import is_locked, locked
from upsertgen.write.folders import (
    content_of,
    exchange,
    is_plain_folder,
    refuse_read_only,
    remove,
    remove_empty,
    rescue,
    within,
)
from upsertgen.write.staging_area import (
    COMMIT,
    COPY,
    DRAFT,
    PLAN,
    UNDO,
    AreaPlan,
    FolderChange,
    area_beside,
    area_inside,
    fill_area,
    head_of,
    is_area,
    kept,
    outermost_of,
    place_of,
    read_json,
    read_plan,
    staged,
    way_to,
)

__all__ = [
    "FolderChange",
    "Recovery",
    "commit",
    "leftovers",
    "recover",
    "recovered",
    "was_interrupted",
]


class Recovery(enum.Enum):
    """What became of the work of a run that was killed."""

    COMPLETED = "completed"
    UNDONE = "undone"


_OBSTACLES = frozenset(
    getattr(errno, name)
    for name in (
        *("EACCES", "EBUSY", "EINVAL", "EMLINK", "ENAMETOOLONG"),
        *("ENOSYS", "EOPNOTSUPP", "EPERM", "EROFS", "EXDEV"),
    )
)
"""Why a folder cannot be copied beside itself where its files may still be replaced."""

_put_off: list[bool] = []
"""Each Ctrl-C that was put off."""


def commit(*changes: FolderChange) -> None:
    """Make all changes, or none. No symlink is followed.

    Args:
        changes: What is to change. Only the first folder may be one that other runs write to meanwhile.

    Raises:
        InvalidInput: Somebody else has changed a file since. Nothing has changed.
        OSError: It cannot be done, and nothing has changed.
    """
    changes = tuple(one for one in changes if one.files)
    for one in changes:
        if not one.folder.absolute().name or (one.in_one_step and one.folder.is_symlink()):
            raise OSError(errno.EINVAL, "this is no folder that can be written", str(one.folder))
        refuse_read_only(one.folder, one.files)
        recover(one.folder)
    if not changes:
        return
    areas: list[Path] = []
    with ExitStack() as stack:
        try:
            transaction = uuid.uuid4().hex
            for one in changes:
                areas.append(_stage(one, transaction, areas[0] if areas else None, stack))
            head = areas[0]
            ways = [way_to(head, area) for area in areas]
            (head / DRAFT).write_text(json.dumps([transaction, *ways]), "utf-8")
        except BaseException:
            with suppress(OSError):
                for area in areas:
                    _clear_area(area)
            raise
        with _uninterrupted():
            (head / DRAFT).replace(head / COMMIT)
            try:
                _complete(head)
            except BaseException:
                with suppress(OSError):
                    (head / COMMIT).replace(head / UNDO)
                    _complete(head)
                    _clear(head)
                raise
            # That nothing is left counts less than what has happened; the next run removes the rest.
            with suppress(OSError):
                _clear(head)


def leftovers(folder: Path) -> list[Path]:
    """Return what runs left at a folder that were killed, or are still alive."""
    folder = folder.resolve()
    top = outermost_of(folder)
    found = [area_inside(folder)]
    found += [area_beside(top)] if top.name else []
    found = [one for one in found if os.path.lexists(one)]
    for above in top.parents:
        # A run that made this folder and those above it was killed when it had done so.
        area = area_beside(above) if above.name else folder
        if is_area(area):
            plan = read_plan(area)
            found += [area] if plan is None or above / plan.folder == folder else []
    return found


def recover(folder: Path) -> tuple[Recovery, ...]:
    """Complete or remove what a run left at a folder that was killed, and wait for one that is alive.

    Everything is done that belongs to the same transaction, in other folders as well.

    Returns:
        What became of everything that was there; nothing where there was nothing, or a run that was alive
        removed it itself.

    Raises:
        InvalidInput: Something that no run has written stands in the way.
        OSError: It cannot be done.
    """
    return tuple(one for one in map(_recover_area, leftovers(folder)) if one is not None)


def recovered(folders: Iterable[Path], tell: Callable[[str], None]) -> bool:
    """Recover what killed runs have left in folders that are locked.

    Args:
        folders: The folders.
        tell: Told what became of it.

    Returns:
        Whether there was something.
    """
    found = [(folder, one) for folder in folders for one in recover(folder)]
    for folder, one in found:
        tell(f"what a run that was killed had begun in {folder.as_posix()} was {one.value}")
    return bool(found)


def _recover_area(area: Path) -> Recovery | None:
    found: Recovery | None = None
    while os.path.lexists(area):
        if not is_area(area) and os.path.lexists(area):
            raise InvalidInput.at(
                Location(area.as_posix(), 0),
                "this is not of upsertgen, and stands where a run stages what it writes",
                "nothing of this name",
                "move it away",
            )
        head = head_of(area)
        with locked(head):
            # Whoever had it locked may have changed all this meanwhile.
            if not is_area(area) or head_of(area) != head:
                continue
            if any(area == one for one, _ in _committed(head)):
                undoes = os.path.lexists(head / UNDO)
                _complete(head)
                _clear(head)
                found = Recovery.UNDONE if undoes else Recovery.COMPLETED
            else:
                _clear_area(area)
                found = found or Recovery.UNDONE
    return found


def _committed(head: Path) -> list[tuple[Path, AreaPlan]]:
    """Return the areas of the transaction that is committed, with their plans; none if none is."""
    for name in (COMMIT, UNDO):
        data = read_json(head / name)
        if isinstance(data, list) and data and all(isinstance(one, str) for one in data):
            transaction, *ways = data
            areas = [Path(os.path.normpath(head / way)) for way in ways]
            plans = [(area, read_plan(area)) for area in areas]
            return [
                (area, plan)
                for area, plan in plans
                if plan is not None and plan.transaction == transaction
            ]
    return []


def _complete(head: Path) -> None:
    """Do in each folder what is committed, or undo it; what is done already is not done again."""
    steps = [_undo] if os.path.lexists(head / UNDO) else [_refuse_changed, _show]
    plans = _committed(head)
    for step in steps:
        for area, plan in plans:
            step(area, plan)


def _clear(head: Path) -> None:
    done = not os.path.lexists(head / UNDO)
    # The head goes last: without it, what users have saved into the copies would not be rescued.
    for area, _ in reversed(_committed(head)):
        _clear_area(area, shown=done)


def _clear_area(area: Path, *, shown: bool = False) -> None:
    plan = read_plan(area)
    if shown and plan is not None and plan.copy and is_plain_folder(area / COPY):
        rescue(area / COPY, place_of(area), plan.since)
    for name in (COMMIT, UNDO, PLAN):
        (area / name).unlink(missing_ok=True)
    remove(area)


def _stage(change: FolderChange, transaction: str, head: Path | None, stack: ExitStack) -> Path:
    """Write everything that it takes to change a folder, and return where."""
    folder = change.folder.resolve()

    def fill(area: Path) -> Path:
        _open(area, stack, alone=head is None)
        try:
            fill_area(area, folder, change, transaction, head or area)
        except BaseException:
            with suppress(OSError):
                _clear_area(area)
            raise
        return area

    # A folder that is not there yet comes as a whole.
    if change.in_one_step or not os.path.lexists(folder):
        try:
            return fill(area_beside(outermost_of(folder)))
        except OSError as error:
            if error.errno not in _OBSTACLES or not folder.is_dir():
                raise
    return fill(area_inside(folder))


def _open(area: Path, stack: ExitStack, *, alone: bool) -> None:
    """Make an area, and keep it locked if nothing else keeps other runs from it."""
    while True:
        _recover_area(area)
        try:
            area.mkdir()
        except FileExistsError:
            continue
        if alone:
            stack.enter_context(locked(area))
        # Another run that saw it empty may have removed it.
        if not alone or is_locked(area):
            return


def _show(area: Path, plan: AreaPlan) -> None:
    place, copy = place_of(area), area / COPY
    if _is_shown(copy, plan):
        return
    if not plan.copy:
        _replace(place, area, plan)
        return
    # Whoever looks for the folder from now on finds it locked until all is done.
    with locked(copy):
        if not os.path.lexists(place):
            copy.rename(place)
            return
        try:
            exchange(copy, place)
        except OSError:
            _replace(place, area, plan)
            return
        # From here on it is done: what fails now costs only that the folder is another one.
        with suppress(OSError):
            _replace(copy, area, plan)
            exchange(copy, place)


def _replace(folder: Path, area: Path, plan: AreaPlan) -> None:
    for number, (path, stays, _) in enumerate(plan.moves):
        target = within(folder, path)
        if not stays:
            # A folder has taken its place already.
            if not is_plain_folder(target):
                target.unlink(missing_ok=True)
                remove_empty(folder, path)
        elif os.path.lexists(staged(area, number)):
            target.parent.mkdir(parents=True, exist_ok=True)
            staged(area, number).replace(target)


def _undo(area: Path, plan: AreaPlan) -> None:
    place, copy = place_of(area), area / COPY
    if _is_shown(copy, plan):
        if os.path.lexists(copy):
            exchange(copy, place)
        else:
            place.rename(copy)
    done = [
        (within(place, path), stays, kept(area, number) if was else None)
        for number, (path, stays, was) in enumerate(plan.moves)
        if not stays or not os.path.lexists(staged(area, number))
    ]
    for target, stays, before in done:
        if stays and before is None:
            target.unlink(missing_ok=True)
    for path in reversed(plan.missing):
        with suppress(OSError):
            (place / path).rmdir()
    for target, stays, before in done:
        is_free = stays or not os.path.lexists(target)
        if is_free and before is not None and os.path.lexists(before):
            target.parent.mkdir(parents=True, exist_ok=True)
            before.replace(target)


def _is_shown(copy: Path, plan: AreaPlan) -> bool:
    """Return whether the copy stands in the place of the folder."""
    if not plan.copy:
        return False
    return not os.path.lexists(copy) or copy.lstat().st_ino != plan.copy


def _refuse_changed(area: Path, plan: AreaPlan) -> None:
    """Make sure that what is still to be replaced is what it was when the run began that was killed."""
    place = place_of(area)
    if _is_shown(area / COPY, plan):
        return
    changed = [place] if not plan.moves and os.path.lexists(place) else []
    for number, (path, stays, was) in enumerate(plan.moves):
        now = content_of(place, path)
        then = content_of(area, kept(area, number).name) if was else None
        is_done = not os.path.lexists(staged(area, number)) if stays else now is None
        changed += [place / path] if now != then and not is_done else []
    if changed:
        raise InvalidInput.at(
            Location(changed[0].as_posix(), 0),
            "somebody has changed this since a run was killed that was about to write it",
            "what that run found",
            f"undo the change, or remove {head_of(area).as_posix()} to give up what that run wrote",
        )


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off: what takes milliseconds is not worth leaving half done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, lambda *_: _put_off.append(True))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def was_interrupted() -> bool:
    """Tell, once, whether Ctrl-C came while something was written, for whoever would go on afterwards."""
    came = bool(_put_off)
    _put_off.clear()
    return came

"""One file after the other, from a list that the next run completes.

This is what `upsertgen.write.switching` does where a folder cannot change in one step. Everything is
written beside the files first. Then one rename commits the list, and from there on a run that is killed is
completed by the next one. Until then a reader may see some files new and others old.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from upsertgen.write.file_names import name_fault

_STAGED = ".upsertgen.staged"
_LIST = "list.json"
_BEFORE = ".before"
"""The ending of what is put back when a file cannot be replaced."""
_FOLDERS = "folders.json"
"""The folders that are made before the list is complete, for `heal` to remove."""


def replace(folder: Path, files: Mapping[str, bytes | None]) -> None:
    """Replace files of a folder, each in one step.

    Args:
        folder: The folder; it need not exist.
        files: What is to change: contents by path, or nothing for what is not to be there.

    Raises:
        OSError: It cannot be done. Nothing has changed.
    """
    made: list[Path] = []
    staged = folder / _STAGED
    wanted: list[tuple[str, str | None]] = []
    try:
        _make(staged, made)
        folders = _missing(folder, files)
        (staged / _FOLDERS).write_text(json.dumps(folders), "utf-8")
        for name in folders:
            _make(folder / name, made)
        for number, (path, content) in enumerate(files.items()):
            if stat.S_ISREG(_mode(folder / path)):
                shutil.copy2(folder / path, staged / f"{number}{_BEFORE}")
            if content is None:
                wanted.append((path, None))
                continue
            name = str(number)
            (staged / name).write_bytes(content)
            wanted.append((path, name))
        draft = staged / "draft"
        draft.write_text(json.dumps(wanted), "utf-8")
        draft.replace(staged / _LIST)
    except BaseException:
        with suppress(OSError):
            shutil.rmtree(staged)
        for one in reversed(made):
            with suppress(OSError):
                one.rmdir()
        raise
    try:
        _complete(folder, wanted)
    except OSError:
        _put_back(folder, wanted)
        for one in reversed(made):
            with suppress(OSError):
                one.rmdir()
        raise


def is_unhealed(folder: Path) -> bool:
    """Return whether a run that was killed left something behind for `heal`."""
    return os.path.lexists(folder / _STAGED)


def heal(folder: Path) -> None:
    """Complete what a run has committed, or clear away what it had not.

    Raises:
        OSError: It cannot be done.
    """
    staged = folder / _STAGED
    if not os.path.lexists(staged):
        return
    if not stat.S_ISDIR(staged.lstat().st_mode):
        staged.unlink()
        return
    wanted = _read(staged / _LIST)
    if wanted is not None and all(_is_move(one) for one in wanted):
        _complete(folder, wanted)
        return
    for made in reversed(_read(staged / _FOLDERS) or []):
        if isinstance(made, str) and name_fault(made) is None:
            with suppress(OSError):
                within(folder, made).rmdir()
    shutil.rmtree(staged)


def within(folder: Path, path: str) -> Path:
    """Return a path in a folder after making sure that no symlink on the way leads elsewhere.

    Raises:
        OSError: One does.
    """
    target = folder
    for name in path.split("/")[:-1]:
        target = target / name
        if target.is_symlink():
            raise OSError(errno.ELOOP, "a symlink is not followed", str(target))
    return folder / path


def refuse_read_only(folder: Path, files: Mapping[str, bytes | None]) -> None:
    """Make sure that files may be replaced in the folders where they stand.

    Raises:
        PermissionError: They may not.
    """
    checked: set[Path] = set()
    for path in files:
        place = (folder / path).parent
        while place != folder and not os.path.lexists(place):
            place = place.parent
        if place not in checked and place.is_dir() and not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        checked.add(place)


def _put_back(folder: Path, wanted: list[tuple[str, str | None]]) -> None:
    """Undo a list of which something could not be done."""
    staged = folder / _STAGED
    with suppress(OSError):
        (staged / _LIST).unlink()
    for number, (path, name) in reversed(list(enumerate(wanted))):
        with suppress(OSError):
            if name is not None and (staged / name).is_file():
                continue  # It was not its turn yet.
            if (staged / f"{number}{_BEFORE}").is_file():
                (folder / path).parent.mkdir(parents=True, exist_ok=True)
                (staged / f"{number}{_BEFORE}").replace(folder / path)
            elif name is not None:
                (folder / path).unlink()
    with suppress(OSError):
        shutil.rmtree(staged)


def _mode(path: Path) -> int:
    try:
        return path.lstat().st_mode
    except OSError:
        return 0


def remove_empty(folder: Path, path: str) -> None:
    """Remove the folders of a file that are empty now that it is gone."""
    for one in (folder / path).parents:
        if one == folder:
            return
        try:
            one.rmdir()
        except FileNotFoundError:
            continue
        except OSError:
            return


def _complete(folder: Path, wanted: Iterable[Sequence[Any]]) -> None:
    staged = folder / _STAGED
    for path, name in wanted:
        target = within(folder, path)
        if name is None:
            target.unlink(missing_ok=True)
            remove_empty(folder, path)
        elif (staged / name).is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            (staged / name).replace(target)
    (staged / _LIST).unlink()
    shutil.rmtree(staged)


def _read(path: Path) -> list[Any] | None:
    try:
        data: Any = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return data if isinstance(data, list) else None


def _is_move(one: Any) -> bool:
    """Return whether an entry of a list is sound, and about nothing but a file of the folder."""
    if not (isinstance(one, list) and len(one) == 2):
        return False
    path, name = one
    if not isinstance(path, str) or name_fault(path) is not None:
        return False
    return name is None or (isinstance(name, str) and name.isdecimal())


def _missing(folder: Path, files: Mapping[str, bytes | None]) -> list[str]:
    """Return the folders to make, outer ones first; not those for which something has to give way."""
    missing: dict[str, None] = {}
    for path, content in files.items():
        parts = path.split("/") if content is not None else []
        places = ["/".join(parts[:count]) for count in range(1, len(parts))]
        if any(one in files and os.path.lexists(folder / one) for one in places):
            continue
        within(folder, path)
        missing |= dict.fromkeys(one for one in places if not os.path.lexists(folder / one))
    return list(missing)


def _make(folder: Path, made: list[Path]) -> None:
    """Make a folder and those above it, and note each one that was not there."""
    missing = [one for one in (folder, *folder.parents) if not os.path.lexists(one)]
    for one in reversed(missing):
        one.mkdir()
        made.append(one)

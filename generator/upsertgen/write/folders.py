"""Folders as a whole: copies made of links, two that change places, and paths that lead nowhere else."""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePath

_CURRENT_FOLDER = -100
"""AT_FDCWD of Linux: paths are relative to the current folder."""
_EXCHANGE = 2
"""RENAME_EXCHANGE of Linux, and RENAME_SWAP of macOS."""


def exchange(one: Path, other: Path) -> None:
    """Let two folders change places. Nobody sees a moment without either.

    Raises:
        OSError: They cannot; ENOSYS where no folders can.
    """
    if sys.platform == "win32":
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(one))
    # Imported late: a run in which nothing changed does without.
    import ctypes

    library = ctypes.CDLL(None, use_errno=True)
    try:
        if sys.platform == "darwin":
            failed = library.renamex_np(os.fsencode(one), os.fsencode(other), _EXCHANGE)
        else:
            failed = library.renameat2(
                _CURRENT_FOLDER, os.fsencode(one), _CURRENT_FOLDER, os.fsencode(other), _EXCHANGE
            )
    except AttributeError:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS), str(one)) from None
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(other))


def link_files(source: Path, target: Path, without: Collection[str], inside: str = "") -> None:
    """Fill a folder with links to the files of another one, which cost neither space nor time.

    Args:
        source: The folder to copy.
        target: The copy, an empty folder.
        without: The paths of files to leave out.
        inside: The path of both folders in the outermost ones, with `/` at its end.

    Raises:
        OSError: It cannot be done; EXDEV where another file system is mounted in the folder.
    """
    device = source.lstat().st_dev
    with os.scandir(source) as entries:
        for entry in entries:
            path, copy = f"{inside}{entry.name}", target / entry.name
            if path in without:
                continue
            if entry.is_dir(follow_symlinks=False):
                if entry.stat(follow_symlinks=False).st_dev != device:
                    raise OSError(errno.EXDEV, os.strerror(errno.EXDEV), entry.path)
                copy.mkdir()
                link_files(Path(entry.path), copy, without, f"{path}/")
                copy_status(Path(entry.path), copy)
            else:
                os.link(entry.path, copy, follow_symlinks=False)


def copy_status(old: Path, new: Path) -> None:
    """Give a folder the permissions, times and owner of another one, but let it be removed again."""
    shutil.copystat(old, new)
    status = old.stat()
    new.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
    if (status.st_uid, status.st_gid) != (new.stat().st_uid, new.stat().st_gid):
        with suppress(OSError):
            os.chown(new, status.st_uid, status.st_gid)


def rescue(hidden: Path, shown: Path, since: int) -> None:
    """Move files that somebody saved into a folder, just before it was hidden, to where they are seen.

    Args:
        hidden: The folder that is about to be removed.
        shown: The one in its place.
        since: When the run began that hid it, in nanoseconds. What is older is in both.
    """
    for folder, _, names in os.walk(hidden):
        for name in names:
            source = Path(folder, name)
            target = shown / source.relative_to(hidden)
            with suppress(OSError):
                status = source.lstat()
                if status.st_mtime_ns < since or _is_as_new(target, status):
                    continue
                target.parent.mkdir(parents=True, exist_ok=True)
                source.replace(target)


def _is_as_new(path: Path, status: os.stat_result) -> bool:
    try:
        other = path.lstat()
    except FileNotFoundError:
        return False
    return other.st_ino == status.st_ino or other.st_mtime_ns >= status.st_mtime_ns


def remove(folder: Path) -> None:
    """Remove a folder, and the copies in it of folders that somebody made read-only.

    Raises:
        OSError: It cannot be removed.
    """
    try:
        shutil.rmtree(folder)
    except PermissionError:
        for above, names, _ in os.walk(folder):
            for name in names:
                if not Path(above, name).is_symlink():
                    Path(above, name).chmod(stat.S_IRWXU)
        shutil.rmtree(folder)


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


def parents_of(path: str) -> Iterator[str]:
    """Yield the folders of a path, outer ones first."""
    names = path.split("/")
    yield from ("/".join(names[:count]) for count in range(1, len(names)))


def is_inside(path: str) -> bool:
    """Return whether a path in a folder stays in it, as far as its names tell."""
    way = PurePath(path)
    return bool(way.parts) and not way.anchor and ".." not in way.parts


def is_plain_folder(path: Path) -> bool:
    """Return whether there is a folder, and no symlink to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except (OSError, ValueError):
        return False


def content_of(folder: Path, path: str) -> tuple[str, bytes] | None:
    """Return what can be copied: `file` or `link`, and what it holds; nothing for what else there is.

    No symlink on the way is followed.

    Raises:
        OSError: The file cannot be read.
    """
    if not all(is_plain_folder(folder / above) for above in parents_of(path)):
        return None
    try:
        mode = (folder / path).lstat().st_mode
    except (OSError, ValueError):  # Some texts are no paths.
        return None
    if stat.S_ISLNK(mode):
        return "link", os.fsencode((folder / path).readlink())
    return ("file", (folder / path).read_bytes()) if stat.S_ISREG(mode) else None


def within(folder: Path, path: str) -> Path:
    """Return a path in a folder after making sure that no symlink on the way leads elsewhere.

    Raises:
        OSError: One does.
    """
    for above in parents_of(path):
        if (folder / above).is_symlink():
            raise OSError(errno.ELOOP, "a symlink is not followed", str(folder / above))
    return folder / path


def refuse_read_only(folder: Path, paths: Iterable[str]) -> None:
    """Make sure that files may be replaced in the folders where they stand.

    Raises:
        PermissionError: They may not.
    """
    checked: set[Path] = set()
    for path in paths:
        place = (folder / path).parent
        while place != folder and not os.path.lexists(place):
            place = place.parent
        if place not in checked and place.is_dir() and not os.access(place, os.W_OK | os.X_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(place))
        checked.add(place)

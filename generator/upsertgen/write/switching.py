"""Many files of a folder become new in one step.

Replacing one file is one step for whoever reads, replacing many is not. So the new folder is built
completely beside the old one (hard links to what stays, so that it costs neither space nor time), and the
two change places in one system call. A process that is killed at any point leaves the old folder or the
new one, and something hidden beside it that the next run removes.

Then the old folder, which nobody sees any more, is brought up to date as well and put back in its place:
shells and editors that have it open go on working in it, and what users keep in it never moves.

Where folders cannot change places (a mount point, a file system without hard links, Windows),
`upsertgen.write.in_place` replaces one file after the other from a list that the next run completes.
"""

from __future__ import annotations

import errno
import os
import shutil
import signal
import stat
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Problem
from upsertgen.write import in_place
from upsertgen.write.exchange import exchange
from upsertgen.write.locking import hold, release

Files = Mapping[str, bytes | None]
"""Files by their path in a folder, with `/`: their contents, or nothing for what is not to be there."""

_STAGED = "staged"
"""Says which folder was built: `tree` is that one, or, after the switch, the one before it."""
_TREE = "tree"
_PART = "part"

_OBSTACLES = frozenset(
    (
        errno.EACCES,
        errno.EBUSY,
        errno.EINVAL,
        errno.EMLINK,
        errno.ENAMETOOLONG,
        errno.ENOSYS,
        errno.EOPNOTSUPP,
        errno.EPERM,
        errno.EROFS,
        errno.EXDEV,
    )
)
"""Why folders cannot change places where files may still be replaced one by one."""


class _NotInOneStep(Exception):
    """The folders cannot change places. Nothing has changed."""


def switch(folder: Path, files: Files) -> None:
    """Bring files of a folder to new contents: all of them in one step, or none.

    Everything else in the folder stays. No symlink is followed.

    Args:
        folder: The folder; it need not exist.
        files: What is to change, and nothing else.

    Raises:
        OSError: It cannot be done, and nothing has changed.
    """
    folder = folder.absolute()
    if not folder.name or folder.is_symlink():
        raise OSError(errno.EINVAL, "this is no folder that can be written", str(folder))
    in_place.refuse_read_only(folder, files)
    try:
        _switch(folder, files)
    except _NotInOneStep:
        in_place.replace(folder, files)


def is_unhealed(folder: Path) -> bool:
    """Return whether a run that was killed left something behind for `heal`."""
    return os.path.lexists(_holder(folder.absolute())) or in_place.is_unhealed(folder)


def heal(folder: Path) -> None:
    """Clear away what a run left that was killed, and complete what it had begun to show.

    Call it only while nobody else writes.

    Raises:
        InvalidInput: Something that no run has written stands in the way.
        OSError: It cannot be cleared away.
    """
    folder = folder.absolute()
    holder = _holder(folder)
    if os.path.lexists(holder):
        _refuse_foreign(holder)
        _rescue_what_was_kept(holder, folder)
        _remove_holder(holder)
    for one in folder.parents:
        # A run that made this folder and those above it was killed when all was done.
        above = one.with_name(f".{one.name}.upsertgen") if one.name else folder
        with suppress(OSError):
            if {entry.name for entry in above.iterdir()} <= {_STAGED} and above != folder:
                _remove_holder(above)
    in_place.heal(folder)


def _switch(folder: Path, files: Files) -> None:
    unit, holder = _unit(folder), _holder(folder)
    tree = holder / _TREE
    descriptor = None
    try:
        try:
            inside = tree / folder.relative_to(unit)
            started = _start(holder, unit)
            # Whoever looks for the folder after the switch finds it locked until all is done.
            descriptor = hold(tree)
            _build(inside, folder if os.path.lexists(folder) else None, files)
        except OSError as error:
            if error.errno in _OBSTACLES:
                raise _NotInOneStep from error
            raise
        with _uninterrupted():
            if not unit.exists():
                tree.rename(unit)
                return
            try:
                exchange(tree, unit)
            except OSError as error:
                if error.errno in _OBSTACLES:
                    raise _NotInOneStep from error
                raise
            # From here on it is done: what fails now costs only that the folder is another one.
            with suppress(OSError):
                _bring_up_to_date(tree, unit, files, holder / _PART)
                exchange(tree, unit)
            rescue(tree, unit, started)
    finally:
        # That nothing is left counts less than what has happened; the next run removes the rest.
        with _uninterrupted(), suppress(OSError):
            _remove_holder(holder)
        release(descriptor)


def _start(holder: Path, unit: Path) -> int:
    """Make an empty folder to build in, and return when that was."""
    if os.path.lexists(holder):
        _refuse_foreign(holder)
        _remove_holder(holder)
    holder.mkdir()
    tree = holder / _TREE
    tree.mkdir()
    mark = holder / _STAGED
    mark.write_text(str(tree.stat().st_ino), "utf-8")
    if unit.is_dir():
        _like(unit, tree)
    return mark.stat().st_mtime_ns


def _build(tree: Path, old: Path | None, files: Files) -> None:
    """Build a folder: what stays of the old one as links, and what is new."""
    tree.mkdir(parents=True, exist_ok=True)
    if old is not None:
        _link(old, tree, "", files, old.lstat().st_dev)
        for path, content in files.items():
            if content is None:
                in_place.remove_empty(tree, path)
    for path, content in files.items():
        if content is not None:
            target = in_place.within(tree, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _link(source: Path, target: Path, inside: str, without: Files, device: int) -> None:
    with os.scandir(source) as entries:
        for entry in entries:
            path = f"{inside}{entry.name}"
            if path in without:
                continue
            copy = target / entry.name
            if entry.is_dir(follow_symlinks=False):
                if entry.stat(follow_symlinks=False).st_dev != device:
                    raise _NotInOneStep
                copy.mkdir()
                _link(Path(entry.path), copy, f"{path}/", without, device)
                _like(Path(entry.path), copy)
            else:
                os.link(entry.path, copy, follow_symlinks=False)


def _like(old: Path, new: Path) -> None:
    """Give a folder the permissions, times and owner of another one, but let it be removed again."""
    shutil.copystat(old, new)
    status = old.stat()
    new.chmod(stat.S_IMODE(status.st_mode) | stat.S_IRWXU)
    if (status.st_uid, status.st_gid) != (new.stat().st_uid, new.stat().st_gid):
        with suppress(OSError):
            os.chown(new, status.st_uid, status.st_gid)


def _bring_up_to_date(old: Path, new: Path, files: Files, part: Path) -> None:
    """Make the hidden old folder the same as the new one, which stays as it is."""
    for path, content in files.items():
        if content is None:
            in_place.within(old, path).unlink(missing_ok=True)
            in_place.remove_empty(old, path)
    for path, content in files.items():
        if content is not None:
            target = in_place.within(old, path)
            target.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            os.link(new / path, part)
            part.replace(target)


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


def _unit(folder: Path) -> Path:
    """Return what appears or changes: the folder, or the outermost one above it that is missing."""
    while not os.path.lexists(folder.parent):
        folder = folder.parent
    return folder


def _holder(folder: Path) -> Path:
    unit = _unit(folder)
    return unit.with_name(f".{unit.name}.upsertgen")


def _refuse_foreign(holder: Path) -> None:
    """Make sure that what is about to be removed is what a run has left."""
    status = holder.lstat()
    known = {_STAGED, _TREE, _PART}
    if stat.S_ISDIR(status.st_mode) and {one.name for one in holder.iterdir()} <= known:
        return
    raise InvalidInput(
        [
            Problem(
                Location(holder.as_posix(), 0),
                "this is not of upsertgen, and stands where a run builds what it writes",
                "nothing of this name",
                "move it away",
            )
        ]
    )


def _rescue_what_was_kept(holder: Path, folder: Path) -> None:
    """Save what somebody wrote into the old folder while a run hid it, before that run was killed."""
    with suppress(OSError, ValueError):
        mark, tree = holder / _STAGED, holder / _TREE
        if int(mark.read_text("utf-8")) != tree.lstat().st_ino and folder.is_dir():
            rescue(tree, folder, mark.stat().st_mtime_ns)


def _remove_holder(holder: Path) -> None:
    # The mark goes last: while it stands, the next run knows what the folder beside it is.
    if (holder / _TREE).is_dir():
        try:
            shutil.rmtree(holder / _TREE)
        except PermissionError:
            # A folder that somebody made read-only, of which there is a copy by now.
            for folder, names, _ in os.walk(holder):
                for name in names:
                    if not Path(folder, name).is_symlink():
                        Path(folder, name).chmod(stat.S_IRWXU)
            shutil.rmtree(holder / _TREE)
    for path in (holder / _PART, holder / _STAGED):
        path.unlink(missing_ok=True)
    if holder.is_dir():
        holder.rmdir()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off: what takes milliseconds is not worth leaving half done."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)

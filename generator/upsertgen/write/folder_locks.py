"""One run at a time: a lock on a folder itself, which leaves no file and vanishes with its process."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from upsertgen.errors import InvalidInput, Location

if sys.platform != "win32":
    import fcntl

    # Without O_NONBLOCK, a named pipe would be waited for.
    _FLAGS = os.O_RDONLY | os.O_NONBLOCK

PATIENCE = 60.0
"""Seconds to wait for another run before giving up."""
_PAUSE = 0.02

_held: dict[int, tuple[int, int]] = {}
"""The device and number of what this process has locked, by descriptor."""


@contextmanager
def locked(
    path: Path, *, shared: bool = False, waiting: Callable[[], None] = lambda: None
) -> Iterator[None]:
    """Keep other runs away from a folder or file, after waiting for the one that is at it.

    The kernel ends the lock when the process ends, however that happens. Where there is nothing yet, the
    nearest folder above is locked. What this process has locked already, it need not wait for.

    Args:
        path: What to lock.
        shared: Whether others may lock it the same way at the same time, to read.
        waiting: Called once when another run is at it.

    Raises:
        InvalidInput: The other run does not end.
        OSError: The folder cannot be opened.
    """
    if sys.platform == "win32":  # Folders have no locks there.
        yield
        return
    descriptor = _acquire(path, fcntl.LOCK_SH if shared else fcntl.LOCK_EX, waiting)
    try:
        yield
    finally:
        _release(descriptor)


def is_locked(path: Path) -> bool:
    """Return whether this process has locked just this; always where nothing can be locked."""
    return sys.platform == "win32" or any(_is_at(path, identity) for identity in _held.values())


def _acquire(path: Path, kind: int, waiting: Callable[[], None]) -> int | None:
    """Return the descriptor that holds the lock; nothing if this process has it already."""
    if sys.platform == "win32":
        return None
    deadline = time.monotonic() + PATIENCE
    told = False
    while True:
        place = _nearest(path)
        try:
            descriptor = os.open(place, _FLAGS | os.O_NOFOLLOW * (place == path))
        except FileNotFoundError:
            if os.path.lexists(place):  # A link to nothing.
                raise
            # Another run has removed it just now.
            continue
        identity = _identity(os.fstat(descriptor))
        if identity in _held.values():
            os.close(descriptor)
            return None
        try:
            # Meanwhile something else may stand there, which is what others would lock.
            if _try(descriptor, kind) and _is_at(_nearest(path), identity):
                _held[descriptor] = identity
                return descriptor
            if not told:
                told = True
                waiting()
        finally:
            if descriptor not in _held:
                os.close(descriptor)
        if time.monotonic() > deadline:
            raise InvalidInput.at(
                Location(path.as_posix(), 0),
                "another run of upsertgen has been at it for a minute",
                "one run at a time",
                "wait for it to end, or stop it",
            )
        time.sleep(_PAUSE)


def _release(descriptor: int | None) -> None:
    if descriptor is not None and _held.pop(descriptor, None) is not None:
        os.close(descriptor)


def _try(descriptor: int, kind: int) -> bool:
    """Lock, or return that another run has it. File systems that know no such locks go without."""
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass
    return True


def _nearest(path: Path) -> Path:
    return next(one for one in (path, *path.absolute().parents) if os.path.lexists(one))


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino


def _is_at(path: Path, identity: tuple[int, int]) -> bool:
    try:
        return _identity(path.lstat()) == identity
    except OSError:
        return False


def _forget() -> None:
    """Let go in a child process, which would keep the lock when this process is killed."""
    for descriptor in list(_held):
        _release(descriptor)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)

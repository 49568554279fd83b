"""What a process inherits from the one that it was forked from, and must not use.

Locks may be held by threads that only the parent has, and connections, permits and files are the parent's:
what is sent through a connection of the parent gets mixed up with what the parent sends.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import warnings
import weakref
from abc import ABC, abstractmethod
from functools import cached_property
from pathlib import Path
from typing import Self, TypeVar, cast

T = TypeVar("T")

_PARENTS: list[object] = []

_PATIENCE = 3.0
"""Seconds that a fork waits at most: whoever waits for a server for that long is hardly inside OpenSSL."""


class ForkSafe(ABC):
    """Base of what each process has for itself, though it was made before the process was forked."""

    def __init__(self) -> None:
        """Have children begin anew. Called last: from then on, another thread may fork at any moment."""
        _FORK_SAFE.add(self)

    @abstractmethod
    def after_fork(self) -> None:
        """Begin anew. Called in the child, before anything else and in its only thread.

        No lock may be taken, and nothing that is the parent's may be closed with a word to its other end.
        """


_FORK_SAFE: weakref.WeakSet[ForkSafe] = weakref.WeakSet()


_WITH_CACHED_PROPERTIES: weakref.WeakSet[type] = weakref.WeakSet()


def with_cached_properties(kind: type[T]) -> type[T]:
    """Have children work out the cached properties of a class, also those that the parent was working out.

    Args:
        kind: The class.

    Returns:
        The same class.
    """
    _WITH_CACHED_PROPERTIES.add(kind)
    return kind


def leave_to_parent(inherited: object) -> None:
    """Keep something from ever being finalized in this process, not even when it ends.

    Closing it would do harm. SQLite, for example, would take the parent's locks for its own, and remove what
    the parent has not yet moved into its file.

    Args:
        inherited: What only the parent may close.
    """
    try:
        import ctypes  # Hardly ever needed, and not part of every Python.

        ctypes.pythonapi.Py_IncRef(ctypes.py_object(inherited))
    except (ImportError, AttributeError):
        _PARENTS.append(inherited)  # Until the modules go, which in most children never happens.


def join(thread: threading.Thread) -> None:
    """Wait for the end of a thread, with what libraries that are written in C do then.

    OpenSSL holds a lock meanwhile, which a child that is forked at that moment would wait for, for ever.

    Args:
        thread: A thread that has come to its end, or is about to.
    """
    thread.join()
    # From Python 3.13 on `join` does it.
    task = Path(f"/proc/self/task/{thread.native_id}")
    while sys.version_info < (3, 13) and task.exists():
        time.sleep(0.0001)


class ForkHold:
    """Holds off forks by other threads, from when it is made until `end`, which a `with` statement calls.

    A child has none of the threads of its parent but the one that forked. What another one had locked inside
    OpenSSL, where certificates are read and connections made, stays locked there for ever: the child would
    hang as soon as it connects. While a process is being forked, this waits until it is.

    What is still unsafe: to fork while a thread uses OpenSSL for the first time, or a server changes keys or
    sends session tickets later than with its first answer. Each takes microseconds, on a connection that is
    otherwise open. Other libraries that use OpenSSL, such as that of Redis, hold off nothing.
    """

    def __init__(self) -> None:
        _GATE.enter(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Hold off forks no longer. Any thread may do it, and ending twice does nothing."""
        _GATE.leave(self)


class _Gate(ForkSafe):
    def __init__(self) -> None:
        self.after_fork()
        super().__init__()

    def after_fork(self) -> None:
        self._changed = threading.Condition()
        self._holders: dict[ForkHold, int] = {}
        self._forking: list[int] = []

    def enter(self, hold: ForkHold) -> None:
        here = threading.get_ident()
        with self._changed:
            # A fork waits for whoever has another hold, who must not wait for the fork then.
            if here not in self._holders.values():
                self._changed.wait_for(lambda: set(self._forking) <= {here}, _PATIENCE)
            self._holders[hold] = here

    def leave(self, hold: ForkHold) -> None:
        with self._changed:
            self._holders.pop(hold, None)
            self._changed.notify_all()

    def begin_fork(self) -> None:
        with self._changed:
            self._forking.append(threading.get_ident())
            is_safe = self._changed.wait_for(self._may_fork, _PATIENCE)
            if not is_safe:
                self._holders.clear()  # The next fork need not wait for them again.
        if not is_safe:
            warnings.warn(
                f"this process is forked while another thread has been connecting for {_PATIENCE:g} s; if "
                "that was inside OpenSSL, the child hangs when it connects",
                RuntimeWarning,
                stacklevel=2,
            )

    def end_fork(self) -> None:
        here = threading.get_ident()
        with self._changed:
            if here in self._forking:  # This may have been imported in the middle of a fork.
                self._forking.remove(here)
            self._changed.notify_all()

    def _may_fork(self) -> bool:
        # Whoever forks is not inside OpenSSL, though an event loop may have connections that are being made.
        return set(self._holders.values()) <= set(self._forking)


_GATE = _Gate()


def _begin_anew() -> None:
    for one in list(_FORK_SAFE):
        one.after_fork()
    if sys.version_info < (3, 12):  # Later ones have no lock.
        for kind in list(_WITH_CACHED_PROPERTIES):
            for value in vars(kind).values():
                if isinstance(value, cached_property):
                    setattr(cast("object", value), "lock", threading.RLock())


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=_GATE.begin_fork, after_in_parent=_GATE.end_fork, after_in_child=_begin_anew
    )

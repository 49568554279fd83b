"""The connections to one server: how many there are, which one is used next, and which are to be closed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

import httpx2

if TYPE_CHECKING:
    import asyncio

_NO_PLACE = "all connections were in use"


class PersistentConnection(Protocol):
    """A connection for one request at a time."""

    def has_expired(self) -> bool:
        """Tell whether it was idle for too long, or its server has closed it."""
        ...

    def is_idle(self) -> bool:
        """Tell whether a request may be sent on it."""
        ...


ConnectionT = TypeVar("ConnectionT", bound=PersistentConnection)


class PersistentConnections(Generic[ConnectionT]):
    """Connections to one server, of which the one that was used last is used next. Threads may share it.

    The pools of httpcore2 serve any number of servers, and go through all connections and requests before
    and after each request, which takes a tenth of its CPU time.

    Args:
        make: Makes one, which connects when something is sent.
        most_idle: How many are kept while nothing is sent on them; None for any number.
    """

    def __init__(self, make: Callable[[], ConnectionT], most_idle: int | None) -> None:
        self._make = make
        self._most_idle = most_idle
        self._idle: list[ConnectionT] = []
        self._used: set[ConnectionT] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def take(self) -> tuple[ConnectionT, list[ConnectionT]]:
        """Give a connection to send a request on, and those that are to be closed."""
        with self._lock:
            idle, expired = self._idle, list[ConnectionT]()
            while idle and idle[0].has_expired():
                expired.append(idle.pop(0))
            # The oldest one is good, but a server may have closed any other.
            while len(idle) > 1 and idle[-1].has_expired():
                expired.append(idle.pop())
            connection = idle.pop() if idle else self._make()
            self._used.add(connection)
            return connection, expired

    def give_back(self, connection: ConnectionT) -> bool:
        """Take a connection back, and tell whether it is kept; otherwise it is to be closed."""
        with self._lock:
            self._used.discard(connection)
            has_place = self._most_idle is None or len(self._idle) < self._most_idle
            is_kept = has_place and not self._is_closed and connection.is_idle()
            if is_kept:
                self._idle.append(connection)
            return is_kept

    def close(self) -> list[ConnectionT]:
        """Keep none any more, and give those that are to be closed, also while they are used."""
        with self._lock:
            self._is_closed = True
            left = [*self._idle, *self._used]
            self._idle.clear()
        return left


def take_place(places: threading.BoundedSemaphore | None, timeout: float | None) -> None:
    """Take a place for a request, which is to be released then.

    Args:
        places: As many as there may be connections; None for any number.
        timeout: Seconds to wait for one, or None for no limit.

    Raises:
        httpx2.PoolTimeout: All were taken for too long.
    """
    if places is not None and not places.acquire(timeout=timeout):
        raise httpx2.PoolTimeout(_NO_PLACE)


async def take_place_async(places: asyncio.Semaphore | None, timeout: float | None) -> None:
    """Take a place for a request: as `take_place`."""
    import asyncio  # Whoever awaits has loaded it by now; importing this package need not.

    if places is None:
        return
    if not places.locked():
        await places.acquire()
        return
    try:
        async with asyncio.timeout(timeout):
            await places.acquire()
    except TimeoutError:
        raise httpx2.PoolTimeout(_NO_PLACE) from None

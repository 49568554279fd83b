"""What each event loop has for itself, and what becomes of it when its loop ends."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Generic, TypeVar

from .fork import ForkSafe, leave_to_parent

T = TypeVar("T")


class PerEventLoop(ForkSafe, Generic[T]):
    """Something of which each event loop has its own, made when the loop first asks for it.

    It is closed when its loop ends as `asyncio.run` ends it. Loops in several threads may ask.

    Args:
        make: Makes it.
        close: Closes it.
    """

    def __init__(self, make: Callable[[], T], close: Callable[[T], Awaitable[None]]) -> None:
        self._make, self._close = make, close
        self._lock = threading.Lock()
        self._owned: dict[
            asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[None], asyncio.Event]
        ] = {}
        self._closing: set[asyncio.Task[None]] = set()
        super().__init__()

    async def get(self) -> T:
        """Give what the running event loop has."""
        loop = asyncio.get_running_loop()
        owned = self._owned.get(loop)
        if owned is None or owned[2].is_set():
            made, over = self._make(), asyncio.Event()
            keeper = _kept(made, self._close, over)
            owned = made, keeper, over
            with self._lock:
                ended = [other for other in self._owned if other.is_closed()]
                for other in ended:
                    del self._owned[other]
                self._owned[loop] = owned
            await anext(keeper)  # This suspends nothing, so that tasks do not get into each other.
        return owned[0]

    async def aclose(self, *, everywhere: bool = False) -> None:
        """Close what the running event loop has.

        Args:
            everywhere: Whether the others have to close theirs, too, as soon as they get to it.
        """
        here = asyncio.get_running_loop()
        with self._lock:
            loops = list(self._owned) if everywhere else [here]
            keepers = {loop: self._owned.pop(loop)[1] for loop in loops if loop in self._owned}
        own = keepers.pop(here, None)
        for loop, keeper in keepers.items():
            if loop.is_running():
                with contextlib.suppress(RuntimeError):  # It has just ended, and closed it.
                    loop.call_soon_threadsafe(self._close_here, keeper)
        if own is not None:
            await own.aclose()

    def _close_here(self, keeper: AsyncGenerator[None]) -> None:
        # Made in the loop that it runs in: one that ends before it gets here leaves nothing unawaited.
        task = asyncio.ensure_future(_closed(keeper))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def after_fork(self) -> None:
        for owned in self._owned.values():
            leave_to_parent(owned)
        self._owned = {}
        self._lock = threading.Lock()


async def _kept(
    made: T, close: Callable[[T], Awaitable[None]], over: asyncio.Event
) -> AsyncGenerator[None]:
    # An event loop that ends closes its asynchronous generators, and with this one what it keeps. What
    # others send at their own end needs another one.
    try:
        yield
    finally:
        over.set()
        await close(made)


async def _closed(keeper: AsyncGenerator[None]) -> None:
    with contextlib.suppress(RuntimeError):  # The loop is ending, and closing it by itself.
        await keeper.aclose()

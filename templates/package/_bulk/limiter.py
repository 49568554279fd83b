"""Keeps requests below the rate that the server allows, within one process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

from ..errors import RateLimit
from .pacing import Allowance, Permits


class RateLimiterError(Exception):
    """A rate limiter cannot give permits. Nothing was sent without one."""


@runtime_checkable
class RateLimiter(Protocol):
    """Gives a permit for each request. Several threads and tasks may ask at the same time."""

    def reserve(self) -> float:
        """Take a permit for one request. It cannot be given back.

        Returns:
            Seconds to wait before sending the request.

        Raises:
            RateLimiterError: There is no way to get one.
        """
        ...

    async def reserve_async(self) -> float:
        """Do what `reserve` does without blocking the event loop."""
        ...

    def observe(self, rate_limit: RateLimit | None, *, refused: bool = False) -> None:
        """Learn from an answer.

        Args:
            rate_limit: What it says about limits; None for nothing.
            refused: Whether the server refused the request because there were too many.
        """
        ...


class LocalRateLimiter:
    """Keeps the requests of one process below a limit.

    Permits come at even intervals, in the order in which they were asked for. What the server says
    about its limits counts too: it can lower a limit that was given here, but never raise it, and
    requests that others send with the same account leave fewer for this process.

    Several clients may share a limiter. Copies, pickled or not, have permits of their own; for
    several processes there is `RedisRateLimiter`.

    Args:
        requests: How many requests there may be in any window; None for as many as the server's
            answers allow, and for no limit as long as they say nothing.
        seconds: The length of a window.
        clock: Gives a time in seconds that never goes back.

    Raises:
        ValueError: An argument is out of range, or only one of the first two is given.
    """

    def __init__(
        self,
        requests: float | None = None,
        seconds: float | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._configuration = requests, seconds, clock
        self._allowance = Allowance(requests, seconds)
        self._permits = Permits()
        self._clock = clock
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        requests, seconds, _ = self._configuration
        return f"{type(self).__name__}(requests={requests!r}, seconds={seconds!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), *self._configuration)

    def reserve(self) -> float:
        """Take a permit for one request. It cannot be given back.

        Returns:
            Seconds to wait before sending the request.
        """
        with self._lock:
            return self._permits.take(self._allowance.pace, self._clock())

    async def reserve_async(self) -> float:
        """Do what `reserve` does. It never blocks."""
        return self.reserve()

    def observe(self, rate_limit: RateLimit | None, *, refused: bool = False) -> None:
        """Learn from an answer.

        Args:
            rate_limit: What it says about limits; None for nothing.
            refused: Whether the server refused the request because there were too many.
        """
        with self._lock:
            used = self._permits.used(self._allowance.pace.counted, self._clock())
            self._allowance.learn(rate_limit, used, refused=refused)


def _rebuild(
    limiter: type[LocalRateLimiter],
    requests: float | None,
    seconds: float | None,
    clock: Callable[[], float],
) -> LocalRateLimiter:
    return limiter(requests, seconds, clock=clock)

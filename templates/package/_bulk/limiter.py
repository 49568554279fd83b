"""Keeps requests below the rate that a server allows, within one process.

Permits are spaced evenly (the generic cell rate algorithm), which leaves a request that is late
some room before it meets the next window. A log of the permits holds the line where spacing alone
cannot: when the limit has just become lower. `Permits` and `Allowance` decide without clock, lock or
network; `redis_limiter` does the same for several processes.
"""

from __future__ import annotations

import math
import sys
import threading
import time
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol, runtime_checkable

from .._runtime.fork import ForkSafe
from ..errors import Documented, RateLimit

# Of 190 requests that are allowed in a window, 185 are planned, and two permits may be taken at once.
# The rest is for requests that come late, and so closer to the next ones.
_PLANNED = 0.974
_PLANNED_WITH_BURST = 0.984
# Each answer tells how much others use, give or take what is on its way. So one answer alone decides
# little, and what is less than the plan leaves free is ignored.
_WEIGHT = 0.2
_IGNORED = 0.01
_REFUSAL = 0.04
# What others use goes up and down: as many times what it usually differs by is left free beside it.
_CAUTION = 3.0
# A permit holds this part of the window, or as many seconds if that is more: what is left between the plan
# and the limit bears no more, and a busy machine may need a few milliseconds to wake a thread.
_HOLDS, _HOLDS_AT_LEAST = 0.01, 0.01


@dataclass(frozen=True)
class Pace:
    """How closely permits follow each other.

    Attributes:
        maximum: Permits in any window.
        window: The length of a window in seconds.
        interval: Seconds from one permit to the next.
        tolerance: How many seconds a permit may come too early, if those before it came late.
        counted: The length in seconds of the window in which the server counts requests.
    """

    maximum: int
    window: float
    interval: float
    tolerance: float
    counted: float

    @property
    def patience(self) -> float:
        """How many seconds late a permit may be used; more of these would come closer than was planned."""
        if not self.interval:
            return math.inf
        return max(_HOLDS * self.window, _HOLDS_AT_LEAST)


# As long as nothing is known, permits are valid at once. They are remembered for when something is.
_UNLIMITED = Pace(maximum=sys.maxsize, window=10.0, interval=0.0, tolerance=0.0, counted=10.0)


def pace_for(requests: float, seconds: float, counted: float | None = None) -> Pace:
    """Plan for a limit.

    Args:
        requests: Requests that are allowed in any window. What is less than 1 counts as 1.
        seconds: The length of a window.
        counted: The length of the window in which the server counts; None if it is the same.

    Returns:
        The pace, which stays below the limit but uses at least 97 % of it.
    """
    requests = max(1.0, requests)
    planned = _PLANNED * requests
    interval = seconds / planned
    burst = max(1.0, _PLANNED_WITH_BURST * requests - planned)
    return Pace(int(requests), seconds, interval, (burst - 1) * interval, counted or seconds)


class Permits:
    """The permits of the last window, and those that were given in advance."""

    def __init__(self) -> None:
        self._moments: deque[float] = deque()
        self._following = 0.0

    def take(self, pace: Pace, now: float) -> float:
        """Take a permit. Those who wait get theirs in the order in which they asked.

        Args:
            pace: How closely permits follow each other. It may change from permit to permit.
            now: The time in seconds, by a clock that never goes back.

        Returns:
            Seconds from now until the permit is valid.
        """
        moments = self._moments
        forgotten = now - max(pace.window, pace.counted)
        while moments and moments[0] <= forgotten:
            moments.popleft()
        due = max(self._following, now)
        moment = max(now, due - pace.tolerance)
        if len(moments) >= pace.maximum:
            moment = max(moment, moments[-pace.maximum] + pace.window)
        self._following = max(due, moment) + pace.interval
        moments.append(moment)
        return moment - now

    def give_back(self, pace: Pace, moment: float) -> None:
        """Forget a permit that is not used. Nobody gets it in its place.

        Args:
            pace: The pace that it was given at.
            moment: When it became valid, more or less.
        """
        moments = self._moments
        place = bisect_left(moments, moment)
        near = [at for at in (place - 1, place) if 0 <= at < len(moments)]
        at = min(near, key=lambda at: abs(moments[at] - moment), default=None)
        if at is not None and abs(moments[at] - moment) <= pace.interval:
            del moments[at]

    def used(self, window: float, now: float) -> int:
        """Count the permits that became valid in the window that ends now.

        Args:
            window: The length of the window in seconds.
            now: The time.
        """
        moments = self._moments
        return bisect_right(moments, now) - bisect_right(moments, now - window)


class Allowance:
    """How much may be asked for: what was configured, lowered to what the server says.

    Args:
        requests: Requests in any window, or None if only the server knows.
        seconds: The length of a window; None if and only if `requests` is.

    Attributes:
        pace: The pace to keep.

    Raises:
        ValueError: An argument is not above 0, or is missing.
    """

    def __init__(self, requests: float | None, seconds: float | None) -> None:
        if (requests is None) != (seconds is None):
            raise ValueError("give both requests and seconds, or none of them")
        if requests is not None and not requests >= 1:
            raise ValueError(f"requests must be at least 1, not {requests!r}")
        if seconds is not None and not 0 < seconds < float("inf"):
            raise ValueError(f"seconds must be above 0, not {seconds!r}")
        self._configured = (requests, seconds) if requests and seconds else None
        self._others: float | None = None
        self._spread = 0.0
        self.pace = pace_for(*self._configured) if self._configured else _UNLIMITED

    def learn(self, rate_limit: RateLimit | None, used: float, *, refused: bool = False) -> None:
        """Adapt to what an answer says.

        Args:
            rate_limit: What it says about limits; None for nothing.
            used: How many permits became valid in the window in which the present pace counts.
            refused: Whether the server refused the request because there were too many.
        """
        maximum = rate_limit.maximum if rate_limit is not None else None
        interval = rate_limit.interval if rate_limit is not None else None
        if not interval and self._configured is not None:
            interval = self._configured[1]
        if rate_limit is None or maximum is None or not interval:
            return
        if self.pace is not _UNLIMITED:
            # Only the first answers after the server has changed its window are counted in another one.
            used *= interval / self.pace.counted
            self._watch_others(maximum, rate_limit.remaining, used, refused)
        others = (self._others or 0.0) + _CAUTION * self._spread
        left = max(1.0, maximum - max(0.0, others - _ignored(maximum)))
        configured = self._configured
        if configured is None or left / interval < configured[0] / configured[1]:
            self.pace = pace_for(left, interval)
        else:
            self.pace = pace_for(*configured, counted=interval)

    def _watch_others(
        self, maximum: int, remaining: int | None, used: float, refused: bool
    ) -> None:
        if remaining is not None:
            measured = max(-_ignored(maximum), maximum - remaining - used)
            before = measured if self._others is None else self._others
            self._others = before + _WEIGHT * (measured - before)
            self._spread += _WEIGHT * (abs(measured - before) - self._spread)
        if refused and used < maximum:
            # What was refused counts here but not at the server, which hides as many of the others.
            others = max(_ignored(maximum), self._others or 0.0)
            self._others = min(others + _REFUSAL * maximum, float(maximum))


def _ignored(maximum: int) -> float:
    return 1 + _IGNORED * maximum


class RateLimiterError(Documented, Exception, page="bulk"):
    """A rate limiter cannot give permits. Nothing was sent without one."""


@runtime_checkable
class RateLimiter(Protocol):
    """Gives a permit for each request. Several threads and tasks may ask at the same time."""

    def reserve(self) -> float:
        """Take a permit for one request.

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


@runtime_checkable
class PunctualRateLimiter(RateLimiter, Protocol):
    """Takes permits back that could not be used in time: late requests would bunch, and be too many."""

    def give_back(self, late: float) -> bool:
        """Take a permit back if it is too late to use it. This asks nobody.

        Args:
            late: Seconds since it became valid.

        Returns:
            Whether it was taken back; then another one is needed.
        """
        ...


class LocalRateLimiter(ForkSafe, PunctualRateLimiter):
    """Keeps the requests of one process below a limit.

    Permits come at even intervals, in the order in which they were asked for. What the server says
    about its limits counts too: it can lower a limit that was given here, but never raise it, and
    requests that others send with the same account leave fewer for this process.

    Several clients may share a limiter. Copies, pickled or not, have permits of their own, and so has
    a process that is forked; for several processes there is `RedisRateLimiter`.

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
        self._clock = clock
        self.after_fork()
        super().__init__()

    def __repr__(self) -> str:
        requests, seconds, _ = self._configuration
        return f"{type(self).__name__}(requests={requests!r}, seconds={seconds!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        requests, seconds, clock = self._configuration
        return partial(type(self), clock=clock), (requests, seconds)

    def after_fork(self) -> None:
        requests, seconds, _ = self._configuration
        self._allowance = Allowance(requests, seconds)
        self._permits = Permits()
        self._lock = threading.Lock()

    def reserve(self) -> float:
        with self._lock:
            return self._permits.take(self._allowance.pace, self._clock())

    async def reserve_async(self) -> float:
        return self.reserve()

    def give_back(self, late: float) -> bool:
        with self._lock:
            pace = self._allowance.pace
            is_late = late > pace.patience
            if is_late:
                self._permits.give_back(pace, self._clock() - late)
        return is_late

    def observe(self, rate_limit: RateLimit | None, *, refused: bool = False) -> None:
        with self._lock:
            used = self._permits.used(self._allowance.pace.counted, self._clock())
            self._allowance.learn(rate_limit, used, refused=refused)

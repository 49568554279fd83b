"""An account with a limit, in a time of its own, those who use it, and how much they use it."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field

from package._bulk.limiter import LocalRateLimiter
from package.errors import RateLimit
from package.sandbox.limits import Limits


@dataclass
class Time:
    """A clock that goes only when told to."""

    now: float = 1000.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Account:
    """Admits requests as the sandbox does. Workers send one after the other, others at even intervals.

    Attributes:
        clock: The time.
        maximum: How many requests there may be in a window.
        seconds: The length of a window.
        latency: How long an answer takes.
        accepted: When requests of the workers were accepted.
        refused: When they were refused.
    """

    clock: Time = field(default_factory=Time)
    maximum: int = 190
    seconds: float = 10.0
    latency: float = 0.2
    accepted: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._limits = Limits(
            burst=self.maximum,
            burst_seconds=self.seconds,
            daily=None,
            lock_after=None,
            lock_seconds=0.0,
            clock=self.clock,
        )
        self._agenda: list[tuple[float, int, Callable[[], None]]] = []
        self._number = 0

    def work(self, limiter: LocalRateLimiter, workers: int, *, tells: bool = True) -> None:
        """Let workers send all the time.

        Args:
            limiter: What they ask for permits.
            workers: How many there are.
            tells: Whether answers tell the limits.
        """
        for _ in range(workers):
            self._at(0.0, lambda: self._ask(limiter, tells))

    def others(self, rate: float, start: float, end: float, *, at_once: int = 1) -> None:
        """Let others send.

        Args:
            rate: How many times a second.
            start: Seconds from now until the first one.
            end: Seconds from now until they stop.
            at_once: How many requests they send each time.
        """
        for number in range(int((end - start) * rate)):
            for _ in range(at_once):
                self._at(start + number / rate, lambda: self._limits.admit("token") and None)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        end = self.clock.now + seconds
        while self._agenda and self._agenda[0][0] <= end:
            self.clock.now, _, event = heapq.heappop(self._agenda)
            event()
        self.clock.now = end

    def accepted_since(self, seconds: float) -> int:
        """Count what was accepted in the last seconds."""
        return sum(moment > self.clock.now - seconds for moment in self.accepted)

    def _at(self, delay: float, event: Callable[[], None]) -> None:
        self._number += 1
        heapq.heappush(self._agenda, (self.clock.now + delay, self._number, event))

    def _ask(self, limiter: LocalRateLimiter, tells: bool) -> None:
        self._at(limiter.reserve(), lambda: self._send(limiter, tells))

    def _send(self, limiter: LocalRateLimiter, tells: bool) -> None:
        refused = self._limits.admit("token") is not None
        (self.refused if refused else self.accepted).append(self.clock.now)
        remaining = self._limits.remaining("token").remaining
        said = RateLimit(maximum=self.maximum, remaining=remaining, interval=self.seconds)

        def answered() -> None:
            limiter.observe(said if tells else None, refused=refused)
            self._ask(limiter, tells)

        self._at(self.latency, answered)


def most_in_window(moments: list[float], seconds: float) -> int:
    """Count the most moments in any window of some seconds.

    Args:
        moments: The moments, in order.
        seconds: The length of a window; what is exactly so far apart is in two windows.
    """
    most = first = 0
    for number, moment in enumerate(moments):
        while moment - moments[first] >= seconds:
            first += 1
        most = max(most, number - first + 1)
    return most

"""How much may be asked for in which time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import Literal

from .record_words import OwnLimit

Refusal = Literal["locked", "daily-limit", "rate-limit"]
"""Why a request is not admitted: the situation that the answer is for."""

_WRITING_SECONDS = 1.0


@dataclass(frozen=True)
class RateLimitState:
    """What the headers of an answer say about limits; None where there is no such limit.

    Attributes:
        maximum: How many requests the token has in the window.
        remaining: How many of them are left.
        interval_milliseconds: How long the window is.
        daily_maximum: How many requests the account has in a day.
        daily_remaining: How many of them are left.
    """

    maximum: int | None = None
    remaining: int | None = None
    interval_milliseconds: int | None = None
    daily_maximum: int | None = None
    daily_remaining: int | None = None


@dataclass(kw_only=True, eq=False, repr=False)
class Limits:
    """Counts requests and records, and says when it is too much. Threads may share it.

    The window rolls and is each token's own. The day is the account's: all tokens share it. So is the
    lock.

    Attributes:
        burst: How many requests a token has in the window; None for no limit.
        burst_seconds: How long the window is.
        daily: How many requests the account has in a day of UTC; None for no limit.
        lock_after: How many records may be written within a second before the account is locked;
            None for any number.
        lock_seconds: How long it is locked.
        clock: Gives a time in seconds that never goes back.
        today: Gives the day.
    """

    burst: int | None
    burst_seconds: float
    daily: int | None
    lock_after: int | None
    lock_seconds: float
    clock: Callable[[], float] = time.monotonic
    today: Callable[[], date] = lambda: datetime.now(UTC).date()

    def __post_init__(self) -> None:
        self._guard = threading.Lock()
        self._windows: dict[str, deque[float]] = {}
        self._own_windows: dict[str, deque[float]] = {}
        self._day: date | None = None
        self._day_count = 0
        self._writes: deque[tuple[float, int]] = deque()
        self._locked_until: float | None = None

    def admit(self, token: str, own: OwnLimit | None = None) -> Refusal | None:
        """Count a request of a token; or return why it may not be done, and then it does not count.

        Args:
            token: The token.
            own: The limit that such requests have of their own. Without a limit of a token's requests,
                there is none of these either.
        """
        with self._guard:
            now = self.clock()
            if self._is_locked(now):
                return "locked"
            if self.daily is not None and self._count_today() >= self.daily:
                return "daily-limit"
            if self.burst is not None:
                window = self._window(token, now) if own is None else self._own_window(own, now)
                if len(window) >= (self.burst if own is None else own.requests):
                    return "rate-limit"
                window.append(now)
            if self.daily is not None:
                self._day_count += 1
            return None

    def remaining(self, token: str, reached: str | None = None) -> RateLimitState:
        """Say what a token may still ask for.

        Args:
            token: The token.
            reached: The limit of which nothing is said to be left, if it is the name of a `Refusal`.
        """
        with self._guard:
            burst, daily = self.burst, self.daily
            used = len(self._window(token, self.clock()))
            state = RateLimitState(
                maximum=burst,
                remaining=None if burst is None else max(0, burst - used),
                interval_milliseconds=None if burst is None else round(self.burst_seconds * 1000),
                daily_maximum=daily,
                daily_remaining=None if daily is None else max(0, daily - self._count_today()),
            )
            if reached == "rate-limit":
                return replace(state, remaining=0)
            return replace(state, daily_remaining=0) if reached == "daily-limit" else state

    def wrote(self, records: int) -> None:
        """Count records that were written, and lock the account if they were too many."""
        if self.lock_after is None or not records:
            return
        with self._guard:
            now = self.clock()
            self._writes.append((now, records))
            while now - self._writes[0][0] >= _WRITING_SECONDS:
                self._writes.popleft()
            if sum(count for _, count in self._writes) > self.lock_after:
                self._writes.clear()
                self._lock_until(now + self.lock_seconds)

    def lock(self, seconds: float | None = None) -> None:
        """Lock the account, None for as long as the API does. A lock that would end later stays."""
        with self._guard:
            self._lock_until(self.clock() + (self.lock_seconds if seconds is None else seconds))

    def locked_seconds(self) -> float:
        """Give for how long the account is still locked; 0.0 if it is not."""
        with self._guard:
            now = self.clock()
            until = self._locked_until if self._is_locked(now) else None
            # Rounded: a sum less one of its terms may be a hair more than the other one.
            return 0.0 if until is None else round(until - now, 6)

    def reset(self) -> None:
        """Forget everything that was counted, and unlock the account."""
        with self._guard:
            self._windows.clear()
            self._own_windows.clear()
            self._day_count = 0
            self._writes.clear()
            self._locked_until = None

    def _lock_until(self, moment: float) -> None:
        self._locked_until = max(moment, self._locked_until or moment)

    def _is_locked(self, now: float) -> bool:
        if self._locked_until is not None and now >= self._locked_until:
            self._locked_until = None
        return self._locked_until is not None

    def _window(self, token: str, now: float) -> deque[float]:
        return _rolled(self._windows.setdefault(token, deque()), now, self.burst_seconds)

    def _own_window(self, own: OwnLimit, now: float) -> deque[float]:
        return _rolled(self._own_windows.setdefault(own.name, deque()), now, own.seconds)

    def _count_today(self) -> int:
        today = self.today()
        if today != self._day:
            self._day, self._day_count = today, 0
        return self._day_count


def _rolled(window: deque[float], now: float, seconds: float) -> deque[float]:
    """Take out of a window what came before it."""
    while window and now - window[0] >= seconds:
        window.popleft()
    return window

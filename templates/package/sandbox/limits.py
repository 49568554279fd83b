"""How much may be asked for in which time."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Literal

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


def _today() -> date:
    return datetime.now(UTC).date()


class Limits:
    """Counts requests and records, and says when it is too much. Threads may share it.

    The window rolls and is each token's own. The day is the account's: all tokens share it. So is the
    lock.

    Args:
        burst: How many requests a token has in the window; None for no limit.
        burst_seconds: How long the window is.
        daily: How many requests the account has in a day of UTC; None for no limit.
        lock_after: How many records may be written within a second before the account is locked;
            None for any number.
        lock_seconds: How long it is locked.
        clock: Gives a time in seconds that never goes back.
        today: Gives the day.
    """

    def __init__(
        self,
        *,
        burst: int | None,
        burst_seconds: float,
        daily: int | None,
        lock_after: int | None,
        lock_seconds: float,
        clock: Callable[[], float] = time.monotonic,
        today: Callable[[], date] = _today,
    ) -> None:
        self._burst = burst
        self._burst_seconds = burst_seconds
        self._daily = daily
        self._lock_after = lock_after
        self._lock_seconds = lock_seconds
        self._clock = clock
        self._today = today
        self._guard = threading.Lock()
        self._windows: dict[str, deque[float]] = {}
        self._day: date | None = None
        self._day_count = 0
        self._writes: deque[tuple[float, int]] = deque()
        self._locked_until: float | None = None

    def admit(self, token: str) -> Refusal | None:
        """Count a request, unless there were too many.

        Args:
            token: Whose request it is.

        Returns:
            None if it may be done, otherwise why not; then it does not count.
        """
        with self._guard:
            now = self._clock()
            if self._is_locked(now):
                return "locked"
            if self._daily is not None and self._count_today() >= self._daily:
                return "daily-limit"
            window = self._window(token, now)
            if self._burst is not None:
                if len(window) >= self._burst:
                    return "rate-limit"
                window.append(now)
            if self._daily is not None:
                self._day_count += 1
            return None

    def remaining(self, token: str) -> RateLimitState:
        """Say what a token may still ask for.

        Args:
            token: Whose requests count.
        """
        with self._guard:
            burst, daily = self._burst, self._daily
            used = len(self._window(token, self._clock()))
            return RateLimitState(
                maximum=burst,
                remaining=None if burst is None else max(0, burst - used),
                interval_milliseconds=None if burst is None else round(self._burst_seconds * 1000),
                daily_maximum=daily,
                daily_remaining=None if daily is None else max(0, daily - self._count_today()),
            )

    def wrote(self, records: int) -> None:
        """Count records that were written, and lock the account if they were too many.

        Args:
            records: How many.
        """
        if self._lock_after is None or not records:
            return
        with self._guard:
            now = self._clock()
            self._writes.append((now, records))
            while now - self._writes[0][0] >= _WRITING_SECONDS:
                self._writes.popleft()
            if sum(count for _, count in self._writes) > self._lock_after:
                self._writes.clear()
                self._lock_until(now + self._lock_seconds)

    def lock(self, seconds: float | None = None) -> None:
        """Lock the account. A lock that would end later stays.

        Args:
            seconds: For how long; None for as long as the API does.
        """
        with self._guard:
            self._lock_until(self._clock() + (self._lock_seconds if seconds is None else seconds))

    def locked_seconds(self) -> float:
        """Give for how long the account is still locked; 0.0 if it is not."""
        with self._guard:
            now = self._clock()
            until = self._locked_until if self._is_locked(now) else None
            return 0.0 if until is None else until - now

    def reset(self) -> None:
        """Forget everything that was counted, and unlock the account."""
        with self._guard:
            self._windows.clear()
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
        window = self._windows.setdefault(token, deque())
        while window and now - window[0] >= self._burst_seconds:
            window.popleft()
        return window

    def _count_today(self) -> int:
        today = self._today()
        if today != self._day:
            self._day, self._day_count = today, 0
        return self._day_count

"""The moment by which a call must be over."""

from __future__ import annotations

import math
import time

import httpx2

from .answer import Failure

_GRACE = 0.2


class Deadline:
    """The end of a call's time budget, which starts now.

    Args:
        time_budget: Seconds, or None for no end.
    """

    def __init__(self, time_budget: float | None) -> None:
        self._end = math.inf if time_budget is None else time.monotonic() + time_budget

    def allows(self, delay: float) -> bool:
        """Tell whether there is time left after a delay.

        Args:
            delay: Seconds from now.

        Returns:
            Whether the delay ends before the time budget does.
        """
        return time.monotonic() + delay < self._end

    def left(self) -> float:
        """Tell how many seconds are left; infinitely many without a time budget."""
        return max(0.0, self._end - time.monotonic())

    def limit(self, timeout: httpx2.Timeout) -> dict[str, float | None]:
        """Shorten timeouts to the time that is left.

        Args:
            timeout: What is configured.

        Returns:
            Seconds by kind of timeout, none more than are left, or None for no limit.
        """
        left = self.left()
        if left == math.inf:
            return timeout.as_dict()
        return {
            "connect": left if timeout.connect is None else min(timeout.connect, left),
            "read": left if timeout.read is None else min(timeout.read, left),
            "write": left if timeout.write is None else min(timeout.write, left),
            "pool": left if timeout.pool is None else min(timeout.pool, left),
        }

    def end(self) -> float | None:
        """Give the seconds after which what is still under way is broken off, or None for never.

        A little more than what is left, so that timeouts come first, which say what was waited for.
        """
        left = self.left()
        return None if left == math.inf else left + _GRACE

    def missed(self) -> Failure:
        """Give the outcome of an attempt that was not over in time."""
        return Failure("no complete answer within the time budget", retryable=True)

"""Several processes with several threads each, which share one limit through Redis."""

from __future__ import annotations

import multiprocessing
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from typing import Any, TypeVar

from package._bulk.redis_limiter import RedisRateLimiter

T = TypeVar("T")

_PATIENCE = 60.0

_barrier: Barrier | None = None


@dataclass(frozen=True)
class Sent:
    """When requests were sent, by the clock that all processes of a machine share.

    Attributes:
        ended: When the first process stopped asking for permits.
        moments: When each process sent, one list for each.
    """

    ended: float
    moments: list[list[float]]

    def together(self) -> list[float]:
        """Give when anyone sent, in order."""
        return sorted(moment for process in self.moments for moment in process)


def run_fleet(limiter: RedisRateLimiter, seconds: float, *, processes: int, threads: int) -> Sent:
    """Send as much as a limiter allows.

    Args:
        limiter: Copied to each process.
        seconds: For how long.
        processes: How many processes there are.
        threads: How many threads each has.
    """
    ended, moments = zip(*_together(processes, _send, limiter, seconds, threads), strict=True)
    return Sent(min(ended), list(moments))


def reserve_together(
    limiter: RedisRateLimiter, permits: int, *, processes: int, threads: int
) -> list[list[float]]:
    """Reserve permits in several processes at once, without waiting for any.

    Args:
        limiter: Copied to each process.
        permits: How many each thread reserves.
        processes: How many processes there are.
        threads: How many threads each has.

    Returns:
        When they are valid by the clock that all processes share, one list for each process.
    """
    return _together(processes, _reserve, limiter, permits, threads)


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


def _together(processes: int, work: Callable[..., T], *arguments: Any) -> list[T]:
    """Do something in several processes that begin at the same time."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_remember, initargs=(barrier,)
    ) as pool:
        futures = [pool.submit(_begin, work, *arguments) for _ in range(processes)]
        barrier.wait(_PATIENCE)
        return [future.result() for future in futures]


def _remember(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _begin(work: Callable[..., T], *arguments: Any) -> T:
    assert _barrier is not None
    _barrier.wait(_PATIENCE)
    return work(*arguments)


def _reserve(limiter: RedisRateLimiter, permits: int, threads: int) -> list[float]:
    def reserve() -> list[float]:
        return [time.monotonic() + limiter.reserve() for _ in range(permits)]

    with ThreadPoolExecutor(threads) as pool, limiter:
        futures = [pool.submit(reserve) for _ in range(threads)]
        return [moment for future in futures for moment in future.result()]


def _send(limiter: RedisRateLimiter, seconds: float, threads: int) -> tuple[float, list[float]]:
    end = time.monotonic() + seconds
    moments: list[float] = []
    lock = threading.Lock()

    def work() -> None:
        while True:
            wait = limiter.reserve()
            if time.monotonic() + wait > end:
                return
            time.sleep(wait)
            with lock:
                moments.append(time.monotonic())

    with ThreadPoolExecutor(threads) as pool, limiter:
        for future in [pool.submit(work) for _ in range(threads)]:
            future.result()
    return end, moments

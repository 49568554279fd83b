"""Several processes with several threads each, which share one limit through Redis."""

from __future__ import annotations

import multiprocessing
import threading
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier

from package._bulk.redis_limiter import RedisRateLimiter

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
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_remember, initargs=(barrier,)
    ) as pool:
        futures = [pool.submit(_send, limiter, seconds, threads) for _ in range(processes)]
        barrier.wait(30)
        ended, moments = zip(*(future.result() for future in futures), strict=True)
        return Sent(min(ended), list(moments))


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


def _remember(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier


def _send(limiter: RedisRateLimiter, seconds: float, threads: int) -> tuple[float, list[float]]:
    assert _barrier is not None
    _barrier.wait(30)
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

"""A thread of its own for what may have to wait, such as for a database that is locked."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from queue import PriorityQueue
from typing import Any, TypeVar

T = TypeVar("T")

_PARTS = 10
"""How often it is looked whether something has begun, before that is given up."""


@dataclass(order=True, slots=True)
class _Job:
    """Something to do. What is urgent comes first, and then what came first."""

    is_usual: bool
    number: int
    work: Callable[[], Any] | None = field(compare=False)
    future: asyncio.Future[Any] | None = field(compare=False, default=None)
    claim: threading.Lock = field(compare=False, default_factory=threading.Lock)

    def decide(self) -> bool:
        """Decide whether it is done or given up: only who asks first may, and is told so."""
        return self.claim.acquire(blocking=False)

    def is_decided(self) -> bool:
        """Tell whether it has begun or was given up."""
        return self.claim.locked()


class Worker:
    """Does one thing after the other in a thread of its own, until it is stopped."""

    def __init__(self) -> None:
        self._jobs: PriorityQueue[_Job] = PriorityQueue()
        self._numbers = count()
        # Not one that keeps a program alive that forgot to stop it.
        self._thread = threading.Thread(target=self._run, name="sandbox-worker", daemon=True)
        self._thread.start()

    async def do(
        self, work: Callable[[], T], *, urgent: bool = False, patience: float | None = None
    ) -> T:
        """Do something in the thread, and wait for it.

        Whoever is cancelled meanwhile keeps it from being done, unless that has begun.

        Args:
            work: What to do; its result is returned, and what it raises is raised.
            urgent: Whether it comes before all that is not.
            patience: For how many seconds it may wait until it begins; None for any time.

        Raises:
            TimeoutError: It did not begin in time, and is not done.
        """
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        job = _Job(not urgent, next(self._numbers), work, future)
        self._jobs.put(job)
        if patience is not None:
            # Bit by bit: a machine that stands still for a while takes no more than one of them.
            for _ in range(_PARTS):
                await asyncio.wait([future], timeout=patience / _PARTS)
                if job.is_decided():
                    break
            else:
                # Not if it begins at this very moment.
                if job.decide():
                    raise TimeoutError
        return await future

    def stop(self) -> None:
        """End the thread, after what it is doing. What is still to be done is not."""
        self._jobs.put(_Job(False, -1, None))
        self._thread.join()

    def _run(self) -> None:
        while True:
            job = self._jobs.get()
            if job.work is None or job.future is None:
                return
            if job.future.cancelled() or not job.decide():
                continue
            result, error = None, None
            try:
                result = job.work()
            except BaseException as raised:
                error = raised
            with contextlib.suppress(RuntimeError):  # Nobody waits any more: the loop was closed.
                job.future.get_loop().call_soon_threadsafe(_settle, job.future, result, error)
            # Nothing is kept alive while there is nothing to do.
            del job, result, error


def _settle(future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)

"""Jobs: what became of records is told when somebody asks for it, and not before some time has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from .clock import Clock, Latency
from .contract import Match, Operation
from .faults import SLOW_JOB

_FIRST = 7001
_MOST = 10_000
_SLOW_SECONDS = 5.0


@dataclass(frozen=True)
class Job:
    """A job, and what it tells once it is complete.

    Attributes:
        number: Its id.
        upsert: The operation that began it.
        path: The path of the URL that tells of it, where one does.
        due: When it is complete.
        is_given_up: Whether it fails then, and tells nothing.
        written: How many records it wrote.
        results: What tells of single records, as JSON.
        errors: What tells of those that were refused, as JSON.
    """

    number: int
    upsert: Operation
    path: str
    due: datetime
    is_given_up: bool = False
    written: int = 0
    results: Any = ()
    errors: Sequence[Any] = ()


@dataclass(frozen=True)
class JobMatch(Match):
    """A job that a request asks about by a URL that told of it."""

    job: Job


class Jobs:
    """The jobs of an account, as long as it runs.

    Args:
        clock: Says when they are complete.
        duration: How long they take; None for no time.
    """

    def __init__(self, clock: Clock, duration: Latency | None = None) -> None:
        self._clock = clock
        self._duration = duration
        self._jobs: dict[str, Job] = {}
        self._by_path: dict[str, Job] = {}
        self._next = _FIRST

    def due(self, fault: str | None = None, seconds: float | None = None) -> datetime:
        """Return when a job is complete that begins now, with the fault that it meets."""
        usual = 0.0 if self._duration is None else self._duration.draw()
        if fault == SLOW_JOB:
            usual += _SLOW_SECONDS if seconds is None else seconds
        return self._clock.now() + timedelta(seconds=usual)

    def next_number(self) -> int:
        """Return the id of the next job."""
        self._next += 1
        return self._next - 1

    def add(self, job: Job) -> None:
        """Keep a job, and forget the oldest if there are too many."""
        self._jobs[str(job.number)] = self._by_path[job.path] = job
        if len(self._jobs) > _MOST:
            oldest = self._jobs.pop(next(iter(self._jobs)))
            del self._by_path[oldest.path]

    def get(self, id: str) -> Job | None:
        """Return the job of an id; None if there is none, or it is forgotten."""
        return self._jobs.get(id)

    def at(self, path: str) -> JobMatch | None:
        """Return what a URL with this path asks for, if it tells of a job."""
        job = self._by_path.get(path)
        if job is None:
            return None
        changes = {"method": "GET", "name": "job", "roles": None, "needed": (), "request": None}
        operation = job.upsert.model_copy(update={**changes, "responses": {"200": None}})
        return JobMatch(operation, {}, job)

    def is_complete(self, job: Job) -> bool:
        """Return whether a job has come to its end."""
        return self._clock.now() >= job.due

    def clear(self) -> None:
        """Forget all jobs. No later one has the id of one of them."""
        self._jobs.clear()
        self._by_path.clear()

"""Faults on demand: by header, queued by a test, or from a schedule that a seed decides."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from random import Random

from .fault_kinds import (
    INSTEAD,
    KINDS,
    SITUATIONS,
    Fault,
    FaultError,
    Schedule,
    parse_fault,
    parse_schedule,
)

__all__ = [
    "FAULT_HEADER",
    "INSTEAD",
    "KINDS",
    "SITUATIONS",
    "Fault",
    "FaultError",
    "Faults",
    "Pending",
    "Schedule",
    "parse_fault",
    "parse_schedule",
]

FAULT_HEADER = "sandbox-fault"
"""The header of a request that asks for a fault."""

_HTML_STATUS = 502
_USUAL_STATUS = 503


@dataclass(frozen=True)
class Pending:
    """A fault that waits for requests.

    Attributes:
        fault: What goes wrong.
        times: For how many requests.
        operation: The resource whose requests meet it, or None for any.
    """

    fault: Fault
    times: int = 1
    operation: str | None = None


class Faults:
    """Which request meets which fault. Threads may share it.

    Args:
        schedule: What happens by chance, if anything.
    """

    def __init__(self, schedule: Schedule | None = None) -> None:
        self._guard = threading.Lock()
        self._pending: list[Pending] = []
        self.set_schedule(schedule)

    def add(self, fault: Fault, *, times: int = 1, operation: str | None = None) -> None:
        """Let the next requests meet a fault, after those that were added before.

        Args:
            fault: What goes wrong.
            times: For how many requests.
            operation: The resource whose requests meet it, or None for any.

        Raises:
            FaultError: `times` is less than one.
        """
        if times < 1:
            raise FaultError(f"times must be 1 or more; got {times}")
        with self._guard:
            self._pending.append(Pending(fault, times, operation))

    def choose(
        self, header: str | None, resource: str, statuses: Sequence[int] = ()
    ) -> Fault | None:
        """Give the fault that a request meets, if any.

        The header of the request comes first, then what was added, then the schedule. The schedule
        counts all requests, so that those with a header of their own do not shift the faults of others.

        Args:
            header: The request's `FAULT_HEADER`, if it has one.
            resource: What it is for.
            statuses: Of which a failing server has one, if the fault names none.

        Returns:
            The fault, with a status where its kind needs one, or None.

        Raises:
            FaultError: The header cannot be read.
        """
        asked = None if header is None else parse_fault(header)
        with self._guard:
            drawn = None if self._schedule is None else self._schedule.draw(self._random)
            fault = asked or self._next_pending(resource) or drawn
            if fault is None or fault.status is not None:
                return fault
            if fault.kind == "html-error":
                return replace(fault, status=_HTML_STATUS)
            if fault.kind in {"server", "server-after"}:
                failing = [status for status in statuses if status >= 500] or [_USUAL_STATUS]
                status = failing[int(self._random_status.random() * len(failing))]
                return replace(fault, status=status)
            return fault

    def pending(self) -> list[Pending]:
        """Give what was added and has not happened yet."""
        with self._guard:
            return list(self._pending)

    @property
    def schedule(self) -> Schedule | None:
        """What happens by chance, if anything."""
        return self._schedule

    def set_schedule(self, schedule: Schedule | None) -> None:
        """Change what happens by chance, from the next request on.

        Args:
            schedule: It starts from its beginning; None ends all schedules.
        """
        with self._guard:
            self._schedule = schedule
            self._restart()

    def clear(self) -> None:
        """Drop what was added, and start the schedule, if there is one, from its beginning."""
        with self._guard:
            self._pending.clear()
            self._restart()

    def _restart(self) -> None:
        seed = 0 if self._schedule is None else self._schedule.seed
        self._random = Random(seed)
        # Of its own, so that statuses for queued faults do not shift the schedule.
        self._random_status = Random(seed)

    def _next_pending(self, resource: str) -> Fault | None:
        for index, pending in enumerate(self._pending):
            if pending.operation in {None, resource}:
                if pending.times > 1:
                    self._pending[index] = replace(pending, times=pending.times - 1)
                else:
                    del self._pending[index]
                return pending.fault
        return None

"""Bulk upserts with threads: the caller's thread reads the source and decides, workers send."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from queue import SimpleQueue
from typing import Any

from .._runtime.connection import Connection
from .attached import with_report
from .batching import Part
from .conductor import CLOSED, RUN_AGAIN, Conductor, Course
from .interrupts import Interrupts
from .outcomes import Outcome, Stop
from .reading import Chunk, Reader
from .report import UpsertReport
from .workers import Result, Workers

_INTERRUPTED = "it was interrupted"


class SyncDriver:
    """Drives one run. Nothing is opened, read or sent before the first outcome is asked for.

    Args:
        connection: Sends requests.
        course: What to do.
        source: The records.
    """

    def __init__(
        self, connection: Connection, course: Course, source: Iterator[Mapping[str, Any]]
    ) -> None:
        self._connection = connection
        self._course = course
        self._reader = Reader(source)
        self._inbox: SimpleQueue[Result | None] = SimpleQueue()
        self._outstanding: list[Part] = []
        self._interruptions = 0
        self._heard = 0
        self._is_stream = False
        self._conductor: Conductor | None = None
        self._workers: Workers | None = None
        self._interrupts = Interrupts(self.ask_to_stop)

    @property
    def stop(self) -> Stop | None:
        """Why the run was stopped, as far as it has come."""
        return None if self._conductor is None else self._conductor.stop_so_far

    @property
    def requests(self) -> int:
        """How many requests were sent and answered so far."""
        return 0 if self._conductor is None else self._conductor.requests

    def ask_to_stop(self) -> None:
        """Send nothing more; the second time, do not wait for what is in flight, either.

        A signal handler in the thread that takes the outcomes may call it. Before the first outcome was
        asked for it does nothing.

        Raises:
            KeyboardInterrupt: The second time, if that thread waits for the source, which may wait for
                something that never comes; the third time in any case.
        """
        if self._workers is None:
            return
        self._interruptions += 1
        self._workers.halt()
        self._inbox.put(None)
        # Nothing else is interrupted, as nobody could say then what was done.
        if self._interruptions > 2 or (self._interruptions == 2 and self._reader.is_waiting):
            raise KeyboardInterrupt

    def report(self) -> UpsertReport:
        """Do all of it.

        Returns:
            What came of it.

        Raises:
            Exception: What the source, the journal, the limiter, the token or the callback raised. It
                carries the report of what was done; see `attached.report_of`.
        """
        plan = self._course.plan
        report = UpsertReport(plan.operation.name, dry_run=plan.dry_run)
        with self._interrupts:
            conductor, workers = self._begin()
            try:
                while (outcomes := self._advance(conductor, workers)) is not None:
                    report.extend(outcomes)
            finally:
                self._finish(conductor, workers)
            conductor.complete(report)
        if conductor.failure is not None:
            raise with_report(conductor.failure, report)
        return report

    def chunks(self) -> Generator[list[Outcome], None, None]:
        """Do it bit by bit.

        Yields:
            Outcomes, in the order of the records.

        Raises:
            Exception: As for `report`, after all outcomes that there are.
            KeyboardInterrupt: Ctrl-C, after all outcomes that there are.
        """
        self._is_stream = True
        conductor, workers = self._begin()
        try:
            while True:
                # Not while the caller has its turn: its Ctrl-C is its own.
                with self._interrupts:
                    outcomes = self._advance(conductor, workers)
                if outcomes is None:
                    break
                yield outcomes
        finally:
            with self._interrupts:
                self._finish(conductor, workers)
        if conductor.failure is not None:
            raise conductor.failure

    def _begin(self) -> tuple[Conductor, Workers]:
        self._conductor = conductor = Conductor(self._course)
        self._workers = Workers(self._connection, self._course, conductor.deadline, self._inbox)
        return conductor, self._workers

    def _advance(self, conductor: Conductor, workers: Workers) -> list[Outcome] | None:
        """Go on until there are outcomes; None if there will be none."""
        while True:
            if conductor.has_stopped:
                workers.halt()
            while (part := conductor.next_part()) is not None:
                self._outstanding.append(part)
                workers.send(part, conductor.in_flight)
            outcomes = conductor.outcomes()
            if outcomes:
                return outcomes
            wanted = conductor.wanted
            if wanted and self._inbox.empty():
                self._read(conductor, wanted)
            elif conductor.in_flight or not self._inbox.empty():
                self._take(conductor, workers)
            else:
                return None

    def _read(self, conductor: Conductor, wanted: int) -> None:
        chunk = self._reader.read(wanted)
        if isinstance(chunk.failure, KeyboardInterrupt) and self._interruptions > 1:
            chunk = Chunk(chunk.records)  # No failure of the source; `_hear` ends the reading.
        conductor.fed(chunk)

    def _take(self, conductor: Conductor, workers: Workers) -> None:
        result = self._inbox.get()
        if result is None:
            self._hear(conductor)
        elif result.part in self._outstanding:
            self._outstanding.remove(result.part)
            conductor.took(result.part, result.outcome, result.error)

    def _finish(self, conductor: Conductor, workers: Workers) -> None:
        if not conductor.is_over:
            conductor.stop(CLOSED, go_on_reading=False)
            workers.halt()
        while conductor.in_flight:
            self._take(conductor, workers)
        conductor.finish()
        workers.end(wait=self._interruptions < 2)

    def _hear(self, conductor: Conductor) -> None:
        self._heard += 1
        if self._heard == 1:
            conductor.stop(_INTERRUPTED, RUN_AGAIN)
            if self._is_stream:
                conductor.fail(KeyboardInterrupt())
            return
        conductor.stop(_INTERRUPTED, go_on_reading=False)
        for part in self._outstanding:
            conductor.took(part, None)
        self._outstanding.clear()

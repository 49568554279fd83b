"""Bulk upserts with tasks. Otherwise like `sync_driver`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from typing import Any, TypeAlias

from .._runtime.answer import Outcome as AttemptOutcome
from .._runtime.async_connection import AsyncConnection
from .attached import with_report
from .batching import Part
from .conductor import CLOSED, RUN_AGAIN, Conductor, Course
from .outcomes import Outcome, Stop
from .reading import Chunk, Reader, read_async
from .report import UpsertReport
from .sending import attempt_deadline, request_for

_CANCELLED = "its task was cancelled"

Source: TypeAlias = Iterator[Mapping[str, Any]] | AsyncIterator[Mapping[str, Any]]


class AsyncDriver:
    """Drives one run. Nothing is opened, read or sent before the first outcome is asked for.

    Args:
        connection: Sends requests.
        course: What to do.
        source: The records.
    """

    def __init__(self, connection: AsyncConnection, course: Course, source: Source) -> None:
        self._connection = connection
        self._course = course
        self._source = source if isinstance(source, AsyncIterator) else Reader(source)
        self._inbox: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue()
        self._parts: dict[asyncio.Task[Any], Part] = {}
        self._reading: asyncio.Task[Chunk] | None = None
        self._halted = asyncio.Event()
        self._cancellations = 0
        self._conductor: Conductor | None = None
        # While somebody waits for outcomes, tasks go on by themselves. Otherwise they leave what comes
        # of them in the inbox, so that nothing goes on behind the back of whoever takes a break.
        self._is_awaited = False
        self._report: UpsertReport | None = None
        self._ready: list[Outcome] = []

    @property
    def stop(self) -> Stop | None:
        """Why the run was stopped, as far as it has come."""
        return None if self._conductor is None else self._conductor.stop_so_far

    @property
    def requests(self) -> int:
        """How many requests were sent and answered so far."""
        return 0 if self._conductor is None else self._conductor.requests

    async def report(self) -> UpsertReport:
        """Do all of it.

        Returns:
            What came of it.

        Raises:
            Exception: As for `SyncDriver.report`.
        """
        plan = self._course.plan
        report = self._report = UpsertReport(plan.operation.name, dry_run=plan.dry_run)
        conductor = self._conductor = Conductor(self._course)
        try:
            while True:
                try:
                    outcomes = await self._advance(conductor)
                except asyncio.CancelledError:
                    self._cancelled(conductor)
                    continue
                if outcomes is None:
                    break
                report.extend(outcomes)
        finally:
            await self._finish(conductor)
        conductor.complete(report)
        if conductor.failure is not None:
            raise with_report(conductor.failure, report)
        return report

    async def chunks(self) -> AsyncGenerator[list[Outcome], None]:
        """Do it bit by bit.

        Yields:
            Outcomes, in the order of the records.

        Raises:
            Exception: As for `report`, after all outcomes that there are.
        """
        conductor = self._conductor = Conductor(self._course)
        try:
            while (outcomes := await self._advance(conductor)) is not None:
                yield outcomes
        except asyncio.CancelledError:
            self._cancel_all()
            raise
        finally:
            await self._finish(conductor)
        if conductor.failure is not None:
            raise conductor.failure

    async def _advance(self, conductor: Conductor) -> list[Outcome] | None:
        """Go on until there are outcomes; None if there will be none."""
        while True:
            self._heed(conductor)
            while (part := conductor.next_part()) is not None:
                self._start(conductor, part)
            outcomes, self._ready = [*self._ready, *conductor.outcomes()], []
            if outcomes:
                return outcomes
            if not self._inbox.empty():
                self._take(conductor, self._inbox.get_nowait())
            elif conductor.wanted and self._reading is None:
                await self._read(conductor)
            elif conductor.in_flight or self._reading is not None:
                self._is_awaited = True
                try:
                    self._take(conductor, await self._inbox.get())
                finally:
                    self._is_awaited = False
            else:
                return None

    def _start(self, conductor: Conductor, part: Part) -> None:
        task = asyncio.create_task(self._work(conductor, part))
        self._parts[task] = part
        task.add_done_callback(self._inbox.put_nowait)

    async def _work(self, conductor: Conductor, part: Part) -> AttemptOutcome | None:
        """Send a part, and as long as somebody waits for outcomes, the ones that follow.

        Each turn of the event loop costs as much as planning a batch, and this way there is none between
        an answer and the next request.
        """
        task = asyncio.current_task()
        while True:
            outcome = await self._send(conductor, part)
            if not self._is_awaited or task is None:
                return outcome
            del self._parts[task]
            following = self._go_on(conductor, part, outcome)
            if following is None:
                return None
            part = self._parts[task] = following

    def _go_on(
        self, conductor: Conductor, part: Part, outcome: AttemptOutcome | None
    ) -> Part | None:
        conductor.took(part, outcome)
        outcomes = conductor.outcomes()
        if self._report is not None:
            self._report.extend(outcomes)
        elif outcomes:
            self._ready, self._is_awaited = outcomes, False
            self._inbox.put_nowait(None)
        following = conductor.next_part()
        wanted = conductor.wanted
        if following is None and wanted and isinstance(self._source, Reader):
            conductor.fed(self._source.read(wanted))
            following = conductor.next_part()
        self._heed(conductor)
        return following

    async def _read(self, conductor: Conductor) -> None:
        if isinstance(self._source, Reader):
            wanted = conductor.wanted
            chunk = self._source.read(wanted)
            conductor.fed(chunk)
            if len(chunk.records) < wanted and not chunk.has_ended:
                await asyncio.sleep(0)  # A slow source must not keep others from working.
        else:
            # In a task of its own, so that a cancellation does not break it off in the middle.
            self._reading = asyncio.create_task(read_async(self._source, conductor.wanted))
            self._reading.add_done_callback(self._inbox.put_nowait)

    def _take(self, conductor: Conductor, task: asyncio.Task[Any] | None) -> None:
        if task is None:
            return
        if task is self._reading:
            self._reading = None
            conductor.fed(Chunk([], has_ended=True) if task.cancelled() else task.result())
        elif task in self._parts:
            error = None if task.cancelled() else task.exception()
            skipped = task.cancelled() or error is not None
            outcome = None if skipped else task.result()
            conductor.took(self._parts.pop(task), outcome, error)
        else:
            task.result()  # It had no part left, but if it failed, that must not go unnoticed.

    def _heed(self, conductor: Conductor) -> None:
        """Let nobody wait for a permit or a delay any more when the run has been stopped."""
        if conductor.has_stopped:
            self._halted.set()

    async def _send(self, conductor: Conductor, part: Part) -> AttemptOutcome | None:
        course = self._course
        if not await self._pause(conductor, part.delay):
            return None
        if not await self._pause(conductor, await course.limiter.reserve_async()):
            return None
        deadline = attempt_deadline(course, part, conductor.deadline)

        def may_start() -> bool:
            part.sent = not self._halted.is_set() and deadline.allows(0.0)
            part.began = time.monotonic()
            return part.sent

        request = request_for(course, part)
        return await self._connection.attempt(request, deadline, may_start=may_start)

    async def _pause(self, conductor: Conductor, seconds: float) -> bool:
        """Wait, and tell whether to go on then; at once if there is not that much time."""
        if seconds <= 0:
            return not self._halted.is_set()
        if not conductor.deadline.allows(seconds):
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._halted.wait()
        except TimeoutError:
            return True
        return False

    def _cancelled(self, conductor: Conductor) -> None:
        task = asyncio.current_task()
        if task is not None:
            task.uncancel()  # The report takes the place of the exception.
        self._cancellations += 1
        conductor.stop(_CANCELLED, RUN_AGAIN, go_on_reading=self._cancellations == 1)
        self._cancel_all()
        if self._cancellations > 1 and self._reading is not None:
            self._reading.cancel()

    def _cancel_all(self) -> None:
        self._halted.set()
        for task in self._parts:
            task.cancel()

    async def _finish(self, conductor: Conductor) -> None:
        if not conductor.is_over:
            conductor.stop(CLOSED, go_on_reading=False)
            self._halted.set()
        if self._reading is not None:
            self._reading.cancel()
        while conductor.in_flight or self._reading is not None:
            try:
                self._take(conductor, await self._inbox.get())
            except asyncio.CancelledError:
                self._cancel_all()
        conductor.finish()

"""Bulk upserts with tasks. Otherwise like `sync_driver`."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import Any, Self

from .._runtime.attempt import Attempt
from .._runtime.connection import AsyncConnection
from .batch import Part
from .outcomes import Outcome
from .report import UpsertReport
from .session import CLOSED, PERMITS, RunSession, RunView
from .setup import RunSetup
from .source import Chunk, SourceReader, from_index_async, read_async

_CANCELLED = "its task was cancelled"


class AsyncDriver:
    """Drives one run. Nothing is opened, read or sent before the first outcome is asked for.

    Args:
        connection: Sends requests.
        setup: What to do.
        records: The records.

    Attributes:
        session: Decides what is done.

    Raises:
        TypeError: The records are no iterable of mappings.
    """

    def __init__(
        self,
        connection: AsyncConnection,
        setup: RunSetup,
        records: Iterable[Mapping[str, Any]] | AsyncIterable[Mapping[str, Any]],
    ) -> None:
        self.session = RunSession(setup)
        self._connection = connection
        self._limiter = setup.limiter
        start_at = setup.plan.options.start_at
        self._source = (
            from_index_async(records, start_at)
            if isinstance(records, AsyncIterable)
            else SourceReader(records, start_at)
        )
        self._inbox: asyncio.Queue[asyncio.Task[Any] | None] = asyncio.Queue()
        self._parts: dict[asyncio.Task[Any], Part] = {}
        self._reading: asyncio.Task[Chunk] | None = None
        self._halted = asyncio.Event()
        # While somebody waits for outcomes, tasks go on by themselves. Otherwise they leave what comes
        # of them in the inbox, so that nothing goes on behind the back of whoever takes a break.
        self._is_awaited = False
        self._report: UpsertReport | None = None
        self._ready: list[Outcome] = []

    async def report(self) -> UpsertReport:
        """Do all of it.

        Returns:
            What came of it.

        Raises:
            Exception: As for `SyncDriver.report`.
            asyncio.CancelledError: The task was cancelled: likewise. It does not wait for answers.
        """
        plan = self.session.setup.plan
        report = self._report = UpsertReport(plan.operation.name, dry_run=plan.options.dry_run)
        self.session.begin()
        try:
            while (outcomes := await self._advance()) is not None:
                report.extend(outcomes)
        except BaseException as error:
            self._break_off(error)
        await self._finish()
        report.extend(self._ready)
        return self.session.conclude(report)

    async def chunks(self) -> AsyncGenerator[list[Outcome], None]:
        """Do it bit by bit.

        Yields:
            Outcomes, in the order of the records.

        Raises:
            Exception: As for `report`, after all outcomes that there are.
            asyncio.CancelledError: As for `report`, and its report has the outcomes that were not given.
        """
        is_closed = False
        self.session.begin()
        try:
            while (outcomes := await self._advance()) is not None:
                yield outcomes
        except GeneratorExit:
            is_closed = True
        except BaseException as error:
            self._break_off(error)
        await self._finish()
        left = UpsertReport(self.session.setup.plan.operation.name, outcomes=self._ready)
        self.session.conclude(left, is_closed=is_closed)

    async def _advance(self) -> list[Outcome] | None:
        """Go on until there are outcomes; None if there will be none."""
        while True:
            self._fill()
            outcomes, self._ready = [*self._ready, *self.session.outcomes()], []
            if outcomes:
                return outcomes
            if not self._inbox.empty():
                self._take(self._inbox.get_nowait())
            elif self.session.wanted and self._reading is None:
                await self._read()
            elif self.session.is_waiting or self._reading is not None:
                self._is_awaited = True
                try:
                    await self._wait()
                finally:
                    self._is_awaited = False
            else:
                return None

    async def _wait(self) -> None:
        """Take what comes next, or what is due."""
        pause, wakes = self.session.pause(), None
        if pause is not None:
            wakes = asyncio.get_running_loop().call_later(pause, self._inbox.put_nowait, None)
        try:
            self._take(await self._inbox.get())
        finally:
            if wakes is not None:
                wakes.cancel()
        self.session.tell()

    def _fill(self) -> None:
        """Have sent what may be sent now; nothing more if the run has been stopped."""
        self._halt_if_stopped()
        while (part := self.session.next_part()) is not None:
            task = asyncio.create_task(self._work(part))
            self._parts[task] = part
            task.add_done_callback(self._inbox.put_nowait)

    async def _work(self, part: Part) -> Attempt | None:
        """Send a part, and as long as somebody waits for outcomes, the ones that follow.

        Each turn of the event loop costs as much as planning a batch, and this way there is none between
        an answer and the next request.
        """
        task = asyncio.current_task()
        while True:
            attempt = await self._send(part)
            if not self._is_awaited or task is None:
                return attempt
            del self._parts[task]
            following = self._go_on(part, attempt)
            if following is None:
                return None
            part = self._parts[task] = following

    def _go_on(self, part: Part, attempt: Attempt | None) -> Part | None:
        self.session.settle(part, attempt)
        outcomes = self.session.outcomes()
        if self._report is not None:
            self._report.extend(outcomes)
        elif outcomes:
            self._ready, self._is_awaited = outcomes, False
            self._inbox.put_nowait(None)
        following = self.session.next_part()
        wanted = self.session.wanted
        if following is None and wanted and isinstance(self._source, SourceReader):
            self.session.feed(self._source.read(wanted))
            following = self.session.next_part()
        self._halt_if_stopped()
        if self.session.run.has_room:
            # There may be work for others again, or a moment to wait for.
            self._inbox.put_nowait(None)
        return following

    async def _read(self) -> None:
        if isinstance(self._source, SourceReader):
            wanted = self.session.wanted
            chunk = self._source.read(wanted)
            self.session.feed(chunk)
            is_slow = len(chunk.records) < wanted and not chunk.has_ended
            if is_slow or self.session.setup.plan.options.state is not None:
                # A slow source, or many records that are unchanged, must not keep others from working.
                await asyncio.sleep(0)
        else:
            # In a task of its own, so that a cancellation does not break it off in the middle.
            self._reading = asyncio.create_task(read_async(self._source, self.session.wanted))
            self._reading.add_done_callback(self._inbox.put_nowait)

    def _take(self, task: asyncio.Task[Any] | None) -> None:
        if task is None:
            return
        if task is self._reading:
            self._reading = None
            chunk = Chunk([], has_ended=True) if task.cancelled() else task.result()
            if self.session.has_stopped and task.cancelling():
                chunk = chunk._replace(failure=None)  # It was this that called the reading off.
            self.session.feed(chunk)
        elif task in self._parts:
            error = asyncio.CancelledError() if task.cancelled() else task.exception()
            attempt = task.result() if error is None else None
            if self.session.has_stopped and task.cancelled():
                error = None
            self.session.settle(self._parts.pop(task), attempt, error)
        else:
            task.result()  # It had no part left, but if it failed, that must not go unnoticed.

    def _halt_if_stopped(self) -> None:
        """Let nobody wait for a permit or a delay any more when the run has been stopped."""
        if self.session.has_stopped:
            self._halted.set()

    async def _send(self, part: Part) -> Attempt | None:
        await self._connection.prepare()
        part.waited = 0.0
        due = await self._permitted(part)
        if due is None:
            return None
        request, deadline = self.session.attempt_for(part)

        def may_start() -> bool:
            is_wanted = not self._halted.is_set() and deadline.allows(0.0)
            return part.may_start(time.monotonic(), is_wanted=is_wanted)

        async def may_leave() -> bool:
            if not self.session.gives_back(due):
                return True
            part.requests -= 1
            return await self._permitted(part) is not None and may_start()

        def on_connecting(is_connecting: bool) -> None:
            part.is_connecting = is_connecting

        attempt = await self._connection.attempt(
            request,
            deadline,
            may_start=may_start,
            may_leave=may_leave if self.session.may_be_late else None,
            on_connecting=on_connecting,
        )
        if attempt is None and not self._halted.is_set() and self.session.deadline.allows(0.0):
            return deadline.missed(in_doubt=False)  # As in `SyncDriver`.
        return attempt

    async def _permitted(self, part: Part) -> float | None:
        """Wait for a permit: as in `SyncDriver`."""
        left = PERMITS
        while True:
            left -= 1
            wait = await self._limiter.reserve_async()
            due = time.monotonic() + wait
            part.waited += wait
            if not await self._pause(wait):
                return None
            if not left or not self.session.gives_back(due):
                return due

    async def _pause(self, seconds: float) -> bool:
        """Wait, and tell whether to go on then; at once if there is not that much time."""
        if seconds <= 0:
            return not self._halted.is_set()
        if not self.session.deadline.allows(seconds):
            return False
        try:
            async with asyncio.timeout(seconds):
                await self._halted.wait()
        except TimeoutError:
            return True
        return False

    def _break_off(self, error: BaseException) -> None:
        """Send nothing more and, when the task was cancelled, wait for no answer."""
        if not isinstance(error, asyncio.CancelledError):
            self.session.fail(error)
            return
        self.session.break_off(error, _CANCELLED)
        self._halted.set()
        for task in filter(None, [*self._parts, self._reading]):
            task.cancel()

    async def _finish(self) -> None:
        if self.session.is_inherited:
            return
        if not self.session.run.is_over:
            self.session.stop(CLOSED, go_on_reading=False)
            self._halted.set()
        if self._reading is not None:
            self._reading.cancel()
        while self.session.run.in_flight or self._reading is not None:
            try:
                await self._wait()
            except asyncio.CancelledError as error:
                self._break_off(error)
        self.session.finish()


class AsyncOutcomeStream(RunView, AsyncIterator[Outcome]):
    """The outcomes of an asynchronous bulk upsert. Otherwise like `OutcomeStream`.

    Leaving a loop over it ends the run at some time soon; use it as an asynchronous context manager, or
    await `aclose`, to have it ended when that is over.

    Args:
        driver: Drives the run.
    """

    def __init__(self, driver: AsyncDriver) -> None:
        super().__init__(driver.session)
        self._outcomes = _outcomes(driver)

    def __aiter__(self) -> AsyncGenerator[Outcome, None]:
        return self._outcomes

    async def __anext__(self) -> Outcome:
        return await anext(self._outcomes)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """End the run. Closing twice, or after the end, does nothing."""
        await self._outcomes.aclose()


async def _outcomes(driver: AsyncDriver) -> AsyncGenerator[Outcome, None]:
    chunks = driver.chunks()
    try:
        async for chunk in chunks:
            for outcome in chunk:
                yield outcome
    finally:
        await chunks.aclose()

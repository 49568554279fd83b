"""Bulk upserts with threads: the caller's thread reads the source and decides, others send."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import suppress
from queue import Empty, SimpleQueue
from types import FrameType
from typing import Any, NamedTuple, Self

from .._runtime.attempt import Attempt
from .._runtime.connection import Connection
from .._runtime.fork import join
from .batch import Part
from .outcomes import Outcome
from .report import UpsertReport
from .session import CLOSED, PERMITS, RunSession, RunView
from .setup import RunSetup
from .source import Chunk, SourceReader

_INTERRUPTED = "it was interrupted"


class Interrupts:
    """Passes Ctrl-C on to a function for as long as the context lasts.

    Then it is a wish to stop, and not an exception in the middle of something. It leaves handlers of
    others alone, and does nothing outside the main thread, which is where signals arrive.

    Args:
        tell: Called in the main thread, between any two steps of it, and so must not wait for anything.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._is_installed = False
        self._process = os.getpid()

    def __enter__(self) -> None:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            self._process = os.getpid()
            signal.signal(signal.SIGINT, self._handle)
            self._is_installed = True

    def __exit__(self, *_: object) -> None:
        if self._is_installed:
            self._is_installed = False
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if self._process != os.getpid():  # Whose process was forked has nothing to stop here.
            raise KeyboardInterrupt
        self._tell()


class _Result(NamedTuple):
    """What came of a part: of its attempt, if that was made, or what kept it from being made."""

    part: Part
    attempt: Attempt | None
    error: BaseException | None = None


class SyncDriver:
    """Drives one run. Nothing is opened, read or sent before the first outcome is asked for.

    There are as many threads as there are parts to be sent at once. They do not keep the process alive:
    after a second Ctrl-C nobody waits for them.

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
        self, connection: Connection, setup: RunSetup, records: Iterable[Mapping[str, Any]]
    ) -> None:
        self.session = RunSession(setup)
        self._connection = connection
        self._limiter = setup.limiter
        self._reader = SourceReader(records, setup.plan.options.start_at)
        self._parts: SimpleQueue[Part | None] = SimpleQueue()
        self._inbox: SimpleQueue[_Result | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._is_halted = False
        # A handler of a signal may run in the middle of another one, and of anything that the main thread
        # does. What it touches must stand that: an event, which has a lock, waits for itself then.
        self._lock = threading.RLock()  # Whether a part is sent is decided by whoever has it.
        self._halts: SimpleQueue[None] = SimpleQueue()
        self._has_begun = False
        self._interruptions = 0
        self._interrupted = 0
        self._interrupts = Interrupts(self.ask_to_stop)

    def ask_to_stop(self) -> None:
        """Send nothing more; the second time, do not wait for what is in flight, either.

        A signal handler in the thread that takes the outcomes may call it. Before the first outcome was
        asked for it does nothing.

        Raises:
            KeyboardInterrupt: The second time, if that thread waits for the source, which may wait for
                something that never comes; the third time in any case.
        """
        if not self._has_begun:
            return
        self._interruptions += 1
        # Before others are kept from sending: what they say of that comes after the reason why.
        self._inbox.put(None)
        self._halt()
        # Nothing else is interrupted, as nobody could say then what was done.
        if self._interruptions > 2 or (self._interruptions == 2 and self._reader.is_waiting):
            raise KeyboardInterrupt

    def report(self) -> UpsertReport:
        """Do all of it.

        Returns:
            What came of it.

        Raises:
            Exception: What the source, the journal, the limiter, the token or the callback raised. It
                carries the report of what was done; see `report.report_of`.
            BaseException: Ctrl-C, or what else broke in: likewise.
        """
        plan = self.session.setup.plan
        report = UpsertReport(plan.operation.name, dry_run=plan.options.dry_run)
        with self._interrupts:
            self._begin()
            try:
                while (outcomes := self._advance()) is not None:
                    report.extend(outcomes)
            except BaseException as error:
                self.session.fail(error)
            self._finish()
        return self.session.conclude(report)

    def chunks(self) -> Generator[list[Outcome], None, None]:
        """Do it bit by bit.

        Yields:
            Outcomes, in the order of the records.

        Raises:
            BaseException: As for `report`, after all outcomes that there are; its report has none.
        """
        is_closed = False
        self._begin()
        try:
            while True:
                # Not while the caller has its turn: its Ctrl-C is its own.
                with self._interrupts:
                    outcomes = self._advance()
                if outcomes is None:
                    break
                yield outcomes
        except GeneratorExit:
            is_closed = True
        except BaseException as error:
            self.session.fail(error)
        with self._interrupts:
            self._finish()
        left = UpsertReport(self.session.setup.plan.operation.name)
        self.session.conclude(left, is_closed=is_closed)

    def _begin(self) -> None:
        self._has_begun = True  # From here on a wish to stop is heard, and done when all is open.
        self.session.begin()

    def _advance(self) -> list[Outcome] | None:
        """Go on until there are outcomes; None if there will be none."""
        session = self.session
        while True:
            self._fill()
            outcomes = session.outcomes()
            if outcomes:
                return outcomes
            wanted = session.wanted
            if wanted and self._inbox.empty():
                self._read(wanted)
            elif session.is_waiting or not self._inbox.empty():
                self._take()
            else:
                return None

    def _fill(self) -> None:
        """Have sent what may be sent now; nothing more if the run has been stopped."""
        session = self.session
        if session.has_stopped:
            self._halt()
        while (part := session.next_part()) is not None:
            if len(self._threads) < session.run.in_flight:
                thread = threading.Thread(target=self._work, name="upsert", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._parts.put(part)

    def _read(self, wanted: int) -> None:
        chunk = self._reader.read(wanted)
        if isinstance(chunk.failure, KeyboardInterrupt) and self._interruptions > 1:
            chunk = Chunk(chunk.records)  # No failure of the source; `_interrupt` ends the reading.
        self.session.feed(chunk)

    def _take(self) -> None:
        try:
            result = self._inbox.get(timeout=self.session.pause())
        except Empty:
            self.session.tell()
            return
        if result is None:
            self._interrupt()
        elif result.part in self.session.under_way:
            self.session.settle(result.part, result.attempt, result.error)

    def _interrupt(self) -> None:
        session = self.session
        self._interrupted += 1
        if self._interrupted == 1:
            session.break_off(KeyboardInterrupt(), _INTERRUPTED)
            return
        for part in list(session.under_way):
            session.settle(part, None)

    def _finish(self) -> None:
        session = self.session
        if session.is_inherited:
            return
        if not session.run.is_over:
            session.stop(CLOSED, go_on_reading=False)
            self._halt()
        while session.run.in_flight:
            self._take()
        session.finish()
        self._halt()
        for _ in self._threads:
            self._parts.put(None)
        if self._interruptions < 2:
            # They end at once, as none has a part.
            for thread in self._threads:
                join(thread)

    def _halt(self) -> None:
        """Send nothing that is not being sent, and wait for no permit and no delay any more."""
        with self._lock:
            self._is_halted = True
        self._halts.put(None)

    def _work(self) -> None:
        while (part := self._parts.get()) is not None:
            try:
                result = _Result(part, self._send(part))
            except BaseException as error:
                result = _Result(part, None, error)
            self._inbox.put(result)
            del part, result  # Lest they live until there is a next one.

    def _send(self, part: Part) -> Attempt | None:
        self._connection.prepare()
        part.waited = 0.0
        due = self._permitted(part)
        if due is None:
            return None
        request, deadline = self.session.attempt_for(part)

        def may_start() -> bool:
            with self._lock:
                is_wanted = not self._is_halted and deadline.allows(0.0)
                return part.may_start(time.monotonic(), is_wanted=is_wanted)

        def may_leave() -> bool:
            if not self.session.gives_back(due):
                return True
            with self._lock:
                part.requests -= 1
            return self._permitted(part) is not None and may_start()

        attempt = self._connection.attempt(
            request,
            deadline,
            may_start=may_start,
            may_leave=may_leave if self.session.may_be_late else None,
        )
        if attempt is None and not self._is_halted and self.session.deadline.allows(0.0):
            # There was time for the run, but not for the part.
            return deadline.missed(in_doubt=False)
        return attempt

    def _permitted(self, part: Part) -> float | None:
        """Wait for a permit, and give the moment since when it is valid; None if nothing is to be sent."""
        left = PERMITS
        while True:
            left -= 1
            wait = self._limiter.reserve()
            due = time.monotonic() + wait
            part.waited += wait
            if not self._pause(wait):
                return None
            if not left or not self.session.gives_back(due):
                return due

    def _pause(self, seconds: float) -> bool:
        """Wait, and tell whether to go on then; at once if there is not that much time."""
        if seconds > 0:
            if not self.session.deadline.allows(seconds):
                return False
            with suppress(Empty):
                self._halts.put(self._halts.get(timeout=seconds))  # For the next one who waits.
        return not self._is_halted


class OutcomeStream(RunView, Iterator[Outcome]):
    """The outcomes of a bulk upsert, in the order of the records. Nothing begins before the first.

    Leaving a loop over it, closing it, or leaving it as a context manager ends the run: nothing more is
    sent, and what is in flight is waited for.

    Args:
        driver: Drives the run.
    """

    def __init__(self, driver: SyncDriver) -> None:
        super().__init__(driver.session)
        self._driver = driver
        self._outcomes = _outcomes(driver)

    def __iter__(self) -> Generator[Outcome, None, None]:
        return self._outcomes

    def __next__(self) -> Outcome:
        return next(self._outcomes)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask_to_stop(self) -> None:
        """Send nothing more; what is in flight is waited for, unless this is called a second time.

        A signal handler in the thread that takes the outcomes may call it. The outcomes of all records
        that were read still come, and then KeyboardInterrupt. It does nothing before the first outcome
        was asked for.

        Raises:
            KeyboardInterrupt: The second time, if that thread waits for the source; the third time in
                any case.
        """
        self._driver.ask_to_stop()

    def close(self) -> None:
        """End the run. Closing twice, or after the end, does nothing."""
        self._outcomes.close()


def _outcomes(driver: SyncDriver) -> Generator[Outcome, None, None]:
    for chunk in driver.chunks():
        yield from chunk

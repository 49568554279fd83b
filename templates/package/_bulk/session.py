"""All of a run but waiting: the state machine with its clock, journal, limiter and progress.

Synchronous and asynchronous drivers share it. They wait for records and answers, each in its own way.
"""

# long because: a batch passes journal, state and limiter in one order, which is that of the methods below.
from __future__ import annotations

import math
import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from random import SystemRandom

from .._properties.conversion import ConvertedColumn
from .._runtime.answer import Answer
from .._runtime.attempt import Attempt, Deadline, Failure
from .._runtime.operation import Request
from .._runtime.retry import log_retry
from ..errors import RateLimitError
from .batch import Batch, Part
from .figures import Figures, Recorder
from .limiter import PunctualRateLimiter
from .memory import RunMemory
from .outcomes import Outcome, Stop
from .progress import ProgressMeter
from .report import UpsertReport, with_report
from .run import Run
from .setup import RunSetup
from .source import Chunk
from .telemetry import RunRecord, run_record

# Forked processes share the state of any other generator, and would all wait equally long.
_CHANCE = SystemRandom()

CLOSED = "it was closed before its end"
_INHERITED = (
    "this bulk upsert was begun by the process that this one was forked from, which goes on with it; begin "
    "one of your own"
)
_GO_ON = "run it again from the record where it was stopped"
_TICK = 1.0
"""The seconds after which progress is told anew, also if nothing has happened."""

_SLOW = 5.0
"""The seconds after which a request that has no answer is worth a word."""

PERMITS = 5
"""How many permits are asked for before one is used late: on a machine that is so busy nothing is in time."""

_NOT_AWAITED = "it was interrupted before the answer came"


class RunSession:
    """Leads a run. Nothing is opened before it begins.

    Args:
        setup: What to do.

    Attributes:
        setup: What to do.
        run: The state machine; drivers only look at it.
        deadline: When the run must be over.
        requests: How many requests were sent.
        retries: How many of these sent a part again.
        failure: What is to be raised when all that is in flight has come to its end.
        under_way: The parts that were given out, and not settled.
    """

    def __init__(self, setup: RunSetup) -> None:
        self.setup = setup
        self.run = Run(setup.plan)
        self.deadline = Deadline(None)
        self.requests = 0
        self.retries = 0
        self.failure: BaseException | None = None
        self.under_way: dict[Part, None] = {}
        self._left: list[Outcome] = []
        self._reads = True
        self._was_cut = False
        self._memory = RunMemory(setup, self.run)
        self._meter: ProgressMeter | None = None
        self._process: int | None = None
        limiter = setup.limiter
        self._punctual = limiter if isinstance(limiter, PunctualRateLimiter) else None
        self._recorder = Recorder(setup.plan.options.concurrency)
        self._record: RunRecord | None = None

    def begin(self) -> None:
        """Start the clock and open the journal. From now on the run belongs to this process.

        Raises:
            JournalError: The journal cannot be used.
            StateError: The state cannot be used.
        """
        self._process = os.getpid()
        # Not of a counter: processes and runs that know nothing of each other may send to the same place,
        # and each must know its own answers.
        self.run.batcher.trace_prefix = f"{_CHANCE.getrandbits(48):012x}-"
        options = self.setup.plan.options
        self.deadline = Deadline(options.time_budget)
        self._recorder.begin()
        self._record = run_record(self.setup.plan.operation.name)
        if options.progress is not None:
            self._meter = ProgressMeter(options.progress)
        self._memory.open()

    @property
    def wanted(self) -> int:
        """How many records may be read now."""
        return self.run.wanted if self._reads else 0

    @property
    def is_inherited(self) -> bool:
        """Whether another process began it, from which this one was forked. Nothing goes on here then."""
        return self._process not in {None, os.getpid()}

    @property
    def may_be_late(self) -> bool:
        """Whether a permit is good for some time only."""
        return self._punctual is not None

    def gives_back(self, due: float) -> bool:
        """Give a permit back if it is too late to use it, and tell whether it was.

        Args:
            due: When it became valid, by the clock of `time.monotonic`.
        """
        return self._punctual is not None and self._punctual.give_back(time.monotonic() - due)

    @property
    def has_stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self.run.stop_cause is not None

    @property
    def stop_so_far(self) -> Stop | None:
        """Why the run was stopped, and where to resume."""
        stop = self.run.stop_so_far()
        if stop is not None and stop.resume_at is None and self._was_cut:
            return replace(stop, resume_at=self.run.read)
        return stop

    @property
    def figures(self) -> Figures:
        """What the run took so far."""
        return self._recorder.figures(self.run.frequent_keys())

    def feed(self, chunk: Chunk) -> None:
        """Take records that were read."""
        self._admit(self.run.feed(chunk.records))
        if chunk.failure is not None:
            self.fail(chunk.failure)
        elif chunk.has_ended or not self._reads:
            # It may have been under way when it was called off.
            self._end()

    def next_part(self) -> Part | None:
        """Give out a part that is to be sent now, if there is one."""
        part = self.run.next_part(time.monotonic())
        if part is None:
            return None
        self.under_way[part] = None
        try:
            self._memory.tell_sending(part)
        except Exception as error:
            self.fail(error)
            del self.under_way[part]
            self.run.not_sent(part, str(error))
            return None
        return part

    def attempt_for(self, part: Part) -> tuple[Request, Deadline]:
        """Give the request that sends a part, and the end of the attempt.

        It ends with the time that is left to the run or, if that is sooner, to the part.
        """
        plan, request = self.setup.plan, self.setup.request
        if part.job is not None:
            request = part.job.request or request
        else:
            if plan.key_path is not None:
                request = replace(request, url=plan.key_path.url_of(part.batch.inputs[part.start]))
            request = replace(request, content=part.content(plan.envelope))
        request = replace(
            request,
            resends=part.attempt - 1,
            trace=None if self._record is None else self._record.context,
        )
        left = min(plan.patience - part.spent - part.delay, self.deadline.left())
        return request, Deadline(None if math.isinf(left) else left)

    @property
    def is_waiting(self) -> bool:
        """Whether there is something to come, at once or after a delay."""
        return bool(self.under_way) or self.run.next_again is not None

    def pause(self) -> float | None:
        """Tell how many seconds to wait for an answer before `tell` and `next_part` should be called.

        Returns:
            The seconds; None for as long as it takes.
        """
        tick = math.inf if self._meter is None else _TICK
        again = self.run.next_again
        if again is not None and self.run.has_room:
            tick = min(tick, max(0.0, again.due - time.monotonic()))
        return None if math.isinf(tick) else tick

    def tell(self) -> None:
        """Tell how far it has come, if somebody wants to know, and it is time to."""
        if self._meter is not None:
            self._tell(self._meter)

    def settle(
        self, part: Part, attempt: Attempt | None, error: BaseException | None = None
    ) -> None:
        """Take what came of a part.

        Args:
            part: The part.
            attempt: What came of the attempt; None if there was none, or it was not waited for.
            error: What kept it from being made.
        """
        del self.under_way[part]
        number, took = part.attempt, time.monotonic() - part.began
        if part.sent:
            self.requests += part.requests
            self.retries += part.requests - (number == 1)
            self._recorder.answered(part, attempt, took)
        if error is not None:
            self.fail(error)
            self.run.not_sent(part, str(error) or type(error).__name__)
        elif attempt is None:
            # There was time left for nothing but giving up, or else somebody wanted to stop.
            self.run.stop_late(time_left=self.deadline.left())
            reason = self.run.stop_cause.reason if self.run.stop_cause else ""
            self.run.not_sent(part, _NOT_AWAITED if part.has_left else reason)
        else:
            self._observe(attempt)
            # Chance costs a call of the operating system, and is only needed before another attempt.
            accepted = isinstance(attempt, Answer) and attempt.is_success
            is_tried_again = self.run.answered(
                part,
                attempt,
                took=took,
                time_left=self.deadline.left(),
                random=0.0 if accepted else _CHANCE.random(),
                now=time.time(),
            )
            if part.job is not None and part.job in part.batch.jobs and not part.job.asked:
                self._note_job(part.batch)
            if is_tried_again:
                log_retry(self.setup.plan.operation, number, attempt, part.delay)
                is_late = isinstance(attempt, Failure) and attempt.is_late
                part.before = (is_late and part.before) or attempt
        self._note_sent()

    def outcomes(self) -> list[Outcome]:
        """Give the outcomes that are next in the order of the source.

        Raises:
            RuntimeError: The run is that of another process.
        """
        if self.is_inherited:
            raise RuntimeError(_INHERITED)
        outcomes = self.run.outcomes()
        self._recorder.gave(len(outcomes))
        if self._record is not None:
            self._record.gave(outcomes)
        if self._meter is not None:
            for outcome in outcomes:
                self._meter.tally.add(outcome)
            self.tell()
        return outcomes

    def stop(self, reason: str, mend: str = "", *, go_on_reading: bool = True) -> None:
        """Send nothing more.

        Args:
            reason: Why.
            mend: What to change before trying again.
            go_on_reading: Whether the rest of the records get outcomes, too.
        """
        self.run.stop(reason, mend)
        self._note_sent()
        if self._reads and not go_on_reading:
            self._was_cut = True
            self._end()

    def fail(self, error: BaseException) -> None:
        """Send and read nothing more, and have an exception raised in the end.

        Args:
            error: The exception. A failure gives way to what is none, such as a cancellation, because
                whoever asked for that waits for it.
        """
        if self.failure is None or not isinstance(error, Exception):
            self.failure = error
        reason = f"{type(error).__name__}: {error}".removesuffix(": ")
        self.stop(reason, "see the exception", go_on_reading=False)

    def break_off(self, error: BaseException, reason: str) -> None:
        """Do as `fail` does, when somebody wanted it so.

        Args:
            error: What is raised in the end.
            reason: What happened.
        """
        self.stop(reason, _GO_ON)
        self.fail(error)

    def finish(self) -> None:
        """Tell the state, the journal and the progress that the run is over. Outcomes are given no more."""
        self._left = self.outcomes()
        try:
            self._memory.close()
        except Exception as error:
            self.fail(error)
        self._recorder.end()
        if self._record is not None:
            self._record.end(requests=self.requests, retries=self.retries, stopped=self.has_stopped)
        if self._meter is not None:
            self._tell(self._meter, final=True)

    def conclude(self, report: UpsertReport, *, is_closed: bool = False) -> UpsertReport:
        """Add what is known of the run as a whole to a report, and what outcomes are left.

        Args:
            report: The report.
            is_closed: Whether nobody wants to know the rest; then failures are not raised.

        Raises:
            BaseException: What made the run fail; it carries the report.
        """
        report.extend(self._left)
        report.requests, report.retries = self.requests, self.retries
        report.batches = self.run.batches
        report.stop = self.stop_so_far
        report.figures, report.conversions = self.figures, self.run.batcher.conversions()
        if self.failure is not None and not (is_closed and isinstance(self.failure, Exception)):
            raise with_report(self.failure, report)
        return report

    def _end(self) -> None:
        """Take no more records."""
        self._reads = False
        self._admit(self.run.end())
        for batch in self._memory.joined(None):
            self._send(batch)

    def _admit(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            error = None
            if batch.undecided:
                try:
                    self._memory.look_up(batch, is_cut=self._was_cut)
                except Exception as caught:
                    error = caught
            for each in self._memory.joined(batch):
                self._send(each)
            if error is not None:
                self.fail(error)

    def _send(self, batch: Batch) -> None:
        self._memory.watch(batch)
        self.run.send(batch)
        if self.has_stopped:
            self._note_sent()

    def _note_sent(self) -> None:
        try:
            self._memory.note_sent()
        except Exception as error:
            self.fail(error)

    def _note_job(self, batch: Batch) -> None:
        try:
            self._memory.note_jobs(batch)
        except Exception as error:
            self.fail(error)

    def _observe(self, attempt: Attempt) -> None:
        if not isinstance(attempt, Answer):
            return
        policy = self.setup.plan.operation.policy
        refused = False
        if not attempt.is_success:
            rule = policy.rule_for(attempt)
            refused = rule is not None and issubclass(rule.error, RateLimitError)
        limit = policy.rate_limit(attempt)
        self.run.learn(limit)
        self.setup.limiter.observe(limit, refused=refused)

    def _tell(self, meter: ProgressMeter, *, final: bool = False) -> None:
        run = self.run
        try:
            meter.tell(
                read=run.read,
                requests=self.requests,
                in_flight=run.in_flight,
                retries=self.retries,
                waits_for=self._waits_for,
                final=final,
            )
        except Exception as error:
            self._meter = None
            self.fail(error)

    def _waits_for(self, now: float) -> str:
        again = self.run.next_again
        left = 0 if again is None else math.ceil(max(0.0, again.due - now))
        if again is not None and again.job is not None:
            job = again.job
            return f"{job.trouble or job}, question {job.asked + 1:,} in {left} s"
        if again is not None and again.trouble:
            return f"{again.trouble}, attempt {again.attempt - 1}, next in {left} s"
        began = min((part.began for part in self.under_way if part.sent), default=now)
        return f"no answer for {now - began:.0f} s" if now - began > _SLOW else ""


class RunView:
    """What can be asked of a run while it goes on.

    Args:
        session: Leads the run.
    """

    def __init__(self, session: RunSession) -> None:
        self._session = session

    @property
    def operation(self) -> str:
        """What is called, as reports name it, such as "items.batch_upsert"."""
        return self._session.setup.plan.operation.name

    @property
    def stop(self) -> Stop | None:
        """Why the run was stopped, as far as it has come; None if it was not."""
        return self._session.stop_so_far

    @property
    def requests(self) -> int:
        """How many requests were sent and answered so far."""
        return self._session.requests

    @property
    def batches(self) -> int:
        """How many batches with something to send there were so far."""
        return self._session.run.batches

    @property
    def figures(self) -> Figures:
        """What the run took so far."""
        return self._session.figures

    @property
    def conversions(self) -> Sequence[ConvertedColumn]:
        """Which values were converted so far, by property, with an example of each."""
        return self._session.run.batcher.conversions()

    @property
    def retries(self) -> int:
        """How many of these sent again what an earlier one had not brought to its end."""
        return self._session.retries

"""All of a run but waiting: the state machine with its clock, journal, limiter and progress.

Synchronous and asynchronous drivers share it. They wait for records and answers, each in its own way.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from random import SystemRandom
from typing import TYPE_CHECKING

from .._runtime.answer import Answer, is_success, json_fields
from .._runtime.answer import Outcome as AttemptOutcome
from .._runtime.deadline import Deadline
from .._runtime.headers import rate_limit
from .._runtime.request import Request
from ..errors import RateLimitError
from .batching import Batch, Part
from .outcomes import Outcome, Stop
from .plan import Options, Plan
from .progress import ProgressMeter, Tally
from .reading import Chunk
from .resuming import digest_of, outcomes_so_far, resume
from .run import Run

if TYPE_CHECKING:
    from .journal import Journal, JournalHeader
    from .limiter import RateLimiter
    from .report import UpsertReport

# Forked processes share the state of any other generator, and would all wait equally long.
_CHANCE = SystemRandom()

CLOSED = "it was closed before its end"
RUN_AGAIN = "run it again with the records that were not sent"
_NOT_AWAITED = "it was interrupted before the answer came"


@dataclass(frozen=True)
class Course:
    """Everything that a run needs but its connection and its records.

    Attributes:
        plan: What to send and when.
        options: The options of the caller.
        limiter: Gives a permit for each request.
        request: The request, but for its body.
        header: What must be the same in all runs that share a journal.
    """

    plan: Plan
    options: Options
    limiter: RateLimiter
    request: Request
    header: JournalHeader


class Conductor:
    """Leads a run. The run begins when it is made.

    Args:
        course: What to do.

    Attributes:
        deadline: When it must be over.
        requests: How many requests were sent.
        failure: What is to be raised when all that is in flight has come to its end.
    """

    def __init__(self, course: Course) -> None:
        self.deadline = Deadline(course.plan.time_budget)
        self.requests = 0
        self.failure: BaseException | None = None
        self._course = course
        self._run = Run(course.plan)
        self._reads = True
        self._was_cut = False
        self._journal = _journal(course)
        self._journaled: list[Batch] = []
        # Otherwise no key is sent twice, and it does not matter when it is sent again.
        self._repeats_keys = course.plan.duplicates in {"last", "merge"}
        self._tally = Tally()
        self._tells = course.options.progress is not None
        self._meter = ProgressMeter(course.options.progress)

    @property
    def wanted(self) -> int:
        """How many records may be read now."""
        return self._run.wanted if self._reads else 0

    @property
    def in_flight(self) -> int:
        """How many parts were given out of which nothing was told."""
        return self._run.in_flight

    @property
    def is_over(self) -> bool:
        """Whether the source has ended and all outcomes were given."""
        return self._run.is_over

    @property
    def has_stopped(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._run.stop_cause is not None

    @property
    def stop_so_far(self) -> Stop | None:
        """Why the run was stopped, and where to resume."""
        stop = self._run.stop_so_far()
        if stop is not None and stop.resume_at is None and self._was_cut:
            return Stop(stop.reason, stop.mend, self._run.read, stop.error)
        return stop

    def fed(self, chunk: Chunk) -> None:
        """Take records that were read."""
        self._admit(self._run.feed(chunk.records))
        if chunk.failure is not None:
            self.fail(chunk.failure)
        elif (
            chunk.has_ended or not self._reads
        ):  # It may have been under way when it was called off.
            self._reads = False
            self._admit(self._run.end())

    def next_part(self) -> Part | None:
        """Give out a part that is to be sent now, if there is one."""
        part = self._run.next_part()
        if part is None or self._journal is None or not part.batch.digest:
            return part
        batch = part.batch
        try:
            self._journal.sending(batch.number, batch.first_index, batch.digest, len(batch.records))
        except Exception as error:
            self.fail(error)
            self._run.not_sent(part, str(error))
            return None
        batch.digest = b""
        self._journaled.append(batch)
        return part

    def took(
        self, part: Part, outcome: AttemptOutcome | None, error: BaseException | None = None
    ) -> None:
        """Take what came of a part.

        Args:
            part: The part.
            outcome: What came of the attempt; None if there was none, or it was not waited for.
            error: What kept it from being made.
        """
        if part.sent:
            self.requests += 1
        if error is not None:
            self.fail(error)
            self._run.not_sent(part, str(error) or type(error).__name__)
        elif outcome is None:
            # There was time left for nothing but giving up, or else somebody wanted to stop.
            self._run.stop_late(time_left=self.deadline.left())
            reason = self._run.stop_cause.reason if self._run.stop_cause else ""
            self._run.not_sent(part, _NOT_AWAITED if part.sent else reason)
        else:
            self._observe(outcome)
            # Chance costs a call of the operating system, and is only needed before another attempt.
            accepted = isinstance(outcome, Answer) and is_success(outcome)
            self._run.answered(
                part,
                outcome,
                took=time.monotonic() - part.began,
                time_left=self.deadline.left(),
                random=0.0 if accepted else _CHANCE.random(),
                now=time.time(),
            )
        self._note_sent()

    def outcomes(self) -> list[Outcome]:
        """Give the outcomes that are next in the order of the source."""
        outcomes = self._run.outcomes()
        if self._tells:
            for outcome in outcomes:
                self._tally.add(outcome)
            self._tell(final=False)
        return outcomes

    def stop(self, reason: str, mend: str = "", *, go_on_reading: bool = True) -> None:
        """Send nothing more.

        Args:
            reason: Why.
            mend: What to change before trying again.
            go_on_reading: Whether the rest of the records get outcomes, too.
        """
        self._run.stop(reason, mend)
        self._note_sent()
        if self._reads and not go_on_reading:
            self._reads = False
            self._was_cut = True
            self._admit(self._run.end())

    def fail(self, error: BaseException) -> None:
        """Send and read nothing more, and have an exception raised in the end."""
        if self.failure is None:
            self.failure = error
        reason = f"{type(error).__name__}: {error}"
        self.stop(reason, "see the exception", go_on_reading=False)

    def finish(self) -> None:
        """Tell the journal and the progress that the run is over."""
        journal, self._journal = self._journal, None
        if journal is not None:
            try:
                if not self.has_stopped and self._run.is_over:
                    journal.finished(self._run.read)
            except Exception as error:
                self.fail(error)
            finally:
                journal.close()
        if self._tells:
            self._tell(final=True)

    def complete(self, report: UpsertReport) -> UpsertReport:
        """Add what is known of the run as a whole to a report."""
        report.requests = self.requests
        report.batches = self._run.batches
        report.stop = self.stop_so_far
        return report

    def _admit(self, batches: Iterable[Batch]) -> None:
        for batch in batches:
            error = None
            if self._journal is not None and batch.undecided:
                try:
                    self._look_up(self._journal, batch)
                except Exception as caught:
                    error = caught
            self._run.send(batch)
            if error is not None:
                self.fail(error)

    def _look_up(self, journal: Journal, batch: Batch) -> None:
        """Settle what an earlier run knows of a batch, also if nothing is sent any more."""
        number, first_index, count = batch.number, batch.first_index, len(batch.records)
        if self._was_cut:
            # It may lack records, and then nobody can tell whether it is what was sent before.
            if journal.reaches(first_index):
                resume(batch, None)
            return
        batch.digest = digest_of(batch)
        known = journal.compare(number, first_index, batch.digest, count)
        if known is None:
            return
        outdated = journal.outdated(number, batch.keys) if self._repeats_keys else set[str]()
        resume(batch, known.outcomes, outdated)
        if not batch.undecided or self.has_stopped:
            return
        # Not as late as others: later batches with its keys have to know before they are looked up.
        again = batch.keys if self._repeats_keys else ()
        so_far = outcomes_so_far(batch)
        journal.sending(number, first_index, batch.digest, count, known=so_far, again=again)
        batch.digest = b""
        self._journaled.append(batch)

    def _note_sent(self) -> None:
        if not self._journaled or self._journal is None:
            return
        done = [batch for batch in self._journaled if not batch.undecided]
        self._journaled = [batch for batch in self._journaled if batch.undecided]
        try:
            for batch in done:
                self._journal.sent(batch.number, list(batch.outcomes.values()))
        except Exception as error:
            self.fail(error)

    def _observe(self, outcome: AttemptOutcome) -> None:
        if not isinstance(outcome, Answer):
            return
        policy = self._course.plan.operation.policy
        refused = False
        if not is_success(outcome):
            rule = policy.rule_for(outcome.status, json_fields(outcome.content))
            refused = rule is not None and issubclass(rule.error, RateLimitError)
        limit = rate_limit(outcome.headers, policy.rate_limit_headers)
        self._course.limiter.observe(limit, refused=refused)

    def _tell(self, *, final: bool) -> None:
        try:
            self._meter.tell(
                read=self._run.read,
                tally=self._tally,
                requests=self.requests,
                in_flight=self._run.in_flight,
                final=final,
            )
        except Exception as error:
            self._tells = False
            self.fail(error)


def _journal(course: Course) -> Journal | None:
    path = course.options.journal
    if path is None or course.plan.dry_run:
        return None
    from .journal import Journal  # SQLite is loaded only by those who need it.

    return Journal(path, course.header)

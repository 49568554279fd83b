"""What a bulk upsert does next: what to read, what to send, and what became of each record.

A state machine without clock, network or sleep. Whoever drives it feeds records, sends the parts that it
gives out, tells what came of each, and takes the outcomes.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._runtime.attempt import Attempt
from .._runtime.retry import reason_of
from ..errors import RateLimit
from .answer_body import decoder_of
from .answers import (
    Accepted,
    Lost,
    Retry,
    Split,
    Stopping,
    classify,
    delay_before_replay,
)
from .batch import Batch, Part
from .batcher import Batcher
from .correlation import correlate
from .duplicates import KeyOrder
from .figures import FrequentKey
from .job_inquiry import Finished, Gone, Pending
from .outcome_order import OutcomeOrder
from .outcomes import Outcome, Status, Stop
from .refusals import MEND_COMMON, OF_EACH, SameRefusals
from .setup import RunPlan

DRY_RUN = "dry run"

_BATCHES_AHEAD = 16
_WINDOWS_AHEAD = 2
_RECORDS_AHEAD = 50_000
"""How far what is sent may be ahead of the first batch that is not done: so many batches a slot, or as many
records as the rate limit lets through in so many of its windows, whichever is more; so many records where no
answer tells a limit. They are kept, because outcomes come in order. A batch that is refused for the limit
waits for a window, as long as others are sent: 19,000 records at 190 requests of 100 in 10 s."""

_LOST_IN_A_ROW = 5
"""After so many requests in a row that nobody knows anything about, something is wrong for all."""

_TROUBLE = 2
"""So many requests that fail in a row are more than chance, however few slots there are."""

_UNKNOWN = Status.UNKNOWN  # To ask an enumeration for it takes longer than to compare it.


class Run:
    """A bulk upsert.

    Args:
        plan: What to do.

    Attributes:
        read: How many records there were before the next one.
        batches: How many batches with something to send there were.
        in_flight: How many parts were given out, and not taken back.
        stop_cause: Why nothing more is sent; None as long as that is not so.
        batcher: Puts the records into batches.
    """

    def __init__(self, plan: RunPlan) -> None:
        self.read = plan.options.start_at
        self.batches = 0
        self.in_flight = 0
        self.stop_cause: Stop | None = None
        self._plan = plan
        self._decode = decoder_of(plan.roles, plan.id_property, is_fast=plan.is_fast)
        self._concurrency = plan.options.concurrency
        self.batcher = Batcher.of(plan)
        self._has_ended = False
        self._order = OutcomeOrder(plan.options)
        self._records_ahead = _RECORDS_AHEAD
        self._queue: deque[Batch] = deque()
        # Otherwise no two batches have the same key.
        self._key_order = KeyOrder() if plan.options.repeats_keys else None
        self._again: list[Part] = []
        self._now = 0.0
        self._has_asked = False
        self._failed_in_a_row = self._lost_in_a_row = 0
        self._first: Batch | None = None
        self._has_accepted = False
        # The first batch, if one is refused as a whole: all may be, and for what its records are refused for.
        self._suspect: Batch | None = None
        self._refusals = SameRefusals()

    @property
    def wanted(self) -> int:
        """How many records may be fed now; as long as it is 0, none should be read."""
        is_far_ahead = len(self._order) >= _BATCHES_AHEAD * self._concurrency
        # Where batches are joined, a few of them hold that many records.
        is_far_ahead = is_far_ahead or self._plan.options.state is not None
        if self._has_ended or (is_far_ahead and self._order.records >= self._records_ahead):
            return 0
        if self.stop_cause is not None:
            return self.batcher.room
        is_busy = self._queue or not self.has_room or self._holds_back
        return 0 if is_busy else self.batcher.room

    @property
    def has_room(self) -> bool:
        """Whether another part may be sent beside those that are in flight."""
        return self.in_flight < self._concurrency

    @property
    def next_again(self) -> Part | None:
        """The next part that is to be sent again after a delay; None if no one is."""
        return min(self._sendable, key=lambda part: part.due, default=None)

    @property
    def is_over(self) -> bool:
        """Whether the source has ended and all outcomes were given."""
        return self._has_ended and not self._order

    def feed(self, records: Sequence[Mapping[str, Any]]) -> list[Batch]:
        """Add the next records of the source.

        Args:
            records: At most as many as `wanted`.

        Returns:
            The batches that they complete; each is to be passed to `send`.
        """
        self.read += len(records)
        return self._unless_refused(self.batcher.extend(records))

    def end(self) -> list[Batch]:
        """Say that no record follows.

        Returns:
            As `feed`.
        """
        self._has_ended = True
        batch = self.batcher.close()
        return self._unless_refused([] if batch is None else [batch])

    def send(self, batch: Batch) -> None:
        """Have a batch sent, in its turn, as far as it is not known what became of its records.

        Args:
            batch: The batch, or several that `feed` gave joined to one. All must come in order.
        """
        self._order.append(batch)
        if batch.undecided:
            self.batches += 1
        if self._plan.options.dry_run:
            self._give_up(batch, DRY_RUN)
        elif self.stop_cause is not None:
            self._give_up(batch, self.stop_cause.reason)
        elif batch.undecided and (self._key_order is None or self._key_order.add(batch)):
            self._queue.append(batch)

    def next_part(self, now: float = math.inf) -> Part | None:
        """Give out a part to be sent, if it is time for one.

        Args:
            now: The time by the driver's clock: what is to be sent again later is not given out.

        Returns:
            The part, which is to be passed to `answered` or `not_sent`; None if there is none now.
        """
        if not self.has_room or self.stop_cause is not None:
            return None
        part = next((each for each in self._sendable if each.due <= now), None)
        if part is not None and part.job is not None and self._has_asked:
            # Many jobs must not keep what was not sent yet from its turn.
            self._has_asked = False
            if self.wanted:
                return None
            part = part if not self._queue or self._holds_back else None
        self._has_asked = part is not None and part.job is not None
        if part is not None:
            self._again.remove(part)
        elif self._queue and not self._holds_back:
            batch = self._queue.popleft()
            self._first = self._first or batch
            part, *others = batch.parts()
            self._again += others
        self.in_flight += part is not None
        return part

    def answered(
        self,
        part: Part,
        attempt: Attempt,
        *,
        took: float,
        time_left: float,
        random: float,
        now: float,
    ) -> bool:
        """Say what came of a part.

        Args:
            part: The part.
            attempt: What came of it.
            took: The seconds that the attempt took.
            time_left: The seconds that are left to the run.
            random: A random number from 0 up to but not including 1.
            now: The time, in seconds since the epoch.

        Returns:
            Whether it is sent again, after its delay.
        """
        self.in_flight -= 1
        self._now = part.began + took
        part.spent += took + part.delay
        patience = self._plan.patience - part.spent
        left = min(patience, time_left)
        inquiry, of_job = self._plan.inquiry, None
        if inquiry is not None:
            of_job = inquiry.verdict(
                part,
                attempt,
                prefix=self.batcher.trace_prefix,
                clock=self._now,
                time_left=left,
                random=random,
                now=now,
            )
        has_job = of_job is not None  # Then its records are not sent again.
        verdict = of_job or classify(
            self._plan.operation,
            self._plan.roles,
            attempt,
            number=part.attempt,
            time_left=left,
            random=random,
            now=now,
            decode=self._decode,
            before=part.before,
        )
        self._failed_in_a_row = self._failed_in_a_row + 1 if isinstance(verdict, Retry) else 0
        part.trouble = reason_of(attempt)
        if isinstance(verdict, Pending):
            return self._await(part, verdict, time_left)
        if isinstance(verdict, Finished):
            return self._finish(part, verdict)
        if isinstance(verdict, Accepted):
            roles, id_property = self._plan.roles, self._plan.id_property
            outcomes = correlate(roles, id_property, part, verdict.body, verdict.whole)
            if any(one.is_told for one in outcomes):
                return self._accept(part, outcomes, left, random)
            verdict = Lost(None, outcomes[0].reason or "")
        if not isinstance(verdict, Lost):
            self._lost_in_a_row = 0
        if isinstance(verdict, Retry):
            return self._retry(part, verdict)
        if isinstance(verdict, Split):
            self._split(part, verdict)
        elif isinstance(verdict, Stopping):
            part.in_doubt |= verdict.in_doubt
            if verdict.is_late and time_left < patience:
                self.stop_late(verdict.error, time_left=time_left)
            else:
                told = verdict.reason, verdict.mend, None, verdict.error, verdict.problems
                self._stop(Stop(*told))
            self._drop(part, verdict.reason)
        else:
            self._lose(verdict)
            if not has_job and self._replay(part, left, random):
                return True
            if isinstance(verdict, Gone) and part.job is not None:
                part.batch.jobs.remove(part.job)
            part.in_doubt = True
            self._drop(part, verdict.reason)
        return False

    def not_sent(self, part: Part, reason: str) -> None:
        """Say that a part was not sent after all, or that its answer is not waited for.

        Args:
            part: The part; `part.has_left` tells which of the two it is.
            reason: Why.
        """
        self.in_flight -= 1
        part.in_doubt |= part.has_left
        self._drop(part, reason)

    def learn(self, rate_limit: RateLimit | None) -> None:
        """Take what an answer says about the rate limit: it tells how far ahead is far enough."""
        if rate_limit is not None and rate_limit.maximum is not None:
            self._records_ahead = _WINDOWS_AHEAD * rate_limit.maximum * self._plan.roles.maximum

    def stop(self, reason: str, mend: str = "", error: Any = None) -> None:
        """Send nothing more. What is in flight is waited for; only the first reason counts.

        Args:
            reason: Why.
            mend: What to change before trying again.
            error: The error of the API, if there was one.
        """
        self._stop(Stop(reason, mend, None, error))

    def _stop(self, cause: Stop) -> None:
        if self.stop_cause is not None:
            return
        self.stop_cause, reason = cause, cause.reason
        waiting = [] if self._key_order is None else self._key_order.clear()
        for part in self._again:
            self._drop(part, reason)
        for batch in (*self._queue, *waiting):
            self._give_up(batch, reason)
        self._again.clear()
        self._queue.clear()

    def stop_late(self, error: Any = None, *, time_left: float = 0.0) -> None:
        """Send nothing more, because the time budget is over, or too short for what is next.

        Args:
            error: The error of the API after which there is no time for another attempt.
            time_left: The seconds that are left of the time budget.
        """
        budget = self._plan.options.time_budget
        told = "" if budget is None else f" of {budget:g} s"
        when = "is over" if time_left <= 0 else "would be over before the next attempt"
        mend = "go on with the records that were not sent, or give a longer time_budget"
        self.stop(f"the time budget{told} {when}", mend, error)

    def outcomes(self) -> list[Outcome]:
        """Give the outcomes that are next in the order of the source, each once."""
        return self._order.take()

    def frequent_keys(self) -> list[FrequentKey]:
        """Give the keys that strikingly many records have, the most frequent first."""
        return self.batcher.frequent_keys(self.read)

    def stop_so_far(self) -> Stop | None:
        """Say why the run was stopped, and where to resume, as far as outcomes were given."""
        cause = self.stop_cause
        return None if cause is None else replace(cause, resume_at=self._order.resume_at)

    @property
    def _sendable(self) -> Iterable[Part]:
        """What is to be sent again, or in parts; nothing else while the first batch is under suspicion."""
        suspect = self._suspect
        return (
            self._again if suspect is None else [one for one in self._again if one.batch is suspect]
        )

    @property
    def _holds_back(self) -> bool:
        """Whether nothing new is sent: the first batch is under suspicion, or all slots failed in a row.

        Then something is in flight or to be sent again: a server in need is asked for what it refused.
        """
        is_troubled = self._failed_in_a_row >= max(_TROUBLE, self._concurrency)
        return self._suspect is not None or is_troubled

    def _unless_refused(self, batches: list[Batch]) -> list[Batch]:
        if self.batcher.refusal is not None:
            self._stop(self.batcher.refusal)
        return batches

    def _await(self, part: Part, verdict: Pending, time_left: float) -> bool:
        """Have a job asked about, as a request of its own; return that nothing is sent again."""
        self._suspect, self._has_accepted, self._lost_in_a_row = None, True, 0
        part.attempt, part.spent, part.delay, part.requests = 1, 0.0, 0.0, 0
        part.due = self._now + verdict.delay
        if self.stop_cause is None and verdict.delay >= time_left:
            self.stop_late(time_left=time_left)
        if self.stop_cause is None:
            self._again.append(part)
        else:
            self._drop(part, self.stop_cause.reason)
        return False

    def _finish(self, part: Part, verdict: Finished) -> bool:
        """Take what a job tells of its records; what it does not mention is not sent again."""
        self._lost_in_a_row = 0
        if part.job is not None:
            part.batch.jobs.remove(part.job)
        self._settle(part, correlate(verdict.roles, self._plan.id_property, part, verdict.body))
        return False

    def _retry(self, part: Part, verdict: Retry) -> bool:
        part.in_doubt |= verdict.in_doubt
        if self.stop_cause is not None:
            self._drop(part, self.stop_cause.reason)
            return False
        part.attempt, part.requests = part.attempt + 1, 0
        part.delay = verdict.delay
        part.due = self._now + verdict.delay
        self._again.append(part)
        return True

    def _accept(self, part: Part, outcomes: Sequence[Outcome], left: float, random: float) -> bool:
        """Take the outcomes that an answer tells, and have sent again what it does not mention."""
        self._lost_in_a_row = 0
        self._suspect, self._has_accepted = None, True
        unknown = [place for place, one in enumerate(outcomes) if one.status is _UNKNOWN]
        missing = [place for place in unknown if not outcomes[place].is_told]
        if not missing or self._delay_before_replay(part, left, random) is None:
            self._settle(part, outcomes)
            return False
        rest = part.split_off(missing)
        self._settle(part, [one for one in outcomes if one.is_told])
        rest.replays = 1  # A record that is never mentioned costs its batch no more than that.
        is_sent_again = self._replay(rest, left, random)
        part.delay = rest.delay
        return is_sent_again

    def _replay(self, part: Part, left: float, random: float) -> bool:
        """Have a part sent again of which nobody knows what became; tell whether that makes sense."""
        delay = self._delay_before_replay(part, left, random)
        if delay is None:
            return False
        part.replays -= 1
        self._retry(part, Retry(delay, in_doubt=True))
        return True

    def _delay_before_replay(self, part: Part, left: float, random: float) -> float | None:
        plan = self._plan
        if not part.replays or self.stop_cause is not None:
            return None
        delay = delay_before_replay(plan.operation, part.attempt, random=random)
        return delay if delay is not None and delay < left else None

    def _split(self, part: Part, verdict: Split) -> None:
        batch = part.batch
        if len(part) == 1:
            position, is_suspect = batch.positions[part.start], batch is self._suspect
            self._settle(part, [part.refusal(position, verdict.problems)])
            if is_suspect and not batch.undecided:
                self._judge(batch, verdict)
            elif not self._has_accepted and self._refusals.add(batch):
                self.stop(f"{verdict.error}; {OF_EACH}", MEND_COMMON, verdict.error)
        elif self.stop_cause is not None:
            self._drop(part, self.stop_cause.reason)
        else:
            first, roles, more_follow = self._first or batch, self._plan.roles, not self._has_ended
            is_full = len(first.records) >= roles.maximum or (roles.maximum_bytes and more_follow)
            if first.undecided and is_full and not self._has_accepted:
                self._suspect = first
            self._again.extend(part.halves())

    def _judge(self, batch: Batch, verdict: Split) -> None:
        """Stop if the API has accepted nothing, and has said one thing of each record of a batch alone."""
        told = [batch.told_alone(place) for place in range(len(batch.positions))]
        if None in told or len(set(told)) > 1 or self.stop_cause is not None:
            return
        reason = f"{verdict.error}; {OF_EACH}"
        self.stop(reason, MEND_COMMON, verdict.error)
        # Others may have been divided before the first one was answered.
        for each in self._order:
            for place, position in enumerate(each.positions):
                if each.told_alone(place) == told[0]:
                    is_rejected = each.outcomes[position].status is Status.REJECTED
                    status = Status.NOT_SENT if is_rejected else Status.UNKNOWN
                    each.settle(position, each.outcome(position, status, reason=reason))

    def _lose(self, verdict: Lost) -> None:
        self._lost_in_a_row += 1
        if self._lost_in_a_row >= _LOST_IN_A_ROW:
            mend = "find out what the server is about before sending more"
            reason = f"{_LOST_IN_A_ROW} requests in a row came to nothing: {verdict.reason}"
            self.stop(reason, mend, verdict.error)

    def _drop(self, part: Part, reason: str) -> None:
        """Settle that a part is not sent, or not again."""
        batch = part.batch
        outcomes: list[Outcome] = []
        if part.job in batch.jobs:
            reason = f"{part.job} was not known to be complete: {reason}"
        for position in batch.positions[part.start : part.stop]:
            in_doubt = part.in_doubt or part.job is not None or position in batch.earlier
            status = Status.UNKNOWN if in_doubt else Status.NOT_SENT
            outcomes.append(batch.outcome(position, status, reason=reason))
        self._settle(part, outcomes)

    def _give_up(self, batch: Batch, reason: str) -> None:
        for part in batch.parts():
            self._drop(part, reason)

    def _settle(self, part: Part, outcomes: Iterable[Outcome]) -> None:
        batch = part.batch
        positions = batch.positions[part.start : part.stop]
        if batch.followers:
            for position, outcome in zip(positions, outcomes, strict=True):
                batch.settle(position, outcome)
        else:
            batch.outcomes.update(zip(positions, outcomes, strict=True))
        batch.undecided -= len(positions)
        if not batch.undecided:
            batch.content, batch.inputs = b"", []  # The outcome may have to wait for its turn.
            if batch is self._suspect:
                self._suspect = None
            if self._key_order is not None:
                # They come before the others, which came after them.
                self._queue.extendleft(reversed(self._key_order.remove(batch)))

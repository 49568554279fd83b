"""The course of a bulk upsert: what to read, what to send, and what became of each record.

A state machine without clock, network or sleep. Whoever drives it feeds records, sends the parts that it
gives out, tells what came of each, and takes the outcomes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from .._runtime.answer import Outcome as AttemptOutcome
from .batching import Batch, Part, Planner
from .classification import Accepted, Lost, Retry, Split, Stopping, classify
from .correlation import correlate
from .outcomes import Outcome, Problem, Status, Stop
from .plan import Plan

DRY_RUN = "dry run"

_WINDOW = 16
"""How many batches a slot may be ahead of the first that is not done: what they hold is kept, because
outcomes come in order."""

_LOST_IN_A_ROW = 5
"""After so many requests in a row that nobody knows anything about, something is wrong for all."""

_STATUSES = tuple(Status)
_UNDONE = (Status.UNKNOWN, Status.NOT_SENT)


class Run:
    """The course of a bulk upsert.

    Args:
        plan: What to do.

    Attributes:
        read: How many records were fed.
        batches: How many batches with something to send there were.
        in_flight: How many parts were given out, and not taken back.
        stop_cause: Why nothing more is sent; None as long as that is not so.
    """

    def __init__(self, plan: Plan) -> None:
        self.read = 0
        self.batches = 0
        self.in_flight = 0
        self.stop_cause: Stop | None = None
        self._plan = plan
        self._planner = Planner(plan.roles, plan.id_property, plan.duplicates)
        self._has_ended = False
        self._order: deque[Batch] = deque()
        self._queue: deque[Batch] = deque()
        self._again: deque[Part] = deque()
        self._busy: set[str] = set()
        self._lost_in_a_row = 0
        # The status of each record, by index, for the later ones that are merged into it.
        self._statuses = bytearray() if plan.duplicates == "first" else None
        self._resume_at: int | None = None

    @property
    def wanted(self) -> int:
        """How many records may be fed now; as long as it is 0, none should be read."""
        if self._has_ended or len(self._order) >= _WINDOW * self._plan.concurrency:
            return 0
        if self._queue or self._again or self.in_flight >= self._plan.concurrency:
            return 0 if self.stop_cause is None else self._planner.room
        return self._planner.room

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
        return self._ordered(self._planner.extend(records))

    def end(self) -> list[Batch]:
        """Say that no record follows.

        Returns:
            As `feed`.
        """
        self._has_ended = True
        batch = self._planner.close()
        return [] if batch is None else self._ordered([batch])

    def send(self, batch: Batch) -> None:
        """Have a batch sent, in its turn, as far as it is not known what became of its records."""
        if self._plan.dry_run:
            self._give_up(batch, DRY_RUN)
        elif self.stop_cause is not None:
            self._give_up(batch, self.stop_cause.reason)
        elif batch.undecided:
            self._queue.append(batch)

    def next_part(self) -> Part | None:
        """Give out a part to be sent, if it is time for one.

        Returns:
            The part, which is to be passed to `answered` or `not_sent`; None if there is none now.
        """
        if self.in_flight >= self._plan.concurrency or self.stop_cause is not None:
            return None
        if self._again:
            self.in_flight += 1
            return self._again.popleft()
        # The API would write two requests with the same key in any order, or refuse one.
        if not self._queue or not self._busy.isdisjoint(self._queue[0].keys):
            return None
        batch = self._queue.popleft()
        self._busy.update(batch.keys)
        self.in_flight += 1
        return Part(batch, 0, len(batch.inputs))

    def answered(
        self,
        part: Part,
        outcome: AttemptOutcome,
        *,
        took: float,
        time_left: float,
        random: float,
        now: float,
    ) -> None:
        """Say what came of a part.

        Args:
            part: The part.
            outcome: What came of it.
            took: The seconds that the attempt took.
            time_left: The seconds that are left to the run.
            random: A random number from 0 up to but not including 1.
            now: The time, in seconds since the epoch.
        """
        self.in_flight -= 1
        part.spent += took + part.delay
        patience = self._plan.patience - part.spent
        verdict = classify(
            self._plan.operation,
            self._plan.roles,
            outcome,
            attempt=part.attempt,
            time_left=min(patience, time_left),
            random=random,
            now=now,
        )
        if not isinstance(verdict, Lost):
            self._lost_in_a_row = 0
        if isinstance(verdict, Accepted):
            plan = self._plan
            self._settle(part, correlate(plan.roles, plan.id_property, part, verdict.body))
        elif isinstance(verdict, Retry):
            self._retry(part, verdict)
        elif isinstance(verdict, Split):
            self._split(part, verdict.problems)
        elif isinstance(verdict, Stopping):
            part.in_doubt |= verdict.in_doubt
            if verdict.is_late and time_left < patience:
                self.stop_late(verdict.error, time_left=time_left)
            else:
                self.stop(verdict.reason, verdict.mend, verdict.error)
            self._drop(part, verdict.reason)
        else:
            part.in_doubt = True
            self._drop(part, verdict.reason)
            self._lose(verdict)

    def not_sent(self, part: Part, reason: str) -> None:
        """Say that a part was not sent after all, or that its answer is not waited for.

        Args:
            part: The part; `part.sent` tells which of the two it is.
            reason: Why.
        """
        self.in_flight -= 1
        part.in_doubt |= part.sent
        self._drop(part, reason)

    def stop(self, reason: str, mend: str = "", error: Any = None) -> None:
        """Send nothing more. What is in flight is waited for; only the first reason counts.

        Args:
            reason: Why.
            mend: What to change before trying again.
            error: The error of the API, if there was one.
        """
        if self.stop_cause is not None:
            return
        self.stop_cause = Stop(reason, mend, None, error)
        for part in self._again:
            self._drop(part, reason)
        for batch in self._queue:
            self._give_up(batch, reason)
        self._again.clear()
        self._queue.clear()

    def stop_late(self, error: Any = None, *, time_left: float = 0.0) -> None:
        """Send nothing more, because the time budget is over, or too short for what is next.

        Args:
            error: The error of the API after which there is no time for another attempt.
            time_left: The seconds that are left of the time budget.
        """
        budget = self._plan.time_budget
        told = "" if budget is None else f" of {budget:g} s"
        when = "is over" if time_left <= 0 else "would be over before the next attempt"
        mend = "go on with the records that were not sent, or give a longer time_budget"
        self.stop(f"the time budget{told} {when}", mend, error)

    def outcomes(self) -> list[Outcome]:
        """Give the outcomes that are next in the order of the source, each once."""
        given: list[Outcome] = []
        while self._order and not self._order[0].undecided:
            batch = self._order.popleft()
            for position, first in batch.repeats.items():
                self._repeat(batch, position, first)
            outcomes = [batch.outcomes[position] for position in range(len(batch.records))]
            self._note(outcomes)
            given.extend(outcomes)
        return given

    def stop_so_far(self) -> Stop | None:
        """Say why the run was stopped, and where to resume, as far as outcomes were given."""
        cause = self.stop_cause
        return None if cause is None else replace(cause, resume_at=self._resume_at)

    def _ordered(self, ended: list[Batch]) -> list[Batch]:
        self._order.extend(ended)
        self.batches += sum(1 for batch in ended if batch.undecided)
        return ended

    def _retry(self, part: Part, verdict: Retry) -> None:
        part.in_doubt |= verdict.in_doubt
        if self.stop_cause is not None:
            self._drop(part, self.stop_cause.reason)
            return
        part.attempt += 1
        part.delay = verdict.delay
        part.sent = False
        self._again.append(part)

    def _split(self, part: Part, problems: tuple[Problem, ...]) -> None:
        batch = part.batch
        if len(part) == 1:
            position = batch.positions[part.start]
            index, record = batch.first_index + position, batch.records[position]
            self._settle(part, [Outcome(index, Status.REJECTED, record, problems=problems)])
        elif self.stop_cause is not None:
            self._drop(part, self.stop_cause.reason)
        else:
            self._again.extend(part.halves())

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
        for position in batch.positions[part.start : part.stop]:
            index, record = batch.first_index + position, batch.records[position]
            in_doubt = part.in_doubt or position in batch.earlier
            status = Status.UNKNOWN if in_doubt else Status.NOT_SENT
            outcomes.append(Outcome(index, status, record, reason=reason))
        self._settle(part, outcomes)

    def _give_up(self, batch: Batch, reason: str) -> None:
        self._drop(Part(batch, 0, len(batch.inputs)), reason)

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
            self._busy.difference_update(batch.keys)
            batch.content = b""

    def _repeat(self, batch: Batch, position: int, first: int) -> None:
        if first >= batch.first_index:
            status = batch.outcomes[first - batch.first_index].status
        else:
            status = Status.UNKNOWN if self._statuses is None else _STATUSES[self._statuses[first]]
        index, record = batch.first_index + position, batch.records[position]
        batch.outcomes[position] = Outcome(index, status, record, merged_into=first)

    def _note(self, outcomes: Iterable[Outcome]) -> None:
        if self._statuses is not None:
            self._statuses.extend(_STATUSES.index(outcome.status) for outcome in outcomes)
        if self._resume_at is None:
            undone = (one.index for one in outcomes if one.status in _UNDONE)
            self._resume_at = next(undone, None)

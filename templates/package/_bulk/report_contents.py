"""What a report holds: outcomes, their counts, why records were not written, and what is known of the run."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from .._properties.conversion import ConvertedColumn
from .figures import Figures
from .outcomes import Outcome, Problem, Status, Stop
from .progress import Tally

_MOST = 100
"""How many causes are told apart. What comes after them is counted as one."""

_PLACES = 5
"""How many records are named for each."""

_LONGEST = 300
"""How much of a text is looked at and kept: servers may send texts of any length."""

_VARYING = re.compile(r"""[\w.%+-]+@[\w.-]+|"[^"]*"|'[^']*'|[\w-]*\d[\w-]*""")
"""What differs in messages that mean the same: addresses, quotations, and words with digits."""

_CAUSED = (Status.REJECTED, Status.UNKNOWN)


@dataclass
class Cause:
    """A cause for which records were not written.

    Attributes:
        status: What became of the records: rejected or unknown.
        property: The property that it is about, if it is about one.
        code: A code for programs, if there is one.
        message: A sentence for people, as it was said of the first record; the end is cut if it is long.
        records: How many records it concerns.
        places: The first of them: their indexes in the source, or their lines in a file.
    """

    status: Status
    property: str | None
    code: str | None
    message: str
    records: int = 0
    places: list[int] = field(default_factory=list[int])


@dataclass
class Causes:
    """Groups outcomes as they come, in little memory however many there are.

    Problems have the same cause if status, property and code are the same or, where there is no code,
    what is said of them but for names and numbers.

    Attributes:
        uncounted: How many records have causes that came after there were too many to be told apart.
    """

    uncounted: int = 0
    _known: dict[tuple[Status, str | None, str], Cause] = field(
        default_factory=dict[tuple[Status, "str | None", str], Cause]
    )

    def add(self, outcome: Outcome, place: int) -> None:
        """Count a record.

        Args:
            outcome: What became of it.
            place: Its index, or the number of its line.
        """
        if outcome.status not in _CAUSED:
            return
        problems = outcome.problems or (Problem(None, None, outcome.reason or ""),)
        found = {_kind(outcome.status, problem): problem for problem in reversed(problems)}
        counted = [self._count(kind, problem, place) for kind, problem in found.items()]
        self.uncounted += not any(counted)

    def most_frequent(self) -> list[Cause]:
        """Give the causes, the most frequent first, and else in the order in which they came."""
        return sorted(self._known.values(), key=lambda cause: -cause.records)

    def _count(self, kind: tuple[Status, str | None, str], problem: Problem, place: int) -> bool:
        cause = self._known.get(kind)
        if cause is None:
            if len(self._known) >= _MOST:
                return False
            cause = self._known[kind] = Cause(kind[0], *_cut(problem))
        cause.records += 1
        if len(cause.places) < _PLACES:
            cause.places.append(place)
        return True


def _kind(status: Status, problem: Problem) -> tuple[Status, str | None, str]:
    name, code, message = _cut(problem)
    return status, name, code or _VARYING.sub("…", message)


def _cut(problem: Problem) -> Problem:
    name, code, message = problem
    return Problem(name and name[:_LONGEST], code and code[:_LONGEST], message[:_LONGEST])


class ReportContents:
    """The outcomes of a bulk upsert, counted as they come: what `UpsertReport` holds, and is made of.

    Attributes:
        first_warning: The first warning, with the place of its record; None if there is none.
    """

    place_name: str = "record"
    """What `place_of` gives the number of."""

    def __init__(
        self,
        operation: str = "",
        *,
        outcomes: Iterable[Outcome] = (),
        requests: int = 0,
        retries: int = 0,
        batches: int = 0,
        stop: Stop | None = None,
        dry_run: bool = False,
        figures: Figures | None = None,
        conversions: Sequence[ConvertedColumn] = (),
    ) -> None:
        self.outcomes: list[Outcome] = []
        self.operation = operation
        self.requests = requests
        self.retries = retries
        self.batches = batches
        self.stop = stop
        self.dry_run = dry_run
        self.figures = figures
        self.conversions: Sequence[ConvertedColumn] = conversions
        self._causes = Causes()
        self._tally = Tally()
        self.first_warning: tuple[int, Mapping[str, Any]] | None = None
        self.extend(outcomes)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        told = [f"{count:,} {status}" for status, count in self.counts.items() if count]
        return f"<{type(self).__name__}: {', '.join(told) or 'no records'}>"

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of the next record."""
        self.outcomes.append(outcome)
        self._tally.add(outcome)
        if outcome.warnings and self.first_warning is None:
            self.first_warning = self.place_of(outcome), outcome.warnings[0]
        if outcome.problems or outcome.reason:
            self._causes.add(outcome, self.place_of(outcome))

    def extend(self, outcomes: Iterable[Outcome]) -> None:
        """Add the outcomes of the next records."""
        for outcome in outcomes:
            self.add(outcome)

    @property
    def counts(self) -> Mapping[Status, int]:
        """How many records there are of each status; merged duplicates are among them."""
        return MappingProxyType(self._tally.counts)

    @property
    def records(self) -> int:
        """How many records there are."""
        return len(self.outcomes)

    @property
    def created(self) -> int:
        """How many records were created."""
        return self.counts[Status.CREATED]

    @property
    def updated(self) -> int:
        """How many records were updated."""
        return self.counts[Status.UPDATED]

    @property
    def written(self) -> int:
        """How many records were created or updated, where the API does not say which."""
        return self.counts[Status.WRITTEN]

    @property
    def unchanged(self) -> int:
        """How many records were not sent, because the state knows that they were accepted as they are."""
        return self.counts[Status.UNCHANGED]

    @property
    def rejected(self) -> int:
        """How many records were rejected."""
        return self.counts[Status.REJECTED]

    @property
    def unknown(self) -> int:
        """How many records were sent without an answer about them; they may have been written."""
        return self.counts[Status.UNKNOWN]

    @property
    def not_sent(self) -> int:
        """How many records were not sent, because the run was stopped, or a dry run."""
        return self.counts[Status.NOT_SENT]

    @property
    def merged(self) -> int:
        """How many records were duplicates that another one was sent for.

        They count under the status of that one as well.
        """
        return self._tally.merged

    @property
    def remembered(self) -> int:
        """How many records were not sent again, because a journal remembers what became of them."""
        return self._tally.remembered

    @property
    def warned(self) -> int:
        """How many warnings there are."""
        return self._tally.warnings

    @property
    def warnings(self) -> list[tuple[int, Mapping[str, Any]]]:
        """What the API changed or doubts, each with the index of its record."""
        return [(each.index, warning) for each in self.outcomes for warning in each.warnings]

    @property
    def causes(self) -> list[Cause]:
        """Why records were not written, grouped, the most frequent cause first."""
        return self._causes.most_frequent()

    @property
    def uncounted(self) -> int:
        """How many records have causes that are not among `causes`, because there were too many."""
        return self._causes.uncounted

    def place_of(self, outcome: Outcome) -> int:
        """Give the number by which a record is found in its source: its index, counted from 0."""
        return outcome.index

    def values_of(self, outcome: Outcome) -> Mapping[str, Any]:
        """Give what a page shows of a record, by name."""
        return outcome.record

    def having(self, *statuses: Status) -> Iterator[Outcome]:
        """Give the outcomes with one of some statuses, in order.

        Args:
            statuses: The statuses.
        """
        return (outcome for outcome in self.outcomes if outcome.status in statuses)

    def rejected_records(self) -> list[Mapping[str, Any]]:
        """Give the records that were refused, as they were given, to be corrected and upserted."""
        return [outcome.record for outcome in self.outcomes if outcome.is_refused]

"""What came of a bulk upsert."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from types import MappingProxyType
from typing import IO, Any, Self, cast

from .outcomes import Outcome, Status, Stop
from .progress import Tally
from .serialization import (
    outcome_as_json,
    outcome_from_json,
    stop_as_json,
    stop_from_json,
    to_json,
)
from .summary import (
    count_lines,
    failure_lines,
    rejection_message,
    stop_lines,
    stop_message,
)
from .unfinished import RejectedRecords, UpsertStopped

__all__ = ["RejectedRecords", "UpsertReport", "UpsertStopped"]

_SHOWN = 10
"""How many records that were not written the table shows."""

_FORMAT = 1


class UpsertReport:
    """What came of a bulk upsert: one outcome for each record, in the order of the input.

    A report is always true, even if there were no records; `report.outcomes` may be empty. Printed,
    it is a table of the counts and of the first records that were not written.

    Args:
        operation: What was called, such as "contacts.upsert".
        outcomes: What became of the records.
        requests: How many requests were sent.
        batches: How many batches the records made.
        stop: Why the run was stopped; None if it was not.
        dry_run: Whether nothing was meant to be sent.

    Attributes:
        outcomes: What became of each record. Add with `add` and `extend`, which count.
    """

    def __init__(
        self,
        operation: str = "",
        *,
        outcomes: Iterable[Outcome] = (),
        requests: int = 0,
        batches: int = 0,
        stop: Stop | None = None,
        dry_run: bool = False,
    ) -> None:
        self.outcomes: list[Outcome] = []
        self.operation = operation
        self.requests = requests
        self.batches = batches
        self.stop = stop
        self.dry_run = dry_run
        self._tally = Tally()
        self.extend(outcomes)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        told = [f"{count:,} {status}" for status, count in self.counts.items() if count]
        return f"<{type(self).__name__}: {', '.join(told) or 'no records'}>"

    def __str__(self) -> str:
        return self.table()

    def add(self, outcome: Outcome) -> None:
        """Add the outcome of the next record."""
        self.outcomes.append(outcome)
        self._tally.add(outcome)

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
    def warned(self) -> int:
        """How many warnings there are."""
        return self._tally.warnings

    @property
    def warnings(self) -> list[tuple[int, Mapping[str, Any]]]:
        """What the API changed or doubts, each with the index of its record."""
        return [(each.index, warning) for each in self.outcomes for warning in each.warnings]

    def having(self, *statuses: Status) -> Iterator[Outcome]:
        """Give the outcomes with one of some statuses, in order.

        Args:
            statuses: The statuses.
        """
        return (outcome for outcome in self.outcomes if outcome.status in statuses)

    def rejected_records(self) -> list[Mapping[str, Any]]:
        """Give the records that were rejected, as they were given, to be corrected and upserted."""
        return [outcome.record for outcome in self.having(Status.REJECTED)]

    def raise_for_rejections(self) -> None:
        """Raise unless every record was written, or would be in a dry run.

        Raises:
            UpsertStopped: The run was stopped before its end.
            RejectedRecords: Records were rejected, or nobody knows what became of them.
        """
        if self.stop is not None or (self.not_sent and not self.dry_run):
            raise UpsertStopped.of(self, stop_message(self))
        if self.rejected or self.unknown:
            raise RejectedRecords.of(self, rejection_message(self))

    def table(self, *, shown: int = _SHOWN) -> str:
        """Lay out what came of the run as plain text.

        Args:
            shown: How many of the records that were not written are shown at most.

        Returns:
            Lines with columns that line up, without a line break at the end.
        """
        stop = [] if self.stop is None else ["", *stop_lines(self.stop)]
        return "\n".join([*count_lines(self), *failure_lines(self, shown), *stop])

    def write_jsonl(self, target: str | os.PathLike[str] | IO[str]) -> None:
        """Write the report as JSON Lines: one line for each outcome, and one about the run.

        Values of records that JSON has no form for are kept as near as it comes: dates and decimal
        numbers as text, sets and tuples as lists, NaN as null, anything else as its text.

        Args:
            target: A path, or a file that is open for text in UTF-8.

        Raises:
            OSError: It cannot be written.
        """
        with _opened(target, "w") as file:
            for outcome in self.outcomes:
                file.write(f"{to_json(outcome_as_json(outcome))}\n")
            run = {
                "format": _FORMAT,
                "operation": self.operation,
                "records": self.records,
                "requests": self.requests,
                "batches": self.batches,
                "dry_run": self.dry_run,
                "stop": None if self.stop is None else stop_as_json(self.stop),
            }
            file.write(f"{to_json({'run': run})}\n")

    @classmethod
    def read_jsonl(cls, source: str | os.PathLike[str] | IO[str]) -> Self:
        """Read a report that `write_jsonl` wrote.

        Args:
            source: A path, or a file that is open for text in UTF-8.

        Returns:
            An equal report, but for values of records that JSON has no form for.

        Raises:
            OSError: It cannot be read.
            ValueError: It is no report, or not a whole one. The message names the line.
        """
        report, run = cls(), None
        with _opened(source, "r") as file:
            name = getattr(file, "name", "the report")
            for number, line in enumerate(file, start=1):
                where = f"{name}: line {number}"
                if run is not None:
                    raise ValueError(f"{where}: there is something after the end of the report")
                fields = _object(line, where)
                try:
                    if "run" in fields:
                        run = fields["run"]
                        report._take_run(run)
                    else:
                        report.add(outcome_from_json(fields))
                except (KeyError, TypeError, ValueError) as error:
                    raise ValueError(f"{where}: this is not as a report has it: {error}") from None
        if run is None:
            raise ValueError(f"{name}: the report has no end; it was not written completely")
        return report

    def _take_run(self, run: Mapping[str, Any]) -> None:
        if run["format"] != _FORMAT:
            raise ValueError(f"its format is {run['format']!r}, and {_FORMAT} can be read")
        if run["records"] != self.records:
            raise ValueError(f"{run['records']} records were written, and {self.records} read")
        self.operation = str(run["operation"])
        self.requests, self.batches = int(run["requests"]), int(run["batches"])
        self.dry_run = bool(run["dry_run"])
        self.stop = None if run["stop"] is None else stop_from_json(run["stop"])


def _object(line: str, where: str) -> dict[str, Any]:
    try:
        value: object = json.loads(line)
    except ValueError as error:
        raise ValueError(f"{where}: this is no JSON: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{where}: this is no JSON object")
    return cast("dict[str, Any]", value)


def _opened(file: str | os.PathLike[str] | IO[str], mode: str) -> AbstractContextManager[IO[str]]:
    if isinstance(file, (str, os.PathLike)):
        # The same line break everywhere, and none of the others that text may hold.
        return Path(file).open(mode, encoding="utf-8", newline="\n")
    return nullcontext(file)

"""What came of a bulk upsert: the report, and the exceptions that carry it."""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import IO, Any, Self, TypeVar, cast

from .._properties.conversion import ConvertedColumn
from ..errors import ApiError
from .figures import figures_as_json, figures_from_json
from .outcomes import (
    Outcome,
    outcome_as_json,
    outcome_from_json,
    stop_as_json,
    stop_from_json,
    to_json,
    told_of,
)
from .report_contents import ReportContents
from .report_page import fragment_of, page_of
from .report_text import rejection_message, stop_message, table_lines

E = TypeVar("E", bound=BaseException)

_FORMAT = 1
_SHOWN = 10
"""How many records that were not written the table shows."""

_ATTACHED = "upsert_report"
"""Not only `report`, which an exception of the caller may have, with a meaning of its own."""

_FRAME_TYPES = {
    "status": "string",
    "id": "string",
    "property": "string",
    "code": "string",
    "message": "string",
    "merged_into": "Int64",
    "warnings": "Int64",
}


class UpsertReport(ReportContents):
    """What came of a bulk upsert: one outcome for each record, in the order of the input.

    A report is always true, even if there were no records; `report.outcomes` may be empty. Printed,
    it is a table of the counts and of the first records that were not written.

    Args:
        operation: What was called, such as "items.batch_upsert".
        outcomes: What became of the records.
        requests: How many requests were sent.
        retries: How many of these sent again what an earlier one had not brought to its end.
        batches: How many batches the records made.
        stop: Why the run was stopped; None if it was not.
        dry_run: Whether nothing was meant to be sent.
        figures: What the run took; None if nobody knows.
        conversions: What values were converted, by property, with an example of each.

    Attributes:
        outcomes: What became of each record. Add with `add` and `extend`, which count.
    """

    def __str__(self) -> str:
        return self.table()

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
        return "\n".join(table_lines(self, shown))

    def write_html(self, target: str | os.PathLike[str] | IO[str]) -> None:
        """Write the report as one HTML page that needs nothing else, and works without a network.

        It shows what came of the records, requests over time, why records were not written, the slowest
        batches, and the first records that were not written, with their values.

        Args:
            target: A path, or a file that is open for text in UTF-8.

        Raises:
            OSError: It cannot be written.
        """
        with _opened(target, "w") as file:
            file.write(page_of(self))

    def to_frame(self) -> Any:
        """Give the outcomes as a `DataFrame` of pandas, to be counted, filtered and joined.

        Returns:
            A row for each outcome: status, id, property, code and message (of several problems joined),
            merged_into, and the number of warnings. The index is that of the record in the source, so that
            `people.reset_index(drop=True).join(report.to_frame())` shows each record with its outcome.

        Raises:
            ModuleNotFoundError: pandas is not installed, or something that it needs.
        """
        return _frame_of(self)

    def _repr_html_(self) -> str:
        """Give what notebooks show."""
        return fragment_of(self)

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
                "retries": self.retries,
                "batches": self.batches,
                "dry_run": self.dry_run,
                "stop": None if self.stop is None else stop_as_json(self.stop),
                "figures": None if self.figures is None else figures_as_json(self.figures),
                "conversions": [asdict(each) for each in self.conversions],
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
        self.retries = int(run.get("retries", 0))  # Reports of before have none.
        self.dry_run = bool(run["dry_run"])
        self.stop = None if run["stop"] is None else stop_from_json(run["stop"])
        # Reports of earlier releases have none.
        figures = run.get("figures")
        self.figures = None if figures is None else figures_from_json(figures)
        self.conversions = tuple(ConvertedColumn(**each) for each in run.get("conversions", ()))


class UnfinishedUpsert(ApiError, page="bulk"):
    """Not every record was written.

    Attributes:
        report: What came of the run.
    """

    report: UpsertReport

    @classmethod
    def of(cls, report: UpsertReport, message: str) -> Self:
        """Make the error that a report calls for, with a message that says what is wrong."""
        cause = None if report.stop is None else report.stop.error
        error = cls(
            operation=report.operation or "upsert",
            message=message,
            status=None if cause is None else cause.status,
            category=None if cause is None else cause.category,
            correlation_id=None if cause is None else cause.correlation_id,
        )
        error.report = report
        error.__cause__ = cause
        return error

    def __str__(self) -> str:
        # The message says what the error of the API says, its status and category included.
        return f"{self.operation}: {self.message}"


class RejectedRecords(UnfinishedUpsert, page="bulk"):
    """Records were rejected, or nobody knows what became of them. All others were written."""


class UpsertStopped(UnfinishedUpsert, page="bulk"):
    """The run was stopped before its end."""


def with_report(error: E, report: UpsertReport) -> E:
    """Attach what came of a run to the exception that ended it.

    Args:
        error: The exception; it is changed: its attribute `report` is the report, unless it has one of
            its own, and a note says what came of the run.
        report: The report.

    Returns:
        The same exception, to be raised.
    """
    setattr(error, _ATTACHED, report)
    if not hasattr(error, "report"):
        setattr(error, "report", report)
    error.add_note(f"The upsert was not finished; bulk.report_of(this exception) is {report!r}")
    return error


def report_of(error: BaseException) -> UpsertReport | None:
    """Give the report that an exception carries.

    Args:
        error: What `upsert` raised after it had begun, or what was made of that, as a timeout makes
            TimeoutError of a cancellation.

    Returns:
        What came of the records until then, or None if the exception is not about a run.
    """
    link: BaseException | None = error
    while link is not None and not hasattr(link, _ATTACHED):
        link = link.__cause__ or link.__context__
    return None if link is None else getattr(link, _ATTACHED)


def _frame_of(report: ReportContents) -> Any:
    try:
        pandas: Any = importlib.import_module("pandas")
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f"to_frame needs pandas ({error}); pip install pandas", name=error.name
        ) from None
    index = pandas.Index(
        [outcome.index for outcome in report.outcomes], dtype="int64", name="index"
    )
    rows = map(_frame_row, report.outcomes)
    return pandas.DataFrame(rows, columns=list(_FRAME_TYPES), index=index).astype(_FRAME_TYPES)


def _frame_row(outcome: Outcome) -> tuple[object, ...]:
    told = (text or None for text in told_of(outcome))
    return (str(outcome.status), outcome.id, *told, outcome.merged_into, len(outcome.warnings))


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

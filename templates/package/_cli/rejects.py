"""Writes what was rejected to a file that can be corrected and read again."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from .._bulk.outcomes import Outcome, Status
from .._bulk.serialization import to_json
from .mapping import PROBLEM_COLUMNS, SourceRecord
from .problems import BadInput
from .source import STANDARD_INPUT, Source, delimiter_of, format_of

WRITTEN_OF = frozenset({Status.REJECTED, Status.UNKNOWN})
"""The statuses of the records that such a file holds. Writing a record twice does no harm."""


class Rejects:
    """A file of records that were rejected, or that nobody knows about, with what is wrong with them.

    Their own columns are as they were read. What the file held before goes with the first outcome, and
    not before. It is a context manager.

    Args:
        path: Where to write it; its name tells the format.
        source: The file that the records come from.
        source_path: Its path.
        delimiter: What stands between the fields of CSV; None for what is usual.

    Attributes:
        count: How many records it holds.

    Raises:
        BadInput: It cannot be written, is the source, or has a format that does not do.
    """

    def __init__(
        self, path: str, source: Source, source_path: str, *, delimiter: str | None = None
    ) -> None:
        self.count = 0
        self._has_begun = False
        chosen = format_of(path)
        if chosen == "parquet":
            raise BadInput(
                f"{path}: rejected records are written as CSV or JSON Lines; name such a file"
            )
        if _is_same(path, source_path):
            raise BadInput(
                f"{path} is the file that is read; write rejected records to another one"
            )
        if chosen == "csv" and source.columns is None:
            raise BadInput(
                f"{path}: records of JSON Lines differ in their fields; name a .jsonl file"
            )
        self._columns = [each for each in source.columns or () if each not in PROBLEM_COLUMNS]
        self._file = _opened(path)
        self._writer: Any = None
        if chosen == "csv":
            self._writer = csv.writer(
                self._file, delimiter=delimiter or delimiter_of(path), lineterminator="\n"
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._file.close()

    def add(self, outcome: Outcome) -> None:
        """Write a record if it was rejected, or if nobody knows about it.

        Args:
            outcome: What became of it.
        """
        if not self._has_begun:
            self._begin()
        if outcome.status not in WRITTEN_OF:
            return
        self.count += 1
        record = outcome.record
        row = record.row if isinstance(record, SourceRecord) else None
        values = record if row is None else row.values
        problems = _problems(outcome, None if row is None else row.line)
        if self._writer is not None:
            own = [_cell(values.get(column)) for column in self._columns]
            self._writer.writerow([*own, *problems])
        else:
            own_values = {key: value for key, value in values.items() if key not in PROBLEM_COLUMNS}
            told = dict(zip(PROBLEM_COLUMNS, problems, strict=True))
            self._file.write(f"{to_json({**own_values, **told})}\n")

    def finish(self) -> None:
        """Make sure that nothing of what the file held before is left."""
        if not self._has_begun:
            self._begin()
        self._file.flush()

    def _begin(self) -> None:
        self._has_begun = True
        self._file.truncate(0)
        if self._writer is not None:
            self._writer.writerow([*self._columns, *PROBLEM_COLUMNS])


def _problems(outcome: Outcome, line: int | None) -> tuple[int | None, str, str, str, str]:
    """Give the values of `PROBLEM_COLUMNS`; what several problems say is joined."""
    return (
        line,
        str(outcome.status),
        "; ".join(dict.fromkeys(each.property for each in outcome.problems if each.property)),
        "; ".join(dict.fromkeys(each.code for each in outcome.problems if each.code)),
        "; ".join(each.message for each in outcome.problems) or outcome.reason or "",
    )


def _cell(value: object) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else to_json(value).strip('"')


def _is_same(one: str, other: str) -> bool:
    if other == STANDARD_INPUT:
        return False
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _opened(path: str) -> IO[str]:
    try:
        return Path(path).open("a", encoding="utf-8", newline="")
    except OSError as error:
        raise BadInput(f"{path}: it cannot be written: {error.strerror or error}") from None

"""Writes what was rejected to a file that can be corrected and read again, as its source was."""

from __future__ import annotations

import csv
import io
import json
import math
import os
import stat
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import tzinfo
from pathlib import Path
from typing import Any, cast

from .._bulk.outcomes import to_json, told_of
from .._properties.texts import UnsupportedValue, value_text
from ..bulk import Outcome
from .columns import SourceRecord, UnreadableRow
from .content import STANDARD_INPUT, without_compression
from .csv_source import CsvSource
from .display import FAILED
from .errors import BadInput
from .rows import KEEPING, PROBLEM_COLUMNS, TEXT_COLUMN, Row, Source, TextSource, not_to_be_sent
from .source import Format, delimiter_of, format_named


class Rejects(ExitStack):
    """A file of records that were rejected, or that nobody knows about, with what is wrong with them.

    It has the format, the delimiter and the encoding of their source, so that whoever reads it as that
    was read gets the same records; those of Parquet become JSON Lines, with values as they would be
    sent. Writing a record twice does no harm. What the file held before goes with the first outcome,
    and not before. It is a context manager.

    Args:
        path: Where to write it.
        source: The file that the records come from.
        source_path: Its path.
        format: The format that the caller said the source has; None if its name says it.
        delimiter: The delimiter that the caller said the source has; None if its name says it.
        timezone: The time zone of datetimes that have none; None if there are none.

    Attributes:
        count: How many records it holds.

    Raises:
        BadInput: It cannot be written, is the source, or would be read otherwise than that.
    """

    def __init__(
        self,
        path: str,
        source: Source,
        source_path: str,
        *,
        format: Format | None = None,
        delimiter: str | None = None,
        timezone: tzinfo | None = None,
    ) -> None:
        super().__init__()
        self.count = 0
        self._has_begun = False
        self._source = source
        self._timezone = timezone
        if is_same_file(path, source_path):
            raise BadInput(
                f"{path} is the file that is read; write rejected records to another one"
            )
        self._check_name(path, format, delimiter)
        self._columns = [each for each in source.columns or () if each not in PROBLEM_COLUMNS]
        try:
            self._bytes = self.enter_context(Path(path).open("ab"))
        except OSError as error:
            raise BadInput(f"{path}: it cannot be written: {error.strerror or error}") from None
        self._encoding = source.encoding if isinstance(source, TextSource) else "utf-8"
        # The bytes that could not be decoded are the ones to be corrected.
        self._file = io.TextIOWrapper(
            self._bytes, encoding=self._encoding, errors=KEEPING, newline=""
        )
        self.callback(self._file.close)
        self._writer: Any = None
        if isinstance(source, CsvSource):
            # By its line end `csv` tells what has to be quoted, and readers take each of both for one.
            self._writer = csv.writer(self, delimiter=source.delimiter, lineterminator="\r\n")

    def add(self, outcome: Outcome) -> None:
        """Write the record of an outcome if it was rejected, or if nobody knows about it."""
        if not self._has_begun:
            self._begin()
        if outcome.status not in FAILED:
            return
        self.count += 1
        record = outcome.record
        row = record.row if isinstance(record, (SourceRecord, UnreadableRow)) else None
        problems = self._problems(outcome, row)
        if self._writer is not None:
            self._writer.writerow([*self._own_cells(record, row), *problems])
            return
        values = record if row is None else row.values
        own = {
            key: _sent(value, self._timezone)
            for key, value in values.items()
            if key not in PROBLEM_COLUMNS
        }
        told = dict(zip(PROBLEM_COLUMNS, problems, strict=True))
        if not told[TEXT_COLUMN]:
            del told[TEXT_COLUMN]
        text = to_json({**own, **told})
        if not self._encoding.startswith("utf"):
            text = json.dumps(json.loads(text))  # Not all encodings have all characters.
        self._file.write(f"{text}\n")

    def write(self, row: str) -> None:
        """Take a row of CSV from its writer."""
        self._file.write(f"{row[:-2]}\n")

    def finish(self) -> None:
        """Make sure that nothing of what the file held before is left."""
        if not self._has_begun:
            self._begin()
        self._file.flush()

    def _begin(self) -> None:
        self._has_begun = True
        if stat.S_ISREG(os.fstat(self._bytes.fileno()).st_mode):  # And no pipe, for example.
            self._file.seek(0)
            self._file.truncate()
        if self._writer is not None:
            self._writer.writerow([*self._columns, *PROBLEM_COLUMNS])

    def _check_name(self, path: str, format: Format | None, delimiter: str | None) -> None:
        """Refuse a name by which the file would be read otherwise than it is written."""
        name = self._source.name
        if without_compression(path) != path:
            raise BadInput(
                f"{path}: rejected records are to be corrected, and are not compressed; name a file "
                f"such as {Path(without_compression(path)).name}"
            )
        is_csv = isinstance(self._source, CsvSource)
        wanted: Format = "csv" if is_csv else "jsonl"
        named = format_named(path)
        if format in (None, "parquet") and named is None:
            raise BadInput(
                f"{path}: the format of rejected records cannot be told from the name; name a .{wanted} "
                "file"
            )
        if named not in (None, wanted):
            why = (
                "keep the format of their source"
                if is_csv or named == "parquet"
                else "tell an empty text from nothing, and may differ in their fields"
            )
            raise BadInput(f"{path}: records of {name} {why}; name a .{wanted} file")
        found = self._source.delimiter if isinstance(self._source, CsvSource) else None
        if found is not None and delimiter is None and delimiter_of(path) != found:
            other = ".tsv" if found == "\t" else ".csv"
            raise BadInput(
                f"{path}: records of {name} keep the delimiter of their source; name a {other} file"
            )

    def _own_cells(self, record: Mapping[str, Any], row: Row | None) -> list[str]:
        if row is not None and row.cells is not None:
            return list(row.cells)
        values = record if row is None else row.values
        return [values.get(column, "") for column in self._columns]

    def _problems(
        self, outcome: Outcome, row: Row | None
    ) -> tuple[int | None, str, str, str, str, str]:
        """Give the values of `PROBLEM_COLUMNS`; what several problems say is joined."""
        told, code, message = map(self._written, told_of(outcome))
        return (
            None if row is None else row.line,
            str(outcome.status),
            told,
            code,
            message,
            "" if row is None or row.text is None else row.text,
        )

    def _written(self, text: str) -> str:
        """Give a text of others as far as the encoding has characters for it."""
        if self._writer is None:
            return text
        return text.encode(self._encoding, "backslashreplace").decode(self._encoding)


def _sent(value: object, timezone: tzinfo | None) -> object:
    """Give a value that JSON has no form for as it would be sent."""
    if value is None or isinstance(value, (str, bool, int, dict)):
        return cast("object", value)
    if isinstance(value, float) and not math.isinf(value):
        return value
    if isinstance(value, list):
        return [_sent(each, timezone) for each in cast("list[object]", value)]
    try:
        return value_text(value, None, timezone)
    except UnsupportedValue:
        return not_to_be_sent(value)


def is_same_file(one: str, other: str) -> bool:
    """Tell whether two paths lead to one file that exists."""
    if other == STANDARD_INPUT:
        return False
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False

"""Opens files of rows, whatever their format, and reads JSON Lines and Parquet."""

from __future__ import annotations

import importlib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any, Literal, NoReturn, TypeAlias, cast, get_args

from .content import STANDARD_INPUT, Content, name_of, without_compression
from .csv_source import CsvSource
from .errors import BadInput, how_to_install
from .rows import PROBLEM_COLUMNS, TEXT_COLUMN, Row, Source, TextSource, not_to_be_sent

Format: TypeAlias = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = get_args(Format)

_FORMAT_OF: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}
_ROWS_AT_ONCE = 1000
_BEGINS_ARRAY = re.compile(r"\s*\[\s*(\{|$)")


def format_named(path: str) -> Format | None:
    """Tell the format of a file from the end of its name; None if it does not say."""
    return _FORMAT_OF.get(Path(without_compression(path)).suffix.lower())


def format_of(path: str) -> Format:
    """Tell the format of a file from the end of its name, which `-` for standard input has not.

    Raises:
        BadInput: It cannot be told, or the file cannot be read; the message says what to do.
    """
    found = format_named(path)
    if found is None:
        if Path(path).is_file():
            Content(path).close()  # It names what a workbook and the like are.
        raise BadInput(
            f"{name_of(path)}: the format cannot be told from the name; give --format {'|'.join(FORMATS)}"
        )
    return found


def delimiter_of(path: str) -> str:
    """Tell what usually stands between the fields of a CSV file, from the end of its name."""
    return "\t" if Path(without_compression(path)).suffix.lower() == ".tsv" else ","


def open_source(
    path: str,
    format: Format | None = None,
    *,
    delimiter: str | None = None,
    encoding: str = "utf-8",
) -> Source:
    """Open a file.

    Args:
        path: Its path, or `-` for standard input.
        format: Its format; None to tell it from the name.
        delimiter: What stands between the fields of a CSV file; None for what is usual.
        encoding: How its text is encoded.

    Raises:
        BadInput: It cannot be read, or its columns cannot.
    """
    chosen = format or format_of(path)
    if chosen == "parquet":
        return _ParquetFile(path)
    if chosen == "jsonl":
        return _JsonLinesFile(path, encoding)
    return CsvSource(path, encoding, delimiter or delimiter_of(path), is_usual=delimiter is None)


class _JsonLinesFile(TextSource):
    def __iter__(self) -> Iterator[Row]:
        is_first = True
        for line, text in enumerate(self._lines(), start=1):
            if text.isspace():
                continue
            if is_first and _BEGINS_ARRAY.match(text):
                raise BadInput(
                    f"{self.name}: line {line}: this is a JSON array; JSON Lines has one object a line: "
                    "jq -c '.[]' FILE | … -"
                )
            is_first = False
            yield self._row(line, text.rstrip("\r\n"))

    def _row(self, line: int, text: str) -> Row:
        problem = self._undecodable(text)
        if problem is not None:
            return Row(line, {}, problem, text)
        try:
            value: object = json.loads(text, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            problem = f"this is no JSON: {error.msg.removesuffix(' at')} at character {error.colno}"
        except (ValueError, RecursionError) as error:
            problem = f"this is no JSON: {error}"
        else:
            if isinstance(value, dict):
                return self._object(line, cast("dict[str, Any]", value))
            problem = 'this is no JSON object, such as {"email": "ada@example.com"}'
        return Row(line, {}, problem, text)

    def _object(self, line: int, values: dict[str, Any]) -> Row:
        text = values.get(TEXT_COLUMN)
        if isinstance(text, str) and text and all(name in PROBLEM_COLUMNS for name in values):
            # It was rejected because of its text, which may have been corrected.
            return self._row(line, self._decoded(text))
        return Row(line, values)

    def _decoded(self, text: str) -> str:
        """Decode a text again that was written with another encoding in mind."""
        try:
            return text.encode(self.encoding, "surrogateescape").decode(
                self.encoding, "surrogateescape"
            )
        except UnicodeError:
            return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has no {name}")


class _ParquetFile(Source):
    def __init__(self, path: str) -> None:
        super().__init__(path)
        if path == STANDARD_INPUT:
            raise BadInput("Parquet cannot be read from standard input; give the path of a file")
        try:
            # Its types are unknown unless it is installed.
            self._arrow: Any = importlib.import_module("pyarrow")
            self._compute: Any = importlib.import_module("pyarrow.compute")
            parquet: Any = importlib.import_module("pyarrow.parquet")
        except ModuleNotFoundError as error:
            line = how_to_install(error)
            if line is None:
                raise
            raise BadInput(f"{path}: {line}") from None
        try:
            self._file: Any = self.enter_context(parquet.ParquetFile(path))
        except (OSError, self._arrow.ArrowException) as error:
            raise BadInput(f"{path}: {_first_line(error)}") from None
        self.columns = tuple(self._file.schema_arrow.names)
        self._count: int = self._file.metadata.num_rows
        self._done = 0

    def __iter__(self) -> Iterator[Row]:
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for values, problem in self._rows(batch):
                    self._done += 1
                    yield Row(self._done, values, problem)
        except (OSError, self._arrow.ArrowException) as error:
            raise BadInput(f"{self.name}: line {self._done + 1}: {_first_line(error)}") from None

    def fraction(self) -> float | None:
        return self._done / self._count if self._count else None

    def _rows(self, batch: Any) -> Iterator[tuple[dict[str, Any], str | None]]:
        """Give the rows of a batch, and what is wrong with them."""
        exact = self._exact(batch)
        try:
            rows: list[dict[str, Any]] = exact.to_pylist()
        except (ValueError, OverflowError):
            yield from map(self._row, repeat(exact), range(exact.num_rows))
        else:
            yield from zip(rows, repeat(None))

    def _row(self, batch: Any, place: int) -> tuple[dict[str, Any], str | None]:
        values: dict[str, Any] = {}
        problem = None
        for name, column in zip(batch.schema.names, batch.columns, strict=True):
            try:
                values[name] = column[place].as_py()
            except (ValueError, OverflowError) as error:
                values[name] = not_to_be_sent(self._text(column[place]))
                problem = f"the value of {name!r} cannot be read: {_first_line(error)}"
        return values, problem

    def _text(self, scalar: Any) -> str:
        if hasattr(scalar, "as_buffer"):
            return bytes(scalar.as_buffer()).decode(errors="backslashreplace")
        try:
            return str(scalar.cast(self._arrow.string()))
        except ValueError:
            return str(scalar.type)

    def _exact(self, batch: Any) -> Any:
        """Give a batch with nothing in it that Python has no exact value for."""
        arrow = self._arrow
        columns = list(batch.columns)
        for place, column in enumerate(columns):
            kind = column.type
            if arrow.types.is_float32(kind):
                columns[place] = self._widened(column)
            elif arrow.types.is_timestamp(kind) and kind.unit == "ns":
                columns[place] = column.cast(arrow.timestamp("us", kind.tz), safe=False)
        return arrow.RecordBatch.from_arrays(columns, names=batch.schema.names)

    def _widened(self, column: Any) -> Any:
        """Give numbers of single precision by their text, as 19.99, unless they are whole."""
        arrow, compute = self._arrow, self._compute
        exact, short = column.cast(arrow.float64()), column.cast(arrow.string())
        is_whole = compute.equal(compute.trunc(exact), exact)
        return compute.if_else(is_whole, exact, short.cast(arrow.float64()))


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__

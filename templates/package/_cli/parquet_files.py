"""Reads Parquet, if pyarrow is installed."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

from .installation import how_to_install
from .problems import BadInput
from .source import STANDARD_INPUT, Row, Source, name_of

_ROWS_AT_ONCE = 1000


class ParquetFile(Source):
    """A Parquet file."""

    def __init__(self, path: str) -> None:
        super().__init__(name_of(path))
        if path == STANDARD_INPUT:
            raise BadInput("Parquet cannot be read from standard input; give the path of a file")
        try:
            # Its types are unknown unless it is installed.
            self._arrow: Any = importlib.import_module("pyarrow")
            parquet: Any = importlib.import_module("pyarrow.parquet")
        except ModuleNotFoundError as error:
            line = how_to_install(error)
            if line is None:
                raise
            raise BadInput(f"{path}: {line}") from None
        try:
            self._file: Any = self._closing.enter_context(parquet.ParquetFile(path))
        except (OSError, self._arrow.ArrowException) as error:
            raise BadInput(f"{path}: {_first_line(error)}") from None
        self.columns = tuple(self._file.schema_arrow.names)
        self._count: int = self._file.metadata.num_rows
        self._done = 0
        doubled = sorted({each for each in self.columns if self.columns.count(each) > 1})
        if doubled:
            self.close()
            raise BadInput(f"{path}: there are two columns {doubled[0]!r}; rename or remove one")

    def __iter__(self) -> Iterator[Row]:
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for values in batch.to_pylist():
                    self._done += 1
                    yield Row(self._done, values)
        except (OSError, self._arrow.ArrowException) as error:
            self.refuse(self._done + 1, _first_line(error))

    def fraction(self) -> float | None:
        return self._done / self._count if self._count else None


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0] or type(error).__name__

"""What a file of records is, whatever its format."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, NamedTuple, NoReturn, Self, TypeAlias

from .problems import BadInput

Format: TypeAlias = Literal["csv", "jsonl", "parquet"]
FORMATS: tuple[Format, ...] = ("csv", "jsonl", "parquet")
STANDARD_INPUT = "-"

_FORMAT_OF: Mapping[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
}


class Row(NamedTuple):
    """A row of a file.

    Attributes:
        line: The number of the line at which it begins; of the row itself in Parquet. From 1.
        values: What it holds, by column.
    """

    line: int
    values: dict[str, Any]


def format_of(path: str) -> Format:
    """Tell the format of a file from the end of its name.

    Args:
        path: The path, or `-` for standard input.

    Raises:
        BadInput: It cannot be told.
    """
    found = _FORMAT_OF.get(Path(path).suffix.lower())
    if found is None:
        raise BadInput(
            f"{name_of(path)}: the format cannot be told from the name; give --format {'|'.join(FORMATS)}"
        )
    return found


def name_of(path: str) -> str:
    """Return what to call a file in messages."""
    return "standard input" if path == STANDARD_INPUT else path


def delimiter_of(path: str) -> str:
    """Tell what usually stands between the fields of a CSV file, from the end of its name."""
    return "\t" if Path(path).suffix.lower() == ".tsv" else ","


class Source(ABC):
    """A file that is being read. A context manager; iterate over it once.

    Attributes:
        name: What to call it in messages.
        columns: The names of its columns; None if each row may have others.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.columns: tuple[str, ...] | None = None
        self._closing = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._closing.close()

    @abstractmethod
    def __iter__(self) -> Iterator[Row]:
        """Give the rows.

        Raises:
            BadInput: What follows cannot be read.
        """

    def fraction(self) -> float | None:
        """Tell how much of the file was read, from 0 to 1; None if nobody knows."""
        return None

    def refuse(self, line: int, problem: str) -> NoReturn:
        """Refuse the file because of one of its lines.

        Raises:
            BadInput: Always.
        """
        raise BadInput(f"{self.name}: line {line}: {problem}")

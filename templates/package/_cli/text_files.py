"""Reads CSV and JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, NoReturn, cast

from .problems import BadInput
from .source import STANDARD_INPUT, Row, Source, name_of


class TextFile(Source):
    """A file of lines."""

    def __init__(self, path: str, encoding: str) -> None:
        super().__init__(name_of(path))
        self._encoding = encoding
        self._bytes: IO[bytes]
        # The mark that some programs put at the beginning of a file is no part of the first name.
        decoded = (
            "utf-8-sig" if encoding.lower().replace("_", "-") in {"utf-8", "utf8"} else encoding
        )
        try:
            # What cannot be decoded is kept for the moment, to tell in which line it stands.
            options: dict[str, Any] = {
                "encoding": decoded,
                "errors": "surrogateescape",
                "newline": "",
            }
            if path == STANDARD_INPUT:
                self._bytes = sys.stdin.buffer
                self._file = io.TextIOWrapper(self._bytes, **options)
                # Whoever reads standard input does not own it.
                self._closing.callback(self._file.detach)
            else:
                self._bytes = Path(path).open("rb")
                self._closing.callback(self._bytes.close)
                self._file = io.TextIOWrapper(self._bytes, **options)
            self._size = os.fstat(self._bytes.fileno()).st_size
        except (OSError, io.UnsupportedOperation) as error:
            self.close()
            raise BadInput(f"{self.name}: {error.strerror or error}") from None
        except LookupError:
            self.close()
            raise BadInput(f"{encoding!r} is no encoding; try utf-8, cp1252 or utf-16") from None

    def fraction(self) -> float | None:
        if not (self._size and self._bytes.seekable()):
            return None
        return min(1.0, self._bytes.tell() / self._size)

    def _lines(self) -> Iterator[str]:
        number = 0
        try:
            for number, line in enumerate(self._file, start=1):
                if not line.isascii():
                    try:
                        line.encode()
                    except UnicodeEncodeError as error:
                        self._refuse_encoding(number, line[error.start])
                yield line
        except UnicodeError as error:  # Not all encodings can be kept.
            self.refuse(number + 1, f"this is not {self._encoding}: {error}; give its --encoding")
        except OSError as error:
            raise BadInput(f"{self.name}: {error.strerror or error}") from None

    def _refuse_encoding(self, line: int, kept: str) -> NoReturn:
        byte = ord(kept) - 0xDC00
        what = f"the byte 0x{byte:02x}" if 0 <= byte <= 0xFF else "half a character"
        self.refuse(line, f"{what} is not {self._encoding}; give its --encoding, such as cp1252")


class CsvFile(TextFile):
    """A CSV file with a header."""

    def __init__(self, path: str, encoding: str, delimiter: str) -> None:
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise BadInput(f"--delimiter must be one character, or 'tab'; got {delimiter!r}")
        super().__init__(path, encoding)
        self._delimiter = delimiter
        self._reader = csv.reader(self._lines(), delimiter=delimiter, strict=True)
        try:
            header = next(self._rows(), None)
            if header is None:
                raise BadInput(
                    f"{self.name}: the file is empty; a header with columns was expected"
                )
            self.columns = self._checked(*header)
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[Row]:
        columns = self.columns or ()
        for line, fields in self._rows():
            if len(fields) != len(columns):
                found = "is 1 field" if len(fields) == 1 else f"are {len(fields)} fields"
                self.refuse(
                    line,
                    f"there {found}, and the header has {len(columns)}; "
                    "is a delimiter or a quote missing?",
                )
            yield Row(line, dict(zip(columns, fields, strict=True)))

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        reader = self._reader
        while True:
            # Fields may hold line breaks: a row begins after the last line of the one before.
            line = reader.line_num + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                self.refuse(line, f"this is no CSV: {error}; is a quote not closed?")
            if fields:
                yield line, fields

    def _checked(self, line: int, columns: list[str]) -> tuple[str, ...]:
        for position, column in enumerate(columns):
            if not column.strip():
                self.refuse(line, f"column {position + 1} has no name; name it or remove it")
            if column in columns[:position]:
                self.refuse(line, f"there are two columns {column!r}; rename or remove one")
        return tuple(columns)


class JsonLinesFile(TextFile):
    """A file with a JSON object on each line."""

    def __init__(self, path: str, encoding: str) -> None:
        super().__init__(path, encoding)

    def __iter__(self) -> Iterator[Row]:
        for line, text in enumerate(self._lines(), start=1):
            if text.isspace():
                continue
            try:
                value: object = json.loads(text, parse_constant=_refuse_constant)
            except json.JSONDecodeError as error:
                self.refuse(line, f"this is no JSON: {error.msg} at character {error.colno}")
            except (ValueError, RecursionError) as error:
                self.refuse(line, f"this is no JSON: {error}")
            if not isinstance(value, dict):
                self.refuse(line, 'this is no JSON object, such as {"email": "ada@example.com"}')
            yield Row(line, cast("dict[str, Any]", value))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"it has no {name}")

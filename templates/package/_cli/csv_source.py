"""Reads rows of CSV, also past those that cannot be read.

What the text of a bad row is, is a question of its own: a quote that is not closed takes the rows after it
along. They are read by themselves again if they are rows without any doubt. Otherwise the quoted text may
really be that long, and no line out of the middle of a text must be sent as a record.
"""

from __future__ import annotations

import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from typing import NoReturn

from .errors import BadInput
from .rows import PROBLEM_COLUMNS, TEXT_COLUMN, Row, TextSource

LONGEST_FIELD = 131_072
"""The most characters of a field that is sent: the limit that Python's `csv` has by default. No field of
the API is known to take as many."""

_LONGEST_READ = 2**22
"""The most characters of a field that is read, to find out where it ends."""

_EVIDENCE = 3
"""So many lines in a row that are whole rows are no text by chance."""

_NO_CSV = "this is no CSV: {}; is a quote not closed, or not doubled?"

_DELIMITERS = {";": "';'", "\t": "tab", "|": "'|'", ",": "','"}


class CsvSource(TextSource):
    """A CSV file.

    Args:
        path: Its path, or `-` for standard input.
        encoding: How its text is encoded.
        delimiter: What stands between its fields.
        is_usual: Whether nobody said so.

    Raises:
        BadInput: It cannot be read, or has no header.
    """

    def __init__(self, path: str, encoding: str, delimiter: str, *, is_usual: bool) -> None:
        if len(delimiter) != 1 or delimiter in '"\r\n':
            raise BadInput(f"--delimiter must be one character, or 'tab'; got {delimiter!r}")
        super().__init__(path, encoding)
        self.delimiter = delimiter
        # For the whole process, which is the command's: there is no other way to set it.
        csv.field_size_limit(_LONGEST_READ)
        self._input = _Lines(self._lines())
        self._reader = csv.reader(self._input, delimiter=delimiter, strict=True)
        try:
            self.columns = self._header(is_usual)
        except BaseException:
            self.close()
            raise
        self._own = [
            place for place, column in enumerate(self.columns) if column not in PROBLEM_COLUMNS
        ]
        self._text = self.columns.index(TEXT_COLUMN) if TEXT_COLUMN in self.columns else None
        self._is_unique = len(set(self.columns)) == len(self.columns)

    def __iter__(self) -> Iterator[Row]:
        while (row := self._next()) is not None:
            line, fields, problem = row
            if problem is not None:
                yield self._unread(line, problem)
            elif any(map(str.strip, fields)):
                yield from self._rows(line, fields)

    def _next(self) -> tuple[int, list[str], str | None] | None:
        """Read the fields of the next row, or what keeps them from being read; None at the end."""
        while True:
            # Fields may hold line breaks: a row begins after the last line of the one before.
            line = self._input.number + 1
            self._input.taken.clear()
            try:
                fields = next(self._reader, None)
            except csv.Error as error:
                self._find_end()
                return line, [], _NO_CSV.format(error)
            if fields is None:
                return None
            if fields:
                return line, fields, None

    def _rows(self, line: int, fields: list[str]) -> Iterator[Row]:
        columns = self.columns or ()
        if len(fields) != len(columns):
            yield self._unread(line, self._miscounted(fields, len(columns)))
            return
        own = fields if self._text is None else [fields[place] for place in self._own]
        if self._text is not None and fields[self._text] and not any(own):
            yield from self._again(line, fields[self._text])
            return
        yield self._whole(line, columns, fields, own)

    def _whole(
        self, line: int, columns: Sequence[str], fields: Sequence[str], own: Sequence[str]
    ) -> Row:
        whole = "".join(own)
        problem = self._undecodable(whole)
        if problem is None and len(whole) > LONGEST_FIELD:
            problem = _too_long(columns, fields)
        values = dict(zip(columns, fields, strict=True))
        return Row(line, values, problem, cells=None if self._is_unique else own)

    def _unread(self, line: int, problem: str) -> Row:
        return Row(line, {}, problem, "".join(self._input.taken).rstrip("\r\n"))

    def _again(self, line: int, text: str) -> Iterator[Row]:
        """Read what was rejected because of its text, as it is now: possibly several rows."""
        columns = [(self.columns or ())[place] for place in self._own]
        try:
            rows = [each for each in self._parsed(text) if each]
        except csv.Error as error:
            yield Row(line, {}, _NO_CSV.format(error), text)
            return
        for fields in rows:
            if len(fields) != len(columns):
                yield Row(line, {}, self._miscounted(fields, len(columns)), text)
                return
        for fields in rows:
            yield self._whole(line, columns, fields, fields)

    def _miscounted(self, fields: list[str], wanted: int) -> str:
        found = "is 1 field" if len(fields) == 1 else f"are {len(fields)} fields"
        return f"there {found}, and the header has {wanted}; is a delimiter or a quote missing?"

    def _parsed(self, text: str) -> list[list[str]]:
        lines = io.StringIO(text, newline="")
        return list(csv.reader(lines, delimiter=self.delimiter, strict=True))

    def _find_end(self) -> None:
        """Find out how many of the lines that were taken belong to the bad row, and give back the others."""
        lines = self._input
        following = lines.taken[1:]
        if len(following) > _EVIDENCE and self._are_rows(following[:_EVIDENCE]):
            del lines.taken[1:]
            lines.give_back(following)
            return
        # A quoted text with a quote in it that is not doubled goes on to where they are even.
        more: list[str] = []
        is_open, size = "".join(lines.taken).count('"') % 2 == 1, 0
        while is_open and size < _LONGEST_READ and (line := lines.further()) is not None:
            more.append(line)
            size += len(line)
            if line.count('"') % 2 == 1:
                lines.taken.extend(more)
                return
            if len(more) >= _EVIDENCE and self._are_rows(more[-_EVIDENCE:]):
                break
        lines.give_back(more)

    def _are_rows(self, lines: list[str]) -> bool:
        count = len(self.columns or ())
        try:
            return count > 1 and all(
                [len(fields) for fields in self._parsed(line)] == [count] for line in lines
            )
        except csv.Error:
            return False

    def _header(self, is_usual: bool) -> tuple[str, ...]:
        found = self._next()
        while found is not None and found[2] is None and not any(map(str.strip, found[1])):
            found = self._next()
        if found is None:
            raise BadInput(f"{self.name}: the file is empty; a header with columns was expected")
        line, columns, problem = found
        problem = problem or self._undecodable("".join(columns))
        if problem is not None:
            self._refuse(line, problem)
        if len(columns) == 1 and is_usual:
            for other, called in _DELIMITERS.items():
                if other != self.delimiter and other in columns[0]:
                    self._refuse(
                        line,
                        f"the header is one column, {columns[0]!r}; if {called} stands between "
                        f"columns, give --delimiter {called}",
                    )
        return tuple(columns)

    def _refuse(self, line: int, problem: str) -> NoReturn:
        raise BadInput(f"{self.name}: line {line}: {problem}")


class _Lines(Iterator[str]):
    """The lines of a file, of which some can be given back.

    Attributes:
        number: How many were given.
        taken: Those that were given for this row.
    """

    def __init__(self, lines: Iterator[str]) -> None:
        self.number = 0
        self.taken: list[str] = []
        self._lines = lines
        self._waiting: deque[str] = deque()

    def __next__(self) -> str:
        line = self._waiting.popleft() if self._waiting else next(self._lines)
        self.number += 1
        self.taken.append(line)
        return line

    def further(self) -> str | None:
        """Give the next line, without taking it for this row; None at the end."""
        line = self._waiting.popleft() if self._waiting else next(self._lines, None)
        self.number += line is not None
        return line

    def give_back(self, lines: list[str]) -> None:
        """Take the last lines back, to be given again."""
        self.number -= len(lines)
        self._waiting.extendleft(reversed(lines))


def _too_long(columns: Sequence[str], fields: Sequence[str]) -> str | None:
    column, field = max(zip(columns, fields, strict=True), key=lambda each: len(each[1]))
    if len(field) <= LONGEST_FIELD:
        return None
    return (
        f"the field {column!r} has {len(field):,} characters, and {LONGEST_FIELD:,} are the most; "
        "is a quote not closed?"
    )

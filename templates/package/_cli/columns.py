"""From rows of a file to records of the API."""

from __future__ import annotations

import re
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from itertools import chain, islice
from typing import Any, TypeAlias

from pydantic_core import from_json

from .._properties.texts import value_text
from .._runtime.suggestion import nearest
from ..bulk import UnreadableRecord
from .errors import BadInput, listed
from .header import PropertyNames, option
from .mapping import ColumnMapping
from .record_fields import RecordFields
from .rows import PROBLEM_COLUMNS, Row, Source

_LOOKED_AT = 100
"""How many rows tell which columns there are, where there is no header."""
_REMEMBERED = 1000
_NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?\s*")
_WIDENED = re.compile(r"-?[0-9]+\.0")

Properties: TypeAlias = tuple[tuple[str, str], ...]
"""Columns and the properties that they become."""

NOTHING_SAVED = ColumnMapping()
"""Where there is no mapping of an earlier run."""


class SourceRecord(dict[str, Any]):
    """A record that knows where it comes from.

    Attributes:
        row: The row of the file.
    """

    __slots__ = ("row",)

    def __init__(self, values: Mapping[str, Any], row: Row) -> None:
        super().__init__(values)
        self.row = row


class UnreadableRow(UnreadableRecord):
    """The same of a row that cannot be sent."""

    def __init__(self, message: str, row: Row) -> None:
        super().__init__(message)
        self.row = row


class Lines:
    """Knows the line of each record by its index. It remembers only where one does not follow the other."""

    def __init__(self) -> None:
        self._count, self._shift = 0, -1
        self._indices, self._lines = array("q"), array("q")

    def add(self, line: int) -> None:
        """Note the line of the next record."""
        if line - self._count != self._shift:
            self._shift = line - self._count
            self._indices.append(self._count)
            self._lines.append(line)
        self._count += 1

    def of(self, index: int) -> int:
        """Give the line of a record that was noted."""
        place = bisect_right(self._indices, index) - 1
        return self._lines[place] + index - self._indices[place]


class Mapper:
    """Decides what becomes of each column.

    Args:
        renamed: By column, the property that it becomes. A column that is not named keeps its name.
        only: The columns that are sent; all if it is empty.
        skipped: Columns that are not sent.
        numbers: Columns whose texts are numbers.
        as_text: Whether numbers are sent as text, as values of properties are.
        clears: Whether an empty text is sent, which clears a property, or left out.
        saved: What else is known of columns; what is given besides comes first.
        names: The properties that there are, and what they are called; None if nobody knows.
        fields: What the fields of records take; None if all is text, or the file tells numbers from it.

    Attributes:
        lines: The lines of the records that were given.
        notes: What was found out about the columns, for people.
        mapping: What becomes of the columns; of nothing until they were checked.
        unnamed: What stands in a column without a name, which is not sent, and where; None as long as
            nothing does.
        doubtful: A key that looks like a whole number that was written as another one, and where; None
            as long as there is none.
    """

    def __init__(
        self,
        renamed: Mapping[str, str],
        *,
        only: Iterable[str] = (),
        skipped: Iterable[str] = (),
        numbers: Iterable[str] = (),
        as_text: bool = True,
        clears: bool = True,
        saved: ColumnMapping = NOTHING_SAVED,
        names: PropertyNames | None = None,
        fields: RecordFields | None = None,
    ) -> None:
        self._fields = fields
        self._given = {
            "--map": frozenset(renamed),
            "--only": frozenset(only),
            "--skip": frozenset(skipped),
            "--number": frozenset(numbers),
        }
        self._renamed = {**saved.columns, **renamed}
        self._only, self._numbers = self._given["--only"], self._given["--number"]
        self._skipped = self._given["--skip"] | (frozenset(saved.skipped) - self._given["--map"])
        self._as_text, self._clears = as_text, clears
        self._saved, self._names = saved, names
        self._saved_alone = dict.fromkeys(saved.columns.keys() - renamed.keys(), saved.source)
        self._known: dict[tuple[str, ...], Properties] = {}
        self._has_header = True
        self._nameless: list[int] = []
        self.lines = Lines()
        self.notes: list[str] = []
        self.mapping = NOTHING_SAVED
        self.unnamed: str | None = None
        self.doubtful: str | None = None

    def records(
        self, source: Source, id_property: str | None
    ) -> Iterator[SourceRecord | UnreadableRow]:
        """Give the records of a file. Columns are checked at once, and rows as they are read.

        Args:
            source: The file.
            id_property: The property that must be among those that are sent; None for none.

        Raises:
            BadInput: A column that was named does not exist, two columns of the header become the same
                property, or none becomes the id property.
        """
        rows = iter(source)
        self._has_header = source.columns is not None
        first = [] if source.columns is not None else list(islice(rows, _LOOKED_AT))
        columns = source.columns or tuple(
            dict.fromkeys(name for row in first for name in row.values)
        )
        if columns:
            self._check(source, columns, id_property)
        return self._mapped(source, chain(first, rows), id_property or "")

    def columns_of(self, properties: Iterable[str | None]) -> list[str]:
        """Give the columns that become some properties, as far as they were checked."""
        wanted = {*properties}
        return [column for column, name in self.mapping.columns.items() if name in wanted]

    def _mapped(
        self, source: Source, rows: Iterable[Row], id_property: str
    ) -> Iterator[SourceRecord | UnreadableRow]:
        for row in rows:
            self.lines.add(row.line)
            if row.problem is not None:
                yield UnreadableRow(row.problem, row)
                continue
            values = row.values
            names = tuple(values)
            properties = self._known.get(names)
            if properties is None:
                try:
                    properties = self._properties(names)
                except BadInput as error:
                    yield UnreadableRow(str(error), row)
                    continue
                if len(self._known) < _REMEMBERED:
                    self._known[names] = properties
            if self._nameless and self.unnamed is None:
                self._look_at_nameless(source, row)
            record = {
                name: values[column]
                for column, name in properties
                if self._clears or values[column] != ""
            }
            try:
                self._make_plain(record, properties)
            except BadInput as error:
                yield UnreadableRow(str(error), row)
                continue
            if self._fields is not None:
                record = self._typed(record, self._fields)
            if self.doubtful is None:
                self._look_at_key(source, row, record.get(id_property), id_property)
            yield SourceRecord(record, row)

    def _check(self, source: Source, columns: tuple[str, ...], id_property: str | None) -> None:
        known = [column for column in columns if column not in PROBLEM_COLUMNS]
        where = "" if source.columns is not None else f" in the first {_LOOKED_AT} records"
        for given, names in self._given.items():
            for name in sorted(names - set(columns)):
                raise BadInput(
                    f"{source.name}: {given} names {name!r}, and there is no such column{where}"
                    f"{nearest(name, known) or f'; there are {_shown(known)}'}"
                )
        sent = [column for column in columns if self._is_sent(column)]
        problem = None
        if self._names is not None:
            if id_property is not None:  # First: where it is wrong, columns need not be.
                problem = self._names.problem_of_key(id_property)
            problem = problem or self._names.problem_of(sent, self._renamed, self._saved_alone)
        if problem is not None:
            raise BadInput(f"{source.name}: {problem}")
        if source.columns is not None:
            try:
                self._properties(columns)
            except BadInput as error:
                raise BadInput(f"{source.name}: {error}") from None
            self._nameless = [
                place for place, column in enumerate(columns) if self._is_sent(column, named=False)
            ]
        becomes = {column: self._becomes(column) for column in sent}
        if id_property is not None and id_property not in becomes.values():
            near = nearest(id_property, known)
            raise BadInput(
                f"{source.name}: no column becomes the id property {id_property!r}; name it with "
                f"--map 'COLUMN={id_property}'{near or f'; there are {_shown(known)}'}"
            )
        skipped = [each for each in known if self._is_skipped(each)]
        self.mapping = ColumnMapping(becomes, tuple(dict.fromkeys(skipped)))
        self.notes.extend(self._noted(known, where))

    def _noted(self, columns: list[str], where: str) -> Iterator[str]:
        becomes = self.mapping.columns
        if self._saved is not NOTHING_SAVED:
            told = {*self._saved.columns, *self._saved.skipped}
            missing = [repr(each) for each in sorted(told.difference(columns))]
            if missing:
                yield f"{self._saved.source} also names {listed(missing)}, which is not there{where}"
            new = [f"{each!r} as {name!r}" for each, name in becomes.items() if each not in told]
            if new:
                yield f"{self._saved.source} does not know all columns; sent too: {listed(new)}"
        if self._names is None:
            return
        labelled = [
            f"{column!r} is {name!r}"
            for column, name in becomes.items()
            if column != name and column not in self._renamed
        ]
        if labelled:
            yield f"by their labels, {listed(labelled)}"
        for column, name in becomes.items():
            declared = self._names.properties[name]
            if declared.read_only or declared.calculated:
                yield (
                    f"the column {column!r} is {name!r}, which only the API writes: records with a value "
                    f"there are refused, unless you give {option('--skip', column)}"
                )

    def _is_sent(self, column: str, *, named: bool = True) -> bool:
        if column in PROBLEM_COLUMNS or self._is_skipped(column):
            return False
        return bool(column.strip() or not self._has_header) is named

    def _is_skipped(self, column: str) -> bool:
        return column in self._skipped or bool(self._only and column not in self._only)

    def _becomes(self, column: str) -> str:
        if column in self._renamed or self._names is None:
            return self._renamed.get(column, column)
        meant = self._names.meant_by(column)
        if len(meant) > 1:
            raise BadInput(f"{self._names.problem_of([column])}")
        return meant[0] if meant else column

    def _properties(self, columns: tuple[str, ...]) -> Properties:
        columns_of: dict[str, str] = {}
        for column in filter(self._is_sent, columns):
            name = self._becomes(column)
            if columns_of.get(name) == column:
                raise BadInput(
                    f"there are two columns {column!r}; rename one, or leave both out with --skip"
                )
            if name in columns_of:
                raise BadInput(
                    f"the columns {columns_of[name]!r} and {column!r} both become {name!r}; "
                    f"leave one out with {option('--skip', columns_of[name])} or {option('--skip', column)}"
                )
            columns_of[name] = column
        if self._fields is not None:
            self._check_objects(columns_of, self._fields)
        return tuple((column, name) for name, column in columns_of.items())

    @staticmethod
    def _check_objects(columns: Mapping[str, str], fields: RecordFields) -> None:
        """Refuse a column for an object if others are for its fields."""
        for name in columns:
            steps = fields.steps(name)
            for end in range(1, len(steps)):
                whole = ".".join(steps[:end])
                if whole in columns:
                    raise BadInput(
                        f"the column {columns[name]!r} is a field of {whole!r}, which the column "
                        f"{columns[whole]!r} holds as a whole; leave one out with "
                        f"{option('--skip', columns[whole])} or {option('--skip', columns[name])}"
                    )

    def _make_plain(self, record: dict[str, Any], properties: Properties) -> None:
        """Write the numbers of a record as those of other formats are written."""
        for column, name in properties if self._numbers else ():
            text = record.get(name)
            if column not in self._numbers or not isinstance(text, str) or not text:
                continue
            if not _NUMBER.fullmatch(text):
                raise BadInput(f"{text!r} in the column {column!r} is no number, as --number says")
            plain, number = value_text(Decimal(text.strip()), None), float(text)
            # What was written with all digits of a float has the meaning of that float.
            plain = value_text(number, None) if str(number) == plain else plain
            record[name] = plain if self._as_text else from_json(str(plain))

    def _typed(self, record: dict[str, Any], fields: RecordFields) -> dict[str, Any]:
        """Give texts the types of their fields, and objects their fields. Without a value, they are left."""
        typed = {
            name: fields.value(name, value) if isinstance(value, str) else value
            for name, value in record.items()
        }
        return fields.nested(
            typed
            if self._clears
            else {name: value for name, value in typed.items() if value is not None}
        )

    def _look_at_key(self, source: Source, row: Row, key: object, id_property: str) -> None:
        if isinstance(key, str) and _WIDENED.fullmatch(key):
            given = " ".join(
                option("--number", column) for column in self.columns_of([id_property])
            )
            self.doubtful = (
                f"{source.name}: line {row.line}: the key {key!r} is sent as it stands; if it is the number "
                f"{key[:-2]}, give {given or 'its column with --number'}"
            )

    def _look_at_nameless(self, source: Source, row: Row) -> None:
        cells = row.cells or tuple(row.values.values())
        for place in self._nameless:
            if str(cells[place]).strip():
                self.unnamed = (
                    f"{source.name}: column {place + 1} has no name, and is not sent; line {row.line} "
                    f"has {cells[place]!r} there: name it, or leave it out with --skip ''"
                )
                return


def parse_mappings(texts: Iterable[str]) -> dict[str, str]:
    """Read what was given with `--map`: each a column, an equals sign, and the property that it becomes.

    Raises:
        BadInput: One has another form, or names a column that another one names.
    """
    mappings: dict[str, str] = {}
    for text in texts:
        # From the right: names of columns are free, those of properties hold no equals sign.
        column, _, name = text.rpartition("=")
        column, name = column.strip(), name.strip()
        if not (column and name):
            raise BadInput(f"--map must be COLUMN=PROPERTY, such as 'E-Mail=email'; got {text!r}")
        if column in mappings:
            raise BadInput(f"--map names the column {column!r} twice")
        mappings[column] = name
    return mappings


def _shown(names: list[str], most: int = 10) -> str:
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown or "none"

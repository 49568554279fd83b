"""From values as programs and tables hold them to what the properties of an account take.

Nothing is guessed: what could mean two things is refused, and what means nothing stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from numbers import Real
from typing import Any, TypeAlias, cast

from .notation import notation_of
from .property import Property
from .readers import Conversion, ConversionError, Read, reader_of, shown, stays_of, text_of_moment
from .texts import (
    UnsupportedValue,
    is_inexact,
    is_missing,
    is_of_table,
    text_within,
    unwrapped,
    value_text,
)

_REMEMBERED = 4096
"""How many values of a property are remembered."""

_LONGEST = 100
"""Longer texts are not remembered: they hardly ever come again."""
_SIMPLE = frozenset({bool, int, float, date})
_NEVER_TEXT = frozenset({bool, datetime, list})


@dataclass(frozen=True)
class ConvertedColumn:
    """Values of a property that were converted in the same way.

    Attributes:
        name: The property.
        conversion: What was done to them.
        count: How many they are.
        before: The first of them.
        after: What became of it.
    """

    name: str
    conversion: Conversion
    count: int
    before: str
    after: str


class Converter:
    """Makes of values what properties take, and counts what it changes.

    Values of properties that nobody declared, or that only the API writes, stay as they are.

    Args:
        properties: The properties by name.
        timezone: The time zone of datetimes that have none; None if there cannot be such.
        locale: Whose way of writing numbers and dates texts have; None if only the API's.
        separator: What joins several values.

    Raises:
        ModuleNotFoundError: Locales need a library that is not installed.
        ValueError: There is no such locale.
    """

    def __init__(
        self,
        properties: Mapping[str, Property],
        *,
        timezone: tzinfo | None,
        locale: str | None,
        separator: str,
    ) -> None:
        notation = None if locale is None else notation_of(locale)
        self._timezone, self._separator = timezone, separator
        self._columns = {
            name: _Column(
                each, reader_of(each, notation, timezone, separator), stays_of(each, notation)
            )
            for name, each in properties.items()
            if each.is_writable
        }
        self._tallies: list[_Tally] = []

    def convert(self, name: str, value: object) -> object:
        """Convert a value.

        Args:
            name: The property.
            value: Its value.

        Returns:
            Text; or the value as it is, if it is a missing one, or nothing is known of the property.

        Raises:
            ConversionError: What the value means cannot be known.
        """
        column = self._columns.get(name)
        if column is None or value is None:
            return value
        kind = type(value)
        if kind is str:
            if column.stays is None or column.stays(cast("str", value)):
                return value
            found = column.known.get(value)
        elif kind in _SIMPLE:
            # Of equal values, those of one type have one text.
            found = column.known.get((kind, value))
        else:
            return self._convert_object(column, value)
        text, tally = found or self._look_at(column, value)
        if tally is not None:
            tally.count += 1
        return value if text is None else text

    def convert_all(self, records: Iterable[dict[str, Any]]) -> None:
        """Convert the values of records, in place. Of texts it takes a fraction of the time.

        Args:
            records: The records: the values of properties by their names.

        Raises:
            ConversionError: What one of the values means cannot be known. Others may be converted then.
        """
        columns, convert = self._columns, self.convert
        for record in records:
            for name, value in record.items():
                if type(value) is str:
                    column = columns.get(name)
                    if column is None or column.stays is None or column.stays(value):
                        continue
                    text, tally = column.known.get(value) or self._look_at(column, value)
                    if tally is not None:
                        tally.count += 1
                    record[name] = text
                else:
                    record[name] = convert(name, value)

    def examples(self) -> list[ConvertedColumn]:
        """Say what was converted until now: by property, with the first of the values."""
        return [
            ConvertedColumn(name, conversion, tally.count, tally.before, tally.after)
            for name, column in self._columns.items()
            for conversion, tally in column.tallies.items()
            if tally.count
        ]

    def counts(self) -> Sequence[int]:
        """Give how much was converted until now, for `take_back`."""
        return [tally.count for tally in self._tallies]

    def take_back(self, counts: Sequence[int]) -> None:
        """Count no more what was converted since, as it is going to be converted again.

        Args:
            counts: What `counts` gave.
        """
        # Those that are not there were not needed until then.
        for place, tally in enumerate(self._tallies):
            tally.count = counts[place] if place < len(counts) else 0

    def _look_at(self, column: _Column, value: object) -> _Known:
        """Convert a value, and remember what came of it."""
        if not isinstance(value, str):
            found = self._converted(column, value)
            column.remember((type(value), value), found)
            return found
        # An empty text clears the property, whatever it takes.
        text, conversion = (value, None) if column.read is None or not value else column.read(value)
        tally = None
        if conversion is not None and text != value:
            tally = column.tallies.get(conversion) or self._tally(column, conversion, value, text)
        found = text, tally
        if len(value) <= _LONGEST:
            column.remember(value, found)
        return found

    def _tally(self, column: _Column, conversion: Conversion, before: object, after: str) -> _Tally:
        """Give what counts a conversion; the first value is its example."""
        found = column.tallies.get(conversion)
        if found is None:
            found = column.tallies[conversion] = _Tally(shown(str(before)), shown(after))
            self._tallies.append(found)
        return found

    def _convert_object(self, column: _Column, value: object) -> object:
        if isinstance(value, Enum):
            return self.convert(column.declared.name, value.value)
        if isinstance(value, str):
            return self.convert(column.declared.name, text_within(value))
        text, tally = self._converted(column, value)
        if tally is not None:
            tally.count += 1
        return value if text is None else text

    def _converted(self, column: _Column, value: object) -> _Known:
        kind = type(value)
        try:
            if kind is datetime or kind is list:
                plain, text = value, self._text_of(column, value)
            elif is_missing(value):
                return None, None
            else:
                is_boxed = not isinstance(value, Real) and is_of_table(value)
                plain = unwrapped(value) if is_boxed else value
                text = self._text_of(column, plain)
        except UnsupportedValue as error:
            raise ConversionError(str(error)) from None
        # What such a value looks like is never what is sent.
        if text is None or (kind not in _NEVER_TEXT and text == str(value)):
            return text, None
        return text, self._tally(column, _conversion_of(column.declared, plain), value, text)

    def _text_of(self, column: _Column, value: object) -> str | None:
        declared, is_plain = column.declared, isinstance(value, (int, float))
        if not is_plain and isinstance(value, date) and declared.type in {"date", "datetime"}:
            return text_of_moment(declared, value, self._timezone)
        if not is_plain and isinstance(value, (list, tuple, Set)):
            return self._joined(column, cast("Iterable[object]", value))
        if is_inexact(value) and (declared.type != "number" or declared.unique):
            raise UnsupportedValue(
                "a float of this size may have lost its last digits; give an int, or text"
            )
        text = value_text(value, self._separator, self._timezone)
        # What is no text has no notation of people, but 1 may be true, and 7 the label of an option.
        if text and column.read is not None and declared.type in {"bool", "enumeration"}:
            return column.read(text)[0]
        return text

    def _joined(self, column: _Column, values: Iterable[object]) -> str | None:
        if column.read is not None and column.declared.type == "enumeration":
            read, zone = column.read, self._timezone
            texts = [each if type(each) is str else value_text(each, None, zone) for each in values]
            options = [read(text)[0] if text else text for text in texts]
            values = set(options) if isinstance(values, Set) else options
        return value_text(values, self._separator, self._timezone)


class _Tally:
    __slots__ = ("after", "before", "count")

    def __init__(self, before: str, after: str) -> None:
        self.count, self.before, self.after = 0, before, after


_Known: TypeAlias = tuple[str | None, _Tally | None]
"""What becomes of a value, if it is not missing, and what counts that, if it is converted."""


class _Column:
    """What is known of a property, and of what was converted for it.

    Attributes:
        stays: Tells of most texts that they stay as they are; None if all do.
        known: What became of others, and of other values, by their types and themselves.
    """

    __slots__ = ("declared", "known", "read", "stays", "tallies")

    def __init__(
        self,
        declared: Property,
        read: Read | None,
        stays: Callable[[str], object] | None,
    ) -> None:
        self.declared, self.read, self.stays = declared, read, None if read is None else stays
        self.known: dict[object, _Known] = {}
        self.tallies: dict[Conversion, _Tally] = {}

    def remember(self, value: object, known: _Known) -> None:
        if len(self.known) >= _REMEMBERED:
            self.known.clear()
        self.known[value] = known


def _conversion_of(declared: Property, value: object) -> Conversion:
    if isinstance(value, (int, float)):
        return "bool" if isinstance(value, bool) or declared.type == "bool" else "number"
    if isinstance(value, (list, tuple, Set)):
        return "list"
    if isinstance(value, date):
        return "date" if declared.type == "date" else "datetime"
    if isinstance(value, (Real, Decimal)):
        return "bool" if declared.type == "bool" else "number"
    return "text"

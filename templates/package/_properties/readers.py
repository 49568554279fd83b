"""Reads the texts of people and programs as what a property takes.

Nothing is guessed: what could mean two things is refused, and what means nothing stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime, time, tzinfo
from functools import cached_property, partial
from typing import Literal, TypeAlias

from .._runtime.fork import with_cached_properties
from .notation import Notation, iso_moment
from .property import (
    InvalidValue,
    Property,
    check_value,
    form_of,
    takes_any_text,
    unknown_option,
)
from .texts import UnsupportedValue, moment_text

Conversion: TypeAlias = Literal[
    "blanks removed", "bool", "date", "datetime", "list", "number", "option", "text"
]
"""What was done to a value, or what of it was made a text."""

BOOLS: Mapping[str, str] = {
    **dict.fromkeys(("true", "yes", "1"), "true"),
    **dict.fromkeys(("false", "no", "0"), "false"),
}
"""The texts, in any case, that are taken for true and false."""

_SHOWN = 60
_WHOLE = re.compile("[0-9]+")
_SOLID = re.compile(r"\S+")
_SEPARATED = re.compile(r"[+\u2212-]?[0-9][0-9.,'\u2019\s]*")
# What begins as ISO 8601 is meant to be that.
_LIKE_DATE = re.compile(
    r"(?![0-9]{4}-[0-9]{2}-[0-9]{2})[0-9]{1,4}(?:\s?[./-]\s?[0-9]{1,4}){2}\.?(?:[\s,].*)?",
    re.DOTALL,
)
_MIDNIGHT = time()


class ConversionError(ValueError):
    """What a value means cannot be known. The message says why, and how to say what is meant."""


Read: TypeAlias = Callable[[str], tuple[str, Conversion | None]]
"""Reads a text: gives what the property takes for it, and what was done; None if it stays as it is."""


def reader_of(
    declared: Property, notation: Notation | None, timezone: tzinfo | None, separator: str
) -> Read | None:
    """Give what reads the texts of a property; None if it takes them all as they are."""
    if takes_any_text(declared):
        return None
    if declared.type == "enumeration":
        return _Options(declared, separator).read
    if declared.type == "number":
        return partial(_read_number, declared, notation)
    if declared.type == "bool":
        return _read_bool
    if declared.type == "email":
        return partial(_without_blanks, declared)
    form = form_of("date" if declared.type == "date" else "datetime")
    return partial(_read_moment, declared, form, notation, timezone)


def stays_of(declared: Property, notation: Notation | None) -> Callable[[str], object] | None:
    """Give what tells at once of most texts that they stay as they are; None if nothing does."""
    if declared.type == "enumeration":
        return declared.options.__contains__
    if declared.type == "bool":
        return frozenset(BOOLS.values()).__contains__
    if declared.type == "number":
        has_point = notation is None or notation.has_point
        return (form_of("number") if has_point else _WHOLE).fullmatch
    if declared.type == "date" or declared.type == "datetime":
        return form_of(declared.type).fullmatch
    return _SOLID.fullmatch if declared.type == "email" else None


@with_cached_properties
class _Options:
    """Finds options of an enumeration by what they are called."""

    def __init__(self, declared: Property, separator: str) -> None:
        self._declared, self._separator = declared, separator

    @cached_property
    def _labels(self) -> Mapping[str, list[str]]:
        options = self._declared.options
        return _options_by((label, option) for option, label in options.items())

    @cached_property
    def _folded(self) -> Mapping[str, list[str]]:
        options = self._declared.options
        return _options_by(
            (name, option)
            for option, label in options.items()
            for name in {_folded(option), _folded(label)}
        )

    def read(self, text: str) -> tuple[str, Conversion | None]:
        if unknown_option(self._declared, text) is None:
            return text, None
        found = self._option(text)
        if found is None and self._declared.multiple:
            rest = text.removeprefix(self._separator)
            parts = [self._option(part) or part for part in rest.split(self._separator)]
            found = text[: len(text) - len(rest)] + self._separator.join(parts)
        return (text, None) if found is None else (found, "option")

    def _option(self, text: str) -> str | None:
        if text in self._declared.options:
            return text
        found = self._labels.get(text) or self._folded.get(_folded(text), [])
        if len(found) > 1:
            options = " and ".join(map(repr, found))
            raise ConversionError(
                f"{shown(text)!r} is what the options {options} are called; give the option itself"
            )
        return found[0] if found else None


def _options_by(names: Iterable[tuple[str, str]]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, option in names:
        if name:
            found.setdefault(name, []).append(option)
    return found


def _read_bool(text: str) -> tuple[str, Conversion | None]:
    return BOOLS.get(text.strip().casefold(), text), "bool"


def _read_number(
    declared: Property, notation: Notation | None, text: str
) -> tuple[str, Conversion | None]:
    given = text.strip()
    found = None if notation is None else notation.number(given)
    if found is not None:
        return found, "blanks removed" if found == given else "number"
    # A point that is none of decimals, and in no place of one of thousands, is an error of somebody.
    is_doubtful = notation is not None and not notation.has_point and "." in given
    if not is_doubtful and _takes(declared, given):
        return given, "blanks removed"
    if _SEPARATED.fullmatch(given):
        raise ConversionError(
            f"{shown(text)!r}: say with the option locale how numbers are written"
            if notation is None
            else f"{shown(text)!r} is no number as it is written in the locale {notation.locale}: "
            f"{notation.number_example}"
        )
    return text, None


def _read_moment(
    declared: Property,
    form: re.Pattern[str],
    notation: Notation | None,
    timezone: tzinfo | None,
    text: str,
) -> tuple[str, Conversion | None]:
    if notation is not None and declared.type == "date":
        day = notation.usual_day(text)
        if day is not None:
            return day, "date"
    given = text.strip()
    if given != text and form.fullmatch(given):
        return _without_blanks(declared, text)
    moment: date | None = None if notation is None else notation.moment(given)
    if moment is None:
        moment = iso_moment(given)
    if moment is None:
        if _LIKE_DATE.fullmatch(given):
            raise ConversionError(_unknown_date(text, notation))
        return text, None
    try:
        text = text_of_moment(declared, moment, timezone)
        return text, "date" if declared.type == "date" else "datetime"
    except UnsupportedValue as error:
        raise ConversionError(str(error)) from None


def _unknown_date(text: str, notation: Notation | None) -> str:
    given = repr(shown(text))
    if notation is None:
        return f"{given}: say with the option locale how dates are written, or give YYYY-MM-DD"
    if not notation.date_example:
        return (
            f"{given}: dates of the locale {notation.locale} are written in several orders; name a "
            "territory as well, as in en_GB, or give YYYY-MM-DD"
        )
    return f"{given} is no date as it is written in the locale {notation.locale}: {notation.date_example}"


def text_of_moment(declared: Property, moment: date, timezone: tzinfo | None) -> str:
    if declared.type == "date":
        return _day_of(moment) if isinstance(moment, datetime) else moment.isoformat()
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, _MIDNIGHT, UTC)
    return moment_text(moment, timezone)


def _day_of(moment: datetime) -> str:
    """Give the day of a midnight, which is one of UTC if a time zone is known."""
    if moment.utcoffset() is not None:
        try:
            moment = moment.astimezone(UTC)
        except (OverflowError, ValueError):
            raise UnsupportedValue(
                "the datetime is out of range in UTC; give another one"
            ) from None
    if moment.time() != _MIDNIGHT:
        raise UnsupportedValue(
            f"{moment.isoformat(' ')} is not midnight{' in UTC' if moment.tzinfo else ''}, and a date has "
            "no time of day; give the date alone"
        )
    return moment.date().isoformat()


def _without_blanks(declared: Property, text: str) -> tuple[str, Conversion | None]:
    given = text.strip()
    if given == text or not _takes(declared, given):
        return text, None
    return given, "blanks removed"


def _takes(declared: Property, text: str) -> bool:
    # An empty text clears a property, whatever it takes.
    return bool(text) and not isinstance(check_value(declared, text), InvalidValue)


def _folded(text: str) -> str:
    return " ".join(text.casefold().split())


def shown(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"

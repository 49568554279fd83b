"""How people of a locale write numbers and dates, as the Unicode CLDR knows it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import TYPE_CHECKING

from .._runtime.extras import how_to_install

if TYPE_CHECKING:
    from babel import Locale

# What is typed by hand instead of the character that is meant, and marks of direction, which are not seen.
_PLAIN = str.maketrans(
    dict.fromkeys("\xa0\u2009\u202f", " ")
    | {"\u2019": "'", "\u2212": "-"}
    | dict.fromkeys("\u061c\u200e\u200f", "")
)

_CLOCK = (
    r"(?P<hour>[01]?[0-9]|2[0-3]):(?P<minute>[0-5][0-9])"
    r"(?::(?P<second>[0-5][0-9])(?:\.(?P<fraction>[0-9]{1,9}))?)?(?:\s?(?P<half>[AaPp])\.?[Mm]\.?)?"
)
_DATE_PARTS = {
    "d": r"(?P<day>[0-9]{1,2})",
    "M": r"(?P<month>[0-9]{1,2})",
    "y": r"(?P<year>[0-9]{4})",
}
_USUAL_PARTS = {**_DATE_PARTS, "d": r"(?P<day>[0-9]{2})", "M": r"(?P<month>[0-9]{2})"}
_EXAMPLE_PARTS = {"d": "{0:%d}", "M": "{0:%m}", "y": "{0:%Y}"}
_EXAMPLE = date(2024, 2, 29)
_PATTERN = re.compile(r"(?P<part>d+|M+|y+)|'(?P<quoted>[^']*)'|(?P<other>[^A-Za-z'])")

_ISO = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[ T]"
    r"(?P<time>(?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]{1,9})?)?)"
    r"\s?(?P<zone>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?)?"
)


def iso_moment(text: str) -> datetime | None:
    """Read a date and time of ISO 8601, or as databases and tables write it, with or without a time zone.

    Args:
        text: The text; "2024-02-29 12:30", for instance, or "2024-02-29 12:30:00+01".
    """
    found = _ISO.fullmatch(text) if text[4:5] == "-" else None
    if found is None:
        return None
    zone = found["zone"] or ""
    try:
        return datetime.fromisoformat(
            f"{found['date']}T{found['time']}{'Z' if zone == 'UTC' else zone}"
        )
    except ValueError:
        return None


@dataclass(frozen=True)
class Notation:
    """How people of a locale write numbers and dates.

    Attributes:
        locale: The name of the locale.
        number_example: A number as they write it.
        date_example: The same of a date; empty if people of its language write dates in several orders.
        has_point: Whether the point is what comes before decimals.
    """

    locale: str
    number_example: str
    date_example: str
    has_point: bool
    _decimal: str
    _group: str
    _number: re.Pattern[str]
    _date: re.Pattern[str] | None
    _usual_date: re.Pattern[str] | None

    def number(self, text: str) -> str | None:
        """Give a number with a point before decimals and without separators of thousands.

        Args:
            text: The number as people write it, without blanks around it.

        Returns:
            The number; None if people do not write any like that.
        """
        plain = _plain(text)
        if self._number.fullmatch(plain) is None:
            return None
        return plain.replace(self._group, "").replace(self._decimal, ".")

    def usual_day(self, text: str) -> str | None:
        """Give a date as ISO 8601 has it, in a quarter of the time that `moment` takes.

        Args:
            text: The date as people write it, with two figures of day and month.

        Returns:
            The date; None if it is written in another way, or if there is none like that.
        """
        found = None if self._usual_date is None else self._usual_date.fullmatch(text)
        if found is None:
            return None
        day = "-".join(found.group("year", "month", "day"))
        try:
            date.fromisoformat(day)
        except ValueError:
            return None
        return day

    def moment(self, text: str) -> date | datetime | None:
        """Give a date, or if a time of day follows it, a datetime without a time zone.

        Args:
            text: The date as people write it, in figures and with all four of the year, without blanks
                around it.
        """
        found = None if self._date is None else self._date.fullmatch(_plain(text))
        if found is None:
            return None
        year, month, day, hour = found.group("year", "month", "day", "hour")
        try:
            whole = date(int(year), int(month), int(day))
            return whole if hour is None else datetime.combine(whole, _time_of(found))
        except ValueError:
            return None


def _plain(text: str) -> str:
    return text if text.isascii() else text.translate(_PLAIN)


@lru_cache(16)
def notation_of(name: str) -> Notation:
    """Give the notation of a locale.

    Args:
        name: The name of the locale, such as "de", "de_CH" or "en-GB".

    Raises:
        ModuleNotFoundError: The library that knows locales is not installed.
        ValueError: There is no such locale.
    """
    try:
        from babel import Locale, UnknownLocaleError
        from babel.numbers import format_decimal, get_decimal_symbol, get_group_symbol
    except ModuleNotFoundError as error:
        needed = how_to_install(error, {"babel": "locale"})
        raise ModuleNotFoundError(f"locale: {needed or error}", name=error.name) from None
    try:
        locale = Locale.parse(name.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        raise ValueError(
            f"locale {name!r} is not known; give a language, and a territory where that matters, such as "
            "'de', 'de_CH' or 'en_GB'"
        ) from None
    decimal = get_decimal_symbol(locale).translate(_PLAIN)
    group = get_group_symbol(locale).translate(_PLAIN)
    number_example = format_decimal(1234567.5, locale=locale).translate(_PLAIN)
    if group not in number_example:  # Some locales have a separator, and leave it out on the whole.
        number_example = f"1{group}234{group}567{decimal}5"
    date_pattern, date_example = _date_pattern(locale)
    usual_date = _usual_date_pattern(locale) if date_example else None
    return Notation(
        locale=str(locale),
        number_example=number_example,
        date_example=date_example,
        has_point=decimal == ".",
        _decimal=decimal,
        _group=group,
        _number=_number_pattern(decimal, group, number_example),
        _date=date_pattern,
        _usual_date=usual_date,
    )


def _number_pattern(decimal: str, group: str, example: str) -> re.Pattern[str]:
    """Make what numbers look like, with all separators of thousands in their places or with none."""
    *_, far, near = map(len, example.partition(decimal)[0].split(group))
    between, decimals = re.escape(group), rf"{re.escape(decimal)}[0-9]+"
    grouped = rf"[0-9]{{1,{far}}}(?:{between}[0-9]{{{far}}})*{between}[0-9]{{{near}}}"
    return re.compile(rf"[+-]?(?:(?:{grouped}|[0-9]+)(?:{decimals})?|{decimals})")


def _date_pattern(locale: Locale) -> tuple[re.Pattern[str] | None, str]:
    """Make what dates look like, and an example; neither if a language has no order of its own for them."""
    order = _order(locale)
    if order is None or (locale.territory is None and _has_other_orders(locale, order)):
        return None, ""
    # What follows the last part, such as the word for year, is not always written.
    last = max(place for place, (part, _) in enumerate(order) if part)
    patterns = [_DATE_PARTS.get(part) or _spaced(between) for part, between in order]
    pattern, rest = "".join(patterns[: last + 1]), "".join(patterns[last + 1 :])
    example = "".join(_EXAMPLE_PARTS.get(part, between) for part, between in order)
    return re.compile(rf"{pattern}(?:{rest})?(?:,?\s+{_CLOCK})?"), example.format(_EXAMPLE)


def _usual_date_pattern(locale: Locale) -> re.Pattern[str]:
    """Make what dates look like as their example is written, which the pattern of all ways allows as well."""
    order = _order(locale) or ()
    parts = [_USUAL_PARTS.get(part) or re.escape(between) for part, between in order]
    return re.compile("".join(parts))


def _spaced(between: str) -> str:
    return rf"\s*{re.escape(between.strip())}\s*"


def _order(locale: Locale) -> tuple[tuple[str, str], ...] | None:
    """Give the parts of a date, and what stands between them; None if it has other parts as well."""
    from babel.dates import get_date_format

    pattern = str(get_date_format("short", locale)).translate(_PLAIN)
    found = [*_PATTERN.finditer(pattern)]
    parts = [(each["part"] or "")[:1] for each in found]
    if "".join(each[0] for each in found) != pattern or sorted(filter(None, parts)) != list("Mdy"):
        return None
    return tuple((part, each["quoted"] or each[0]) for part, each in zip(parts, found, strict=True))


def _has_other_orders(locale: Locale, order: tuple[tuple[str, str], ...]) -> bool:
    from babel import Locale, localedata

    names = [name for name in localedata.locale_identifiers() if name.startswith(f"{locale}_")]
    mine = [part for part, _ in order if part]
    return mine[0] != "y" and any(
        parts[0] != "y" and parts != mine
        for other in map(Locale.parse, names)
        if (parts := [part for part, _ in _order(other) or order if part])
    )


def _time_of(found: re.Match[str]) -> time:
    hour, minute, second, fraction, half = found.group(
        "hour", "minute", "second", "fraction", "half"
    )
    hours = int(hour)
    if half:
        if not 1 <= hours <= 12:
            raise ValueError("there is no such hour in half a day")
        hours = hours % 12 + (12 if half in "Pp" else 0)
    return time(hours, int(minute), int(second or 0), int(f"{fraction or '':0<6.6}"))

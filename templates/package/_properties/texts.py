"""From a value of Python, or of a table, to the text that is sent for it."""

from __future__ import annotations

import math
import os
import struct
from collections.abc import Iterable, Set
from datetime import UTC, date, datetime, time, tzinfo
from decimal import Decimal
from enum import Enum
from numbers import Integral, Rational, Real
from typing import Any, cast
from zoneinfo import ZoneInfo

_SINGLE = struct.Struct("f")
_SINGLE_DIGITS = range(6, 10)
"""How many digits tell a number of single precision from all others."""
_LONG_TEXT = 15
"""From this length on, the point included, the text of a float may be that of a number of single precision
that was widened. Shorter ones are fractions such as 45/64, too, and nothing tells which is meant."""

_FIRST_INEXACT = 2.0**53
"""From here on, floats of double precision leave out whole numbers."""
_MOST_ZEROS = 1000
"""An exponent is short, and its zeros may be more than fit into memory."""

# By name: whoever gives such a value has loaded its module.
_HAVE_PLAIN_TEXT = frozenset(
    {
        "uuid.UUID",
        *(f"ipaddress.IPv{version}{kind}" for version in "46" for kind in ("Address", "Network")),
        "pydantic.networks.AnyUrl",
    }
)

_UNWRAP_ARROW = ("as_py", "to_pylist")
_UNWRAP = ("tolist", "to_list", *_UNWRAP_ARROW)
"""What gives the values of Python that arrays and scalars of tables hold."""
_FINE_UNITS = ("[ns]", "[ps]", "[fs]", "[as]")


class UnsupportedValue(ValueError):
    """A value that there is no text for. The message says which values there is one for."""


def value_text(value: object, separator: str | None, timezone: tzinfo | None = None) -> str | None:
    """Give the text that is sent for the value of a property.

    Args:
        value: The value.
        separator: What joins several values; None if there cannot be several.
        timezone: The time zone of datetimes that have none; None if there cannot be such.

    Returns:
        The text, or None if there is no value.

    Raises:
        UnsupportedValue: There is no text for it.
    """
    if isinstance(value, Enum):  # Before text: some enumerations are texts, and print their names.
        return value_text(value.value, separator, timezone)
    if isinstance(value, str):
        return text_within(value)
    if value is None or is_missing(value):
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    # The spans of time of numpy pass for whole numbers.
    if isinstance(value, (Real, Decimal)) and type(value).__name__ != "timedelta64":
        return _number_text(value)
    if isinstance(value, datetime):
        return moment_text(value, timezone)
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, (list, tuple, Set)):
        return _joined(cast("Iterable[object]", value), separator, timezone)
    if is_of_table(value):
        return value_text(unwrapped(value), separator, timezone)
    if isinstance(value, os.PathLike):
        return value_text(os.fspath(cast("os.PathLike[str]", value)), separator)
    if _has_plain_text(value):
        return str(value)
    raise UnsupportedValue(
        f"a value of type {type(value).__name__} cannot be sent; give text, a number, a bool, a date, a "
        "datetime with a time zone, or a list of these"
    )


def text_within(value: str) -> str:
    """Give the characters that a text holds, as JSON does: those of a type of its own may print others."""
    return str.__str__(value)


def time_zone(given: str | tzinfo | None) -> tzinfo | None:
    """Give the time zone of datetimes that have none.

    Args:
        given: The time zone, or its name; None if there cannot be such datetimes.

    Raises:
        TypeError: It is neither.
        ValueError: There is no time zone of this name, or it cannot be used.
    """
    if given == "UTC":  # Which is known where no others are.
        return UTC
    if isinstance(given, str):
        try:
            return ZoneInfo(given)
        except (KeyError, ValueError, OSError):
            raise ValueError(
                f"timezone {given!r} is not known here; give a name such as 'Europe/Berlin', and install "
                "tzdata if this system has no time zones"
            ) from None
    if given is None:
        return None
    if not isinstance(cast("object", given), tzinfo):
        raise TypeError(
            f"timezone must be the name of a time zone, a tzinfo, or None, and not {given!r}"
        )
    # Those of pytz have to be asked in a way of their own, and would be wrong by minutes.
    if hasattr(given, "localize") or datetime(2000, 1, 1, tzinfo=given).utcoffset() is None:
        raise ValueError(
            f"timezone {given!r} cannot be used; give a zoneinfo.ZoneInfo, or its name"
        )
    return given


def is_missing(value: object) -> bool:
    """Tell whether a value is what tables hold where there is nothing: not a number, or no time."""
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, Real):
        return not isinstance(value, Rational) and math.isnan(value)
    return type(value).__name__ in {"NAType", "NaTType"}


def is_inexact(value: object) -> bool:
    """Tell whether a number is so large for its precision that different whole numbers are the same."""
    if type(value) is float:
        return _FIRST_INEXACT <= abs(value) < math.inf
    if not isinstance(value, Real) or isinstance(value, Rational) or not math.isfinite(value):
        return False
    size, one = abs(value), type(cast("Any", value))(1)
    return bool(size + one - size != one)


def _number_text(value: Real | Decimal) -> str:
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Rational):
        raise UnsupportedValue("a fraction cannot be sent without rounding it; give a Decimal")
    # As a float, a Decimal may be too large.
    if not (value.is_finite() if isinstance(value, Decimal) else math.isfinite(value)):
        raise UnsupportedValue("an infinite number cannot be sent; give a finite one, or None")
    if isinstance(value, Decimal):
        if abs(value.adjusted()) > _MOST_ZEROS:
            raise UnsupportedValue(
                f"a number with over {_MOST_ZEROS:,} zeros cannot be sent; give text"
            )
        text = format(value, "f")
    elif not isinstance(value, float) and value == (whole := int(cast("Any", value))):
        return str(whole)  # As exact as it is where a table has widened it.
    else:
        # The text of the type itself is as short as its precision allows. `repr` would name the type.
        text = str(value)
        if len(text) >= _LONG_TEXT and isinstance(value, float) and not value.is_integer():
            text = _single_text(value) or text
        if "e" in text:
            text = format(Decimal(text), "f")
    # Tables turn whole numbers into floats where a number is missing; a key must not change for that.
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text == "-0" else text


def _single_text(value: float) -> str | None:
    """Give the text of a number of single precision that was widened; None for any other float.

    Many tables give the 19.99 of such a column as 19.989999771118164.
    """
    try:
        is_single = _SINGLE.unpack(_SINGLE.pack(value))[0] == value
    except OverflowError:
        return None
    texts = (f"{value:.{digits}g}" for digits in _SINGLE_DIGITS) if is_single else ()
    return next((text for text in texts if _SINGLE.pack(float(text)) == _SINGLE.pack(value)), None)


def moment_text(value: datetime, timezone: tzinfo | None) -> str:
    """Give a datetime in UTC, as ISO 8601 with milliseconds.

    Args:
        value: The datetime.
        timezone: Its time zone if it has none; None if there cannot be such.

    Raises:
        UnsupportedValue: It is not known which moment is meant.
    """
    if value.utcoffset() is None:
        value = _placed(value, timezone)
    try:
        moment = value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise UnsupportedValue("the datetime is out of range in UTC; give another one") from None
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _placed(value: datetime, timezone: tzinfo | None) -> datetime:
    """Give a datetime that has no time zone one."""
    if timezone is None:
        raise UnsupportedValue(
            "a datetime without a time zone is ambiguous; give it one, or name the one that is meant with "
            "the option timezone"
        )
    # Datetimes of tables have a `replace` of their own.
    first = datetime.combine(value.date(), value.time(), timezone)
    if first.utcoffset() != first.replace(fold=1 - first.fold).utcoffset() and not first.fold:
        raise UnsupportedValue(
            f"clocks were changed in {timezone} at that time, so that it came twice or not at all; give "
            "the datetime a time zone"
        )
    return first


def is_of_table(value: object) -> bool:
    """Tell whether a value is an array or a scalar of numpy, pandas, polars or pyarrow."""
    names = _UNWRAP if hasattr(value, "dtype") else _UNWRAP_ARROW
    return any(hasattr(value, name) for name in names)


def unwrapped(value: Any) -> object:
    """Give what is in an array or a scalar of a table: a list, or a value of Python."""
    dtype = str(getattr(value, "dtype", ""))
    if dtype.startswith("datetime64") and dtype.endswith(_FINE_UNITS):
        value = value.astype(
            "datetime64[us]"
        )  # Python has nothing finer, and would be given numbers.
    name = next(name for name in _UNWRAP if hasattr(value, name))
    found: object = getattr(value, name)()
    if dtype.startswith("timedelta64") and found is not None:
        raise UnsupportedValue("a span of time cannot be sent; give text or a number")
    if dtype.startswith("datetime64") and isinstance(found, int):
        raise UnsupportedValue("the datetime is out of range; give another one")
    return found


def _has_plain_text(value: object) -> bool:
    return any(
        f"{each.__module__}.{each.__qualname__}" in _HAVE_PLAIN_TEXT for each in type(value).__mro__
    )


def _joined(values: Iterable[object], separator: str | None, timezone: tzinfo | None) -> str | None:
    if separator is None:
        raise UnsupportedValue("several values for one property cannot be sent; give text")
    texts: list[str] = []
    is_missing = False
    for value in values:
        text = value_text(value, None, timezone)
        if text is None:
            is_missing = True
            continue
        if not text:
            raise UnsupportedValue("one of several values is empty; leave it out")
        if separator in text:
            raise UnsupportedValue(
                f"one of several values must not hold {separator!r}, which separates them"
            )
        texts.append(text)
    if is_missing and not texts:
        return None
    # A set has no order; the same set must give the same text in every process.
    return separator.join(sorted(texts) if isinstance(values, Set) else texts)

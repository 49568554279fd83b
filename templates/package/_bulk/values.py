"""From a record to an input of the API: what is sent for its key and its values."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Set
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from numbers import Integral, Rational, Real
from typing import Any, NamedTuple, TypeAlias, cast

from .outcomes import Problem
from .roles import Roles

MISSING_KEY = "MISSING_KEY"
UNSUPPORTED_VALUE = "UNSUPPORTED_VALUE"
UNSUPPORTED_RECORD = "UNSUPPORTED_RECORD"

# Beyond it a float has no digits of its own behind the point, and `int` would make up digits before it.
_LARGEST_EXACT = 2.0**53


class Input(NamedTuple):
    """What is sent for a record.

    Attributes:
        group: The property that its key is a value of; None if all inputs of the call share it.
        key: Its key, as text.
        fields: What is sent, without a trace id.
    """

    group: str | None
    key: str
    fields: dict[str, Any]


Problems: TypeAlias = tuple[Problem, ...]


class UnsupportedValue(ValueError):
    """A value that there is no text for. The message says which values there is one for."""


def value_text(value: object, separator: str | None) -> str | None:
    """Give the text that is sent for the value of a property.

    Args:
        value: The value.
        separator: What joins several values; None if there cannot be several.

    Returns:
        The text, or None if the property is left out: there is no value.

    Raises:
        UnsupportedValue: There is no text for it.
    """
    if isinstance(value, Enum):  # Before text: some enumerations are texts, and print their names.
        return value_text(value.value, separator)
    if isinstance(value, str):
        return str(value)
    if value is None or _is_missing(value):
        return None
    if isinstance(value, bool) or type(value).__name__ in {"bool_", "bool"}:
        return "true" if value else "false"
    if isinstance(value, (Real, Decimal)):
        return _number_text(value)
    if isinstance(value, date):
        return _date_text(value)
    if isinstance(value, (list, tuple, Set)):
        return _joined(cast("Iterable[object]", value), separator)
    raise UnsupportedValue(
        f"a value of type {type(value).__name__} cannot be sent; give text, a number, a bool, a date, a "
        "datetime with a time zone, or a list of these"
    )


class InputMaker:
    """Makes inputs out of records.

    Args:
        roles: Which fields of an input play which part.
        id_property: The property that finds records; None if each input holds the field of its key.
    """

    def __init__(self, roles: Roles, id_property: str | None) -> None:
        self._roles = roles
        self._id_property = id_property or ""

    def make(self, record: Mapping[str, Any]) -> Input | Problems:
        """Make an input.

        Args:
            record: Names of properties and their values; names of fields, if inputs have no properties.

        Returns:
            The input, or what keeps the record from being sent.
        """
        if not _is_mapping(record):
            kind = type(record).__name__
            message = f"a record must be a mapping from names to values, and this is of type {kind}"
            return (Problem(None, UNSUPPORTED_RECORD, message),)
        if self._roles.properties is None:
            return self._plain(record)
        # Nearly all records hold nothing but text, and are copied in one go.
        properties: dict[str, Any] = dict(record)
        key: object = properties.pop(self._id_property, None)
        problems: Problems = ()
        for value in properties.values():
            if type(value) is not str:
                properties, problems = self._texts(properties)
                break
        if type(key) is not str or not key:
            key, wrong = self._key_text(key)
            problems = (*wrong, *problems)
        if problems:
            return problems
        roles = self._roles
        fields: dict[str, Any] = {roles.key: key, self._roles.properties: properties}
        if roles.key_property is not None:
            fields[roles.key_property] = self._id_property
        return Input(None, key, fields)

    def _plain(self, record: Mapping[str, Any]) -> Input | Problems:
        roles = self._roles
        key, problems = self._key_text(record.get(roles.key), roles.key)
        if problems:
            return problems
        group = None if roles.key_property is None else str(record.get(roles.key_property))
        return Input(group, key, dict(record))

    def _texts(self, properties: Mapping[str, object]) -> tuple[dict[str, Any], Problems]:
        texts: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in properties.items():
            try:
                text = value_text(value, self._roles.separator)
            except UnsupportedValue as error:
                problems.append(Problem(str(name), UNSUPPORTED_VALUE, str(error)))
                continue
            if text is not None:
                texts[name] = text
        return texts, tuple(problems)

    def _key_text(self, key: object, name: str | None = None) -> tuple[str, Problems]:
        name = name or self._id_property
        try:
            text = value_text(key, None)
        except UnsupportedValue as error:
            return "", (Problem(name, UNSUPPORTED_VALUE, str(error)),)
        if not text:
            message = f"the record has no value for {name!r}, which it is found by"
            return "", (Problem(name, MISSING_KEY, message),)
        return text, ()


def _is_mapping(record: object) -> bool:
    return isinstance(record, Mapping)


def _is_missing(value: object) -> bool:
    """Tell whether a value is what tables hold where there is nothing: not a number, or no time."""
    if isinstance(value, Decimal):
        return value.is_nan()
    if isinstance(value, Real):
        return not isinstance(value, Rational) and math.isnan(value)
    return type(value).__name__ in {"NAType", "NaTType"}


def _number_text(value: Real | Decimal) -> str:
    if isinstance(value, Integral):
        return str(int(value))
    if isinstance(value, Rational):
        raise UnsupportedValue("a fraction cannot be sent without rounding it; give a Decimal")
    if not math.isfinite(value):
        raise UnsupportedValue("an infinite number cannot be sent; give a finite one, or None")
    if isinstance(value, Decimal):
        return format(value, "f")
    # Tables turn whole numbers into floats where a number is missing; a key must not change for that.
    if float(value).is_integer() and abs(float(value)) <= _LARGEST_EXACT:
        return str(int(float(value)))
    # The text of the type itself is as short as its precision allows. `repr` would name the type.
    return format(Decimal(str(value)), "f")


def _date_text(value: date) -> str:
    if not isinstance(value, datetime):
        return value.isoformat()
    if value.utcoffset() is None:
        raise UnsupportedValue("a datetime without a time zone is ambiguous; give it a time zone")
    try:
        moment = value.astimezone(UTC)
    except (OverflowError, ValueError):
        raise UnsupportedValue("the datetime is out of range in UTC; give another one") from None
    return f"{moment.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _joined(values: Iterable[object], separator: str | None) -> str:
    if separator is None:
        raise UnsupportedValue("several values for one property cannot be sent; give text")
    texts: list[str] = []
    for value in values:
        text = value_text(value, None)
        if text is None:
            continue
        if separator in text:
            raise UnsupportedValue(
                f"one of several values must not hold {separator!r}, which separates them"
            )
        texts.append(text)
    # A set has no order; the same set must give the same text in every process.
    return separator.join(sorted(texts) if isinstance(values, Set) else texts)

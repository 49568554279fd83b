"""Properties that objects may have, and which values they take. Nothing here reads or writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from typing import Any, Literal, TypeAlias, cast, get_args

PropertyType: TypeAlias = Literal[
    "string", "email", "number", "bool", "date", "datetime", "enumeration"
]
PROPERTY_TYPES: tuple[PropertyType, ...] = get_args(PropertyType)
PROBLEM_KINDS = ("email", "number", "bool", "date", "datetime", "option", "read-only")
"""All that can be wrong with a value."""

_EMAIL = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"  # What stands before the at sign,
    r"@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])"  # and at least two labels of a domain.
)
_LONGEST_EMAIL = 254
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})")
# More digits than any moment that Python's dates can hold, and few enough to convert at once.
_MILLISECONDS = re.compile(r"-?[0-9]{1,15}")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Property:
    """A property that objects of one type may have.

    Attributes:
        name: Its name.
        type: What its values are.
        unique: Whether no two records share a value, so that it may serve as key of an upsert.
        read_only: Whether only the server sets it.
        options: What an enumeration allows; empty if that is anything.
        multiple: Whether a value may hold several options, joined with `;`.
    """

    name: str
    type: PropertyType = "string"
    unique: bool = False
    read_only: bool = False
    options: tuple[str, ...] = ()
    multiple: bool = False


@dataclass(frozen=True)
class InvalidValue:
    """A value that a property does not take.

    Attributes:
        property: The name of the property.
        kind: What is wrong, one of `PROBLEM_KINDS`.
        value: The value, or of several options the first that is not allowed.
    """

    property: str
    kind: str
    value: str


def check_value(declared: Property, value: str) -> str | InvalidValue:
    """Check a value.

    Args:
        declared: The property that it is meant for.
        value: The value; an empty one clears the property, whatever its type.

    Returns:
        The value as it is stored, or what is wrong with it. Emails are stored in lower case, dates
        as YYYY-MM-DD, datetimes in UTC with milliseconds, all other values as they are.
    """
    if declared.read_only:
        return InvalidValue(declared.name, "read-only", value)
    if not value:
        return value
    if declared.type == "enumeration":
        return _checked_options(declared, value)
    stored = _STORED[declared.type](value)
    return InvalidValue(declared.name, declared.type, value) if stored is None else stored


def key_of(declared: Property, value: str) -> str:
    """Give the form in which values of a unique property compare.

    Args:
        declared: The property.
        value: A value of it, as it was sent or as it is stored, possibly one that is not allowed.

    Returns:
        Emails without case, dates and datetimes in one notation, all other values as they are.
    """
    if declared.type == "email":
        return value.lower()
    if declared.type in {"date", "datetime"}:
        return _STORED[declared.type](value) or value
    return value


def as_json(declared: Property) -> dict[str, Any]:
    """Give a property, apart from its name, as an object of JSON that `from_json` reads."""
    fields = asdict(declared)
    del fields["name"]
    return {**fields, "options": list(declared.options)}


def from_json(name: str, fields: object) -> Property:
    """Read the declaration of a property.

    Args:
        name: The name of the property.
        fields: The other attributes of a `Property` that are not as they are by default; None if
            all are. Text may stand for a flag, because YAML can be read without its types.

    Returns:
        The property.

    Raises:
        ValueError: The declaration makes no sense. The message says what was expected.
    """
    if not name:
        raise ValueError("the name of a property is empty")
    if fields is None or fields in ("", "~", "null"):
        return Property(name)
    if not isinstance(fields, Mapping):
        raise ValueError(f"expected fields such as {{unique: true}}, not {fields!r}")
    known = cast("Mapping[object, object]", fields)
    for field in known:
        if field not in _FIELDS:
            raise ValueError(f"unknown field {field!r}; {expected(field, _FIELDS)}")
    type_ = known.get("type", "string")
    if type_ not in PROPERTY_TYPES:
        raise ValueError(f"unknown type {type_!r}; {expected(type_, PROPERTY_TYPES)}")
    declared = Property(
        name,
        type=type_,
        unique=_flag(known, "unique"),
        read_only=_flag(known, "read_only"),
        options=_options(known.get("options", [])),
        multiple=_flag(known, "multiple"),
    )
    if declared.type != "enumeration" and (declared.options or declared.multiple):
        raise ValueError("options and multiple belong to an enumeration; add type: enumeration")
    return declared


def expected(given: object, known: Iterable[str]) -> str:
    """Say which names are known, or which one was probably meant."""
    known = list(known)
    close = get_close_matches(str(given), known, 1)
    return f"did you mean {close[0]!r}?" if close else f"expected one of {', '.join(known)}"


def _flag(fields: Mapping[object, object], name: str) -> bool:
    value = fields.get(name, False)
    if value in ("true", "false"):
        return value == "true"
    if not isinstance(value, bool):
        raise ValueError(f"{name} must be true or false, not {value!r}")
    return value


def _options(value: object) -> tuple[str, ...]:
    options = cast("list[object]", value) if isinstance(value, list | tuple) else [None]
    if not all(isinstance(option, str) and option for option in options):
        raise ValueError(f"options must be a list of texts, such as [red, green], not {value!r}")
    return tuple(dict.fromkeys(cast("list[str]", options)))


def _checked_options(declared: Property, value: str) -> str | InvalidValue:
    if declared.options:
        for option in value.split(";") if declared.multiple else [value]:
            if option not in declared.options:
                return InvalidValue(declared.name, "option", option)
    return value


def _stored_email(value: str) -> str | None:
    # The length comes first: how long the expression takes grows with its square.
    is_valid = len(value) <= _LONGEST_EMAIL and _EMAIL.fullmatch(value)
    return value.lower() if is_valid else None


def _stored_number(value: str) -> str | None:
    return value if _NUMBER.fullmatch(value) else None


def _stored_bool(value: str) -> str | None:
    return value if value in {"true", "false"} else None


def _stored_date(value: str) -> str | None:
    moment = _moment(value)
    if moment is None or moment != moment.replace(hour=0, minute=0, second=0, microsecond=0):
        return None
    # Midnight is meant in UTC; a time of day has no place in a date, not even that of midnight.
    return moment.date().isoformat() if "T" not in value else None


def _stored_datetime(value: str) -> str | None:
    moment = _moment(value)
    if moment is None:
        return None
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _moment(value: str) -> datetime | None:
    try:
        if _MILLISECONDS.fullmatch(value):
            return _EPOCH + timedelta(milliseconds=int(value))
        if _DATE.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), datetime.min.time(), UTC)
        if _DATE.match(value) and _TIME.fullmatch(value, len("YYYY-MM-DD")):
            return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    return None


_FIELDS = ("type", "unique", "read_only", "options", "multiple")
_STORED: Mapping[PropertyType, Callable[[str], str | None]] = {
    "string": lambda value: value,
    "email": _stored_email,
    "number": _stored_number,
    "bool": _stored_bool,
    "date": _stored_date,
    "datetime": _stored_datetime,
}

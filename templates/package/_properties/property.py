"""A property of records, and which values it takes. Nothing here reads or writes."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal, TypeAlias, get_args

from .._runtime.roles import PropertyRules, ValueProblem

PropertyType: TypeAlias = Literal[
    "string", "email", "number", "bool", "date", "datetime", "enumeration"
]
PROPERTY_TYPES: tuple[PropertyType, ...] = get_args(PropertyType)
ProblemKind: TypeAlias = Literal[
    "unknown",
    "read_only",
    "too_long",
    "option",
    "number",
    "bool",
    "date",
    "not_midnight",
    "datetime",
    "email",
    "no_key",
    "two_keys",
    "backward",
]
"""What can be wrong with a value, by the names of `roles.ValueProblems`."""

SEPARATOR = ";"
"""What joins several options in one value; at its beginning it appends to those that are there."""

_EMAIL = re.compile(
    r"[\w!#$%&'*+/=?^`{|}~-]+(?:\.[\w!#$%&'*+/=?^`{|}~-]+)*"  # What stands before the at sign,
    r"@(?:[^\W_](?:[\w-]*[^\W_])?\.)+[^\W_](?:[\w-]*[^\W_])"  # and at least two labels of a domain.
)
_LONGEST_EMAIL = 254
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?"
    r"(?:Z|[+-][0-9]{2}:?[0-9]{2})"
)
# More digits than any moment that Python's dates can hold, and few enough to convert at once.
_MILLISECONDS = re.compile(r"-?[0-9]{1,15}")
_FORMS = {
    "number": _NUMBER,
    "date": re.compile(f"{_DATE.pattern}|{_MILLISECONDS.pattern}"),
    "datetime": re.compile(f"{_DATE.pattern}|{_MILLISECONDS.pattern}|{_INSTANT.pattern}"),
}
_MIDNIGHT = time()
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_PLACEHOLDER = re.compile(r"\{(value|property|options|time)\}")


@dataclass(frozen=True)
class Property:
    """A property that objects of one type may have.

    Attributes:
        name: Its name.
        type: What its values are.
        label: What it is called for people; empty if nobody knows.
        unique: Whether no two records share a value, so that it may serve as key of an upsert.
        read_only: Whether only the API writes it.
        calculated: Whether the API works it out.
        options: What an enumeration allows, with what each option is called for people; empty if that is
            anything.
        multiple: Whether a value may hold several options, joined with `SEPARATOR`.
        archived: Whether it is in use no longer.
    """

    name: str
    type: PropertyType = "string"
    label: str = ""
    unique: bool = False
    read_only: bool = False
    calculated: bool = False
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    multiple: bool = False
    archived: bool = False

    @property
    def is_writable(self) -> bool:
        """Whether records may bring values for it."""
        return not (self.read_only or self.calculated or self.archived)


@dataclass(frozen=True)
class InvalidValue:
    """A value that a property does not take.

    Attributes:
        property: The name of the property.
        kind: What is wrong.
        value: The value, or of several options the first that is not allowed.
        options: What is allowed, if only that is.
        time: The time of day that it means in UTC, if there should be none.
    """

    property: str
    kind: ProblemKind
    value: str
    options: tuple[str, ...] = ()
    time: str = ""


def check_value(
    declared: Property, value: str, *, longest_text: int | None = None
) -> str | InvalidValue:
    """Check a value.

    Args:
        declared: The property that it is meant for.
        value: The value; an empty one clears the property, whatever its type.
        longest_text: The most characters that it may have, if there is a limit.

    Returns:
        The value as it is stored, or what is wrong with it. Emails are stored in lower case, dates
        as YYYY-MM-DD, datetimes in UTC with milliseconds, all other values as they are.
    """
    if declared.read_only or declared.calculated:
        return InvalidValue(declared.name, "read_only", value)
    if not value:
        return value
    if longest_text is not None and len(value) > longest_text:
        return InvalidValue(declared.name, "too_long", value)
    if declared.type == "string":
        return value
    if declared.type == "enumeration":
        wrong = unknown_option(declared, value)
        if wrong is None:
            return value
        return InvalidValue(declared.name, "option", wrong, tuple(declared.options))
    stored = _stored(declared.type, value)
    if stored is not None:
        return stored
    if declared.type == "date" and _MILLISECONDS.fullmatch(value):
        moment = _moment(value)
        if moment is not None:
            at = moment.time().isoformat(timespec="milliseconds")
            return InvalidValue(declared.name, "not_midnight", value, time=at)
    return InvalidValue(declared.name, declared.type, value)


def quick_check_of(declared: Property) -> Callable[[str], object] | None:
    """Give what tells quickly whether a property takes a value that is not empty, and not too long.

    Args:
        declared: A property that may be written.

    Returns:
        What gives something true if it does; None if it takes anything.
    """
    if declared.type == "datetime":
        return _is_moment
    if declared.type in _READ:
        return _READ[declared.type]
    if takes_any_text(declared):
        return None
    return lambda value: unknown_option(declared, value) is None


def problem_of(wrong: InvalidValue, rules: PropertyRules) -> tuple[str, str]:
    """Say what is wrong with a value as the API says it, as far as that is known.

    Args:
        wrong: What is wrong.
        rules: What the API says; where nobody knows, the words are ours.

    Returns:
        A code for programs, and a sentence for people.
    """
    said: ValueProblem | None = getattr(rules.problems, wrong.kind)
    if said is None:
        return wrong.kind.upper(), f"{wrong.value} does not fit {wrong.property}"
    known = {
        "value": wrong.value,
        "property": wrong.property,
        "options": ", ".join(wrong.options),
        "time": wrong.time,
    }
    return said.code, _PLACEHOLDER.sub(lambda found: known[found[1]], said.message)


def is_chosen(wrong: InvalidValue, rules: PropertyRules) -> bool:
    """Tell whether nobody knows what the API says of a value, so that what `problem_of` gives is ours."""
    said: ValueProblem | None = getattr(rules.problems, wrong.kind)
    return said is None or said.chosen


def kind_of_wrong(declared: Property) -> ProblemKind | None:
    """Give what is wrong with a value that means nothing that a property takes; None if it takes text."""
    if takes_any_text(declared) or declared.type == "string":
        return None
    return "option" if declared.type == "enumeration" else declared.type


def may_be_key(declared: Property, rules: PropertyRules) -> bool | None:
    """Tell whether a property may be the key of an upsert.

    Args:
        declared: The property.
        rules: What the API refuses.

    Returns:
        None where nobody knows: its values are unique, and only the API writes them.
    """
    if not declared.unique or declared.archived or declared.name in rules.refused_keys:
        return False
    return True if declared.is_writable else None


def takes_any_text(declared: Property) -> bool:
    """Tell whether a property takes whatever is not too long."""
    is_open = declared.type == "enumeration" and not declared.options
    return declared.is_writable and (declared.type == "string" or is_open)


def unknown_option(declared: Property, value: str) -> str | None:
    """Give the first option in a value of an enumeration that is none of its options; None if all are."""
    options = declared.options
    if not options or value in options:
        return None
    if not declared.multiple:
        return value
    given = value.removeprefix(SEPARATOR).split(SEPARATOR)
    return next((option for option in given if option not in options), None)


def form_of(type_: Literal["number", "date", "datetime"]) -> re.Pattern[str]:
    """Give what a text looks like that a property of some type takes, if there is such a moment."""
    return _FORMS[type_]


def key_of(declared: Property, value: str) -> str:
    """Give the form in which values of a unique property compare, as sent or stored, allowed or not.

    Emails have no case, dates and datetimes one notation; all other values are as they are.
    """
    if declared.type == "email":
        return value.lower()
    if declared.type in {"date", "datetime"}:
        return _stored(declared.type, value) or value
    return value


def _is_email(value: str) -> bool:
    # The length comes first: how long the expression takes grows with its square.
    return len(value) <= _LONGEST_EMAIL and _EMAIL.fullmatch(value) is not None


def _is_number(value: str) -> bool:
    return _NUMBER.fullmatch(value) is not None


def _day(value: str) -> date | None:
    """Give the day of a date; None if it is none. A time of day has no place in it, not even midnight."""
    if _DATE.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    moment = _moment(value) if _MILLISECONDS.fullmatch(value) else None
    return moment.date() if moment is not None and moment.time() == _MIDNIGHT else None


def _moment(value: str) -> datetime | None:
    try:
        if _INSTANT.fullmatch(value):
            return datetime.fromisoformat(value).astimezone(UTC)
        if _MILLISECONDS.fullmatch(value):
            return _EPOCH + timedelta(milliseconds=int(value))
        if _DATE.fullmatch(value):
            return datetime.combine(date.fromisoformat(value), _MIDNIGHT, UTC)
    except (ValueError, OverflowError):
        pass
    return None


def _is_moment(value: str) -> bool:
    if value.endswith("Z") and _INSTANT.fullmatch(value):
        # In UTC as it is, so that it is in range there.
        try:
            datetime.fromisoformat(value)
        except ValueError:
            return False
        return True
    return _moment(value) is not None


def _stored_datetime(moment: datetime) -> str:
    return moment.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


_READ: Mapping[PropertyType, Callable[[str], Any]] = {
    "email": _is_email,
    "number": _is_number,
    "bool": frozenset({"true", "false"}).__contains__,
    "date": _day,
    "datetime": _moment,
}
"""What reads a value; what it gives is false if it is none of the type."""

_WRITTEN: Mapping[PropertyType, Callable[[str, Any], str]] = {
    "email": lambda value, _: value.lower(),
    "date": lambda _, day: day.isoformat(),
    "datetime": lambda _, moment: _stored_datetime(moment),
}
"""How a value is stored that is not stored as it is."""


def _stored(type_: PropertyType, value: str) -> str | None:
    read = _READ[type_](value)
    if not read:
        return None
    written = _WRITTEN.get(type_)
    return value if written is None else written(value, read)

"""From a record to an input of the API: what is sent for its key and its values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import datetime, tzinfo
from decimal import Decimal
from enum import Enum
from numbers import Rational, Real
from typing import Any, Literal, NamedTuple, TypeAlias, cast, get_args

from .._properties.conversion import Converter
from .._properties.property import Property, takes_any_text
from .._properties.readers import ConversionError
from .._properties.texts import (
    UnsupportedValue,
    is_inexact,
    is_missing,
    is_of_table,
    unwrapped,
    value_text,
)
from .._runtime.roles import Roles
from .._runtime.ways import put
from .outcomes import Problem
from .property_check import PropertyCheck
from .records import UnsupportedRecord, mapping_of
from .source import UnreadableRecord

Null: TypeAlias = Literal["leave", "clear"]
"""What to do about a value that is missing: `"leave"` the property as it is, or `"clear"` it.

Missing are None, what is not a number, the missing values of tables, and a list of nothing but these.
"""

NULLS: tuple[Null, ...] = get_args(Null)

# Codes of ours: what they stand for never reaches an API.
MISSING_KEY = "MISSING_KEY"
UNSUPPORTED_VALUE = "UNSUPPORTED_VALUE"
UNSUPPORTED_RECORD = "UNSUPPORTED_RECORD"

_EXACT_TYPES = frozenset({"enumeration", "bool", "date", "datetime"})
_NAMELESS = "a value has no name: csv.DictReader gives so what stands in a line beyond the header"


class Input(NamedTuple):
    """What is sent for a record.

    Attributes:
        group: The property that its key is a value of; None if all inputs of a request may have others.
        key: Its key, as text.
        fields: What is sent, without a trace id.
        by: The field that its key is the value of, where it may be one of several.
    """

    group: str | None
    key: str
    fields: dict[str, Any]
    by: str | None = None


Problems: TypeAlias = tuple[Problem, ...]


class InputMaker:
    """Makes inputs out of records whose values are sent as text.

    Args:
        roles: Which fields of an input play which part.
        id_property: The property that finds records.
        null: What to do about values that are missing.
        timezone: The time zone of datetimes that have none; None if there cannot be such.
        check: What properties take, if that is known.
        converter: Makes of values what properties take, if that is wanted.
        constants: What each input holds, whatever the record.
    """

    def __init__(
        self,
        roles: Roles,
        id_property: str,
        null: Null = "leave",
        timezone: tzinfo | None = None,
        *,
        check: PropertyCheck | None = None,
        converter: Converter | None = None,
        constants: Mapping[str, Any] | None = None,
    ) -> None:
        self._roles = roles
        self._id_property = id_property
        self._constants = constants or {}
        ways = (roles.key, roles.key_property, roles.properties)
        self._is_nested = bool(constants) or any("." in way for way in ways if way is not None)
        self._clears = null == "clear"
        self._timezone = timezone
        self._check = check
        self._converter = converter

    def make(self, record: object) -> Input | Problems:
        """Make an input.

        Args:
            record: Names of properties and their values.

        Returns:
            The input, or what keeps the record from being sent.
        """
        if isinstance(record, UnreadableRecord):
            return (record.problem,)
        try:
            record = mapping_of(record)
        except UnsupportedRecord as error:
            return (Problem(None, UNSUPPORTED_RECORD, str(error)),)
        # Nearly all records hold nothing but text, and are copied in one go.
        properties: dict[str, Any] = dict(record)
        problems: Problems = ()
        if self._converter is not None:
            properties, problems = self._converted(properties, self._converter)
        key: object = properties.pop(self._id_property, None)
        for value in properties.values():
            if type(value) is not str:
                properties, wrong = self._texts(properties)
                problems = (*problems, *wrong)
                break
        if type(key) is not str or not key or key.isspace():
            key, wrong = self._key_text(key)
            # It has been said already if it could not be converted.
            is_told = any(each.property == self._id_property for each in problems)
            problems = problems if is_told else (*wrong, *problems)
        if self._check is not None:
            problems = (*problems, *self._check.problems(key, properties, record))
        if problems:
            return problems
        return Input(None, key, self._fields(key, properties))

    def _fields(self, key: str, properties: dict[str, Any]) -> dict[str, Any]:
        roles = self._roles
        if self._is_nested:
            fields = merged(self._constants, {})
            for way, value in (
                (roles.key, key),
                (roles.key_property, self._id_property),
                (roles.properties, properties),
            ):
                put(fields, way or "", value)
            return fields
        fields = {roles.key: key, roles.properties or "": properties}
        if roles.key_property is not None:
            fields[roles.key_property] = self._id_property
        return fields

    def _converted(
        self, given: Mapping[str, object], converter: Converter
    ) -> tuple[dict[str, Any], Problems]:
        converted: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, value in given.items():
            try:
                converted[name] = converter.convert(name, value)
            except ConversionError as error:
                problems.append(self._wrong_value(name, str(error)))
        return converted, tuple(problems)

    def _texts(self, properties: Mapping[str, object]) -> tuple[dict[str, Any], Problems]:
        texts: dict[str, Any] = {}
        problems: list[Problem] = []
        separator, timezone = self._roles.separator, self._timezone
        for name, value in properties.items():
            if cast("object", name) is None:
                problems.append(Problem(None, UNSUPPORTED_VALUE, _NAMELESS))
                continue
            if type(value) is str:
                texts[name] = value
                continue
            declared = None if self._check is None else self._check.declared(name)
            try:
                text = value_text(value, separator, timezone)
            except UnsupportedValue as error:
                # A time zone does not make a date of what has a time of day.
                told = str(error)
                is_moment = isinstance(value, datetime) or is_of_table(value)
                if is_moment and declared is not None and declared.type == "date":
                    told = self._changed(declared, value)
                problems.append(self._wrong_value(name, told))
                continue
            if text is None:
                if self._clears:
                    texts[name] = ""
                continue
            if declared is not None and _changes_meaning(declared, value):
                problems.append(self._wrong_value(name, self._changed(declared, value)))
                continue
            texts[name] = text
        return texts, tuple(problems)

    def _changed(self, declared: Property, value: object) -> str:
        hint = "" if self._check is None else self._check.converted(declared, value)
        mend = "the date alone" if declared.type == "date" else "text or a whole number"
        return f"{value} is no {declared.type}; give {mend}{hint and f'; {hint}'}"

    def _wrong_value(self, name: str, message: str) -> Problem:
        """Say what is wrong with a value, with the code that any other wrong one of its property has."""
        code = None if self._check is None else self._check.code_of_wrong(name)
        return Problem(str(name), code or UNSUPPORTED_VALUE, message)

    def _key_text(self, key: object) -> tuple[str, Problems]:
        name = self._id_property
        text, problems = key_text(key, name, self._timezone)
        if problems and problems[0].code == UNSUPPORTED_VALUE:
            return "", (self._wrong_value(name, problems[0].message),)
        return text, problems


def key_text(key: object, name: str, timezone: tzinfo | None) -> tuple[str, Problems]:
    """Give the text of a key, or say why there is none.

    Args:
        key: The key.
        name: The field that it is the value of.
        timezone: The time zone of datetimes that have none; None if there cannot be such.
    """
    try:
        if is_inexact(key):
            raise UnsupportedValue(
                "a float of this size may have lost its last digits; give an int, or text"
            )
        text = value_text(key, None, timezone)
    except UnsupportedValue as error:
        return "", (Problem(name, UNSUPPORTED_VALUE, str(error)),)
    if not text or text.isspace():
        return "", (missing_key([name], is_blank=bool(text)),)
    return text, ()


def missing_key(names: Sequence[str], *, is_blank: bool = False) -> Problem:
    """Say that a record has no key.

    Args:
        names: The fields of which it needs one.
        is_blank: Whether there are blanks in its place.
    """
    *others, last = map(repr, names)
    listed = f"{', '.join(others)} or {last}" if others else last
    what = "nothing but blanks" if is_blank else "no value"
    message = f"the record has {what} for {listed}, which it is found by"
    return Problem(names[0], MISSING_KEY, message)


def merged(constants: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Add constants to an input, which comes first where it says something else."""
    whole = {
        name: merged(cast("Mapping[str, Any]", one), {}) if isinstance(one, Mapping) else one
        for name, one in constants.items()
    }
    for name, value in fields.items():
        held: object = whole.get(name)
        if isinstance(held, dict) and isinstance(value, dict):
            value = merged(cast("dict[str, Any]", held), cast("dict[str, Any]", value))
        whole[name] = value
    return whole


def _changes_meaning(declared: Property, value: object) -> bool:
    """Tell whether the text of a value may be taken for another one: 1.0 is no option 1, and no moment."""
    if declared.type not in _EXACT_TYPES or takes_any_text(declared):
        return False
    if isinstance(value, (list, tuple, Set)):
        return any(_changes_meaning(declared, one) for one in cast("Iterable[object]", value))
    if isinstance(value, Enum):
        return _changes_meaning(declared, value.value)
    if is_of_table(value):
        return _changes_meaning(declared, unwrapped(value))
    is_number = isinstance(value, (Real, Decimal)) and not is_missing(value)
    return is_number and not isinstance(value, Rational)

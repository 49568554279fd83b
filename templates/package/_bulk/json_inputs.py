"""From a record to an input of the API that is no list of texts: JSON with numbers, lists and objects.

What inputs of text alone are made by is `values`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from datetime import date, datetime, tzinfo
from decimal import Decimal
from enum import Enum
from numbers import Integral, Rational, Real
from typing import Any, cast
from uuid import UUID

from .._properties.texts import UnsupportedValue, is_missing, is_of_table, unwrapped, value_text
from .._runtime.roles import Roles
from .._runtime.sent_values import PartialModel
from .._runtime.ways import dig, put, without
from .outcomes import Problem
from .record_check import RecordCheck
from .record_fields import key_ways
from .records import UnsupportedRecord, mapping_of
from .source import UnreadableRecord
from .values import (
    UNSUPPORTED_RECORD,
    UNSUPPORTED_VALUE,
    Input,
    Null,
    Problems,
    key_text,
    merged,
    missing_key,
)

_SOME_TRACE_ID = "0123456789ab-0"
"""What stands for a trace id until a record has its own."""

_CHECKED = (datetime, date, UUID, Decimal, bytes)
"""What only the type of a field can tell how to write."""


class JsonInputMaker:
    """Makes inputs out of records.

    Records have the fields of inputs; or, where `Roles.properties` says so, those of one object of an input,
    with the keys that stand beside it.

    Args:
        roles: Which fields of an input play which part.
        id_property: The property that finds records; None if each input holds the field of its key.
        null: What to do about values that are missing, where records hold the fields of one object.
        timezone: The time zone of datetimes that have none; None if there cannot be such.
        check: What inputs are like, if that is known.
        constants: What each input holds, whatever the record.
        keys: The fields that find a record, where the caller named them.
        left_out: The way to the key, if the type of an input has no place for it.
    """

    def __init__(
        self,
        roles: Roles,
        id_property: str | None = None,
        null: Null = "leave",
        timezone: tzinfo | None = None,
        *,
        check: RecordCheck | None = None,
        constants: Mapping[str, Any] | None = None,
        keys: Sequence[str] = (),
        left_out: str | None = None,
    ) -> None:
        self._roles = roles
        self._id_property = id_property
        self._left_out = left_out
        self._leaves = roles.properties is not None and null == "leave"
        self._timezone = timezone
        self._check = check
        self._constants = constants or {}
        self._keys = {id_property: roles.key} if id_property else key_ways(roles, keys)
        outside = (way for name, way in key_ways(roles).items() if name == way)
        self._outside = dict.fromkeys(way.partition(".")[0] for way in outside)

    def make(self, record: object) -> Input | Problems:
        """Make an input.

        Args:
            record: Names of fields and their values.

        Returns:
            The input, or what keeps the record from being sent.
        """
        if isinstance(record, UnreadableRecord):
            return (record.problem,)
        try:
            values, problems = self._values(_mapping_of(record))
        except UnsupportedRecord as error:
            return (Problem(None, UNSUPPORTED_RECORD, str(error)),)
        if problems:
            return problems
        try:
            fields = merged(self._constants, self._placed(values))
        except UnsupportedValue as error:
            return (Problem(self._id_property, UNSUPPORTED_VALUE, str(error)),)
        if self._check is not None:
            checked = self._checked(fields, self._check)
            if isinstance(checked, dict):
                fields = checked
            else:
                problems = checked
        name, key, wrong = self._key(fields)
        if wrong:
            of_key = {each.property for each in wrong}
            problems = (*wrong, *(each for each in problems if each.property not in of_key))
        if problems:
            return problems
        is_by_callers = self._roles.key_property is not None and self._id_property is None
        group = str(dig(fields, self._roles.key_property)) if is_by_callers else None
        return Input(group, key, fields, name if len(self._keys) > 1 else None)

    def _checked(self, fields: dict[str, Any], check: RecordCheck) -> dict[str, Any] | Problems:
        if self._roles.trace_id is not None:
            put(fields, self._roles.trace_id, _SOME_TRACE_ID)
        if self._left_out is None:
            return check.checked(fields)
        checked = check.checked(without(fields, self._left_out))
        if isinstance(checked, dict):
            put(checked, self._left_out, dig(fields, self._left_out))
        return checked

    def _key(self, fields: Mapping[str, Any]) -> tuple[str, str, Problems]:
        """Give the name of the first key that there is, and the key; or why there is none."""
        problems: Problems = ()
        for name, way in self._keys.items():
            key, wrong = key_text(dig(fields, way), name, self._timezone)
            if not wrong:
                return name, key, ()
            problems = problems or wrong
        return "", "", problems if len(self._keys) == 1 else (missing_key([*self._keys]),)

    def _placed(self, values: dict[str, Any]) -> dict[str, Any]:
        """Put the fields of a record where the input has them."""
        roles = self._roles
        if roles.properties is None:
            return values
        fields: dict[str, Any] = {}
        if self._id_property is not None and roles.key_property is not None:
            put(fields, roles.key, value_text(values.pop(self._id_property, None), None))
            put(fields, roles.key_property, self._id_property)
        else:
            fields = {step: values.pop(step) for step in self._outside if step in values}
        if self._leaves:
            values = {name: value for name, value in values.items() if value is not None}
        put(fields, roles.properties, values)
        return fields

    def _values(self, record: Mapping[str, Any]) -> tuple[dict[str, Any], Problems]:
        values: dict[str, Any] = {}
        problems: Problems = ()
        for name, value in record.items():
            try:
                values[name] = self._value(value)
            except (UnsupportedValue, RecursionError) as error:
                problems = (*problems, Problem(str(name), UNSUPPORTED_VALUE, str(error)))
        return values, problems

    def _value(self, value: object) -> object:
        """Give what is sent for a value. What only its type can say is left to the check, if there is one."""
        if isinstance(value, Enum):
            return self._value(value.value)
        if value is None or isinstance(value, (str, bool)):
            return value
        if isinstance(value, (list, tuple, Set)):
            items = cast("Iterable[object]", value)
            if self._check is not None and set(map(type, items)) <= {float, int, str}:
                return list(items)  # Such as a vector, as nearly always.
            return [self._value(one) for one in items]
        if self._check is not None and isinstance(value, _CHECKED):
            return self._for_check(value)
        if isinstance(value, Real) and not isinstance(value, Rational):
            text = value_text(value, None)
            return None if text is None else float(text)
        if is_of_table(value):
            return self._value(unwrapped(value))
        if isinstance(value, Integral):
            return int(value)
        try:
            return {name: self._value(one) for name, one in _mapping_of(value).items()}
        except UnsupportedRecord:
            return value_text(value, None, self._timezone)

    def _for_check(self, value: object) -> object:
        if is_missing(value):
            return None
        if isinstance(value, datetime) and value.utcoffset() is None:
            return value_text(value, None, self._timezone)
        return value


def _mapping_of(value: object) -> Mapping[str, Any]:
    if isinstance(value, PartialModel):
        return value.model_dump(by_alias=True, exclude_unset=True)
    return mapping_of(value)

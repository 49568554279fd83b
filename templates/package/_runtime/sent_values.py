"""Single values that callers give, as JSON has them: what they mean, or a refusal, and nothing else.

Each function is a validator of pydantic, and raises what pydantic makes part of its `ValidationError`.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import fields, is_dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any, cast
from uuid import UUID

from pydantic import BaseModel, ValidationError
from pydantic_core import (
    InitErrorDetails,
    PydanticCustomError,
    PydanticKnownError,
    PydanticSerializationError,
    to_jsonable_python,
)

from .timestamp import Timestamp


class PartialModel(BaseModel):
    """A model of which only those fields are sent that were given."""


def given_integer(value: object) -> object:
    """Take an integer as it is, and refuse what is none: text, and truth values."""
    if isinstance(value, (bool, str, bytes)):
        raise PydanticKnownError("int_type")
    return int(value) if isinstance(value, Integral) else value


def given_number(value: object, check: Callable[[object], object]) -> object:
    """Take a number as it is: an integer with all its digits, anything else if a float has its digits."""
    if isinstance(value, (bool, str, bytes)):
        raise PydanticKnownError("float_type")
    number = _number(value) if isinstance(value, (Decimal, Real)) else value
    checked = check(number)
    return number if isinstance(number, int) else checked


def given_moment(value: object) -> object:
    """Take a datetime that has a zone, or the text of one, which is sent as it stands."""
    if isinstance(value, str):
        try:
            value = Timestamp.parse(value)
        except ValueError:
            value = None
    if not isinstance(value, datetime):
        raise PydanticCustomError(
            "datetime_type",
            "Input should be a datetime with a time zone, or its text in RFC 3339, such as"
            " 2026-01-31T12:00:00Z",
        )
    offset = value.utcoffset()
    if offset is None:
        raise PydanticKnownError("timezone_aware")
    return _written_whole(value, offset)


def _written_whole(moment: datetime, offset: timedelta) -> datetime:
    """Give a moment as RFC 3339 can write all of it: with an offset of minutes, nanoseconds as text."""
    if offset % timedelta(minutes=1):
        try:
            moment = moment.astimezone(UTC)
        except OverflowError:
            raise PydanticKnownError("timezone_aware") from None
    # That of pandas has them.
    return Timestamp.parse(moment.isoformat()) if getattr(moment, "nanosecond", 0) else moment


def given_date(value: object) -> date:
    """Take a date, or the text of one."""
    if isinstance(value, str) and len(value) == 10:
        try:
            return date.fromisoformat(value)
        except ValueError:
            pass
    if not isinstance(value, date) or isinstance(value, datetime):
        raise PydanticCustomError(
            "date_type", "Input should be a date, or its text in RFC 3339, such as 2026-01-31"
        )
    return value


def given_uuid(value: object) -> UUID:
    """Take a UUID, or its text as it is sent."""
    if isinstance(value, str):
        try:
            read = UUID(value)
        except ValueError:
            read = None
        value = read if read is not None and str(read) == value else value
    if not isinstance(value, UUID):
        raise PydanticCustomError(
            "uuid_type",
            "Input should be a UUID, or its text of 36 characters in lower case with hyphens",
        )
    return value


def json_of(value: object) -> object:
    """Take any value that JSON can tell, and give it as JSON has it; moments stay what they are.

    Raises:
        pydantic.ValidationError: At some place in it is what JSON cannot tell, such as NaN, or what may mean
            something else, such as a datetime without a zone.
    """
    problems: list[InitErrorDetails] = []
    plain = _plain(value, (), problems)
    if problems:
        raise ValidationError.from_exception_data("any value", problems)
    return plain


def _plain(value: Any, place: tuple[int | str, ...], problems: list[InitErrorDetails]) -> Any:
    if value is None or isinstance(value, (str, bool)):
        return value.value if isinstance(value, Enum) else value
    try:
        if isinstance(value, Enum):
            return _plain(value.value, place, problems)
        if isinstance(value, (Decimal, Real)):
            return _number(value)
        if isinstance(value, datetime):
            moment = given_moment(value)
            return moment.text if isinstance(moment, Timestamp) else moment
        if isinstance(value, BaseModel):
            value = value.model_dump(by_alias=True, exclude_unset=isinstance(value, PartialModel))
        elif is_dataclass(value) and not isinstance(value, type):
            value = {one.name: getattr(value, one.name) for one in fields(value)}
        if isinstance(value, Mapping):
            items = cast("Iterable[tuple[Any, Any]]", value.items())
            return {_name(key): _plain(one, (*place, str(key)), problems) for key, one in items}
        if isinstance(value, (list, tuple, Set, deque, Iterator)):
            return [
                _plain(one, (*place, number), problems)
                for number, one in enumerate(cast("list[Any]", value))
            ]
        if isinstance(value, (bytes, bytearray, complex)):
            raise _no_json(value)
        return to_jsonable_python(value)
    except (PydanticCustomError, PydanticKnownError) as error:
        kind = error.type if isinstance(error, PydanticKnownError) else error
        problems.append(InitErrorDetails(type=kind, loc=place, input=value))
    except PydanticSerializationError:
        unknown = _no_json(cast("object", value))
        problems.append(InitErrorDetails(type=unknown, loc=place, input=value))
    return None


def _no_json(value: object) -> PydanticCustomError:
    kind = type(value).__name__
    return PydanticCustomError(
        "json_type", "Input should be a value that JSON has, and not {kind}", {"kind": kind}
    )


def _name(key: object) -> str:
    """Give the name of a field of an object, which is text: another key may become that of a second one."""
    name: object = key.value if isinstance(key, Enum) else key
    if not isinstance(name, str):
        raise PydanticCustomError(
            "json_key", "Keys should be text, and not {kind}", {"kind": type(key).__name__}
        )
    return name


def _number(value: Decimal | Real) -> int | float:
    """Give a number of any kind as an int or a float that is written with the same digits."""
    if isinstance(value, (int, Integral)):
        return int(value)
    try:
        number = float(value)
    except (OverflowError, ValueError):
        number = math.inf
    if not math.isfinite(number):
        raise PydanticKnownError("finite_number")
    if isinstance(value, float):
        return number
    if isinstance(value, Decimal) and value == value.to_integral_value():
        return int(value)
    same = Decimal(repr(number)) == value if isinstance(value, Decimal) else number == value
    if not same:
        raise PydanticCustomError(
            "inexact_number",
            "Input should be a number with digits that a float holds, and not {value}",
            {"value": str(value)},
        )
    return number

"""Arguments of the path, the query and the headers, checked before anything is sent."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError


class Argument(NamedTuple):
    """An argument to check.

    Attributes:
        name: What callers call it.
        adapter: What it has to be like; None if it has to be given, and was not.
        value: What was given.
        is_secret: Whether its value stays out of messages.
    """

    name: str
    adapter: TypeAdapter[Any] | None
    value: object
    is_secret: bool


def checked_values(operation: str, arguments: Iterable[Argument]) -> list[object]:
    """Check the arguments of a call.

    Args:
        operation: What is called.
        arguments: Its arguments.

    Returns:
        Their values, as they are sent.

    Raises:
        pydantic.ValidationError: Some are not what they have to be. It names the operation and each of them.
    """
    values: list[object] = []
    problems: list[InitErrorDetails] = []
    hidden = False
    for argument in arguments:
        try:
            values.append(_checked(argument))
        except ValidationError as error:
            hidden = hidden or argument.is_secret
            problems += _told(argument.name, error)
    if problems:
        raise ValidationError.from_exception_data(operation, problems, hide_input=hidden)
    return values


def _checked(argument: Argument) -> object:
    if argument.adapter is not None:
        checked: object = argument.adapter.validate_python(argument.value)
        return checked
    missing = PydanticCustomError("missing_argument", "This argument has to be given")
    found = InitErrorDetails(type=missing, input=None)
    raise ValidationError.from_exception_data(argument.name, [found])


def _told(name: str, error: ValidationError) -> Iterable[InitErrorDetails]:
    for one in error.errors(include_url=False):
        kind: Any = one["type"]
        told = PydanticCustomError(kind, "{told}", {"told": one["msg"]})
        yield InitErrorDetails(type=told, loc=(name, *one["loc"]), input=one["input"])

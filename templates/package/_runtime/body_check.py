"""Bodies, checked and written as JSON, and what is said of one that does not fit."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import (
    ErrorDetails,
    InitErrorDetails,
    PydanticCustomError,
    from_json,
    to_json,
)

_LOOSE = ("function-before", "function-wrap")
"""The types of pydantic's schemas of values that it would write as something else if they were wrong."""


def encoded_model(
    model: type[BaseModel], values: Mapping[str, object], bulk: str | None = None
) -> bytes:
    """Check and encode a body that is an object.

    Args:
        model: What the body must be like.
        values: Its fields.
        bulk: The method that sends any number of records, which an error names if there are too many.

    Returns:
        JSON in UTF-8, with the fields that were given.

    Raises:
        pydantic.ValidationError: It does not fit the model.
        pydantic_core.PydanticSerializationError: A model in it was changed so that it does not fit.
    """
    try:
        body = model.model_validate(values)
        if _is_loose(model):
            # Models in it were checked when they were made, and may have changed since.
            body = model.model_validate(
                body.model_dump(by_alias=True, exclude_unset=True, warnings="none")
            )
    except ValidationError as error:
        if bulk is None:
            raise
        raise _naming(error, bulk) from None
    return _adapter(model).dump_json(body, by_alias=True, exclude_unset=True, warnings="error")


def encoded_value(adapter: TypeAdapter[Any], value: object) -> bytes:
    """Check and encode a body that is one value. Otherwise like `encoded_model`."""
    body = adapter.validate_python(value)
    if _is_loose(adapter):
        body = adapter.validate_python(
            adapter.dump_python(body, by_alias=True, exclude_unset=True, warnings="none")
        )
    return adapter.dump_json(body, by_alias=True, exclude_unset=True, warnings="error")


def encoded_lines(adapter: TypeAdapter[Any], value: object) -> bytes:
    """Check and encode a body that is a list, with each item on a line of its own; like `encoded_value`."""
    # pydantic writes no line breaks, and text in JSON holds none.
    items: list[Any] = from_json(encoded_value(adapter, value))
    return b"".join(to_json(one) + b"\n" for one in items)


def _naming(error: ValidationError, bulk: str) -> ValidationError:
    """Name the method that sends more records than fit one request, if that is what is wrong."""
    found = error.errors(include_url=False)
    if not any(_is_too_long(one) for one in found):
        return error
    lines: list[InitErrorDetails] = []
    for one in found:
        kind: str | PydanticCustomError = one["type"]
        if _is_too_long(one):
            told = f"{one['msg']}; {bulk} sends any number of records"
            kind = PydanticCustomError("too_long", "{told}", {"told": told})
        lines.append(
            InitErrorDetails(type=kind, loc=one["loc"], input=one["input"], ctx=one.get("ctx", {}))
        )
    return ValidationError.from_exception_data(error.title, lines)


@cache
def _adapter(model: type[BaseModel]) -> TypeAdapter[Any]:
    # Unlike the model itself it gives bytes.
    return TypeAdapter(model)


@cache
def _is_loose(kind: type[BaseModel] | TypeAdapter[Any]) -> bool:
    schema = kind.__pydantic_core_schema__ if isinstance(kind, type) else kind.core_schema
    text = repr(schema)
    return any(f"'type': '{one}'" in text for one in _LOOSE)


def _is_too_long(one: ErrorDetails) -> bool:
    return one["type"] == "too_long" and len(one["loc"]) == 1

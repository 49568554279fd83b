"""What an operation of the API is, and what one call of it consists of."""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

from .policy import ErrorPolicy

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from .models import RequestModel

T_co = TypeVar("T_co", covariant=True)


class Unset(enum.Enum):
    """The type of `UNSET`."""

    UNSET = "UNSET"

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return self.name


UNSET: Final = Unset.UNSET
"""Stands for an argument that was not given, where None means to send null."""


@dataclass(frozen=True)
class CommaSeparated:
    """A list in one query parameter, joined with commas, instead of one that repeats its name.

    Attributes:
        values: The items, or None for a parameter that is left out.
    """

    values: Iterable[object] | None


def _no_values() -> dict[str, object]:
    return {}


@dataclass(frozen=True)
class Operation(Generic[T_co]):
    """An operation of the API.

    Attributes:
        name: What callers call it, such as "contacts.batch_upsert".
        method: The HTTP method.
        path: The path below the base URL, with `{name}` for each path parameter.
        responses: At least one decoder of a body, by status ("200") or class of statuses ("2XX").
        error: The decoder of error bodies, if the API declares any.
        policy: What errors mean.
    """

    name: str
    method: str
    path: str
    responses: Mapping[str, Callable[[bytes], T_co]]
    error: Callable[[bytes], object] | None
    policy: ErrorPolicy


@dataclass(frozen=True)
class Call(Generic[T_co]):
    """One call of an operation.

    Attributes:
        operation: What is called.
        path_arguments: The value of each path parameter.
        query: Query parameters; None and `UNSET` are left out, a list repeats its name.
        headers: Header parameters; None and `UNSET` are left out.
        content: The body, if there is one. Not part of the representation: it holds people's data.
        content_type: The media type of the body.
    """

    operation: Operation[T_co]
    path_arguments: Mapping[str, object] = field(default_factory=_no_values)
    query: Mapping[str, object] = field(default_factory=_no_values)
    headers: Mapping[str, object] = field(default_factory=_no_values)
    content: bytes | None = field(default=None, repr=False)
    content_type: str | None = None


def encode_body(
    model: type[RequestModel], values: Mapping[str, object], *, send_null: bool = False
) -> bytes:
    """Check and encode a body that is an object.

    Args:
        model: What the body must be like.
        values: The value of each field, by its Python name or its name in JSON; those that are
            `UNSET` are left out.
        send_null: Whether a field that was set to None is sent as null. Otherwise fields that are
            None are left out at any depth; a null in a map from names to values is always sent.

    Returns:
        JSON in UTF-8.

    Raises:
        pydantic.ValidationError: The values are not what the model says.
    """
    given = {
        name: value
        for name, value in values.items()
        if value is not UNSET and (send_null or value is not None)
    }
    body = model.model_validate(given)
    text = body.model_dump_json(by_alias=True, exclude_unset=send_null, exclude_none=not send_null)
    return text.encode()


def encode_value(adapter: TypeAdapter[Any], value: object, *, send_null: bool = False) -> bytes:
    """Check and encode a body that is one value, such as a list.

    Args:
        adapter: What the body must be like.
        value: The body.
        send_null: Whether a field that was set to None is sent as null instead of left out.

    Returns:
        JSON in UTF-8.

    Raises:
        pydantic.ValidationError: The value is not what the adapter says.
    """
    return adapter.dump_json(
        adapter.validate_python(value),
        by_alias=True,
        exclude_unset=send_null,
        exclude_none=not send_null,
    )


def no_content(body: bytes) -> None:
    """Decode the body of an answer that has none to speak of, by ignoring it."""

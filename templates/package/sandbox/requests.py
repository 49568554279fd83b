"""What a request asks for: its body read and checked against the specification."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from .contract import Operation, Roles

_SHOWN_PROBLEMS = 3


class Refused(Exception):
    """A request is refused as a whole, and nothing is written.

    Attributes:
        situation: Why, as the contract calls it.
        values: What the answer's placeholders stand for.
    """

    def __init__(self, situation: str, **values: Any) -> None:
        super().__init__(situation, values)
        self.situation = situation
        self.values = values


@dataclass(frozen=True)
class UpsertRequest:
    """A readable request.

    Attributes:
        operation: What it asks for.
        roles: Which fields play which part.
        arguments: The arguments in its path.
        inputs: Its records; empty if it has none, which the API takes for nothing to do.
    """

    operation: Operation
    roles: Roles
    arguments: Mapping[str, str]
    inputs: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])


def read_request(
    operation: Operation, arguments: Mapping[str, str], content_type: str, body: bytes
) -> UpsertRequest:
    """Return what a request asks for.

    Fields that the specification does not know are refused: whether the API ignores them is not known,
    and what passes here should pass there.

    Args:
        operation: What answers to the path.
        arguments: The arguments in the path.
        content_type: The header of that name; may be empty.
        body: The body as it came.

    Raises:
        Refused: The operation is no upsert, or the request is not what the specification asks for.
    """
    roles = operation.roles
    if roles is None:
        raise Refused("no-upsert", detail="The sandbox knows only upserts, and this is none.")
    for name in sorted(operation.integers):
        if not arguments[name].isascii() or not arguments[name].isdecimal():
            raise Refused("invalid-body", detail=f"{name} in the path is no whole number.")
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != "application/json":
        detail = f"The content type {content_type or 'is missing'!r} is not application/json."
        raise Refused("unsupported-media-type", content_type=content_type, detail=detail)
    data = _object(body)
    inputs = data.get(roles.inputs)
    if inputs is None:
        return UpsertRequest(operation, roles, arguments)
    if isinstance(inputs, list):
        count = len(cast("list[object]", inputs))
        if operation.maximum is not None and count > operation.maximum:
            detail = f"There are {count} inputs; at most {operation.maximum} are allowed."
            raise Refused("too-many-inputs", count=count, maximum=operation.maximum, detail=detail)
    _check(operation, data)
    return UpsertRequest(operation, roles, arguments, cast("list[dict[str, Any]]", inputs))


def _object(body: bytes) -> dict[str, Any]:
    try:
        data: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Refused("invalid-json", detail=f"The body is no JSON: {error}.") from None
    if not isinstance(data, dict):
        raise Refused("invalid-body", detail="The body is no JSON object.")
    return cast("dict[str, Any]", data)


def _check(operation: Operation, data: dict[str, Any]) -> None:
    if operation.request is None:
        return
    package = __name__.rpartition(".sandbox.")[0]
    models = importlib.import_module(f".{operation.package}.models", package)
    model: type[BaseModel] = getattr(models, operation.request)
    try:
        # Only the names of JSON count: the models know those of Python too.
        model.model_validate(data, by_alias=True, by_name=False)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        shown = [
            f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}"
            for problem in problems[:_SHOWN_PROBLEMS]
        ]
        more = len(problems) - len(shown)
        detail = "; ".join([*shown, f"and {more} more"] if more else shown)
        raise Refused("invalid-body", detail=f"The body does not fit: {detail}.") from None

"""Around the inputs of a bulk upsert: the rest of each body, and the path where that holds a key.

Both are made once for a run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any, Self, cast

from pydantic_core import ValidationError, from_json, to_json

from .._runtime.argument_check import Argument, checked_values
from .._runtime.body_check import encoded_value
from .._runtime.operation import (
    UNSET,
    Call,
    Operation,
    Parameter,
    Request,
    argument_adapter,
    build_request,
    path_segment,
)
from .._runtime.ways import dig, put, steps_of, without
from .record_fields import shown
from .request_body import Form, RequestBody

_NUMBER = re.compile("-?(0|[1-9][0-9]*)")
_OPEN = "\0"
"""Stands for the key in a URL; no URL holds it."""


@dataclass(frozen=True)
class Envelope:
    """What stands around the inputs of a request.

    Attributes:
        head: What stands before them.
        tail: What stands behind them.
        form: How they stand there.
        left_out: The way to what is left out of each input, because the path holds it.
    """

    head: bytes = b""
    tail: bytes = b""
    form: Form = "list"
    left_out: str | None = None

    @classmethod
    def of(
        cls,
        inputs: str,
        body: RequestBody | None = None,
        fields: Mapping[str, object] | None = None,
        key: str | None = None,
    ) -> Self:
        """Make it.

        Args:
            inputs: The way to the inputs.
            body: What the body holds besides.
            fields: The arguments that were given, in types of JSON, by the ways to their fields.
            key: The way to the key within an input, if the path holds it.
        """
        body = body or RequestBody()
        whole: Any = deepcopy(dict(body.constants))
        for way, value in (fields or {}).items():
            whole = put(whole, way, value)
        left_out = None if body.has_key else key
        return cls(*_around(whole, steps_of(inputs)), body.form, left_out)

    @property
    def overhead(self) -> int:
        """How many bytes a request has besides those of its inputs, with one behind each but the last."""
        return len(self.head) + len(self.tail) + {"list": 2, "lines": 1, "one": 0}[self.form]

    def around(self, inputs: Sequence[Mapping[str, Any]], content: bytes = b"") -> bytes:
        """Give the body of a request.

        Args:
            inputs: Its inputs.
            content: Their JSON, as a list, if that is there.
        """
        if self.form == "list":
            return b"%b%b%b" % (self.head, content or json_of(inputs), self.tail)
        if self.form == "lines":
            # What is written as JSON holds no line breaks.
            return b"".join(json_of(one) + b"\n" for one in inputs)
        one = inputs[0]
        if self.left_out is not None:
            one = without(one, self.left_out)
        return b"%b%b%b" % (self.head, json_of(one), self.tail)


@dataclass(frozen=True)
class KeyPath:
    """The URLs of requests of one record each whose path holds its key.

    Attributes:
        operation: What is called.
        name: The parameter of the path that takes the key.
        way: The way to the key within an input.
        before: What stands before the key in a URL.
        after: What stands behind it.
    """

    operation: Operation[Any]
    name: str
    way: str
    before: str
    after: str

    def url_of(self, fields: Mapping[str, Any]) -> str:
        """Give the URL of a request.

        Args:
            fields: Its input.

        Raises:
            ValueError: No path takes the key.
        """
        key = dig(fields, self.way)
        try:
            segment = path_segment(self.operation, self.name, key)
        except ValueError:
            # A table has text where the path takes a number.
            if not (isinstance(key, str) and _NUMBER.fullmatch(key)):
                raise
            segment = path_segment(self.operation, self.name, from_json(key))
        return f"{self.before}{segment}{self.after}"

    def refusal(self, fields: Mapping[str, Any]) -> str | None:
        """Say why no path takes the key of an input, if none does."""
        try:
            self.url_of(fields)
        except ValidationError as error:
            told = "; ".join(one["msg"] for one in error.errors(include_url=False))
            return f"{told}, and not {shown(dig(fields, self.way))}"
        except ValueError as error:
            return str(error)
        return None


def request_of(
    base_url: str, call: Call[Any], name: str | None, way: str
) -> tuple[Request, KeyPath | None]:
    """Give the request of a call, but for its body and for its key if the path holds that.

    Args:
        base_url: Where the API is.
        call: The call.
        name: The parameter of the path that takes the key, if one does.
        way: The way to the key within an input.

    Raises:
        ValueError: An argument has a value that it does not take.
    """
    if name is None:
        return build_request(base_url, call), None
    operation = call.operation
    others = tuple(
        one for one in operation.parameters if (one.location, one.name) != ("path", name)
    )
    path = operation.path.replace(f"{{{name}}}", _OPEN)
    opened = replace(call, operation=replace(operation, path=path, parameters=others))
    request = build_request(base_url, opened)
    before, _, after = request.url.partition(_OPEN)
    url = f"{before}{{{name}}}{after}"
    template = f"{base_url}{operation.path}"
    return replace(request, url=url, template=template), KeyPath(
        operation, name, way, before, after
    )


def checked_fields(
    operation: str, parameters: Iterable[Parameter], given: Mapping[str, object]
) -> dict[str, Any]:
    """Give the arguments that stand in a body, in types of JSON, by the ways to their fields.

    Args:
        operation: What is called.
        parameters: What is known of them.
        given: What was given.

    Raises:
        pydantic.ValidationError: Some are not what they have to be. It names the operation and each of them.
    """
    values = {one: given.get(one.name, UNSET) for one in parameters}
    values = {
        one: one.default if value is UNSET else value
        for one, value in values.items()
        if value is not UNSET or one.default is not UNSET or one.required
    }
    adapters = {one: argument_adapter(one) for one in values}
    checked = checked_values(
        operation,
        [
            Argument(one.argument, None if value is UNSET else adapters[one], value, False)
            for one, value in values.items()
        ],
    )
    return {
        one.name: from_json(encoded_value(adapters[one], value))
        for one, value in zip(values, checked, strict=True)
    }


def json_of(value: object) -> bytes:
    """Give the JSON of what is sent.

    Args:
        value: An input, some of them, or a part of one.

    Raises:
        Exception: There is none.
    """
    # Only inputs without properties can hold what is not a number; others leave it out.
    return to_json(value, inf_nan_mode="null")


def _around(whole: object, steps: Sequence[str]) -> tuple[bytes, bytes]:
    """Give what stands before and behind what is at the end of a way."""
    if not steps:
        return b"", b""
    step, *below = steps
    others = dict(cast("Mapping[str, object]", whole)) if isinstance(whole, Mapping) else {}
    head, tail = _around(others.pop(step, None), below)
    before = json_of(others)[:-1] + (b"," if others else b"")
    return b"%b%b:%b" % (before, json_of(step), head), tail + b"}"

"""What an upsert asks for: its body, read and checked, and the records that it leads to."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias, cast

from ..._runtime.roles import Roles
from ..._runtime.ways import WHOLE, dig, steps_of
from ..bodies import lay
from ..contract import Operation
from .keys import Keys, keys_of
from .request import (
    BodyProblem,
    Call,
    Refused,
    body_problems,
    check_body,
    check_needed,
    new_values,
    read_json,
    read_object,
    refuse_body,
)


@dataclass(frozen=True)
class Problem:
    """What the API says of a value that does not fit.

    Attributes:
        property: What has it: a property, or a way to a field.
        value: The value.
        code: A code for programs.
        message: A sentence for people.
        chosen: Whether the words are ours.
    """

    property: str
    value: str
    code: str
    message: str
    chosen: bool

    def words(self) -> dict[str, Any]:
        """Give what stands for the placeholders of an answer."""
        return dict(vars(self))


Problems: TypeAlias = tuple[Problem, ...]
"""What is wrong with an input."""


@dataclass(frozen=True)
class Batch:
    """A readable request.

    Attributes:
        operation: What it asks for.
        roles: Which fields play which part.
        arguments: The arguments in its path that belong to what identifies a record.
        inputs: Its records; empty if it has none, which the API takes for nothing to do.
        keys: How records are found that have no properties of their own.
        problems: What of single inputs does not fit, by their number, where the answer can tell.
    """

    operation: Operation
    roles: Roles
    arguments: Mapping[str, str]
    inputs: list[dict[str, Any]]
    keys: Keys
    problems: Mapping[int, Problems] = field(default_factory=dict[int, Problems])

    def key(self, one: Mapping[str, Any]) -> str:
        """Give what an input is found by, as it was sent; empty without one."""
        if self.operation.has_properties:
            return str(dig(one, self.roles.key))
        found = self.keys.of(one)
        return "" if found is None else found.value

    def trace_id(self, one: Mapping[str, Any]) -> str | None:
        """Give the trace id of an input, if it has one."""
        given = dig(one, self.roles.trace_id)
        return None if given is None else str(given)


_INFINITE = (float("inf"), float("-inf"))


def read_batch(call: Call) -> Batch:
    """Return what a request asks for.

    Fields that the specification does not know are refused: whether the API ignores them is not known,
    and what passes here should pass there.

    Raises:
        Refused: The operation is no upsert, or the request is not what the specification asks for.
    """
    operation, arguments = call.operation, dict(call.arguments)
    roles = operation.roles
    if roles is None:
        raise Refused("no-upsert", detail="The sandbox knows only upserts, and this is none.")
    for name in sorted(operation.integers):
        if not arguments[name].isascii() or not arguments[name].isdecimal():
            raise Refused("invalid-body", detail=f"{name} in the path is no whole number.")
    check_needed(call)
    if roles.maximum_bytes is not None and len(call.body) > roles.maximum_bytes:
        detail = f"The body has {len(call.body)} bytes; at most {roles.maximum_bytes} are allowed."
        raise Refused("too-many-bytes", maximum=roles.maximum_bytes, detail=detail)
    data = read_json(call) if roles.inputs == WHOLE else read_object(call)
    named = None
    if roles.key_argument is not None:
        named = dig(data, roles.key_argument) or call.argument(roles.key_argument)
    keys = keys_of(roles, named)
    key = arguments.pop(roles.key_parameter, None) if roles.key_parameter is not None else None
    for name in operation.behaviour.identified_by:
        arguments[name] = str(dig(data, name) or call.argument(name) or "")
    inputs = dig(data, roles.inputs)
    if inputs is None:
        return Batch(operation, roles, arguments, [], keys)
    if isinstance(inputs, list):
        count = len(cast("list[object]", inputs))
        if operation.maximum is not None and count > operation.maximum:
            detail = f"There are {count} inputs; at most {operation.maximum} are allowed."
            raise Refused("too-many-inputs", count=count, maximum=operation.maximum, detail=detail)
    if roles.properties is not None and operation.behaviour.scalar_values:
        _make_texts(cast("object", inputs), roles.properties)
    problems = _problems_of_inputs(operation, roles, data)
    records = cast("list[dict[str, Any]]", [inputs] if isinstance(inputs, dict) else inputs)
    if key is not None:
        for one in records:
            lay(one, roles.key, key)
    return Batch(operation, roles, arguments, records, keys, problems)


def _problems_of_inputs(operation: Operation, roles: Roles, data: object) -> dict[int, Problems]:
    """Return what of single inputs does not fit, by their number, if the answer can tell of them alone.

    Raises:
        Refused: Something else does not fit, or the answer cannot tell.
    """
    way = steps_of(roles.inputs)
    if not operation.tells_of_each or not isinstance(dig(data, roles.inputs), list):
        check_body(operation, data)
        return {}
    found: dict[int, list[Problem]] = {}
    others: list[BodyProblem] = []
    for one in (*body_problems(operation, data), *new_values(operation, data)):
        number = one.place[len(way)] if len(one.place) > len(way) else None
        if one.place[: len(way)] != way or not isinstance(number, int):
            others.append(one)
            continue
        place = ".".join(map(str, one.place[len(way) + 1 :]))
        found.setdefault(number, []).append(Problem(place, "", "INVALID", one.message, chosen=True))
    refuse_body(others)
    return {number: tuple(problems) for number, problems in found.items()}


def _make_texts(inputs: object, properties: str) -> None:
    """Put in the place of numbers and booleans among the values of properties how JSON writes them."""
    for one in cast("list[object]", inputs) if isinstance(inputs, list) else ():
        values = dig(one, properties)
        if isinstance(values, dict):
            given = cast("dict[str, object]", values)
            for name, value in given.items():
                # Most are texts. A number that none here can hold, such as 1e400, stays and is refused.
                is_number = not isinstance(value, str) and isinstance(value, bool | int | float)
                if is_number and value not in _INFINITE:
                    given[name] = json.dumps(value)

"""Answers: error bodies from named examples, and what faults change of any body."""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, cast

from pydantic_core import to_json

from .._properties.files import ANY_TYPE
from .._runtime.ways import dig, put
from .bodies import lay
from .contract import Contract, Operation
from .faults import Fault

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

UNKNOWN_FIELD = "sandboxUnknownField"
UNKNOWN_VALUE = "SANDBOX_UNKNOWN_VALUE"
"""What stands for fields and values of enumerations that the API may add without notice."""
DEFAULT_STATUSES: Mapping[str, int] = {
    "unauthenticated": 401,
    "expired-token": 401,
    "missing-scope": 403,
    "unsupported-media-type": 415,
    "invalid-json": 400,
    "invalid-body": 400,
    "invalid-query": 400,
    "unknown-object-type": 400,
    "unknown-record": 404,
    "known-property": 409,
    "too-many-inputs": 400,
    "too-many-bytes": 413,
    "missing-key-property": 400,
    "non-unique-key": 400,
    "unknown-property": 400,
    "duplicate-keys": 400,
    "invalid-values": 400,
    "conflict": 409,
    "taken-value": 409,
    "locked": 423,
    "rate-limit": 429,
    "daily-limit": 429,
    "account-moving": 503,
    "server": 503,
    "no-upsert": 501,
}
"""The situations, and the status that answers each where the specification does not say."""


@dataclass(frozen=True)
class Reply:
    """What is answered.

    Attributes:
        status: The HTTP status.
        body: The JSON value of the body.
        headers: Further headers.
        chosen: Whether its words are ours, because nobody knows those of the API.
    """

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    chosen: bool = False


def json_bytes(value: Any) -> bytes:
    """Encode a JSON value as it is sent."""
    try:
        return to_json(value)
    except ValueError:
        # Half of a surrogate pair is a text of JSON and of Python, but not of UTF-8; or it is nested deeply.
        return json.dumps(value, separators=(",", ":")).encode()


def answer(operation: Operation, situation: str, values: Mapping[str, Any] | None = None) -> Reply:
    """Return the answer for a situation that keeps a request from being done.

    Args:
        operation: What was asked for.
        situation: One of `DEFAULT_STATUSES`.
        values: What stands for the placeholders; `detail` is a sentence about what is wrong.
    """
    given = dict(values or {})
    described = operation.behaviour.answers.get(situation)
    if described is None:
        message = str(given.get("detail", f"{situation.replace('-', ' ').capitalize()}."))
        known = operation.policy.statuses.get(situation, ())
        status = next(iter(known), DEFAULT_STATUSES[situation])
        body, told = error_body(operation, message, situation), operation.situations.get(situation)
        for way, value in () if told is None else told.fields.items():
            lay(body, way, value)
        return Reply(status if told is None else told.status, body, chosen=True)
    body = answer_body(operation, situation, given)
    _add_correlation(operation, body)
    chosen = described.chosen or any(thing.get("chosen") for thing in given.get("things", ()))
    return Reply(described.status, body, described.headers, chosen)


def error_body(operation: Operation, message: str, situation: str = "") -> dict[str, Any]:
    """Return an error body of which only the message is known, and what the specification requires.

    Args:
        operation: What was asked for.
        message: A sentence about what is wrong.
        situation: One of `DEFAULT_STATUSES`, which makes a code where errors have one.
    """
    body: dict[str, Any] = copy.deepcopy(operation.error) or {}
    shape = None if operation.roles is None else operation.roles.error
    if body and shape is not None and shape.code is not None and situation:
        lay(body, shape.code, code_of(situation))
    if body and shape is not None and shape.message is not None:
        lay(body, shape.message, message)
    lay(body, operation.policy.fields.get("message", "message"), message)
    _add_correlation(operation, body)
    return body


def code_of(name: str) -> str:
    """Return a code for programs, for what the specification has none for."""
    return name.replace("-", "_").upper()


def _add_correlation(operation: Operation, body: object) -> None:
    """Give an error body a correlation id, if it has a place for one."""
    field = operation.policy.fields.get("correlation_id")
    if field is not None and isinstance(body, dict):
        lay(cast("dict[str, Any]", body), field, str(uuid.uuid4()))


def answer_body(operation: Operation, situation: str, values: Mapping[str, Any]) -> Any:
    """Return the example of a situation with what varies filled in, without a correlation id.

    Args:
        operation: What was asked for.
        situation: One that the specification has an answer for.
        values: What stands for the placeholders. `things` is a list of such mappings, one for each thing
            that the answer is about; each is laid out as the answer's `item` and as its `detail`, and
            `{items}` and `{details}` are the lists. One that is `chosen` is said in words of ours.
    """
    described = operation.behaviour.answers[situation]
    things = values.get("things", ())
    known = {
        **values,
        "items": [fill(described.item, thing) for thing in things],
        "details": [fill(described.detail, thing) for thing in things],
    }
    body = copy.deepcopy(described.body)
    for pointer, template in described.values.items():
        _put(body, pointer, fill(template, known))
    return body


def fill(template: Any, values: Mapping[str, Any]) -> Any:
    """Return a JSON value with its placeholders filled in.

    A string that is but a placeholder becomes the value itself; inside a longer string, lists and
    objects stand as JSON, strings as they are. What has no value stays as it is.

    Example:
        >>> fill({"ids": "{keys}", "message": "[{count}] {keys}"}, {"keys": ["1"], "count": 1})
        {'ids': ['1'], 'message': '[1] ["1"]'}
    """
    if isinstance(template, str):
        whole = _only_placeholder(template)
        if whole is not None and whole in values:
            return values[whole]
        return _PLACEHOLDER.sub(
            lambda found: _shown(values[found[1]]) if found[1] in values else found[0], template
        )
    if isinstance(template, list):
        return [fill(one, values) for one in cast("list[object]", template)]
    if isinstance(template, dict):
        fields = cast("dict[str, Any]", template)
        return {name: fill(value, values) for name, value in fields.items()}
    return template


@lru_cache
def _only_placeholder(template: str) -> str | None:
    """Return the name of the placeholder that a text is, if it is nothing else."""
    whole = _PLACEHOLDER.fullmatch(template)
    return None if whole is None else whole[1]


def _shown(value: Any) -> str:
    return (
        value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    )


def _put(body: object, pointer: str, value: object) -> None:
    *way, last = (step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:])
    for step in way:
        if isinstance(body, list):
            body = cast("list[object]", body)[int(step)]
        else:
            body = cast("dict[str, object]", body).setdefault(step, {})
    if isinstance(body, list):
        cast("list[object]", body)[int(last)] = value
    else:
        cast("dict[str, object]", body)[last] = value


def failing(operation: Operation, fault: Fault, situation: str) -> Reply:
    """Return the answer of a server that says a situation, with the status that a fault demands."""
    detail = f"The sandbox was asked for this fault: {fault}."
    scopes = sorted(next(iter(operation.scopes), ()))
    values = {"detail": detail, "scopes": scopes, "shown": ", ".join(scopes)}
    reply = answer(operation, situation, values)
    return replace(reply, status=reply.status if fault.status is None else fault.status)


def with_effect(fault: Fault, reply: Reply, operation: Operation, contract: Contract) -> Reply:
    """Return what is answered instead, after a request was done.

    A fault that only concerns the connection changes nothing.
    """
    match fault.kind:
        case "server-after":
            return failing(operation, fault, "server")
        case "created-status":
            return replace(reply, status=201) if reply.status == 200 else reply
        case "unknown-fields":
            return replace(reply, body=_with_unknown_field(reply.body))
        case "unknown-enum-values":
            declared = operation.responses
            schema: Any = declared.get(str(reply.status)) or declared.get("2XX") or {}
            return replace(reply, body=_with_unknown_values(reply.body, schema, contract))
        case "missing-results":
            return replace(reply, body=_with_half_of_the_results(reply.body, operation, contract))
        case _:
            return reply


def _with_unknown_field(body: object) -> object:
    """Add a field to the body and to each object in its lists."""
    if isinstance(body, list):
        items = cast("list[object]", body)
        return [_with_unknown_field(one) for one in items]
    if not isinstance(body, dict):
        return body
    fields = cast("dict[str, object]", body)
    changed = {
        name: _with_unknown_field(cast("object", value)) if isinstance(value, list) else value
        for name, value in fields.items()
    }
    return {**changed, UNKNOWN_FIELD: {"added": ["without", "notice"]}}


def _with_unknown_values(value: object, schema: Any, contract: Contract) -> object:
    """Replace each text whose schema is an enumeration."""
    schema = contract.resolved(schema)
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        schemas: Mapping[str, Any] = schema.get("properties", {})
        return {
            name: _with_unknown_values(one, schemas.get(name, {}), contract)
            for name, one in fields.items()
        }
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_with_unknown_values(one, schema.get("items", {}), contract) for one in items]
    return UNKNOWN_VALUE if isinstance(value, str) and "enum" in schema else value


def _with_half_of_the_results(body: object, operation: Operation, contract: Contract) -> object:
    listing = contract.property_rules[ANY_TYPE].listing
    name = listing.list if operation.property_query is not None and listing is not None else None
    name = operation.roles.results if operation.roles is not None else name
    results = dig(body, name)
    if name is None or not isinstance(results, list | dict):
        return body
    # Every other one, beginning with the first: a single result goes missing too.
    left: Any = (
        cast("list[object]", results)[1::2]
        if isinstance(results, list)
        else dict([*cast("dict[str, object]", results).items()][1::2])
    )
    return put(copy.deepcopy(body), name, left)

"""The bodies of answers: error bodies from named examples, success bodies from their schemas."""

from __future__ import annotations

import copy
import json
import re
import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from .contract import Contract, Operation

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")

DEFAULT_STATUSES: Mapping[str, int] = {
    "unauthenticated": 401,
    "missing-scope": 403,
    "unsupported-media-type": 415,
    "invalid-json": 400,
    "invalid-body": 400,
    "unknown-object-type": 400,
    "too-many-inputs": 400,
    "missing-key-property": 400,
    "non-unique-key": 400,
    "unknown-property": 400,
    "duplicate-keys": 400,
    "invalid-values": 400,
    "conflict": 409,
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
    """

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


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
        body: Any = {operation.message_field: message}
        status = next(iter(operation.statuses.get(situation, ())), DEFAULT_STATUSES[situation])
    else:
        body = answer_body(operation, situation, given)
        status = described.status
    if isinstance(body, dict) and operation.correlation_field is not None:
        cast("dict[str, Any]", body)[operation.correlation_field] = str(uuid.uuid4())
    return Reply(status, body)


def answer_body(operation: Operation, situation: str, values: Mapping[str, Any]) -> Any:
    """Return the example of a situation with what varies filled in, without a correlation id.

    Args:
        operation: What was asked for.
        situation: One that the specification has an answer for.
        values: What stands for the placeholders. `things` is a list of such mappings, one for each thing
            that the answer is about; each is laid out as the answer's `item`, and `{items}` is the list.
    """
    described = operation.behaviour.answers[situation]
    things = values.get("things", ())
    known = {**values, "items": [fill(described.item, thing) for thing in things]}
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
        whole = _PLACEHOLDER.fullmatch(template)
        if whole is not None and whole[1] in values:
            return values[whole[1]]
        return _PLACEHOLDER.sub(
            lambda found: _shown(values[found[1]]) if found[1] in values else found[0], template
        )
    if isinstance(template, list):
        return [fill(one, values) for one in cast("list[object]", template)]
    if isinstance(template, dict):
        fields = cast("dict[str, Any]", template)
        return {name: fill(value, values) for name, value in fields.items()}
    return template


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


class Bodies:
    """Completes bodies by their schemas.

    Args:
        contract: Where schemas are defined.
        now: The time, as ISO 8601.
    """

    def __init__(self, contract: Contract, now: str) -> None:
        self._definitions = contract.schemas
        self._now = now

    def complete(
        self, schema: Any, given: dict[str, Any], source: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Return an object with the fields that its schema requires.

        Args:
            schema: The JSON Schema of the object.
            given: The fields that are known.
            source: Where the others come from, by their name; what is not there is made up from its type.
        """
        resolved = self._resolved(schema)
        fields: Mapping[str, Any] = resolved.get("properties", {})
        required = resolved.get("required", ())
        added = {
            name: self._value(fields[name], source.get(name), source)
            for name in fields
            if name not in given and (name in source or name in required)
        }
        return {**given, **added}

    def fields(self, schema: Any) -> Collection[str]:
        """Return the names of the fields that an object's schema declares."""
        fields: Mapping[str, Any] = self._resolved(schema).get("properties", {})
        return fields.keys()

    def items(self, schema: Any, name: str) -> Any:
        """Return the schema of the items of an object's field."""
        fields = self._resolved(schema).get("properties", {})
        return self._resolved(fields.get(name, {})).get("items", {})

    def _value(self, schema: Any, value: Any, source: Mapping[str, Any]) -> Any:
        resolved = self._resolved(schema)
        match resolved.get("type"):
            case "array":
                items = cast("list[object]", value) if isinstance(value, list) else []
                return [self._value(resolved.get("items", {}), one, {}) for one in items]
            case "object" if "properties" in resolved:
                inner: Mapping[str, Any] = (
                    cast("dict[str, Any]", value) if isinstance(value, dict) else {}
                )
                return self.complete(resolved, {}, {**inner, "properties": inner} if inner else {})
            case "object":
                pairs = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
                return {name: str(one) for name, one in pairs.items() if name != "properties"}
            case _:
                return self._scalar(resolved, value)

    def _scalar(self, schema: Mapping[str, Any], value: Any) -> Any:
        if "enum" in schema:
            return schema["enum"][0] if value is None else value
        match schema.get("type"), schema.get("format"):
            case "string", "date-time":
                return self._now if value is None else value
            case "string", "date":
                return self._now[:10] if value is None else value
            case "string", "uuid":
                return str(uuid.uuid4()) if value is None else value
            case "string", _:
                # An id most likely, so no two are the same.
                return str(uuid.uuid4().int % 10**12) if value is None else str(value)
            case "integer", _:
                return 0 if value is None else int(value)
            case "number", _:
                return 0 if value is None else value
            case "boolean", _:
                return bool(value)
            case _:
                return value

    def _resolved(self, schema: Any) -> Mapping[str, Any]:
        while True:
            if "$ref" in schema:
                schema = self._definitions[schema["$ref"].removeprefix("#/$defs/")]
            elif "anyOf" in schema or "oneOf" in schema:
                schema = next(iter(schema.get("anyOf") or schema["oneOf"]))
            else:
                return cast("Mapping[str, Any]", schema)

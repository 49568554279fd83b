"""What faults do to the answer of a request that was done. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

from .answers import Reply, answer
from .contract import Contract, Operation
from .faults import Fault

UNKNOWN_FIELD = "sandboxUnknownField"
UNKNOWN_VALUE = "SANDBOX_UNKNOWN_VALUE"
"""What stands for fields and values of enumerations that the API may add without notice."""


def failing(operation: Operation, fault: Fault, situation: str) -> Reply:
    """Return the answer of a server that says a situation because a fault demands it.

    Args:
        operation: What was asked for.
        fault: The fault; its status and its `Retry-After` are the answer's.
        situation: What is said to be the case.
    """
    detail = f"The sandbox was asked for this fault: {fault}."
    reply = answer(operation, situation, {"detail": detail})
    return replace(reply, status=reply.status if fault.status is None else fault.status)


def with_effect(fault: Fault, reply: Reply, operation: Operation, contract: Contract) -> Reply:
    """Return what is answered instead, after a request was done.

    Args:
        fault: What goes wrong. One that only concerns the connection changes nothing.
        reply: What would be answered.
        operation: What was asked for.
        contract: Where schemas are defined.
    """
    match fault.kind:
        case "server-after":
            return failing(operation, fault, "server")
        case "created-status":
            return replace(reply, status=201) if reply.status == 200 else reply
        case "unknown-fields":
            return replace(reply, body=_with_unknown_field(reply.body))
        case "unknown-enum-values":
            schema = _schema(operation, reply.status)
            return replace(reply, body=_with_unknown_values(reply.body, schema, contract.schemas))
        case "missing-results":
            return replace(reply, body=_with_half_of_the_results(reply.body, operation))
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


def _schema(operation: Operation, status: int) -> Any:
    declared = operation.responses
    return declared.get(str(status)) or declared.get("2XX") or {}


def _with_unknown_values(value: object, schema: Any, definitions: Mapping[str, Any]) -> object:
    """Replace each text whose schema is an enumeration."""
    schema = _resolved(schema, definitions)
    if isinstance(value, dict):
        fields = cast("dict[str, object]", value)
        schemas: Mapping[str, Any] = schema.get("properties", {})
        return {
            name: _with_unknown_values(one, schemas.get(name, {}), definitions)
            for name, one in fields.items()
        }
    if isinstance(value, list):
        items = cast("list[object]", value)
        return [_with_unknown_values(one, schema.get("items", {}), definitions) for one in items]
    return UNKNOWN_VALUE if isinstance(value, str) and "enum" in schema else value


def _resolved(schema: Any, definitions: Mapping[str, Any]) -> Mapping[str, Any]:
    while True:
        if "$ref" in schema:
            schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
        elif "anyOf" in schema or "oneOf" in schema:
            schema = (schema.get("anyOf") or schema["oneOf"])[0]
        else:
            return cast("Mapping[str, Any]", schema)


def _with_half_of_the_results(body: object, operation: Operation) -> object:
    if operation.roles is None or not isinstance(body, dict):
        return body
    fields = cast("dict[str, object]", body)
    results = fields.get(operation.roles.results)
    if not isinstance(results, list):
        return fields
    # Every other one, beginning with the first: a single result goes missing too.
    return {**fields, operation.roles.results: cast("list[object]", results)[1::2]}

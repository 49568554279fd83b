"""What kind of thing stands where in an OpenAPI document.

A `$ref` has to lead to a thing of the kind that is expected in its place, and what looks like a `$ref`
inside an example or an extension is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from upsertgen.specs.document import Pointer

_SCHEMA_FIELDS: dict[str, str] = {}
for _field in (
    "additionalProperties contains else if items not propertyNames then "
    "unevaluatedItems unevaluatedProperties"
).split():
    _SCHEMA_FIELDS[_field] = "schema"
for _field in (
    "$defs allOf anyOf dependentSchemas oneOf patternProperties prefixItems properties"
).split():
    _SCHEMA_FIELDS[_field] = "*schema"
_PATH_FIELDS: dict[str, str] = {"parameters": "*parameter"}
for _method in ("get", "put", "post", "delete", "options", "head", "patch", "trace"):
    _PATH_FIELDS[_method] = "operation"
_STRUCTURE: dict[str, Mapping[str, str]] = {
    "document": {"paths": "*path", "webhooks": "*path", "components": "components"},
    "components": {
        "callbacks": "*callback",
        "examples": "*example",
        "headers": "*header",
        "links": "*link",
        "parameters": "*parameter",
        "pathItems": "*path",
        "requestBodies": "*request body",
        "responses": "*response",
        "schemas": "*schema",
        "securitySchemes": "*security scheme",
    },
    "path": _PATH_FIELDS,
    "operation": {
        "callbacks": "*callback",
        "parameters": "*parameter",
        "requestBody": "request body",
        "responses": "*response",
    },
    "parameter": {"content": "*media type", "examples": "*example", "schema": "schema"},
    "header": {"content": "*media type", "examples": "*example", "schema": "schema"},
    "request body": {"content": "*media type"},
    "response": {"content": "*media type", "headers": "*header", "links": "*link"},
    "media type": {"encoding": "*encoding", "examples": "*example", "schema": "schema"},
    "encoding": {"headers": "*header"},
    "schema": _SCHEMA_FIELDS,
}
"""For each kind of thing: the kind of what stands in a field; `*` before several of a kind."""


def kind_below(kind: str, step: str | int) -> str | None:
    """Return the kind of what one step leads to from a thing of some kind; nothing for plain data."""
    if kind.startswith("*"):
        return (
            None
            if isinstance(step, str) and step.startswith("x-") and kind == "*path"
            else kind[1:]
        )
    if kind == "callback":
        return "path"
    return _STRUCTURE.get(kind, {}).get(str(step))


def kind_at(pointer: Pointer) -> str | None:
    """Return the kind of what stands at a place of a document; nothing for plain data."""
    kind: str | None = "document"
    for step in pointer:
        kind = kind_below(kind, step) if kind is not None else None
    return kind


def references(
    value: Any, kind: str = "document", pointer: Pointer = ()
) -> Iterator[tuple[Pointer, str]]:
    """Yield each place with a `$ref` at or below `value`, and the kind of thing it has to lead to."""
    if isinstance(value, dict):
        if isinstance(value.get("$ref"), str) and not kind.startswith("*"):
            yield pointer, kind
        steps: Iterator[tuple[str | int, Any]] = iter(value.items())
    elif isinstance(value, list):
        steps = iter(enumerate(value))
    else:
        return
    for step, item in steps:
        below = kind_below(kind, step)
        if below is not None:
            yield from references(item, below, (*pointer, step))

"""Schemas of OpenAPI 3.1 in the words of 3.0, in which the house form is written.

What 3.0 has no words for stays as it is; the file that holds it then declares 3.1.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upsertgen.importing.grammar import Object, objects

FALLBACK = "3.1.0"
PREFERRED = "3.0.3"

_FREE_OF_TYPE = frozenset(("description", "nullable", "deprecated", "readOnly", "writeOnly"))
_ENCODINGS = {"base64": "byte", "binary": "binary"}
_ONLY_IN_31 = frozenset(
    "$defs $anchor $dynamicRef $dynamicAnchor const contains contentSchema dependentRequired "
    "dependentSchemas else if maxContains minContains patternProperties prefixItems propertyNames then "
    "unevaluatedItems unevaluatedProperties".split()
)


def in_older_words(schema: Object) -> Object:
    """Return a schema, whose inner schemas are done already, in the words of 3.0 as far as there are any.

    Args:
        schema: The schema; it is changed.
    """
    _types(schema)
    _alternatives(schema)
    _bounds(schema)
    if schema.get("const") is not None and "enum" not in schema:
        schema["enum"] = [schema.pop("const")]
    encoding = _ENCODINGS.get(str(schema.pop("contentEncoding", "")))
    if encoding is not None and schema.get("type") == "string":
        schema.setdefault("format", encoding)
    schema.pop("contentMediaType", None)
    if schema.get("items") is True:
        schema["items"] = {}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        schema["properties"] = {
            name: {} if value is True else value for name, value in properties.items()
        }
    return schema


def openapi_version(schemas: Iterable[Any]) -> str:
    """Return the version of OpenAPI that a file has to declare for its schemas."""
    newer = any(_is_newer(inner) for schema in schemas for _, _, inner in objects("schema", schema))
    return FALLBACK if newer else PREFERRED


def _types(schema: Object) -> None:
    declared = schema.get("type")
    if not isinstance(declared, list) or not all(isinstance(one, str) for one in declared):
        return
    types = [one for one in dict.fromkeys(declared) if one != "null"]
    if not types:
        return
    if len(types) > 1:
        # Beside other keywords it would not be clear which alternative they are about.
        if schema.keys() - {"type"} - _FREE_OF_TYPE:
            return
        del schema["type"]
        schema["anyOf"] = [{"type": one} for one in types]
    else:
        schema["type"] = types[0]
    if "null" in declared:
        schema["nullable"] = True


def _alternatives(schema: Object) -> None:
    for keyword in ("anyOf", "oneOf"):
        members = schema.get(keyword)
        if not isinstance(members, list):
            continue
        rest = [one for one in members if one not in ({"type": "null"}, {"type": ["null"]})]
        if len(rest) == len(members) or not rest:
            continue
        schema["nullable"] = True
        schema[keyword] = rest
        if len(rest) == 1 and isinstance(rest[0], dict):
            del schema[keyword]
            if "$ref" in rest[0] or rest[0].keys() & schema.keys():
                schema["allOf"] = [*schema.get("allOf", ()), rest[0]]
            else:
                schema.update(rest[0])


def _bounds(schema: Object) -> None:
    for bound, exclusive, tighter in (
        ("minimum", "exclusiveMinimum", max),
        ("maximum", "exclusiveMaximum", min),
    ):
        value = schema.get(exclusive)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        other = schema.get(bound, value)
        if not isinstance(other, (int, float)) or tighter(other, value) == value:
            schema[bound] = value
            schema[exclusive] = True
        else:
            del schema[exclusive]


def _is_newer(schema: Object) -> bool:
    numbers = [schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")]
    inner = [schema.get("items"), schema.get("not")]
    for keyword in ("properties", "allOf", "anyOf", "oneOf"):
        held = schema.get(keyword)
        inner += held.values() if isinstance(held, dict) else held if isinstance(held, list) else []
    return (
        not schema.keys().isdisjoint(_ONLY_IN_31)
        or isinstance(schema.get("type"), list)
        or schema.get("type") == "null"
        or any(type(one) in (int, float) for one in numbers)
        or any(isinstance(one, bool) for one in inner)
    )

"""What schemas say in vain, which is valid and makes no difference to what is emitted.

Keywords of another type, formats that nobody knows, constraints that are not checked; and which keywords
there are to choose from where one cannot be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from upsertgen.errors import nearest, quoted
from upsertgen.ir.tree import TYPED_FORMATS, Direction
from upsertgen.ir.values import CONSTRAINTS, declared_types
from upsertgen.specs.references import Node

_MEANT_FOR: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("properties", "required", "additionalProperties"), ("object",)),
    **dict.fromkeys(("minProperties", "maxProperties"), ("object",)),
    **dict.fromkeys(("items", "uniqueItems"), ("array",)),
    **{
        keyword: tuple(kind for kind, keywords in CONSTRAINTS.items() if keyword in keywords)
        for keywords in CONSTRAINTS.values()
        for keyword in keywords
    },
}
"""Which types of values the keywords that concern only some of them are for."""

_UNCHECKED = ("uniqueItems", "minProperties", "maxProperties")
"""Constraints that nothing checks before a request is sent."""

_FORMATS: dict[str, tuple[str, ...]] = {
    "string": tuple(
        "binary byte char date date-time duration email hostname html http-date idn-email idn-hostname "
        "ipv4 ipv6 iri iri-reference json-pointer password regex relative-json-pointer time uri "
        "uri-reference uri-template uuid "
        # Numbers that are written as texts.
        "decimal decimal128 double float int32 int64 number "
        "".split()
    ),
    "integer": tuple("double-int int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()),
    "number": tuple(
        "decimal decimal128 double float int8 int16 int32 int64 uint8 uint16 uint32 uint64".split()
    ),
}
"""The formats of OpenAPI's registry and of JSON Schema, by the type that has them."""


_FOR_ALL = frozenset(
    "allOf anyOf const default enum format nullable oneOf readOnly type writeOnly".split()
)
_FOR_OBJECTS = "additionalProperties discriminator properties required".split()
_INSTEAD = {
    "contains": "items",
    "contentSchema": "a schema of the value in place of the text",
    "dependentSchemas": "one object for each case, in oneOf",
    "else": "one schema for each case, in oneOf",
    "if": "one schema for each case, in oneOf",
    "not": "what the value is, such as its type",
    "patternProperties": "additionalProperties",
    "prefixItems": "items, with anyOf for what they may be",
    "propertyNames": "additionalProperties",
    "then": "one schema for each case, in oneOf",
    "unevaluatedItems": "items",
    "unevaluatedProperties": "additionalProperties",
}
"""What says nearly the same in keywords that are read."""


def readable_keywords(schema: Mapping[str, Any]) -> list[str]:
    """Return the keywords that are read in a schema of its type, sorted."""
    types = declared_types(dict(schema)) or ["object", "array", *CONSTRAINTS]
    own = {keyword for kind in types for keyword in CONSTRAINTS.get(kind, ())}
    own |= {*_FOR_OBJECTS} if "object" in types else set()
    own |= {"items"} if "array" in types else set()
    return sorted(_FOR_ALL | own)


def mend_of(keyword: str) -> str:
    """Return how to mend a keyword that is none of those that are read."""
    mend = f"say it with {_INSTEAD[keyword]}" if keyword in _INSTEAD else "remove it"
    return f"{mend}, in an overlay if the spec is not yours"


def note_keywords(node: Node, direction: Direction, note: Callable[[Node, str], None]) -> None:
    """Note what a schema says in vain.

    Args:
        node: The schema.
        direction: Whether its values are sent or received: constraints matter where they are sent.
        note: Notes what is to be said about a node.
    """
    schema: dict[str, Any] = node.value
    types = declared_types(schema)
    if types:
        _note_misplaced(node, types, note)
    text_format = schema.get("format")
    if isinstance(text_format, str):
        _note_format(node.child("format"), text_format, types, note)
    if schema.get("type") == "null":
        note(node.child("type"), "a schema of nothing but null is read as one of any value")
    if direction is Direction.REQUEST:
        _note_unchecked(node, types, note)


def _note_misplaced(node: Node, types: list[str], note: Callable[[Node, str], None]) -> None:
    for keyword in node.value:
        if not set(_MEANT_FOR.get(keyword, types)) & set(types):
            called = " or ".join(types)
            note(
                node.child(keyword),
                f"{quoted(keyword)} has no effect on values of the type {called}",
            )


def _note_format(
    node: Node, text_format: str, types: list[str], note: Callable[[Node, str], None]
) -> None:
    own = [one for kind in types for one in _FORMATS.get(kind, ())]
    if text_format in own:
        return
    elsewhere = [kind for kind, known in _FORMATS.items() if text_format in known]
    if types and elsewhere:
        called = " or ".join(types)
        note(node, f"the format {quoted(text_format)} has no effect on values of the type {called}")
        return
    near = nearest(text_format.lower().replace("_", "-"), TYPED_FORMATS)
    mend = f"; did you mean {quoted(near)}?" if near else ""
    if not elsewhere:
        note(
            node, f"the format {quoted(text_format)} is not known, and nothing is made of it{mend}"
        )


def _note_unchecked(node: Node, types: list[str], note: Callable[[Node, str], None]) -> None:
    schema: dict[str, Any] = node.value
    listed = "enum" in schema or "const" in schema
    for keyword in _UNCHECKED:
        if schema.get(keyword) and set(_MEANT_FOR[keyword]) & set(types):
            note(node.child(keyword), f"{quoted(keyword)} is not checked before a request is sent")
    for bound in ("Minimum", "Maximum"):
        if schema.get(f"exclusive{bound}") is True and bound.lower() not in schema:
            note(
                node.child(f"exclusive{bound}"),
                f"'exclusive{bound}: true' has no effect without {quoted(bound.lower())}",
            )
    constraints = [one for kind in types for one in CONSTRAINTS.get(kind, ()) if one in schema]
    if listed:
        beside = "beside 'enum'" if "enum" in schema else "beside 'const'"
        for keyword in constraints:
            note(node.child(keyword), f"{quoted(keyword)} {beside} is not checked")
    elif types == ["string"] and schema.get("format") in TYPED_FORMATS - {"byte"}:
        for keyword in constraints:
            text_format = quoted(schema["format"])
            note(
                node.child(keyword),
                f"{quoted(keyword)} beside the format {text_format} is not checked",
            )
    is_open = schema.get("additionalProperties") is not False and not schema.get("properties")
    if "object" in types and schema.get("required") and is_open and "allOf" not in schema:
        note(node.child("required"), "'required' of an object without properties is not checked")

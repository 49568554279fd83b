"""JSON values of a spec: frozen for the tree, and checked against the types they belong to."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable
from fractions import Fraction
from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    Direction,
    EnumerationType,
    MapType,
    NullableType,
    ObjectValue,
    Scalar,
    ScalarType,
    Type,
    UnionType,
    Value,
)
from upsertgen.spec_text import SpecText
from upsertgen.specs.expressions import fault
from upsertgen.specs.references import Node

CONSTRAINTS = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems"),
}
"""The constraints that values are checked against before they are sent, by the type of values."""
_LENGTHS = frozenset(("minLength", "maxLength", "minItems", "maxItems"))
_LONGEST = 2**63 - 1
"""What no length is beyond, and libraries that check lengths cannot hold."""
_WHOLE: dict[str, Callable[[float], int]] = {
    "minimum": math.ceil,
    "maximum": math.floor,
    "exclusiveMinimum": math.floor,
    "exclusiveMaximum": math.ceil,
    "multipleOf": lambda factor: Fraction(repr(factor)).numerator,
}
"""What a bound with a fraction means for whole numbers."""
_SCALARS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
"""What a default of a scalar type is in Python; those of dates and the like are none."""


def freeze(value: Any) -> Value:
    """Return a JSON value as the tree holds it."""
    if isinstance(value, dict):
        return ObjectValue(tuple((SpecText(str(key)), freeze(item)) for key, item in value.items()))
    if isinstance(value, list):
        return tuple(freeze(item) for item in value)
    return freeze_scalar(value)


def freeze_scalar(value: str | float | bool | None) -> Scalar:
    """Return a JSON scalar as the tree holds it: text as `SpecText`, the rest as it is."""
    return SpecText(value) if isinstance(value, str) else value


def text_of(value: Any) -> SpecText | None:
    """Return a description as the tree holds it, or nothing when there is none."""
    return SpecText(value.strip()) if isinstance(value, str) and value.strip() else None


def is_deprecated(*nodes: Node | None) -> bool:
    """Return whether one of some nodes says that what it describes is deprecated."""
    return any(
        isinstance(node.value, dict) and node.value.get("deprecated") is True
        for node in nodes
        if node is not None
    )


def declared_types(schema: dict[str, Any]) -> list[str]:
    """Return the types that a schema declares, or that its keywords imply; null is none of them."""
    declared = schema.get("type")
    if isinstance(declared, list):
        return [one for one in declared if one != "null"]
    if isinstance(declared, str):
        return [] if declared == "null" else [declared]
    if "properties" in schema or "additionalProperties" in schema:
        return ["object"]
    return ["array"] if "items" in schema else []


def common_types(schemas: Iterable[dict[str, Any]]) -> list[str]:
    """Return the types that all of several schemas allow; an empty name where none of them says any."""
    common: list[str] | None = None
    for declared in filter(None, map(declared_types, schemas)):
        if common is None:
            common = declared
            continue
        wider = {*declared, *(("integer",) if "number" in declared else ())}
        narrowed = ["integer" if one == "number" and one not in wider else one for one in common]
        common = [one for one in narrowed if one in wider]
    return [""] if common is None else list(dict.fromkeys(common))


def plain_type(name: str) -> Type:
    """Return the type of all values that JSON Schema calls by a name."""
    if name in ("object", "array"):
        return MapType(AnyType()) if name == "object" else ArrayType(AnyType())
    return ScalarType(name)


def is_base64(schema: dict[str, Any]) -> bool:
    """Return whether a string holds bytes: as OpenAPI 3.0 says it, and as 3.1 does."""
    return schema.get("format") == "byte" or schema.get("contentEncoding") == "base64"


def lengths_of_bytes(constraints: Iterable[tuple[str, Scalar]]) -> tuple[tuple[str, Scalar], ...]:
    """Return what constraints of a text in base64 say of the bytes that it stands for.

    Each three of them, and what is left over, take four characters.
    """
    found: dict[str, Scalar] = {}
    for keyword, value in constraints:
        if keyword == "maxLength" and isinstance(value, int):
            found[keyword] = value // 4 * 3
        elif keyword == "minLength" and isinstance(value, int) and value > 0:
            found[keyword] = (value + 3) // 4 * 3 - 2
    return tuple(sorted(found.items(), key=lambda item: item[0]))


def flat(kinds: Collection[Type], *, is_told: bool) -> tuple[Type, ...]:
    """Return the alternatives of a union, each once, those of unions within it among them.

    Args:
        kinds: The alternatives.
        is_told: Whether a discriminator tells them apart, also those of a union that has one itself.
    """
    found: dict[Type, None] = {}
    for kind in kinds:
        if isinstance(kind, UnionType) and (is_told or kind.discriminator is None):
            found.update(dict.fromkeys(kind.alternatives))
        else:
            found[kind] = None
    if is_told:
        found.pop(MapType(AnyType()), None)
    if ScalarType("string") in kinds:
        # Any text may look like base64.
        found.pop(ScalarType("byte"), None)
    return tuple(found)


def enumeration_of(values: list[Any], direction: Direction, *, has_numbers: bool) -> Type:
    """Return the type of one of several scalars; null is not among its values.

    Args:
        values: The scalars, as the spec lists them.
        direction: Whether they are sent or received: what is received may be another value some day.
        has_numbers: Whether the numbers among them may have fractions, whatever they look like.
    """
    # A Literal cannot hold a float, and what is compared by equality should not be one.
    has_numbers = has_numbers or any(isinstance(value, float) for value in values)
    numbers = (int, float) if has_numbers else ()
    named: list[Scalar] = []
    seen: set[tuple[type, Any]] = set()
    for value in values:
        is_number = isinstance(value, numbers) and not isinstance(value, bool)
        is_double = (type(value), value) in seen
        seen.add((type(value), value))
        if value is not None and not is_number and not is_double:
            named.append(freeze_scalar(value))
    is_open = direction is Direction.RESPONSE or len(named) > 1 or has_numbers
    kinds: list[Type] = [EnumerationType(tuple(named), is_open)] if named else []
    kinds += [ScalarType("number")] if has_numbers else []
    return UnionType(tuple(kinds)) if len(kinds) > 1 else kinds[0] if kinds else AnyType()


def fits(value: Any, kind: Type) -> bool:
    """Return whether a default is a scalar, or a list of scalars, of the type it is a default for."""
    match kind:
        case NullableType(inner):
            return value is None or fits(value, inner)
        case AnyType():
            return not isinstance(value, dict)
        case EnumerationType(values, is_open):
            frozen = freeze_scalar(value) if not isinstance(value, (dict, list)) else ()
            return any(type(one) is type(frozen) and (is_open or one == frozen) for one in values)
        case UnionType(alternatives):
            return any(fits(value, one) for one in alternatives)
        case ArrayType(items):
            return isinstance(value, list) and all(
                not isinstance(one, list) and fits(one, items) for one in value
            )
        case ScalarType(name):
            # True is a number in Python and none in JSON.
            is_boolean = isinstance(value, bool)
            return isinstance(value, _SCALARS.get(name, ())) and is_boolean == (name == "boolean")
        case _:
            return False


def constraints_of(
    node: Node, type_name: str, problems: Problems
) -> tuple[tuple[str, Scalar], ...]:
    """Return the constraints of a schema that values of a type are checked against before they are sent.

    OpenAPI 3.0 spells an exclusive bound as a boolean beside the bound; it comes out as 3.1 spells it.
    """
    schema: dict[str, Any] = node.value
    found: dict[str, Scalar] = {}
    for keyword in CONSTRAINTS.get(type_name, ()):
        value = schema.get(keyword)
        if isinstance(value, bool) or value is None:
            continue
        if isinstance(value, float) and (keyword in _LENGTHS or type_name == "integer"):
            value = int(value) if value.is_integer() else _WHOLE[keyword](value)
        if keyword in _LENGTHS and value > _LONGEST:
            problems.add(
                node.locate(keyword),
                f"{keyword} is {quoted(value)}",
                f"a length of at most {_LONGEST}",
                "correct it, or remove it in an overlay",
            )
        found[keyword] = freeze_scalar(value)
        wrong = fault(value) if keyword == "pattern" else None
        if wrong is not None:
            problems.add(
                node.locate(keyword),
                f"the pattern {quoted(value)} {wrong}",
                "a short regular expression without look-around and back-references",
                "rewrite the pattern, or remove it in an overlay",
            )
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and bound in found:
            found[exclusive] = found.pop(bound)
    return tuple(sorted(found.items(), key=lambda item: item[0]))

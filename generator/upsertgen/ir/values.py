"""JSON values of a spec: frozen for the tree, and checked against the types they belong to."""

from __future__ import annotations

from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    EnumerationType,
    NullableType,
    ObjectValue,
    Role,
    Scalar,
    ScalarType,
    Type,
    UnionType,
    Value,
)
from upsertgen.spec_text import SpecText
from upsertgen.specs.expressions import fault
from upsertgen.specs.references import Node

_CONSTRAINTS = {
    "string": ("minLength", "maxLength", "pattern"),
    "integer": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "number": ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    "array": ("minItems", "maxItems"),
}


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


def enumeration_of(values: list[Any], role: Role, *, has_numbers: bool) -> Type:
    """Return the type of one of several scalars; null is not among its values.

    Args:
        values: The scalars, as the spec lists them.
        role: Whether they are sent or received: what is received may be another value some day.
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
    is_open = role is Role.RESPONSE or len(named) > 1 or has_numbers
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
        case ScalarType("string"):
            return isinstance(value, str)
        case ScalarType("boolean"):
            return isinstance(value, bool)
        case ScalarType("integer"):
            return isinstance(value, int) and not isinstance(value, bool)
        case ScalarType("number"):
            return isinstance(value, (int, float)) and not isinstance(value, bool)
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
    for keyword in _CONSTRAINTS.get(type_name, ()):
        value = schema.get(keyword)
        if isinstance(value, bool) or value is None:
            continue
        found[keyword] = freeze_scalar(value)
        wrong = fault(value) if keyword == "pattern" else None
        if wrong is not None:
            problems.add(
                node.document.locate((*node.pointer, keyword)),
                f"the pattern {quoted(value)} {wrong}",
                "a short regular expression without look-around and back-references",
                "rewrite the pattern, or remove it in an overlay",
            )
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        if schema.get(exclusive) is True and bound in found:
            found[exclusive] = found.pop(bound)
    return tuple(sorted(found.items(), key=lambda item: item[0]))

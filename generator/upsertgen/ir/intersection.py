"""What two types have in common: the type of a value that several parts of an `allOf` describe."""

from __future__ import annotations

from upsertgen.ir.tree import (
    TYPED_FORMATS,
    AnyType,
    ArrayType,
    EnumerationType,
    MapType,
    NullableType,
    ReferenceType,
    Scalar,
    ScalarType,
    Type,
    UnionType,
)
from upsertgen.ir.values import fits
from upsertgen.spec_text import SpecText

Constraints = tuple[tuple[str, Scalar], ...]

_UPPER = frozenset(("maximum", "exclusiveMaximum", "maxLength", "maxItems"))
_LOWER = frozenset(("minimum", "exclusiveMinimum", "minLength", "minItems"))


def intersection(one: Type, other: Type) -> Type | None:
    """Return the type of the values that two types have in common; nothing if there is no such type.

    Two different bodies have none: their fields would have to be joined.
    """
    if one == other or isinstance(other, AnyType):
        return one
    if isinstance(one, AnyType):
        return other
    match one, other:
        case NullableType(inner), NullableType(another):
            common = intersection(inner, another)
            return None if common is None else NullableType(common)
        case (NullableType(inner), rest) | (rest, NullableType(inner)):
            return intersection(inner, rest)
        case (UnionType(alternatives), rest) | (rest, UnionType(alternatives)):
            return _of_union(alternatives, rest)
        case (EnumerationType() as known, (EnumerationType() | ScalarType()) as rest) | (
            ScalarType() as rest,
            EnumerationType() as known,
        ):
            kept = tuple(value for value in known.values if _allows(rest, value))
            is_open = known.is_open and not (isinstance(rest, EnumerationType) and not rest.is_open)
            return EnumerationType(kept, is_open) if kept else None
        case ScalarType(name, constraints), ScalarType(another, more):
            return _of_scalars(name, another, joined(constraints, more))
        case ArrayType(items, constraints), ArrayType(others, more):
            common, both = intersection(items, others), joined(constraints, more)
            return None if common is None or both is None else ArrayType(common, both)
        case MapType(values), MapType(others):
            common = intersection(values, others)
            return None if common is None else MapType(common)
        case (MapType(AnyType()), ReferenceType() as body) | (
            ReferenceType() as body,
            MapType(AnyType()),
        ):
            return body
        case _:
            return None


def joined(one: Constraints, other: Constraints) -> Constraints | None:
    """Return the constraints of values that meet both; nothing where no single keyword says that."""
    both = dict(one)
    for keyword, value in other:
        before = both.setdefault(keyword, value)
        if before == value:
            continue
        if isinstance(before, (int, float)) and isinstance(value, (int, float)):
            if keyword in _UPPER:
                both[keyword] = min(before, value)
                continue
            if keyword in _LOWER:
                both[keyword] = max(before, value)
                continue
        return None
    return tuple(sorted(both.items(), key=lambda item: item[0]))


def _of_union(alternatives: tuple[Type, ...], rest: Type) -> Type | None:
    kept = [common for one in alternatives if (common := intersection(one, rest)) is not None]
    distinct = tuple(dict.fromkeys(kept))
    return UnionType(distinct) if len(distinct) > 1 else distinct[0] if distinct else None


def _of_scalars(name: str, another: str, constraints: Constraints | None) -> Type | None:
    if constraints is None:
        return None
    if {name, another} == {"integer", "number"}:
        return ScalarType("integer", constraints)
    if "string" in (name, another) and (name in TYPED_FORMATS or another in TYPED_FORMATS):
        return ScalarType(another if name == "string" else name)
    return ScalarType(name, constraints) if name == another else None


def _allows(kind: Type, value: Scalar) -> bool:
    if isinstance(kind, EnumerationType):
        return any(type(one) is type(value) and one == value for one in kind.values)
    return fits(value.raw if isinstance(value, SpecText) else value, kind)

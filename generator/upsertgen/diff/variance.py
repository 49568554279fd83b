"""Which values a type has: what is wider, what is narrower, and what that means to whom.

What is sent may become wider, and what is received may become narrower, without breaking anybody. Types
are looked at twice: as JSON on the wire, and as Python values, where a datetime is no string.
"""

from __future__ import annotations

from collections.abc import Mapping

from upsertgen.diff.changes import Impact
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    EnumerationType,
    MapType,
    Model,
    NullableType,
    ReferenceType,
    Role,
    Scalar,
    ScalarType,
    Type,
    UnionType,
)
from upsertgen.spec_text import SpecText

_JSON = {"string": {"date-time", "date", "uuid"}, "number": {"integer"}}
_PYTHON = {"number": {"integer"}}
_FORMAT_RANKS = {"int32": 0, "int64": 1, "float": 0, "double": 1}
_UPPER = frozenset(("maximum", "exclusiveMaximum", "maxLength", "maxItems"))
_LOWER = frozenset(("minimum", "exclusiveMinimum", "minLength", "minItems"))

Models = Mapping[str, Model]


def effect(role: Role, *, wider: bool) -> Impact:
    """Return what it means that values of a role become wider, or narrower."""
    return Impact.ADDITIVE if (role is Role.REQUEST) == wider else Impact.BREAKING


def replacement(role: Role, old: Type, new: Type, *, python: bool) -> Impact:
    """Return what it means that one type takes the place of another.

    Args:
        role: Whether values are sent or received.
        old: The type there was.
        new: The type there is, of the same tree as far as bodies are named alike.
        python: Whether Python values are meant instead of JSON.
    """
    wide, narrow = (new, old) if role is Role.REQUEST else (old, new)
    plain = python and role is Role.RESPONSE
    return Impact.ADDITIVE if covers(wide, narrow, python=python, plain=plain) else Impact.BREAKING


def covers(wide: Type, narrow: Type, *, python: bool, plain: bool) -> bool:
    """Return whether each value of one type is a value of another.

    Args:
        wide: The type that should have them all. Bodies count as equal to themselves only.
        narrow: The type whose values are asked for.
        python: Whether Python values are meant instead of JSON.
        plain: Whether "any value" means plain JSON data, without models and datetimes: what a client
            gives for a value whose type nobody told it.
    """

    def has(wide: Type, narrow: Type) -> bool:
        return covers(wide, narrow, python=python, plain=plain)

    match wide, narrow:
        case AnyType(), _:
            return not plain or _is_plain(narrow)
        case _, AnyType():
            return False
        case NullableType(outer), NullableType(inner):
            return has(outer, inner)
        case NullableType(outer), _:
            return has(outer, narrow)
        case _, NullableType():
            return False
        case _, UnionType(alternatives):
            return all(has(wide, one) for one in alternatives)
        case UnionType(alternatives), _:
            return any(has(one, narrow) for one in alternatives)
        case ScalarType(name), ScalarType(other):
            wider = _PYTHON if python else _JSON
            return name == other or other in wider.get(name, ())
        case ScalarType(name), EnumerationType(values):
            return all(_fits(value, name) for value in values)
        case EnumerationType(values), EnumerationType(others):
            return set(map(repr, others)) <= set(map(repr, values))
        case ArrayType(items), ArrayType(others):
            return has(items, others)
        case MapType(items), MapType(others):
            return has(items, others)
        case MapType(AnyType()), ReferenceType():
            return not python
        case _:
            return wide == narrow


def _is_plain(kind: Type) -> bool:
    match kind:
        case ReferenceType():
            return False
        case ScalarType(name):
            return name in ("string", "integer", "number", "boolean")
        case ArrayType(inner) | MapType(inner) | NullableType(inner):
            return _is_plain(inner)
        case UnionType(alternatives):
            return all(_is_plain(one) for one in alternatives)
        case _:
            return True


def _fits(value: Scalar, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, int):
        return name in ("integer", "number")
    return name == ("number" if isinstance(value, float) else "string")


def constraint_effect(keyword: str, old: Scalar, new: Scalar) -> Impact:
    """Return what it means to senders that a constraint changes; nothing means that there is none."""
    if new is None:
        return Impact.ADDITIVE
    if not isinstance(old, (int, float)) or not isinstance(new, (int, float)):
        return Impact.BREAKING
    looser = (keyword in _UPPER and new > old) or (keyword in _LOWER and new < old)
    return Impact.ADDITIVE if looser else Impact.BREAKING


def format_effect(role: Role, old: Scalar, new: Scalar) -> Impact:
    """Return what it means on the wire that a format changes; nothing means that there is none."""
    ranks = [_FORMAT_RANKS.get(one.raw) if isinstance(one, SpecText) else 2 for one in (old, new)]
    if ranks[0] is not None and ranks[1] is not None:
        return effect(role, wider=ranks[1] > ranks[0])
    if old is not None and new is not None:
        return Impact.BREAKING
    return effect(role, wider=new is None)


def without_null(kind: Type) -> tuple[bool, Type]:
    """Return whether a type includes null, and the type without it."""
    return (True, kind.inner) if isinstance(kind, NullableType) else (False, kind)


def notation(kind: Type | None, models: Models) -> SpecText:
    """Return a type as reports write it."""
    return SpecText("nothing" if kind is None else _notation(kind, models))


def _notation(kind: Type, models: Models) -> str:
    match kind:
        case ScalarType(name, constraints):
            text_format = dict(constraints).get("format")
            return f"{name} ({text_format.raw})" if isinstance(text_format, SpecText) else name
        case EnumerationType(values):
            return " or ".join(value_text(value).raw for value in values)
        case ArrayType(items):
            return f"list of {_notation(items, models)}"
        case MapType(values):
            return f"map of {_notation(values, models)}"
        case NullableType(inner):
            return f"{_notation(inner, models)} or null"
        case UnionType(alternatives):
            return " or ".join(_notation(one, models) for one in alternatives)
        case ReferenceType(body):
            return models[body].class_name
        case AnyType():
            return "any value"


def value_text(value: object) -> SpecText:
    """Return a value of a spec as reports write it: JSON, near enough."""
    if isinstance(value, SpecText):
        return SpecText(f'"{value.raw}"')
    if isinstance(value, tuple):
        return SpecText(f"[{', '.join(value_text(one).raw for one in value)}]")
    constants = {True: "true", False: "false"} if isinstance(value, bool) else {}
    return SpecText("null" if value is None else constants.get(bool(value), repr(value)))

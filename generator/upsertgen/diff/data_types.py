"""Data types: what differs between what is sent, or received, before and after.

Types are looked at twice: as JSON on the wire, and as Python values, where a datetime is no string.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

from upsertgen.diff.findings import ADDITIVE, BREAKING, NONE, Finding, Impact, Kind, Place
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    Default,
    Direction,
    EnumerationType,
    Field,
    MapType,
    Model,
    NullableType,
    ReferenceType,
    Scalar,
    ScalarType,
    Type,
    UnionType,
    inner_types,
)
from upsertgen.spec_text import SpecText

_JSON = {"string": {"date-time", "date", "uuid", "byte"}, "number": {"integer"}}
_PYTHON = {"number": {"integer"}}
_FORMAT_RANKS = {"int32": 0, "int64": 1, "float": 0, "double": 1}
_UPPER = frozenset(("maximum", "exclusiveMaximum", "maxLength", "maxItems"))
_LOWER = frozenset(("minimum", "exclusiveMinimum", "minLength", "minItems"))

Models = Mapping[str, Model]


class TypeComparison:
    """Compares types, and the bodies that they lead to, each pair of bodies once.

    Args:
        old: The bodies of the older tree.
        new: The bodies of the newer tree; the same ones when both versions stand in one tree.
    """

    def __init__(self, old: Models, new: Models) -> None:
        self._old = old
        self._new = new
        self._compared: set[tuple[str, str]] = set()
        self._met: set[tuple[str, str]] = set()
        self._waiting: deque[tuple[str, str, Place]] = deque()

    def compare(self, old: Type, new: Type, place: Place) -> Iterator[Finding]:
        """Yield what differs between two types, and between the bodies that they lead to.

        A pair of bodies that is met in several places is compared at the place that is least deep. All
        findings have to be taken before the next comparison.
        """
        self._met = set()
        yield from self._types(old, new, place)
        while self._waiting:
            one, other, where = self._waiting.popleft()
            yield from self._bodies(self._old[one], self._new[other], where)

    def compare_bodies(
        self, old: Type | None, new: Type | None, place: Place, added: Impact = ADDITIVE
    ) -> Iterator[Finding]:
        """Yield what differs between two bodies of which either may be missing."""
        if old is not None and new is not None:
            yield from self.compare(old, new, place)
        elif new is not None:
            yield place.finding(Kind.BODY_ADDED, added, after=notation(new, self._new))
        elif old is not None:
            yield place.finding(Kind.BODY_REMOVED, BREAKING, before=notation(old, self._old))

    def has_compared(self, old: str, new: str) -> bool:
        """Return whether two bodies are the same, or were compared already."""
        return self._are_same(old, new) or (old, new) in self._compared

    def _are_same(self, old: str, new: str) -> bool:
        return self._old is self._new and old == new

    def _bodies(self, old: Model, new: Model, place: Place) -> Iterator[Finding]:
        yield from replace(place, model=new.class_name).deprecated(
            old.deprecated, new.deprecated, (Kind.SCHEMA_UNDEPRECATED, Kind.SCHEMA_DEPRECATED)
        )
        before = {field.wire_name: field for field in old.fields}
        after = {field.wire_name: field for field in new.fields}
        for name, field in before.items():
            if name not in after:
                told = _described(field, self._old)
                yield place.field(name, old.class_name).finding(
                    Kind.FIELD_REMOVED, BREAKING, before=told
                )
        for name, field in after.items():
            here = place.field(name, new.class_name)
            if name in before:
                yield from self._fields(before[name], field, here)
                continue
            sent = place.part.direction is Direction.REQUEST
            impact = BREAKING if sent and field.required else ADDITIVE
            yield here.finding(Kind.FIELD_ADDED, impact, after=_described(field, self._new))
        if old.additional is not None and new.additional is not None:
            yield from self._types(old.additional, new.additional, place.inner("{}"))
        elif new.additional is not None:
            yield place.finding(Kind.OTHER_FIELDS_ALLOWED, ADDITIVE)
        elif old.additional is not None:
            yield place.finding(Kind.OTHER_FIELDS_REFUSED, BREAKING)

    def _fields(self, old: Field, new: Field, place: Place) -> Iterator[Finding]:
        yield from place.required(old.required, new.required)
        yield from place.deprecated(old.deprecated, new.deprecated)
        yield from place.changed(Kind.PYTHON_NAME_CHANGED, old.name, new.name, BREAKING, NONE)
        yield from self._types(old.type, new.type, place)
        # A field that has to be there has no default.
        if not old.required and not new.required:
            yield from compare_defaults(old.default, new.default, place)

    def _types(self, old: Type, new: Type, place: Place) -> Iterator[Finding]:
        (was_nullable, old), (is_nullable, new) = _without_null(old), _without_null(new)
        if was_nullable != is_nullable and AnyType() not in (old, new):
            kind = Kind.NULL_ADDED if is_nullable else Kind.NULL_REMOVED
            yield place.finding(kind, place.effect(wider=is_nullable))
        match old, new:
            case ReferenceType(one), ReferenceType(other):
                if not self._are_same(one, other) and (one, other) not in self._met:
                    self._met.add((one, other))
                    self._compared.add((one, other))
                    self._waiting.append((one, other, place))
            case ArrayType(items, constraints), ArrayType(others, new_constraints):
                yield from _constraints(place, constraints, new_constraints)
                yield from self._types(items, others, place.inner("[]"))
            case MapType(values), MapType(others):
                yield from self._types(values, others, place.inner("{}"))
            case EnumerationType(), EnumerationType():
                yield from _enumerations(place, old, new)
            case ScalarType(name, constraints), ScalarType(other, new_constraints) if name == other:
                yield from _constraints(place, constraints, new_constraints)
            case UnionType(), UnionType():
                yield from self._unions(place, old, new)
            case _ if old != new:
                direction = place.part.direction
                caller, wire = (
                    _replacement(direction, old, new, python=one) for one in (True, False)
                )
                told = notation(old, self._old), notation(new, self._new)
                yield place.finding(Kind.TYPE_CHANGED, caller, wire, before=told[0], after=told[1])

    def _unions(self, place: Place, old: UnionType, new: UnionType) -> Iterator[Finding]:
        before = {notation(one, self._old): one for one in old.alternatives}
        after = {notation(one, self._new): one for one in new.alternatives}
        for name in before:
            if name in after:
                yield from self._types(before[name], after[name], place)
        gone = [name for name in before if name not in after]
        come = [name for name in after if name not in before]
        if len(gone) == len(come) == 1:
            yield from self._types(before[gone[0]], after[come[0]], place)
            return
        # Where a kind of object that nobody knows is read as a mapping, a new kind breaks nobody.
        is_open = MapType(AnyType()) in old.alternatives
        wider = ADDITIVE if is_open else place.effect(wider=True)
        for name in gone:
            narrower = place.effect(wider=False)
            yield place.finding(Kind.ALTERNATIVE_REMOVED, narrower, subject=name)
        for name in come:
            yield place.finding(Kind.ALTERNATIVE_ADDED, wider, subject=name)


def compare_defaults(old: Default | None, new: Default | None, place: Place) -> Iterator[Finding]:
    """Yield that a default changed: whoever leaves a value out means another one now."""
    before, after = (value_text(one.value) if one is not None else None for one in (old, new))
    impact = ADDITIVE if old is None else BREAKING
    yield from place.changed(Kind.DEFAULT_CHANGED, before, after, impact)


def _enumerations(place: Place, old: EnumerationType, new: EnumerationType) -> Iterator[Finding]:
    before, after = (list(dict.fromkeys(map(value_text, one.values))) for one in (old, new))
    # Models accept values that they do not know, but for those that tell bodies apart.
    received = place.part.direction is Direction.RESPONSE
    added = ADDITIVE if old.is_open or not received else BREAKING
    for value in before:
        if value not in after:
            narrower = place.effect(wider=False)
            yield place.finding(Kind.ENUM_VALUE_REMOVED, narrower, subject=value)
    for value in after:
        if value not in before:
            yield place.finding(Kind.ENUM_VALUE_ADDED, added, ADDITIVE, subject=value)


_Constraints = tuple[tuple[str, Scalar], ...]


def _constraints(place: Place, old: _Constraints, new: _Constraints) -> Iterator[Finding]:
    before, after = dict(old), dict(new)
    for keyword in sorted(before.keys() | after.keys()):
        one, other = before.get(keyword), after.get(keyword)
        if (type(one), one) == (type(other), other):
            continue
        if keyword == "format":
            was, is_now = (value if isinstance(value, SpecText) else None for value in (one, other))
            wire = _format_effect(place, one, other)
            yield place.finding(Kind.FORMAT_CHANGED, NONE, wire, before=was, after=is_now)
        else:
            was, is_now = (None if value is None else value_text(value) for value in (one, other))
            yield place.finding(
                Kind.CONSTRAINT_CHANGED,
                _constraint_effect(keyword, one, other),
                subject=keyword,
                before=was,
                after=is_now,
            )


def _constraint_effect(keyword: str, old: Scalar, new: Scalar) -> Impact:
    """Return what it means to senders that a constraint changes; nothing means that there is none."""
    if new is None:
        return ADDITIVE
    if not isinstance(old, (int, float)) or not isinstance(new, (int, float)):
        return BREAKING
    looser = (keyword in _UPPER and new > old) or (keyword in _LOWER and new < old)
    return ADDITIVE if looser else BREAKING


def _format_effect(place: Place, old: Scalar, new: Scalar) -> Impact:
    """Return what it means on the wire that a format changes; nothing means that there is none."""
    ranks = [_FORMAT_RANKS.get(one.raw) if isinstance(one, SpecText) else 2 for one in (old, new)]
    if ranks[0] is not None and ranks[1] is not None:
        return place.effect(wider=ranks[1] > ranks[0])
    if old is not None and new is not None:
        return BREAKING
    return place.effect(wider=new is None)


def _without_null(kind: Type) -> tuple[bool, Type]:
    """Return whether a type includes null, and the type without it."""
    return (True, kind.inner) if isinstance(kind, NullableType) else (False, kind)


def _described(field: Field, models: Models) -> str:
    need = "required" if field.required else "optional"
    return f"{notation(field.type, models).raw}, {need}"


def _replacement(direction: Direction, old: Type, new: Type, *, python: bool) -> Impact:
    """Return what it means that one type takes the place of another, as Python values or as JSON."""
    wide, narrow = (new, old) if direction is Direction.REQUEST else (old, new)
    plain = python and direction is Direction.RESPONSE
    return ADDITIVE if _covers(wide, narrow, python=python, plain=plain) else BREAKING


def _covers(wide: Type, narrow: Type, *, python: bool, plain: bool) -> bool:
    """Return whether each value of one type is a value of another.

    Args:
        wide: The type that should have them all. Bodies count as equal to themselves only.
        narrow: The type whose values are asked for.
        python: Whether Python values are meant instead of JSON.
        plain: Whether "any value" means plain JSON data, without models and datetimes: what a client
            gives for a value whose type nobody told it.
    """
    has = partial(_covers, python=python, plain=plain)
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
        case _:
            return all(map(_is_plain, inner_types(kind)))


def _fits(value: Scalar, name: str) -> bool:
    if isinstance(value, bool):
        return name == "boolean"
    if isinstance(value, int):
        return name in ("integer", "number")
    return name == ("number" if isinstance(value, float) else "string")


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

"""Types and bodies: what differs between what is sent, or received, before and after."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from upsertgen.diff.changes import Finding, Impact, Kind
from upsertgen.diff.places import Place, defaults, python_name
from upsertgen.diff.variance import (
    Models,
    constraint_effect,
    effect,
    format_effect,
    notation,
    replacement,
    value_text,
    without_null,
)
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    EnumerationType,
    Field,
    MapType,
    Model,
    ReferenceType,
    Role,
    Scalar,
    ScalarType,
    Type,
    UnionType,
)
from upsertgen.spec_text import SpecText


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

    def compare(self, old: Type, new: Type, place: Place) -> Iterator[Finding]:
        """Yield what differs between two types, and between the bodies that they lead to.

        A pair of bodies that is met in several places is compared at the place that is least deep.
        """
        waiting: deque[tuple[ReferenceType, ReferenceType, Place]] = deque()
        met: set[tuple[str, str]] = set()

        def meet(one: ReferenceType, other: ReferenceType, where: Place) -> None:
            if not self._are_same(one.body, other.body) and (one.body, other.body) not in met:
                met.add((one.body, other.body))
                self._compared.add((one.body, other.body))
                waiting.append((one, other, where))

        yield from self._types(old, new, place, meet)
        while waiting:
            one, other, where = waiting.popleft()
            yield from self._bodies(self._old[one.body], self._new[other.body], where, meet)

    def has_compared(self, old: str, new: str) -> bool:
        """Return whether two bodies are the same, or were compared already."""
        return self._are_same(old, new) or (old, new) in self._compared

    def _are_same(self, old: str, new: str) -> bool:
        return self._old is self._new and old == new

    def _bodies(self, old: Model, new: Model, place: Place, meet: Meet) -> Iterator[Finding]:
        before = {field.wire_name: field for field in old.fields}
        after = {field.wire_name: field for field in new.fields}
        sent = place.role is Role.REQUEST
        for name, field in before.items():
            if name not in after:
                yield place.field(name, old.class_name).finding(
                    Kind.FIELD_REMOVED, Impact.BREAKING, before=_described(field, self._old)
                )
        for name, field in after.items():
            here = place.field(name, new.class_name)
            if name not in before:
                yield here.finding(
                    Kind.FIELD_ADDED,
                    Impact.BREAKING if sent and field.required else Impact.ADDITIVE,
                    after=_described(field, self._new),
                )
            else:
                yield from self._fields(before[name], field, here, meet)
        yield from self._others(old.additional, new.additional, place, meet)

    def _fields(self, old: Field, new: Field, place: Place, meet: Meet) -> Iterator[Finding]:
        if old.required != new.required:
            kind = Kind.FIELD_REQUIRED if new.required else Kind.FIELD_OPTIONAL
            yield place.finding(kind, effect(place.role, wider=old.required))
        if old.name != new.name:
            yield python_name(place, old.name, new.name)
        yield from self._types(old.type, new.type, place, meet)
        # A field that has to be there has no default.
        if not old.required and not new.required:
            yield from defaults(place, old.default, new.default)

    def _others(
        self, old: Type | None, new: Type | None, place: Place, meet: Meet
    ) -> Iterator[Finding]:
        if old is not None and new is not None:
            yield from self._types(old, new, place.inner("{}"), meet)
        elif old is not None or new is not None:
            kind = Kind.OTHER_FIELDS_ALLOWED if new is not None else Kind.OTHER_FIELDS_REFUSED
            yield place.finding(kind, Impact.ADDITIVE if new is not None else Impact.BREAKING)

    def _types(self, old: Type, new: Type, place: Place, meet: Meet) -> Iterator[Finding]:
        (was_nullable, old), (is_nullable, new) = without_null(old), without_null(new)
        if was_nullable != is_nullable and AnyType() not in (old, new):
            kind = Kind.NULL_ADDED if is_nullable else Kind.NULL_REMOVED
            yield place.finding(kind, effect(place.role, wider=is_nullable))
        match old, new:
            case ReferenceType(), ReferenceType():
                meet(old, new, place)
            case ArrayType(items, constraints), ArrayType(others, new_constraints):
                yield from _constraints(place, constraints, new_constraints)
                yield from self._types(items, others, place.inner("[]"), meet)
            case MapType(values), MapType(others):
                yield from self._types(values, others, place.inner("{}"), meet)
            case EnumerationType(), EnumerationType():
                yield from _enumerations(place, old, new)
            case ScalarType(name, constraints), ScalarType(other, new_constraints) if name == other:
                yield from _constraints(place, constraints, new_constraints)
            case UnionType(), UnionType():
                yield from self._unions(place, old, new, meet)
            case _ if old != new:
                yield self._replaced(place, old, new)
            case _:
                pass

    def _replaced(self, place: Place, old: Type, new: Type) -> Finding:
        caller, wire = (
            replacement(place.role, old, new, python=python) for python in (True, False)
        )
        return place.finding(
            Kind.TYPE_CHANGED,
            caller,
            wire,
            before=notation(old, self._old),
            after=notation(new, self._new),
        )

    def _unions(
        self, place: Place, old: UnionType, new: UnionType, meet: Meet
    ) -> Iterator[Finding]:
        before = {notation(one, self._old): one for one in old.alternatives}
        after = {notation(one, self._new): one for one in new.alternatives}
        for name in before:
            if name in after:
                yield from self._types(before[name], after[name], place, meet)
        gone = [name for name in before if name not in after]
        come = [name for name in after if name not in before]
        if len(gone) == len(come) == 1:
            yield from self._types(before[gone[0]], after[come[0]], place, meet)
            return
        # Where a kind of object that nobody knows is read as a mapping, a new kind breaks nobody.
        is_open = MapType(AnyType()) in old.alternatives
        wider = Impact.ADDITIVE if is_open else effect(place.role, wider=True)
        for name in gone:
            narrower = effect(place.role, wider=False)
            yield place.finding(Kind.ALTERNATIVE_REMOVED, narrower, subject=name)
        for name in come:
            yield place.finding(Kind.ALTERNATIVE_ADDED, wider, subject=name)


Meet = Callable[[ReferenceType, ReferenceType, Place], None]
"""Told of two bodies that take the same place, to compare them later."""


def _enumerations(place: Place, old: EnumerationType, new: EnumerationType) -> Iterator[Finding]:
    before = {value_text(value): value for value in old.values}
    after = {value_text(value): value for value in new.values}
    # Models accept values that they do not know, but for those that tell bodies apart.
    received = place.role is Role.RESPONSE
    added = Impact.ADDITIVE if old.is_open or not received else Impact.BREAKING
    for value in before:
        if value not in after:
            yield place.finding(
                Kind.ENUM_VALUE_REMOVED, effect(place.role, wider=False), subject=value
            )
    for value in after:
        if value not in before:
            yield place.finding(Kind.ENUM_VALUE_ADDED, added, Impact.ADDITIVE, subject=value)


def _constraints(
    place: Place, old: tuple[tuple[str, Scalar], ...], new: tuple[tuple[str, Scalar], ...]
) -> Iterator[Finding]:
    before, after = dict(old), dict(new)
    for keyword in sorted(before.keys() | after.keys()):
        one, other = before.get(keyword), after.get(keyword)
        if (type(one), one) == (type(other), other):
            continue
        shown = (None if value is None else value_text(value) for value in (one, other))
        was, is_now = shown
        if keyword == "format":
            yield place.finding(
                Kind.FORMAT_CHANGED,
                Impact.NONE,
                format_effect(place.role, one, other),
                before=_plain(one),
                after=_plain(other),
            )
        else:
            yield place.finding(
                Kind.CONSTRAINT_CHANGED,
                constraint_effect(keyword, one, other),
                subject=SpecText(keyword),
                before=was,
                after=is_now,
            )


def _plain(value: Scalar) -> SpecText | None:
    return value if isinstance(value, SpecText) else None


def _described(field: Field, models: Models) -> SpecText:
    need = "required" if field.required else "optional"
    return SpecText(f"{notation(field.type, models).raw}, {need}")

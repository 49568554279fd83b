"""Values made from types, for an example of a body that the spec gives none of."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from functools import lru_cache
from itertools import chain
from typing import Any

from upsertgen.emit.encode import raw
from upsertgen.emit.pattern_texts import texts_of_pattern
from upsertgen.ir.body_search import steps_of
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    EnumerationType,
    Field,
    MapType,
    Model,
    NullableType,
    ObjectValue,
    ReferenceType,
    ScalarType,
    Type,
    UnionType,
    Value,
)
from upsertgen.ir.vocabulary import Roles
from upsertgen.spec_text import SpecText
from upsertgen.specs.expressions import matcher

_FIXED = {
    "date-time": "2026-01-31T12:00:00Z",
    "date": "2026-01-31",
    "uuid": "12345678-1234-5678-1234-567812345678",
}
_TEXTS = (
    "text",
    "a",
    "A",
    "1",
    "12345678",
    "ABC-123",
    "2026-01-31",
    "ada@example.com",
    "https://example.com",
)
_MOST_ITEMS = 3
_MOST_VALUES = 200
"""What an example may hold, and looking for one may take: bodies of bodies multiply."""
KEY_PROPERTY = SpecText("my_key")
"""Stands for a property that finds records where none is known."""


class NoValue(Exception):
    """No value can be made that fits, such as for a pattern that is not understood."""


class ValueMaker:
    """Makes values that fit their types, as small as they can be.

    Args:
        models: Where bodies are.
        whole: Whether bodies have those of their optional fields, too, that can be made.
    """

    def __init__(self, models: Mapping[str, Model], *, whole: bool = False) -> None:
        self._models = models
        self._whole = whole
        self._left = _MOST_VALUES

    def value(self, kind: Type, way: tuple[str, ...] = ()) -> Value:
        """Return a value of a type.

        Args:
            kind: The type.
            way: The bodies that it stands in, none of which can hold itself.

        Raises:
            NoValue: There is none that could be made, or too much was made already.
        """
        self._left -= 1
        if self._left < 0:
            raise NoValue
        match kind:
            case ScalarType():
                return _scalar(kind)
            case EnumerationType(values):
                return next(iter(values))
            case ArrayType(items, constraints):
                return self._array(items, dict(constraints), way)
            case MapType():
                return ObjectValue(())
            case NullableType(inner):
                return self._first((inner,), way, otherwise=None)
            case UnionType(alternatives):
                return self._first(alternatives, way)
            case ReferenceType(body):
                if body in way:
                    raise NoValue
                fields = (one for one in self._models[body].fields if one.required or self._whole)
                return ObjectValue(tuple(self._fields(fields, (*way, body))))
            case AnyType():
                return SpecText(_TEXTS[0])

    def holding_record(
        self, kind: Type, way: list[str], roles: Roles, keys: tuple[SpecText, ...]
    ) -> Value:
        """Return a value that holds one record of an upsert.

        Args:
            kind: Its type.
            way: The way through it to the record, or to the list of it.
            roles: Which fields of a record play which part.
            keys: The properties that find records, as far as any are known.

        Raises:
            NoValue: There is none that could be made.
        """
        kind = kind.inner if isinstance(kind, NullableType) else kind
        if way and isinstance(kind, ReferenceType):
            step, *below = way
            return ObjectValue(
                tuple(
                    (
                        one.wire_name,
                        (
                            self.holding_record(one.type, below, roles, keys)
                            if one.wire_name.raw == step
                            else self.value(one.type)
                        ),
                    )
                    for one in self._models[kind.body].fields
                    if one.required or one.wire_name.raw == step
                )
            )
        made = self.value(kind)
        items = kind.items if isinstance(kind, ArrayType) else kind
        if way or not isinstance(items, (ReferenceType, MapType)):
            return made
        parts = (roles.key, roles.key_property, roles.properties)
        found = self._reaching(items, [steps_of(one) for one in parts if one is not None])
        if isinstance(found, ObjectValue) and roles.key_property is not None:
            named = keys[0] if keys else KEY_PROPERTY
            found = ObjectValue(
                tuple(
                    (name, named if name == roles.key_property else one)
                    for name, one in found.fields
                )
            )
        return (found,) if isinstance(kind, ArrayType) else found

    def _reaching(self, kind: Type, ways: list[list[str]], within: tuple[str, ...] = ()) -> Value:
        """Return a value that has what some ways lead to."""
        kind = kind.inner if isinstance(kind, NullableType) else kind
        steps = dict.fromkeys(way[0] for way in ways if way)
        if not steps:
            return self.value(kind, within)
        below = {step: [way[1:] for way in ways if way and way[0] == step] for step in steps}
        declared: tuple[Field, ...] = ()
        others = kind.values if isinstance(kind, MapType) else None
        if isinstance(kind, ReferenceType):
            model, within = self._models[kind.body], (*within, kind.body)
            declared, others = model.fields, model.additional
        elif others is None:
            return self.value(kind, within)
        found = {
            one.wire_name: self._reaching(one.type, below.pop(one.wire_name.raw, []), within)
            for one in declared
            if one.required or one.wire_name.raw in below
        }
        if others is not None:
            for step, rest in below.items():
                found[SpecText(step)] = self._reaching(others, rest, within)
        return ObjectValue(tuple(found.items()))

    def _fields(
        self, fields: Iterator[Field], way: tuple[str, ...]
    ) -> Iterator[tuple[SpecText, Value]]:
        for one in fields:
            try:
                yield one.wire_name, self.value(one.type, way)
            except NoValue:
                if one.required:
                    raise

    def _array(self, items: Type, constraints: Mapping[str, Any], way: tuple[str, ...]) -> Value:
        least, most = constraints.get("minItems", 0), constraints.get("maxItems", 1)
        if least > _MOST_ITEMS:
            raise NoValue
        try:
            item: Value = self.value(items, way)
            return tuple(item for _ in range(max(least, min(most, 1))))
        except NoValue:
            if least:
                raise
            return ()

    def _first(self, kinds: tuple[Type, ...], way: tuple[str, ...], **otherwise: None) -> Value:
        for kind in kinds:
            try:
                return self.value(kind, way)
            except NoValue:
                continue
        if otherwise:
            return None
        raise NoValue


def _scalar(kind: ScalarType) -> Value:
    bounds: dict[str, Any] = dict(kind.constraints)
    if kind.name in ("integer", "number"):
        return _number(bounds)
    if kind.name == "string":
        return _text(bounds)
    if kind.name == "byte":
        # An example is JSON, and bytes are none.
        raise NoValue
    return True if kind.name == "boolean" else SpecText(_FIXED[kind.name])


def _number(bounds: Mapping[str, Any]) -> Value:
    def fits(number: float) -> bool:
        factor = bounds.get("multipleOf")
        return bool(
            number >= bounds.get("minimum", number)
            and number <= bounds.get("maximum", number)
            and number > bounds.get("exclusiveMinimum", number - 1)
            and number < bounds.get("exclusiveMaximum", number + 1)
            and (not factor or Decimal(repr(number)) % Decimal(repr(factor)) == 0)
        )

    ends: list[int | float] = [
        bounds[name] for name in ("minimum", "maximum", "multipleOf") if name in bounds
    ]
    ends += [bounds[name] + 1 for name in ("exclusiveMinimum",) if name in bounds]
    ends += [bounds[name] - 1 for name in ("exclusiveMaximum",) if name in bounds]
    found = next((one for one in (1, *ends) if fits(one)), None)
    if found is None:
        raise NoValue
    return found


def _text(bounds: Mapping[str, Any]) -> Value:
    least, most = bounds.get("minLength", 0), bounds.get("maxLength", 80)
    pattern = bounds.get("pattern")
    found = _text_that_fits(least, most, None if pattern is None else raw(pattern))
    if found is None:
        raise NoValue
    return SpecText(found)


@lru_cache(maxsize=10_000)
def _text_that_fits(least: int, most: int, pattern: str | None) -> str | None:
    texts = (one if len(one) >= least else one.ljust(min(least, 80), one[-1]) for one in _TEXTS)
    matches = matcher(pattern) if pattern is not None else None
    others = texts_of_pattern(pattern) if pattern is not None else iter([_TEXTS[0][:most]])
    fitting = (one for one in chain(texts, others) if least <= len(one) <= most)
    return next((one for one in fitting if matches is None or matches(one)), None)

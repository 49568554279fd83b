"""What bodies have: fields, lists, and what stands at the end of a way through them.

Ways are those that clients follow: names with dots between them, digits that count the items of a list, and
`$` for the whole.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upsertgen.ir.bodies import Bodies
from upsertgen.ir.tree import (
    AnyType,
    ArrayType,
    MapType,
    NullableType,
    ReferenceType,
    Type,
    UnionType,
    inner_types,
)
from upsertgen.spec_text import SpecText

WHOLE = "$"
"""The way that goes nowhere."""


class BodySearch:
    """Looks for what the bodies of operations have.

    Args:
        bodies: The distinct bodies.
    """

    def __init__(self, bodies: Bodies) -> None:
        self._bodies = bodies

    def has(self, owner: Type | None, way: SpecText) -> bool:
        """Return whether a body has what a way leads to, which begins with a field that is declared."""
        steps = steps_of(way)
        fields = {one.wire_name.raw for one in self._bodies.fields(owner)}
        return owner is not None and (
            not steps or (steps[0] in fields and self.leads(owner, steps))
        )

    def items(self, owner: Type | None, way: SpecText) -> Type | None:
        """Return what a list at the end of a way through a body holds, nothing where it is no list."""
        ends = self.at(owner, steps_of(way)) if owner is not None and self.has(owner, way) else []
        return next((one for end in ends for one in _listed(end)), None)

    def is_object(self, kind: Type | None) -> bool:
        """Return whether the values of a type are objects."""
        match kind:
            case UnionType(alternatives):
                return all(map(self.is_object, alternatives))
            case _:
                return isinstance(kind, (ReferenceType, MapType))

    def listed_at(self, kinds: Sequence[Type], way: SpecText | None) -> list[Type]:
        """Return what the lists at the end of a way hold; nothing where there is no way."""
        if way is None:
            return []
        ends = [one for kind in kinds for one in self.at(kind, steps_of(way))]
        return [item for end in ends for item in _listed(end)]

    def listed(self, kind: Type) -> list[Type]:
        """Return what a type holds that may be a list."""
        return list(_listed(kind))

    def values(self, kind: Type) -> list[Type]:
        """Return what an object holds by names that are not declared; nothing where a type is none."""
        found: list[Type] = []
        for one in _plain(kind, False):
            match one:
                case AnyType():
                    found.append(one)
                case MapType(values):
                    found.append(values)
                case ReferenceType(body) if additional := self._bodies.models[body].additional:
                    found.append(additional)
                case _:
                    pass
        return found

    def plain_at(self, kind: Type, way: Sequence[str]) -> list[Type]:
        """Return what may stand at the end of a way, but for null."""
        return [one for end in self.at(kind, way) for one in _plain(end, False)]

    def objects_at(self, kinds: Sequence[Type], way: SpecText | None) -> list[Type]:
        """Return the objects at the end of a way: what a list there holds, or what stands there itself."""
        ends = [one for kind in kinds for one in self.plain_at(kind, steps_of(way))] if way else []
        return [*self.listed_at(kinds, way), *filter(self.is_object, ends)]

    def leads(self, kind: Type, way: Sequence[str], *, through_lists: bool = False) -> bool:
        """Return whether something may stand at the end of a way."""
        return bool(self.at(kind, way, through_lists=through_lists))

    def at(self, kind: Type, way: Sequence[str], *, through_lists: bool = False) -> list[Type]:
        """Return what may stand at the end of a way through objects, and maybe through the items of lists."""
        found: dict[Type, None] = {kind: None}
        for name in way:
            plain = dict.fromkeys(one for kind in found for one in _plain(kind, through_lists))
            found = dict.fromkeys(one for kind in plain for one in self._below(kind, name))
        return list(found)

    def _below(self, kind: Type, name: str) -> Iterator[Type]:
        """Yield what may stand in a field of a type that is neither a union nor null."""
        match kind:
            case AnyType():
                yield kind
            case MapType(values):
                yield values
            case ReferenceType(body):
                model = self._bodies.models[body]
                found = [one.type for one in model.fields if one.wire_name.raw == name]
                if not found and model.additional is not None:
                    found = [model.additional]
                yield from found
            case ArrayType(items) if _is_index(name):
                yield items
            case _:
                return

    def names(self, kinds: Sequence[Type], seen: set[str]) -> set[str]:
        """Return the names of all fields that bodies of some types have, at any depth."""
        names: set[str] = set()
        for kind in kinds:
            inner = list(inner_types(kind))
            if isinstance(kind, ReferenceType) and kind.body not in seen:
                seen.add(kind.body)
                fields = self._bodies.fields(kind)
                names |= {one.wire_name.raw for one in fields}
                inner = [one.type for one in fields]
            names |= self.names(inner, seen)
        return names


def steps_of(way: SpecText) -> list[str]:
    """Return the steps of a way; the way to the whole has none."""
    return [] if way.raw == WHOLE else way.raw.split(".")


def _is_index(step: str) -> bool:
    return step.isascii() and step.isdecimal()


def _plain(kind: Type, through_lists: bool) -> Iterator[Type]:
    """Yield the types that a type may be, and those of the items of lists in its place."""
    match kind:
        case NullableType(inner):
            yield from _plain(inner, through_lists)
        case UnionType(alternatives):
            for one in alternatives:
                yield from _plain(one, through_lists)
        case ArrayType(items) if through_lists:
            yield from _plain(items, through_lists)
        case _:
            yield kind


def _listed(kind: Type) -> Iterator[Type]:
    """Yield what a type holds that may be a list."""
    match kind:
        case NullableType(inner):
            yield from _listed(inner)
        case ArrayType(NullableType(items)) | ArrayType(items):
            yield items
        case AnyType():
            yield kind
        case _:
            return

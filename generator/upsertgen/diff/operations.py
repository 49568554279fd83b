"""Operations: what differs in how they are called, sent and answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from upsertgen.diff.bodies import TypeComparison
from upsertgen.diff.changes import Finding, Impact, Kind, Part
from upsertgen.diff.places import Place, defaults, python_name
from upsertgen.diff.policies import compare_policies, compare_upserts
from upsertgen.diff.variance import notation
from upsertgen.ir.tree import Api, ArrayType, Body, Operation, Parameter, Response, Role
from upsertgen.spec_text import SpecText

_ARGUMENT = re.compile(r"{[^{}/]*}")


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a tree, and the version of it that is compared."""

    api: Api
    label: SpecText


class OperationComparison:
    """Compares operations of two versions.

    Attributes:
        types: What compares their types.

    Args:
        old: The older side.
        new: The newer side.
    """

    def __init__(self, old: Side, new: Side) -> None:
        self._old = old
        self._new = new
        self.types = TypeComparison(old.api.models, new.api.models)

    def compare(self, old: Operation, new: Operation) -> Iterator[Finding]:
        """Yield what differs between two operations."""
        at = Place(new.name, Part.OPERATION, Role.REQUEST)
        if old.name != new.name:
            yield at.finding(
                Kind.METHOD_RENAMED,
                Impact.BREAKING,
                Impact.NONE,
                before=SpecText(old.name),
                after=SpecText(new.name),
            )
        if old.method != new.method:
            yield at.finding(
                Kind.HTTP_METHOD_CHANGED,
                Impact.NONE,
                Impact.BREAKING,
                before=SpecText(old.method),
                after=SpecText(new.method),
            )
        yield from self._paths(at, old, new)
        yield from _security(at, old, new)
        yield from self._parameters(old, new)
        yield from self._request(old, new)
        yield from self._responses(old, new)
        if old.error is not None and new.error is not None:
            place = Place(new.name, Part.ERROR, Role.RESPONSE)
            yield from self.types.compare(old.error, new.error, place)
        elif old.error is not None or new.error is not None:
            kind = Kind.BODY_ADDED if old.error is None else Kind.BODY_REMOVED
            impact = Impact.ADDITIVE if old.error is None else Impact.BREAKING
            yield Place(new.name, Part.ERROR, Role.RESPONSE).finding(kind, impact)
        client = Place(new.name, Part.CLIENT, Role.REQUEST)
        yield from compare_upserts(client, old.upsert, new.upsert)
        yield from compare_policies(
            client, self._old.api.policies[old.policy], self._new.api.policies[new.policy]
        )

    def _paths(self, place: Place, old: Operation, new: Operation) -> Iterator[Finding]:
        before, after = shape(old.path, self._old.label), shape(new.path, self._new.label)
        if _ARGUMENT.sub("{}", before) == _ARGUMENT.sub("{}", after):
            return
        # Where a constant became an argument, the old path still is one of the new ones.
        still = _is_one_of(before, after)
        yield place.finding(
            Kind.PATH_CHANGED,
            Impact.NONE,
            Impact.ADDITIVE if still else Impact.BREAKING,
            before=SpecText(before),
            after=SpecText(after),
        )

    def _parameters(self, old: Operation, new: Operation) -> Iterator[Finding]:
        before, after = _by_place(old), _by_place(new)
        gone = {key: one for key, one in before.items() if key not in after}
        come = {key: one for key, one in after.items() if key not in before}
        for (location, name), parameter in after.items():
            if (location, name) in before:
                yield from self._parameter(new.name, before[location, name], parameter)
                continue
            moved = next((key for key in gone if key[1] == name), None)
            if moved is not None:
                earlier = gone.pop(moved)
                del come[location, name]
                yield _parameter_place(new.name, parameter).finding(
                    Kind.PARAMETER_MOVED,
                    Impact.NONE,
                    Impact.BREAKING,
                    before=SpecText(earlier.location),
                    after=SpecText(location),
                )
                yield from self._parameter(new.name, earlier, parameter)
        for parameter in gone.values():
            # What an argument of the path means on the wire, the change of the path says.
            wire = Impact.NONE if parameter.location == "path" else Impact.BREAKING
            yield _parameter_place(new.name, parameter).finding(
                Kind.PARAMETER_REMOVED, Impact.BREAKING, wire, before=SpecText(parameter.location)
            )
        for parameter in come.values():
            impact = Impact.BREAKING if parameter.required else Impact.ADDITIVE
            wire = Impact.NONE if parameter.location == "path" else impact
            need = "required" if parameter.required else "optional"
            text = notation(parameter.type, self._new.api.models).raw
            yield _parameter_place(new.name, parameter).finding(
                Kind.PARAMETER_ADDED,
                impact,
                wire,
                after=SpecText(f"{text}, {need}, {parameter.location}"),
            )

    def _parameter(self, operation: str, old: Parameter, new: Parameter) -> Iterator[Finding]:
        place = _parameter_place(operation, new)
        if old.name != new.name:
            yield python_name(place, old.name, new.name)
        if old.required != new.required:
            kind = Kind.FIELD_REQUIRED if new.required else Kind.FIELD_OPTIONAL
            yield place.finding(kind, Impact.BREAKING if new.required else Impact.ADDITIVE)
        if old.explode != new.explode and isinstance(new.type, ArrayType):
            yield place.finding(Kind.PARAMETER_LIST_STYLE_CHANGED, Impact.NONE, Impact.BREAKING)
        yield from self.types.compare(old.type, new.type, place)
        yield from defaults(place, old.default, new.default)

    def _request(self, old: Operation, new: Operation) -> Iterator[Finding]:
        place = Place(new.name, Part.REQUEST, Role.REQUEST)
        if old.body is not None and new.body is not None:
            yield from self._bodies(place, old.body, new.body)
            # Inside bodies names are compared with the bodies; what arguments are called may differ.
            names = {one.wire_name: one.name for one in old.parameters if one.location == "field"}
            fields = {one.wire_name: one.name for one in new.parameters if one.location == "field"}
            for wire_name in names:
                if names[wire_name] != fields.get(wire_name, names[wire_name]):
                    here = Place(new.name, Part.PARAMETERS, Role.REQUEST, wire_name.raw)
                    yield python_name(here, names[wire_name], fields[wire_name])
        elif new.body is not None:
            impact = Impact.BREAKING if new.body.required else Impact.ADDITIVE
            after = notation(new.body.type, self._new.api.models)
            yield place.finding(Kind.BODY_ADDED, impact, after=after)
        elif old.body is not None:
            before = notation(old.body.type, self._old.api.models)
            yield place.finding(Kind.BODY_REMOVED, Impact.BREAKING, before=before)

    def _bodies(self, place: Place, old: Body, new: Body) -> Iterator[Finding]:
        if old.required != new.required:
            kind = Kind.BODY_REQUIRED if new.required else Kind.BODY_OPTIONAL
            yield place.finding(kind, Impact.BREAKING if new.required else Impact.ADDITIVE)
        if old.media_type != new.media_type:
            yield place.finding(
                Kind.MEDIA_TYPE_CHANGED,
                Impact.NONE,
                Impact.BREAKING,
                before=old.media_type,
                after=new.media_type,
            )
        if old.by_fields != new.by_fields:
            ways = {True: SpecText("an argument for each field"), False: SpecText("one argument")}
            yield place.finding(
                Kind.BODY_ARGUMENTS_CHANGED,
                Impact.BREAKING,
                Impact.NONE,
                before=ways[old.by_fields],
                after=ways[new.by_fields],
            )
        yield from self.types.compare(old.type, new.type, place)

    def _responses(self, old: Operation, new: Operation) -> Iterator[Finding]:
        before = {response.status: response for response in old.responses}
        after = {response.status: response for response in new.responses}
        returned = (
            {notation(one.type, self._old.api.models) for one in old.responses},
            {notation(one.type, self._new.api.models) for one in new.responses},
        )
        for status, response in before.items():
            if status not in after:
                name = notation(response.type, self._old.api.models)
                # The client decodes every success; one that is not declared, as the first that is.
                caller = Impact.NONE if name in returned[1] else Impact.BREAKING
                place = Place(new.name, Part.RESPONSE, Role.RESPONSE, status)
                yield place.finding(Kind.RESPONSE_REMOVED, caller, Impact.BREAKING, before=name)
        for status, response in after.items():
            place = Place(new.name, Part.RESPONSE, Role.RESPONSE, statuses=(status,))
            if status in before:
                yield from self._response(place, before[status], response)
                continue
            name = notation(response.type, self._new.api.models)
            caller = Impact.ADDITIVE if name in returned[0] else Impact.BREAKING
            place = Place(new.name, Part.RESPONSE, Role.RESPONSE, status)
            yield place.finding(Kind.RESPONSE_ADDED, caller, Impact.ADDITIVE, after=name)

    def _response(self, place: Place, old: Response, new: Response) -> Iterator[Finding]:
        if old.type is not None and new.type is not None:
            yield from self.types.compare(old.type, new.type, place)
        elif old.type is not None:
            before = notation(old.type, self._old.api.models)
            yield place.finding(Kind.BODY_REMOVED, Impact.BREAKING, before=before)
        elif new.type is not None:
            after = notation(new.type, self._new.api.models)
            # A method that returned nothing returns something.
            yield place.finding(Kind.BODY_ADDED, Impact.ADDITIVE, after=after)


def shape(path: SpecText, label: SpecText) -> str:
    """Return a path with the version's label where every version has its own.

    Example:
        >>> shape(SpecText("/crm/objects/2026-03/contacts"), SpecText("2026-03"))
        '/crm/objects/{version}/contacts'
    """
    return "/".join(
        "{version}" if segment == label.raw else segment for segment in path.raw.split("/")
    )


def _by_place(operation: Operation) -> Mapping[tuple[str, SpecText], Parameter]:
    return {
        (one.location, one.wire_name): one
        for one in operation.parameters
        if one.location in ("path", "query", "header")
    }


def _parameter_place(operation: str, parameter: Parameter) -> Place:
    return Place(operation, Part.PARAMETERS, Role.REQUEST, parameter.wire_name.raw)


def _security(place: Place, old: Operation, new: Operation) -> Iterator[Finding]:
    before = {frozenset(_demands(one)) for one in old.security} or {frozenset[str]()}
    after = {frozenset(_demands(one)) for one in new.security} or {frozenset[str]()}
    if before == after:
        return
    opens = all(any(demand <= met for demand in after) for met in before)
    impact = Impact.ADDITIVE if opens else Impact.BREAKING
    yield place.finding(
        Kind.SECURITY_CHANGED, impact, before=_alternatives(before), after=_alternatives(after)
    )


def _demands(requirement: tuple[tuple[SpecText, tuple[SpecText, ...]], ...]) -> Iterator[str]:
    """Yield what a requirement asks for: schemes, and scopes of them."""
    for scheme, scopes in requirement:
        yield scheme.raw
        for scope in scopes:
            yield f"{scheme.raw}: {scope.raw}"


def _alternatives(alternatives: set[frozenset[str]]) -> SpecText:
    shown = [
        " and ".join(
            sorted(
                one
                for one in demands
                if ": " in one or not any(other.startswith(f"{one}: ") for other in demands)
            )
        )
        for demands in alternatives
    ]
    return SpecText(" or ".join(sorted(one or "nothing" for one in shown)))


def _is_one_of(path: str, shape: str) -> bool:
    """Return whether a path is what a shape gives when its arguments are filled in.

    A regular expression would try every way to share a segment between its arguments.

    Example:
        >>> _is_one_of("/v1/contacts-7/x", "/v1/{kind}-{id}/x"), _is_one_of("/v1/a/b", "/v1/{kind}")
        (True, False)
    """
    parts, shapes = path.split("/"), shape.split("/")
    return len(parts) == len(shapes) and all(map(_fills, parts, shapes))


def _fills(part: str, shape: str) -> bool:
    first, *others = _ARGUMENT.split(shape)
    if not others:
        return part == first
    *middle, last = others
    if not part.startswith(first) or not part.endswith(last):
        return False
    place, end = len(first), len(part) - len(last)
    for literal in middle:
        # What comes first leaves most to the rest, so no other place needs to be tried.
        found = part.find(literal, place, end)
        if found < 0:
            return False
        place = found + len(literal)
    return place <= end

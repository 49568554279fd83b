"""Operations: what differs in how they are called, sent and answered."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from upsertgen.diff.data_types import TypeComparison, compare_defaults, notation, value_text
from upsertgen.diff.findings import ADDITIVE, BREAKING, NONE, Finding, Kind, Part, Place
from upsertgen.diff.policies import compare_policies, compare_property_queries, compare_upserts
from upsertgen.emit.bulk_methods import (
    BulkMethods,
    bulk_methods,
)
from upsertgen.ir.tree import (
    Api,
    ArrayType,
    Body,
    Credential,
    Operation,
    Parameter,
    Resource,
    Version,
)
from upsertgen.public_name import Aliases
from upsertgen.spec_text import SpecText
from upsertgen.specs.openapi import JSON, PATH_ARGUMENT


@dataclass(frozen=True)
class Side:
    """One side of a comparison: a tree, and the label of the version of it that is compared."""

    api: Api
    label: SpecText

    def bulk_methods(self, resource: Resource) -> Mapping[str, BulkMethods]:
        """Return the methods of an object type that send any number of records, by the operation's name."""
        return bulk_methods(self.version.package, resource, self.api, Aliases())

    @property
    def version(self) -> Version:
        """The version of the tree that has the label; an empty one if none has."""
        there = (one for one in self.api.versions if one.label == self.label)
        return next(there, Version(self.label, "", SpecText(""), (), (), ()))


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
        at = Place(new.name)
        yield from at.changed(Kind.METHOD_RENAMED, old.name, new.name, BREAKING, NONE)
        yield from at.deprecated(
            old.deprecated, new.deprecated, (Kind.METHOD_UNDEPRECATED, Kind.METHOD_DEPRECATED)
        )
        yield from at.changed(Kind.HTTP_METHOD_CHANGED, old.method, new.method, NONE, BREAKING)
        yield from self._paths(at, old, new)
        yield from _security(at, old, new)
        yield from self._parameters(old, new)
        yield from self._request(old, new)
        yield from self._responses(old, new)
        place = Place(new.name, Part.ERROR)
        if old.error is not None and new.error is not None:
            yield from self.types.compare(old.error, new.error, place)
        elif new.error is not None:
            yield place.finding(Kind.BODY_ADDED, ADDITIVE)
        elif old.error is not None:
            yield place.finding(Kind.BODY_REMOVED, BREAKING)
        client = Place(new.name, Part.CLIENT)
        yield from compare_upserts(client, old.upsert, new.upsert)
        yield from compare_property_queries(client, old.property_query, new.property_query)
        policies = self._old.api.policies[old.policy], self._new.api.policies[new.policy]
        yield from compare_policies(client, *policies)

    def _paths(self, place: Place, old: Operation, new: Operation) -> Iterator[Finding]:
        if old.path == new.path:
            return  # Of a version that has not changed, even if one of these is called like it.
        before, after = shape(old.path, self._old.label), shape(new.path, self._new.label)
        if PATH_ARGUMENT.sub("{}", before) != PATH_ARGUMENT.sub("{}", after):
            # Where a constant became an argument, the old path still is one of the new ones.
            wire = ADDITIVE if _is_one_of(before, after) else BREAKING
            yield place.finding(Kind.PATH_CHANGED, NONE, wire, before=before, after=after)

    def _parameters(self, old: Operation, new: Operation) -> Iterator[Finding]:
        before, after = _by_place(old), _by_place(new)
        gone = {key: one for key, one in before.items() if key not in after}
        for key, parameter in after.items():
            place = _place(new, parameter.wire_name)
            earlier = before.get(key)
            if earlier is None:
                moved = next((other for other in gone if other[1] == key[1]), None)
                earlier = gone.pop(moved) if moved is not None else None
            if earlier is None:
                yield self._added_parameter(place, parameter)
                continue
            locations = earlier.location, parameter.location
            yield from place.changed(Kind.PARAMETER_MOVED, *locations, NONE, BREAKING)
            yield from self._parameter(place, earlier, parameter)
        yield from self._constants(old, new)
        for parameter in gone.values():
            # What an argument of the path means on the wire, the change of the path says.
            wire = NONE if parameter.location == "path" else BREAKING
            yield _place(new, parameter.wire_name).finding(
                Kind.PARAMETER_REMOVED, BREAKING, wire, before=parameter.location
            )

    def _constants(self, old: Operation, new: Operation) -> Iterator[Finding]:
        """Yield what differs in the query and the headers of every call; a body's are those of its fields."""
        before, after = (
            {
                (one.location, one.wire_name): value_text(one.value)
                for one in operation.constants
                if one.location != "field"
            }
            for operation in (old, new)
        )
        for key in dict.fromkeys((*before, *after)):
            place = _place(new, key[1])
            found = before.get(key), after.get(key)
            yield from place.changed(Kind.CONSTANT_CHANGED, *found, NONE, BREAKING)

    def _added_parameter(self, place: Place, parameter: Parameter) -> Finding:
        impact = BREAKING if parameter.required else ADDITIVE
        wire = NONE if parameter.location == "path" else impact
        need = "required" if parameter.required else "optional"
        kind = notation(parameter.type, self._new.api.models).raw
        told = f"{kind}, {need}, {parameter.location}"
        return place.finding(Kind.PARAMETER_ADDED, impact, wire, after=told)

    def _parameter(self, place: Place, old: Parameter, new: Parameter) -> Iterator[Finding]:
        yield from place.changed(Kind.PYTHON_NAME_CHANGED, old.name, new.name, BREAKING, NONE)
        yield from place.required(old.required, new.required)
        yield from place.deprecated(
            old.deprecated,
            new.deprecated,
            (Kind.PARAMETER_UNDEPRECATED, Kind.PARAMETER_DEPRECATED),
        )
        if old.explode != new.explode and isinstance(new.type, ArrayType):
            yield place.finding(Kind.PARAMETER_LIST_STYLE_CHANGED, NONE, BREAKING)
        yield from self.types.compare(old.type, new.type, place)
        yield from compare_defaults(old.default, new.default, place)

    def _request(self, old: Operation, new: Operation) -> Iterator[Finding]:
        place = Place(new.name, Part.REQUEST)
        if old.body is None or new.body is None:
            before, after = (one.body.type if one.body is not None else None for one in (old, new))
            added = BREAKING if new.body is not None and new.body.required else ADDITIVE
            yield from self.types.compare_bodies(before, after, place, added)
            return
        yield from self._bodies(place, old.body, new.body)
        # Inside bodies names are compared with the bodies; what arguments are called may differ.
        names, fields = (
            {one.wire_name: one.name for one in operation.parameters if one.location == "field"}
            for operation in (old, new)
        )
        for wire_name, name in names.items():
            yield from _place(new, wire_name).changed(
                Kind.PYTHON_NAME_CHANGED, name, fields.get(wire_name, name), BREAKING, NONE
            )

    def _bodies(self, place: Place, old: Body, new: Body) -> Iterator[Finding]:
        yield from place.required(
            old.required, new.required, (Kind.BODY_OPTIONAL, Kind.BODY_REQUIRED)
        )
        types = old.media_type, new.media_type
        yield from place.changed(Kind.MEDIA_TYPE_CHANGED, *types, NONE, BREAKING)
        ways = {True: "an argument for each field", False: "one argument"}
        passed = ways[old.by_fields], ways[new.by_fields]
        yield from place.changed(Kind.BODY_ARGUMENTS_CHANGED, *passed, BREAKING, NONE)
        yield from self.types.compare(old.type, new.type, place)

    def _responses(self, old: Operation, new: Operation) -> Iterator[Finding]:
        accepted = old.accept or JSON, new.accept or JSON
        place = Place(new.name, Part.RESPONSE)
        yield from place.changed(Kind.ACCEPT_CHANGED, *accepted, NONE, BREAKING)
        before, after = (
            {
                response.status: (response.type, notation(response.type, side.api.models))
                for response in operation.responses
            }
            for operation, side in ((old, self._old), (new, self._new))
        )
        returned, returns = ({name for _, name in one.values()} for one in (before, after))
        for status, (_, name) in before.items():
            if status not in after:
                # The client decodes every success; one that is not declared, as the first that is.
                caller = NONE if name in returns else BREAKING
                place = Place(new.name, Part.RESPONSE, SpecText(status))
                yield place.finding(Kind.RESPONSE_REMOVED, caller, BREAKING, before=name)
        for status, (kind, name) in after.items():
            if status in before:
                place = Place(new.name, Part.RESPONSE, statuses=(status,))
                yield from self.types.compare_bodies(before[status][0], kind, place)
            else:
                caller = ADDITIVE if name in returned else BREAKING
                place = Place(new.name, Part.RESPONSE, SpecText(status))
                yield place.finding(Kind.RESPONSE_ADDED, caller, ADDITIVE, after=name)


def compare_bulk_methods(
    place: Place, old: BulkMethods | None, new: BulkMethods | None
) -> Iterator[Finding]:
    """Yield what differs between the methods that send any number of records with an operation.

    Args:
        place: The place of the operation.
        old: The methods before, if there were any.
        new: The methods after.
    """
    if old is None or new is None:
        why = "the operation has no x-upsert" if new is None else None
        kind, impact = (
            (Kind.BULK_METHOD_REMOVED, BREAKING)
            if new is None
            else (Kind.BULK_METHOD_ADDED, ADDITIVE)
        )
        for name in _names(old or new):
            yield place.finding(kind, impact, NONE, subject=name, after=why)
        return
    parameters = ", ".join(old.parameters), ", ".join(new.parameters)
    optional = {one.name for one in new.arguments if not one.required}
    kept, added = set(old.parameters), set(new.parameters) - set(old.parameters)
    impact = ADDITIVE if kept <= set(new.parameters) and added <= optional else BREAKING
    for before, after in zip(_names(old), _names(new), strict=True):
        yield from place.changed(Kind.BULK_METHOD_RENAMED, before, after, BREAKING, NONE)
        kind = Kind.BULK_PARAMETERS_CHANGED
        yield from place.changed(kind, *parameters, impact, NONE, subject=after)


def _names(methods: BulkMethods | None) -> tuple[str, ...]:
    return (methods.name, methods.iter_name) if methods is not None else ()


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


def _place(operation: Operation, parameter: SpecText) -> Place:
    return Place(operation.name, Part.PARAMETERS, parameter)


def _security(place: Place, old: Operation, new: Operation) -> Iterator[Finding]:
    sends = _sent(new)
    for scheme, one in _sent(old).items():
        other = sends.get(scheme, one)
        # The emitted client sends it by itself; but a password is no token.
        caller = BREAKING if one.is_basic != other.is_basic else NONE
        ways = _way(one), _way(other)
        yield from place.changed(Kind.SECURITY_CHANGED, *ways, caller, BREAKING, subject=scheme)
    before = {frozenset(_demands(one)) for one in old.security} or {frozenset[str]()}
    after = {frozenset(_demands(one)) for one in new.security} or {frozenset[str]()}
    if before == after:
        return
    opens = all(any(demand <= met for demand in after) for met in before)
    told = _alternatives(before), _alternatives(after)
    yield from place.changed(Kind.SECURITY_CHANGED, *told, ADDITIVE if opens else BREAKING)


def _sent(operation: Operation) -> dict[SpecText, Credential]:
    """Return what clients send with an operation, by the scheme that it meets."""
    return {one.scheme: one for needed in operation.credentials or () for one in needed}


def _way(credential: Credential) -> SpecText:
    """Return where something is sent, and how."""
    way = f"{credential.location} {credential.parameter.raw}"
    if credential.is_basic:
        return SpecText(f"{way}: user name and password")
    return SpecText(way if credential.prefix is None else f"{way}: {credential.prefix.raw}")


def _demands(requirement: tuple[tuple[SpecText, tuple[SpecText, ...]], ...]) -> Iterator[str]:
    """Yield what a requirement asks for: schemes, and scopes of them."""
    for scheme, scopes in requirement:
        yield scheme.raw
        for scope in scopes:
            yield f"{scheme.raw}: {scope.raw}"


def _alternatives(alternatives: set[frozenset[str]]) -> SpecText:
    shown: list[str] = []
    for demands in alternatives:
        # A scope names its scheme.
        named = {one.partition(": ")[0] for one in demands if ": " in one}
        shown.append(" and ".join(sorted(demands - named)))
    return SpecText(" or ".join(sorted(one or "nothing" for one in shown)))


def _is_one_of(path: str, shape: str) -> bool:
    """Return whether a path is what a shape gives when its arguments are filled in.

    What comes first leaves most to the rest, so no other place of a text between two arguments is tried.

    Example:
        >>> _is_one_of("/v1/contacts-7/x", "/v1/{kind}-{id}/x"), _is_one_of("/v1/a/b", "/v1/{kind}")
        (True, False)
    """
    first, *others = map(re.escape, PATH_ARGUMENT.split(shape)[::2])
    between = "".join(f"(?>[^/]*?{text})" for text in others[:-1])
    last = f"[^/]*{others[-1]}" if others else ""
    return re.fullmatch(f"{first}{between}{last}", path) is not None

"""The example that the README of the distribution shows: a request of one object type.

Its body is that of the spec, or is made from the schema where the spec has none.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any

from upsertgen.emit.bulk_methods import BulkMethods
from upsertgen.emit.catalogue import ListingMethod, listing_method
from upsertgen.emit.encode import identifier, raw, string_literal, value_literal
from upsertgen.emit.made_values import KEY_PROPERTY, NoValue, ValueMaker
from upsertgen.emit.sandbox import can_stand_in
from upsertgen.errors import InvalidInput, Location, Note, Problem, did_you_mean, quoted
from upsertgen.ir.body_search import steps_of
from upsertgen.ir.tree import (
    Api,
    ObjectValue,
    Operation,
    Parameter,
    ReferenceType,
    Resource,
    Type,
    Value,
    Version,
)
from upsertgen.ir.vocabulary import Roles
from upsertgen.spec_text import SpecText

_WIDTH = 80
BulkNames = Callable[[Version, Resource], Mapping[str, BulkMethods]]
"""Given an object type of a version: its bulk methods, by the operation that they send."""


@dataclass(frozen=True)
class BulkExample:
    """The same records, sent in bulk.

    Attributes:
        records: The lines of the list of records, not indented.
        columns: The names of what the first of them holds, its key first.
        values: What it holds there, as text.
        key: Its key.
        mapping: What makes a column the one of the key, on a command line.
        id_property: The property that finds them; nothing if they are not found by a property.
        arguments: The other arguments of the call, each ready to follow another.
        words: The same for the command line, as `name=value`.
        besides: The names of all arguments that are no part of the path, and whether they have to be given.
        is_made: Whether no property is known that finds records, and the one that is shown is made up.
    """

    records: tuple[str, ...]
    columns: tuple[SpecText, ...]
    values: tuple[SpecText, ...]
    key: SpecText | str
    mapping: SpecText
    id_property: SpecText | None
    arguments: tuple[str, ...]
    words: tuple[SpecText, ...]
    besides: tuple[tuple[str, bool], ...]
    is_made: bool


@dataclass(frozen=True)
class ReadmeExample:
    """What the README shows.

    Attributes:
        version: The version that it imports; the newest that has the object type.
        resource: The object type.
        operation: The method that it calls.
        arguments: The lines of the call's arguments, not indented.
        returns: Whether it returns something.
        in_sandbox: Whether the sandbox can do it.
        results: The Python name of the response's field that holds what was written, if there is one.
        errors: The Python name of the response's field that holds what failed, if there is one.
        bulk: The same in bulk, if the operation is an upsert.
        replays: Whether records are sent again of which an answer does not tell what became.
        is_single: Whether a request holds but one record.
        listing: The method of the version that lists an account's properties, if there is one.
    """

    version: Version
    resource: Resource
    operation: Operation
    arguments: tuple[str, ...]
    returns: bool
    in_sandbox: bool
    results: str | None
    errors: str | None
    bulk: BulkExample | None
    replays: bool
    is_single: bool
    listing: ListingMethod | None


@dataclass(frozen=True)
class Knows:
    """What else the README says only where it is so.

    Attributes:
        errors: The exceptions that statuses become, of all operations.
        expires: Whether the API says that a token has expired.
        scopes: Whether it names scopes.
        several_policies: Whether operations differ in what statuses mean.
        profiles: Whether the sandbox knows other kinds of accounts or apps.
        records: Whether it reads, lists, searches or archives records.
        jobs: Whether jobs write records.
    """

    errors: frozenset[str]
    expires: bool
    scopes: bool
    several_policies: bool
    profiles: bool
    records: bool
    jobs: bool


def facts_of_readme(api: Api) -> Knows:
    """Return what the README says of an API only where it is so."""
    rules = [rule for policy in api.policies for rule in policy.rules]
    resources = (one for version in api.versions for one in version.resources)
    operations = [operation for one in resources for operation in one.operations]
    behaviours = [one.sandbox.fields for one in operations if one.sandbox is not None]
    words = {name for fields in behaviours for name, _ in fields}
    return Knows(
        errors=frozenset(str(rule.error) for rule in rules),
        expires=any(rule.expired_token for rule in rules),
        scopes=any(one.scopes for one in operations),
        several_policies=len(api.policies) > 1,
        profiles=SpecText("profiles") in words,
        records=SpecText("records") in words,
        jobs=any(one.upsert is not None and one.upsert.job is not None for one in operations),
    )


def readme_example(api: Api, object_type: str | None, bulk: BulkNames) -> ReadmeExample | None:
    """Return the example of an object type, or of the one that suits best.

    That is one whose spec has an example, and among these one that upserts, of the newest version.

    Args:
        api: What is emitted.
        object_type: The object type that the settings name, if they do.
        bulk: The bulk methods of an object type, by the name of the operation that they send.

    Raises:
        InvalidInput: The object type that the settings name does not exist, or nothing can be shown of it.
    """
    order = count()
    found: list[tuple[bool, bool, int, Shown]] = []
    for version in reversed(api.versions):
        for resource in version.resources:
            if object_type is None or resource.name == object_type:
                for operation in resource.operations:
                    given = example_arguments(api, operation)
                    if given is not None:
                        rank = (operation.example is None, operation.upsert is None, next(order))
                        found.append((*rank, Shown(version, resource, operation, given)))
    if found:
        return example_of(api, min(found, key=lambda one: one[:3])[3], bulk)
    if object_type is None:
        return None
    names = sorted({one.name for version in api.versions for one in version.resources})
    known = object_type in names
    raise InvalidInput(
        [
            Problem(
                Location("pyproject.toml"),
                f"there is no example for the object type {quoted(object_type)}",
                (
                    "an object type whose operations have values that can be made from their schemas"
                    if known
                    else "an object type of the specs"
                ),
                (
                    "add an example to its request body, in its spec or an overlay"
                    if known
                    else did_you_mean(object_type, names, "correct 'example' in [tool.upsertgen]")
                ),
            )
        ]
    )


def without_example(api: Api) -> Iterator[Note]:
    """Yield that the README shows nothing, where there are operations and none of them can be shown."""
    operations = [
        one for version in api.versions for r in version.resources for one in r.operations
    ]
    if operations and all(example_arguments(api, one) is None for one in operations):
        path, line, column = operations[0].location.rsplit(":", 2)
        yield Note(
            Location(path, int(line), int(column)),
            "README.md shows no use of the client: no operation has an example, and from the schemas no "
            "values could be made; add an example to a request body, here or in an overlay",
        )


@dataclass(frozen=True)
class Shown:
    """An operation that may be shown.

    Attributes:
        version: Its version.
        resource: Its object type.
        operation: The operation.
        arguments: Its arguments: their Python names, and their values.
    """

    version: Version
    resource: Resource
    operation: Operation
    arguments: tuple[tuple[Parameter, Value], ...]


def example_arguments(api: Api, operation: Operation) -> tuple[tuple[Parameter, Value], ...] | None:
    """Return the arguments of a call as the spec gives them, or made; nothing if they cannot be made."""
    maker = ValueMaker(api.models)
    body = operation.example
    given = dict(body.fields) if body is not None else {}
    found: list[tuple[Parameter, Value]] = []
    upsert = operation.upsert
    way = steps_of(upsert.inputs) if upsert is not None else []
    try:
        for one in operation.parameters:
            if one.location == "body" and body is not None:
                found.append((one, body))
            elif one.location == "field" and one.wire_name in given:
                found.append((one, given[one.wire_name]))
            elif upsert is not None and one.location == "body":
                held = maker.holding_record(one.type, way, upsert, operation.keys)
                found.append((one, held))
            elif upsert is not None and one.location == "field" and [one.wire_name.raw] == way[:1]:
                held = maker.holding_record(one.type, way[1:], upsert, operation.keys)
                found.append((one, held))
            elif one.required:
                found.append((one, maker.value(one.type)))
    except NoValue:
        return None
    if body is None or operation.body is None or not operation.body.by_fields:
        return tuple(found)
    # In the order of the example.
    order = {name: index for index, name in enumerate(given)}
    return tuple(sorted(found, key=lambda pair: order.get(pair[0].wire_name, -1)))


def example_of(api: Api, shown: Shown, bulk: BulkNames) -> ReadmeExample:
    """Return what there is to say of an operation that may be shown.

    Args:
        api: What is emitted.
        shown: The operation, with the arguments of a call.
        bulk: As of `readme_example`.
    """
    operation, upsert = shown.operation, shown.operation.upsert
    lines: list[str] = []
    for parameter, value in shown.arguments:
        if upsert is not None and parameter.wire_name == upsert.inputs and isinstance(value, tuple):
            value = value[:1]  # It says all that a call needs.
        lines += _lines(f"{parameter.name}=", value)
    answer = operation.responses[0].type
    methods = bulk(shown.version, shown.resource)
    # The texts are about the method `upsert` alone.
    called = methods.get(operation.name)
    given = _given(api, shown, called) if called and called.name == "upsert" else None
    return ReadmeExample(
        version=shown.version,
        resource=shown.resource,
        operation=operation,
        arguments=tuple(lines),
        returns=any(one.type is not None for one in operation.responses),
        in_sandbox=can_stand_in(operation),
        results=_field_name(api, answer, upsert.results if upsert else None),
        errors=_field_name(api, answer, upsert.errors if upsert else None),
        replays=api.policies[operation.policy].retry_transport and not (upsert and upsert.job),
        is_single=called is not None and called.request.maximum == 1,
        bulk=(
            _bulk_example(shown, upsert, called, given)
            if upsert and called and given is not None
            else None
        ),
        listing=listing_method(shown.version),
    )


def request_body(shown: Shown) -> Value:
    """Return the body of the request that is shown, without constants."""
    fields = tuple(
        (one.wire_name, value) for one, value in shown.arguments if one.location == "field"
    )
    whole = next((value for one, value in shown.arguments if one.location == "body"), None)
    return ObjectValue(fields) if fields else whole


def _given(
    api: Api, shown: Shown, called: BulkMethods
) -> tuple[tuple[Parameter, Value], ...] | None:
    """Return what is the same for all records in what is shown; nothing if it cannot be made."""
    maker, body = ValueMaker(api.models), request_body(shown)
    values = {(one.location, one.wire_name): value for one, value in shown.arguments}
    found: list[tuple[Parameter, Value]] = []
    for one in called.arguments:
        value = values.get((one.location, one.wire_name))
        if value is None and one.location == "field":
            value = _at(body, steps_of(one.wire_name))
        try:
            if value is None and one.required:
                value = maker.value(one.type)
        except NoValue:
            return None
        if value is not None:
            found.append((one, value))
    return tuple(found)


def _at(value: Value, way: Iterable[str]) -> Value:
    """Return what stands at the end of a way; nothing if it ends before."""
    for step in way:
        fields = dict(value.fields) if isinstance(value, ObjectValue) else {}
        value = fields.get(SpecText(step))
    return value


def _bulk_example(
    shown: Shown,
    upsert: Roles,
    called: BulkMethods,
    arguments: tuple[tuple[Parameter, Value], ...],
) -> BulkExample | None:
    inputs = _at(request_body(shown), steps_of(upsert.inputs))
    inputs = inputs if isinstance(inputs, tuple) else (inputs,)
    given = [dict(one.fields) for one in inputs if isinstance(one, ObjectValue)]
    if not given:
        return None
    # A key that only the path has is a field of the records all the same.
    of_path = [
        (upsert.key, value)
        for one, value in shown.arguments
        if one.location == "path" and one.wire_name == upsert.key_parameter
    ]
    given = [dict(of_path) | one for one in given]
    found = _at(ObjectValue(tuple(given[0].items())), steps_of(upsert.key))
    if found is None:
        return None
    id_property: SpecText | None = None
    named_key = upsert.key
    records = [tuple(one.items()) for one in given]
    if upsert.key_property is not None and upsert.properties is not None:
        named = given[0].get(upsert.key_property)
        if not isinstance(named, SpecText):
            return None
        id_property = named
        records = [
            ((named, one[upsert.key]), *_properties(one, upsert.properties)) for one in given
        ]
    elif upsert.properties is not None:
        held = f"{upsert.properties.raw}."
        # Callers give the fields of that object, with what stands beside it.
        records = [_properties(one, upsert.properties) for one in given]
        named_key = SpecText(upsert.key.raw.removeprefix(held))
    named_key = id_property or named_key
    first: dict[SpecText, Value] = {named_key: found, **dict(records[0])}
    names = dict.fromkeys((named_key, *(name for name, _ in records[0])))
    return BulkExample(
        records=tuple(line for one in records for line in _lines("", ObjectValue(one))),
        columns=tuple(names),
        values=tuple(SpecText(_word(first.get(name))) for name in names),
        key=found if isinstance(found, SpecText) else str(found),
        mapping=SpecText(f"My key={raw(named_key)}"),
        id_property=id_property,
        arguments=tuple(f", {one.name}={value_literal(value)}" for one, value in arguments),
        words=tuple(SpecText(f"{one.name}={_word(value)}") for one, value in arguments),
        besides=tuple(
            (identifier(one.name), one.required)
            for one in called.arguments
            if one.location != "path"
        ),
        is_made=id_property == KEY_PROPERTY,
    )


def _word(value: Value) -> str:
    """Return an argument as a command line takes it."""
    return raw(value) if isinstance(value, SpecText) else json.dumps(plain(value))


def plain(value: Value) -> Any:
    """Return a value of a spec as JSON data, to be encoded."""
    match value:
        case SpecText():
            return raw(value)
        case tuple():
            return [plain(one) for one in value]
        case ObjectValue(fields):
            return {raw(name): plain(one) for name, one in fields}
        case _:
            return value


def _properties(
    one: Mapping[SpecText, Value], properties: SpecText
) -> tuple[tuple[SpecText, Value], ...]:
    held = one.get(properties)
    return held.fields if isinstance(held, ObjectValue) else ()


def _lines(prefix: str, value: Value) -> list[str]:
    """Return an argument, or an item of one, as lines: what is too long for one is broken up."""
    line = f"{prefix}{value_literal(value)},"
    if len(line) <= _WIDTH or not isinstance(value, (tuple, ObjectValue)):
        return [line]
    if isinstance(value, tuple):
        inner = [text for item in value for text in _lines("", item)]
        return [f"{prefix}[", *(f"    {text}" for text in inner), "],"]
    inner = [
        text for key, item in value.fields for text in _lines(f"{string_literal(key)}: ", item)
    ]
    return [f"{prefix}{{", *(f"    {text}" for text in inner), "},"]


def _field_name(api: Api, kind: Type | None, wire_name: SpecText | None) -> str | None:
    if not isinstance(kind, ReferenceType):
        return None
    return next(
        (field.name for field in api.models[kind.body].fields if field.wire_name == wire_name), None
    )

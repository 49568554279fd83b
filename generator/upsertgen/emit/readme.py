"""The example that the README of the distribution shows: a request of one object type, from its spec."""

from __future__ import annotations

from dataclasses import dataclass

from upsertgen.emit.encode import string_literal, value_literal
from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.ir.tree import (
    Api,
    ObjectValue,
    Operation,
    ReferenceType,
    Resource,
    Type,
    Upsert,
    Value,
    Version,
)
from upsertgen.spec_text import SpecText

_WIDTH = 80


@dataclass(frozen=True)
class BulkExample:
    """The same records, sent in bulk.

    Attributes:
        records: The lines of the list of records, not indented.
        id_property: The property that finds them; nothing if they are not found by a property.
    """

    records: tuple[str, ...]
    id_property: SpecText | None


@dataclass(frozen=True)
class ReadmeExample:
    """What the README shows.

    Attributes:
        version: The version that it imports; the newest that has the object type.
        resource: The object type.
        operation: The method that it calls.
        arguments: The lines of the call's arguments, not indented.
        results: The Python name of the response's field that holds what was written, if there is one.
        errors: The Python name of the response's field that holds what failed, if there is one.
        bulk: The same in bulk, if the operation is an upsert.
    """

    version: Version
    resource: Resource
    operation: Operation
    arguments: tuple[str, ...]
    results: str | None
    errors: str | None
    bulk: BulkExample | None


def readme_example(api: Api, object_type: str | None) -> ReadmeExample | None:
    """Return the example of an object type, or of the first that has one.

    Raises:
        InvalidInput: The object type that the settings name does not exist, or has no example.
    """
    for version in reversed(api.versions):
        for resource in version.resources:
            if object_type is not None and resource.name != object_type:
                continue
            for operation in resource.operations:
                if _is_shown(operation):
                    return _example(api, version, resource, operation)
    if object_type is None:
        return None
    raise InvalidInput(
        [
            Problem(
                Location("pyproject.toml"),
                f"there is no example for the object type {quoted(object_type)}",
                "an object type whose request body has an example, and that needs no other arguments",
                "correct 'example' in [tool.upsertgen], or add an example to its spec or an overlay",
            )
        ]
    )


def _is_shown(operation: Operation) -> bool:
    given = {name for name, _ in operation.example.fields} if operation.example else set()
    by_fields = operation.body is not None and operation.body.by_fields
    needed = {one.wire_name for one in operation.parameters if one.required}
    return by_fields and needed <= given


def _example(api: Api, version: Version, resource: Resource, operation: Operation) -> ReadmeExample:
    names = {one.wire_name: one.name for one in operation.parameters}
    fields = operation.example.fields if operation.example else ()
    lines = [line for key, value in fields for line in _lines(f"{names[key]}=", value)]
    upsert = operation.upsert
    answer = operation.responses[0].type
    return ReadmeExample(
        version=version,
        resource=resource,
        operation=operation,
        arguments=tuple(lines),
        results=_field_name(api, answer, upsert.results if upsert else None),
        errors=_field_name(api, answer, upsert.errors if upsert else None),
        bulk=_bulk_example(upsert, fields) if upsert else None,
    )


def _bulk_example(upsert: Upsert, fields: tuple[tuple[SpecText, Value], ...]) -> BulkExample | None:
    inputs = dict(fields).get(upsert.inputs)
    if not isinstance(inputs, tuple) or not inputs:
        return None
    given = [dict(one.fields) for one in inputs if isinstance(one, ObjectValue)]
    if upsert.key_property is None or upsert.properties is None:
        records = [ObjectValue(tuple(one.items())) for one in given]
        return BulkExample(tuple(line for one in records for line in _lines("", one)), None)
    id_property = given[0].get(upsert.key_property) if given else None
    if not isinstance(id_property, SpecText):
        return None
    records = []
    for one in given:
        properties = one.get(upsert.properties)
        values = properties.fields if isinstance(properties, ObjectValue) else ()
        records.append(ObjectValue(((id_property, one[upsert.key]), *values)))
    return BulkExample(tuple(line for one in records for line in _lines("", one)), id_property)


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

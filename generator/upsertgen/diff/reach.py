"""Which classes belong to which object types."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeAlias

from upsertgen.ir.tree import (
    Api,
    ArrayType,
    MapType,
    NullableType,
    Operation,
    ReferenceType,
    Type,
    UnionType,
    Version,
)

Users: TypeAlias = tuple[str, frozenset[str]]
"""The key of a model, and the object types that use it."""


def models_by_name(api: Api, version: Version) -> Mapping[str, Users]:
    """Return the classes that a version's `models` exports, each with the object types that use it."""
    users: dict[str, set[str]] = defaultdict(set)
    for resource in version.resources:
        reached: set[str] = set()
        for operation in resource.operations:
            for kind in _types(operation):
                _reach(kind, api, reached)
        for key in reached:
            users[key].add(resource.name)
    return {
        exported.name: (exported.model, frozenset(users[exported.model]))
        for exported in version.models
    }


def _types(operation: Operation) -> Iterator[Type]:
    for parameter in operation.parameters:
        yield parameter.type
    for response in operation.responses:
        if response.type is not None:
            yield response.type
    if operation.body is not None:
        yield operation.body.type
    if operation.error is not None:
        yield operation.error


def _reach(kind: Type, api: Api, reached: set[str]) -> None:
    match kind:
        case ReferenceType(key):
            if key in reached:
                return
            reached.add(key)
            model = api.models[key]
            for field in model.fields:
                _reach(field.type, api, reached)
            if model.additional is not None:
                _reach(model.additional, api, reached)
        case ArrayType(inner) | MapType(inner) | NullableType(inner):
            _reach(inner, api, reached)
        case UnionType(alternatives):
            for one in alternatives:
                _reach(one, api, reached)
        case _:
            pass

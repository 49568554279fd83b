"""What a request of an upsert looks like: where it holds records, how many, and what it takes besides.

In come an operation with `x-upsert` and the bodies of the tree; out comes its `RequestShape`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from upsertgen.ir.body_search import WHOLE, steps_of
from upsertgen.ir.constants import constant, constants
from upsertgen.ir.names import RESERVED_PARAMETERS, free_name
from upsertgen.ir.tree import (
    ArrayType,
    Field,
    Form,
    MapType,
    Model,
    NullableType,
    ObjectValue,
    Operation,
    Parameter,
    ReferenceType,
    RequestShape,
    Type,
    UnionType,
    Value,
)
from upsertgen.spec_text import SpecText
from upsertgen.specs.openapi import JSON


def request_shape(operation: Operation, models: Mapping[str, Model]) -> RequestShape | None:
    """Return what the requests of an upsert look like, or nothing if it holds no records.

    Args:
        operation: The operation.
        models: Every body, by its key.
    """
    body, upsert = operation.body, operation.upsert
    if body is None or upsert is None:
        return None
    way = steps_of(upsert.inputs)
    found = _end(body.type, way, models)
    if found is None:
        return None
    kind, beside = found
    is_list = isinstance(kind, ArrayType)
    limit = dict(kind.constraints).get("maxItems") if isinstance(kind, ArrayType) else 1
    record = _plain(kind.items) if isinstance(kind, ArrayType) else kind
    if not _is_object(record):
        return None
    is_whole = upsert.inputs.raw == WHOLE
    return RequestShape(
        form=Form.LINES if body.lines else Form.LIST if is_list else Form.ONE,
        record=record,
        maximum=limit if isinstance(limit, int) else None,
        constants=(
            ObjectValue(())
            if is_whole
            else _without(constants(body.type, models, [upsert.inputs]), way)
        ),
        arguments=_arguments(operation, beside, models),
        media_type=body.media_type if body.media_type.raw != JSON else None,
        key_is_sent=upsert.key_parameter is None or _holds(record, upsert.key, models),
    )


def _end(
    kind: Type, way: list[str], models: Mapping[str, Model]
) -> tuple[Type, list[tuple[str, Field]]] | None:
    """Return what a way leads to, and the fields beside it with the ways to their owners."""
    beside: list[tuple[str, Field]] = []
    place = ""
    kind = _plain(kind)
    for step in way:
        if not isinstance(kind, ReferenceType):
            return None
        fields = models[kind.body].fields
        beside += [(place, one) for one in fields if one.wire_name.raw != step]
        kinds = [one.type for one in fields if one.wire_name.raw == step]
        if not kinds:
            return None
        kind, place = _plain(kinds[0]), f"{place}{step}."
    return kind, beside


def _arguments(
    operation: Operation,
    beside: list[tuple[str, Field]],
    models: Mapping[str, Model],
) -> tuple[Parameter, ...]:
    taken: set[str] = set(RESERVED_PARAMETERS)
    key = operation.upsert.key_parameter if operation.upsert is not None else None
    known = {one.wire_name: one.name for one in operation.parameters if one.location == "field"}
    found = [
        one
        for location in ("path", "query", "header")
        for one in operation.parameters
        if one.location == location and (location != "path" or one.wire_name != key)
    ]
    found += [
        Parameter(
            wire_name=SpecText(f"{place}{field.wire_name.raw}"),
            name=field.name if place else known.get(field.wire_name, field.name),
            location="field",
            explode=False,
            type=field.type,
            # What has a default need not be given.
            required=field.required and field.default is None,
            default=field.default,
            description=field.description,
            deprecated=field.deprecated,
        )
        for place, field in beside
        if _is_step(field) and not (field.required and is_constant(field.type, models))
    ]
    named = [replace(one, name=free_name(one.name, one.location, taken)) for one in found]
    return tuple(sorted(named, key=lambda one: not one.required))


def is_constant(kind: Type, models: Mapping[str, Model], within: tuple[str, ...] = ()) -> bool:
    """Return whether a type has but one value: a scalar, or an object of nothing but such.

    Args:
        kind: The type.
        models: Every body, by its key.
        within: The bodies that it stands in.
    """
    if isinstance(kind, ReferenceType) and kind.body not in within:
        model = models[kind.body]
        return (
            bool(model.fields)
            and model.additional is None
            and all(
                one.required and is_constant(one.type, models, (*within, kind.body))
                for one in model.fields
            )
        )
    return constant(kind) is not None


def unfit_fields(
    operation: Operation, models: Mapping[str, Model]
) -> Iterator[tuple[SpecText, bool]]:
    """Yield the fields beside records that are no arguments, as ways take their names apart.

    Args:
        operation: The operation.
        models: Every body, by its key.

    Yields:
        The name of each, and whether it is required.
    """
    body, upsert = operation.body, operation.upsert
    if body is not None and upsert is not None:
        _, beside = _end(body.type, steps_of(upsert.inputs), models) or (None, [])
        yield from ((one.wire_name, one.required) for _, one in beside if not _is_step(one))


def _is_step(field: Field) -> bool:
    return not set(field.wire_name.raw) & {".", "$"}


def _holds(record: Type, way: SpecText, models: Mapping[str, Model]) -> bool:
    """Return whether a record may hold what a way leads to."""
    steps = steps_of(way)
    for step in steps:
        if not isinstance(record, ReferenceType):
            return True
        model = models[record.body]
        kinds = [one.type for one in model.fields if one.wire_name.raw == step]
        if not kinds:
            return model.additional is not None
        record = _plain(kinds[0])
    return True


def _without(value: ObjectValue, way: list[str]) -> ObjectValue:
    """Return the same without what a way leads to, and without objects that hold nothing else."""
    step, *below = way
    fields = ((name, _below(one, below) if name.raw == step else one) for name, one in value.fields)
    nothing = ObjectValue(())
    kept = ((name, one) for name, one in fields if below or name.raw != step)
    return ObjectValue(tuple((name, one) for name, one in kept if one != nothing))


def _below(value: Value, way: list[str]) -> Value:
    return _without(value, way) if way and isinstance(value, ObjectValue) else value


def _plain(kind: Type) -> Type:
    return kind.inner if isinstance(kind, NullableType) else kind


def _is_object(kind: Type) -> bool:
    if isinstance(kind, UnionType):
        return all(map(_is_object, kind.alternatives))
    return isinstance(kind, (ReferenceType, MapType))

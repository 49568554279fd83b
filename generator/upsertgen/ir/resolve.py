"""Operations of the finished tree: distinct bodies in place, and arguments named."""

from __future__ import annotations

from dataclasses import replace

from upsertgen.ir.bodies import Bodies
from upsertgen.ir.constants import constant
from upsertgen.ir.names import RESERVED_PARAMETERS, distinct_names, free_name
from upsertgen.ir.tree import (
    Body,
    Constant,
    Field,
    Operation,
    Parameter,
    ReferenceType,
)
from upsertgen.ir.upsert_requests import request_shape
from upsertgen.spec_text import SpecText


def resolve(operation: Operation, bodies: Bodies) -> Operation:
    """Return an operation with its types leading to models and its arguments named.

    Args:
        operation: The operation as its document describes it.
        bodies: The distinct bodies.
    """
    operation = bodies.resolve(operation)
    body = operation.body
    if body is not None:
        by_fields = body.required and bool(bodies.fields(body.type)) and not _is_open(body, bodies)
        body = replace(body, by_fields=by_fields)
    location = "field" if body is not None and body.by_fields else "body"
    declared = _fields_of(body, bodies) if body is not None else ()
    constants, fields = _told_apart(declared, location)
    parameters = _parameters(operation.parameters, location, fields)
    constants = (*operation.constants, *constants)
    operation = replace(operation, body=body, parameters=parameters, constants=constants)
    return replace(operation, request=request_shape(operation, bodies.models))


def _told_apart(
    fields: tuple[Field, ...], location: str
) -> tuple[tuple[Constant, ...], tuple[Field, ...]]:
    """Return the fields that a body needs and that have but one value, as constants, and the others."""
    constants: list[Constant] = []
    others: list[Field] = []
    for field in fields:
        only = constant(field.type) if field.required else None
        if only is None:
            others.append(field)
        else:
            constants.append(Constant(field.wire_name, location, only))
    return tuple(constants), tuple(others)


def _is_open(body: Body, bodies: Bodies) -> bool:
    kind = body.type
    return isinstance(kind, ReferenceType) and bodies.models[kind.body].additional is not None


def _parameters(
    declared: tuple[Parameter, ...], of_fields: str, fields: tuple[Field, ...]
) -> tuple[Parameter, ...]:
    """Return the arguments of an operation, no two of one name, required ones first."""
    parameters: list[Parameter] = []
    taken: set[str] = set(RESERVED_PARAMETERS)
    for location in ("path", "query", "header"):
        here = [one for one in declared if one.location == location]
        names = distinct_names([one.wire_name.raw for one in here], frozenset(), "parameter")
        for one in here:
            name = free_name(names[one.wire_name.raw], location, taken)
            parameters.append(replace(one, name=name))
    parameters += [
        Parameter(
            wire_name=field.wire_name,
            name=free_name(field.name, "field", taken),
            location=of_fields,
            explode=False,
            type=field.type,
            required=field.required and not field.filled,
            default=field.default,
            description=field.description,
            sends_default=field.filled,
            deprecated=field.deprecated,
        )
        for field in fields
    ]
    return tuple(sorted(parameters, key=lambda one: not one.required))


def _fields_of(body: Body, bodies: Bodies) -> tuple[Field, ...]:
    """Return the fields of a body that are arguments, or the body as the only one."""
    if body.by_fields:
        return bodies.fields(body.type)
    whole = SpecText("body")
    return (Field(whole, "body", body.type, body.required, description=body.description),)

"""Operations of the finished tree: what one document said, with distinct bodies and names in place."""

from __future__ import annotations

from collections.abc import Iterable

from upsertgen.errors import Problems, quoted
from upsertgen.ir.bodies import Bodies
from upsertgen.ir.names import RESERVED_PARAMETERS, distinct_names
from upsertgen.ir.operations import RawOperation, RawParameter
from upsertgen.ir.tree import (
    ArrayType,
    Body,
    Field,
    MapType,
    NullableType,
    Operation,
    Parameter,
    ReferenceType,
    Response,
    Type,
    UnionType,
)
from upsertgen.spec_text import SpecText


def complete(raw: RawOperation, bodies: Bodies, policy: int, problems: Problems) -> Operation:
    """Return an operation with its types leading to models and its arguments named.

    Args:
        raw: The operation as its document describes it.
        bodies: The distinct bodies.
        policy: The index of its policy.
        problems: Where to note fields that `x-upsert` names and its bodies do not have.
    """
    body = _body(raw, bodies)
    responses = tuple(
        Response(
            one.status, bodies.resolve(one.type) if one.type is not None else None, one.description
        )
        for one in raw.responses
    )
    operation = Operation(
        name=raw.name,
        method=raw.method,
        path=raw.path,
        parameters=_parameters(raw, body, bodies),
        body=body,
        responses=responses,
        error=bodies.resolve(raw.error) if raw.error is not None else None,
        policy=policy,
        summary=raw.summary,
        description=raw.description,
        scopes=raw.scopes,
        security=raw.security,
        upsert=raw.upsert,
        example=raw.example,
        sandbox=raw.sandbox,
        location=str(raw.node.document.locate(raw.node.pointer, key=True)),
    )
    _check_upsert(raw, operation, bodies, problems)
    return operation


def _body(raw: RawOperation, bodies: Bodies) -> Body | None:
    if raw.body is None:
        return None
    kind = bodies.resolve(raw.body.type)
    fields: tuple[Field, ...] = ()
    if isinstance(kind, ReferenceType):
        fields = bodies.models[kind.body].fields
    by_fields = bool(fields) and raw.body.required and _additional(kind, bodies) is None
    return Body(
        kind, by_fields, _holds_null(kind, bodies, set()), raw.body.required, raw.body.media_type
    )


def _additional(kind: Type, bodies: Bodies) -> Type | None:
    return bodies.models[kind.body].additional if isinstance(kind, ReferenceType) else None


def _parameters(raw: RawOperation, body: Body | None, bodies: Bodies) -> tuple[Parameter, ...]:
    parameters: list[Parameter] = []
    taken: set[str] = set(RESERVED_PARAMETERS)
    for location in ("path", "query", "header"):
        declared = [one for one in raw.parameters if one.location == location]
        names = distinct_names([one.wire_name for one in declared], frozenset(), "parameter")
        for one in declared:
            name = _free(names[one.wire_name], location, taken)
            parameters.append(_parameter(one, name, bodies))
    if body is not None and body.by_fields and isinstance(body.type, ReferenceType):
        for field in bodies.models[body.type.body].fields:
            name = _free(field.name, "field", taken)
            parameters.append(
                Parameter(
                    field.wire_name,
                    name,
                    "field",
                    False,
                    field.type,
                    field.required,
                    field.default,
                    field.description,
                )
            )
    elif body is not None and raw.body is not None:
        name = _free("body", "field", taken)
        parameters.append(
            Parameter(
                SpecText("body"),
                name,
                "body",
                False,
                body.type,
                body.required,
                None,
                raw.body.description,
            )
        )
    return tuple(sorted(parameters, key=lambda one: not one.required))


def _parameter(raw: RawParameter, name: str, bodies: Bodies) -> Parameter:
    return Parameter(
        SpecText(raw.wire_name),
        name,
        raw.location,
        raw.explode,
        bodies.resolve(raw.type),
        raw.required,
        raw.default,
        raw.description,
    )


def _free(name: str, location: str, taken: set[str]) -> str:
    """Return `name`, with where it goes behind it when an argument of that name is there already."""
    while name in taken:
        name = f"{name.rstrip('_')}_{location}"
    taken.add(name)
    return name


def _holds_null(kind: Type, bodies: Bodies, seen: set[str]) -> bool:
    """Return whether a field of a body, at any depth, may be null and so must be sent when it is None."""
    match kind:
        case ReferenceType(key):
            if key in seen:
                return False
            seen.add(key)
            return any(
                isinstance(field.type, NullableType) or _holds_null(field.type, bodies, seen)
                for field in bodies.models[key].fields
            )
        case ArrayType(items):
            return _holds_null(items, bodies, seen)
        case MapType(values):
            return _holds_null(values, bodies, seen)
        case NullableType(inner):
            return _holds_null(inner, bodies, seen)
        case UnionType(alternatives):
            return any(_holds_null(one, bodies, seen) for one in alternatives)
        case _:
            return False


def _check_upsert(
    raw: RawOperation, operation: Operation, bodies: Bodies, problems: Problems
) -> None:
    """Note each field that `x-upsert` names and the bodies of the operation do not have."""
    upsert = operation.upsert
    if upsert is None or (raw.body is None and "requestBody" in raw.node.value):
        # A request body that cannot be read is a problem already.
        return
    request = operation.body.type if operation.body else None
    records = _items(request, upsert.inputs, bodies)
    answers = [response.type for response in operation.responses if response.type is not None]
    results = [_items(answer, upsert.results, bodies) for answer in answers]
    checks: list[tuple[str, SpecText | None, Iterable[Type | None], str]] = [
        ("inputs", upsert.inputs, [request], "the request body"),
        ("key", upsert.key, [records], "a record"),
        ("key-property", upsert.key_property, [records], "a record"),
        ("properties", upsert.properties, [records, *results], "a record and of a result"),
        ("trace-id", upsert.trace_id, [records], "a record"),
        ("results", upsert.results, answers, "each success response"),
        ("errors", upsert.errors, answers, "each success response"),
        ("created", upsert.created, results, "a result"),
        ("result-id", upsert.result_id, results, "a result"),
    ]
    for name, field, owners, called in checks:
        if field is not None and not all(_field(owner, field, bodies) for owner in owners):
            problems.add(
                raw.node.document.locate((*raw.node.pointer, "x-upsert", name)),
                f"{name} of x-upsert names {quoted(field.raw)}, which is no field of {called}",
                f"a field of {called}",
                "correct the name, or the schema in an overlay",
            )


def _field(owner: Type | None, name: SpecText, bodies: Bodies) -> Field | None:
    if not isinstance(owner, ReferenceType):
        return None
    return next(
        (field for field in bodies.models[owner.body].fields if field.wire_name == name), None
    )


def _items(owner: Type | None, name: SpecText, bodies: Bodies) -> Type | None:
    field = _field(owner, name, bodies)
    return field.type.items if field is not None and isinstance(field.type, ArrayType) else None

"""What a body needs and nobody has to give: constants, which can have but one value, and defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

from upsertgen.ir.tree import (
    Direction,
    EnumerationType,
    Field,
    Model,
    NullableType,
    ObjectValue,
    ReferenceType,
    Scalar,
    Type,
    UnionType,
    Value,
    inner_types,
)
from upsertgen.spec_text import SpecText


def constant(kind: Type) -> Scalar:
    """Return the only value of a type, or nothing where it has several; null is the only one of none."""
    match kind:
        case EnumerationType((only,), is_open=False):
            return only
        case _:
            return None


def constants(
    kind: Type | None, models: Mapping[str, Model], ways: Collection[SpecText] = ()
) -> ObjectValue:
    """Return the skeleton of a body: the constants and defaults that it needs, within what holds them.

    Lists and alternatives are not looked into: how many of the first there are, and which of the second,
    only a caller knows.

    Args:
        kind: The type of the body.
        models: Every body, by its key.
        ways: Ways through the body to what is there whether the spec requires it or not, as `data.items`:
            what they lead through needs its constants, too.

    Returns:
        The fields, in the order of the spec; none where nothing is constant.
    """
    return ObjectValue(_fields(kind, models, [one.raw.split(".") for one in ways], ()))


def _fields(
    kind: Type | None,
    models: Mapping[str, Model],
    ways: list[list[str]],
    within: tuple[str, ...],
) -> tuple[tuple[SpecText, Value], ...]:
    if not isinstance(kind, ReferenceType) or kind.body in within:
        return ()
    found: list[tuple[SpecText, Value]] = []
    for field in models[kind.body].fields:
        below = [way[1:] for way in ways if way[0] == field.wire_name.raw]
        if not field.required and not below:
            continue
        # What a way leads to is there, and no null.
        value = field.type.inner if below and isinstance(field.type, NullableType) else field.type
        only = constant(value)
        inner = _fields(value, models, [way for way in below if way], (*within, kind.body))
        if only is not None:
            found.append((field.wire_name, only))
        elif field.required and field.default is not None:
            found.append((field.wire_name, field.default.value))
        elif inner:
            found.append((field.wire_name, ObjectValue(inner)))
    return tuple(found)


def with_filled_fields(
    models: Mapping[str, Model], kinds: Iterable[Type | None]
) -> dict[str, Model]:
    """Return bodies with those of their fields marked that need not be given though they are required.

    They are constant, or have a default. Bodies that may stand in one place are told apart by what is given,
    so there nothing may be left out.

    Args:
        models: Every body, by its key.
        kinds: What requests hold besides.
    """
    told_apart: set[str] = set()
    for kind in kinds:
        told_apart.update(_alternatives(kind))
    for model in models.values():
        for one in (model.additional, *(field.type for field in model.fields)):
            told_apart.update(_alternatives(one))
    return {
        key: model if key in told_apart else _with_filled_fields(model)
        for key, model in models.items()
    }


def _with_filled_fields(model: Model) -> Model:
    if model.direction is Direction.RESPONSE or not any(map(_is_filled, model.fields)):
        return model
    fields = (replace(one, filled=True) if _is_filled(one) else one for one in model.fields)
    return replace(model, fields=tuple(fields))


def _is_filled(field: Field) -> bool:
    return field.required and (field.default is not None or constant(field.type) is not None)


def _alternatives(kind: Type | None, *, within: bool = False) -> Iterator[str]:
    """Yield the bodies that may stand in the place of others."""
    if isinstance(kind, ReferenceType) and within:
        yield kind.body
    for inner in inner_types(kind) if kind is not None else ():
        yield from _alternatives(inner, within=within or isinstance(kind, UnionType))

"""What is known of single fields of inputs: which there are, what their values may be, which are keys."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel

from .._runtime.roles import Roles

_SHOWN = 60


def kinds_at(kind: Any, steps: Sequence[str]) -> list[Any]:
    """Give the types that a value may have at the end of a way; none if it leads nowhere.

    Args:
        kind: The type of the whole.
        steps: Names of fields and indices of lists.
    """
    kinds = list(_alternatives(kind))
    for step in steps:
        kinds = [
            below for one in kinds for end in _below(one, step) for below in _alternatives(end)
        ]
    return kinds


def names_at(kind: Any, steps: Sequence[str]) -> list[str]:
    """Give the names, in JSON, of the fields that an object may have at the end of a way."""
    return [name for one in kinds_at(kind, steps) for name in _fields(one)]


def shown(value: object) -> str:
    """Give a value that is not what it has to be, for people; only its type, if it is long."""
    text = repr(value)
    return text if len(text) <= _SHOWN else f"a {type(value).__name__}"


def key_ways(roles: Roles, named: Sequence[str] = ()) -> dict[str, str]:
    """Give the ways to the keys within an input, the first one first, by what records call them.

    Args:
        roles: Which fields of an input play which part.
        named: The fields that find a record, where the caller named them.
    """
    declared = {_told(way, roles): way for way in (roles.key, *roles.alternative_keys)}
    if not named:
        return declared
    within = "" if roles.properties is None else f"{roles.properties}."
    return {name: declared.get(name, f"{within}{name}") for name in named}


def _told(way: str, roles: Roles) -> str:
    return way if roles.properties is None else way.removeprefix(f"{roles.properties}.")


def _alternatives(kind: Any) -> Iterator[Any]:
    origin = get_origin(kind)
    if origin is Annotated:
        yield from _alternatives(get_args(kind)[0])
    elif origin in (Union, types.UnionType):
        for one in get_args(kind):
            yield from _alternatives(one)
    elif kind is not type(None):
        yield kind


def _below(kind: Any, step: str) -> Iterator[Any]:
    if step in _fields(kind):
        yield _fields(kind)[step]
    elif get_origin(kind) is dict:
        yield get_args(kind)[1]
    elif get_origin(kind) is list and step.isdecimal():
        yield get_args(kind)[0]
    elif kind is Any:
        yield Any


def _fields(kind: Any) -> Mapping[str, Any]:
    if not _is_model(kind):
        return {}
    kind.model_rebuild()  # Only then are the types known of fields that name a later class.
    fields: Mapping[str, Any] = kind.model_fields
    return {one.alias or name: one.annotation for name, one in fields.items()}


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)

"""What the bodies of a bulk upsert's requests are made of, as the specification has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal, NamedTuple, TypeAlias

from .._runtime.operation import Parameter

Form: TypeAlias = Literal["list", "lines", "one"]
"""How a body holds inputs: in a list, each on a line of its own, or but one of them."""


@dataclass(frozen=True)
class RequestBody:
    """A body, but for its inputs.

    Attributes:
        form: How it holds them.
        constants: What it always holds besides, by field.
        arguments: What callers choose; each is called by the way to its field.
        media_type: The media type that it is sent as.
        has_key: Whether an input holds its key where the path does, too.
    """

    form: Form = "list"
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    arguments: tuple[Parameter, ...] = ()
    media_type: str = "application/json"
    has_key: bool = True


_NONE: Mapping[str, object] = MappingProxyType({})


class Arguments(NamedTuple):
    """What callers chose for all records of a run, besides arguments of the path.

    Attributes:
        query: Query parameters.
        headers: Header parameters.
        fields: Fields of the body, by the ways to them.
    """

    query: Mapping[str, object] = _NONE
    headers: Mapping[str, object] = _NONE
    fields: Mapping[str, object] = _NONE

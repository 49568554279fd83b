"""What can be upserted, in which API versions. The emitted `catalogue` is made of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Argument:
    """A part of the path that callers choose.

    Attributes:
        name: The keyword of the client's method.
        help: What it is, for people.
    """

    name: str
    help: str = ""


@dataclass(frozen=True)
class Resource:
    """An object type that can be upserted.

    Attributes:
        arguments: What else its method must be told.
        has_id_property: Whether records are found by a property that the caller names.
    """

    arguments: tuple[Argument, ...] = ()
    has_id_property: bool = True


@dataclass(frozen=True)
class Version:
    """An API version.

    Attributes:
        package: The name of its package, below this one's.
        resources: By the name of the client's attribute, what can be upserted.
    """

    package: str
    resources: Mapping[str, Resource]


@dataclass(frozen=True)
class Catalogue:
    """All of that.

    Attributes:
        program: What the command is called.
        versions: By label, the API versions, oldest first.
    """

    program: str
    versions: Mapping[str, Version]

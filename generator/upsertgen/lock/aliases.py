"""Old names that are emitted beside the new ones, and warn."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from upsertgen.ir.names import resource_class_name
from upsertgen.lock.names import Kind, PublicName


@dataclass(frozen=True)
class Alias:
    """One old name that still works.

    Attributes:
        old: The old name, in the place where it is emitted: beside the new one.
        new: The new name.
        told: The old name as callers know it, which may be in a place that has a new name itself.
    """

    old: PublicName
    new: PublicName
    told: str


class Aliases:
    """All old names that still work."""

    def __init__(self, aliases: Iterable[Alias] = ()) -> None:
        self.all = tuple(sorted(aliases, key=lambda one: one.old))

    def __bool__(self) -> bool:
        return bool(self.all)

    def within(self, kind: Kind, *parts: str) -> tuple[Alias, ...]:
        """Return the aliases of one kind whose names begin with these parts."""
        return tuple(
            one for one in self.all if one.old.kind is kind and one.old.parts[: len(parts)] == parts
        )

    def modules(self, package: str) -> tuple[Alias, ...]:
        """Return the object types of a version that have an old name."""
        return self.within(Kind.OBJECT, package)


def class_of(object_name: str) -> str:
    """Return the class name that an object type has if its spec file is called as it is."""
    return resource_class_name(object_name)


def model_of(typed_dict: PublicName) -> PublicName:
    """Return the model that a typed dict is the plain mapping of."""
    package, _, name = typed_dict.parts
    return PublicName(Kind.MODEL, (package, "models", name.removesuffix("Dict")))


def typed_dict_of(model: PublicName) -> PublicName:
    """Return the typed dict that is the plain mapping of a model."""
    package, _, name = model.parts
    return PublicName(Kind.TYPED_DICT, (package, "typed_dicts", f"{name}Dict"))

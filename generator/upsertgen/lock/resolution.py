"""What declared renames make of names: which name an old one stands for now."""

from __future__ import annotations

from collections.abc import Mapping

from upsertgen.lock.aliases import class_of, model_of, typed_dict_of
from upsertgen.lock.catalogue import Catalogue
from upsertgen.lock.names import Kind, PublicName

Declared = Mapping[PublicName, "PublicName | None"]
"""What each old name became; nothing for what is gone without a replacement."""


class Resolution:
    """Follows declared renames from old names to those that are there.

    Attributes:
        current: The names that are there.

    Args:
        current: The names that are there.
        declared: What old names became.
    """

    def __init__(self, current: Catalogue, declared: Declared) -> None:
        self.current = current
        self._there = frozenset(current.names())
        self._declared = declared
        # By the place where an old name would be today, so that renames of what it stands in do not count.
        self._by_place: dict[PublicName, PublicName | None] = {}
        for old in sorted(declared, key=lambda one: one.depth):
            placed = self.placed(old)
            if placed is not None:
                self._by_place.setdefault(placed, declared[old])

    def exists(self, name: PublicName) -> bool:
        """Return whether a name is there."""
        return name in self._there

    def resolve(self, name: PublicName) -> PublicName | None:
        """Return what a name is called now, whether or not that exists; nothing for a retired one."""
        return self._resolve(name, frozenset())

    def placed(self, name: PublicName) -> PublicName | None:
        """Return a name in the place where it would be today, if only what it stands in was renamed."""
        return self._placed(name, frozenset())

    def _resolve(self, name: PublicName, seen: frozenset[PublicName]) -> PublicName | None:
        if name in seen:
            # Renames in a circle lead nowhere; that nothing is there is reported elsewhere.
            return name
        seen |= {name}
        if name in self._there:
            return name
        if name in self._declared:
            new = self._declared[name]
            return None if new is None else self._resolve(new, seen)
        placed = self._placed(name, seen)
        if placed is None:
            return None
        if placed in self._by_place:
            new = self._by_place[placed]
            return None if new is None else self._resolve(new, seen)
        if placed != name and (placed in self._declared or placed in self._there):
            return self._resolve(placed, seen)
        return self._implied(name, placed, seen)

    def _placed(self, name: PublicName, seen: frozenset[PublicName]) -> PublicName | None:
        if name.parent is None:
            return name
        parent = self._resolve(name.parent, seen)
        return None if parent is None else self.current.same(name.moved(parent))

    def _implied(
        self, name: PublicName, placed: PublicName, seen: frozenset[PublicName]
    ) -> PublicName | None:
        """Return what became of a name that goes with another: the class of a type, the dict of a model."""
        if name.kind is Kind.CLASS and name.own == class_of(name.parts[1]):
            type_now = placed.parent
            if type_now is not None and type_now != name.parent and type_now in self._there:
                return placed.sibling(self.current.object_names(type_now).class_name)
        if name.kind is Kind.TYPED_DICT:
            model = model_of(placed)
            resolved = self._resolve(model, seen) if model not in self._there else model
            if resolved is None:
                return None
            if resolved != model and resolved.kind is Kind.MODEL:
                return typed_dict_of(resolved)
        return placed

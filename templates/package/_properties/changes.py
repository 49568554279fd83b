"""What changed in the properties of an object type. Nothing here reads or writes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

from .property import Property

ChangeKind: TypeAlias = Literal[
    "added",
    "removed",
    "archived",
    "restored",
    "read-only",
    "writable",
    "type",
    "unique",
    "not-unique",
    "multiple",
    "single",
    "label",
    "option-added",
    "option-removed",
    "option-label",
    "options-closed",
    "options-open",
]
"""What can change in a property; open options are those that nobody lists, so that any value will do."""

_BREAKING: frozenset[ChangeKind] = frozenset(
    {
        *("removed", "archived", "read-only", "type", "not-unique", "single"),
        *("option-removed", "options-closed"),
    }
)


@dataclass(frozen=True)
class Change:
    """Something about a property that is not as it was.

    Attributes:
        name: The name of the property.
        kind: What changed.
        option: The option that it is about, if it is about one.
        before: What it was, where that says more than the kind.
        after: What it is.
    """

    name: str
    kind: ChangeKind
    option: str | None = None
    before: str | None = None
    after: str | None = None

    @property
    def is_breaking(self) -> bool:
        """Whether records that were accepted before may be refused now."""
        return self.kind in _BREAKING


def changes_between(
    before: Mapping[str, Property], after: Mapping[str, Property]
) -> Iterator[Change]:
    """Tell what changed, by the names of properties.

    Args:
        before: The properties as they were.
        after: The properties as they are. What is missing was removed, unless it was archived before.
    """
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        was_there = old is not None and not old.archived
        is_there = new is not None and not new.archived
        if old is not None and new is not None and was_there and is_there:
            yield from _changes_of(old, new)
        elif was_there:
            yield Change(name, "removed" if new is None else "archived")
        elif new is not None and is_there:
            yield Change(name, "added" if old is None else "restored", after=new.type)


def _changes_of(old: Property, new: Property) -> Iterator[Change]:
    name = old.name
    if old.label != new.label:
        yield Change(name, "label", before=old.label, after=new.label)
    if old.type != new.type:
        yield Change(name, "type", before=old.type, after=new.type)
    if old.is_writable != new.is_writable:
        yield Change(name, "writable" if new.is_writable else "read-only")
    if old.unique != new.unique:
        yield Change(name, "unique" if new.unique else "not-unique")
    if old.type != new.type:
        return
    if old.multiple != new.multiple:
        yield Change(name, "multiple" if new.multiple else "single")
    if bool(old.options) != bool(new.options):
        yield Change(name, "options-closed" if new.options else "options-open")
        return
    for option in [each for each in old.options if each not in new.options]:
        yield Change(name, "option-removed", option, before=old.options[option])
    for option in [each for each in new.options if each not in old.options]:
        yield Change(name, "option-added", option, after=new.options[option])
    for option, label in old.options.items():
        now = new.options.get(option, label)
        if now != label:
            yield Change(name, "option-label", option, before=label, after=now)

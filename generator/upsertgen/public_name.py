"""Public names: what callers of a distribution write, and what stands where in it."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

# Each group is called as the kind of name that ends with it.
_NAME = re.compile(
    r"(?P<version>\w+)"
    r"(?:\.models\.(?P<model>\w+)(?:\.(?P<field>\w+))?"
    r"|\.typed_dicts\.(?P<typed_dict>\w+)"
    r"|\.(?P<object>(?!(?:models|typed_dicts)\b)\w+)"
    r"(?:\.(?P<method>\w+)(?:\((?P<parameter>\w+)\))?)?)?\Z",
    re.ASCII,
)


class Kind(StrEnum):
    """What a public name stands for, in words."""

    VERSION = "API version"
    OBJECT = "object type"
    CLASS = "class"
    METHOD = "method"
    PARAMETER = "parameter"
    MODEL = "model"
    TYPED_DICT = "typed dict"
    FIELD = "field"

    @property
    def with_article(self) -> str:
        """The kind with the article that it takes."""
        return f"a{'n' if self[0] in 'Ao' else ''} {self}"


_PARENT_LENGTH = {
    Kind.OBJECT: (Kind.VERSION, 1),
    Kind.CLASS: (Kind.OBJECT, 2),
    Kind.METHOD: (Kind.OBJECT, 2),
    Kind.PARAMETER: (Kind.METHOD, 3),
    Kind.MODEL: (Kind.VERSION, 1),
    Kind.TYPED_DICT: (Kind.VERSION, 1),
    Kind.FIELD: (Kind.MODEL, 3),
}
_SECTIONS = {Kind.MODEL: ("models",), Kind.TYPED_DICT: ("typed_dicts",)}
"""What stands between the name of a version and that of its model or typed dict."""


@dataclass(frozen=True, order=True)
class PublicName:
    """One public name.

    Attributes:
        kind: What it stands for.
        parts: The names on the way to it, its own one last.

    Example:
        >>> name = parse_name("v3.contacts.batch_upsert(inputs)")
        >>> print(name.kind, name.parent, name.moved(parse_name("v3.people.upsert")))
        parameter v3.contacts.batch_upsert v3.people.upsert(inputs)
    """

    kind: Kind
    parts: tuple[str, ...]

    def __str__(self) -> str:
        if self.kind is Kind.PARAMETER:
            return f"{'.'.join(self.parts[:-1])}({self.parts[-1]})"
        return ".".join(self.parts)

    @property
    def own(self) -> str:
        """The last part: what the name adds to that of what it stands in."""
        return self.parts[-1]

    @property
    def parent(self) -> PublicName | None:
        """The name of what this one stands in; nothing for a version."""
        found = _PARENT_LENGTH.get(self.kind)
        return None if found is None else PublicName(found[0], self.parts[: found[1]])

    def inner(self, kind: Kind, own: str) -> PublicName:
        """Return the name of something that stands in this."""
        return PublicName(kind, (*self.parts, *_SECTIONS.get(kind, ()), own))

    def moved(self, parent: PublicName) -> PublicName:
        """Return the same name in something else."""
        found = _PARENT_LENGTH[self.kind]
        return PublicName(self.kind, (*parent.parts, *self.parts[found[1] :]))

    def sibling(self, own: str) -> PublicName:
        """Return another name of the same kind in the same place."""
        return PublicName(self.kind, (*self.parts[:-1], own))


def parse_name(text: str) -> PublicName | None:
    """Return the public name that a text means, or nothing if none can be written so."""
    match = _NAME.match(text)
    parts = tuple(one for one in re.split(r"[.()]", text) if one)
    if match is None or not all(one.isidentifier() and not keyword.iskeyword(one) for one in parts):
        return None
    kind = Kind[str(match.lastgroup).upper()]
    # Methods are in lower case, whatever a spec calls them; classes never are.
    is_class = kind is Kind.METHOD and parts[-1] != parts[-1].lower()
    return PublicName(Kind.CLASS if is_class else kind, parts)


def model_of(typed_dict: PublicName) -> PublicName:
    """Return the model that a typed dict is the plain mapping of."""
    package, _, name = typed_dict.parts
    return PublicName(Kind.MODEL, (package, "models", name.removesuffix("Dict")))


def typed_dict_of(model: PublicName) -> PublicName:
    """Return the typed dict that is the plain mapping of a model."""
    package, _, name = model.parts
    return PublicName(Kind.TYPED_DICT, (package, "typed_dicts", f"{name}Dict"))


@dataclass(frozen=True)
class Alias:
    """One old name that still works: it is emitted beside the new one, and warns.

    Attributes:
        old: The old name, in the place where it is emitted: beside the new one.
        new: The new name.
        told: The old name as callers know it, which may be in a place that has a new name itself.
        until: The version of the distribution in which it is gone; nothing if that is not known.
    """

    old: PublicName
    new: PublicName
    told: str
    until: str | None = None


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

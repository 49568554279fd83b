"""Public names: what callers of a distribution write, and what stands where in it."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass
from enum import StrEnum

_IDENTIFIER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_NAME = re.compile(
    r"(?P<package>\w+)"
    r"(\.models\.(?P<model>\w+)(\.(?P<field>\w+))?"
    r"|\.typed_dicts\.(?P<typed_dict>\w+)"
    r"|\.(?P<object>\w+)(\.(?P<member>\w+)(\((?P<parameter>\w+)\))?)?)?\Z",
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


_PARENT_LENGTH = {
    Kind.OBJECT: (Kind.VERSION, 1),
    Kind.CLASS: (Kind.OBJECT, 2),
    Kind.METHOD: (Kind.OBJECT, 2),
    Kind.PARAMETER: (Kind.METHOD, 3),
    Kind.MODEL: (Kind.VERSION, 1),
    Kind.TYPED_DICT: (Kind.VERSION, 1),
    Kind.FIELD: (Kind.MODEL, 3),
}


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

    @property
    def depth(self) -> int:
        """How many names it stands in."""
        return 0 if self.parent is None else self.parent.depth + 1

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
    if match is None:
        return None
    found = match.groupdict()
    parts = [one for one in re.split(r"[.()]", text) if one]
    if not all(_IDENTIFIER.fullmatch(one) and not keyword.iskeyword(one) for one in parts):
        return None
    kind = Kind.VERSION
    for group, meant in (
        ("object", Kind.OBJECT),
        ("member", Kind.METHOD),
        ("parameter", Kind.PARAMETER),
        ("model", Kind.MODEL),
        ("field", Kind.FIELD),
        ("typed_dict", Kind.TYPED_DICT),
    ):
        kind = meant if found[group] else kind
    of_type = kind in (Kind.OBJECT, Kind.METHOD, Kind.PARAMETER)
    if of_type and parts[1] in ("models", "typed_dicts"):
        return None
    # Methods are in lower case, whatever a spec calls them; classes never are.
    if kind is Kind.METHOD and parts[-1] != parts[-1].lower():
        kind = Kind.CLASS
    return PublicName(kind, tuple(parts))

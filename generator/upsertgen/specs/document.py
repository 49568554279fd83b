"""One spec file in memory, whose every mapping and list knows where it and what it holds stand."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from upsertgen.errors import Location
from upsertgen.spec_text import SpecText

Pointer: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to a node: keys of mappings and indices of sequences."""

Mark: TypeAlias = Any
"""A place as the YAML reader tells it: file, line and column."""


class LocatedMapping(dict[str, Any]):
    """A mapping of a document, otherwise a plain one.

    What an overlay put into it stands here too, and knows its place in the overlay.

    Attributes:
        start: Where it begins.
        places: Where key and value of each field stand; of one that an overlay removed, where it says so.

    Args:
        start: See above.
    """

    __slots__ = ("places", "start")

    def __init__(self, start: Mark) -> None:
        super().__init__()
        self.start = start
        self.places: dict[str, tuple[Mark, Mark]] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> LocatedMapping:
        copied = LocatedMapping(self.start)
        copied.update((key, copy.deepcopy(value, memo)) for key, value in self.items())
        copied.places.update(self.places)
        return copied


class LocatedList(list[Any]):
    """A list of a document, otherwise a plain one.

    Attributes:
        places: Where each item stands.
    """

    __slots__ = ("places",)

    def __init__(self) -> None:
        super().__init__()
        self.places: list[Mark] = []

    def __deepcopy__(self, memo: dict[int, Any]) -> LocatedList:
        copied = LocatedList()
        copied.extend(copy.deepcopy(item, memo) for item in self)
        copied.places.extend(self.places)
        return copied


@dataclass(frozen=True)
class Correction:
    """One overlay action that changed a document.

    Attributes:
        location: Where the action stands in its overlay.
        description: What the overlay says about it.
        sources: How it is known that this is so, in words of the overlay.
    """

    location: Location
    description: SpecText
    sources: tuple[SpecText, ...] = ()


@dataclass
class Document:
    """A spec file, read, and corrected by overlays.

    Attributes:
        path: The file, as it is shown to people.
        version: The API version: the name of the folder that holds the file.
        name: The file's name without its ending.
        key: The file's path inside the specs folder, with `/`; what `$ref`s resolve against.
        data: The contents.
        corrections: What overlays changed here, in order.
    """

    path: str
    version: str
    name: str
    key: str
    data: LocatedMapping
    corrections: list[Correction] = field(default_factory=list)

    @property
    def object_type(self) -> str:
        """The object type whose operations it has: `objects`, also if its name is `objects.records`."""
        return self.name.partition(".")[0]

    def locate(self, pointer: Pointer, *, key: bool = False) -> Location:
        """Return where the node at `pointer` stands, as `locate` does."""
        return locate(self.data, pointer, key=key)


def value_at(data: Any, pointer: Iterable[str | int]) -> Any:
    """Return what stands at `pointer` below some data, which has to be there."""
    for step in pointer:
        data = data[step]
    return data


def locate(data: LocatedMapping, pointer: Pointer, *, key: bool = False) -> Location:
    """Return where the node at `pointer` stands, or the nearest node around it.

    Args:
        data: The root of the document.
        pointer: The way to the node.
        key: Whether to point at the key of the node, if it has one, instead of its value.
    """
    mark = data.start
    node: Any = data
    for step in pointer:
        if isinstance(node, LocatedMapping) and step in node.places:
            mark = node.places[step][0 if key else 1]
            node = node.get(step)
        elif isinstance(node, LocatedList) and isinstance(step, int) and step < len(node):
            mark, node = node.places[step], node[step]
        else:
            break
    return mark_location(mark)


def mark_location(mark: Mark) -> Location:
    """Return the location that a mark of the YAML reader means."""
    return Location(mark.name, mark.line + 1, mark.column + 1)

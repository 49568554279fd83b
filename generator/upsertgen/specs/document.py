"""One spec file in memory, whose every node knows where it stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import yaml

from upsertgen.errors import Location

Pointer: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to a node: keys of mappings and indices of sequences."""


@dataclass(frozen=True)
class Correction:
    """One overlay action that was applied to a document.

    Attributes:
        location: Where the action stands in its overlay.
        description: What the overlay says about it.
        targets: How many nodes of this document it changed.
    """

    location: Location
    description: str
    targets: int


@dataclass
class Document:
    """A spec file, read, and corrected by overlays.

    Attributes:
        path: The file, as it is shown to people.
        version: The API version: the name of the folder that holds the file.
        name: The file's name without its ending.
        key: The file's path inside the specs folder, with `/`; what `$ref`s resolve against.
        data: The contents as plain mappings, sequences and scalars.
        node: The contents as YAML nodes, which know file, line and column. What an overlay put into `data`
            stands here too, and knows its place in the overlay.
        corrections: What overlays changed here, in order.
        removed: Fields that an overlay removed, and where it says so.
    """

    path: str
    version: str
    name: str
    key: str
    data: dict[str, Any]
    node: yaml.Node
    corrections: list[Correction] = field(default_factory=list)
    removed: dict[Pointer, Location] = field(default_factory=dict)

    def locate(self, pointer: Pointer, *, key: bool = False) -> Location:
        """Return where the node at `pointer` stands, or the nearest node around it.

        Args:
            pointer: The way to the node.
            key: Whether to point at the key of the node instead of its value.
        """
        if pointer in self.removed and len(list(_way(self.node, pointer))) < len(pointer):
            return self.removed[pointer]
        return node_location(self.node, pointer, key=key)


def node_location(node: yaml.Node, pointer: Pointer, *, key: bool = False) -> Location:
    """Return where the YAML node at `pointer` below `node` stands, or the nearest node around it."""
    mark = node.start_mark
    for key_node, value_node in _way(node, pointer):
        mark = (key_node if key and key_node is not None else value_node).start_mark
    return mark_location(mark)


def mark_location(mark: Any) -> Location:
    """Return the location that a mark of the YAML reader means."""
    return Location(mark.name, mark.line + 1, mark.column + 1)


def node_at(node: yaml.Node, pointer: Pointer) -> yaml.Node:
    """Return the YAML node at `pointer` below `node`, which has to be there."""
    way = list(_way(node, pointer))
    return way[-1][1] if way else node


def _step(node: yaml.Node, step: str | int) -> tuple[yaml.Node | None, yaml.Node] | None:
    """Return the key, if it has one, and the value that one step of a pointer leads to."""
    if isinstance(node, yaml.MappingNode):
        for key_node, value_node in node.value:
            if key_node.value == str(step):
                return key_node, value_node
    elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return None, node.value[step]
    return None


def copied_node(node: yaml.Node) -> yaml.Node:
    """Return a copy of a YAML node and all below it, so that changing one does not change the other."""
    if isinstance(node, yaml.MappingNode):
        pairs = [(copied_node(key), copied_node(value)) for key, value in node.value]
        return yaml.MappingNode(node.tag, pairs, node.start_mark, node.end_mark)
    if isinstance(node, yaml.SequenceNode):
        items = [copied_node(item) for item in node.value]
        return yaml.SequenceNode(node.tag, items, node.start_mark, node.end_mark)
    return node


def _way(node: yaml.Node, pointer: Pointer) -> Iterator[tuple[yaml.Node | None, yaml.Node]]:
    """Yield the key and value of each node on the way to `pointer`, as far as there are any."""
    for step in pointer:
        found = _step(node, step)
        if found is None:
            return
        yield found
        node = found[1]

"""One spec file in memory, whose every node knows where it stands."""

from __future__ import annotations

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
        node: The contents as YAML nodes, which know line and column.
        corrections: What overlays changed here, in order.
        origins: Nodes that came from an overlay, and where they stand there.
    """

    path: str
    version: str
    name: str
    key: str
    data: dict[str, Any]
    node: yaml.Node
    corrections: list[Correction] = field(default_factory=list)
    origins: dict[Pointer, Location] = field(default_factory=dict)

    def locate(self, pointer: Pointer, *, key: bool = False) -> Location:
        """Return where the node at `pointer` stands, or the nearest node around it.

        Args:
            pointer: The way to the node.
            key: Whether to point at the key of the node instead of its value.
        """
        for length in range(len(pointer), 0, -1):
            origin = self.origins.get(pointer[:length])
            if origin is not None:
                return origin
        return node_location(self.path, self.node, pointer, key=key)


def node_location(path: str, node: yaml.Node, pointer: Pointer, *, key: bool = False) -> Location:
    """Return where the YAML node at `pointer` below `node` stands in the file `path`."""
    place: yaml.Node = node
    for depth, step in enumerate(pointer):
        found: yaml.Node | None = None
        if isinstance(place, yaml.MappingNode):
            for key_node, value_node in place.value:
                if key_node.value == str(step):
                    last = depth == len(pointer) - 1
                    found = key_node if key and last else value_node
        elif isinstance(place, yaml.SequenceNode) and isinstance(step, int):
            found = place.value[step] if step < len(place.value) else None
        if found is None:
            break
        place = found
    mark = place.start_mark
    return Location(path, mark.line + 1, mark.column + 1)

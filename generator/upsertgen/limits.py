"""How much the specs of one run may be, so that a hostile one ends in a message and not in a full machine.

Every bound is well above what is known: the specs of this project are 112 files of 0.4 MB with 16,000
nodes, and the largest OpenAPI documents that are published have some 30 MB and 500,000 nodes. What may be
imported is bounded in `upsertgen.importing.limits`.
"""

from __future__ import annotations

from dataclasses import dataclass

from upsertgen.errors import InvalidInput, Location, Problem


@dataclass(frozen=True)
class Limits:
    """Bounds of a specs folder.

    Attributes:
        files: Spec and overlay files. Each costs at least 0.1 ms, and most become a module.
        file: Bytes of one file.
        total: Bytes of all files.
        name: Characters of the name of a file or folder: it becomes a part of other names, and file systems
            allow 255 bytes.
        folders: How deep folders may stand in each other. Specs stand one deep.
        depth: How deep a document may be nested. Real ones stay below 30, and what reads them calls itself.
        nodes: Nodes of all documents, those that aliases and overlays repeat included. Each takes 300 bytes.
        copies: Nodes that the aliases of one file may repeat.
        text: Characters of all scalars, as often as aliases repeat them.
        digits: Digits of a whole number.
        references: `$ref`s that lead from one to the next.
        schemas: Schemas that are read, each as often as it is used. What is written once can be used
            exponentially often, by alternatives that refer to alternatives.
        parts: Objects that one `allOf` joins.
        fields: Fields of one object.
        alternatives: Alternatives of one `oneOf` or `anyOf`. `A | B | C` nests, and what compiles it calls
            itself.
        defaults: Items of a list that is a default.
        values: Values of one `enum`.
        operations: Operations of one document, which become methods of one class.
        bodies: Distinct places of all specs at which an object with fields is described.
        pattern: Characters of one regular expression.
        pattern_cost: What one regular expression may cost whoever compiles it, in units of 100 bytes.
        patterns: What all regular expressions may cost together, in kB: the client compiles them when it
            is imported, each as often as it is used.
        actions: Actions of all overlays.
        target: Characters of the target of an action.
        steps: What overlays take to find and change their targets, in microseconds of an ordinary machine.
        matches: Nodes that one action may change in one document.
    """

    files: int = 20_000
    file: int = 32 * 2**20
    total: int = 256 * 2**20
    name: int = 120
    folders: int = 8
    depth: int = 100
    nodes: int = 2_000_000
    copies: int = 200_000
    text: int = 128 * 2**20
    digits: int = 100
    references: int = 100
    schemas: int = 300_000
    parts: int = 1_000
    fields: int = 5_000
    alternatives: int = 200
    defaults: int = 1_000
    values: int = 10_000
    operations: int = 500
    bodies: int = 50_000
    pattern: int = 10_000
    pattern_cost: int = 100_000
    patterns: int = 100_000
    actions: int = 10_000
    target: int = 1_000
    steps: int = 5_000_000
    matches: int = 100_000


LIMITS = Limits()


class Budget:
    """Counts what all the specs of a run take together, and ends the run when it is too much.

    Attributes:
        limits: The bounds.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self.limits = limits
        self._bytes = 0
        self._nodes = 0
        self._text = 0
        self._steps = 0

    def take_bytes(self, count: int, path: str) -> None:
        """Count the bytes of a file."""
        self._bytes += count
        if self._bytes > self.limits.total:
            raise beyond(
                Location(path),
                f"with this file the specs have more than {self.limits.total // 2**20} MB",
                "specs of ordinary size",
            )

    def take_nodes(self, count: int, location: Location) -> None:
        """Count nodes of documents."""
        self._nodes += count
        if self._nodes > self.limits.nodes:
            raise beyond(
                location,
                f"up to here the specs have more than {self.limits.nodes} nodes",
                "specs of ordinary size",
            )

    def take_text(self, count: int, location: Location) -> None:
        """Count characters of scalars."""
        self._text += count
        if self._text > self.limits.text:
            raise beyond(
                location,
                f"up to here the specs have more than {self.limits.text // 2**20} million characters, "
                "with what aliases and overlays repeat",
                "specs of ordinary size",
            )

    def take_steps(self, count: int, location: Location) -> None:
        """Count what overlays take to find and change their targets."""
        self._steps += count
        if self._steps > self.limits.steps:
            raise beyond(
                location,
                f"up to here overlays take more than {self.limits.steps} steps to find their targets",
                "targets that lead straight to what they change",
                "name the fields on the way instead of '..' and filters, and documents in 'x-documents'",
            )


def beyond(
    location: Location, wrong: str, expected: str, mend: str = "split or shorten the specs"
) -> InvalidInput:
    """Return the error that ends a run at once, because to go on would take too much."""
    return InvalidInput([Problem(location, wrong, expected, mend)])

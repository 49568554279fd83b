"""How much the specs of one run may be, so that a hostile one ends in a message and not in a full machine.

Every bound is well above what is known, and such that one file that reaches it takes some ten seconds and
300 MB. The specs of this project are 150 files of 2 MB with 16,000 nodes, and 150,000 in files of properties,
from which 1,500 schemas are read. What may be imported, such as documents of 30 MB of which little becomes a
spec, is bounded in `upsertgen.importing.source`.
"""

from __future__ import annotations

from dataclasses import dataclass

from upsertgen.errors import InvalidInput, Location


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
        nodes: Nodes of all documents, those that aliases repeat included. Each takes 500 bytes.
        updates: Nodes that overlays add, each as often as it is added. One overlay says for every operation
            what many have in common, so they are many more than those of documents.
        copies: Nodes that the aliases of one file may repeat.
        scalar: Characters of one text. One that is emitted is encoded, formatted and proven.
        text: Characters of all scalars, as often as aliases repeat them.
        digits: Digits of a whole number.
        references: `$ref`s that lead from one to the next.
        schemas: Schemas and values of enums that are read, each as often as it is used. What is written once
            can be used exponentially often, by alternatives that refer to alternatives; and each is emitted
            in a millisecond.
        parts: Objects that one `allOf` joins.
        fields: Fields of one object.
        alternatives: Alternatives of one `oneOf` or `anyOf`. `A | B | C` nests, and what compiles it calls
            itself.
        defaults: Items of a list that is a default.
        values: Values of one `enum`.
        operations: Operations of one document, which become methods of one class.
        pattern: Characters of one regular expression.
        pattern_cost: What one regular expression may cost whoever compiles it, in units of 100 bytes.
        patterns: What all regular expressions may cost together, in kB: the client compiles them when it
            is imported, each as often as it is used.
        actions: Actions of all overlays.
        target: Characters of the target of an action.
        steps: What overlays take to find and change their targets, in microseconds of an ordinary machine.
        file_steps: What each file adds to that: an overlay that holds for all documents looks into each.
        matches: Nodes that one action may change in one document.
    """

    files: int = 20_000
    file: int = 32 * 2**20
    total: int = 64 * 2**20
    name: int = 120
    folders: int = 8
    depth: int = 100
    nodes: int = 400_000
    updates: int = 2_000_000
    copies: int = 200_000
    scalar: int = 100_000
    text: int = 32 * 2**20
    digits: int = 100
    references: int = 100
    schemas: int = 20_000
    parts: int = 1_000
    fields: int = 2_000
    alternatives: int = 200
    defaults: int = 1_000
    values: int = 5_000
    operations: int = 500
    pattern: int = 10_000
    pattern_cost: int = 100_000
    patterns: int = 100_000
    actions: int = 10_000
    target: int = 1_000
    steps: int = 5_000_000
    file_steps: int = 10_000
    matches: int = 100_000


LIMITS = Limits()


class Budget:
    """Counts what all the specs of a run take together, and ends the run when it is too much."""

    def __init__(self) -> None:
        self._bytes = 0
        self._nodes = 0
        self._updates = 0
        self._text = 0
        self._steps = 0
        self._files = 0

    def take_bytes(self, count: int, path: str) -> None:
        """Count the bytes of a file."""
        self._files += 1
        self._bytes += count
        if self._bytes > LIMITS.total:
            raise beyond(
                Location(path),
                f"with this file the specs have more than {LIMITS.total // 2**20} MB",
                "specs of ordinary size",
            )

    def take_nodes(self, count: int, location: Location) -> None:
        """Count nodes of documents."""
        self._nodes += count
        if self._nodes > LIMITS.nodes:
            raise beyond(
                location,
                f"up to here the specs have more than {LIMITS.nodes} nodes",
                "specs of ordinary size",
            )

    def take_updates(self, count: int, location: Location) -> None:
        """Count nodes that overlays add."""
        self._updates += count
        if self._updates > LIMITS.updates:
            raise beyond(
                location,
                f"up to here overlays add more than {LIMITS.updates} nodes",
                "updates of ordinary size, of ordinarily many targets",
            )

    def take_text(self, count: int, location: Location) -> None:
        """Count characters of scalars."""
        self._text += count
        if self._text > LIMITS.text:
            raise beyond(
                location,
                f"up to here the specs have more than {LIMITS.text // 2**20} million characters, "
                "with what aliases and overlays repeat",
                "specs of ordinary size",
            )

    def take_steps(self, count: int, location: Location) -> None:
        """Count what overlays take to find and change their targets."""
        self._steps += count
        most = LIMITS.steps + LIMITS.file_steps * self._files
        if self._steps > most:
            raise beyond(
                location,
                f"up to here overlays take more than {most} steps to find their targets",
                "targets that lead straight to what they change",
                "name the fields on the way instead of '..' and filters, and documents in 'x-documents'",
            )


def beyond(
    location: Location, wrong: str, expected: str, mend: str = "split or shorten the specs"
) -> InvalidInput:
    """Return the error that ends a run at once, because to go on would take too much."""
    return InvalidInput.at(location, wrong, expected, mend)

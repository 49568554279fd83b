"""What an import has to tell: where everything comes from, what was passed over, and what is new."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from upsertgen.importing.writing import FileChange


@dataclass
class Report:
    """What happened on the way from a source to specs.

    Attributes:
        documents: How many documents the source holds for the version.
        imported: For each object type: its name, its document, and its operations.
        overruled: Documents that were passed over for others, and why.
        excluded: How many documents each pattern of `exclude` passed over.
        older: How many documents belong to older rollouts.
        unselected: How many documents have no operation that is selected.
        shared: The names of the schemas that stand in the shared file.
        variants: Schemas of a name that is shared, of which object types have their own.
        notes: What else a person should know.
    """

    documents: int = 0
    imported: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)
    overruled: list[str] = field(default_factory=list)
    excluded: Counter[str] = field(default_factory=Counter)
    older: int = 0
    unselected: int = 0
    shared: list[str] = field(default_factory=list)
    variants: dict[str, list[str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def lines(self) -> Iterator[str]:
        """Yield the report, line by line."""
        width = max((len(name) for name, _, _ in self.imported), default=0)
        for name, document, operations in self.imported:
            yield f"{name:<{width}}  {', '.join(operations)}  from {document}"
        yield from self._passed_over()
        if self.shared:
            yield f"shared: {', '.join(self.shared)}"
        for name, types in sorted(self.variants.items()):
            yield f"variant: {name} differs from the shared one in {', '.join(types)}"
        for note in self.notes:
            yield f"note: {note}"

    def _passed_over(self) -> Iterator[str]:
        for line in self.overruled:
            yield f"overruled: {line}"
        for pattern, count in sorted(self.excluded.items()):
            yield f"excluded: {_documents(count)} by {pattern!r}"
        if self.older:
            yield f"older: {_documents(self.older)} of earlier rollouts"
        if self.unselected:
            yield f"unselected: {_documents(self.unselected)} without an operation that is wanted"


def summary(changes: tuple[FileChange, ...], unchanged: int, *, written: bool) -> str:
    """Return in one line what became of the files."""
    counts = Counter(change.action for change in changes)
    told = [f"{counts[one]} {one}" for one in ("created", "changed", "removed") if counts[one]]
    text = f"{', '.join([*told, f'{unchanged} unchanged'])}."
    return text if written or not changes else f"{text} Nothing was written."


def _documents(count: int) -> str:
    return f"{count} document{'s' if count != 1 else ''}"

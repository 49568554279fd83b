"""What an import has to tell: where everything comes from, what was passed over, and what is new."""

from __future__ import annotations

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from upsertgen.errors import Note
from upsertgen.write import Action, Change

_WIDTH = 96
_MOST_NAMES = 3


@dataclass(frozen=True)
class Imported:
    """An object type that was imported.

    Attributes:
        name: Its name.
        documents: Each document that it was put together from, with the operations that it gives.
    """

    name: str
    documents: tuple[tuple[str, tuple[str, ...]], ...]

    @property
    def operations(self) -> tuple[str, ...]:
        """Its operations."""
        return tuple(one for _, operations in self.documents for one in operations)


@dataclass(frozen=True)
class Group:
    """Lines of a report that belong together.

    Attributes:
        title: What they have in common.
        lines: The lines.
    """

    title: str
    lines: tuple[str, ...]


@dataclass
class Report:
    """What happened on the way from a source to specs.

    Attributes:
        imported: The object types.
        passed_over: Documents that others were taken for, or that lack what older ones have, and why.
        broken: What is wrong with documents that were passed over, each with its place.
        excluded: How many documents each pattern of `exclude` passed over.
        versions: How many documents other versions have.
        elsewhere: Documents that do not lie as the pattern says.
        unread: Links and archives within the source, which are not read.
        unselected: How many documents have no operation that is selected.
        dropped: What was there before and is gone on purpose.
        shared: The names of the schemas that stand in the shared file.
        variants: Schemas of a name that is shared, of which object types have their own.
        located: What else a person should know of a place in a document.
    """

    imported: list[Imported] = field(default_factory=list)
    passed_over: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    excluded: Counter[str] = field(default_factory=Counter)
    versions: Counter[str] = field(default_factory=Counter)
    elsewhere: list[str] = field(default_factory=list)
    unread: list[str] = field(default_factory=list)
    unselected: int = 0
    dropped: list[str] = field(default_factory=list)
    shared: list[str] = field(default_factory=list)
    variants: dict[str, list[str]] = field(default_factory=dict)
    located: list[Note] = field(default_factory=list)
    _notes: dict[str, list[str]] = field(default_factory=dict)

    def note(self, text: str, *about: str) -> None:
        """Note something about an object type or setting; what is noted of several is told once."""
        abouts = self._notes.setdefault(text, [])
        abouts += [one for one in about if one not in abouts]

    @property
    def notes(self) -> list[str]:
        """What else a person should know."""
        return [
            f"{_several(about)}: {text}" if about else text for text, about in self._notes.items()
        ]

    def groups(self) -> Iterator[Group]:
        """Yield the report: what was imported first, then what was not, then what to know about it."""
        width = max((len(one.name) for one in self.imported), default=0)
        count = sum(len(one.operations) for one in self.imported)
        told = (
            (
                f"imported: {_count(count, 'operation')} of {_count(len(self.imported), 'object type')}",
                [f"{one.name:<{width}}  {', '.join(one.operations)}" for one in self.imported],
            ),
            (
                "put together from several documents:",
                [
                    f"{one.name}: {', '.join(operations)} from {document}"
                    for one in self.imported
                    for document, operations in one.documents
                    if len(one.documents) > 1
                ],
            ),
            ("passed over:", self.passed_over),
            ("broken, and passed over:", self.broken),
            ("dropped:", self.dropped),
            ("not imported:", list(self._not_imported())),
            ("shared:", textwrap.wrap(", ".join(self.shared), _WIDTH, break_on_hyphens=False)),
            (
                "variants of shared schemas:",
                [f"{name}: {', '.join(types)}" for name, types in sorted(self.variants.items())],
            ),
            ("notes:", self.notes),
        )
        return (Group(title, tuple(lines)) for title, lines in told if lines)

    def lines(self) -> Iterator[str]:
        """Yield the report, line by line."""
        for group in self.groups():
            yield group.title
            yield from (f"  {line}" for line in group.lines)

    def _not_imported(self) -> Iterator[str]:
        for pattern, count in sorted(self.excluded.items()):
            yield f"{_count(count, 'document')}: excluded by {pattern!r}"
        for version, count in sorted(self.versions.items()):
            yield f"{_count(count, 'document')}: of the version {version}"
        if self.elsewhere:
            documents = _count(len(self.elsewhere), "document")
            yield f"{documents}: not where the pattern says, {_several(self.elsewhere)}"
        if self.unread:
            yield f"{_count(len(self.unread), 'file')}: links or archives, {_several(self.unread)}"
        if self.unselected:
            yield f"{_count(self.unselected, 'document')}: without an operation that is selected"


def summary(changes: Iterable[Change], unchanged: int, *, written: bool) -> str:
    """Return in one line what became of the files."""
    counts = Counter(change.action for change in changes)
    told = [f"{counts[one]} {one}" for one in Action if counts[one]]
    text = f"{', '.join([*told, f'{unchanged} unchanged'])}."
    return text if written or not counts else f"{text} Nothing was written."


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'s' if count != 1 else ''}"


def _several(names: Sequence[str]) -> str:
    """Return some of several names, and how many there are beside them."""
    rest = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {rest} more" if rest > 0 else "")

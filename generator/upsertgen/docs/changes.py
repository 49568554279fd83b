"""What one API version changed against another one, as pages show it: in groups of object types, with links.

In comes a `Comparison`; out come pages, and pieces for other pages, in which every `str` is ready to be
emitted. What concerns only who makes the client, which is overlays, stays away.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from upsertgen.diff.findings import (
    ADDITIVE,
    BREAKING,
    DEPRECATED,
    NONE,
    OVERLAYS,
    Finding,
    Kind,
    Part,
)
from upsertgen.diff.phrases import Phrase, Row, section_of
from upsertgen.diff.report import Comparison, Presence, caller_impact
from upsertgen.docs.page import Page, Sources, relative
from upsertgen.docs.reference import page_path
from upsertgen.emit.encode import joined, page_code, page_text
from upsertgen.ir.tree import Version
from upsertgen.spec_text import SpecText

CHANGES = "changes"
"""The folder of the pages of what versions changed."""
_HEADING = 3
_LIFECYCLE = frozenset((Kind.OBJECT_TYPE_ADDED, Kind.OBJECT_TYPE_REMOVED))
_CLASSES = frozenset((Kind.CLASS_ADDED, Kind.CLASS_REMOVED, Kind.CLASS_CHANGED))
_ADDRESSES = frozenset((Kind.PATH_CHANGED, Kind.SERVER_CHANGED, Kind.HTTP_METHOD_CHANGED))
_PARTS = {
    Part.PARAMETERS: "arguments",
    Part.REQUEST: "request",
    Part.RESPONSE: "answers",
    Part.ERROR: "error bodies",
    Part.CLIENT: "client",
    Part.OPERATION: "methods",
}
MARKS = {BREAKING: "**breaking**", DEPRECATED: "deprecated", ADDITIVE: "additive", NONE: "none"}


@dataclass(frozen=True)
class Linked:
    """An object type as a page names it.

    Attributes:
        name: Its name.
        way: The address of its page in the reference, as seen from the page that names it.
    """

    name: str
    way: str


@dataclass(frozen=True)
class ChangeView:
    """A change as pages show it.

    Attributes:
        row: The change.
        told: What changed, and below it from what to what, and notes.
        caller: What it means to callers of the client.
        wire: What it means to who speaks HTTP.
        types: The object types that it concerns.
    """

    row: Row
    told: tuple[str, ...]
    caller: str
    wire: str
    types: tuple[Linked, ...]

    @property
    def few_words(self) -> str:
        """Which object types these are, in a few words; empty when they have to be listed."""
        return page_text(self.row.nearly_all or "")


@dataclass(frozen=True)
class Group:
    """Changes that the same object types share.

    Attributes:
        anchor: Where it stands in its page.
        heading: Which object types these are.
        names: Their names.
        types: The same with links.
        changes: The changes.
    """

    anchor: str
    heading: str
    names: tuple[str, ...]
    types: tuple[Linked, ...]
    changes: tuple[ChangeView, ...]

    @property
    def is_breaking(self) -> bool:
        """Whether it breaks callers."""
        return caller_impact(one.row.change for one in self.changes) is BREAKING

    @property
    def about(self) -> str:
        """What changes, in a few words."""
        words = dict.fromkeys(_about(one.row.finding) for one in self.changes)
        return ", ".join(words)


class Changes:
    """What a version changed against another one, as seen from one page.

    Attributes:
        old: The older version.
        new: The newer one.
        comparison: What differs.
        path: The path of the page that shows it.
    """

    def __init__(self, old: Version, new: Version, comparison: Comparison, path: str) -> None:
        self.old = old
        self.new = new
        self.comparison = comparison
        self.path = path
        self.section = section_of(comparison)

    @cached_property
    def views(self) -> list[ChangeView]:
        """The changes, the weightiest first."""
        return [
            ChangeView(
                row,
                tuple(_told(row)),
                MARKS[row.finding.caller],
                MARKS[row.finding.wire],
                self.linked(row.names),
            )
            for row in self.section.rows
            if row.finding.kind not in OVERLAYS
        ]

    def linked(self, names: Iterable[str]) -> tuple[Linked, ...]:
        """Return object types with the addresses of their pages: of the newer version if it has them."""
        pages = {
            one.name: relative(self.path, page_path(version, one))
            for version in (self.old, self.new)
            for one in version.resources
        }
        return tuple(Linked(page_code(name), pages[name]) for name in names)

    def present(self, presence: Presence) -> tuple[Linked, ...]:
        """Return the object types that are new, gone, or in both."""
        return self.linked(name for name, one in self.comparison.object_types if one is presence)

    @cached_property
    def groups(self) -> list[Group]:
        """The changes of object types that both have, by the object types that share them."""
        found: dict[tuple[str, ...], list[ChangeView]] = {}
        for view in self.views:
            if view.row.finding.kind not in _LIFECYCLE:
                found.setdefault(view.row.names, []).append(view)
        ordered = sorted(found.items(), key=lambda pair: (-len(pair[0]), pair[0]))
        return [
            Group(f"change-{index}", _heading(views[0].row), names, views[0].types, tuple(views))
            for index, (names, views) in enumerate(ordered, 1)
        ]

    def page(self, sources: Sources) -> Page:
        """Return the page of what the newer version changed."""
        title = joined("What ", self.new.label, " changed against ", self.old.label)
        context = {
            "changes": self,
            "gone": self.present(Presence.REMOVED),
            "come": self.present(Presence.ADDED),
        }
        return sources.page(self.path, title, "changes.md.jinja", context)


def changes_path(version: Version) -> str:
    """Return the path of the page of what a version changed against the one before."""
    return f"{CHANGES}/{version.package}.md"


def _heading(row: Row) -> str:
    words = row.nearly_all
    if words is None:
        words = row.count if len(row.names) > _HEADING else ", ".join(row.names)
    return page_text(words[:1].upper() + words[1:] if row.nearly_all else words)


def _told(row: Row) -> list[str]:
    method = f"{page_code(row.method)}: " if row.method is not None else ""
    told = [f"{method}{_text(row.headline)}"]
    if row.detail:
        told.append(_text(row.detail))
    return [*told, *(f"*{page_text(note)}*" for note in row.notes)]


def _text(phrase: Phrase) -> str:
    return "".join(map(_encoded, phrase))


def _encoded(part: str | SpecText) -> str:
    if isinstance(part, SpecText):
        return page_code(part)
    # Encoding would trim the spaces around words of ours, and mark the colon that goes on with a phrase.
    words = part.strip().removeprefix(":").strip()
    return part.replace(words, page_text(words)) if words else part


def _about(finding: Finding) -> str:
    if finding.kind in _CLASSES:
        return "classes"
    if finding.kind in _ADDRESSES:
        return "address"
    if finding.kind is Kind.SECURITY_CHANGED:
        return "scopes"
    if finding.kind is Kind.OBJECT_TYPE_RENAMED:
        return "name"
    return _PARTS[finding.place.part]

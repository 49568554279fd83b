"""A report in words: sections of rows, in whose phrases text from specs is marked, for formats to encode."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from upsertgen.diff.findings import (
    ADDITIVE,
    BREAKING,
    DEPRECATED,
    NONE,
    OVERLAYS,
    Finding,
    Impact,
    Kind,
    Part,
)
from upsertgen.diff.report import (
    Bump,
    Change,
    Comparison,
    Origin,
    Presence,
    Report,
    caller_impact,
    replacing_bump,
    suggested_bump,
)
from upsertgen.spec_text import SpecText

Phrase: TypeAlias = tuple[str | SpecText, ...]
"""Words of ours, and between them text from a spec, which each format encodes in its own way."""

UNCHANGED_CLIENT = "The spec changed, the emitted client does not."
_ADAPTED_CLIENT = "The emitted client does what is needed; its callers change nothing."
_ONLY_CORRECTED = "The overlays changed this, not the published spec."
_TOKEN = re.compile(r"{(place|subject|where)}")
_EXCEPTIONS = 3
_FEW = 8


@dataclass(frozen=True)
class Row:
    """A change as reports show it.

    Attributes:
        change: The change.
        comparison: What it is a change of.
        method: The method that it concerns, where it would not be clear without.
    """

    change: Change
    comparison: Comparison
    method: str | None

    @property
    def finding(self) -> Finding:
        """What differs."""
        return self.change.finding

    @property
    def headline(self) -> Phrase:
        """What changed, without from what to what."""
        finding = self.finding
        texts: dict[str, str | SpecText] = {
            "where": _where(finding),
            "place": finding.place.path if finding.place.path.raw else "the body",
            "subject": finding.subject or "the extension",
        }
        parts = _TOKEN.split(finding.kind.headline)
        return tuple(texts[part] if index % 2 else part for index, part in enumerate(parts) if part)

    @property
    def is_prose(self) -> bool:
        """Whether the detail is prose and no code."""
        return self.finding.kind in OVERLAYS

    @property
    def detail(self) -> Phrase:
        """From what to what it changed; nothing when there is no more to say."""
        finding = self.finding
        if self.is_prose:
            return (finding.subject,) if finding.subject else ()
        if finding.before is not None and finding.after is not None:
            return (finding.before, " → ", finding.after)
        if finding.after is not None:
            return (finding.after,)
        return ("was ", finding.before) if finding.before is not None else ()

    @property
    def notes(self) -> tuple[str, ...]:
        """What else there is to say: whose change it is, and where it is found."""
        finding, origin = self.finding, self.change.origin
        said: list[str] = []
        if finding.place.model is not None:
            said.append(f"In the class {finding.place.model}.")
        if origin is Origin.PUBLISHED:
            said.append(UNCHANGED_CLIENT)
        elif origin is Origin.BOTH and finding.caller is NONE < finding.wire:
            said.append(_ADAPTED_CLIENT)
        elif origin is Origin.CORRECTED and not (finding.kind.is_of_client or self.is_prose):
            said.append(_ONLY_CORRECTED)
        return tuple(said)

    @property
    def names(self) -> tuple[str, ...]:
        """The object types that it concerns."""
        return self.change.object_types

    @property
    def is_long(self) -> bool:
        """Whether it concerns more object types than one wants to read about."""
        return len(self.names) > _FEW

    @property
    def count(self) -> str:
        """How many object types it concerns."""
        return f"{len(self.names)} object types"

    @property
    def nearly_all(self) -> str | None:
        """Which object types it concerns, in few words; nothing when they have to be listed."""
        names, common = set(self.names), set(self.comparison.common)
        missing = sorted(common - names)
        if not names <= common or len(common) <= _FEW or len(missing) > _EXCEPTIONS:
            return None
        return f"{self.count}: all but {', '.join(missing)}" if missing else f"all {self.count}"

    @property
    def affected(self) -> str:
        """Which object types it concerns."""
        return self.nearly_all or ", ".join(self.names)


def _where(finding: Finding) -> str:
    match finding.place.part:
        case Part.REQUEST:
            return "Request"
        case Part.RESPONSE:
            return f"Response {' and '.join(finding.place.statuses)}".rstrip()
        case Part.ERROR:
            return "Error body"
        case _:
            return "Parameter"


@dataclass(frozen=True)
class Section:
    """A comparison as reports show it.

    Attributes:
        comparison: The comparison.
        title: What it compares.
        presence: How many object types there are, came and went.
        callers: How many changes break and add something for callers.
        wire: The same for the wire.
        rows: Its changes, the weightiest first.
    """

    comparison: Comparison
    title: Phrase
    presence: str
    callers: str
    wire: str
    rows: tuple[Row, ...]


_OF_METHODS = frozenset(
    (Kind.METHOD_ADDED, Kind.METHOD_REMOVED, Kind.METHOD_DEPRECATED, Kind.METHOD_UNDEPRECATED)
)
"""What says nothing without the name of the method."""


def section_of(comparison: Comparison) -> Section:
    """Return a comparison as reports show it."""
    methods = {one.finding.place.operation for one in comparison.changes} - {None}
    rows = tuple(
        Row(
            one,
            comparison,
            (
                one.finding.place.operation
                if len(methods) > 1 or one.finding.kind in _OF_METHODS
                else None
            ),
        )
        for one in comparison.changes
    )
    callers, wire = counted(comparison.changes)
    return Section(comparison, _title(comparison), _presence(comparison), callers, wire, rows)


def _title(comparison: Comparison) -> Phrase:
    if comparison.old is None:
        return (comparison.new or "", " is new")
    if comparison.new is None:
        return (comparison.old, " is gone")
    if comparison.old == comparison.new:
        return (comparison.new,)
    return (comparison.old, " → ", comparison.new)


def _presence(comparison: Comparison) -> str:
    counts = Counter(one for _, one in comparison.object_types)
    words = {Presence.BOTH: "in both", Presence.ADDED: "added", Presence.REMOVED: "removed"}
    told = [f"{counts[one]} {word}" for one, word in words.items() if counts[one]]
    total = sum(counts.values())
    return f"{total} object type{'' if total == 1 else 's'}: {', '.join(told)}"


def counted(changes: Iterable[Change]) -> tuple[str, str]:
    """Return how many changes break and add something, for callers and for the wire."""
    findings = [change.finding for change in changes]
    return _counts([one.caller for one in findings]), _counts([one.wire for one in findings])


def _counts(impacts: list[Impact]) -> str:
    counted = (BREAKING, DEPRECATED, ADDITIVE)
    told = [f"{impacts.count(one)} {one.word}" for one in counted if one in impacts]
    return ", ".join(told) or "nothing changes"


def bump_reason(report: Report) -> Phrase:
    """Return why the suggested bump is what it is."""
    if report.side_by_side:
        beside = ("a version that is added beside others takes nothing from their callers",)
        if replacing_bump(report) is Bump.MAJOR:
            return (*beside, "; ", Bump.MAJOR.value, " once ", report.old, " is removed")
        return beside
    return (replacing_reason(suggested_bump(report), report.changes),)


def replacing_reason(bump: Bump, changes: Iterable[Change]) -> str:
    """Return why some changes need a bump where what is new takes the place of what was."""
    return {
        Bump.MAJOR: "something breaks for callers",
        Bump.MINOR: (
            "something is deprecated, and nothing breaks for callers"
            if caller_impact(changes) is DEPRECATED
            else "callers get something new, and nothing breaks for them"
        ),
        Bump.PATCH: "something changed, but nothing for callers",
        Bump.NONE: "nothing that is compared differs",
    }[bump]


def cautions(report: Report) -> Iterator[str]:
    """Yield what a reader has to know about how far the report can be trusted."""
    if report.unread:
        yield (
            "The specs cannot be read without their overlays, so the wire is judged by the corrected "
            f"specs, too: {report.unread[0]}"
        )

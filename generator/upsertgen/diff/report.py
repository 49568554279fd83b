"""Reports: the findings of many object types, seen in two ways, put together to changes.

A change is told once for all object types that share it. Callers see the specs as corrected by overlays, and
the wire is what was published, so what a change means is told by both together.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeAlias

from upsertgen.diff.findings import (
    ADDITIVE,
    BREAKING,
    DEPRECATED,
    NONE,
    Finding,
    Impact,
    Kind,
    Place,
)
from upsertgen.errors import Problem
from upsertgen.spec_text import SpecText

_KINDS = list(Kind)


class Origin(StrEnum):
    """Where a change shows: in the specs as published, as corrected by overlays, or in both."""

    BOTH = "both"
    PUBLISHED = "published"
    CORRECTED = "corrected"


@dataclass(frozen=True)
class Change:
    """One change, and every object type that it concerns.

    Attributes:
        finding: What differs; its impacts are what the change means after all.
        origin: Where it shows.
        object_types: The names of the object types, sorted.
    """

    finding: Finding
    origin: Origin
    object_types: tuple[str, ...]


class Presence(StrEnum):
    """Where an object type exists."""

    BOTH = "both"
    ADDED = "added"
    REMOVED = "removed"


@dataclass(frozen=True)
class Comparison:
    """Two API versions, and what differs.

    Attributes:
        old: The label of the older one; nothing when the version is new.
        new: The label of the newer one; nothing when the version is gone.
        object_types: Every object type of either, by name, sorted.
        changes: What differs, the weightiest first.
    """

    old: SpecText | None
    new: SpecText | None
    object_types: tuple[tuple[str, Presence], ...]
    changes: tuple[Change, ...]

    @property
    def common(self) -> tuple[str, ...]:
        """The object types that both have."""
        return tuple(name for name, presence in self.object_types if presence is Presence.BOTH)

    def of(self, object_type: str) -> tuple[Change, ...]:
        """Return the changes that concern one object type."""
        return tuple(change for change in self.changes if object_type in change.object_types)


@dataclass(frozen=True)
class Report:
    """Everything that a run of `upsertgen diff` found.

    Attributes:
        old: What is compared, as people call it.
        new: What it is compared with.
        comparisons: One for each pair of API versions.
        side_by_side: Whether the versions stand beside each other in one distribution; otherwise `new`
            replaces `old`.
        unread: Why specs as published could not be compared, where overlays are what makes them readable.
    """

    old: SpecText
    new: SpecText
    comparisons: tuple[Comparison, ...]
    side_by_side: bool
    unread: tuple[Problem, ...] = ()

    @property
    def changes(self) -> tuple[Change, ...]:
        """All changes of all comparisons."""
        return tuple(change for comparison in self.comparisons for change in comparison.changes)


def caller_impact(changes: Iterable[Change]) -> Impact:
    """Return what some changes mean to callers, taken together."""
    return max((change.finding.caller for change in changes), default=NONE)


def wire_impact(changes: Iterable[Change]) -> Impact:
    """Return what some changes mean to the wire, taken together."""
    return max((change.finding.wire for change in changes), default=NONE)


class Bump(StrEnum):
    """The part of a semantic version that changes."""

    MAJOR = "major"
    MINOR = "minor"
    PATCH = "patch"
    NONE = "none"


def replacing_bump(report: Report) -> Bump:
    """Return the bump of a distribution in which `new` takes the place of `old`."""
    if not report.changes:
        return Bump.NONE
    bumps = {BREAKING: Bump.MAJOR, DEPRECATED: Bump.MINOR, ADDITIVE: Bump.MINOR, NONE: Bump.PATCH}
    return bumps[caller_impact(report.changes)]


def suggested_bump(report: Report) -> Bump:
    """Return the bump that a distribution with `new` in it deserves.

    An API version that is added beside another one takes nothing from its callers, however much differs.
    """
    return Bump.MINOR if report.side_by_side else replacing_bump(report)


Found: TypeAlias = tuple[str, Finding]
"""An object type, and one thing that differs in it."""


def grouped(
    corrected: Iterable[Found],
    published: Iterable[Found],
    client: Iterable[Found],
    masks: Mapping[str, str],
) -> tuple[Change, ...]:
    """Return the changes, each once for all object types that share it, the weightiest first.

    Args:
        corrected: What differs between the specs as corrected by overlays: what the client is made of.
        published: What differs between the specs as published: what the API says of itself.
        client: What only the client has. It is asked for after the others.
        masks: The segment of its path that names an object type, where there is one: paths that differ
            in it alone count as one change.
    """
    merged = [*_merged(corrected, published), *((*found, Origin.CORRECTED) for found in client)]
    groups: dict[tuple[Finding, Origin], list[tuple[str, str | None]]] = defaultdict(list)
    for name, finding, origin in merged:
        key = _of_model(_masked(finding, masks.get(name)), None), origin
        groups[key].append((name, finding.place.model))
    rows: list[Change] = []
    for (finding, origin), members in groups.items():
        # Object types may have variants of a class, each of its own name.
        models = {model for _, model in members}
        model = next(iter(models)) if len(models) == 1 else None
        names = tuple(sorted({name for name, _ in members}))
        rows.append(Change(_of_model(finding, model), origin, names))
    return tuple(sorted(rows, key=_weight))


def _of_model(finding: Finding, model: str | None) -> Finding:
    return replace(finding, place=replace(finding.place, model=model))


def _weight(change: Change) -> tuple[object, ...]:
    finding, place = change.finding, change.finding.place
    texts = (place.path, finding.subject, finding.before, finding.after)
    return (
        -finding.caller,
        -finding.wire,
        _KINDS.index(finding.kind),
        place.part,
        place.operation or "",
        *("" if text is None else text.raw for text in texts),
        place.statuses,
        change.origin,
        change.object_types,
    )


def _merged(
    corrected: Iterable[Found], published: Iterable[Found]
) -> Iterator[tuple[str, Finding, Origin]]:
    """Yield what differs in either way, and in which."""
    seen, also_published = _by_identity(corrected), _by_identity(published)
    for identity, findings in seen.items():
        others = also_published.pop(identity, [])
        for index, finding in enumerate(findings):
            # The same place may be described in other words as published; it is one change all the same.
            told = finding.before, finding.after
            same = (one for one in others if (one.before, one.after) == told)
            other = next(same, others[min(index, len(others) - 1)] if others else None)
            if other is None:
                yield identity[0], replace(finding, wire=NONE), Origin.CORRECTED
                continue
            statuses = tuple(sorted({*finding.place.statuses, *other.place.statuses}))
            place = replace(finding.place, statuses=statuses)
            yield identity[0], replace(finding, wire=other.wire, place=place), Origin.BOTH
    for identity, findings in also_published.items():
        for finding in findings:
            # What means nothing to the wire is a matter of the client, which was made from the other.
            if finding.wire is not NONE:
                yield identity[0], replace(finding, caller=NONE), Origin.PUBLISHED


_Identity: TypeAlias = tuple[str, Kind, Place, SpecText | None]
"""What a finding is about: an object type, and the kind, place and subject of what differs in it."""


def _by_identity(found: Iterable[Found]) -> dict[_Identity, list[Finding]]:
    """Return findings by what they are about, with those that several responses share as one."""
    shared: dict[Found, list[Place]] = defaultdict(list)
    for name, finding in found:
        place = replace(finding.place, statuses=(), model=None)
        shared[name, replace(finding, place=place)].append(finding.place)
    findings: dict[_Identity, list[Finding]] = defaultdict(list)
    for (name, key), places in shared.items():
        statuses = tuple(sorted({status for one in places for status in one.statuses}))
        place = replace(places[0], statuses=statuses)
        findings[name, key.kind, key.place, key.subject].append(replace(key, place=place))
    return findings


def _masked(finding: Finding, segment: str | None) -> Finding:
    if finding.kind is not Kind.PATH_CHANGED or segment is None:
        return finding
    before, after = (
        one and SpecText("/".join("*" if part == segment else part for part in one.raw.split("/")))
        for one in (finding.before, finding.after)
    )
    return replace(finding, before=before, after=after)

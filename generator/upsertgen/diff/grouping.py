"""Findings of many object types, seen in two ways, to one row for each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from upsertgen.diff.changes import Change, Finding, Impact, Kind, Origin
from upsertgen.spec_text import SpecText

_KINDS = list(Kind)


@dataclass
class Seen:
    """The findings of one object type.

    Attributes:
        corrected: What differs between the specs as corrected by overlays: what the client is made of.
        published: What differs between the specs as published: what the API says of itself.
        client: What only the client has.
    """

    corrected: list[Finding] = field(default_factory=list)
    published: list[Finding] = field(default_factory=list)
    client: list[Finding] = field(default_factory=list)


def grouped(findings: Mapping[str, Seen], masks: Mapping[str, str]) -> tuple[Change, ...]:
    """Return the changes, each once for all object types that share it, the weightiest first.

    Args:
        findings: What was found, by object type.
        masks: The segment of its path that names an object type, where there is one: paths that differ
            in it alone count as one change.
    """
    groups: dict[tuple[Finding, Origin], list[str]] = defaultdict(list)
    models: dict[tuple[Finding, Origin], set[str | None]] = defaultdict(set)
    for name, seen in findings.items():
        changes = [*_merged(seen), *((one, Origin.CORRECTED) for one in seen.client)]
        for finding, origin in changes:
            key = _masked(replace(finding, model=None), masks.get(name)), origin
            groups[key].append(name)
            models[key].add(finding.model)
    rows: list[Change] = []
    for (finding, origin), names in groups.items():
        # Object types may have variants of a class, each of its own name.
        owners = models[finding, origin]
        model = next(iter(owners)) if len(owners) == 1 else None
        rows.append(Change(replace(finding, model=model), origin, tuple(sorted(set(names)))))
    return tuple(sorted(rows, key=_weight))


def _weight(change: Change) -> tuple[object, ...]:
    finding = change.finding
    texts = (finding.place, finding.subject, finding.before, finding.after)
    return (
        -finding.caller,
        -finding.wire,
        _KINDS.index(finding.kind),
        finding.part,
        finding.operation or "",
        *("" if text is None else text.raw for text in texts),
        finding.statuses,
        change.origin,
        change.object_types,
    )


def _merged(seen: Seen) -> list[tuple[Finding, Origin]]:
    """Return what differs in either way, and in which; what it means is told by both together.

    Callers see the specs as corrected, and the wire is what was published.
    """
    corrected, published = _by_identity(seen.corrected), _by_identity(seen.published)
    merged: list[tuple[Finding, Origin]] = []
    for identity, findings in corrected.items():
        others = published.pop(identity, [])
        for index, finding in enumerate(findings):
            # The same place may be described in other words as published; it is one change all the same.
            other = next((one for one in others if _details(one) == _details(finding)), None)
            other = other or (others[min(index, len(others) - 1)] if others else None)
            if other is None:
                merged.append((replace(finding, wire=Impact.NONE), Origin.CORRECTED))
                continue
            statuses = tuple(sorted({*finding.statuses, *other.statuses}))
            merged.append((replace(finding, wire=other.wire, statuses=statuses), Origin.BOTH))
    for findings in published.values():
        merged += [
            (replace(finding, caller=Impact.NONE), Origin.PUBLISHED)
            for finding in findings
            # What means nothing to the wire is a matter of the client, which was made from the other.
            if finding.wire is not Impact.NONE
        ]
    return merged


def _by_identity(findings: Iterable[Finding]) -> dict[tuple[object, ...], list[Finding]]:
    """Return findings by what they are about, with those that several responses share as one."""
    shared: dict[Finding, list[str]] = defaultdict(list)
    models: dict[Finding, str | None] = {}
    for finding in findings:
        key = replace(finding, statuses=(), model=None)
        shared[key] += finding.statuses
        models.setdefault(key, finding.model)
    found: dict[tuple[object, ...], list[Finding]] = defaultdict(list)
    for key, statuses in shared.items():
        about = (key.kind, key.operation, key.part, key.place, key.subject)
        found[about].append(replace(key, statuses=tuple(sorted(set(statuses))), model=models[key]))
    return found


def _details(finding: Finding) -> tuple[SpecText | None, SpecText | None]:
    return finding.before, finding.after


def _masked(finding: Finding, segment: str | None) -> Finding:
    if finding.kind is not Kind.PATH_CHANGED or segment is None:
        return finding
    return replace(
        finding,
        before=_without(finding.before, segment),
        after=_without(finding.after, segment),
    )


def _without(path: SpecText | None, segment: str) -> SpecText | None:
    if path is None:
        return None
    return SpecText("/".join("*" if one == segment else one for one in path.raw.split("/")))

"""The pages of how to move from one API version to another: the lines of code that change, and what else.

The lines are those of programs that the reference shows, once for each of the two versions: what differs in
them is shown as a diff. What else differs comes from the comparison of the specs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import SequenceMatcher
from typing import Any

from upsertgen.diff.findings import ADDITIVE, Finding, Kind, Part
from upsertgen.diff.report import Presence, caller_impact
from upsertgen.docs.changes import Changes, ChangeView, Linked
from upsertgen.docs.page import Page, Sources
from upsertgen.emit.bulk_methods import bulk_methods
from upsertgen.emit.encode import joined, raw
from upsertgen.emit.readme import Shown, example_arguments, example_of
from upsertgen.emit.sandbox import fixtures_of
from upsertgen.emit.security import client_security
from upsertgen.ir.tree import Operation, Parameter, Resource, Value, Version

MOVING = "moving"
"""The folder of these pages."""
_SENT = frozenset((Part.REQUEST, Part.PARAMETERS, Part.CLIENT))
_NAMES = frozenset(
    (
        Kind.OBJECT_TYPE_RENAMED,
        Kind.METHOD_RENAMED,
        Kind.METHOD_ADDED,
        Kind.METHOD_REMOVED,
        Kind.BULK_METHOD_RENAMED,
        Kind.BULK_METHOD_ADDED,
        Kind.BULK_METHOD_REMOVED,
        Kind.PYTHON_NAME_CHANGED,
        Kind.CLASS_ADDED,
        Kind.CLASS_REMOVED,
        Kind.CLASS_CHANGED,
    )
)
_ADDRESSES = frozenset(
    (Kind.PATH_CHANGED, Kind.SERVER_CHANGED, Kind.HTTP_METHOD_CHANGED, Kind.SECURITY_CHANGED)
)
_LIFECYCLE = frozenset((Kind.OBJECT_TYPE_ADDED, Kind.OBJECT_TYPE_REMOVED))
_HEADINGS = (
    "Names that differ",
    "Arguments, and what is sent",
    "What comes back",
    "Addresses, scopes and tokens",
    "What else differs",
)


@dataclass(frozen=True)
class Lines:
    """Lines of a program, a test or a shell, of which some change.

    Attributes:
        title: What they do.
        lines: The lines, each behind `-`, `+` or a space.
    """

    title: str
    lines: tuple[str, ...]


def moving_path(old: Version, new: Version) -> str:
    """Return the path of the page of how to move from one version to another."""
    return f"{MOVING}/{old.package}-to-{new.package}.md"


def moving_page(sources: Sources, changes: Changes) -> Page:
    """Return the page of how to move from one version to another.

    Args:
        sources: What pages are made from.
        changes: What differs between the two.
    """
    old, new = changes.old, changes.new
    path = moving_path(old, new)
    seen = Changes(old, new, changes.comparison, path)
    tables: dict[str, list[ChangeView]] = {one: [] for one in _HEADINGS}
    for view in seen.views:
        if view.row.finding.kind not in _LIFECYCLE:
            tables[_heading(view.row.finding)].append(view)
    unchanged, same_code = _unchanged(seen)
    context = {
        "old": old,
        "new": new,
        "lines": list(_lines(sources, changes)),
        "gone": seen.present(Presence.REMOVED),
        "come": seen.present(Presence.ADDED),
        "tables": [(heading, views) for heading, views in tables.items() if views],
        "is_safe": len(unchanged) + len(same_code) == len(changes.comparison.object_types),
        "unchanged": unchanged,
        "same_code": same_code,
        "all_unchanged": len(unchanged) == len(changes.comparison.object_types),
    }
    title = joined("Moving from ", old.label, " to ", new.label)
    return sources.page(path, title, "moving.md.jinja", context)


def _heading(finding: Finding) -> str:
    """Return under which heading a change stands."""
    if finding.kind in _NAMES:
        return _HEADINGS[0]
    if finding.kind in _ADDRESSES:
        return _HEADINGS[3]
    if finding.place.part in _SENT:
        return _HEADINGS[1]
    return _HEADINGS[2] if finding.place.part in (Part.RESPONSE, Part.ERROR) else _HEADINGS[4]


def _unchanged(changes: Changes) -> tuple[tuple[Linked, ...], tuple[Linked, ...]]:
    """Return the object types of which nothing differs, and those whose callers need change nothing."""
    nothing: list[str] = []
    same_code: list[str] = []
    for name in changes.comparison.common:
        found = [one.row.change for one in changes.views if name in one.row.names]
        if not found:
            nothing.append(name)
        elif caller_impact(found) <= ADDITIVE:
            same_code.append(name)
    return changes.linked(nothing), changes.linked(same_code)


def _lines(sources: Sources, changes: Changes) -> Iterator[Lines]:
    pair = _pair(sources, changes)
    contexts: list[Mapping[str, Any]] = []
    for version, shown in zip((changes.old, changes.new), pair or (None, None), strict=True):
        contexts.append(_context(sources, version, shown))
    kinds = [("imports", "Imports")]
    if pair is not None:
        kinds.append(("call", "A call"))
        if all(one["bulk"] for one in contexts):
            kinds += [("bulk", "Any number of records"), ("command", "The command line")]
    if f"{sources.settings.package}/testing.py" in sources.files:
        kinds.append(("fixture", "A test with pytest"))
    for kind, title in kinds:
        before, after = (
            sources.templates.render("docs/moving_lines.txt.jinja", {**one, "kind": kind})
            for one in contexts
        )
        yield Lines(title, tuple(_diff(before.strip("\n"), after.strip("\n"))))


def _diff(old: str, new: str) -> Iterator[str]:
    """Yield all lines of two texts, each behind what tells in which of them it is."""
    before, after = old.split("\n"), new.split("\n")
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    for tag, start, end, first, last in matcher.get_opcodes():
        if tag == "equal":
            yield from (f" {line}" for line in before[start:end])
        else:
            yield from (f"-{line}" for line in before[start:end])
            yield from (f"+{line}" for line in after[first:last])


def _context(sources: Sources, version: Version, shown: Shown | None) -> Mapping[str, Any]:
    settings, api = sources.settings, sources.api
    context: dict[str, Any] = {
        "settings": settings,
        "version": version,
        "fixture": fixtures_of(api.versions, settings.package)[0].of(version).sync,
        "example": None,
        "bulk": None,
    }
    if shown is None:
        return context
    methods = bulk_methods(version.package, shown.resource, api, sources.aliases)
    example = example_of(api, shown, lambda _version, _resource: methods)
    token = client_security(version).example(settings.package, shown.operation)
    bulk = methods.get(shown.operation.name)
    whole = {"resource": shown.resource, "operation": shown.operation, "example": example}
    return {**context, **whole, "token": token, "bulk": bulk if example.bulk else None}


def _pair(sources: Sources, changes: Changes) -> tuple[Shown, Shown] | None:
    """Return what is shown: an operation of each version; nothing if none has an example in both."""
    older = {one.name: one for one in changes.old.resources}
    newer = {one.name: one for one in changes.new.resources}
    example = sources.settings.example
    found: list[tuple[tuple[bool, bool, bool], tuple[Shown, Shown]]] = []
    for name in changes.comparison.common:
        resource = older[_earlier(changes, name, Kind.OBJECT_TYPE_RENAMED, name)]
        operations = {one.name: one for one in resource.operations}
        for operation in newer[name].operations:
            called = _earlier(changes, name, Kind.METHOD_RENAMED, operation.name)
            if called not in operations:
                continue
            before, after = (resource, operations[called]), (newer[name], operation)
            pair = _shown_pair(sources, changes, before, after)
            if pair is not None:
                rank = (name != example, operation.upsert is None, not operation.example)
                found.append((rank, pair))
    return min(found, key=lambda one: one[0])[1] if found else None


def _earlier(changes: Changes, object_type: str, kind: Kind, name: str) -> str:
    """Return what the older version calls something of an object type."""
    renames = (one.finding for one in changes.comparison.of(object_type))
    earlier = {
        raw(one.after): raw(one.before)
        for one in renames
        if one.kind is kind and one.before is not None and one.after is not None
    }
    return earlier.get(name, name)


def _shown_pair(
    sources: Sources,
    changes: Changes,
    old: tuple[Resource, Operation],
    new: tuple[Resource, Operation],
) -> tuple[Shown, Shown] | None:
    before, after = (example_arguments(sources.api, one) for _, one in (old, new))
    if before is None or after is None:
        return None
    # Examples of specs may differ in values that are as good in either version.
    differ = any(
        one.finding.place.operation == new[1].name and one.finding.place.part in _SENT
        for one in changes.comparison.of(new[0].name)
    )
    if not differ:
        after = _with_values(after, before)
    return Shown(changes.old, *old, before), Shown(changes.new, *new, after)


def _with_values(
    arguments: tuple[tuple[Parameter, Value], ...], others: tuple[tuple[Parameter, Value], ...]
) -> tuple[tuple[Parameter, Value], ...]:
    """Return arguments with the values that other ones have, if they are the same ones."""
    values = {one.name: value for one, value in others}
    if {one.name for one, _ in arguments} != values.keys():
        return arguments
    # In the order of the others, too.
    parameters = {one.name: one for one, _ in arguments}
    return tuple((parameters[name], value) for name, value in values.items())

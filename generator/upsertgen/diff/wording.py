"""A change in words: phrases in which text from specs stays marked as such, for each format to encode."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from upsertgen.diff.changes import (
    Bump,
    Change,
    Comparison,
    Finding,
    Impact,
    Kind,
    Origin,
    Part,
    Phrase,
    Presence,
    Report,
    replacing_bump,
    suggested_bump,
)
from upsertgen.spec_text import SpecText

_TOKEN = re.compile(r"{(place|subject|where)}")
_EXCEPTIONS = 3
_FEW = 8

HEADLINES: dict[Kind, str] = {
    Kind.VERSION_ADDED: "API version added",
    Kind.VERSION_REMOVED: "API version removed",
    Kind.OBJECT_TYPE_ADDED: "Object type added",
    Kind.OBJECT_TYPE_REMOVED: "Object type removed",
    Kind.OBJECT_TYPE_RENAMED: "Object type renamed",
    Kind.METHOD_ADDED: "Method added",
    Kind.METHOD_REMOVED: "Method removed",
    Kind.METHOD_RENAMED: "Method renamed",
    Kind.HTTP_METHOD_CHANGED: "HTTP method changed",
    Kind.PATH_CHANGED: "Path changed",
    Kind.SERVER_CHANGED: "Server changed",
    Kind.SECURITY_CHANGED: "Security changed",
    Kind.PARAMETER_ADDED: "Parameter {place} added",
    Kind.PARAMETER_REMOVED: "Parameter {place} removed",
    Kind.PARAMETER_MOVED: "Parameter {place} moved",
    Kind.PARAMETER_LIST_STYLE_CHANGED: "Parameter {place}: its lists are sent in another way",
    Kind.BODY_ADDED: "{where} has a body now",
    Kind.BODY_REMOVED: "{where} has no body any more",
    Kind.BODY_REQUIRED: "The body of the request is required now",
    Kind.BODY_OPTIONAL: "The body of the request is optional now",
    Kind.BODY_ARGUMENTS_CHANGED: "The body of the request is passed in another way",
    Kind.MEDIA_TYPE_CHANGED: "Media type of the request changed",
    Kind.RESPONSE_ADDED: "Response {place} added",
    Kind.RESPONSE_REMOVED: "Response {place} removed",
    Kind.FIELD_ADDED: "{where}: field {place} added",
    Kind.FIELD_REMOVED: "{where}: field {place} removed",
    Kind.FIELD_REQUIRED: "{where}: {place} is required now",
    Kind.FIELD_OPTIONAL: "{where}: {place} is optional now",
    Kind.TYPE_CHANGED: "{where}: type of {place} changed",
    Kind.FORMAT_CHANGED: "{where}: format of {place} changed",
    Kind.NULL_ADDED: "{where}: {place} may be null now",
    Kind.NULL_REMOVED: "{where}: {place} is never null any more",
    Kind.ENUM_VALUE_ADDED: "{where}: value {subject} of {place} added",
    Kind.ENUM_VALUE_REMOVED: "{where}: value {subject} of {place} removed",
    Kind.ALTERNATIVE_ADDED: "{where}: {place} may be {subject} now",
    Kind.ALTERNATIVE_REMOVED: "{where}: {place} is never {subject} any more",
    Kind.DEFAULT_CHANGED: "{where}: default of {place} changed",
    Kind.CONSTRAINT_CHANGED: "{where}: {subject} of {place} changed",
    Kind.OTHER_FIELDS_ALLOWED: "{where}: {place} may have other fields now",
    Kind.OTHER_FIELDS_REFUSED: "{where}: {place} may have no other fields any more",
    Kind.PYTHON_NAME_CHANGED: "{where}: {place} has another name in Python",
    Kind.CLASS_ADDED: "Class {subject} added to the models",
    Kind.CLASS_REMOVED: "Class {subject} removed from the models",
    Kind.CLASS_CHANGED: "Class {subject} of the models stands for another body",
    Kind.UPSERT_CHANGED: "x-upsert: {subject} changed",
    Kind.ERROR_CLASS_CHANGED: "Exception for {place} changed",
    Kind.RETRY_CHANGED: "Retry of {place} changed",
    Kind.RETRY_DELAY_CHANGED: "Delay before a retry changed: {place}",
    Kind.ERROR_FIELD_CHANGED: "Field of errors changed: {place}",
    Kind.RATE_LIMIT_HEADER_CHANGED: "Rate-limit header changed: {place}",
    Kind.OVERLAY_ADDED: "Overlay {place} applies now",
    Kind.OVERLAY_REMOVED: "Overlay {place} no longer applies",
}
"""What each kind of change is called."""

OVERLAYS = frozenset((Kind.OVERLAY_ADDED, Kind.OVERLAY_REMOVED))
"""The kinds of changes whose detail is prose."""

_OF_CLIENT = frozenset(
    (
        Kind.CLASS_ADDED,
        Kind.CLASS_REMOVED,
        Kind.CLASS_CHANGED,
        Kind.PYTHON_NAME_CHANGED,
        Kind.METHOD_RENAMED,
        Kind.OBJECT_TYPE_RENAMED,
        Kind.BODY_ARGUMENTS_CHANGED,
        Kind.UPSERT_CHANGED,
        Kind.ERROR_CLASS_CHANGED,
        Kind.RETRY_CHANGED,
        Kind.RETRY_DELAY_CHANGED,
        Kind.ERROR_FIELD_CHANGED,
        Kind.RATE_LIMIT_HEADER_CHANGED,
    )
)

UNCHANGED_CLIENT = "The spec changed, the emitted client does not."
_ADAPTED_CLIENT = "The emitted client does what is needed; its callers change nothing."
_ONLY_CORRECTED = "The overlays changed this, not the published spec."


def headline(finding: Finding) -> Phrase:
    """Return what changed, without from what to what."""
    texts: dict[str, str | SpecText] = {
        "where": _where(finding),
        "place": finding.place if finding.place.raw else "the body",
        "subject": finding.subject or "the extension",
    }
    parts = _TOKEN.split(HEADLINES[finding.kind])
    return tuple(texts[part] if index % 2 else part for index, part in enumerate(parts) if part)


def _where(finding: Finding) -> str:
    match finding.part:
        case Part.REQUEST:
            return "Request"
        case Part.RESPONSE:
            statuses = " and ".join(finding.statuses)
            return f"Response {statuses}".rstrip()
        case Part.ERROR:
            return "Error body"
        case _:
            return "Parameter"


def detail(finding: Finding) -> Phrase:
    """Return from what to what it changed; nothing when there is no more to say."""
    if finding.kind in OVERLAYS:
        return (finding.subject,) if finding.subject else ()
    if finding.before is not None and finding.after is not None:
        return (finding.before, " → ", finding.after)
    if finding.after is not None:
        return (finding.after,)
    return ("was ", finding.before) if finding.before is not None else ()


def notes(change: Change) -> tuple[str, ...]:
    """Return what else there is to say about a change: whose change it is, and where it is found."""
    finding = change.finding
    said: list[str] = []
    if finding.model is not None:
        said.append(f"In the class {finding.model}.")
    if change.origin is Origin.PUBLISHED:
        said.append(UNCHANGED_CLIENT)
    elif change.origin is Origin.CORRECTED and finding.kind not in _OF_CLIENT | OVERLAYS:
        said.append(_ONLY_CORRECTED)
    elif change.origin is Origin.BOTH and finding.caller is Impact.NONE < finding.wire:
        said.append(_ADAPTED_CLIENT)
    return tuple(said)


def affected(change: Change, comparison: Comparison) -> str:
    """Return which object types a change concerns."""
    return nearly_all(change, comparison) or ", ".join(change.object_types)


def nearly_all(change: Change, comparison: Comparison) -> str | None:
    """Return which object types a change concerns, in few words; nothing when they have to be listed."""
    names, common = set(change.object_types), set(comparison.common)
    missing = sorted(common - names)
    if not names <= common or len(common) <= _FEW or len(missing) > _EXCEPTIONS:
        return None
    exceptions = f": all but {', '.join(missing)}" if missing else ""
    return f"{'' if missing else 'all '}{len(names)} object types{exceptions}"


def is_long(change: Change) -> bool:
    """Return whether a change concerns more object types than one wants to read about."""
    return len(change.object_types) > _FEW


def title(comparison: Comparison) -> Phrase:
    """Return what a comparison compares."""
    if comparison.old is None:
        return (comparison.new or "", " is new")
    if comparison.new is None:
        return (comparison.old, " is gone")
    if comparison.old == comparison.new:
        return (comparison.new,)
    return (comparison.old, " → ", comparison.new)


def methods(comparison: Comparison) -> bool:
    """Return whether changes concern more than one method, so that each has to be named."""
    return len({one.finding.operation for one in comparison.changes} - {None}) > 1


def counted(changes: tuple[Change, ...]) -> tuple[str, str]:
    """Return how many changes break and add something, for callers and for the wire."""
    return (
        _counts(Counter(change.finding.caller for change in changes)),
        _counts(Counter(change.finding.wire for change in changes)),
    )


def _counts(counts: Counter[Impact]) -> str:
    told = [
        f"{counts[one]} {one.word}" for one in (Impact.BREAKING, Impact.ADDITIVE) if counts[one]
    ]
    return ", ".join(told) or "nothing changes"


def presence(comparison: Comparison) -> str:
    """Return how many object types there are, came and went."""
    counts = Counter(one for _, one in comparison.object_types)
    words = {Presence.BOTH: "in both", Presence.ADDED: "added", Presence.REMOVED: "removed"}
    told = [f"{counts[one]} {word}" for one, word in words.items() if counts[one]]
    return f"{_number(sum(counts.values()), 'object type')}: {', '.join(told)}"


def _number(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def bump_reason(report: Report) -> Phrase:
    """Return why the suggested bump is what it is."""
    bump, replacing = suggested_bump(report), replacing_bump(report)
    if report.side_by_side:
        beside = ("a version that is added beside others takes nothing from their callers",)
        if replacing is Bump.MAJOR:
            return (*beside, "; ", Bump.MAJOR.value, " once ", report.old, " is removed")
        return beside
    return (
        {
            Bump.MAJOR: "something breaks for callers",
            Bump.MINOR: "callers get something new, and nothing breaks for them",
            Bump.PATCH: "something changed, but nothing for callers",
            Bump.NONE: "nothing that is compared differs",
        }[bump],
    )


def cautions(report: Report) -> Iterator[str]:
    """Yield what a reader has to know about how far the report can be trusted."""
    if report.unread:
        yield (
            "The specs cannot be read without their overlays, so the wire is judged by the corrected "
            f"specs, too: {report.unread[0]}"
        )

"""What a comparison finds: changes, each classed for the caller of the client and for the wire."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TypeAlias

from upsertgen.errors import Problem
from upsertgen.spec_text import SpecText

Phrase: TypeAlias = tuple[str | SpecText, ...]
"""Words of ours, and between them text from a spec, which each format encodes in its own way."""


class Impact(IntEnum):
    """What a change means to somebody; of two impacts the greater one counts."""

    NONE = 0
    ADDITIVE = 1
    BREAKING = 2

    @property
    def word(self) -> str:
        """The impact as reports call it."""
        return self.name.lower()


class Origin(StrEnum):
    """Where a change shows: in the specs as published, as corrected by overlays, or in both."""

    BOTH = "both"
    PUBLISHED = "published"
    CORRECTED = "corrected"


class Part(StrEnum):
    """The part of an operation that a change concerns."""

    OPERATION = "operation"
    PARAMETERS = "parameters"
    REQUEST = "request"
    RESPONSE = "response"
    ERROR = "error"
    CLIENT = "client"


class Kind(StrEnum):
    """The kinds of changes, in the order in which reports list changes of the same weight."""

    VERSION_ADDED = "version-added"
    VERSION_REMOVED = "version-removed"
    OBJECT_TYPE_ADDED = "object-type-added"
    OBJECT_TYPE_REMOVED = "object-type-removed"
    OBJECT_TYPE_RENAMED = "object-type-renamed"
    METHOD_ADDED = "method-added"
    METHOD_REMOVED = "method-removed"
    METHOD_RENAMED = "method-renamed"
    HTTP_METHOD_CHANGED = "http-method-changed"
    PATH_CHANGED = "path-changed"
    SERVER_CHANGED = "server-changed"
    SECURITY_CHANGED = "security-changed"
    PARAMETER_ADDED = "parameter-added"
    PARAMETER_REMOVED = "parameter-removed"
    PARAMETER_MOVED = "parameter-moved"
    PARAMETER_LIST_STYLE_CHANGED = "parameter-list-style-changed"
    BODY_ADDED = "body-added"
    BODY_REMOVED = "body-removed"
    BODY_REQUIRED = "body-required"
    BODY_OPTIONAL = "body-optional"
    BODY_ARGUMENTS_CHANGED = "body-arguments-changed"
    MEDIA_TYPE_CHANGED = "media-type-changed"
    RESPONSE_ADDED = "response-added"
    RESPONSE_REMOVED = "response-removed"
    FIELD_ADDED = "field-added"
    FIELD_REMOVED = "field-removed"
    FIELD_REQUIRED = "field-required"
    FIELD_OPTIONAL = "field-optional"
    TYPE_CHANGED = "type-changed"
    FORMAT_CHANGED = "format-changed"
    NULL_ADDED = "null-added"
    NULL_REMOVED = "null-removed"
    ENUM_VALUE_ADDED = "enum-value-added"
    ENUM_VALUE_REMOVED = "enum-value-removed"
    ALTERNATIVE_ADDED = "alternative-added"
    ALTERNATIVE_REMOVED = "alternative-removed"
    DEFAULT_CHANGED = "default-changed"
    CONSTRAINT_CHANGED = "constraint-changed"
    OTHER_FIELDS_ALLOWED = "other-fields-allowed"
    OTHER_FIELDS_REFUSED = "other-fields-refused"
    PYTHON_NAME_CHANGED = "python-name-changed"
    CLASS_ADDED = "class-added"
    CLASS_REMOVED = "class-removed"
    CLASS_CHANGED = "class-changed"
    UPSERT_CHANGED = "upsert-changed"
    ERROR_CLASS_CHANGED = "error-class-changed"
    RETRY_CHANGED = "retry-changed"
    RETRY_DELAY_CHANGED = "retry-delay-changed"
    ERROR_FIELD_CHANGED = "error-field-changed"
    RATE_LIMIT_HEADER_CHANGED = "rate-limit-header-changed"
    OVERLAY_ADDED = "overlay-added"
    OVERLAY_REMOVED = "overlay-removed"


@dataclass(frozen=True)
class Finding:
    """One thing that differs between two specs of one object type, seen in one of the two ways.

    Attributes:
        kind: What kind of change it is.
        operation: The name of the method, or nothing when it concerns the object type.
        part: The part of the operation.
        place: What in that part: the path of a field, the name of a parameter, a status.
        subject: What of it, where there may be several: an enum value, a constraint.
        before: What it was.
        after: What it is.
        caller: What it means to callers of the client.
        wire: What it means to whoever speaks HTTP with the API.
        statuses: The responses that it concerns.
        model: The class that has the field.
    """

    kind: Kind
    operation: str | None
    part: Part
    place: SpecText
    subject: SpecText | None
    before: SpecText | None
    after: SpecText | None
    caller: Impact
    wire: Impact
    statuses: tuple[str, ...] = ()
    model: str | None = None


_NOTHING = SpecText("")


def about_object_type(
    kind: Kind,
    caller: Impact,
    wire: Impact | None = None,
    *,
    operation: str | None = None,
    place: SpecText = _NOTHING,
    subject: SpecText | None = None,
    before: SpecText | None = None,
    after: SpecText | None = None,
) -> Finding:
    """Return a finding about an object type as a whole, or about one of its methods."""
    wire = caller if wire is None else wire
    return Finding(kind, operation, Part.OPERATION, place, subject, before, after, caller, wire)


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


def caller_impact(changes: tuple[Change, ...]) -> Impact:
    """Return what some changes mean to callers, taken together."""
    return max((change.finding.caller for change in changes), default=Impact.NONE)


def wire_impact(changes: tuple[Change, ...]) -> Impact:
    """Return what some changes mean to the wire, taken together."""
    return max((change.finding.wire for change in changes), default=Impact.NONE)


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
    return {Impact.BREAKING: Bump.MAJOR, Impact.ADDITIVE: Bump.MINOR}.get(
        caller_impact(report.changes), Bump.PATCH
    )


def suggested_bump(report: Report) -> Bump:
    """Return the bump that a distribution with `new` in it deserves.

    An API version that is added beside another one takes nothing from its callers, however much differs.
    """
    return Bump.MINOR if report.side_by_side else replacing_bump(report)

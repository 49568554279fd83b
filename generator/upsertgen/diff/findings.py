"""Findings: what differs at one place of two specs, and what that means to the caller and to the wire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum, StrEnum
from typing import Self, TypeAlias

from upsertgen.ir.tree import Direction
from upsertgen.spec_text import SpecText


class Impact(IntEnum):
    """What a change means to somebody; of two impacts the greater one counts."""

    NONE = 0
    ADDITIVE = 1
    DEPRECATED = 2
    BREAKING = 3

    @property
    def word(self) -> str:
        """The impact as reports call it."""
        return self.name.lower()


NONE, ADDITIVE, DEPRECATED, BREAKING = Impact


class Part(StrEnum):
    """The part of an operation that a change concerns."""

    OPERATION = "operation"
    PARAMETERS = "parameters"
    REQUEST = "request"
    RESPONSE = "response"
    ERROR = "error"
    CLIENT = "client"

    @property
    def direction(self) -> Direction:
        """Whether its values are sent or received."""
        return Direction.RESPONSE if self in (Part.RESPONSE, Part.ERROR) else Direction.REQUEST


class Kind(StrEnum):
    """The kinds of changes, in the order in which reports list changes of the same weight.

    Attributes:
        headline: What reports call it: `{place}` and `{subject}` are those of the finding, and `{where}`
            is its part.
        is_of_client: Whether only the client can differ so, which is made from specs as corrected.
    """

    headline: str
    is_of_client: bool

    def __new__(cls, value: str, headline: str, is_of_client: bool = False) -> Self:  # noqa: D102
        kind = str.__new__(cls, value)
        kind._value_ = value
        kind.headline = headline
        kind.is_of_client = is_of_client
        return kind

    VERSION_ADDED = "version-added", "API version added"
    VERSION_REMOVED = "version-removed", "API version removed"
    OBJECT_TYPE_ADDED = "object-type-added", "Object type added"
    OBJECT_TYPE_REMOVED = "object-type-removed", "Object type removed"
    OBJECT_TYPE_RENAMED = "object-type-renamed", "Object type renamed", True
    METHOD_ADDED = "method-added", "Method added"
    METHOD_REMOVED = "method-removed", "Method removed"
    METHOD_RENAMED = "method-renamed", "Method renamed", True
    METHOD_DEPRECATED = "method-deprecated", "Method is deprecated now"
    METHOD_UNDEPRECATED = "method-undeprecated", "Method is no longer deprecated"
    BULK_METHOD_ADDED = "bulk-method-added", "Method {subject} added", True
    BULK_METHOD_REMOVED = "bulk-method-removed", "Method {subject} removed", True
    BULK_METHOD_RENAMED = "bulk-method-renamed", "Method for many records renamed", True
    BULK_PARAMETERS_CHANGED = (
        "bulk-parameters-changed",
        "Parameters of {subject} changed",
        True,
    )
    HTTP_METHOD_CHANGED = "http-method-changed", "HTTP method changed"
    PATH_CHANGED = "path-changed", "Path changed"
    SERVER_CHANGED = "server-changed", "Server changed"
    SECURITY_CHANGED = "security-changed", "Security changed"
    PARAMETER_ADDED = "parameter-added", "Parameter {place} added"
    PARAMETER_REMOVED = "parameter-removed", "Parameter {place} removed"
    PARAMETER_MOVED = "parameter-moved", "Parameter {place} moved"
    CONSTANT_CHANGED = "constant-changed", "Constant parameter {place} changed"
    PARAMETER_LIST_STYLE_CHANGED = (
        "parameter-list-style-changed",
        "Parameter {place}: its lists are sent in another way",
    )
    PARAMETER_DEPRECATED = "parameter-deprecated", "Parameter {place} is deprecated now"
    PARAMETER_UNDEPRECATED = "parameter-undeprecated", "Parameter {place} is no longer deprecated"
    BODY_ADDED = "body-added", "{where} has a body now"
    BODY_REMOVED = "body-removed", "{where} has no body any more"
    BODY_REQUIRED = "body-required", "The body of the request is required now"
    BODY_OPTIONAL = "body-optional", "The body of the request is optional now"
    BODY_ARGUMENTS_CHANGED = (
        "body-arguments-changed",
        "The body of the request is passed in another way",
        True,
    )
    MEDIA_TYPE_CHANGED = "media-type-changed", "Media type of the request changed"
    ACCEPT_CHANGED = "accept-changed", "Media types of answers changed"
    RESPONSE_ADDED = "response-added", "Response {place} added"
    RESPONSE_REMOVED = "response-removed", "Response {place} removed"
    FIELD_ADDED = "field-added", "{where}: field {place} added"
    FIELD_REMOVED = "field-removed", "{where}: field {place} removed"
    FIELD_DEPRECATED = "field-deprecated", "{where}: field {place} is deprecated now"
    FIELD_UNDEPRECATED = "field-undeprecated", "{where}: field {place} is no longer deprecated"
    SCHEMA_DEPRECATED = "schema-deprecated", "{where}: the schema of {place} is deprecated now"
    SCHEMA_UNDEPRECATED = (
        "schema-undeprecated",
        "{where}: the schema of {place} is no longer deprecated",
    )
    FIELD_REQUIRED = "field-required", "{where}: {place} is required now"
    FIELD_OPTIONAL = "field-optional", "{where}: {place} is optional now"
    TYPE_CHANGED = "type-changed", "{where}: type of {place} changed"
    FORMAT_CHANGED = "format-changed", "{where}: format of {place} changed"
    NULL_ADDED = "null-added", "{where}: {place} may be null now"
    NULL_REMOVED = "null-removed", "{where}: {place} is never null any more"
    ENUM_VALUE_ADDED = "enum-value-added", "{where}: value {subject} of {place} added"
    ENUM_VALUE_REMOVED = "enum-value-removed", "{where}: value {subject} of {place} removed"
    ALTERNATIVE_ADDED = "alternative-added", "{where}: {place} may be {subject} now"
    ALTERNATIVE_REMOVED = "alternative-removed", "{where}: {place} is never {subject} any more"
    DEFAULT_CHANGED = "default-changed", "{where}: default of {place} changed"
    CONSTRAINT_CHANGED = "constraint-changed", "{where}: {subject} of {place} changed"
    OTHER_FIELDS_ALLOWED = "other-fields-allowed", "{where}: {place} may have other fields now"
    OTHER_FIELDS_REFUSED = (
        "other-fields-refused",
        "{where}: {place} may have no other fields any more",
    )
    PYTHON_NAME_CHANGED = (
        "python-name-changed",
        "{where}: {place} has another name in Python",
        True,
    )
    CLASS_ADDED = "class-added", "Class {subject} added to the models", True
    CLASS_REMOVED = "class-removed", "Class {subject} removed from the models", True
    CLASS_CHANGED = "class-changed", "Class {subject} of the models stands for another body", True
    UPSERT_CHANGED = "upsert-changed", "x-upsert: {subject} changed", True
    PROPERTY_QUERY_CHANGED = "property-query-changed", "x-properties: {subject} changed", True
    ERROR_CLASS_CHANGED = "error-class-changed", "Exception for {place} changed", True
    RETRY_CHANGED = "retry-changed", "Retry of {place} changed", True
    RETRY_DELAY_CHANGED = "retry-delay-changed", "Delay before a retry changed: {place}", True
    ERROR_FIELD_CHANGED = "error-field-changed", "Field of errors changed: {place}", True
    RATE_LIMIT_HEADER_CHANGED = (
        "rate-limit-header-changed",
        "Rate-limit header changed: {place}",
        True,
    )
    OVERLAY_ADDED = "overlay-added", "Overlay {place} applies now"
    OVERLAY_REMOVED = "overlay-removed", "Overlay {place} no longer applies"


OVERLAYS = frozenset((Kind.OVERLAY_ADDED, Kind.OVERLAY_REMOVED))
"""The kinds of changes that concern who makes the client; what they are about is prose."""

_WHOLE = SpecText("")

Told: TypeAlias = SpecText | str | None
"""Something that a finding tells; a name of ours is told as text from a spec is."""


@dataclass(frozen=True)
class Place:
    """Where in an object type something differs.

    Attributes:
        operation: The name of the method, or nothing when it concerns the object type.
        part: The part of the operation.
        path: What in that part: the path of a field (names joined with `.`, `[]` for the items of a list,
            `{}` for the values of a map), the name of a parameter, a status.
        statuses: The responses that it belongs to.
        model: The class that has the field.
    """

    operation: str | None = None
    part: Part = Part.OPERATION
    path: SpecText = _WHOLE
    statuses: tuple[str, ...] = ()
    model: str | None = None

    def field(self, name: SpecText, model: str) -> Place:
        """Return the place of a field of the body that is here."""
        path = f"{self.path.raw}.{name.raw}".lstrip(".")
        return replace(self, path=SpecText(path), model=model)

    def inner(self, mark: str) -> Place:
        """Return the place of the items or values of what is here."""
        return replace(self, path=SpecText(f"{self.path.raw}{mark}"))

    def effect(self, *, wider: bool) -> Impact:
        """Return what it means that the values here become wider, or narrower.

        What is sent may become wider, and what is received narrower, without breaking anybody.
        """
        return ADDITIVE if (self.part.direction is Direction.REQUEST) == wider else BREAKING

    def finding(
        self,
        kind: Kind,
        caller: Impact,
        wire: Impact | None = None,
        *,
        subject: Told = None,
        before: Told = None,
        after: Told = None,
    ) -> Finding:
        """Return a finding at this place, which means the same to the wire unless that is told."""
        wire = caller if wire is None else wire
        return Finding(kind, self, _text(subject), _text(before), _text(after), caller, wire)

    def changed(
        self,
        kind: Kind,
        old: Told,
        new: Told,
        caller: Impact,
        wire: Impact | None = None,
        *,
        subject: Told = None,
    ) -> Iterator[Finding]:
        """Yield that something here has changed, if it has."""
        if old != new:
            yield self.finding(kind, caller, wire, subject=subject, before=old, after=new)

    def required(
        self,
        old: bool,
        new: bool,
        kinds: tuple[Kind, Kind] = (Kind.FIELD_OPTIONAL, Kind.FIELD_REQUIRED),
    ) -> Iterator[Finding]:
        """Yield that what is here became optional, or required, if it has: of two kinds, 0 or 1."""
        if old != new:
            yield self.finding(kinds[new], self.effect(wider=old))

    def deprecated(
        self,
        old: bool,
        new: bool,
        kinds: tuple[Kind, Kind] = (Kind.FIELD_UNDEPRECATED, Kind.FIELD_DEPRECATED),
    ) -> Iterator[Finding]:
        """Yield that what is here is no longer deprecated, or is now, if so: of two kinds, 0 or 1."""
        if old != new:
            yield self.finding(kinds[new], DEPRECATED if new else ADDITIVE)


@dataclass(frozen=True)
class Finding:
    """One thing that differs between two specs of one object type, seen in one of the two ways.

    Attributes:
        kind: What kind of change it is.
        place: Where it is.
        subject: What of it, where there may be several: an enum value, a constraint.
        before: What it was.
        after: What it is.
        caller: What it means to callers of the client.
        wire: What it means to whoever speaks HTTP with the API.
    """

    kind: Kind
    place: Place
    subject: SpecText | None
    before: SpecText | None
    after: SpecText | None
    caller: Impact
    wire: Impact


def _text(told: Told) -> SpecText | None:
    return SpecText(told) if isinstance(told, str) else told

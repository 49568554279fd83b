"""The report as JSON, for programs, and the JSON Schema that says what it looks like."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any, TypeAlias

from upsertgen.diff.findings import Impact, Kind, Part
from upsertgen.diff.phrases import Row, cautions, section_of
from upsertgen.diff.report import (
    Bump,
    Comparison,
    Origin,
    Presence,
    Report,
    caller_impact,
    replacing_bump,
    suggested_bump,
    wire_impact,
)
from upsertgen.spec_text import SpecText

Json: TypeAlias = dict[str, Any]


def report_text(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(_report(report), indent=2) + "\n"


def schema_text() -> str:
    """Return the JSON Schema of the report."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of upsertgen diff",
        **_object("What differs between API versions, and what that means to whom.", _REPORT),
        "$defs": {
            "impact": {"enum": [one.word for one in Impact]},
            "comparison": _object("Two API versions and what differs.", _COMPARISON),
            "change": _object("One change, and every object type that it concerns.", _CHANGE),
        },
    }
    return json.dumps(schema, indent=2) + "\n"


def _object(description: str, fields: Json) -> Json:
    return {
        "type": "object",
        "description": description,
        "additionalProperties": False,
        "required": list(fields),
        "properties": fields,
    }


def _said(schema: Json, description: str | None) -> Json:
    return schema if description is None else {**schema, "description": description}


def _text(description: str | None = None) -> Json:
    return _said({"type": "string"}, description)


def _text_or_null(description: str | None = None) -> Json:
    return _said({"type": ["string", "null"]}, description)


def _flag(description: str) -> Json:
    return _said({"type": "boolean"}, description)


def _list(items: Json, description: str | None = None) -> Json:
    return _said({"type": "array", "items": items}, description)


def _one_of(values: type[StrEnum], description: str | None = None) -> Json:
    return _said({"enum": list(values)}, description)


def _impact(description: str | None = None) -> Json:
    return _said({"$ref": "#/$defs/impact"}, description)


_REPORT: Json = {
    "format": _said({"const": 1}, "The version of this format; it changes when readers have to."),
    "old": _text("What is compared: an API version, a git revision or a folder."),
    "new": _text("What it is compared with."),
    "side_by_side": _flag(
        "Whether the versions stand beside each other in one distribution; otherwise the new specs "
        "replace the old ones."
    ),
    "caller": _impact("What all changes together mean to callers of the client."),
    "wire": _impact("What all changes together mean to whoever speaks HTTP with the API."),
    "suggested_bump": _one_of(Bump, "The part of the distribution's semantic version to raise."),
    "suggested_bump_if_old_is_removed": _one_of(
        Bump, "The same for a distribution in which the new specs take the place of the old ones."
    ),
    "cautions": _list(
        _text(), "What limits the report, such as specs that cannot be read as published."
    ),
    "comparisons": _list({"$ref": "#/$defs/comparison"}, "One for each pair of API versions."),
}


def _report(report: Report) -> Json:
    return {
        "format": 1,
        "old": report.old.raw,
        "new": report.new.raw,
        "side_by_side": report.side_by_side,
        "caller": caller_impact(report.changes).word,
        "wire": wire_impact(report.changes).word,
        "suggested_bump": suggested_bump(report),
        "suggested_bump_if_old_is_removed": replacing_bump(report),
        "cautions": list(cautions(report)),
        "comparisons": [_comparison(one) for one in report.comparisons],
    }


_OBJECT_TYPE: Json = {
    "name": _text(),
    "presence": _one_of(Presence, "In which of the versions it exists."),
    "caller": _impact(),
    "wire": _impact(),
}
_COMPARISON: Json = {
    "old": _text_or_null("The label of the older version; null when the version is new."),
    "new": _text_or_null("The label of the newer version; null when the version is gone."),
    "object_types": _list(
        _object("One object type.", _OBJECT_TYPE),
        "Every object type of either version, sorted by name.",
    ),
    "changes": _list({"$ref": "#/$defs/change"}, "What differs, the weightiest first."),
}


def _comparison(comparison: Comparison) -> Json:
    return {
        "old": _raw(comparison.old),
        "new": _raw(comparison.new),
        "object_types": [
            {
                "name": name,
                "presence": presence,
                "caller": caller_impact(comparison.of(name)).word,
                "wire": wire_impact(comparison.of(name)).word,
            }
            for name, presence in comparison.object_types
        ],
        "changes": [_change(row) for row in section_of(comparison).rows],
    }


_CHANGE: Json = {
    "kind": _one_of(Kind),
    "caller": _impact(),
    "wire": _impact(),
    "origin": _one_of(
        Origin,
        "Where it shows: in the specs as published, as corrected by overlays, or in both. With "
        "'published' the spec changed and the emitted client does not.",
    ),
    "method": _text_or_null(
        "The method of the client; null when the change concerns the object type."
    ),
    "part": _one_of(Part),
    "place": _text(
        "The path of a field ('results[].warnings'; [] items of a list, {} values of a map), the name "
        "of a parameter, or a status; empty for the whole."
    ),
    "subject": _text_or_null(
        "What of it, where there may be several: an enum value, a constraint, a class, the description "
        "of an overlay action."
    ),
    "before": _text_or_null(),
    "after": _text_or_null(),
    "statuses": _list(_text(), "The responses that it concerns."),
    "class": _text_or_null("The class of the models that has the field."),
    "object_types": _said(
        {"type": "array", "minItems": 1, "items": _text()}, "The names of the object types, sorted."
    ),
    "all_object_types": _flag("Whether these are all object types that both versions have."),
    "text": _text("The change in words. Text from the specs stands in it as it is."),
    "notes": _list(_text()),
}


def _change(row: Row) -> Json:
    finding, place = row.finding, row.finding.place
    words = (part.raw if isinstance(part, SpecText) else part for part in row.headline)
    return {
        "kind": finding.kind,
        "caller": finding.caller.word,
        "wire": finding.wire.word,
        "origin": row.change.origin,
        "method": place.operation,
        "part": place.part,
        "place": place.path.raw,
        "subject": _raw(finding.subject),
        "before": _raw(finding.before),
        "after": _raw(finding.after),
        "statuses": list(place.statuses),
        "class": place.model,
        "object_types": list(row.names),
        "all_object_types": set(row.names) == set(row.comparison.common),
        "text": "".join(words),
        "notes": list(row.notes),
    }


def _raw(text: SpecText | None) -> str | None:
    return text.raw if text is not None else None

"""The report as JSON, for programs. `report.schema.json`, beside this module, says what it looks like."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from upsertgen.diff import wording
from upsertgen.diff.changes import (
    Change,
    Comparison,
    Phrase,
    Report,
    caller_impact,
    replacing_bump,
    suggested_bump,
    wire_impact,
)
from upsertgen.spec_text import SpecText

SCHEMA = Path(__file__).with_name("report.schema.json")
"""The JSON Schema of the report."""


def report_text(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(_report(report), indent=2) + "\n"


def schema_text() -> str:
    """Return the JSON Schema of the report."""
    return SCHEMA.read_text("utf-8")


def _report(report: Report) -> dict[str, Any]:
    return {
        "format": 1,
        "old": report.old.raw,
        "new": report.new.raw,
        "side_by_side": report.side_by_side,
        "caller": caller_impact(report.changes).word,
        "wire": wire_impact(report.changes).word,
        "suggested_bump": suggested_bump(report).value,
        "suggested_bump_if_old_is_removed": replacing_bump(report).value,
        "cautions": list(wording.cautions(report)),
        "comparisons": [_comparison(one) for one in report.comparisons],
    }


def _comparison(comparison: Comparison) -> dict[str, Any]:
    return {
        "old": _raw(comparison.old),
        "new": _raw(comparison.new),
        "object_types": [
            {
                "name": name,
                "presence": presence.value,
                "caller": caller_impact(comparison.of(name)).word,
                "wire": wire_impact(comparison.of(name)).word,
            }
            for name, presence in comparison.object_types
        ],
        "changes": [_change(one, comparison) for one in comparison.changes],
    }


def _change(change: Change, comparison: Comparison) -> dict[str, Any]:
    finding = change.finding
    return {
        "kind": finding.kind.value,
        "caller": finding.caller.word,
        "wire": finding.wire.word,
        "origin": change.origin.value,
        "method": finding.operation,
        "part": finding.part.value,
        "place": finding.place.raw,
        "subject": _raw(finding.subject),
        "before": _raw(finding.before),
        "after": _raw(finding.after),
        "statuses": list(finding.statuses),
        "class": finding.model,
        "object_types": list(change.object_types),
        "all_object_types": set(change.object_types) == set(comparison.common),
        "text": _words(wording.headline(finding)),
        "notes": list(wording.notes(change)),
    }


def _words(phrase: Phrase) -> str:
    return "".join(part.raw if isinstance(part, SpecText) else part for part in phrase)


def _raw(text: SpecText | None) -> str | None:
    return text.raw if text is not None else None

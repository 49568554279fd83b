"""What changed in an account's properties, as people and programs read it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import groupby
from typing import Any

from .._bulk.table import aligned, markdown_table, one_line
from .._properties.changes import Change, ChangeKind
from .property_diff import Difference
from .property_table import shown_options

FORMATS = ("text", "markdown", "json")

_WIDEST = 300

_WORDS: Mapping[ChangeKind, str] = {
    "added": "added ({after})",
    "removed": "removed",
    "archived": "archived",
    "restored": "no longer archived",
    "read-only": "read-only now",
    "writable": "writable now",
    "type": "type: {before} is {after} now",
    "unique": "its values are unique now",
    "not-unique": "its values are not unique any more",
    "multiple": "takes several options now",
    "single": "takes one option only now",
    "label": "label: {before!r} is {after!r} now",
    "option-added": "{number}options added: {options}",
    "option-removed": "{number}options removed: {options}",
    "option-label": "{number}options with another label: {options}",
    "options-closed": "takes only the options that are listed now",
    "options-open": "takes any value now",
}


def summary(changes: Iterable[Change]) -> str:
    """Say in a few words what changed: how many properties were added, removed and changed."""
    counts: dict[str, set[str]] = {"added": set(), "removed": set(), "changed": set()}
    for each in changes:
        counts[each.kind if each.kind in counts else "changed"].add(each.name)
    said = [f"{len(names):,} {what}" for what, names in counts.items() if names]
    return ", ".join(said) or "no change"


def in_text(differences: Sequence[Difference]) -> str:
    """Give what changed as lines for people, with a mark at what may keep records from being accepted."""
    lines: list[str] = []
    for each in differences:
        lines.append(f"{each.object_type}: {summary(each.changes)} since {each.before}")
        rows = [("!" if breaks else " ", name, said) for name, said, breaks in _said(each.changes)]
        lines += [f"  {line}" for line in aligned(rows)]
    if any(one.is_breaking for each in differences for one in each.changes):
        lines.append("! may keep records from being accepted")
    return "\n".join(lines)


def in_markdown(differences: Sequence[Difference]) -> str:
    """Give what changed as a table of Markdown for each object type."""
    lines: list[str] = []
    for each in differences:
        lines += [f"### {each.object_type}: {summary(each.changes)}", ""]
        if each.changes:
            rows = [
                (name, said, "yes" if breaks else "") for name, said, breaks in _said(each.changes)
            ]
            lines += [*markdown_table(("property", "change", "may break loads"), rows), ""]
    return "\n".join(lines).rstrip()


def in_json(differences: Sequence[Difference]) -> str:
    """Give what changed for programs."""
    shown: list[dict[str, Any]] = [
        {
            "object_type": each.object_type,
            "before": each.before,
            "after": each.after,
            "changes": [{**asdict(one), "is_breaking": one.is_breaking} for one in each.changes],
        }
        for each in differences
    ]
    return json.dumps(shown, indent=2, ensure_ascii=False)


def _said(changes: Iterable[Change]) -> Iterator[tuple[str, str, bool]]:
    """Give of each property and kind of change: the name, the change in words, and whether it breaks."""
    for (name, kind), group in groupby(changes, lambda one: (one.name, one.kind)):
        several = list(group)
        options = shown_options(
            [(one.option or "", one.after or one.before or "") for one in several]
        )
        number = "" if len(several) == 1 else f"{len(several):,} "
        words = _WORDS[kind].format(**asdict(several[0]), number=number, options=options)
        yield name, one_line(words, _WIDEST), several[0].is_breaking

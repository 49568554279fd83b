"""The report as Markdown: for a pull request, and as the changelog of a distribution."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from upsertgen.diff import wording
from upsertgen.diff.changes import (
    Change,
    Comparison,
    Impact,
    Kind,
    Phrase,
    Report,
    suggested_bump,
)
from upsertgen.emit.encode import markdown, markdown_code
from upsertgen.errors import printable
from upsertgen.spec_text import SpecText

_MARKS = {Impact.BREAKING: "**breaking**", Impact.ADDITIVE: "additive", Impact.NONE: "none"}
_HEADING = 3


def report_text(report: Report) -> str:
    """Return the report as Markdown, for a comment of a pull request."""
    return "\n".join(_report(report)) + "\n"


def _report(report: Report) -> Iterator[str]:
    yield f"# API specs: {markdown_code(report.old)} → {markdown_code(report.new)}"
    yield ""
    reason = _text(wording.bump_reason(report))
    yield f"Suggested version bump: **{suggested_bump(report).value}** ({reason})."
    for caution in wording.cautions(report):
        yield ""
        yield f"> {markdown(printable(caution))}"
    for comparison in report.comparisons:
        callers, wire = wording.counted(comparison.changes)
        yield ""
        yield f"## {_text(wording.title(comparison))}"
        yield ""
        told = wording.presence(comparison)
        yield f"{told}. **Callers of the client:** {callers}. **The wire:** {wire}."
        if not comparison.changes:
            continue
        yield ""
        yield "| callers | wire | change | object types |"
        yield "|---|---|---|---|"
        for change in comparison.changes:
            finding = change.finding
            cells = [
                _MARKS[finding.caller],
                _MARKS[finding.wire],
                "<br>".join(_sentences(change, comparison)),
                _names(change, comparison),
            ]
            yield f"| {' | '.join(cells)} |"


def _sentences(change: Change, comparison: Comparison) -> Iterator[str]:
    finding = change.finding
    method = wording.methods(comparison) and finding.operation is not None
    prefix = f"{markdown_code(finding.operation or '')}: " if method else ""
    yield f"{prefix}{_text(wording.headline(finding))}"
    detail = wording.detail(finding)
    if detail:
        yield _prose(detail) if finding.kind in wording.OVERLAYS else _text(detail)
    for note in wording.notes(change):
        yield f"*{markdown(note)}*"


def _names(change: Change, comparison: Comparison) -> str:
    names = ", ".join(map(markdown_code, change.object_types))
    words = wording.nearly_all(change, comparison)
    if words is None and wording.is_long(change):
        words = f"{len(change.object_types)} object types"
    return names if words is None else f"<details><summary>{words}</summary>{names}</details>"


def changelog_text(comparisons: Sequence[Comparison]) -> str:
    """Return a changelog: the newest version first, its changes by the object types that share them."""
    return "\n".join(_changelog(comparisons)) + "\n"


def _changelog(comparisons: Sequence[Comparison]) -> Iterator[str]:
    yield "# Changelog"
    yield ""
    yield (
        "What each API version changed against the one before. A change is *breaking*, *additive* or "
        "*none* for two people: for callers of this client, and on the wire, for whoever speaks HTTP "
        "with the API."
    )
    for comparison in reversed(comparisons):
        yield ""
        yield f"## {_plain(comparison.new)}, against {_plain(comparison.old)}"
        yield ""
        callers, wire = wording.counted(comparison.changes)
        told = wording.presence(comparison)
        yield f"{told}. For callers: {callers}. On the wire: {wire}."
        groups: dict[tuple[str, ...], list[Change]] = {}
        for change in comparison.changes:
            # Overlays, and the lines where they stand, concern who makes the client and not who uses it.
            if change.finding.kind not in wording.OVERLAYS:
                groups.setdefault(change.object_types, []).append(change)
        for names, changes in sorted(groups.items(), key=_place):
            yield ""
            yield from _group(names, changes, comparison)


def _place(group: tuple[tuple[str, ...], list[Change]]) -> tuple[bool, int, tuple[str, ...]]:
    """Return the place of a group in the changelog: object types that came or went stand first."""
    names, changes = group
    lifecycle = changes[0].finding.kind in (Kind.OBJECT_TYPE_ADDED, Kind.OBJECT_TYPE_REMOVED)
    return not lifecycle, -len(names), names


def _group(names: tuple[str, ...], changes: list[Change], comparison: Comparison) -> Iterator[str]:
    words = wording.nearly_all(changes[0], comparison)
    if words is None and len(names) > _HEADING:
        yield f"### {len(names)} object types"
        yield ""
        yield ", ".join(map(markdown_code, names))
    else:
        heading = words[:1].upper() + words[1:] if words else ", ".join(names)
        yield f"### {markdown(heading)}"
    yield ""
    for change in changes:
        finding = change.finding
        first, *others = _sentences(change, comparison)
        impacts = f"callers {_MARKS[finding.caller]}, wire {_MARKS[finding.wire]}"
        yield f"- {first} ({impacts})"
        yield from (f"  <br>{text}" for text in others)


def _plain(text: SpecText | None) -> str:
    return markdown(text) if text is not None else ""


def _text(phrase: Phrase) -> str:
    return "".join(
        (
            markdown_code(part)
            if isinstance(part, SpecText)
            else markdown(part) if part.strip() else part
        )
        for part in _spaced(phrase)
    )


def _prose(phrase: Phrase) -> str:
    return "".join(markdown(part) for part in phrase)


def _spaced(phrase: Phrase) -> Iterator[str | SpecText]:
    """Yield a phrase with the spaces around words of ours on their own: encoding would trim them."""
    for part in phrase:
        if isinstance(part, SpecText):
            yield part
            continue
        words = part.strip()
        if words:
            yield part[: len(part) - len(part.lstrip())]
            yield words
            yield part[len(part.rstrip()) :]
        else:
            yield part

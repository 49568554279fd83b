"""The report as Markdown: for a pull request, and as the changelog of a distribution."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from upsertgen.diff.findings import ADDITIVE, BREAKING, DEPRECATED, NONE, OVERLAYS, Kind
from upsertgen.diff.phrases import Phrase, Row, bump_reason, cautions, replacing_reason, section_of
from upsertgen.diff.releases import PastRelease
from upsertgen.diff.report import Bump, Comparison, Report, suggested_bump
from upsertgen.emit.encode import markdown, markdown_code
from upsertgen.errors import printable
from upsertgen.spec_text import SpecText

_MARKS = {BREAKING: "**breaking**", DEPRECATED: "deprecated", ADDITIVE: "additive", NONE: "none"}
_HEADING = 3
_FIRST = "The first release. From here on, no public name goes without a word here."


def report_text(report: Report) -> str:
    """Return the report as Markdown, for a comment of a pull request."""
    return "\n".join(_report(report)) + "\n"


def _report(report: Report) -> Iterator[str]:
    yield f"# API specs: {markdown_code(report.old)} → {markdown_code(report.new)}"
    yield ""
    reason = _text(bump_reason(report))
    yield f"Suggested version bump: **{suggested_bump(report).value}** ({reason})."
    for caution in cautions(report):
        yield ""
        yield f"> {markdown(printable(caution))}"
    for section in map(section_of, report.comparisons):
        yield ""
        yield f"## {_text(section.title)}"
        yield ""
        impacts = f"**Callers of the client:** {section.callers}. **The wire:** {section.wire}."
        yield f"{section.presence}. {impacts}"
        if section.rows:
            yield ""
            yield "| callers | wire | change | object types |"
            yield "|---|---|---|---|"
        for row in section.rows:
            marks = f"{_MARKS[row.finding.caller]} | {_MARKS[row.finding.wire]}"
            yield f"| {marks} | {'<br>'.join(_sentences(row))} | {_names(row)} |"


def _sentences(row: Row) -> Iterator[str]:
    method = f"{markdown_code(row.method)}: " if row.method is not None else ""
    yield f"{method}{_text(row.headline)}"
    if row.detail:
        yield "".join(map(markdown, row.detail)) if row.is_prose else _text(row.detail)
    for note in row.notes:
        yield f"*{markdown(note)}*"


def _names(row: Row) -> str:
    names = ", ".join(map(markdown_code, row.names))
    words = row.nearly_all or (row.count if row.is_long else None)
    return names if words is None else f"<details><summary>{words}</summary>{names}</details>"


def changelog_text(comparisons: Sequence[Comparison], releases: Sequence[PastRelease] = ()) -> str:
    """Return a changelog: the newest version first, its changes by the object types that share them.

    Args:
        comparisons: Each API version against the one before.
        releases: The releases of the distribution; they come first.
    """
    return "\n".join(_changelog(comparisons, releases)) + "\n"


def _changelog(comparisons: Sequence[Comparison], releases: Sequence[PastRelease]) -> Iterator[str]:
    yield "# Changelog"
    yield ""
    yield (
        f"What {'each release and ' if releases else ''}each API version changed against the one before. "
        "A change is *breaking*, *additive* or *none* for two people: for callers of this client, and on "
        "the wire, for whoever speaks HTTP with the API."
    )
    if releases:
        yield ""
        yield "## By version of this package"
        for release in reversed(releases):
            yield from _release(release, is_first=release is releases[0])
        if comparisons:
            yield ""
            yield "## By API version"
    level = "###" if releases else "##"
    for comparison in reversed(comparisons):
        section = section_of(comparison)
        old, new = (markdown(one or "") for one in (comparison.old, comparison.new))
        yield ""
        yield f"{level} {new}, against {old}"
        yield ""
        yield f"{section.presence}. For callers: {section.callers}. On the wire: {section.wire}."
        # Overlays, and the lines where they stand, concern who makes the client and not who uses it.
        rows = [row for row in section.rows if row.finding.kind not in OVERLAYS]
        yield from _groups(rows, f"{level}#")


def _release(release: PastRelease, *, is_first: bool) -> Iterator[str]:
    yield ""
    yield f"### {markdown(f'Version {release.version}')}"
    yield ""
    yield _FIRST if is_first else _needed(release)
    said = [f"API version {markdown(one)} imported." for one in release.imported]
    said += [
        f"{markdown_code(old)} is called {markdown_code(new)} now; the old name works, and warns."
        for old, new in release.renames
    ]
    said += [f"{markdown_code(old)} is gone." for old in release.retired]
    if said:
        yield ""
        yield from (f"- {one}" for one in said)
    for section in map(section_of, release.comparisons):
        yield ""
        # Encoding trims the spaces around words of ours.
        yield f"#### {' '.join(map(markdown, section.title))}"
        yield ""
        yield f"{section.presence}. For callers: {section.callers}."
        yield from _groups(section.rows, "#####")


def _needed(release: PastRelease) -> str:
    """Return by how much a release had to raise the version, and why."""
    if release.bump is Bump.NONE:
        return "Nothing of the API changed."
    changes = [change for one in release.comparisons for change in one.changes]
    reason = replacing_reason(release.bump, changes)
    return f"A **{release.bump.value}** version at least: {reason}."


def _groups(rows: Iterable[Row], level: str) -> Iterator[str]:
    """Yield changes by the object types that share them."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(row.names, []).append(row)
    for group in sorted(groups.values(), key=_place):
        yield ""
        yield from _group(group, level)


def _place(rows: list[Row]) -> tuple[bool, int, tuple[str, ...]]:
    """Return the place of a group in the changelog: object types that came or went stand first."""
    lifecycle = rows[0].finding.kind in (Kind.OBJECT_TYPE_ADDED, Kind.OBJECT_TYPE_REMOVED)
    return not lifecycle, -len(rows[0].names), rows[0].names


def _group(rows: list[Row], level: str) -> Iterator[str]:
    names, words = rows[0].names, rows[0].nearly_all
    if words is None and len(names) > _HEADING:
        yield f"{level} {rows[0].count}"
        yield ""
        yield ", ".join(map(markdown_code, names))
    else:
        heading = words[:1].upper() + words[1:] if words else ", ".join(names)
        yield f"{level} {markdown(heading)}"
    yield ""
    for row in rows:
        first, *others = _sentences(row)
        marks = f"callers {_MARKS[row.finding.caller]}, wire {_MARKS[row.finding.wire]}"
        yield f"- {first} ({marks})"
        yield from (f"  <br>{text}" for text in others)


def _text(phrase: Phrase) -> str:
    return "".join(map(_encoded, phrase))


def _encoded(part: str | SpecText) -> str:
    if isinstance(part, SpecText):
        return markdown_code(part)
    # Encoding would trim the spaces around words of ours.
    words = part.strip()
    return part.replace(words, markdown(words)) if words else part

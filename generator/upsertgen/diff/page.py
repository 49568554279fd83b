"""The report as one self-contained HTML page: no script, nothing from the network.

The matrix of object types and versions stands first; each of its cells is a link to a panel, which shows
when it is the target. Jinja escapes whatever is not markup of the template.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from upsertgen.diff import wording
from upsertgen.diff.changes import (
    Change,
    Comparison,
    Impact,
    Phrase,
    Presence,
    Report,
    caller_impact,
    suggested_bump,
    wire_impact,
)
from upsertgen.errors import printable
from upsertgen.spec_text import SpecText

_ROOMY = 1


@dataclass(frozen=True)
class Words:
    """A part of a phrase: words of ours, or text of a spec as code."""

    text: str
    is_code: bool


@dataclass(frozen=True)
class Row:
    """A change as the page shows it."""

    caller: Impact
    wire: Impact
    headline: tuple[Words, ...]
    detail: tuple[Words, ...]
    notes: tuple[str, ...]
    method: str | None
    few_words: str
    names: tuple[str, ...]
    folded: bool


@dataclass(frozen=True)
class Cell:
    """A cell of the matrix, and the panel that it opens."""

    anchor: str
    title: tuple[Words, ...]
    caller: Impact
    wire: Impact
    word: str
    says: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Section:
    """A comparison as the page shows it."""

    anchor: str
    title: tuple[Words, ...]
    presence: str
    callers: str
    wire: str
    rows: tuple[Row, ...]


def report_text(report: Report) -> str:
    """Return the report as an HTML page."""
    names = sorted({name for one in report.comparisons for name, _ in one.object_types})
    sections = [_section(index, one) for index, one in enumerate(report.comparisons)]
    matrix = [
        (name, [_cell(index, one, name) for index, one in enumerate(report.comparisons)])
        for name in names
    ]
    callers, wire = wording.counted(report.changes)
    text = _template().render(
        old=printable(report.old.raw),
        new=printable(report.new.raw),
        sections=sections,
        matrix=matrix,
        roomy=len(sections) <= _ROOMY,
        callers=_unbroken(callers),
        caller_impact=caller_impact(report.changes),
        wire=_unbroken(wire),
        wire_impact=wire_impact(report.changes),
        bump=suggested_bump(report).value,
        reason=_words(wording.bump_reason(report)),
        cautions=[printable(one) for one in wording.cautions(report)],
    )
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html.jinja")


def _section(index: int, comparison: Comparison) -> Section:
    callers, wire = wording.counted(comparison.changes)
    return Section(
        f"comparison-{index}",
        _words(wording.title(comparison)),
        wording.presence(comparison),
        callers,
        wire,
        tuple(_row(change, comparison) for change in comparison.changes),
    )


def _cell(index: int, comparison: Comparison, name: str) -> Cell:
    presence = dict(comparison.object_types).get(name)
    changes = comparison.of(name)
    word = {Presence.ADDED: "new", Presence.REMOVED: "gone", None: "absent"}.get(presence, "")
    says = (
        "It is in neither of them." if presence is None else "" if changes else "Nothing changed."
    )
    return Cell(
        f"cell-{index}-{name}",
        _words(wording.title(comparison)),
        caller_impact(changes),
        wire_impact(changes),
        word,
        says,
        tuple(_row(change, comparison) for change in changes),
    )


def _row(change: Change, comparison: Comparison) -> Row:
    finding = change.finding
    return Row(
        caller=finding.caller,
        wire=finding.wire,
        headline=_words(wording.headline(finding)),
        detail=_words(wording.detail(finding), prose=finding.kind in wording.OVERLAYS),
        notes=wording.notes(change),
        method=finding.operation if wording.methods(comparison) else None,
        few_words=wording.nearly_all(change, comparison)
        or f"{len(change.object_types)} object types",
        names=change.object_types,
        folded=wording.is_long(change),
    )


def _unbroken(counts: str) -> str:
    """Return counts with each number on the line of its noun."""
    return counts.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")


def _words(phrase: Phrase, *, prose: bool = False) -> tuple[Words, ...]:
    # Characters that would turn the direction of text around are shown, too.
    return tuple(
        (
            Words(printable(part.raw), is_code=not prose)
            if isinstance(part, SpecText)
            else Words(part, is_code=False)
        )
        for part in phrase
    )

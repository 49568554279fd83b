"""The report as one self-contained HTML page: no script, nothing from the network.

The matrix of object types and versions stands first; each of its cells is a link to a panel, which shows
when it is the target. Jinja escapes whatever is not markup of the template.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from upsertgen.diff.phrases import Phrase, Section, bump_reason, cautions, counted, section_of
from upsertgen.diff.report import Presence, Report, caller_impact, suggested_bump, wire_impact
from upsertgen.errors import printable
from upsertgen.spec_text import SpecText

_PRESENCES = {Presence.ADDED: "new", Presence.REMOVED: "gone", None: "absent"}


def report_text(report: Report) -> str:
    """Return the report as an HTML page."""
    names = sorted({name for one in report.comparisons for name, _ in one.object_types})
    sections = [section_of(one) for one in report.comparisons]
    callers, wire = counted(report.changes)
    text = _template().render(
        old=printable(report.old.raw),
        new=printable(report.new.raw),
        sections=sections,
        matrix=[
            (name, [_cell(name, index, one) for index, one in enumerate(sections)])
            for name in names
        ],
        callers=_unbroken(callers),
        caller_impact=caller_impact(report.changes),
        wire=_unbroken(wire),
        wire_impact=wire_impact(report.changes),
        bump=suggested_bump(report).value,
        reason=bump_reason(report),
        cautions=[printable(one) for one in cautions(report)],
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
    environment.filters["parts"] = _parts
    return environment.get_template("html_report.html.jinja")


def _cell(name: str, index: int, section: Section) -> dict[str, Any]:
    """Return a cell of the matrix, and what the panel shows that it opens."""
    presence = dict(section.comparison.object_types).get(name)
    rows = [row for row in section.rows if name in row.names]
    nothing = "It is in neither of them." if presence is None else "Nothing changed."
    return {
        "anchor": f"cell-{index}-{name}",
        "title": section.title,
        "caller": caller_impact(row.change for row in rows),
        "wire": wire_impact(row.change for row in rows),
        "word": _PRESENCES.get(presence, ""),
        "says": "" if rows else nothing,
        "rows": rows,
    }


def _unbroken(counts: str) -> str:
    """Return counts with each number on the line of its noun."""
    return counts.replace(" ", "\N{NO-BREAK SPACE}").replace(",\N{NO-BREAK SPACE}", ", ")


def _parts(phrase: Phrase) -> list[tuple[str, bool]]:
    """Return the parts of a phrase, and whether each is text from a spec."""
    # Characters that would turn the direction of text around are shown, too.
    return [
        (printable(part.raw), True) if isinstance(part, SpecText) else (part, False)
        for part in phrase
    ]

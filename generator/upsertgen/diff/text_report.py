"""The report for a terminal: a table, or plain lines where there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TextIO

from upsertgen.diff.findings import ADDITIVE, BREAKING, DEPRECATED, NONE
from upsertgen.diff.phrases import Phrase, Row, Section, bump_reason, cautions, section_of
from upsertgen.diff.report import Report, suggested_bump
from upsertgen.errors import printable
from upsertgen.spec_text import SpecText

_WIDTH = 100
_INDENT = " " * 22
_STYLES = {BREAKING: "bold red", DEPRECATED: "yellow", ADDITIVE: "green", NONE: "dim"}


def report_text(report: Report) -> str:
    """Return the report as plain text."""
    return "\n".join(line.rstrip() for line in _lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    for section in map(section_of, report.comparisons):
        yield _text(section.title)
        for line in _summary(section):
            yield f"  {line}"
        if section.rows:
            yield ""
            yield f"  {'CALLERS':<10} {'WIRE':<10} CHANGE"
        for row in section.rows:
            first, *others = _texts(row)
            marks = f"  {row.finding.caller.word:<10} {row.finding.wire.word:<10} "
            yield from textwrap.wrap(
                first, _WIDTH, initial_indent=marks, subsequent_indent=f"{_INDENT}  "
            )
            indent = f"{_INDENT}    "
            for text in others:
                yield from textwrap.wrap(
                    text, _WIDTH, initial_indent=indent, subsequent_indent=indent
                )
        yield ""
    yield from _conclusion(report)


def show(report: Report, stream: TextIO) -> None:
    """Print the report on a terminal, in colour and as wide as it is."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console(file=stream)
    for section in map(section_of, report.comparisons):
        console.print(Text(_text(section.title), style="bold"))
        for line in _summary(section):
            console.print(Text(line, style="dim"))
        if section.rows:
            table = Table(box=box.SIMPLE_HEAD, show_lines=False, pad_edge=False)
            for people in ("callers", "wire"):
                table.add_column(people, no_wrap=True)
            table.add_column("change", overflow="fold")
            for row in section.rows:
                first, *others, names = _texts(row)
                lines = [Text(first), *(Text(one, style="dim") for one in others), Text(names)]
                lines[-1].stylize("cyan")
                impacts = row.finding.caller, row.finding.wire
                marks = (Text(one.word, style=_STYLES[one]) for one in impacts)
                table.add_row(*marks, Text("\n").join(lines), end_section=True)
            console.print(table)
        console.print()
    for line in _conclusion(report):
        console.print(Text(line))


def _summary(section: Section) -> tuple[str, ...]:
    return (
        section.presence,
        f"callers of the client: {section.callers}",
        f"the wire: {section.wire}",
    )


def _texts(row: Row) -> list[str]:
    """Return the lines of a change: what it is, details and notes, and the object types."""
    method = f"{row.method}: " if row.method is not None else ""
    details = [_text(row.detail)] if row.detail else []
    return [f"{method}{_text(row.headline)}", *details, *row.notes, row.affected]


def _conclusion(report: Report) -> Iterator[str]:
    for caution in cautions(report):
        yield printable(caution)
    reason = _text(bump_reason(report))
    yield f"Suggested version bump: {suggested_bump(report).value} ({reason})."


def _text(phrase: Phrase) -> str:
    return "".join(printable(part.raw) if isinstance(part, SpecText) else part for part in phrase)

"""The report for a terminal: a table, or plain lines where there is none."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO

from upsertgen.diff import wording
from upsertgen.diff.changes import Change, Comparison, Impact, Phrase, Report, suggested_bump
from upsertgen.errors import printable
from upsertgen.spec_text import SpecText

if TYPE_CHECKING:
    from rich.text import Text

_WIDTH = 100
_INDENT = " " * 20
_STYLES = {Impact.BREAKING: "bold red", Impact.ADDITIVE: "green", Impact.NONE: "dim"}


def plain(report: Report) -> str:
    """Return the report as plain text."""
    return "\n".join(line.rstrip() for line in _lines(report)) + "\n"


def _lines(report: Report) -> Iterator[str]:
    for comparison in report.comparisons:
        yield _heading(comparison)
        for line in _summary(comparison):
            yield f"  {line}"
        if comparison.changes:
            yield ""
            yield f"  {'CALLERS':<9} {'WIRE':<9} CHANGE"
        for change in comparison.changes:
            finding = change.finding
            first, *others = _texts(change, comparison)
            marks = f"  {finding.caller.word:<9} {finding.wire.word:<9} "
            yield from textwrap.wrap(
                first, _WIDTH, initial_indent=marks[:22], subsequent_indent=f"{_INDENT}  "
            )
            for text in others:
                indent = f"{_INDENT}    "
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
    for comparison in report.comparisons:
        console.print(Text(_heading(comparison), style="bold"))
        for line in _summary(comparison):
            console.print(Text(line, style="dim"))
        if comparison.changes:
            table = Table(box=box.SIMPLE_HEAD, show_lines=False, pad_edge=False)
            for people in ("callers", "wire"):
                table.add_column(people, no_wrap=True)
            table.add_column("change", overflow="fold")
            for change in comparison.changes:
                first, *others, names = _texts(change, comparison)
                lines = [Text(first), *(Text(one, style="dim") for one in others), Text(names)]
                lines[-1].stylize("cyan")
                marks = _mark(change.finding.caller), _mark(change.finding.wire)
                table.add_row(*marks, Text("\n").join(lines), end_section=True)
            console.print(table)
        console.print()
    for line in _conclusion(report):
        console.print(Text(line))


def _mark(impact: Impact) -> Text:
    from rich.text import Text

    return Text(impact.word, style=_STYLES[impact])


def _heading(comparison: Comparison) -> str:
    return _text(wording.title(comparison))


def _summary(comparison: Comparison) -> Iterator[str]:
    yield wording.presence(comparison)
    callers, wire = wording.counted(comparison.changes)
    yield f"callers of the client: {callers}"
    yield f"the wire: {wire}"


def _texts(change: Change, comparison: Comparison) -> list[str]:
    """Return the lines of a change: what it is, details and notes, and the object types."""
    finding = change.finding
    detail = wording.detail(finding)
    first = _text(wording.headline(finding))
    if wording.methods(comparison) and finding.operation is not None:
        first = f"{finding.operation}: {first}"
    return [
        first,
        *([_text(detail)] if detail else []),
        *wording.notes(change),
        wording.affected(change, comparison),
    ]


def _conclusion(report: Report) -> Iterator[str]:
    for caution in wording.cautions(report):
        yield printable(caution)
    reason = _text(wording.bump_reason(report))
    yield f"Suggested version bump: {suggested_bump(report).value} ({reason})."


def _text(phrase: Phrase) -> str:
    return "".join(printable(part.raw) if isinstance(part, SpecText) else part for part in phrase)

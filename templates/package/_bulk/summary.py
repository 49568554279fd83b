"""A report as text for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from .outcomes import Outcome, Status, Stop
from .table import aligned, one_line

if TYPE_CHECKING:
    from .report import UpsertReport

_SHOWN_PROBLEMS = 10
"""How many problems of one record are shown."""

_USUAL = (Status.CREATED, Status.UPDATED, Status.REJECTED)
_UNWRITTEN = (Status.REJECTED, Status.UNKNOWN)


def count_lines(report: UpsertReport) -> list[str]:
    """Lay out how many records there are of each status, and in how many requests they were sent."""
    rows = [
        (str(status), f"{count:,}", "")
        for status, count in report.counts.items()
        if count or (status in _USUAL and not report.dry_run)
    ]
    how = (
        f"would be sent in {counted(report.batches, 'batch', 'batches')}"
        if report.dry_run
        else f"in {counted(report.requests, 'request', 'requests')}"
    )
    rows.append(("records", f"{report.records:,}", how))
    if report.merged:
        rows.append(("merged", f"{report.merged:,}", "duplicates, counted above as well"))
    if report.warned:
        rows.append(("warnings", f"{report.warned:,}", ""))
    title = " ".join(filter(None, [report.operation, "(dry run)" if report.dry_run else ""]))
    return [*([title] if title else []), *aligned(rows, right=(1,))]


def failure_lines(report: UpsertReport, shown: int) -> list[str]:
    """Lay out the first records that were rejected, and those that nobody knows about.

    Args:
        report: The report.
        shown: How many records of each kind are shown at most.
    """
    lines: list[str] = []
    for status in _UNWRITTEN:
        count = report.counts[status]
        first = list(islice(report.having(status), shown))
        if first:
            which = "" if count == len(first) else f", the first {len(first):,} of {count:,}"
            rows = [row for outcome in first for row in _failure_rows(outcome)]
            columns = ("record", "property", "code", "message")
            lines += ["", f"{status}{which}:", *aligned([columns, *rows], right=(0,))]
    return lines


def stop_lines(stop: Stop) -> list[str]:
    """Say why a run was stopped, what to change, and where to resume."""
    lines = [f"stopped: {one_line(stop.reason, 500)}"]
    if stop.mend:
        lines.append(f"to mend: {one_line(stop.mend, 500)}")
    if stop.resume_at is not None:
        lines.append(f"resume at record {stop.resume_at:,}, counted from 0")
    return lines


def rejection_message(report: UpsertReport) -> str:
    """Say in one line that records were not written, and show the first one."""
    counts = [f"{report.counts[each]:,} {each}" for each in _UNWRITTEN if report.counts[each]]
    first = next(report.having(*_UNWRITTEN))
    said = " ".join(part for part in _failure_rows(first)[0][1:] if part)
    return (
        f"of {counted(report.records, 'record', 'records')}, {' and '.join(counts)}; "
        f"the first is record {first.index:,}: {said}"
    )


def stop_message(report: UpsertReport) -> str:
    """Say in one line why a run was stopped."""
    if report.stop is not None:
        return "; ".join(stop_lines(report.stop))
    first = next(report.having(Status.NOT_SENT))
    reason = one_line(first.reason or "no reason is known")
    return f"{counted(report.not_sent, 'record was', 'records were')} not sent: {reason}"


def counted(count: int, one: str, more: str) -> str:
    """Put a number before a noun."""
    return f"{count:,} {one if count == 1 else more}"


def _failure_rows(outcome: Outcome) -> list[tuple[str, str, str, str]]:
    if not outcome.problems:
        return [(f"{outcome.index:,}", "", "", one_line(outcome.reason or ""))]
    rows = [
        (
            "",
            one_line(problem.property or "", 40),
            one_line(problem.code or "", 40),
            one_line(problem.message),
        )
        for problem in outcome.problems[:_SHOWN_PROBLEMS]
    ]
    rows[0] = (f"{outcome.index:,}", *rows[0][1:])
    more = len(outcome.problems) - len(rows)
    return [*rows, ("", "", "", f"and {more:,} more")] if more else rows

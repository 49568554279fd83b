"""A report as text for people: lines for a terminal or a log, and the messages of what it raises."""

from __future__ import annotations

from functools import partial
from itertools import islice

from .._properties.conversion import ConvertedColumn
from .figures import Figures
from .outcomes import Outcome, Status, Stop, to_json
from .report_contents import Cause, ReportContents
from .table import aligned, counted, duration, one_line, times

_SHOWN_PROBLEMS = 10
"""How many problems of one record are shown."""

_SHOWN_CAUSES = 10
"""How many causes are shown."""

_LONGEST_VALUE = 40
_LEAST_SHARE = 0.005
_USUAL = (Status.CREATED, Status.UPDATED, Status.REJECTED)
_UNWRITTEN = (Status.REJECTED, Status.UNKNOWN)


def table_lines(report: ReportContents, shown: int) -> list[str]:
    """Lay out what came of a run.

    Args:
        report: What came of it.
        shown: How many of the records that were not written are shown at most.

    Returns:
        Lines with columns that line up.
    """
    stop = [] if report.stop is None else ["", *stop_lines(report.stop)]
    return [
        *count_lines(report),
        *cause_lines(report),
        *key_lines(report),
        *conversion_lines(report),
        *failure_lines(report, shown),
        *stop,
    ]


def count_lines(report: ReportContents) -> list[str]:
    """Lay out how many records there are of each status, and in how many requests they were sent."""
    rows = [
        (str(status), f"{count:,}", "")
        for status, count in report.counts.items()
        if count or (status in _USUAL and not report.dry_run)
    ]
    how = (
        f"would be sent in {counted(report.batches, 'batch', 'batches')}"
        if report.dry_run
        else f"in {', '.join(request_counts(report))}"
    )
    rows.append(("records", f"{report.records:,}", how))
    if report.merged:
        rows.append(("merged", f"{report.merged:,}", "duplicates, counted above as well"))
    if report.remembered:
        told = "by the journal and not sent again, counted above as well"
        rows.append(("remembered", f"{report.remembered:,}", told))
    if report.first_warning is not None:
        place, warning = report.first_warning
        told = one_line(str(warning.get("message") or to_json(warning)))
        told = f"the first, of {report.place_name} {place:,}: {told}"
        rows.append(("warnings", f"{report.warned:,}", told))
    title = " ".join(filter(None, [report.operation, "(dry run)" if report.dry_run else ""]))
    return [*([title] if title else []), *aligned(rows, right=(1,)), *_time_line(report)]


def _time_line(report: ReportContents) -> list[str]:
    figures = report.figures
    if figures is None or report.dry_run:
        return []
    rate = f"{figures.rate:,.0f} records/s"
    return [f"time: {', '.join([duration(figures.elapsed), rate, *times_spent(figures)])}"]


def request_counts(report: ReportContents) -> list[str]:
    """Say how many requests there were, and how many of them because of earlier ones."""
    parts = [counted(report.requests, "request", "requests")]
    if report.retries:
        parts.append(f"{counted(report.retries, 'retry', 'retries')} among them")
    if report.figures is not None and report.figures.refused:
        parts.append(f"{report.figures.refused:,} answered 429")
    if report.figures is not None and report.figures.questions:
        parts.append(f"{report.figures.questions:,} asked about jobs")
    return parts


def times_spent(figures: Figures) -> list[str]:
    """Say what requests did with the time that there was for them, and how long retries waited meanwhile."""
    spent = (("sending", figures.sending), ("waiting for the limit", figures.waiting))
    told = [
        f"{share:.0%} {what}"
        for what, seconds in spent
        if (share := figures.share(seconds)) >= _LEAST_SHARE
    ]
    # Others are sent in that time, of which it is no share.
    return [*told, f"retries waited {duration(figures.delayed)}"] if figures.delayed else told


def cause_lines(report: ReportContents) -> list[str]:
    """Lay out why records were not written, if that is shorter than what is said of each of them."""
    causes = report.causes
    if all(cause.records == 1 for cause in causes):
        return []
    lines = [
        "",
        "why, by frequency:",
        *map(partial(cause_line, report.place_name), causes[:_SHOWN_CAUSES]),
    ]
    more = sum(cause.records for cause in causes[_SHOWN_CAUSES:]) + report.uncounted
    if more:
        lines.append(f"and other causes, {more:,} times")
    return lines


def key_lines(report: ReportContents) -> list[str]:
    """Name the keys that so many records have that they slow a run down."""
    keys = () if report.figures is None else report.figures.keys
    if not keys:
        return []
    lines = [f"{times(each.records)} {one_line(each.key, 60)}" for each in keys]
    return ["", "keys of many records, which are sent one after the other:", *lines]


def conversion_lines(report: ReportContents) -> list[str]:
    """Lay out which values were converted, with an example of each."""
    if not report.conversions:
        return []
    rows = [
        (one_line(each.name, 40), each.conversion, f"{each.count:,}", *converted_example(each))
        for each in report.conversions
    ]
    columns = ("property", "conversion", "values", "such as", "became")
    return ["", "converted:", *aligned([columns, *rows], right=(2,))]


def converted_example(converted: ConvertedColumn) -> tuple[str, str]:
    """Give the example of a conversion, before and after it; in quotes if blanks would not be seen."""
    before = converted.before
    seen = before if before == " ".join(before.split()) else repr(before)
    return one_line(seen, _LONGEST_VALUE), one_line(converted.after, _LONGEST_VALUE)


def cause_line(place_name: str, cause: Cause) -> str:
    """Say in one line how often something was wrong, what, and where."""
    what = one_line(cause.code or cause.message, 60)
    about = f" of {one_line(cause.property, 40)}" if cause.property else ""
    where = ", ".join(map(str, cause.places))
    more = ", …" if cause.records > len(cause.places) else ""
    status = "" if cause.status is Status.REJECTED else f" ({cause.status})"
    noun = place_name if cause.records == 1 else f"{place_name}s"
    return f"{times(cause.records)} {what}{about}{status}, {noun} {where}{more}"


def failure_lines(report: ReportContents, shown: int) -> list[str]:
    """Lay out the first records that were rejected, and those that nobody knows about."""
    lines: list[str] = []
    for status in _UNWRITTEN:
        count = report.counts[status]
        first = list(islice(report.having(status), shown))
        if first:
            which = "" if count == len(first) else f", the first {len(first):,} of {count:,}"
            rows = [
                row for outcome in first for row in _failure_rows(outcome, report.place_of(outcome))
            ]
            columns = (report.place_name, "property", "code", "message")
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


def rejection_message(report: ReportContents) -> str:
    """Say in one line that records were not written, and show the first one."""
    counts = [f"{report.counts[each]:,} {each}" for each in _UNWRITTEN if report.counts[each]]
    first = next(report.having(*_UNWRITTEN))
    said = " ".join(part for part in _failure_rows(first, 0)[0][1:] if part)
    return (
        f"of {counted(report.records, 'record', 'records')}, {' and '.join(counts)}; "
        f"the first is record {first.index:,}: {said}"
    )


def stop_message(report: ReportContents) -> str:
    """Say in one line why a run was stopped."""
    if report.stop is not None:
        return "; ".join(stop_lines(report.stop))
    first = next(report.having(Status.NOT_SENT))
    reason = one_line(first.reason or "no reason is known")
    return f"{counted(report.not_sent, 'record was', 'records were')} not sent: {reason}"


def _failure_rows(outcome: Outcome, place: int) -> list[tuple[str, str, str, str]]:
    if not outcome.problems:
        return [(str(place), "", "", one_line(outcome.reason or ""))]
    rows = [
        (
            "",
            one_line(problem.property or "", 40),
            one_line(problem.code or "", 40),
            one_line(problem.message),
        )
        for problem in outcome.problems[:_SHOWN_PROBLEMS]
    ]
    rows[0] = (str(place), *rows[0][1:])
    more = len(outcome.problems) - len(rows)
    return [*rows, ("", "", "", f"and {more:,} more")] if more else rows

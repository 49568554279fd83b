"""A report as one HTML page for people: no script, and nothing from the network.

The page says of everything that it leaves out how much that is.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from .figures import Figures
from .outcomes import Outcome, Status, to_json
from .page_parts import Child, Element, element, html, plot, table
from .report_contents import Cause, ReportContents
from .report_text import converted_example, request_counts, times_spent
from .table import counted, duration, one_line

MOST_ROWS = 100
"""How many rejected records, and how many that nobody knows about, the page shows at most."""

_MOST_CAUSES = 50
_MOST_PROBLEMS = 10
_MOST_PROPERTIES = 12
_LONGEST_TEXT = 300
_LONGEST_VALUE = 80
_FAILED = (Status.REJECTED, Status.UNKNOWN)
_NOTEBOOK_CAUSES = 10


def page_of(report: ReportContents) -> str:
    """Give a report as an HTML page.

    Args:
        report: The report.

    Returns:
        The page. Whatever records and answers hold is text in it.
    """
    style = Path(__file__).with_name("report_page.css").read_text(encoding="utf-8")
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; form-action 'none'"
    verdict, tone = _verdict(report)
    title = report.operation or "upsert"
    sections = (
        _stop(report),
        _tiles(report),
        _timeline(report),
        _causes(report),
        _keys(report),
        _conversions(report),
        _slowest(report),
        *(_failed(report, status) for status in _FAILED),
    )
    root = element(
        "html",
        element(
            "head",
            element("meta", charset="utf-8"),
            element("meta", name="viewport", content="width=device-width, initial-scale=1"),
            element("meta", name="color-scheme", content="light dark"),
            element("meta", http_equiv="Content-Security-Policy", content=policy),
            element("link", rel="icon", href="data:,"),
            element("title", f"{title}: {verdict}"),
            _styled(style),
        ),
        element(
            "body",
            element(
                "header",
                element("p", "Dry run" if report.dry_run else "Bulk upsert", class_="quiet"),
                element("h1", one_line(title)),
                element("p", element("span", verdict, class_=f"chip {tone}")),
            ),
            element("main", *sections),
            element(
                "footer",
                element(
                    "p",
                    f"Written {datetime.now(UTC):%Y-%m-%d %H:%M} UTC. This page holds values of records.",
                ),
            ),
        ),
        lang="en",
    )
    return f"<!doctype html>\n{html(root)}\n"


def fragment_of(report: ReportContents) -> str:
    """Give the most important of a report as HTML for a notebook.

    Args:
        report: The report.

    Returns:
        A part of a page, without style: notebooks have their own.
    """
    verdict, _ = _verdict(report)
    causes = report.causes
    shown = [_cause_row(report, cause) for cause in causes[:_NOTEBOOK_CAUSES]]
    left = len(causes) - len(shown)
    stop = report.stop
    root = element(
        "div",
        element("p", element("b", report.operation or "upsert"), f": {verdict}"),
        table((("Status", ""), ("Records", "number")), list(_count_rows(report))),
        element("p", "; ".join(_facts(report))),
        element("p", _cut(f"Stopped: {stop.reason}")) if stop else None,
        element("p", _cut(f"To mend: {stop.mend}")) if stop and stop.mend else None,
        table(_CAUSE_COLUMNS, shown) if shown else None,
        element("p", f"{counted(left, 'further cause', 'further causes')}") if left else None,
    )
    return html(root)


def _styled(style: str) -> Element:
    made = element("style")
    made.text = style  # As it is: its digest is in the policy.
    return made


def _verdict(report: ReportContents) -> tuple[str, str]:
    """Say what came of a run in a few words, and whether that is good."""
    failed = [f"{report.counts[each]:,} {each}" for each in _FAILED if report.counts[each]]
    if report.stop is not None or (report.not_sent and not report.dry_run):
        return ", ".join(["stopped", *failed]), "bad"
    if failed:
        return ", ".join(failed), "mixed"
    if not report.records:
        return "no records", "mixed"
    return ("all would be sent" if report.dry_run else "all accepted"), "good"


def _facts(report: ReportContents) -> list[str]:
    """Say how many requests there were, how long it took and how fast it was."""
    if report.dry_run:
        return [f"would be sent in {counted(report.batches, 'batch', 'batches')}"]
    facts = [", ".join(request_counts(report))]
    if report.figures is not None:
        facts += [duration(report.figures.elapsed), f"{report.figures.rate:,.0f} records/s"]
    return facts


def _count_rows(report: ReportContents) -> Iterable[list[Child]]:
    for status, count in report.counts.items():
        if count:
            yield [str(status), f"{count:,}"]
    yield ["records", f"{report.records:,}"]
    if report.merged:
        yield ["merged duplicates, counted above as well", f"{report.merged:,}"]
    if report.warned:
        yield ["warning" if report.warned == 1 else "warnings", f"{report.warned:,}"]


def _section(name: str, title: str, *children: Child) -> Element:
    heading = element("h2", title, id=f"{name}-title")
    return element(
        "section", heading, *children, class_="card", id=name, aria_labelledby=f"{name}-title"
    )


def _stop(report: ReportContents) -> Element | None:
    stop = report.stop
    if stop is None:
        return None
    resume = f"Resume at record {stop.resume_at:,}, counted from 0."
    return element(
        "section",
        element("h2", "Stopped", id="stop-title"),
        element("p", _cut(stop.reason)),
        element("p", element("b", "To mend: "), _cut(stop.mend)) if stop.mend else None,
        element("p", resume) if stop.resume_at is not None else None,
        class_="notice",
        id="stop",
        aria_labelledby="stop-title",
    )


def _tiles(report: ReportContents) -> Element:
    counts = [
        element("li", f"{count} {name}") for name, count in _count_rows(report) if name != "records"
    ]
    tiles = [_tile("Records", f"{report.records:,}", element("ul", *counts) if counts else None)]
    figures = report.figures
    if report.dry_run:
        tiles.append(_tile("Batches", f"{report.batches:,}", element("p", "would be sent")))
        return element("div", *tiles, class_="tiles")
    _, *more = request_counts(report)
    in_batches = counted(report.batches, "batch", "batches")
    notes = [f"for {in_batches}", *more] if report.batches else more
    tiles.append(
        _tile(
            "Requests",
            f"{report.requests:,}",
            element("ul", *(element("li", one) for one in notes)),
        )
    )
    if figures is not None:
        rate = element("p", f"{figures.rate:,.0f} records/s")
        tiles += [_tile("Time", duration(figures.elapsed), rate), _spent(figures)]
    return element("div", *tiles, class_="tiles")


def _tile(title: str, figure: str, *children: Child) -> Element:
    return element(
        "section",
        element("h2", title),
        element("p", figure, class_="figure"),
        *children,
        class_="card",
    )


def _spent(figures: Figures) -> Element:
    at_once = (
        "1 request" if figures.concurrency == 1 else f"{figures.concurrency:,} requests at once"
    )
    told = times_spent(figures) or ["nothing was sent"]
    return element(
        "section",
        element("h2", f"Time of {at_once}"),
        element("ul", *(element("li", one) for one in told), class_="spent"),
        class_="card",
    )


def _timeline(report: ReportContents) -> Element | None:
    figures = report.figures
    if figures is None or report.dry_run or not figures.intervals:
        return None
    note = (
        f"Each bar stands for {duration(figures.interval)}; point at it for its figures. Records count "
        "when it is their turn."
    )
    return _section("timeline", "Over time", plot(figures), element("p", note, class_="quiet"))


_CAUSE_COLUMNS = (
    ("Records", "number"),
    ("Cause", "code"),
    ("Property", "code"),
    ("Where", ""),
    ("Such as", ""),
)


def _causes(report: ReportContents) -> Element | None:
    causes = report.causes
    if not causes:
        return None
    more = sum(cause.records for cause in causes[_MOST_CAUSES:]) + report.uncounted
    rows = [_cause_row(report, cause) for cause in causes[:_MOST_CAUSES]]
    left = f"Causes that are left out concern records {more:,} times." if more else None
    return _section(
        "causes",
        "Why records were not written",
        table(_CAUSE_COLUMNS, rows, labelled_by="causes-title", class_="stacked"),
        element("p", left, class_="quiet") if left else None,
    )


def _cause_row(report: ReportContents, cause: Cause) -> list[Child]:
    noun = report.place_name if cause.records == 1 else f"{report.place_name}s"
    more = ", …" if cause.records > len(cause.places) else ""
    return [
        f"{cause.records:,}",
        element("code", one_line(cause.code)) if cause.code else str(cause.status),
        element("code", one_line(cause.property)) if cause.property else None,
        f"{noun} {', '.join(map(str, cause.places))}{more}",
        _cut(cause.message),
    ]


def _keys(report: ReportContents) -> Element | None:
    keys = () if report.figures is None else report.figures.keys
    if not keys:
        return None
    return _section(
        "keys",
        "Keys of many records",
        element("p", "Records with the same key are sent one after the other.", class_="quiet"),
        table(
            (("Records", "number"), ("Key", "")),
            [[f"{each.records:,}", element("code", one_line(each.key))] for each in keys],
            labelled_by="keys-title",
        ),
    )


_CONVERSION_COLUMNS = (
    ("Values", "number"),
    ("Property", "code"),
    ("Conversion", ""),
    ("Such as", ""),
    ("Became", ""),
)


def _conversions(report: ReportContents) -> Element | None:
    if not report.conversions:
        return None
    rows: list[list[Child]] = [
        [
            f"{each.count:,}",
            element("code", one_line(each.name)),
            each.conversion,
            *converted_example(each),
        ]
        for each in report.conversions
    ]
    return _section(
        "conversions",
        "Converted values",
        table(_CONVERSION_COLUMNS, rows, labelled_by="conversions-title", class_="stacked"),
    )


_BATCH_COLUMNS = (
    ("Time", "number"),
    ("Attempts", "number"),
    ("Last status", "number"),
    ("Records", "number"),
    ("From record", "number"),
)


def _slowest(report: ReportContents) -> Element | None:
    slowest = () if report.figures is None else report.figures.slowest
    if not slowest:
        return None
    rows: list[list[Child]] = [
        [
            duration(one.seconds),
            f"{one.attempts:,}",
            "none" if one.status is None else str(one.status),
            f"{one.records:,}",
            f"{one.first:,}",
        ]
        for one in slowest
    ]
    note = "With all attempts and the delays between them. Records are counted from 0."
    return _section(
        "slowest",
        "Slowest batches",
        element("p", note, class_="quiet"),
        table(_BATCH_COLUMNS, rows, labelled_by="slowest-title"),
    )


def _failed(report: ReportContents, status: Status) -> Element | None:
    count = report.counts[status]
    if not count:
        return None
    shown = list(islice(report.having(status), MOST_ROWS))
    name = "rejected" if status is Status.REJECTED else "unknown"
    title = "Rejected records" if status is Status.REJECTED else "Records that nobody knows about"
    which = f"The first {len(shown):,} of {count:,}" if len(shown) < count else f"All {count:,}"
    columns = ((report.place_name.capitalize(), "number"), ("Problems", ""), ("Record", "record"))
    rows: list[list[Child]] = [
        [str(report.place_of(one)), _problems(one), _record(report.values_of(one))] for one in shown
    ]
    return _section(
        name,
        title,
        element("p", f"{which}. Long texts are cut.", class_="quiet"),
        table(columns, rows, labelled_by=f"{name}-title", class_="stacked"),
    )


def _problems(outcome: Outcome) -> Element:
    items = [
        element(
            "li",
            element("code", one_line(problem.property)) if problem.property else None,
            " " if problem.property else None,
            element("code", one_line(problem.code)) if problem.code else None,
            " " if problem.code else None,
            _cut(problem.message),
        )
        for problem in outcome.problems[:_MOST_PROBLEMS]
    ]
    more = len(outcome.problems) - len(items)
    if not items:
        items = [element("li", _cut(outcome.reason or "no reason is known"))]
    return element("ul", *items, element("li", f"and {more:,} more") if more > 0 else None)


def _record(record: Mapping[str, Any]) -> Element:
    items: list[Child] = []
    for name, value in islice(record.items(), _MOST_PROPERTIES):
        text = value if isinstance(value, str) else to_json(value)
        told = one_line(text, _LONGEST_VALUE)
        items.append(element("li", element("b", one_line(str(name), 40)), f" {told}"))
    more = len(record) - len(items)
    return element("ul", *items, element("li", f"and {more:,} more") if more > 0 else None)


def _cut(text: str) -> str:
    return one_line(text, _LONGEST_TEXT)

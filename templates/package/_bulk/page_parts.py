"""Parts of a page: elements whose texts are texts and never markup, tables, and the plot of a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias
from xml.etree import ElementTree

from .figures import Figures, Interval
from .table import counted, duration, printable

Element: TypeAlias = ElementTree.Element
Child: TypeAlias = Element | str | None


def element(tag: str, *children: Child, **attributes: object) -> Element:
    """Make an element.

    Args:
        tag: Its name.
        children: Elements and texts; None for nothing. What texts hold is shown as it is, but for
            control characters and what turns the direction of writing around.
        attributes: Its attributes. In their names `_` stands for `-`, and one at the end is dropped.
    """
    made = ElementTree.Element(tag)
    for name, value in attributes.items():
        made.set(name.rstrip("_").replace("_", "-"), printable(str(value)))
    last: Element | None = None
    for child in children:
        if isinstance(child, str):
            text = printable(child)
            if last is None:
                made.text = (made.text or "") + text
            else:
                last.tail = (last.tail or "") + text
        elif child is not None:
            made.append(child)
            last = child
    return made


def table(
    columns: tuple[tuple[str, str], ...],
    rows: list[list[Child]],
    *,
    labelled_by: str | None = None,
    class_: str = "",
) -> Element:
    """Make a table.

    It says what it is in roles as well, so that it stays a table for those who listen to it where a small
    screen shows its rows as blocks.

    Args:
        columns: For each column its name and its class.
        rows: For each row a child for each column.
        labelled_by: The id of its heading.
        class_: Its class.
    """
    head = [
        element("th", name, class_=kind, scope="col", role="columnheader") for name, kind in columns
    ]
    body = [
        element(
            "tr",
            *(
                element("td", cell, class_=kind, role="cell", data_label=name)
                for cell, (name, kind) in zip(row, columns, strict=True)
            ),
            role="row",
        )
        for row in rows
    ]
    label = {} if labelled_by is None else {"aria_labelledby": labelled_by}
    return element(
        "table",
        element("thead", element("tr", *head, role="row"), role="rowgroup"),
        element("tbody", *body, role="rowgroup"),
        role="table",
        class_=class_,
        **label,
    )


def html(root: Element) -> str:
    """Give the HTML of an element and all that is in it."""
    return ElementTree.tostring(root, encoding="unicode", method="html")


_HEIGHT = 100.0
_LEAST = 1.5
"""The height of a bar that would be too low to be seen."""

_COLUMNS = (("From", ""), ("Records", "number"), ("Requests", "number"), ("429s", "number"))


def plot(figures: Figures) -> Element:
    """Plot records, requests and answers 429 over time, with the same as a table.

    Text is not part of the drawing, which is stretched to the width of the screen.

    Args:
        figures: What was measured.
    """
    intervals = figures.intervals
    refused = (
        element("span", element("span", class_="swatch refused"), "answered 429")
        if figures.refused
        else None
    )
    return element(
        "div",
        _strip(figures, "Records per second", [("records", lambda one: one.records)], None),
        _strip(
            figures,
            "Requests per second",
            [
                ("refused", lambda one: one.refused),
                ("requests", lambda one: one.requests - one.refused),
            ],
            refused,
        ),
        element(
            "div",
            element("span", "0 s"),
            element("span", duration(figures.elapsed / 2)),
            element("span", duration(figures.elapsed)),
            class_="axis",
            aria_hidden="true",
        ),
        element(
            "details",
            element("summary", "As a table"),
            table(_COLUMNS, [_row(figures, place, one) for place, one in enumerate(intervals)]),
        ),
        class_="plot",
    )


def _strip(
    figures: Figures,
    title: str,
    series: Sequence[tuple[str, Callable[[Interval], int]]],
    legend: Child,
) -> Element:
    """Draw one strip of bars, the values of all series upon each other."""
    seconds = min(figures.interval, figures.elapsed) or 1.0
    heights = [[value(one) / seconds for _, value in series] for one in figures.intervals]
    highest = max(map(sum, heights), default=0.0)
    peak = f"at most {highest:,.0f}" if highest >= 10 else f"at most {highest:.1f}"
    bars: list[Element] = []
    for place, (one, values) in enumerate(zip(figures.intervals, heights, strict=True)):
        drawn, bottom = [element("title", _told(figures, place, one))], _HEIGHT
        # What lies under the bars answers to the mouse, too.
        drawn.append(_bar("ground", place, 0.0, _HEIGHT))
        for (name, _), value in zip(series, values, strict=True):
            if value > 0:
                height = max(_LEAST, (_HEIGHT - _LEAST) * value / highest)
                bottom -= height
                drawn.append(_bar(name, place, max(0.0, bottom), height))
        bars.append(element("g", *drawn))
    count = max(1, len(figures.intervals))
    return element(
        "figure",
        element(
            "figcaption",
            element("span", title, class_="name"),
            legend,
            element("span", peak, class_="peak"),
        ),
        element(
            "svg",
            *bars,
            viewBox=f"0 0 {count} {_HEIGHT:g}",
            preserveAspectRatio="none",
            role="img",
            aria_label=f"{title} over {duration(figures.elapsed)}, {peak}",
        ),
    )


def _bar(name: str, place: int, top: float, height: float) -> Element:
    return element(
        "rect",
        class_=name,
        x=f"{place + 0.06:.2f}",
        y=f"{top:.2f}",
        width="0.88",
        height=f"{height:.2f}",
    )


def _told(figures: Figures, place: int, one: Interval) -> str:
    start, end = _moment(figures, place), _moment(figures, place + 1)
    parts = [
        counted(one.records, "record", "records"),
        counted(one.requests, "request", "requests"),
    ]
    if one.refused:
        parts.append(f"{one.refused:,} answered 429")
    return f"{start} to {end}: {', '.join(parts)}"


def _row(figures: Figures, place: int, one: Interval) -> list[Child]:
    return [_moment(figures, place), f"{one.records:,}", f"{one.requests:,}", f"{one.refused:,}"]


def _moment(figures: Figures, place: int) -> str:
    return duration(min(figures.elapsed, place * figures.interval))

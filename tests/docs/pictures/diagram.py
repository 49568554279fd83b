"""Boxes and arrows, laid out by hand in a small file.

    title, description, width, height
    rooms     the folder in which those of the code are
    boxes     `name`, `kind`, `at` (left, top) and `size` (width, height), and perhaps `path`, the file or
              folder that it is, `lines` of text, and `by`, the room whose code makes or reads it
    arrows    `from`, `to` and `way`, the points that it goes through; if it has a label `lines`, `by`, `at`
              and `anchor`
    notes     `lines` of text and `at`

An arrow begins and ends at the edges of its boxes, or it is refused; it may also leave an earlier arrow that
comes from the same box.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from tests.docs.pictures.svg import LINE_HEIGHT, Drawing, Point

Way = list[Point]

_INSET = 12
_FIRST_LINE = 25
_SPACE = 21


def draw(source: Mapping[str, Any], scheme: str) -> str:
    """Draw a diagram.

    Args:
        source: What its file holds.
        scheme: `light` or `dark`.

    Returns:
        The image as SVG.

    Raises:
        ValueError: An arrow begins or ends where it should not.
    """
    size = source["width"], source["height"]
    drawing = Drawing(source["title"], source["description"], *size, scheme)
    boxes = {box["name"]: box for box in source["boxes"]}
    ways: dict[str, list[Way]] = {name: [] for name in boxes}
    for arrow in source["arrows"]:
        way = [(x, y) for x, y in arrow["way"]]
        start, end = arrow["from"], arrow["to"]
        leaves = any(_is_on(way[0], one) for one in ways[start])
        if not (leaves or _is_at_edge(way[0], boxes[start])) or not _is_at_edge(
            way[-1], boxes[end]
        ):
            raise ValueError(f"the arrow from {start} to {end} does not begin or end at its boxes")
        ways[start].append(way)
        drawing.arrow(way)
        if "at" in arrow:
            _write(drawing, arrow)
    for box in source["boxes"]:
        _draw_box(drawing, box)
    for note in source.get("notes", ()):
        _write(drawing, note)
    return drawing.svg()


def _draw_box(drawing: Drawing, box: Mapping[str, Any]) -> None:
    (x, y), (width, height) = box["at"], box["size"]
    drawing.box(x, y, width, height, box["kind"], radius=8)
    drawing.text(x + _INSET, y + _FIRST_LINE, box["name"], "name")
    _write(drawing, {**box, "at": (x + _INSET, y + _FIRST_LINE + _SPACE)})


def _write(drawing: Drawing, label: Mapping[str, Any]) -> None:
    x, y = label["at"]
    lines = [(label["path"], "code")] if "path" in label else []
    lines += [(line, "") for line in label.get("lines", ())]
    lines += [(label["by"], "code")] if "by" in label else []
    for number, (line, kind) in enumerate(lines):
        drawing.text(x, y + number * LINE_HEIGHT, line, kind, label.get("anchor", "start"))


def _is_at_edge(point: Point, box: Mapping[str, Any]) -> bool:
    (left, top), (width, height) = box["at"], box["size"]
    x, y = point[0] - left, point[1] - top
    is_within = 0 <= x <= width and 0 <= y <= height
    return is_within and (x in (0, width) or y in (0, height))


def _is_on(point: Point, way: Way) -> bool:
    return any(
        min(one[0], other[0]) <= point[0] <= max(one[0], other[0])
        and min(one[1], other[1]) <= point[1] <= max(one[1], other[1])
        for one, other in pairwise(way)
    )

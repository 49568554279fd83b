"""SVG in which text stays text, and which says what it shows.

An image of a page can refer to no style outside of it, so each drawing holds its colours.
"""

from __future__ import annotations

from collections.abc import Sequence
from string import Template
from xml.etree import ElementTree

from tests.docs.pictures.palette import COLOURS

Point = tuple[float, float]

MARGIN = 16
LINE_HEIGHT = 19

_STYLE = Template("""
text { font: 14px system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
text { fill: $quiet; }
.title { font-size: 18px; font-weight: 650; fill: $ink; }
.name { font-size: 16px; font-weight: 650; fill: $ink; }
.code { font: 13px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
.start { text-anchor: start; } .middle { text-anchor: middle; } .end { text-anchor: end; }
.ground { fill: $ground; }
.line { fill: none; stroke: $line; }
.edge, .limit { fill: none; stroke: $edge; stroke-width: 1.5; }
.limit { stroke-dasharray: 5 4; }
.arrow { fill: $edge; }
.step { fill: $step; stroke: $line; }
.part { fill: $ground; stroke: $edge; }
.good { fill: ${good_ground}; stroke: $good; }
.mixed { fill: ${mixed_ground}; stroke: $mixed; }
.bad { fill: ${bad_ground}; stroke: $bad; }
.answered { fill: $answered; }
.refused { fill: $refused; }
""")
_ARROW = 7.0


class Drawing:
    """An image that is drawn from its back to its front.

    Args:
        title: What it is, in a few words; its heading as well.
        description: What it shows, for those who do not see it.
        width: Its width, in pixels of 16 to the height of a text.
        height: Its height.
        scheme: `light` or `dark`.
    """

    def __init__(
        self, title: str, description: str, width: float, height: float, scheme: str
    ) -> None:
        size = {"width": _number(width), "height": _number(height)}
        self._root = ElementTree.Element(
            "svg",
            {
                "xmlns": "http://www.w3.org/2000/svg",
                **size,
                "viewBox": f"0 0 {_number(width)} {_number(height)}",
                "role": "img",
                "aria-labelledby": "title description",
                "lang": "en",
            },
        )
        ElementTree.SubElement(self._root, "title", id="title").text = title
        ElementTree.SubElement(self._root, "desc", id="description").text = description
        style = ElementTree.SubElement(self._root, "style")
        style.text = _STYLE.substitute(COLOURS[scheme])
        self.box(0, 0, width, height, "ground", radius=12)
        self.text(MARGIN, 34, title, "title")

    def box(
        self, x: float, y: float, width: float, height: float, kind: str, *, radius: float = 0
    ) -> None:
        """Draw a rectangle of a kind, which is a class of the style."""
        shape = {"x": x, "y": y, "width": width, "height": height, "rx": radius}
        shown = {name: _number(value) for name, value in shape.items() if name != "rx" or value}
        ElementTree.SubElement(self._root, "rect", shown, **{"class": kind})

    def text(self, x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> None:
        """Write a line of text. `anchor` says what stands at `x`: its start, middle or end."""
        classes = f"{kind} {anchor}".strip()
        at = {"x": _number(x), "y": _number(y), "class": classes}
        ElementTree.SubElement(self._root, "text", at).text = text

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line through some points."""
        way = " ".join(f"{_number(x)},{_number(y)}" for x, y in points)
        ElementTree.SubElement(self._root, "polyline", {"points": way, "class": kind})

    def arrow(self, points: Sequence[Point]) -> None:
        """Draw an arrow through some points, all of whose parts are level or upright."""
        *_, (x, y), (to_x, to_y) = points
        dx, dy = _sign(to_x - x), _sign(to_y - y)
        back_x, back_y = to_x - dx * _ARROW, to_y - dy * _ARROW
        self.line([*points[:-1], (back_x, back_y)], "edge")
        half = _ARROW / 2
        corners = [
            (to_x, to_y),
            (back_x + dy * half, back_y + dx * half),
            (back_x - dy * half, back_y - dx * half),
        ]
        shape = " ".join(f"{_number(one)},{_number(other)}" for one, other in corners)
        ElementTree.SubElement(self._root, "polygon", {"points": shape, "class": "arrow"})

    def svg(self) -> str:
        """Give the image as a text."""
        ElementTree.indent(self._root)
        return ElementTree.tostring(self._root, encoding="unicode") + "\n"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)

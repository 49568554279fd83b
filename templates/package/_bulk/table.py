"""Text for terminals, logs and pages: numbers with nouns, single lines, columns that line up, Markdown."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence

WIDEST_CELL = 100
"""How many columns a cell takes at most; the rest of its text is cut."""

_MARKS = str.maketrans({each: f"\\{each}" for each in "\\|`*_<[~"})


def one_line(text: str, widest: int = WIDEST_CELL) -> str:
    """Make a text fit for one cell: without line breaks and control characters, and not too long.

    Args:
        text: Any text, such as one that a server sent.
        widest: How many columns it may take.

    Returns:
        The text; the end is cut if it is too long.
    """
    # No text is worth looking at beyond this, however wide its characters are.
    clean = " ".join(printable(text[: 8 * widest]).split())
    if width(clean) <= widest and len(text) <= 8 * widest:
        return clean
    end, used = 0, 0
    for character in clean:
        used += _columns(character)
        if used > widest - 1:
            break
        end += 1
    return f"{clean[:end]}…"


def counted(count: int, one: str, more: str) -> str:
    """Put a number before a noun."""
    return f"{count:,} {one if count == 1 else more}"


def times(count: int) -> str:
    """Put a number before what came so often."""
    return f"{count:,} \N{MULTIPLICATION SIGN}"


def duration(seconds: float) -> str:
    """Say how long something took, as exactly as people want to know."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def width(text: str) -> int:
    """Tell how many columns a text takes on a terminal."""
    return len(text) if text.isascii() else sum(map(_columns, text))


def aligned(rows: Sequence[Sequence[str]], *, right: Sequence[int] = ()) -> list[str]:
    """Lay out rows of cells so that columns line up.

    Args:
        rows: The cells, the same number in each row.
        right: The numbers of the columns whose texts end, instead of start, at the same place.

    Returns:
        One line for each row.
    """
    if not rows:
        return []
    widths = [max(width(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(
            _padded(cell, widths[column], at_left=column in right)
            for column, cell in enumerate(row)
        ).rstrip()
        for row in rows
    ]


def _padded(cell: str, columns: int, *, at_left: bool) -> str:
    padding = " " * (columns - width(cell))
    return padding + cell if at_left else cell + padding


def printable(text: str) -> str:
    """Replace what has no glyph or would disturb what is around it."""
    return "".join(map(_printable, text))


def _printable(character: str) -> str:
    if character.isspace():
        return " "
    # Control characters could move the cursor; others have no glyph or turn the direction around.
    return "\N{REPLACEMENT CHARACTER}" if unicodedata.category(character)[0] == "C" else character


def _columns(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def markdown_table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Give the lines of a table; the first cell of each row is a name, shown as code."""
    lines = [list(titles), ["---"] * len(titles)]
    for name, *cells in rows:
        code = name.replace("|", r"\|").replace("`", "'")
        lines.append([f"`{code}`", *(cell.translate(_MARKS) for cell in cells)])
    return [f"| {' | '.join(each)} |" for each in lines]

"""Docstrings as pages show them: paragraphs, lists and examples, and a table of each section.

Docstrings hold what specs say. So whatever is read here goes through the encoders of pages, piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import griffe

from upsertgen.emit.encode import page_block, page_code, page_text

_BLANK_LINES = re.compile(r"\n[ \t]*\n")
_ITEM = re.compile(r"(?:^|\n)[ \t]*(?:[-*]|[0-9]+[.)]) ")
_INNER = re.compile(r"(?:^|\n)[ \t]*([a-z_][a-z0-9_]*): ")
_CODE = re.compile(r"(?<![`\\])`([^`]+)`(?!`)")
_OWN_WORDS = {"warnings": False, "returns_multiple_items": False, "returns_named_value": False}
"""How griffe reads sections: what comes back is text, and may begin with anything."""

Link = Callable[[str], str | None]
"""Given the name of an exception: the relative address of what is said of it, if anything is."""


@dataclass(frozen=True)
class Table:
    """A table; every text is ready to be emitted.

    Attributes:
        title: What it lists.
        columns: The heads of its columns.
        rows: Its cells.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Told:
    """What a docstring says; every text is ready to be emitted.

    Attributes:
        blocks: Its paragraphs, lists and examples, each a block of Markdown.
        sections: Its sections: tables, and blocks of Markdown.
        attributes: What it says of attributes, by their names; not encoded.
    """

    blocks: tuple[str, ...] = ()
    sections: tuple[Table | str, ...] = ()
    attributes: Mapping[str, str] | None = None


def told_of(text: str, types: Mapping[str, str], link: Link) -> Told:
    """Return what a docstring says.

    Args:
        text: The docstring, without its indentation.
        types: The types of arguments, by name.
        link: Where exceptions are described.
    """
    said: list[str] = []
    sections: list[Table | str] = []
    attributes: dict[str, str] = {}
    for section in griffe.Docstring(text).parse("google", **_OWN_WORDS):
        match section:
            case griffe.DocstringSectionText(value=value):
                said += blocks(value)
            case griffe.DocstringSectionAdmonition(value=value):
                said += [*blocks(f"{section.title}:"), *blocks(_indented(value.description))]
            case griffe.DocstringSectionExamples(value=examples):
                for kind, value in examples:
                    is_text = kind is griffe.DocstringSectionKind.text
                    said += blocks(value) if is_text else [page_block("python", value)]
            case griffe.DocstringSectionAttributes(value=items):
                attributes |= {one.name: one.description for one in items}
            case griffe.DocstringSectionParameters(
                value=items
            ) | griffe.DocstringSectionOtherParameters(value=items):
                rows = [
                    (page_code(one.name), _type(types, one.name), cell(one.description))
                    for one in items
                ]
                sections.append(Table("Arguments", ("name", "type", "meaning"), tuple(rows)))
            case griffe.DocstringSectionReturns(value=items):
                sections += [f"**Returns:** {cell(_whole(one))}" for one in items]
            case griffe.DocstringSectionYields(value=items):
                sections += [f"**Yields:** {cell(_whole(one))}" for one in items]
            case griffe.DocstringSectionRaises(value=items):
                raised = [
                    (_linked(str(one.annotation), link), cell(one.description)) for one in items
                ]
                sections.append(Table("Raises", ("exception", "when"), tuple(raised)))
            case _:
                continue
    return Told(tuple(said), tuple(sections), attributes)


def blocks(text: str) -> list[str]:
    """Return text as blocks of Markdown: paragraphs, lists, and what is indented as code."""
    found: list[str] = []
    code: list[str] = []
    for paragraph in [*_BLANK_LINES.split(text.strip("\n").rstrip()), ""]:
        if paragraph.strip() and all(one.startswith("    ") for one in paragraph.split("\n")):
            code.append("\n".join(one[4:] for one in paragraph.split("\n")))
            continue
        if code:
            found.append(page_block("python", "\n\n".join(code)))
            code = []
        if paragraph.strip():
            found += _with_lists(paragraph)
    return found


def first_sentence(text: str) -> str:
    """Return how a docstring begins, on one line: its first paragraph up to the first full stop."""
    paragraph = " ".join(_BLANK_LINES.split(text.strip())[0].split())
    return re.split(r"(?<=[.!?]) (?=[A-Z])", paragraph)[0]


def cell(text: str) -> str:
    """Return text for a cell of a table; lines that describe a name each stand on lines of their own."""
    first, *rest = _INNER.split(text)
    # The pattern gives the name and what follows it, by turns.
    named = [
        f"{page_code(name)}: {prose(said)}"
        for name, said in zip(rest[::2], rest[1::2], strict=True)
    ]
    return "<br>".join([*([prose(first)] if first.strip() else []), *named])


def prose(text: str) -> str:
    """Return text on one line and without effect, but for what it shows as code."""
    # Every other part is code.
    parts = _CODE.split(" ".join(text.split()))
    return "".join(
        page_code(part) if index % 2 else _spaced(part) for index, part in enumerate(parts)
    )


def _spaced(text: str) -> str:
    """Return text without effect, with the blanks at its ends."""
    if not text.strip():
        return text
    before, after = text.startswith(" "), text.endswith(" ")
    return f"{' ' * before}{page_text(text)}{' ' * after}"


def _with_lists(paragraph: str) -> list[str]:
    """Return a paragraph, and the items of a list that follow in it."""
    first, *items = _ITEM.split(paragraph)
    found = [prose(first)] if first.strip() else []
    if items:
        found.append("\n".join(f"- {prose(one)}" for one in items))
    return found


def _whole(returned: griffe.DocstringReturn | griffe.DocstringYield) -> str:
    """Return what comes back in words, whose beginning griffe takes for a type where a colon follows."""
    kind = returned.annotation
    # A name that the code gives it stands in the signature.
    return f"{kind}: {returned.description}" if isinstance(kind, str) else returned.description


def _type(types: Mapping[str, str], name: str) -> str:
    kind = types.get(name.lstrip("*"), "")
    return page_code(kind) if kind else ""


def _linked(name: str, link: Link) -> str:
    address = link(name)
    return page_code(name) if address is None else f"[{page_code(name)}]({address})"


def _indented(text: str) -> str:
    return "\n".join(f"    {one}" if one.strip() else "" for one in text.split("\n"))

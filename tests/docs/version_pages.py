"""Pages about versions, read back: their tables, and the programs that their lines of code make."""

from __future__ import annotations

import re
from pathlib import Path

_LINES = re.compile(r"^### ([^\n]+)\n\n```diff\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SECTION = re.compile(r"^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[`?([^\]`]*)`?\]\(([^)]*)\)")


def tables(text: str) -> list[list[list[str]]]:
    """Return the tables of a page: their rows without the head, and the cells of each."""
    found: list[list[list[str]]] = []
    for block in re.findall(r"^\|(?:.|\n\|)+", text, re.MULTILINE):
        rows = [line.strip("|").split("|") for line in block.splitlines()]
        found.append([[cell.strip() for cell in row] for row in rows[2:]])
    return found


def head(text: str, table: int) -> list[str]:
    """Return the head of a table of a page."""
    block = re.findall(r"^\|(?:.|\n\|)+", text, re.MULTILINE)[table]
    return [cell.strip() for cell in block.splitlines()[0].strip("|").split("|")]


def links(text: str) -> dict[str, str]:
    """Return the addresses of links, by their plain words."""
    return {words.replace("\\", ""): address for words, address in _LINK.findall(text)}


def sections(text: str) -> dict[str, str]:
    """Return the sections of a page, by their titles."""
    return dict(_SECTION.findall(text))


def programs(page: Path) -> dict[str, tuple[str, str]]:
    """Return what a page of lines that change shows: before and after, by what it is."""
    found: dict[str, tuple[str, str]] = {}
    for title, block in _LINES.findall(page.read_text("utf-8")):
        lines = block.splitlines()
        assert {line[0] for line in lines} <= set(" -+"), title
        before, after = (
            "".join(f"{line[1:]}\n" for line in lines if line[0] in f" {mark}") for mark in "-+"
        )
        found[title] = before, after
    return found

"""Proof that an emitted file that is no Python says what it was meant to say, and nothing more.

Data has to be equal to what was meant; in Markdown nothing but our own words may have an effect. Python
files are held against their twins (`upsertgen.emit.twin`). Whatever way text from a spec might have found
into a file, it shows here.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from typing import Any

# What our own templates write between texts of a spec, which never holds these.
_HTML = re.compile(r"<(?:br|/?details|/?summary)>")
_FENCE = re.compile(r" {0,3}(```+|~~~+)")
_BREAKING_OUT = re.compile(
    r"[<>\[\]]|&[#A-Za-z]|[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
_ESCAPE = re.compile(r"\\[!-/:-@\[-`{-~]")
_PLAIN = re.compile(r"[^\\`]+")
# In pages of documentation: what Python-Markdown reads as an escape; and what our own words write besides.
_PAGE_ESCAPE = re.compile(r"\\[\\`*_{}\[\]()>#+.!-]")
_PAGE_FENCE = re.compile(r" *(```+|~~~+)")
_PAGE_OWN = re.compile(
    r"!?\[(?:[^\[\]<>]|</?code>)*\]"
    r"\((?:\.\./)*[A-Za-z0-9_.-]+(?:/[A-Za-z0-9_.-]+)*(?:#[A-Za-z0-9_-]+)?\)"
    r"|\[(?:[^\[\]<>]|</?code>)*\]\(#[A-Za-z0-9_-]+\)"
    r'|<a id="[a-z0-9_.-]+"></a>|</?code>|<br>|^> '
    r"|&(?:lt|gt|amp|#[0-9]+);",
    re.MULTILINE,
)
_MARK = re.compile(r"<!-- [^<>\n]* -->\n")


class UnprovenFile(Exception):
    """An emitted file is not what it was meant to be. Nothing is written.

    Attributes:
        path: The file.
        wrong: What is wrong with it.
    """

    def __init__(self, path: str, wrong: str) -> None:
        super().__init__(path, wrong)
        self.path = path
        self.wrong = wrong

    def __str__(self) -> str:
        return f"{self.path} {self.wrong}"


def prove_toml(path: str, text: str, expected: Mapping[str, Any]) -> None:
    """Check that an emitted file is TOML and says exactly what was meant.

    Raises:
        UnprovenFile: It is not.
    """
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UnprovenFile(path, f"is no TOML: {error}") from None
    if found != expected:
        raise UnprovenFile(path, "says something else than was meant")


def prove_json(path: str, text: str, expected: object) -> None:
    """Check that an emitted file is JSON and says exactly what was meant.

    Raises:
        UnprovenFile: It is not.
    """
    try:
        found = json.loads(text)
    except ValueError as error:
        raise UnprovenFile(path, f"is no JSON: {error}") from None
    # As text: `1 == True` in Python and not in JSON.
    if json.dumps(found) != json.dumps(expected):
        raise UnprovenFile(path, "says something else than was meant")


def prove_markdown(path: str, text: str) -> None:
    """Check that an emitted file is Markdown in which nothing but our own words has an effect.

    What remains beside blocks of code, code spans and escaped characters must hold no HTML, link, image,
    entity or hidden character.

    Raises:
        UnprovenFile: It is not.
    """
    _prove(path, text, _FENCE, _ESCAPE, _HTML)


def prove_page(path: str, text: str) -> None:
    """Check that a page of documentation is Markdown in which nothing but our own words has an effect.

    What remains beside blocks of code, code spans, escaped characters, and links of ours to other pages must
    hold no HTML, link, image or hidden character.

    Raises:
        UnprovenFile: It is not.
    """
    _prove(path, text, _PAGE_FENCE, _PAGE_ESCAPE, _PAGE_OWN)


def _prove(
    path: str, text: str, fences: re.Pattern[str], escapes: re.Pattern[str], own: re.Pattern[str]
) -> None:
    rest = _MARK.sub("", text, count=1) if text.startswith("<!--") else text
    prose: list[str] = []
    fence = ""
    for line in rest.split("\n"):
        mark = fences.match(line)
        if mark and not fence:
            fence = mark[1]
        elif fence:
            fence = "" if line.strip() == fence else fence
        else:
            prose.append(line)
    if fence:
        raise UnprovenFile(path, "has a block of code that does not end")
    for paragraph in "\n".join(prose).split("\n\n"):
        # An escape counts only outside of code, so both are looked for from left to right.
        found = _BREAKING_OUT.search(own.sub("", _without_code(path, paragraph, escapes)))
        if found:
            raise UnprovenFile(path, f"has {found[0]!r} outside of code")


def _without_code(path: str, text: str, escapes: re.Pattern[str]) -> str:
    parts: list[str] = []
    place = 0
    while place < len(text):
        escape = escapes.match(text, place)
        if escape:
            place = escape.end()
        elif text[place] == "`":
            run = re.compile("`+").match(text, place)
            mark = run[0] if run else "`"
            end = re.compile(rf"(?<!`){mark}(?!`)").search(text, place + len(mark))
            if end is None:
                raise UnprovenFile(path, "has a code span that does not end")
            place = end.end()
        else:
            # A backslash that escapes nothing is one like other signs.
            plain = _PLAIN.match(text, place + 1)
            stop = plain.end() if plain else place + 1
            parts.append(text[place:stop])
            place = stop
    return "".join(parts)

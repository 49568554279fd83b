"""Text of specs stays text, whatever it looks like, in every format."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from upsertgen.diff import changelog
from upsertgen.diff.sources import understand_folder

from tests.diff.compared_specs import Compare, Edit, add_version, between, diff, write_specs

SCRIPT = "<script>alert(1)</script>"
NAMES = [
    SCRIPT,
    '"><img src=x onerror=alert(1)>',
    "a|b||c",
    "`code` ``more``",
    "[link](javascript:alert(1))",
    "**bold** _it_ ~~gone~~ # heading",
    "line\nbreak\r\n| new | row |",
    "\x1b[31mred\x1b[0m \x07 \x9b2J",
    "\u202egnp.exe \u200b\u2028",
    "{{ 7*7 }} {% raw %}",
    "&lt;b&gt; &amp;",
    "]]></style>-->",
]


HOSTILE: Edit = {
    "result": {name: {"type": "string", "description": SCRIPT} for name in NAMES},
    "thing": {f"f{n}": {"type": "string", "enum": [name, "other"]} for n, name in enumerate(NAMES)},
}
OBEYED = frozenset("\x1b\x07\u202e\u200b\u2028\x9b")
"""Characters that a terminal obeys, or that turn text around."""


@pytest.fixture
def folders(compare: Compare) -> tuple[str, ...]:
    actions = [
        {"target": "$.components.schemas.Error", "description": name, "update": {"title": "t"}}
        for name in NAMES
    ]
    return between(compare.specs(), compare.specs(HOSTILE, actions=actions))


class Page(html.parser.HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.addresses: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.addresses |= {value or "" for name, value in attrs if name in ("href", "src")}

    def handle_data(self, data: str) -> None:
        self.text += data


def read(text: str) -> Page:
    page = Page()
    page.feed(text)
    return page


def test_html_shows_hostile_text_and_obeys_none(folders: tuple[str, ...]) -> None:
    page = read(diff(*folders, "--format", "html").output)
    assert page.tags.isdisjoint({"script", "img", "iframe", "b2"})
    assert not any(name.startswith("on") for name in page.attributes)
    assert all(address.startswith("#") or address == "data:," for address in page.addresses)
    assert SCRIPT in page.text
    assert "{{ 7*7 }} {% raw %}" in page.text
    assert OBEYED.isdisjoint(page.text)


def test_markdown_shows_hostile_text_and_obeys_none(folders: tuple[str, ...]) -> None:
    text = diff(*folders, "--format", "markdown").output
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row
    assert OBEYED.isdisjoint(text)
    page = read(MarkdownIt("commonmark").enable("table").render(text))
    allowed = {"h1", "h2", "p", "strong", "em", "code", "br", "details", "summary"}
    allowed |= {"table", "thead", "tbody", "tr", "th", "td"}
    assert page.tags <= allowed
    assert page.attributes == set()


def test_the_changelog_shows_hostile_text_and_obeys_none(compare: Compare) -> None:
    folder = compare.specs()
    add_version(folder, "v2", compare.specs(HOSTILE))
    specs = understand_folder(folder)
    text = changelog(specs.published, specs.corrected)
    page = read(MarkdownIt("commonmark").render(text))
    assert page.tags <= {"h1", "h2", "h3", "p", "strong", "em", "code", "br", "ul", "li"}
    assert OBEYED.isdisjoint(text)


def test_terminals_are_told_nothing(folders: tuple[str, ...]) -> None:
    text = diff(*folders).output
    assert all(character.isprintable() or character == "\n" for character in text)


def test_json_keeps_hostile_text_as_it_is(folders: tuple[str, ...]) -> None:
    text = diff(*folders, "--format", "json").output
    assert text.isascii()
    changes = json.loads(text)["comparisons"][0]["changes"]
    places = {change["place"] for change in changes}
    assert {f"results[].{name}" for name in NAMES} <= places


def test_a_revision_and_folders_are_encoded_too(tmp_path: Path) -> None:
    arguments = between(write_specs(tmp_path / "a<b>&`|_"), write_specs(tmp_path / "new"))
    assert "a<b>" not in diff(*arguments, "--format", "html").output
    heading = diff(*arguments, "--format", "markdown").output.splitlines()[0]
    assert heading.count("`") == 4

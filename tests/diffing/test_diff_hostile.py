"""Text of specs stays text, whatever it looks like, in every format."""

from __future__ import annotations

import html.parser
import json
import re
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from upsertgen.diff import changelog
from upsertgen.diff.loading import understand_folder

from tests.diffing.specs import Spec, diff, write_specs

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


def hostile(spec: Spec) -> None:
    for number, name in enumerate(NAMES):
        spec.result[name] = {"type": "string", "description": SCRIPT}
        spec.thing[f"f{number}"] = {"type": "string", "enum": [name, "other"]}


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    actions = [
        {"target": "$.components.schemas.Error", "description": name, "update": {"title": "t"}}
        for name in NAMES
    ]
    old = write_specs(tmp_path / "old")
    new = write_specs(tmp_path / "new", hostile, actions=actions)
    return ["--old-specs", str(old), "--new-specs", str(new)]


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


def test_html_shows_hostile_text_and_obeys_none(folders: list[str]) -> None:
    page = Page()
    page.feed(diff(*folders, "--format", "html").output)
    assert page.tags.isdisjoint({"script", "img", "iframe", "b2"})
    assert not any(name.startswith("on") for name in page.attributes)
    assert all(address.startswith("#") or address == "data:," for address in page.addresses)
    assert SCRIPT in page.text
    assert "{{ 7*7 }} {% raw %}" in page.text
    assert not set(page.text) & set("\x1b\x07\u202e\u200b\u2028\x9b")


def test_markdown_shows_hostile_text_and_obeys_none(folders: list[str]) -> None:
    text = diff(*folders, "--format", "markdown").output
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert rows
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5, row
    assert not set(text) & set("\x1b\x07\u202e\u200b\u2028\x9b")
    rendered = MarkdownIt("commonmark").enable("table").render(text)
    page = Page()
    page.feed(rendered)
    allowed = {"h1", "h2", "p", "strong", "em", "code", "br", "details", "summary"}
    allowed |= {"table", "thead", "tbody", "tr", "th", "td"}
    assert page.tags <= allowed
    assert page.attributes == set()


def test_the_changelog_shows_hostile_text_and_obeys_none(tmp_path: Path) -> None:
    folder = write_specs(tmp_path / "specs")
    newer = write_specs(tmp_path / "newer", hostile)
    (folder / "v2").mkdir()
    (folder / "v2/things.json").write_text((newer / "v1/things.json").read_text())
    specs = understand_folder(folder)
    text = changelog(specs.published, specs.corrected)
    page = Page()
    page.feed(MarkdownIt("commonmark").render(text))
    assert page.tags <= {"h1", "h2", "h3", "p", "strong", "em", "code", "br", "ul", "li"}
    assert not set(text) & set("\x1b\x07\u202e\u200b\u2028\x9b")


def test_terminals_are_told_nothing(folders: list[str]) -> None:
    text = diff(*folders).output
    assert all(character.isprintable() or character == "\n" for character in text)


def test_json_keeps_hostile_text_as_it_is(folders: list[str]) -> None:
    text = diff(*folders, "--format", "json").output
    assert text.isascii()
    changes = json.loads(text)["comparisons"][0]["changes"]
    places = {change["place"] for change in changes}
    assert {f"results[].{name}" for name in NAMES} <= places


def test_a_revision_and_folders_are_encoded_too(tmp_path: Path) -> None:
    old = write_specs(tmp_path / "a<b>&`|_")
    new = write_specs(tmp_path / "new")
    arguments = ["--old-specs", str(old), "--new-specs", str(new)]
    assert "a<b>" not in diff(*arguments, "--format", "html").output
    heading = diff(*arguments, "--format", "markdown").output.splitlines()[0]
    assert heading.count("`") == 4

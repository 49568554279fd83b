"""What pages of the reference show of calls is right: each tab is run against the sandbox."""

from __future__ import annotations

import ast
import contextlib
import csv
import http.client
import json
import re
import shlex
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import hubspot_upsert.v2026_03
import pytest
import yaml
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from hubspot_upsert.sandbox import Sandbox

ROOT = Path(__file__).parents[2]
_VERSION = hubspot_upsert.v2026_03
_PAGES = ROOT / "generated/docs/pages/reference/v2026_03"
_TAB = re.compile(r'=== "([A-Za-z ]+)"\n\n    ```[a-z]+\n(.*?)\n    ```(?=\n)', re.DOTALL)
_USUAL = ("contacts", "line_items", "tasks")
"""Pages that are tried always: an example of the spec, a key that is a number, and one that is made up."""
_MADE = "No property is known that finds records of this type"


def _upserts(page: Path) -> Mapping[str, str]:
    """Return the lines of each tab of the upsert of a page, as a reader makes them his own."""
    (part,) = [
        one for one in page.read_text("utf-8").split("\n## ") if one.startswith("batch\\_upsert\n")
    ]
    tabs = {title: textwrap.dedent(lines) for title, lines in _TAB.findall(part)}
    known = ROOT / "specs/properties" / f"{page.stem}.yaml"
    said = yaml.safe_load(known.read_bytes())["properties"] if known.is_file() else {}
    numbers = [name for name, one in said.items() if one.get("type") == "number"]
    if any(f'"idProperty": "{name}"' in tabs["Sync"] for name in numbers):
        # The value of the key is made up, and a page does not know what it has to be.
        tabs = {
            title: lines.replace('"text"', '"7"').replace(" text >", " 7 >")
            for title, lines in tabs.items()
        }
    return tabs


@contextlib.contextmanager
def _served(page: Path) -> Iterator[Sandbox]:
    """Serve an account that has the property whose name a page made up."""
    with Sandbox() as sandbox:
        if _MADE in page.read_text("utf-8"):
            sandbox.declare(page.stem, my_key={"unique": True})
        yield sandbox


def _run(lines: str) -> None:
    exec(compile(lines, "example", "exec"), {"__name__": "__main__"})  # noqa: S102


def _send(lines: str, url: str, token: str) -> int:
    """Send what a line for curl says, and return the status of the answer."""
    words = iter(shlex.split(lines.replace("\\\n", "").replace("$ACCESS_TOKEN", token)))
    assert next(words) == "curl"
    method, address, headers, body = "GET", "", {}, None
    for word in words:
        if word == "--request":
            method = next(words)
        elif word == "--header":
            name, _, value = next(words).partition(": ")
            headers[name] = value
        elif word == "--data":
            body = next(words)
        else:
            address = word
    asked, served = urlsplit(address), urlsplit(url)
    assert asked.scheme == "https"
    with contextlib.closing(http.client.HTTPConnection(served.netloc, timeout=60)) as connection:
        target = f"{asked.path}?{asked.query}" if asked.query else asked.path
        connection.request(method, target, body, headers)
        return connection.getresponse().status


def _pages() -> list[object]:
    names = sorted(one.stem for one in _PAGES.glob("*.md"))
    upserts = [
        name
        for name in names
        # Which object type those two are about, only their reader knows.
        if name not in ("objects", "custom_objects")
        and '=== "Bulk"' in (_PAGES / f"{name}.md").read_text("utf-8")
    ]
    return [
        pytest.param(name, marks=[] if name in _USUAL else [pytest.mark.large]) for name in upserts
    ]


@pytest.mark.parametrize("name", _pages())
def test_every_tab_does_what_it_says(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = _PAGES / f"{name}.md"
    tabs = _upserts(page)
    assert list(tabs) == ["Sync", "Async", "Bulk", "Command line", "curl"]
    monkeypatch.setenv("ACCESS_TOKEN", "token")
    monkeypatch.chdir(tmp_path)
    for title in tabs:
        with _served(page) as sandbox:
            monkeypatch.setattr(_VERSION.Client, "_BASE_URL", sandbox.url)
            monkeypatch.setattr(_VERSION.AsyncClient, "_BASE_URL", sandbox.url)
            if title == "curl":
                assert _send(tabs[title], sandbox.url, "token") in (200, 201), name
            elif title == "Command line":
                assert _command(tabs, sandbox.url) == 0, capsys.readouterr()
            else:
                _run(tabs[title])
            assert sandbox.count(name) >= 1, title


def _command(tabs: Mapping[str, str], url: str) -> int:
    """Do what the tab of the command line says; return its status."""
    table, command = (
        shlex.split(line, comments=True) for line in tabs["Command line"].splitlines()
    )
    assert table[:2] == ["printf", "%s\\n"]
    (records,) = [
        ast.literal_eval(node.value)
        for node in ast.parse(tabs["Bulk"]).body
        if isinstance(node, ast.Assign)
    ]
    *rows, into, name = table[2:]
    assert into == ">"
    columns, first = csv.reader(rows)
    assert columns == list(records[0])
    # What is no text stands there as JSON.
    texts = [one if isinstance(one, str) else json.dumps(one) for one in records[0].values()]
    assert first == texts
    Path(name).write_text("".join(f"{row}\n" for row in rows), "utf-8")
    assert command[0] == "hubspot-upsert"
    return run_command(CATALOGUE, [*command[1:], "--base-url", url])

"""Pages of documentation of hostile specs: texts are seen and do nothing, and what is copied runs."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
import shutil
import subprocess
import textwrap
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from upsertgen.docs import pages_of
from upsertgen.emit.encode import page_code, page_text, raw
from upsertgen.emit.proof import UnprovenFile

from tests.hostile.corpus import ATTACKS, CORPUS
from tests.hostile.pages import (
    READERS,
    Words,
    check_page,
    check_pages,
    encoding,
    events,
    given_for,
    visible,
)
from tests.hostile.project import WHOLE, Project

_LONG = 1000
_SHAPES = (
    "{}\n",
    "# {}\n",
    "a {} b\n",
    "| {} | {} |\n|---|---|\n| a {} | {} |\n| b | {}<br>{} |\n",
    "- {}\n- **{}**: {}\n",
    "> {}\n",
    "- [{}](a.md)\n",
)


def _page(texts: list[str], encode: Callable[[str], str]) -> str:
    """Return a page with each text wherever a template may put one; a long one but once, as it takes long."""
    parts = [
        shape.replace("{}", encode(text))
        for text in texts
        for shape in (_SHAPES if len(text) < _LONG else _SHAPES[2:3])
    ]
    return "\n".join(["# Texts\n", *parts, "end\n"])


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("kind", ["text", "code"])
def test_a_text_is_seen_and_has_no_effect_wherever_it_stands(kind: str, attack: str) -> None:
    texts, words = [one for one in ATTACKS[attack] if one], Words()
    encode, word = {"text": (page_text, words.text), "code": (page_code, words.code)}[kind]
    check_page(attack, _page(texts, encode), _page(texts, word), words)


@pytest.mark.parametrize(
    "text",
    [
        *("<b>", "[x](https://example.invalid)", "![x](x.png)", "[x]: https://example.invalid"),
        *(
            "<javascript:alert(1)>",
            "*[x]: y",
            "a\u202eb",
            "<!-- x -->",
            "```\nx",
            "a\n{: onclick=x }",
        ),
        *('??? note "x"\n\n    y', '=== "x"\n\n    y', "`#!python x`", "[TOC]", "`x"),
    ],
)
def test_what_has_an_effect_is_seen(text: str) -> None:
    """The check of these tests sees it, or the product's own proof does."""
    words = Words()
    page, twin = f"# x\n\n{text}\n\nx\n", f"# x\n\n{words.text(text)}\n\nx\n"
    with pytest.raises((AssertionError, UnprovenFile)):
        check_page("x.md", page, twin, words)


def test_a_description_may_have_code() -> None:
    words = Words()
    text = "Either `email`, or `a.b`: see `<b>`."
    check_page("x.md", page_text(text), words.text(text), words)
    for read in READERS.values():
        told = [one[1] for one in events(read(page_text(text))) if one[0] in ("start", "text")]
        code = ["p", "Either", "code", "email", ", or", "code", "a.b", ": see `<b>`."]
        assert told == code


_BROKEN: Mapping[str, Callable[..., str]] = {
    "page_text": raw,
    "page_code": lambda text: f"`{raw(text)}`",
}


def _hostile() -> Project:
    project = WHOLE.copied()
    things = project.files["v1/things.json"]
    things["info"]["title"] = "Things <img src=x onerror=alert(1)>"
    operation = things["paths"]["/first/{pathname}/{constantname}/send"]["post"]
    operation["description"] = "[click](javascript:alert(1))"
    operation["parameters"][1]["name"] = "X-`-Header"
    return Project(project.files, {"description": "<script>alert(1)</script>"})


@pytest.mark.parametrize("encoder", list(_BROKEN))
def test_a_broken_encoder_is_an_error_of_ours(encoder: str, tmp_path: Path) -> None:
    given = given_for(_hostile(), tmp_path / "specs")
    check_pages(pages_of(*given), given)
    with encoding(given[2], **{encoder: _BROKEN[encoder]}), pytest.raises(UnprovenFile):
        pages_of(*given)


def test_pages_are_the_same_wherever_the_specs_are(tmp_path: Path) -> None:
    """And so is what they say of places in specs."""
    made = [
        {path: file.text for path, file in pages_of(*given_for(WHOLE, folder / "specs")).items()}
        for folder in (tmp_path / "here", tmp_path / "there")
    ]
    assert made[0] == made[1]
    assert "`specs/v1/things.json:" in made[0]["pages/reference/v1/things.md"]


def test_pages_that_people_wrote_are_their_own(tmp_path: Path) -> None:
    given = given_for(_hostile(), tmp_path / "specs")
    text = "# A *guide*\n\n<div>[x](y.md)</div> {{ x }}\n"
    (tmp_path / "specs/docs").mkdir()
    (tmp_path / "specs/docs/guide.md").write_text(text)
    (tmp_path / "specs/docs/navigation.yaml").write_text("- title: A <b>\n  pages: [guide.md]\n")
    files = pages_of(*given)
    assert files["pages/guide.md"].text == text
    check_pages(files, given)
    listed = files["pages/llms.txt"].text
    assert "## A &lt;b&gt;" in listed
    assert "(guide.md)" in listed


_SHARE = 9


def _calls(texts: list[str]) -> Project:
    """Return a project with a document for each text, in whose example it stands wherever it can."""
    project = WHOLE.copied()
    things = project.files["v1/things.json"]
    post = things["paths"]["/first/{pathname}/{constantname}/send"]["post"]
    del project.files["overlays/more.json"]
    for number, text in enumerate(texts):
        path = f"/calls/{number}/{{pathname}}/{{constantname}}"
        paths = {path: {"post": _call(post, f"send{number}", text)}}
        project.files[f"v1/calls{number}.json"] = {**things, "paths": paths}
    del project.files["v1/things.json"]
    return project


def _call(post: dict[str, Any], name: str, text: str) -> dict[str, Any]:
    """Return an operation with an example of its own."""
    changed: dict[str, Any] = json.loads(json.dumps(post))
    header = text if re.fullmatch("[!-~]([ -~]*[!-~])?", text) else "text"
    for where, called, value in (
        ("path", "pathname", text),
        ("query", text, text),
        ("header", "X-Of-Example", header),
    ):
        schema = {"type": "string", "enum": [value, "another"]}
        changed["parameters"].append(
            {"name": called, "in": where, "required": True, "schema": schema}
        )
    properties = {"p": text, f"p{text}": "v"}
    given = {"keyfield": text, "keypropertyfield": text, "propertiesfield": properties}
    body = changed["requestBody"]["content"]["application/json"]
    body["examples"]["examplename"]["value"] = {"inputsfield": [given]}
    return changed | {"operationId": name}


_TAB = re.compile(r'=== "([A-Za-z ]+)"\n\n    ```[a-z]+\n(.*?)\n    ```\n', re.DOTALL)
_REQUEST = re.compile(r"The request of the examples:\n\n```json\n(.*?)\n```", re.DOTALL)
_FAKE = """#!/bin/sh
# Tells how it was called, and what stands in the CSV file that it was given.
case "$2" in *.csv) set -- "$@" "$(cat "$2")" ;; esac
printf '%s\\000' "${0##*/}" "$#" "$@"
"""
_TOKEN = "`touch pwned`$(touch pwned)' \" ; touch pwned"


@dataclass(frozen=True)
class _Shown:
    """An operation whose example holds a text, and what its page shows of it.

    Attributes:
        text: The text.
        tabs: The lines of each tab, by its title.
        request: The body of the request, as JSON data.
    """

    text: str
    tabs: Mapping[str, str]
    request: object


@pytest.fixture(scope="module", params=[_SHARE, pytest.param(2, marks=pytest.mark.large)])
def shown(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[_Shown]:
    """What pages show of operations whose examples hold hostile texts: one text of so many."""
    texts = [
        one for one in CORPUS if 0 < len(one) < _LONG and not re.search("[\ud800-\udfff]", one)
    ][:: request.param]
    files = pages_of(*given_for(_calls(texts), tmp_path_factory.mktemp("calls") / "specs"))
    whole = "".join(file.text for path, file in files.items() if "/calls" in path)
    found: dict[int, _Shown] = {}
    for part in whole.split("\n## send")[1:]:
        number, body = int(part.partition("\n")[0]), _REQUEST.search(part)
        assert body is not None
        tabs = {title: textwrap.dedent(lines) for title, lines in _TAB.findall(part)}
        found[number] = _Shown(texts[number], tabs, json.loads(body[1]))
    assert found.keys() == set(range(len(texts)))
    return list(found.values())


def test_the_lines_of_python_say_the_texts(shown: list[_Shown]) -> None:
    for one in shown:
        for title in ("Sync", "Async"):
            said = [
                node.value
                for node in ast.walk(ast.parse(one.tabs[title]))
                if isinstance(node, ast.Constant)
            ]
            assert said.count(one.text) >= 4, (title, one.text)
        (records,) = [
            ast.literal_eval(node.value)
            for node in ast.parse(one.tabs["Bulk"]).body
            if isinstance(node, ast.Assign)
        ]
        assert records == [{one.text: one.text, "p": one.text, f"p{one.text}": "v"}]


@pytest.mark.parametrize("shell", ["sh", "bash"])
def test_lines_for_a_shell_do_nothing_but_what_they_say(
    shell: str, shown: list[_Shown], tmp_path: Path
) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"there is no {shell} here")
    (tmp_path / "bin").mkdir()
    (tmp_path / "work").mkdir()
    for name in ("curl", "hostile-package"):
        (tmp_path / "bin" / name).write_text(_FAKE)
        (tmp_path / "bin" / name).chmod(0o755)
    (tmp_path / "lines").write_text(
        "\n".join(one.tabs[title] for one in shown for title in ("curl", "Command line")), "utf-8"
    )
    run = subprocess.run(
        [shell, tmp_path / "lines"],
        cwd=tmp_path / "work",
        env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "ACCESS_TOKEN": _TOKEN},
        capture_output=True,
        timeout=300,
        check=True,
    )
    assert run.stderr == b""
    calls = list(_called(run.stdout.decode()))
    assert len(calls) == 2 * len(shown)
    for one, (curl, command) in zip(shown, zip(calls[::2], calls[1::2], strict=True), strict=True):
        _check_curl(curl, one)
        _check_command(command, one)
    assert all(one.suffix == ".csv" for one in (tmp_path / "work").iterdir())


def _called(told: str) -> Iterator[list[str]]:
    """Yield the words of each call, its name first."""
    words = iter(told.split("\0"))
    for name in words:
        if name:
            yield [name, *islice(words, int(next(words)))]


def _check_curl(call: list[str], one: _Shown) -> None:
    name, request, method, url, *options = call
    assert (name, request, method) == ("curl", "--request", "POST")
    parts = urlsplit(url)
    assert parts.netloc == "api.example.com"
    value = quote(one.text, safe="")
    assert f"/{value}/" in parts.path
    assert parse_qsl(parts.query)[0] == (one.text, one.text)
    assert set(options[:-2:2]) == {"--header"}
    headers = dict(line.split(": ", 1) for line in options[1:-2:2])
    assert headers["Authorization"] == f"Bearer {_TOKEN}"
    if headers["X-Of-Example"] != "text":
        assert headers["X-Of-Example"] == _word(one.text)
    assert options[-2] == "--data"
    assert json.loads(options[-1]) == one.request


def _check_command(call: list[str], one: _Shown) -> None:
    name, _, file, *options, table = call
    assert name == "hostile-package"
    assert options[:2] == ["--id-property", _word(one.text)]
    assert _word(f"pathname={one.text}") in options
    assert file.endswith(".csv")
    header, row = csv.reader(table.split("\n"), strict=True)
    assert header == [_word(one.text), "p", _word(f"p{one.text}")]
    assert row == [_word(one.text), _word(one.text), "v"]


def _word(text: str) -> str:
    """Return a text as a word of a shell shows it."""
    return visible(text).replace("`", "'")

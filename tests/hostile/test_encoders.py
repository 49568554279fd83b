"""Each encoder: what it gives means the text, whatever the text, and nothing else."""

from __future__ import annotations

import ast
import io
import json
import operator
import os
import re
import tokenize
import tomllib
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from upsertgen.emit import encode
from upsertgen.emit.proof import UnprovenFile, prove_markdown
from upsertgen.spec_text import SpecText

from tests.hostile.corpus import CORPUS

_INERT = {"text", "code_inline", "text_special"}


def _texts_by_attack() -> dict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for one in CORPUS:
        found[one.attacks].append(one.text)
    return dict(found)


_TEXTS = _texts_by_attack()


@pytest.fixture(params=list(_TEXTS))
def texts(request: pytest.FixtureRequest) -> list[str]:
    """The texts that attack one thing."""
    return _TEXTS[request.param]


@contextmanager
def _named(text: str) -> Iterator[None]:
    """Say of what goes wrong which text does it."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"{text[:200]!r}: {type(error).__name__}: {error}") from error


def _is_unicode(text: str) -> bool:
    return not re.search("[\ud800-\udfff]", text)


@pytest.mark.parametrize(
    "use",
    [
        str,
        "{}".format,
        lambda text: f"{text}",
        lambda text: f"{text:>10}",
        lambda text: f"{text!s}",
        lambda text: operator.mod("%s", text),
        lambda text: "".join([text]),
        lambda text: "a" + text,
        lambda text: text + "a",
        lambda text: text * 2,
        lambda text: text[0],
        lambda text: text[:1],
        lambda text: list(text),
        lambda text: len(text),
        lambda text: "a" in text,
        lambda text: text in "abc",
        lambda text: re.match(text, "a"),
        lambda text: re.sub("a", text, "a"),
        lambda text: os.stat(text),  # noqa: PTH116
        lambda text: os.path.join("a", text),  # noqa: PTH118
        lambda text: open(text),  # noqa: PTH123, SIM115
        lambda text: bytes(text),
        lambda text: int(text),
        lambda text: json.dumps(text),
        lambda text: json.dumps(text, default=str),
        lambda text: eval(text),  # noqa: S307
        lambda text: compile(text, "a", "eval"),
        lambda text: "abc".replace("a", text),
        lambda text: text.upper(),
    ],
)
def test_no_accident_gets_at_a_text(use: Callable[[Any], object]) -> None:
    with pytest.raises((TypeError, AttributeError)):
        use(SpecText("import os"))


def test_what_shows_a_text_shows_none_of_it() -> None:
    text = SpecText("import os")
    shown = [
        repr(text),
        f"{text!r}",
        f"{ {text: 1} }",
        f"{[text]}",
        ascii(text),
    ]
    assert not any("import" in one or "os" in one.replace("pos", "") for one in shown)
    assert repr(text) == repr(SpecText("import os")) != repr(SpecText("import sys"))


def test_literals(texts: list[str]) -> None:
    for text in texts:
        with _named(text):
            assert ast.literal_eval(encode.string_literal(SpecText(text))) == text
            assert eval(f'f"{encode.f_string_text(SpecText(text))}"', {}) == text  # noqa: S307
            if _is_unicode(text):
                assert json.loads(encode.json_text({text: text})) == {text: text}


def test_docstrings_and_comments(texts: list[str]) -> None:
    nothing_else = ast.dump(ast.parse("x = 1"))
    for text in texts:
        with _named(text):
            source = f'def f():\n    """{encode.docstring(SpecText(text), 4)}"""\n'
            (function,) = ast.parse(source).body
            assert isinstance(function, ast.FunctionDef)
            assert len(function.body) == 1
            shown = ast.get_docstring(function, clean=False)
            if text.isascii() and text.isprintable():
                assert "".join((shown or "").split()) == "".join(text.split())
            commented = f"# {encode.comment(SpecText(text))}\nx = 1\n".encode()
            assert tokenize.detect_encoding(io.BytesIO(commented).readline)[0] == "utf-8"
            assert ast.dump(ast.parse(commented)) == nothing_else


def test_names_urls_and_headers(texts: list[str]) -> None:
    for text in texts:
        with _named(text):
            _check_names(text)


def _check_names(text: str) -> None:
    for encoder in (encode.identifier, encode.file_name, encode.header_name, encode.header_value):
        try:
            given = encode.raw(encoder(text))
        except ValueError:
            continue
        assert given == text
        assert given.isascii() and given.isprintable()
        assert encoder not in (encode.identifier, encode.file_name) or given.isidentifier()
    if text not in ("", ".", "..") and _is_unicode(text):
        segment = encode.url_path_segment(SpecText(text))
        assert unquote(segment) == text
        assert re.fullmatch("[A-Za-z0-9._~%-]+", segment)


def test_toml(texts: list[str]) -> None:
    for text in filter(_is_unicode, texts):
        with _named(text):
            assert tomllib.loads(f"x = {encode.toml_string(SpecText(text))}") == {"x": text}


def test_toml_cannot_say_half_a_character() -> None:
    with pytest.raises(ValueError, match="no Unicode"):
        encode.toml_string(SpecText("\ud800"))


def test_markdown(texts: list[str]) -> None:
    reader = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    for text in filter(_is_unicode, texts):
        with _named(text):
            for given in (
                encode.markdown(SpecText(text)),
                encode.markdown_code(SpecText(text)),
                f"`{encode.markdown_literal(SpecText(text))}`",
            ):
                tokens = reader.parse(f"{given}\n\nend\n")
                kinds = [one.type for one in tokens if one.type != "inline"]
                paragraph = ["paragraph_open", "paragraph_close"]
                assert kinds == (paragraph if not given else paragraph * 2)
                inner = [child.type for one in tokens for child in one.children or ()]
                assert set(inner) <= _INERT, inner
                prove_markdown("README.md", f"{given}\n\nend\n")


@pytest.mark.parametrize(
    "text",
    ["<script>", "[x](y)", "`", "```\nx", "![x](y)", "&lt;", "a\x1b", "a\u202eb", "<!-- x -->"],
)
def test_what_breaks_out_of_markdown_is_seen(text: str) -> None:
    with pytest.raises(UnprovenFile):
        prove_markdown("README.md", f"# x\n\n{text}\n")

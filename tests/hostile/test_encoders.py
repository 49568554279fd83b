"""Each encoder: what it gives means the text, whatever the text, and nothing else."""

from __future__ import annotations

import ast
import io
import json
import os
import re
import tokenize
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from markdown_it import MarkdownIt
from upsertgen.emit import encode
from upsertgen.emit.proof import UnprovenFile, prove_markdown
from upsertgen.spec_text import SpecText

from tests.hostile.corpus import ATTACKS

_INERT = {"text", "code_inline", "text_special"}


@pytest.fixture(params=ATTACKS)
def texts(request: pytest.FixtureRequest) -> list[str]:
    """The texts that attack one thing."""
    return ATTACKS[request.param]


@contextmanager
def _named(text: str) -> Iterator[None]:
    """Say of what goes wrong which text does it."""
    try:
        yield
    except Exception as error:
        raise AssertionError(f"{text[:200]!r}: {type(error).__name__}: {error}") from error


def _is_unicode(text: str) -> bool:
    return not re.search("[\ud800-\udfff]", text)


_USES = """
str(text) ; "{}".format(text) ; f"{text}" ; f"{text:>10}" ; f"{text!s}" ; "%s" % text ; "".join([text])
"a" + text ; text + "a" ; text * 2 ; text[0] ; text[:1] ; list(text) ; len(text) ; "a" in text
text in "abc" ; re.match(text, "a") ; re.sub("a", text, "a") ; "abc".replace("a", text) ; text.upper()
os.stat(text) ; os.path.join("a", text) ; open(text) ; bytes(text) ; int(text) ; json.dumps(text)
json.dumps(text, default=str) ; eval(text) ; compile(text, "a", "eval")
"""


@pytest.mark.parametrize("use", re.split(" ; |\n", _USES.strip()))
def test_no_accident_gets_at_a_text(use: str) -> None:
    accident = eval(f"lambda text: {use}", {"re": re, "os": os, "json": json})  # noqa: S307
    with pytest.raises((TypeError, AttributeError)):
        accident(SpecText("import os"))


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
            if _is_unicode(text):
                assert json.loads(encode.json_text({text: text})) == {text: text}


def test_docstrings_and_comments(texts: list[str]) -> None:
    nothing_else = ast.dump(ast.parse("x = 1"))
    for text in texts:
        with _named(text):
            whole = encode.whole_docstring(SpecText(text), 4)
            source = f'def f():\n    """{encode.docstring(SpecText(text), 4)}"""\n'
            assert len(ast.parse(f"if x:\n    {whole}\nx = 1\n").body) == 2
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
    assert not encode.is_plain_name(SpecText(text)) or text.isidentifier()
    for encoder in (encode.identifier, encode.file_name, encode.header_name, encode.header_value):
        try:
            given = encode.raw(encoder(text))
        except ValueError:
            continue
        assert given == text
        assert given.isascii() and given.isprintable()
        assert encoder not in (encode.identifier, encode.file_name) or given.isidentifier()


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

"""Spec text to source text: the only place where it happens, with one encoder for each context.

An encoder takes `SpecText` (or text of ours) and returns text that means exactly that in its context and
nothing else. What is escaped depends on a fixed version of Unicode, so that every Python emits the same.
"""

from __future__ import annotations

import json
import keyword
import re
import shlex
import textwrap
import unicodedata
from collections.abc import Callable
from typing import Any

from upsertgen.ir.tree import ObjectValue, Scalar, Value
from upsertgen.spec_text import SpecText

# Unicode 3.2 is part of every Python; what it does not know is escaped.
_category: Callable[[str], str] = unicodedata.ucd_3_2_0.category
# Spaces are among the hidden: a zero-width space was one of them.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))
_ITEM = re.compile(r"\n(?=\s*(?:[-*]|\d+[.)]) )")
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&])")

LINE_LENGTH = 100
"""The line length of emitted Python."""


def raw(text: SpecText | str) -> str:
    """Return text without encoding it, for the encoders of this module and for comparisons."""
    return text.raw if isinstance(text, SpecText) else text


def identifier(name: str) -> str:
    """Return a name that is a Python identifier.

    Raises:
        ValueError: It is none. Names are chosen by `upsertgen.ir.names`, so this is an error of ours.
    """
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is not a Python identifier")
    return name


def string_literal(text: SpecText | str) -> str:
    r"""Return a Python string literal that evaluates to the text.

    Example:
        >>> print(string_literal(SpecText('a "b"')), string_literal(SpecText("a\nb")))
        'a "b"' "a\nb"
    """
    value = raw(text)
    quote = "'" if value.count('"') > value.count("'") else '"'
    escaped = (f"\\{one}" if one in (quote, "\\") else one for one in value)
    return f"{quote}{_visible_text(''.join(escaped))}{quote}"


def scalar_literal(value: Scalar) -> str:
    """Return a Python literal of a JSON scalar."""
    return string_literal(value) if isinstance(value, SpecText) else repr(value)


def value_literal(value: Value) -> str:
    """Return a Python literal of a JSON value as the tree holds it."""
    if isinstance(value, ObjectValue):
        pairs = (f"{string_literal(key)}: {value_literal(item)}" for key, item in value.fields)
        return "{" + ", ".join(pairs) + "}"
    if isinstance(value, tuple):
        return "[" + ", ".join(value_literal(item) for item in value) + "]"
    return scalar_literal(value)


def docstring(text: SpecText | str, indent: int) -> str:
    """Return text as it stands inside a docstring of triple double quotes, wrapped.

    Args:
        text: The text; its blank lines part paragraphs.
        indent: The columns that lines after the first are indented by.
    """
    width = max(LINE_LENGTH - 4 - indent, 40)
    lines = _filled(text, width, _visible).split("\n")
    joined = "\n".join(
        f"{' ' * indent if number and line else ''}{line}" for number, line in enumerate(lines)
    )
    return f"{joined[:-1]}\\{joined[-1]}" if joined.endswith('"') else joined


def comment(text: SpecText | str) -> str:
    """Return text as it stands in a comment: one line."""
    return _visible(" ".join(raw(text).split()))


def one_line(text: SpecText | str) -> SpecText:
    """Return text with all white space in it as single blanks, to be encoded further."""
    return SpecText(" ".join(raw(text).split()))


def model_description(text: SpecText | str) -> str:
    """Return text as models and their fields are described with it: wrapped, every character visible.

    It goes to datamodel-code-generator, which quotes it.
    """
    return _filled(text, LINE_LENGTH - 8, _visible_text)


def toml_string(text: SpecText | str) -> str:
    """Return a basic string of TOML."""
    escaped = raw(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\U{ord(one):08X}" if _is_hidden(one) else one for one in escaped) + '"'


def json_text(value: Any) -> str:
    """Return JSON data as text that is plain ASCII, a line for each value."""
    return json.dumps(value, indent=1)


def shell_word(text: SpecText | str) -> str:
    """Return text as one word of a shell's command line, inside a code block of Markdown."""
    return shlex.quote(_visible_text(" ".join(raw(text).split())).replace("`", "'"))


def markdown(text: SpecText | str) -> str:
    """Return text as Markdown shows it, on one line and without effect."""
    return _MARKDOWN.sub(r"\\\1", _visible_text(" ".join(raw(text).split())))


def markdown_code(text: SpecText | str) -> str:
    """Return text as a code span of Markdown; backquotes become apostrophes, which code spans can hold."""
    return (
        "`" + _visible_text(" ".join(raw(text).split())).replace("`", "'").replace("|", "\\|") + "`"
    )


def _filled(text: SpecText | str, width: int, encode: Callable[[str], str]) -> str:
    """Return text encoded and wrapped, with its paragraphs and the items of its lists apart."""
    return "\n\n".join(
        "\n".join(
            textwrap.fill(
                encode(" ".join(line.split())),
                width,
                break_long_words=False,
                break_on_hyphens=False,
            )
            for line in _ITEM.split(paragraph)
        )
        for paragraph in re.split(r"\n\s*\n", raw(text).strip())
    )


def _visible(text: str) -> str:
    """Return text for a docstring or a comment: no escape sequence of its own, no quotes that end it.

    What is hidden is visible not only in the source, but also to who reads the docstring on a terminal.
    """
    return _visible_text(text).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')


def _visible_text(text: str) -> str:
    return "".join(_escape(one) if _is_hidden(one) else one for one in text)


def _is_hidden(character: str) -> bool:
    return not " " <= character <= "~" and _category(character) in _HIDDEN


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

"""Spec text to source text: the only place where it happens, with one encoder for each context.

An encoder takes `SpecText` (or text of ours) and returns text that means exactly that in its context and
nothing else. What is escaped depends on a fixed version of Unicode, so that every Python emits the same.

| context | encoder |
|---|---|
| identifier | `identifier`, `plain_name` |
| module and file name | `file_name` |
| string literal, other literals | `string_literal`, `scalar_literal`, `value_literal`, `record_literal` |
| docstring | `docstring`, `whole_docstring` |
| comment | `comment` |
| path of a URL | `url_path` |
| name and value of an HTTP header | `header_name`, `header_value` |
| TOML | `toml_string` |
| JSON | `json_text` |
| HTML | `html_text` |
| Markdown | `markdown`, `markdown_code`, `markdown_literal` |
| pages of documentation | `page_text`, `page_code`, `page_block` |

`joined`, `one_line` and `without_full_stop` give text that still has to be encoded.
"""

from __future__ import annotations

import html
import json
import keyword
import re
import shlex
import textwrap
import unicodedata
from collections.abc import Callable
from dataclasses import is_dataclass
from typing import Any

from upsertgen.file_names import DEVICES
from upsertgen.ir.tree import ObjectValue, Scalar, Value
from upsertgen.ir.vocabulary import HEADER
from upsertgen.ir.words import ErrorClass, Word, words
from upsertgen.spec_text import SpecText
from upsertgen.specs.openapi import HEADER_NAME, HEADER_VALUE, is_url_path

# Unicode 3.2 is part of every Python; what it does not know is escaped.
_category: Callable[[str], str] = unicodedata.ucd_3_2_0.category
# Spaces are among the hidden: a zero-width space was one of them.
_HIDDEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"))
_ITEM = re.compile(r"\n(?=\s*(?:[-*]|\d+[.)]) )")
# What has an effect anywhere; what begins a list, a heading or a rule; what makes a link of an address.
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~!&]|^[-+=]|:(?=//)|(?<=www)\.)", re.IGNORECASE)
_NUMBERED = re.compile(r"^([0-9]+)(?=[.)])")
_PAGE_NUMBERED = re.compile(r"^([0-9]+)(?=[.)](?: |$))")
# The same where Python-Markdown reads it, and what its extensions take for more than a sign.
_PAGE_MARKS = re.compile(
    r"[\\`*_{}\[\]<>#|~!&^$=@+]|^[-:?]|^/(?=//)|:(?=//|[\w+-]+:)|(?<=www)\.", re.IGNORECASE
)
# What a code span may begin with that its readers take for the name of a language.
_LANGUAGE = ("#!", ":::")
_CODE_SPAN = re.compile(r"(?<![`\\])`([A-Za-z0-9_./:,{}()\"'-]+)`(?!`)")
_BACKSLASHED = "\\`*_{}#!+-"
# Python reads these in the first two lines of a file, in any comment.
_CODING = re.compile(r"coding(?=[:=])")
_PLAIN_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*\Z")
_FILE_NAME = re.compile(r"[a-z_][a-z0-9_]*\Z")

LINE_LENGTH = 100
"""The line length of emitted Python."""


def raw(text: SpecText | str) -> str:
    """Return text without encoding it, for the encoders of this module and for comparisons."""
    return text.raw if isinstance(text, SpecText) else text


def is_plain_name(text: SpecText) -> bool:
    """Return whether a name in JSON is the same name in Python, wherever it stands.

    A name that begins with `_` may mean something else in a class, and one that is not ASCII is normalised.
    """
    return _PLAIN_NAME.match(text.raw) is not None and not keyword.iskeyword(text.raw)


def plain_name(text: SpecText) -> str:
    """Return a name in JSON that is the same name in Python.

    Raises:
        ValueError: It is not. `is_plain_name` says so before.
    """
    if not is_plain_name(text):
        raise ValueError(f"{text.raw!r} is not a name in Python")
    return text.raw


def identifier(name: str) -> str:
    """Return a name that is a Python identifier.

    Raises:
        ValueError: It is none. Names are chosen by `upsertgen.ir.names`, so this is an error of ours.
    """
    if not (name.isascii() and name.isidentifier()) or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is not a Python identifier")
    return name


def file_name(name: str) -> str:
    """Return the name of a module or package as it stands in a path.

    Raises:
        ValueError: It is no module name on every platform. Names are chosen by `upsertgen.ir.names`, so this
            is an error of ours.
    """
    if not _FILE_NAME.match(name) or name in DEVICES or keyword.iskeyword(name):
        raise ValueError(f"{name!r} is not the name of a module")
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


def record_literal(record: Any, module: str, **more: int | None) -> str:
    """Return a call of the class of the runtime that an object of the vocabulary becomes.

    What is optional and says nothing is left out; the module has to import `errors`.

    Args:
        record: An object of `upsertgen.ir.vocabulary`.
        module: What the module of the class is called where the call stands.
        more: Arguments that are no words of specs; None for those that are not given.
    """
    arguments = [
        f"{identifier(word.name)}={_argument(word, value, module)}"
        for word in words(type(record))
        if (value := getattr(record, word.name)) != word.default or value not in (None, (), False)
    ]
    arguments += [
        f"{identifier(name)}={value!r}" for name, value in more.items() if value is not None
    ]
    return f"{identifier(module)}.{identifier(type(record).__name__)}({', '.join(arguments)})"


def _argument(word: Word, value: Any, module: str) -> str:
    if isinstance(value, ErrorClass):
        return f"errors.{identifier(value)}"
    if isinstance(value, SpecText):
        return string_literal(header_name(value) if word.schema is HEADER.keywords else value)
    if isinstance(value, tuple):
        items = ", ".join(_argument(word, item, module) for item in value)
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, str):
        return string_literal(value)
    return record_literal(value, module) if is_dataclass(value) else repr(value)


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
    # Three quotes at the end are escaped already: by an odd number of backslashes.
    before = joined.removesuffix('"')
    bare = before != joined and (len(before) - len(before.rstrip("\\"))) % 2 == 0
    return f'{joined[:-1]}\\"' if bare else joined


def whole_docstring(text: SpecText | str, indent: int) -> str:
    """Return a docstring with its quotes, which stand on lines of their own if the text has several.

    Args:
        text: The text; its blank lines part paragraphs.
        indent: The columns that its lines are indented by.
    """
    told = docstring(text, indent)
    margin = "\n" + " " * indent if "\n" in told else ""
    return f'"""{margin}{told}{margin}"""'


def comment(text: SpecText | str) -> str:
    """Return text as it stands in a comment: one line, that says nothing about an encoding."""
    return _CODING.sub(r"codin\\x67", _visible(" ".join(raw(text).split())))


def joined(*parts: SpecText | str) -> SpecText:
    """Return texts one after the other, to be encoded further: a part that is from a spec stays marked."""
    return SpecText("".join(map(raw, parts)))


def without_full_stop(text: SpecText) -> SpecText:
    """Return a sentence without the full stop at its end, to be encoded further."""
    return SpecText(text.raw.removesuffix("."))


def one_line(text: SpecText | str) -> SpecText:
    """Return text with all white space in it as single blanks, to be encoded further."""
    return SpecText(" ".join(raw(text).split()))


def url_path(text: SpecText | str) -> SpecText:
    """Return the path of an operation, with `{name}` for each argument, to be encoded further.

    Raises:
        ValueError: It is no path of a URL. Paths are checked when specs are read.
    """
    path = raw(text)
    if not is_url_path(path):
        raise ValueError(f"{path!r} is not the path of a URL")
    return SpecText(path)


def header_name(text: SpecText | str) -> SpecText:
    """Return the name of an HTTP header, to be encoded further.

    Raises:
        ValueError: It is none. Names are checked when specs are read.
    """
    if not HEADER_NAME.match(raw(text)):
        raise ValueError(f"{raw(text)!r} is not the name of a header")
    return SpecText(raw(text))


def header_value(text: SpecText | str) -> SpecText:
    """Return the value of an HTTP header, to be encoded further.

    Raises:
        ValueError: It is none. Values are checked when specs are read.
    """
    if not HEADER_VALUE.match(raw(text)):
        raise ValueError(f"{raw(text)!r} is not the value of a header")
    return SpecText(raw(text))


def toml_string(text: SpecText | str) -> str:
    """Return a basic string of TOML.

    Raises:
        ValueError: It holds half of a surrogate pair, which TOML cannot say.
    """
    if any("\ud800" <= one <= "\udfff" for one in raw(text)):
        raise ValueError(f"{raw(text)!r} is no Unicode text")
    escaped = raw(text).replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(f"\\U{ord(one):08X}" if _is_hidden(one) else one for one in escaped) + '"'


def json_text(value: Any) -> str:
    """Return JSON data as text that is plain ASCII, a line for each value."""
    return json.dumps(value, indent=1, allow_nan=False)


def json_line(value: Any) -> str:
    """Return JSON data as text that is plain ASCII, on one line."""
    return json.dumps(value, allow_nan=False)


def shell_word(text: SpecText | str) -> str:
    """Return text as one word of a shell's command line, inside a code block of Markdown."""
    return shlex.quote(_visible_text(" ".join(raw(text).split())).replace("`", "'"))


def html_text(text: SpecText | str) -> str:
    """Return text as HTML shows it, on one line and without effect, also in an attribute in double quotes."""
    # An apostrophe stays: what searches a site shows titles as they stand.
    told = html.escape(_visible_text(" ".join(raw(text).split())), quote=False)
    return told.replace('"', "&quot;")


def markdown(text: SpecText | str) -> str:
    """Return text as Markdown shows it, on one line and without effect."""
    escaped = _MARKDOWN.sub(r"\\\1", _visible_text(" ".join(raw(text).split())))
    return _NUMBERED.sub(r"\1\\", escaped)


def markdown_code(text: SpecText | str) -> str:
    """Return text as a code span of Markdown; backquotes become apostrophes, which code spans can hold."""
    # Two backquotes with nothing between them would begin a span that ends who knows where.
    inner = _visible_text(" ".join(raw(text).split())) or " "
    return "`" + inner.replace("`", "'").replace("|", "\\|") + "`"


def markdown_literal(text: SpecText | str) -> str:
    r"""Return a Python string literal as it stands in a code span of Markdown.

    Example:
        >>> print(markdown_literal(SpecText("a`b")))
        "a\x60b"
    """
    return string_literal(text).replace("`", "\\x60")


def page_text(text: SpecText | str) -> str:
    """Return text as pages of documentation show it, on one line and without effect.

    Pages are read as CommonMark and by Python-Markdown, which takes a backslash only before some signs: the
    others become entities, which neither of the two takes for more than a sign.
    """
    told = _visible_text(" ".join(raw(text).split()))
    # Descriptions of OpenAPI are Markdown: what stands in a code span there does so here, if it is plain.
    parts = _CODE_SPAN.split(told)
    return "".join(
        f"`{part}`" if index % 2 else _PAGE_NUMBERED.sub(r"\1\\", _PAGE_MARKS.sub(_page_mark, part))
        for index, part in enumerate(parts)
    )


def _page_mark(mark: re.Match[str]) -> str:
    character = mark[0]
    if character in _BACKSLASHED:
        return f"\\{character}"
    return html.escape(character) if character in "<>&" else f"&#{ord(character)};"


def page_code(text: SpecText | str) -> str:
    """Return text as code on one line in a page of documentation, also inside a table."""
    told = _visible_text(" ".join(raw(text).split())) or " "
    if not (told.startswith(_LANGUAGE) or any(one in told for one in "`|\\")):
        return f"`{told}`"
    # What a code span cannot hold everywhere: a vertical bar ends a cell, whatever stands around it.
    encoded = "".join(one if one.isalnum() or one == " " else f"&#{ord(one)};" for one in told)
    return f"<code>{encoded}</code>"


def page_block(language: str, text: SpecText | str) -> str:
    """Return text as a block of code in a page of documentation.

    Args:
        language: What the code is written in, in a word of ours.
        text: The code, with its lines.
    """
    lines = [_visible_text(one.rstrip()) for one in raw(text).strip("\n").split("\n")]
    # No line of the code can end a block that begins with more backquotes than it has anywhere.
    longest = max((len(run) for run in re.findall("`+", "\n".join(lines))), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


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
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(one) if _is_hidden(one) else one for one in text)


def _is_hidden(character: str) -> bool:
    return not " " <= character <= "~" and _category(character) in _HIDDEN


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")

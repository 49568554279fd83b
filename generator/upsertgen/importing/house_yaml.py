"""Plain data to YAML text in the house style of the spec files.

Two spaces a level, lists indented below their key; `$ref`s and whatever a reader could take for something
else in double quotes; long text folded (`>-`) below 110 columns; short lists of scalars in one line. The
text depends on the data only, so the same data always gives the same bytes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import yaml

WIDTH = 109
"""The longest line, but for a word that is longer."""

_DIGITS = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]*)?([eE][-+]?[0-9]+)?\Z")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<")
_IN_FLOW = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
"""What needs no quotes within brackets, where YAML has more rules than are worth knowing."""

_REFERENCES = frozenset(("$ref",))
_CONSTANTS = frozenset(("~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"))


def house_yaml(data: dict[str, Any], comment: str = "") -> str:
    """Return the YAML text of a mapping.

    Args:
        data: Mappings with text as keys, lists, and scalars of JSON.
        comment: One line to begin with, without its `#`.
    """
    lines = [f"# {comment}"] if comment else []
    lines.extend(_mapping(data, 0) if data else ["{}"])
    return "\n".join(lines) + "\n"


def _mapping(data: dict[str, Any], indent: int) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{' ' * indent}{_text(key, flow=False)}:", key, value, indent)


def _entry(head: str, key: str, value: Any, indent: int) -> Iterator[str]:
    """Yield the lines of a key and its value; `head` is the first line as far as the key goes."""
    if isinstance(value, dict) and value:
        yield head
        yield from _mapping(value, indent + 2)
    elif isinstance(value, list) and value:
        flow = _flow(value)
        if flow is not None and len(head) + 1 + len(flow) <= WIDTH:
            yield f"{head} {flow}"
        else:
            yield head
            yield from _sequence(value, indent + 2)
    elif isinstance(value, str) and key not in _REFERENCES:
        yield from _long_text(head, value, indent)
    else:
        yield f"{head} {_scalar(value, quote=key in _REFERENCES)}"


def _sequence(items: list[Any], indent: int) -> Iterator[str]:
    for item in items:
        lead = f"{' ' * indent}- "
        if isinstance(item, dict) and item:
            lines = _mapping(item, indent + 2)
            yield lead + next(lines)[indent + 2 :]
            yield from lines
        elif isinstance(item, list) and item:
            lines = _sequence(item, indent + 2)
            yield lead + next(lines)[indent + 2 :]
            yield from lines
        else:
            yield lead + _scalar(item)


def _flow(items: list[Any]) -> str | None:
    """Return a list of scalars in one line; where one text needs quotes, all have them."""
    if not all(item is None or isinstance(item, (str, int, float)) for item in items):
        return None
    quote = any(isinstance(item, str) and not _is_plain(item, flow=True) for item in items)
    return f"[{', '.join(_scalar(item, quote=quote) for item in items)}]"


def _scalar(value: Any, *, quote: bool = False) -> str:
    if isinstance(value, str):
        return _quoted(value) if quote else _text(value, flow=False)
    if isinstance(value, dict):
        return "{}"
    return "[]" if isinstance(value, list) else json.dumps(value)


def _long_text(head: str, text: str, indent: int) -> Iterator[str]:
    single = f"{head} {_text(text, flow=False)}"
    if len(single) <= WIDTH and "\n" not in text:
        yield single
        return
    inner = " " * (indent + 2)
    if "\n" in text:
        lines = text.split("\n")
        if not _is_block(lines) or text != text.strip():
            yield single
            return
        yield f"{head} |-"
        for line in lines:
            yield f"{inner}{line}" if line else ""
        return
    folded = _folded(text, WIDTH - len(inner)) if _is_block([text]) else None
    if folded is None:
        yield single
        return
    yield f"{head} >-"
    for line in folded:
        yield inner + line


def _is_block(lines: list[str]) -> bool:
    """Return whether lines can stand in a block scalar and come out as they went in."""
    return all(line.isprintable() and line == line.strip() for line in lines)


def _folded(text: str, width: int) -> list[str] | None:
    """Return the lines of a folded text, or nothing where folding would change it or not help."""
    # A line break stands for one space, so two spaces in a row cannot be broken.
    words = re.split(r"(?<! ) (?! )", text)
    lines = [words[0]]
    for word in words[1:]:
        if len(lines[-1]) + 1 + len(word) <= width:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines if len(lines) > 1 or len(text) <= width else None


def _text(text: str, *, flow: bool) -> str:
    return text if _is_plain(text, flow=flow) else _quoted(text)


def _is_plain(text: str, *, flow: bool) -> bool:
    """Return whether a text without quotes is that text to every reader, of YAML 1.1 as of 1.2."""
    if not text or not text.isprintable() or text != text.strip():
        return False
    if text[0] in _INDICATORS or ": " in text or " #" in text or text[-1] == ":":
        return False
    if flow and not _IN_FLOW.match(text):
        return False
    if text.lower() in _CONSTANTS or _DIGITS.match(text) or text.startswith(("---", "...")):
        return False
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    return not any(pattern.match(text) for _, pattern in resolvers.get(text[0], ()))


def _quoted(text: str) -> str:
    """Return a text in double quotes, with an escape for each character that does not show."""
    return '"' + "".join(_ESCAPES.get(one) or _escaped(one) for one in text) + '"'


_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t"}


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"

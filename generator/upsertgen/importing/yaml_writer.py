"""Plain data to YAML text in the house style of the spec files.

Two spaces a level, lists indented below their key; `$ref`s and whatever a reader could take for something
else in double quotes; long text folded (`>-`) below 110 columns; short lists of scalars in one line. Here is
decided which style each node has, and PyYAML writes them, but for the lines of folded text, which it lets
grow beyond the width. The text depends on the data only, so the same data always gives the same bytes.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

WIDTH = 109
"""The longest line, but for a word that is longer."""

_TAG = "tag:yaml.org,2002:"
_DIGITS = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]*)?([eE][-+]?[0-9]+)?\Z")
_INDICATORS = frozenset("-?:,[]{}#&*!|>'\"%@`=<")
_IN_FLOW = re.compile(r"[A-Za-z_][A-Za-z0-9_./-]*\Z")
"""What needs no quotes within brackets, where YAML has more rules than are worth knowing."""

_CONSTANTS = frozenset(("~", "null", "true", "false", "yes", "no", "on", "off", "y", "n"))
_FOLDED = ">-"
"""What the line before a folded text ends with, and no other line does."""

_BREAK = re.compile(r"(?<! ) (?! )")
"""Where a folded text may go on in the next line: that stands for one space, so two are never broken."""


class _Dumper(yaml.BaseDumper):
    """Writes nodes as they are: what plain text means to a reader is decided here."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # There is no option for lists that stand deeper than their key.
        super().increase_indent(flow, False)


def house_yaml(data: dict[str, Any], comment: str = "") -> str:
    """Return the YAML text of a mapping.

    Args:
        data: Mappings with text as keys, lists, and scalars of JSON.
        comment: One line to begin with, without its `#`.
    """
    text: str = yaml.serialize(
        _mapping(data, 0), Dumper=_Dumper, width=math.inf, allow_unicode=True
    )
    lines = [f"# {comment}"] if comment else []
    return "\n".join([*lines, *_wrapped(map(_visible, text.split("\n")))])


def _mapping(data: dict[str, Any], indent: int) -> yaml.MappingNode:
    pairs = []
    for key, value in data.items():
        name = _scalar(key)
        # How many columns are left in the line.
        room = WIDTH - indent - len(_written(name)) - 2
        if isinstance(value, str) and key != "$ref":
            node: yaml.Node = _text(value, indent + 2, room)
        elif isinstance(value, (dict, list)):
            node = _collection(value, indent + 2, room)
        else:
            node = _scalar(value, quote=key == "$ref")
        pairs.append((name, node))
    return yaml.MappingNode(f"{_TAG}map", pairs, flow_style=not data)


def _collection(data: dict[str, Any] | list[Any], indent: int, room: int = 0) -> yaml.Node:
    """Return the node of a mapping or list, which stands in one line if it is a list that has room there."""
    if isinstance(data, dict):
        return _mapping(data, indent)
    scalars = [one for one in data if not isinstance(one, (dict, list))]
    if len(scalars) == len(data):
        # Where one text needs quotes within brackets, all have them.
        texts = [one for one in scalars if isinstance(one, str)]
        quote = not all(_IN_FLOW.match(one) and _is_plain(one) for one in texts)
        flow = [_scalar(one, quote=quote) for one in scalars]
        if sum(len(_written(one)) + 2 for one in flow) <= room:
            return yaml.SequenceNode(f"{_TAG}seq", flow, flow_style=True)
    nodes = [
        _collection(one, indent + 2) if isinstance(one, (dict, list)) else _scalar(one)
        for one in data
    ]
    return yaml.SequenceNode(f"{_TAG}seq", nodes, flow_style=not data)


def _text(text: str, indent: int, room: int) -> yaml.ScalarNode:
    """Return the node of a text, which goes into a block where it has no room in the line of its key."""
    node = _scalar(text)
    lines = text.split("\n")
    if text != text.strip() or not all(map(_is_block_line, lines)):
        return node
    if len(lines) > 1:
        node.style = "|"
    elif len(_written(node)) > room and (len(text) <= WIDTH - indent or _BREAK.search(text)):
        node.style = ">"
    return node


def _is_block_line(line: str) -> bool:
    return line.isprintable() and line == line.strip() and not line.endswith(_FOLDED)


def _scalar(value: Any, *, quote: bool = False) -> yaml.ScalarNode:
    is_text = isinstance(value, str)
    style = '"' if is_text and (quote or not _is_plain(value)) else None
    return yaml.ScalarNode(f"{_TAG}str", value if is_text else json.dumps(value), style=style)


def _written(node: yaml.ScalarNode) -> str:
    text: str = node.value
    return json.dumps(text, ensure_ascii=False) if node.style else text


def _is_plain(text: str) -> bool:
    """Return whether a text without quotes is that text to every reader, of YAML 1.1 as of 1.2."""
    if not text or not text.isprintable() or text != text.strip():
        return False
    if text[0] in _INDICATORS or ": " in text or " #" in text or text.endswith((":", _FOLDED)):
        return False
    if text.lower() in _CONSTANTS or _DIGITS.match(text) or text.startswith(("---", "...")):
        return False
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    return not any(pattern.match(text) for _, pattern in resolvers.get(text[0], ()))


def _visible(line: str) -> str:
    """Return a line with an escape for each character that does not show; such stand in quotes alone."""
    if line.isprintable():
        return line
    return "".join(one if one.isprintable() else f"\\u{ord(one):04x}" for one in line)


def _wrapped(lines: Iterable[str]) -> Iterator[str]:
    folded = False
    for line in lines:
        indent = line[: len(line) - len(line.lstrip())]
        words = _BREAK.split(line.strip()) if folded else [line.strip()]
        for word in words[1:]:
            if len(indent) + len(words[0]) + 1 + len(word) <= WIDTH:
                words[0] += f" {word}"
            else:
                yield indent + words[0]
                words[0] = word
        yield indent + words[0]
        folded = line.endswith(f" {_FOLDED}")

"""YAML and JSON text to plain data, without the surprises of YAML 1.1.

OpenAPI recommends the JSON schema ruleset of YAML 1.2: `true`, `false`, `null` and numbers are
special, and nothing else is. PyYAML follows YAML 1.1, in which `ON` is a boolean and `2025-09-01` a
date, so the reader resolves scalars itself. It also refuses duplicate keys, which PyYAML accepts.
"""

from __future__ import annotations

import math
import re
from typing import Any

import yaml

from upsertgen.errors import Location, Problems, quoted

_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_CONSTANTS: dict[str, Any] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}
_NUMBER_START = frozenset("-+.0123456789")


def read_yaml(text: str, path: str, problems: Problems) -> tuple[dict[str, Any], yaml.Node] | None:
    """Read one YAML or JSON document whose root is a mapping.

    Args:
        text: The contents of the file.
        path: The file, as messages should name it.
        problems: Where to note what is wrong.

    Returns:
        The plain data and the YAML node it came from, or nothing when the text cannot be used.
    """
    try:
        node = yaml.compose(text, Loader=yaml.CSafeLoader)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = Location(path, mark.line + 1, mark.column + 1) if mark else Location(path)
        what = ", ".join(part for part in (error.context, error.problem) if part)
        problems.add(
            place, f"this is not YAML ({what})", "a YAML or JSON document", "correct the syntax"
        )
        return None
    except yaml.YAMLError as error:
        problems.add(
            Location(path),
            f"this is not YAML ({error})",
            "a YAML or JSON document",
            "correct the text",
        )
        return None
    if not isinstance(node, yaml.MappingNode):
        problems.add(
            Location(path),
            "the document is empty" if node is None else "the document is no mapping",
            "a mapping with the fields of an OpenAPI document",
            "begin with 'openapi: 3.0.3'",
        )
        return None
    reader = _Reader(path, problems)
    return reader.mapping(node), node


class _Reader:
    """Turns the nodes of one file into plain data."""

    def __init__(self, path: str, problems: Problems) -> None:
        self._path = path
        self._problems = problems
        self._open: set[int] = set()

    def mapping(self, node: yaml.MappingNode) -> dict[str, Any]:
        data: dict[str, Any] = {}
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(
                    key_node,
                    "a key is not a scalar",
                    "a string as key",
                    "write the key as a string",
                )
                continue
            key = key_node.value
            if key_node.tag == "tag:yaml.org,2002:merge":
                self._problem(
                    key_node, "merge keys are not read", "keys written out", "write the fields out"
                )
            if key in data:
                self._problem(
                    key_node,
                    f"the key {quoted(key)} stands twice in this mapping",
                    "each key once",
                    "remove or rename one of them",
                )
            data[key] = self._value(value_node)
        return data

    def _value(self, node: yaml.Node) -> Any:
        if not node.tag.startswith("tag:yaml.org,2002:"):
            self._problem(
                node, f"the tag {quoted(node.tag)} is not read", "plain YAML", "remove the tag"
            )
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        if id(node) in self._open:
            self._problem(
                node,
                "an alias refers to a node that contains it",
                "no cycle",
                "use $ref for recursion",
            )
            return None
        self._open.add(id(node))
        try:
            if isinstance(node, yaml.MappingNode):
                return self.mapping(node)
            return [self._value(item) for item in node.value]
        finally:
            self._open.discard(id(node))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        if node.style in ("'", '"', "|", ">") or (
            node.tag == "tag:yaml.org,2002:str" and text not in _CONSTANTS
        ):
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in _NUMBER_START:
            return text
        if _INTEGER.match(text):
            return int(text) if len(text) < 40 else text
        if _FLOAT.match(text):
            number = float(text)
            return number if math.isfinite(number) else text
        return text

    def _problem(self, node: yaml.Node, wrong: str, expected: str, mend: str) -> None:
        mark = node.start_mark
        self._problems.add(
            Location(self._path, mark.line + 1, mark.column + 1), wrong, expected, mend
        )

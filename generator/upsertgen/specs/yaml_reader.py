"""YAML and JSON text to data that knows its lines, without the surprises of YAML 1.1.

OpenAPI asks for the JSON schema ruleset of YAML 1.2: `true`, `false`, `null` and numbers of JSON are
special, and nothing else is. PyYAML follows YAML 1.1, in which `ON` is a boolean, `2025-09-01` a date and
`010` eight, so the reader resolves scalars itself. It also refuses duplicate keys, which PyYAML accepts.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any

import yaml

from upsertgen.errors import Location, Problems, quoted
from upsertgen.limits import LIMITS, Budget, beyond
from upsertgen.specs.document import LocatedList, LocatedMapping, mark_location

_NODES_AT_ONCE = 100
_LONG_TEXT = 100
_LONGEST_NUMBER = 1000
_PLAIN = "plain"
_PREFIX = "tag:yaml.org,2002:"
_READ_TAGS = frozenset((_PLAIN, f"{_PREFIX}str", f"{_PREFIX}seq", f"{_PREFIX}map"))
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|(0|[1-9][0-9]*)(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_SURROGATES = re.compile(
    r"(?<!\\)((?:\\\\)*)(\\ud[89ab][0-9a-f]{2}\\ud[c-f][0-9a-f]{2})", re.IGNORECASE
)
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""What strings of JSON may hold as it is, and YAML refuses or takes for the end of a line."""
_NUMBER_START = frozenset("-+.0123456789")


_KINDS = {yaml.MappingNode: "a mapping", yaml.SequenceNode: "a list", yaml.ScalarNode: "a scalar"}
_OPENAPI = (
    "a mapping with the fields of an OpenAPI document or overlay",
    "begin with 'openapi: 3.0.3', or move a file that is none out of the specs folder",
)


def read_yaml(
    text: str,
    path: str,
    problems: Problems,
    budget: Budget | None = None,
    expected: tuple[str, str] = _OPENAPI,
) -> LocatedMapping | None:
    """Read one YAML or JSON document whose root is a mapping.

    Args:
        text: The contents of the file.
        path: The file, as messages should name it.
        problems: Where to note what is wrong.
        budget: What the documents of a run may take together; by default what one may take alone.
        expected: What the document is to be, and how to mend one whose root is something else.

    Returns:
        The data, or nothing when the text cannot be used.

    Raises:
        InvalidInput: It is so much that it makes no sense to go on.
    """
    budget = budget or Budget()
    node = _root(text, path, problems, budget, yaml.MappingNode, expected)
    found: LocatedMapping | None = (
        None if node is None else _Reader(problems, budget).document(node)
    )
    return found


def read_yaml_list(
    text: str, path: str, problems: Problems, expected: tuple[str, str]
) -> LocatedList | None:
    """Read one YAML or JSON document whose root is a list, as `read_yaml` does."""
    budget = Budget()
    node = _root(text, path, problems, budget, yaml.SequenceNode, expected)
    found: LocatedList | None = None if node is None else _Reader(problems, budget).document(node)
    return found


def _root(
    text: str,
    path: str,
    problems: Problems,
    budget: Budget,
    kind: type[yaml.CollectionNode],
    expected: tuple[str, str],
) -> yaml.CollectionNode | None:
    """Return the node of a document, or nothing, with a problem, where it is none of that kind."""
    text = _yaml_text(text)
    try:
        node = _composed(text, path, budget)
    except yaml.YAMLError as error:
        place, what, mend = _syntax_problem(error, text, path)
        problems.add(place, f"this is not YAML: {what}", "a YAML or JSON document", mend)
        return None
    if not isinstance(node, kind):
        problems.add(
            Location(path) if node is None else mark_location(node.start_mark),
            "the document is empty" if node is None else f"the document is {_KINDS[type(node)]}",
            *expected,
        )
        return None
    return node


def _yaml_text(text: str) -> str:
    """Return a document as YAML takes it: JSON knows characters, and escapes of them, that YAML does not."""
    if not text.startswith("{"):
        return text
    text = _SURROGATES.sub(lambda match: match[1] + json.loads(f'"{match[2]}"'), text)
    return _NOT_IN_YAML.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def _composed(text: str, path: str, budget: Budget) -> yaml.Node | None:
    """Return the node of a document.

    Raises:
        yaml.YAMLError: It is none. What is nested too deeply is told as that, whoever notices it first.
    """
    try:
        return _Loader(_NamedText(text, path), budget).get_single_node()
    except _TooDeep:
        raise
    except yaml.MarkedYAMLError as error:
        before = "" if error.problem_mark is None else text[: error.problem_mark.index]
        if before.count("[") + before.count("{") <= LIMITS.depth:
            raise
        # libyaml reads ahead, and some of its versions refuse at a depth of their own. What ends before
        # that place is refused at ours.
        try:
            _Loader(_NamedText(before, path), Budget()).get_single_node()
        except _TooDeep:
            raise
        except yaml.YAMLError:
            raise error from None
        raise


class _TooDeep(yaml.MarkedYAMLError):
    """A document is nested more deeply than `LIMITS.depth`."""


class _NamedText:
    """A text to read that names its file, in a quarter of the memory that `io.StringIO` takes."""

    def __init__(self, text: str, name: str) -> None:
        self._text = text
        self._at = 0
        self.name = name

    def read(self, size: int = -1, /) -> str:
        """Return the next characters: so many, or all that are left."""
        size = size if size >= 0 else len(self._text)
        self._at += size
        return self._text[self._at - size : self._at]


class _Loader(yaml.CSafeLoader):
    """Composes nodes and leaves it to the reader what plain scalars mean."""

    def __init__(self, stream: _NamedText, budget: Budget) -> None:
        super().__init__(stream)
        self._budget = budget
        self._depth = 0
        self._nodes = 0

    def resolve(self, kind: Any, value: Any, implicit: Any) -> str:
        if kind is yaml.ScalarNode:
            return _PLAIN if implicit[0] else f"{_PREFIX}str"
        return f"{_PREFIX}{'seq' if kind is yaml.SequenceNode else 'map'}"

    def descend_resolver(self, current_node: Any, current_index: Any) -> None:
        # PyYAML calls this before each node and itself for the nodes below, until the stack overflows.
        self._depth += 1
        if self._depth > LIMITS.depth:
            raise _TooDeep(
                problem=f"it is nested more than {LIMITS.depth} levels deep",
                problem_mark=current_node.start_mark,
            )
        self._nodes += 1
        if self._nodes >= _NODES_AT_ONCE:
            # Before there are too many, not once they have filled the memory.
            self._budget.take_nodes(self._nodes, mark_location(current_node.start_mark))
            self._nodes = 0

    def ascend_resolver(self) -> None:
        self._depth -= 1


class _TooManyCopies(Exception):
    """Aliases repeat so much that the document would not fit into memory."""


class _Reader:
    """Turns the nodes of one file into data; what aliases repeat stands in each place for itself."""

    def __init__(self, problems: Problems, budget: Budget) -> None:
        self._problems = problems
        self._budget = budget
        self._open: set[int] = set()
        self._seen: set[int] = set()
        self._copies = 0

    def document(self, root: yaml.CollectionNode) -> Any:
        """Return the mapping or list of a document, or nothing if there is too much of it."""
        try:
            self._seen.add(id(root))
            self._open.add(id(root))
            return self._mapping(root) if isinstance(root, yaml.MappingNode) else self._list(root)
        except _TooManyCopies:
            self._problem(
                root,
                f"aliases repeat more than {LIMITS.copies} nodes",
                "a document of ordinary size",
                "write it without aliases",
            )
            return None

    def _mapping(self, node: yaml.MappingNode) -> LocatedMapping:
        data = LocatedMapping(node.start_mark)
        for key_node, value_node in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(
                    key_node,
                    "a key is a list or a mapping",
                    "text as key",
                    "write the key as text, in quotes if it begins with '[' or '{'",
                )
                continue
            key: str = key_node.value
            if key == "<<" and key_node.tag == _PLAIN:
                self._problem(
                    key_node,
                    "the merge key '<<' is no part of YAML 1.2",
                    "fields written out",
                    "write the fields out, or use $ref",
                )
                continue
            self._take_text(key_node)
            self._check_tag(key_node)
            if key in data:
                first = mark_location(data.places[key][0]).line
                self._problem(
                    key_node,
                    f"the key {quoted(key)} stands twice in this mapping, first in line {first}",
                    "each key once",
                    "remove or rename one of them",
                )
                continue
            data.places[key] = key_node.start_mark, value_node.start_mark
            data[key] = self._value(value_node)
        return data

    def _value(self, node: yaml.Node) -> Any:
        self._check_tag(node)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node)
        # An alias stands for the very node of its anchor.
        if id(node) in self._open:
            self._problem(
                node,
                "an alias refers to a node that contains it",
                "a tree without cycles",
                "use $ref for what contains itself",
            )
            return None
        if id(node) in self._seen:
            self._copies += len(node.value) + 1
            if self._copies > LIMITS.copies:
                raise _TooManyCopies
            self._budget.take_nodes(len(node.value) + 1, mark_location(node.start_mark))
        self._seen.add(id(node))
        self._open.add(id(node))
        try:
            return self._mapping(node) if isinstance(node, yaml.MappingNode) else self._list(node)
        finally:
            self._open.discard(id(node))

    def _list(self, node: yaml.Node) -> LocatedList:
        data = LocatedList()
        for item in node.value:
            data.places.append(item.start_mark)
            data.append(self._value(item))
        return data

    def _check_tag(self, node: yaml.Node) -> None:
        if node.tag not in _READ_TAGS:
            shown = node.tag.replace(_PREFIX, "!!")
            self._problem(
                node,
                f"the tag {quoted(shown)} is not read",
                "plain YAML",
                "remove the tag; put text in quotes",
            )

    def _take_text(self, node: yaml.ScalarNode) -> None:
        if len(node.value) > LIMITS.scalar:
            raise beyond(
                mark_location(node.start_mark),
                f"the text {quoted(node.value)} has more than {LIMITS.scalar} characters",
                "texts of ordinary length",
                "shorten it",
            )
        if len(node.value) > _LONG_TEXT:
            self._budget.take_text(len(node.value), mark_location(node.start_mark))

    def _scalar(self, node: yaml.ScalarNode) -> Any:
        text: str = node.value
        self._take_text(node)
        if node.tag != _PLAIN:
            return text
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if text[0] not in _NUMBER_START:
            return text
        if _INTEGER.match(text):
            if len(text) <= LIMITS.digits:
                return int(text)
        elif len(text) <= _LONGEST_NUMBER and _FLOAT.match(text):
            number = float(text)
            if math.isfinite(number):
                return number
        else:
            return text
        self._problem(
            node,
            f"the number {quoted(text)} is too large",
            "a number that JSON readers can hold",
            "write a smaller number, or text in quotes",
        )
        return 0

    def _problem(self, node: yaml.Node, wrong: str, expected: str, mend: str) -> None:
        self._problems.add(mark_location(node.start_mark), wrong, expected, mend)


def _syntax_problem(error: yaml.YAMLError, text: str, path: str) -> tuple[Location, str, str]:
    """Return where a syntax error is, what is wrong there, and how to mend it."""
    if isinstance(error, yaml.reader.ReaderError):
        # The reader counts bytes.
        before = text.encode()[: error.position].decode(errors="ignore")
        line = before.count("\n")
        place = Location(path, line + 1, len(before) - before.rfind("\n"))
        return place, f"the control character U+{error.character:04X}", "remove the character"
    if not isinstance(error, yaml.MarkedYAMLError):
        return Location(path), str(error), "correct the syntax"
    mark, problem = error.problem_mark or error.context_mark, error.problem or ""
    if "unexpected end of stream" in problem and error.context_mark is not None:
        # It is the place where the quotes open that needs to be looked at, not the end of the file.
        return mark_location(error.context_mark), "the quotes are not closed", "close them"
    if mark is None:
        return Location(path), problem, "correct the syntax"
    lines = text.split("\n")
    line_text = lines[mark.line] if mark.line < len(lines) else ""
    at = line_text[mark.column : mark.column + 1]
    what, mend = f"{problem}{f', {error.context}' if error.context else ''}", "correct the syntax"
    if at == "\t" or line_text[: mark.column].strip(" ") == "\t":
        what, mend = "a tab stands where spaces are needed", "indent with spaces"
    elif "cannot start any token" in problem:
        what, mend = f"no plain text begins with {quoted(at)}", "put the text in quotes"
    elif "another document" in problem:
        what, mend = "a second document begins", "put each document into a file of its own"
    elif "mapping values are not allowed" in problem:
        what = "a second ': ' in one line, or a line that is indented too far"
        mend = "put text with ': ' in quotes, and line fields up"
    elif "escape" in problem:
        what, mend = problem, "write the character itself, or use single quotes"
    else:
        opened = _long_quotes(text, mark.index)
        if opened is not None:
            mend = f"correct the syntax; maybe the quotes that open in line {opened} are not closed"
    return mark_location(mark), what, mend


def _long_quotes(text: str, end: int) -> int | None:
    """Return the line in which quoted text begins that goes on over lines, if it is the last before `end`.

    Quotes that are not closed go on to the next ones, and only what stands behind those makes no sense.
    """
    last: Any = None
    try:
        for token in yaml.scan(text, Loader=yaml.CSafeLoader):
            if token.start_mark.index >= end:
                break
            last = token if isinstance(token, yaml.ScalarToken) else last
    except yaml.YAMLError:
        pass
    if last is None or last.style not in ("'", '"') or last.start_mark.line == last.end_mark.line:
        return None
    line: int = last.start_mark.line + 1
    return line

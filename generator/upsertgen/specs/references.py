"""`$ref`: where one points, and whether anything is there."""

from __future__ import annotations

import difflib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from upsertgen.errors import Problems, quoted
from upsertgen.specs.document import Document, Pointer

_DATA_KEYS = frozenset({"example", "examples", "default", "enum", "const"})
_NAME_MAPS = frozenset(
    {"properties", "patternProperties", "schemas", "responses", "headers", "callbacks"}
)


@dataclass(frozen=True)
class Node:
    """A node of a document: the document, the way to it, and what stands there."""

    document: Document
    pointer: Pointer
    value: Any

    def child(self, *steps: str | int) -> Node:
        """Return the node that `steps` lead to from here."""
        value = self.value
        for step in steps:
            value = value[step]
        return Node(self.document, (*self.pointer, *steps), value)


class DanglingReference(Exception):
    """A `$ref` that leads nowhere. Its two arguments say what is wrong and how to mend it."""

    def __init__(self, wrong: str, mend: str) -> None:
        super().__init__(wrong, mend)
        self.wrong = wrong
        self.mend = mend


class References:
    """Follows `$ref`s between the documents of one specs folder.

    Args:
        documents: Every document, by its path inside the specs folder.
    """

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents

    def follow(self, node: Node) -> Node:
        """Return what a node stands for: the node itself, or the end of its chain of `$ref`s.

        Raises:
            DanglingReference: The chain leads nowhere, out of the specs folder, or to itself.
        """
        seen: set[tuple[str, Pointer]] = set()
        while isinstance(node.value, dict) and isinstance(node.value.get("$ref"), str):
            place = (node.document.key, node.pointer)
            if place in seen:
                raise DanglingReference(
                    f"the $ref {quoted(node.value['$ref'])} leads back to itself",
                    "point it at a definition",
                )
            seen.add(place)
            node = self.target(node.document, node.value["$ref"])
        return node

    def target(self, document: Document, reference: str) -> Node:
        """Return the node that one `$ref` of `document` names.

        Raises:
            DanglingReference: There is no such file or node, or it is not in the specs folder.
        """
        file, _, fragment = reference.partition("#")
        if "://" in file or file.startswith("//"):
            raise DanglingReference(
                f"the $ref {quoted(reference)} names a remote document",
                "put the document into the specs folder and refer to it by a relative path",
            )
        key = document.key
        if file:
            key = posixpath.normpath(posixpath.join(posixpath.dirname(document.key), unquote(file)))
        found = self._documents.get(key)
        if found is None:
            near = difflib.get_close_matches(key, list(self._documents), 1)
            raise DanglingReference(
                f"the $ref {quoted(reference)} names a file that is not in the specs folder",
                f"did you mean {near[0]}?" if near else "add the file or correct the path",
            )
        if fragment and not fragment.startswith("/"):
            raise DanglingReference(
                f"the $ref {quoted(reference)} names an anchor",
                "use a JSON Pointer such as #/components/schemas/Name",
            )
        node = Node(found, (), found.data)
        for step in fragment.split("/")[1:]:
            node = self._step(node, unquote(step).replace("~1", "/").replace("~0", "~"), reference)
        return node

    @staticmethod
    def _step(node: Node, step: str, reference: str) -> Node:
        value = node.value
        if isinstance(value, dict) and step in value:
            return node.child(step)
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            return node.child(int(step))
        near = difflib.get_close_matches(step, list(value), 1) if isinstance(value, dict) else []
        raise DanglingReference(
            f"the $ref {quoted(reference)} finds no {quoted(step)} in {node.document.path}",
            f"did you mean {quoted(near[0])}?" if near else "define it there or correct the $ref",
        )


def check_references(documents: Mapping[str, Document], problems: Problems) -> None:
    """Note every `$ref` of every document that leads nowhere."""
    references = References(documents)
    for document in documents.values():
        for node in reference_nodes(Node(document, (), document.data)):
            try:
                references.follow(node)
            except DanglingReference as error:
                problems.add(
                    document.locate((*node.pointer, "$ref")),
                    error.wrong,
                    "a definition in the specs folder",
                    error.mend,
                )


def reference_nodes(node: Node) -> Iterator[Node]:
    """Yield each node below `node` that is a `$ref`; examples, defaults and extensions are data."""
    if isinstance(node.value, list):
        for index in range(len(node.value)):
            yield from reference_nodes(node.child(index))
    elif isinstance(node.value, dict):
        if isinstance(node.value.get("$ref"), str):
            yield node
        names = bool(node.pointer) and node.pointer[-1] in _NAME_MAPS
        for key in node.value:
            if names or not (key in _DATA_KEYS or key.startswith("x-")):
                yield from reference_nodes(node.child(key))

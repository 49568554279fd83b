"""`$ref`: where one points, and whether anything is there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from upsertgen.errors import Problems, nearest, quoted
from upsertgen.limits import LIMITS
from upsertgen.specs.document import Document, Pointer
from upsertgen.specs.structure import kind_at, references

_INDEX = re.compile(r"(0|[1-9][0-9]{0,8})\Z")
"""An item of a list in a JSON Pointer."""


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
            if len(seen) >= LIMITS.references:
                raise DanglingReference(
                    f"the $ref {quoted(node.value['$ref'])} leads to more than {LIMITS.references} others",
                    "point it at the definition",
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
        if found is None and key.startswith(("../", "/")):
            raise DanglingReference(
                f"the $ref {quoted(reference)} leads out of the specs folder",
                "put the document into the specs folder",
            )
        if found is None:
            near = nearest(key, self._documents.keys())
            folder = posixpath.dirname(document.key)
            raise DanglingReference(
                f"the $ref {quoted(reference)} names a file that is not in the specs folder",
                (
                    f"did you mean {quoted(posixpath.relpath(near, folder))}?"
                    if near
                    else "add the file or correct the path"
                ),
            )
        if fragment and not fragment.startswith("/"):
            raise DanglingReference(
                f"the $ref {quoted(reference)} names the anchor {quoted(fragment)}",
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
        if isinstance(value, list) and _INDEX.match(step) and int(step) < len(value):
            return node.child(int(step))
        near = nearest(step, value.keys()) if isinstance(value, dict) else None
        raise DanglingReference(
            f"the $ref {quoted(reference)} finds no {quoted(step)} in {node.document.path}",
            f"did you mean {quoted(near)}?" if near else "define it there or correct the $ref",
        )


def check_references(documents: Mapping[str, Document], problems: Problems) -> None:
    """Note every `$ref` of every document that leads nowhere, or to something of another kind."""
    follow = References(documents).follow
    for document in documents.values():
        for pointer, kind in references(document.data):
            node = Node(document, (), document.data).child(*pointer)
            place = document.locate((*pointer, "$ref"))
            try:
                target = follow(node)
            except DanglingReference as error:
                problems.add(place, error.wrong, f"a {kind} in the specs folder", error.mend)
                continue
            found = kind_at(target.pointer)
            if found != kind:
                problems.add(
                    place,
                    f"the $ref {quoted(node.value['$ref'])} leads to "
                    + (f"a {found}" if found is not None and found[0] != "*" else "plain data"),
                    f"a {kind}",
                    "correct the $ref",
                )

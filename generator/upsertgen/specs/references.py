"""`$ref`: where one points, and whether anything is there."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from upsertgen.errors import Location, Note, Problems, did_you_mean, nearest, quoted, suggestion
from upsertgen.limits import LIMITS
from upsertgen.specs.document import Document, Pointer
from upsertgen.specs.openapi import kind_at, objects

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

    def children(self, field: str) -> list[Node]:
        """Return the nodes in a field that may be missing: items of a list, or values of a mapping."""
        inner = self.value.get(field) or ()
        steps = inner if isinstance(inner, dict) else range(len(inner))
        return [self.child(field, step) for step in steps]

    def locate(self, *steps: str | int, key: bool = False) -> Location:
        """Return where it, or what `steps` lead to from here, stands, as `Document.locate` does."""
        return self.document.locate((*self.pointer, *steps), key=key)


class DanglingReference(Exception):
    """A `$ref` that leads nowhere. Its two arguments say what is wrong and how to mend it."""

    def __init__(self, wrong: str, mend: str) -> None:
        super().__init__(wrong, mend)
        self.wrong = wrong
        self.mend = mend


@dataclass(frozen=True)
class Specs:
    """Everything a specs folder says; follows `$ref`s between its documents.

    Attributes:
        documents: Every document, by its path inside the folder.
        properties: Every file of properties, by the same.
        facts: Every file of facts, by the same.
        notes: What has to be said about them.
    """

    documents: Mapping[str, Document]
    properties: Mapping[str, Document] = field(default_factory=dict[str, Document])
    facts: Mapping[str, Document] = field(default_factory=dict[str, Document])
    notes: Collection[Note] = ()

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
        file = reference.partition("#")[0]
        if "://" in file or file.startswith("//"):
            raise DanglingReference(
                f"the $ref {quoted(reference)} names a remote document",
                "put the document into the specs folder and refer to it by a relative path",
            )
        key = document.key
        if file:
            key = posixpath.normpath(posixpath.join(posixpath.dirname(document.key), unquote(file)))
        found = self.documents.get(key)
        if found is None and key.startswith(("../", "/")):
            raise DanglingReference(
                f"the $ref {quoted(reference)} leads out of the specs folder",
                "put the document into the specs folder",
            )
        if found is None:
            near = nearest(key, self.documents.keys())
            folder = posixpath.dirname(document.key)
            raise DanglingReference(
                f"the $ref {quoted(reference)} names a file that is not in the specs folder",
                (
                    suggestion(posixpath.relpath(near, folder))
                    if near
                    else "add the file or correct the path"
                ),
            )
        if found.version != document.version:
            raise DanglingReference(
                f"the $ref {quoted(reference)} leads to the API version {quoted(found.version)}",
                f"define it in {quoted(document.version)} as well; equal classes are emitted once",
            )
        return Node(found, *resolve(found.data, reference, found.path))


def resolve(data: Any, reference: str, shown: str) -> tuple[Pointer, Any]:
    """Return the way that the fragment of a `$ref` describes, and what stands there.

    Args:
        data: The document that the `$ref` leads to.
        reference: The `$ref`.
        shown: The document, as messages name it.

    Raises:
        DanglingReference: It is no JSON Pointer, or nothing stands there.
    """
    fragment = reference.partition("#")[2]
    if fragment and not fragment.startswith("/"):
        raise DanglingReference(
            f"the $ref {quoted(reference)} names the anchor {quoted(fragment)}",
            "use a JSON Pointer such as #/components/schemas/Name",
        )
    pointer: list[str | int] = []
    for step in steps_of(fragment):
        key: Any = step
        if isinstance(data, list) and _INDEX.match(step) and int(step) < len(data):
            key = int(step)
        elif not isinstance(data, dict) or step not in data:
            known = data.keys() if isinstance(data, dict) else ()
            raise DanglingReference(
                f"the $ref {quoted(reference)} finds no {quoted(step)} in {shown}",
                did_you_mean(step, known, "define it there or correct the $ref"),
            )
        pointer.append(key)
        data = data[key]
    return tuple(pointer), data


def steps_of(fragment: str) -> tuple[str, ...]:
    """Return the names that the JSON Pointer of a `$ref` goes through; `fragment` stands behind `#`."""
    steps = fragment.split("/")[1:]
    return tuple(unquote(step).replace("~1", "/").replace("~0", "~") for step in steps)


def fragment_of(pointer: Pointer) -> str:
    """Return the fragment of a `$ref` that leads to a place of a document, with its `#`.

    Example:
        >>> fragment_of(("paths", "/a~b"))
        '#/paths/~1a~0b'
    """
    steps = (str(step).replace("~", "~0").replace("/", "~1") for step in pointer)
    return "/".join(("#", *steps))


def check_references(specs: Specs, problems: Problems) -> None:
    """Note every `$ref` of every document that leads nowhere, or to something of another kind."""
    for document in specs.documents.values():
        for kind, pointer, value in objects(document.data):
            if not isinstance(value.get("$ref"), str):
                continue
            node = Node(document, pointer, value)
            place = node.locate("$ref")
            try:
                target = specs.follow(node)
            except DanglingReference as error:
                problems.add(place, error.wrong, f"a {kind} in the specs folder", error.mend)
                continue
            found = kind_at(target.pointer)
            if found != kind:
                problems.add(
                    place,
                    f"the $ref {quoted(node.value['$ref'])} leads to "
                    + (
                        f"a {found}" if found is not None and found[0] not in "[{" else "plain data"
                    ),
                    f"a {kind}",
                    "correct the $ref",
                )

"""What documents say and nothing reads, whether an operation reaches it or not."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.specs.openapi import METHODS, objects
from upsertgen.specs.references import Node, Specs

_HEEDED_BESIDE_REFERENCE = frozenset(("description", "readOnly", "writeOnly"))
"""What is read beside the `$ref` of a schema, though OpenAPI 3.0 ignores it."""
_SAYS_NOTHING = frozenset("$comment deprecated example examples externalDocs title xml".split())
"""Keywords of a schema that say nothing about values, or nothing about JSON."""


_UNREAD: Mapping[str, Mapping[str, str]] = {
    "document": {"jsonSchemaDialect": "schemas are read as OpenAPI has them, whatever this says"},
    "example": {"externalValue": "nothing is fetched, so this example is none"},
    "parameter": {
        "allowEmptyValue": "an argument that is empty is sent as any other, whatever this says",
        "allowReserved": "reserved characters are percent-encoded all the same",
    },
    "response": {"links": "links are not followed"},
    "schema": {
        "$id": "a $ref is relative to its file, whatever this says",
        "contentMediaType": "what is in the text is not read, whatever this says",
    },
}
"""For each kind of object: fields that nothing reads, and what is to be said of one that says something."""


def note_unread(specs: Specs, problems: Problems) -> None:
    """Note what valid documents say and nothing reads; it is a problem where operations would be lost."""
    led_to: set[str] = set()
    for document in specs.documents.values():
        for kind, pointer, value in objects(document.data):
            node = Node(document, pointer, value)
            if isinstance(value.get("$ref"), str):
                target = specs.target(document, value["$ref"]).document
                led_to |= {target.key} - {document.key}
                _note_siblings(node, kind, problems)
            for name, text in unread(kind, value):
                problems.add_note(node.locate(name, key=True), text)
    for key, document in specs.documents.items():
        if key not in led_to and not any(
            path[:2] != "x-" for path in document.data.get("paths") or ()
        ):
            problems.add_note(
                document.locate(()), "no operation stands in this file, and no $ref leads to it"
            )


def unread(kind: str, value: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield the fields of an object of a kind that nothing reads, each with what is to be said of it."""
    for name, text in _UNREAD.get(kind, {}).items():
        if value.get(name):
            yield name, text


def ignored_beside(
    kind: str, value: Mapping[str, Any], heeded: Iterable[str]
) -> Iterator[tuple[str, str]]:
    """Yield what stands beside a `$ref` in vain, each with what is to be said of it.

    Args:
        kind: The kind of object that the `$ref` stands for.
        value: The `$ref` and what is beside it; for a schema, in OpenAPI 3.0.
        heeded: What is read there, or means nothing to clients.
    """
    nothing = {"$ref", *heeded, *(_SAYS_NOTHING if kind == "schema" else ())}
    for name in value:
        if name in nothing or name.startswith("x-"):
            continue
        text = f"{quoted(name)} beside $ref has no effect"
        if kind == "schema":
            text += (
                f" in OpenAPI 3.0; to give it one, put the $ref into 'allOf', {name} beside that"
            )
        yield name, text


def _note_siblings(node: Node, kind: str, problems: Problems) -> None:
    """Note what stands beside a `$ref`."""
    is_old = str(node.document.data["openapi"]).startswith("3.0")
    if kind == "schema" and not is_old:
        # There it has a meaning, and who reads schemas sees to it.
        return
    for name in METHODS if kind == "path" else ():
        if name in node.value:
            problems.add(
                node.locate(name, key=True),
                f"the operation {quoted(name)} stands beside a $ref, where nothing reads it",
                "a $ref, or operations written out",
                "move it to what the $ref leads to, or write the path out",
            )
    heeded = _HEEDED_BESIDE_REFERENCE if kind == "schema" else METHODS
    for name, text in ignored_beside(kind, node.value, heeded):
        problems.add_note(node.locate(name, key=True), text)

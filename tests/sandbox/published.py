"""What the specs say about bodies, asked without the sandbox's own contract."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import SchemaRegistry
from upsertgen.specs import Specs, read
from upsertgen.specs.references import Node

SPECS = Path(__file__).parent.parent.parent / "specs"
_BASE = "https://specs.example/"


@cache
def specs() -> Specs:
    """The project's specs, corrected by their overlays."""
    return read(SPECS)


def problems(node: Node, body: object) -> list[str]:
    """Return what is wrong with a body, by the schema that stands in a document."""
    place = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in node.pointer)
    wrong = _validator(f"{_BASE}{node.document.key}#/{place}").iter_errors(body)
    return [f"{'/'.join(map(str, one.path))}: {one.message}" for one in wrong]


def answer_schema(version: str, label: str, status: int) -> Node | None:
    """Return the schema of the body that an object type's only operation answers a status with."""
    for node in _operations(f"{version}/{label}.yaml"):
        responses = node.value["responses"]
        key = str(status) if str(status) in responses else "default"
        if key == "default" and 200 <= status < 300:
            return None
        content = specs().references.follow(node.child("responses", key)).child("content")
        return content.child("application/json", "schema")
    raise LookupError(label)


def named_examples() -> Iterator[tuple[str, Node, Any]]:
    """Yield each named example: where it stands, the schema of its body, and the body."""
    for key, document in specs().documents.items():
        for operation in _operations(key):
            contents = [operation.child("requestBody")]
            contents += [
                operation.child("responses", status) for status in operation.value["responses"]
            ]
            for content in contents:
                body = specs().references.follow(content)
                media_type = body.child("content", "application/json")
                for name, example in media_type.value.get("examples", {}).items():
                    yield f"{document.key} {name}", media_type.child("schema"), example["value"]


def _operations(key: str) -> Iterator[Node]:
    document = specs().documents[key]
    paths = Node(document, (), document.data).child("paths")
    for path, item in paths.value.items():
        for method in item:
            yield paths.child(path, method)


@cache
def _validator(reference: str) -> OAS30Validator:
    return OAS30Validator({"$ref": reference}, registry=_registry())


@cache
def _registry() -> SchemaRegistry:
    registry: SchemaRegistry = Registry()
    return registry.with_resources(
        (f"{_BASE}{key}", Resource.opaque(document.data))
        for key, document in specs().documents.items()
    )

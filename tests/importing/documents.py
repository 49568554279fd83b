"""Small published-style documents, for one quirk each."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

from tests.command_line import write_files
from tests.importing.published_documents import PREFIX, Document

PATH = "/things/v1/{name}/batch/upsert"

NOTED = """\
overlay: 1.0.0
info: {title: Corrections, version: "1"}
actions:
  - target: $.components.schemas.Input.properties
    update: {again: {$ref: "#/components/schemas/Input", nullable: true}}
"""
"""An overlay of which something has to be said."""


def ref(name: str) -> Document:
    """Return a reference to a schema."""
    return {"$ref": f"{PREFIX}{name}"}


SCHEMAS: Document = {
    "Batch": {
        "type": "object",
        "required": ["inputs"],
        "properties": {"inputs": {"type": "array", "items": ref("Input")}},
    },
    "Input": {
        "type": "object",
        "required": ["id"],
        "properties": {"id": {"type": "string"}, "note": {"type": "string"}},
    },
    "Answer": {
        "type": "object",
        "properties": {"results": {"type": "array", "items": ref("Result")}},
    },
    "Result": {"type": "object", "properties": {"id": {"type": "string"}}},
    "Error": {"type": "object", "properties": {"message": {"type": "string"}}},
}


def body(name: str, media_type: str = "application/json") -> Document:
    """Return a body that is a component."""
    return {"content": {media_type: {"schema": ref(name)}}}


def document(name: str = "things", **changes: Any) -> Document:
    """Return a full document with one batch upsert; `changes` replace fields of the document."""
    result: Document = {
        "openapi": "3.0.1",
        "info": {"title": "Some title", "version": "v1"},
        "servers": [{"url": "https://api.example.com"}],
        "paths": {
            PATH.replace("{name}", name): {
                "post": {
                    "operationId": "wrong",
                    "requestBody": {"required": True, **body("Batch")},
                    "responses": {
                        "200": {"description": "ok", **body("Answer")},
                        "default": {"description": "not ok", **body("Error", "*/*")},
                    },
                    "security": [{"oauth2": ["write"]}],
                }
            }
        },
        "components": {
            "schemas": copy.deepcopy(SCHEMAS),
            "securitySchemes": {
                "oauth2": {
                    "type": "oauth2",
                    "flows": {
                        "clientCredentials": {
                            "tokenUrl": "https://api.example.com/token",
                            "scopes": {"read": "Read.", "write": "Write."},
                        }
                    },
                }
            },
        },
    }
    return {**result, **changes}


def twin(one: Document, name: str) -> Document:
    """Return a document for another object type with the same components."""
    return {**one, "paths": document(name)["paths"]}


def post(one: Document) -> Document:
    """Return the operation of a document."""
    (item,) = one["paths"].values()
    result: Document = item["post"]
    return result


def single(folder: Path, one: Document, name: str = "things.json") -> Path:
    """Write a document into a file."""
    path = folder / name
    path.write_text(json.dumps(one, indent=1), encoding="utf-8")
    return path


def tree(folder: Path, **documents: Document) -> Path:
    """Write documents as a collection, one object type each."""
    return write_files(
        folder / "collection",
        {
            f"Group/{name}/Rollouts/7/v1/{name}.json": json.dumps(one, indent=1)
            for name, one in documents.items()
        },
    )


def collection(folder: Path, **paths: Document) -> Path:
    """Write documents at paths, in which `__` stands for `/`."""
    return write_files(
        folder / "collection",
        {f"{path.replace('__', '/')}.json": json.dumps(one) for path, one in paths.items()},
    )


def changed(name: str, status: str) -> Document:
    """Return a document that declares one more status."""
    one = document(name)
    post(one)["responses"][status] = {"description": ""}
    return one


def operations(*paths: str) -> Document:
    """Return a document with an operation at each of some paths, such as `/things/batch/upsert`."""
    one = document()
    one["paths"] = {path: {"post": copy.deepcopy(post(document()))} for path in paths}
    return one

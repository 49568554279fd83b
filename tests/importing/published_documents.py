"""Published-style documents, made from specs in the house form.

Nobody's published documents are used: these are built here, in our own words, and carry what published ones
are known to carry (`shared/facts`, "Where the published documents mislead"): one full document an object
type, operationIds of another version, `{objectType}` for each type, `example: null` everywhere, `*/*`, texts
beside `$ref`, scopes of schemes that have none, and dozens of other paths.
"""

from __future__ import annotations

import copy
import functools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
SPECS = ROOT / "specs"
PREFIX = "#/components/schemas/"
TEXT = "Text of the publisher."
SCOPES = [f"crm.objects.kind{number}.write" for number in range(12)]

Document = dict[str, Any]


def camel_case(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)


@functools.cache
def collection(version: str, rollout: int = 400) -> Mapping[str, str]:
    """Return a published collection of a version: the text of each document, by path."""
    files: dict[str, str] = {}
    for path in sorted((SPECS / version).glob("*.yaml")):
        # What is added to an object type is the work of the project's own hands.
        if path.stem != "schemas" and "." not in path.stem:
            name = camel_case(path.stem)
            group = " ".join(word.capitalize() for word in path.stem.split("_"))
            place = f"CRM/{group}/Rollouts/{rollout}/{version}/{name}.json"
            files[place] = json.dumps(published(path), indent=1)
    return files


def published(path: Path, *, other_paths: int = 3) -> Document:
    """Return the document that a spec file might have been imported from."""
    data = load(path)
    shared = load(path.with_name("schemas.yaml"))["components"]
    own = data["components"].get("schemas", {})
    schemas = {
        name: _schema(schema) for name, schema in sorted({**shared["schemas"], **own}.items())
    }
    schemas["NeverUsed"] = {"type": "object", "properties": {"id": {"type": "string"}}}
    document: Document = {
        "openapi": "3.0.1",
        "info": {"title": f"Title of {path.stem}", "description": TEXT, "version": "v3"},
        "servers": [{"url": "https://api.hubapi.com/"}],
        "tags": [{"name": "Batch"}, {"name": "Basic"}],
        "paths": {},
        "components": {
            "schemas": schemas,
            "responses": {
                "Error": {
                    "description": TEXT,
                    "content": {"*/*": {"schema": {"$ref": f"{PREFIX}Error"}}},
                }
            },
            "securitySchemes": _schemes(shared["securitySchemes"]),
        },
        "x-tool-groups": ["CRM"],
    }
    for one, item in data["paths"].items():
        document["paths"][one] = {
            method: _operation(operation) for method, operation in item.items()
        }
        for number in range(other_paths):
            document["paths"][f"/other/{number}{one.removesuffix('/upsert')}/read"] = _other(number)
    return document


def load(path: Path) -> Any:
    """Return the data of a spec file."""
    return copy.deepcopy(_loaded(path))


@functools.cache
def _loaded(path: Path) -> Any:
    # The reader in C is ten times as fast; here it is used by itself, to not check a reader with itself.
    return yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader)


def _operation(operation: Document) -> Document:
    result: Document = copy.deepcopy(operation)
    result["operationId"] = "post-/crm/v3/objects/things/batch/upsert_/crm/v3/objects/things"
    result["tags"] = ["Batch"]
    result["x-tool-name"] = "upsert"
    result["summary"] = result["description"] = TEXT
    result["parameters"] = [
        {
            **parameter,
            "description": TEXT,
            "example": None,
            "schema": {
                **{key: value for key, value in parameter["schema"].items() if key != "enum"},
                "example": None,
            },
        }
        for parameter in operation.get("parameters", [])
    ]
    if "requestBody" in result:
        result["requestBody"]["description"] = TEXT
        _point(result["requestBody"])
    for response in result["responses"].values():
        response["description"] = TEXT
        _point(response)
    if "default" in result["responses"]:
        result["responses"]["default"] = {"$ref": "#/components/responses/Error"}
    result["security"] = _security(operation["security"])
    return dict(sorted(result.items()))


def _security(declared: list[Document]) -> list[Document]:
    scopes = [scope for one in declared for scope in one.get("oauth2", ())]
    alternatives: list[Document] = [{"private_apps": [scope]} for scope in scopes or SCOPES]
    return alternatives + [{"oauth2": [scope]} for scope in reversed(scopes or SCOPES)]


def _point(body: Document) -> None:
    for content in body["content"].values():
        reference = content["schema"]["$ref"].removeprefix("schemas.yaml")
        content["schema"] = {"$ref": reference, "description": TEXT}
        content["example"] = None


def _schema(schema: Any) -> Any:
    """Return a schema with the noise of published ones, and its parts in another order."""
    if isinstance(schema, list):
        return [_schema(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    if "$ref" in schema:
        return {
            "$ref": schema["$ref"].removeprefix("schemas.yaml"),
            "description": TEXT,
            "example": None,
        }
    result: Document = {"example": None}
    for key, value in sorted(schema.items(), reverse=True):
        if key == "properties":
            result[key] = {name: _schema(one) for name, one in sorted(value.items(), reverse=True)}
        elif key == "required":
            result[key] = sorted(value, reverse=True)
        else:
            result[key] = TEXT if key == "description" else _schema(value)
    return result


def _schemes(schemes: Mapping[str, Any]) -> Document:
    result: Document = copy.deepcopy(dict(schemes))
    for scheme in result.values():
        scheme["description"] = TEXT
        for flow in scheme.get("flows", {}).values():
            flow["scopes"] = dict.fromkeys(["unused.scope", *flow["scopes"], *SCOPES], TEXT)
    return result


def _other(number: int) -> Document:
    return {
        "post": {
            "operationId": f"other{number}",
            "responses": {"200": {"description": TEXT}},
            "x-never": {"$ref": "nowhere.json"},
            "requestBody": {"content": {"text/plain": {"example": None}}},
        }
    }

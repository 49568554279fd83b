"""Small specs to compare, and what a comparison of them finds."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
from upsertgen.commands.diffing import diff_command
from upsertgen.diff.changes import Report

ROOT = Path(__file__).parent.parent.parent
SPECS = ROOT / "specs"

DOCUMENT: dict[str, Any] = {
    "openapi": "3.0.3",
    "info": {"title": "Things", "version": "v1"},
    "servers": [{"url": "https://api.example.com"}],
    "paths": {
        "/v1/{shop}/things/batch/upsert": {
            "post": {
                "operationId": "batch_upsert",
                "security": [{"oauth": ["things.write"]}],
                "parameters": [
                    {"name": "shop", "in": "path", "required": True, "schema": {"type": "string"}},
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                    {
                        "name": "kinds",
                        "in": "query",
                        "schema": {"type": "array", "items": {"type": "string"}},
                    },
                ],
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"$ref": "#/components/schemas/Batch"}}
                    },
                },
                "responses": {
                    "200": {
                        "description": "Done.",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Results"}}
                        },
                    },
                    "default": {
                        "description": "Refused.",
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Error"}}
                        },
                    },
                },
            }
        }
    },
    "components": {
        "schemas": {
            "Batch": {
                "type": "object",
                "required": ["inputs"],
                "properties": {
                    "inputs": {"type": "array", "items": {"$ref": "#/components/schemas/Thing"}}
                },
            },
            "Thing": {
                "type": "object",
                "required": ["id"],
                "properties": {
                    "id": {"type": "string"},
                    "number": {"type": "integer", "format": "int32"},
                    "colour": {"type": "string", "enum": ["red", "green"]},
                    "label": {"type": "string", "maxLength": 10, "default": "none"},
                    "values": {"type": "object", "additionalProperties": {"type": "string"}},
                    "size": {"oneOf": [{"type": "string"}, {"type": "integer"}]},
                },
            },
            "Results": {
                "type": "object",
                "required": ["results"],
                "properties": {
                    "results": {"type": "array", "items": {"$ref": "#/components/schemas/Result"}},
                    "note": {"type": "string"},
                },
            },
            "Result": {
                "type": "object",
                "required": ["id", "at"],
                "properties": {
                    "id": {"type": "string"},
                    "at": {"type": "string", "format": "date-time"},
                    "number": {"type": "integer", "format": "int32"},
                    "state": {"type": "string", "enum": ["done", "waiting"]},
                    "values": {"type": "object", "additionalProperties": {"type": "string"}},
                },
            },
            "Error": {"type": "object", "properties": {"message": {"type": "string"}}},
        },
        "securitySchemes": {
            "oauth": {
                "type": "oauth2",
                "flows": {
                    "clientCredentials": {
                        "tokenUrl": "https://example.com/token",
                        "scopes": {"things.write": "", "things.read": "", "all": ""},
                    }
                },
            }
        },
    },
}


class Spec:
    """One document about things, with short ways to its parts. Tests change it in place."""

    def __init__(self) -> None:
        self.document = copy.deepcopy(DOCUMENT)

    def at(self, path: str) -> Spec:
        """Move the operation to another path."""
        paths = self.document["paths"]
        paths[path] = paths.pop(next(iter(paths)))
        return self

    def with_parameter(self, parameter: dict[str, Any]) -> Spec:
        self.parameters.append(parameter)
        return self

    @property
    def operation(self) -> dict[str, Any]:
        item: dict[str, Any] = next(iter(self.document["paths"].values()))
        operation: dict[str, Any] = item["post"]
        return operation

    @property
    def schemas(self) -> dict[str, Any]:
        schemas: dict[str, Any] = self.document["components"]["schemas"]
        return schemas

    @property
    def thing(self) -> dict[str, Any]:
        fields: dict[str, Any] = self.schemas["Thing"]["properties"]
        return fields

    @property
    def result(self) -> dict[str, Any]:
        fields: dict[str, Any] = self.schemas["Result"]["properties"]
        return fields

    @property
    def parameters(self) -> list[dict[str, Any]]:
        parameters: list[dict[str, Any]] = self.operation["parameters"]
        return parameters


Edit = Callable[[Spec], object]
Action = dict[str, Any]


def unchanged(_: Spec) -> None:
    """Leave a spec as it is."""


def write_specs(
    folder: Path,
    edit: Edit = unchanged,
    actions: Iterable[Action] = (),
    others: Mapping[str, Edit] | None = None,
) -> Path:
    """Write a specs folder: the version v1 with things and other object types, and an overlay."""
    for name, change in {"things": edit, **(others or {})}.items():
        spec = Spec()
        change(spec)
        path = folder / "v1" / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(spec.document))
    listed = list(actions)
    if listed:
        overlay = {"overlay": "1.0.0", "info": {"title": "x", "version": "1"}, "actions": listed}
        path = folder / "overlays" / "corrections.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(overlay, indent=1))
    return folder


Found = tuple[str, str, str, str]


def found(report: Report) -> list[Found]:
    """Return each change as kind, place (or subject), and what it means to callers and to the wire."""
    return [
        (
            change.finding.kind.value,
            change.finding.place.raw
            or (change.finding.subject.raw if change.finding.subject else ""),
            change.finding.caller.word,
            change.finding.wire.word,
        )
        for change in report.changes
    ]


def diff(*arguments: str | Path) -> Result:
    """Run the command. What it raises is the outcome's `exception`."""
    return CliRunner().invoke(diff_command, [str(one) for one in arguments])


def diff_json(*arguments: str | Path) -> dict[str, Any]:
    outcome = diff(*arguments, "--format", "json")
    assert outcome.exit_code == 0, outcome.output + repr(outcome.exception)
    report: dict[str, Any] = json.loads(outcome.output)
    return report

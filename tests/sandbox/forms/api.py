"""An API whose upserts differ in form, as its publisher describes it: nothing says how a stand-in behaves."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tests.command_line import upsertgen, write_files

PACKAGE = "forms_client"
PYPROJECT = f"""\
[project]
name = "forms"
version = "1.0.0"
requires-python = ">=3.11"

[tool.upsertgen]
specs = "specs"
output = "client"
package = "{PACKAGE}"
jobs = 1
"""
TEXT = {"type": "string"}
NUMBER = {"type": "integer"}


def listed(items: Any, **more: Any) -> dict[str, Any]:
    return {"type": "array", "items": items, **more}


def objects(required: str, **properties: Any) -> dict[str, Any]:
    kept = {"required": required.split()} if required else {}
    return {"type": "object", **kept, "properties": properties}


def post(
    upsert: Mapping[str, Any],
    request: Any,
    answer: Any,
    *,
    status: str = "200",
    sends: str = "application/json",
    answers: str = "application/json",
    parameters: Sequence[Any] = (),
    sandbox: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    content = {} if answer is None else {"content": {answers: {"schema": answer}}}
    return {
        "operationId": "write",
        "requestBody": {"required": True, "content": {sends: {"schema": request}}},
        "responses": {
            status: {"description": "Done.", **content},
            "default": {
                "description": "Failed.",
                "content": {"application/json": {"schema": ERROR}},
            },
        },
        "parameters": [*parameters],
        "x-upsert": upsert,
        "x-errors": ERRORS,
        **({} if sandbox is None else {"x-sandbox": sandbox}),
    }


ERROR = objects("errors", errors=listed(objects("code detail", code=TEXT, detail=TEXT)))
ERRORS = {
    "fields": {"message": "errors.0.detail"},
    "rules": [
        {
            "status": [401],
            "when": {"errors.0.code": "STALE"},
            "error": "authentication",
            "expired-token": True,
        },
        {"status": [429], "when": {"errors.0.code": "DAY"}, "error": "daily-limit"},
        {
            "status": [420],
            "error": "rate-limit",
            "retry": True,
            "delay-header": "X-Wait",
            "delay-unit": "milliseconds",
        },
    ],
}
ITEM = objects("sku", sku=TEXT, price={"type": "number"}, name={"type": "string", "maxLength": 9})
ITEMS = objects("items", items=listed(ITEM, maxItems=10))
ROW = objects(
    "code status",
    code=TEXT,
    status={"type": "string", "enum": ["success", "error"]},
    action={"type": "string", "enum": ["insert", "update"]},
    message=TEXT,
    details={"type": "object", "properties": {"id": NUMBER, "field": TEXT}},
)
PATHS: dict[str, Any] = {
    "nothing": {
        "post": post({"inputs": "items", "key": "sku"}, ITEMS, None, status="204"),
    },
    "counted": {
        "post": post(
            {"inputs": "vectors", "key": "id", "count": "done.count", "maximum-bytes": 300},
            objects(
                "vectors",
                space=TEXT,
                vectors=listed(objects("id", id=TEXT, values=listed({"type": "number"}))),
            ),
            objects("done", done=objects("count", count=NUMBER)),
            parameters=[
                {
                    "name": "Api-Edition",
                    "in": "header",
                    "required": True,
                    "schema": {"type": "string", "enum": ["2025-04"]},
                },
                {"name": "tenant", "in": "query", "required": True, "schema": TEXT},
            ],
            sandbox={"identified-by": ["space"]},
        ),
    },
    "placed": {
        "post": post(
            {
                "inputs": "data",
                "key": "email",
                "alternative-keys": ["phone"],
                "key-argument": "by",
                "case-insensitive": ["email"],
                "results": "data",
                "results-by": "position",
                "result-status": {"field": "status", "accepted": ["success"]},
                "created": "action",
                "created-values": ["insert"],
                "updated-values": ["update"],
                "result-id": "details.id",
                "error": {"code": "code", "message": "message"},
            },
            objects(
                "data",
                by=listed(TEXT),
                data=listed(
                    objects(
                        "", email=TEXT, phone=TEXT, age=NUMBER, kind={"enum": ["a", "b"], **TEXT}
                    )
                ),
            ),
            objects("data", data=listed(ROW)),
            status="202",
        ),
    },
    "named": {
        "post": post(
            {
                "inputs": "items",
                "key": "sku",
                "results": "outcome.done",
                "results-by": "name",
                "errors": "outcome.failed",
                "created": "is_new",
                "error": {"message": "why"},
            },
            ITEMS,
            objects(
                "outcome",
                outcome=objects(
                    "done",
                    done={
                        "type": "object",
                        "additionalProperties": objects("is_new", is_new={"type": "boolean"}),
                    },
                    failed={"type": "object", "additionalProperties": objects("why", why=TEXT)},
                ),
            ),
        ),
    },
    "keyed": {
        "post": post(
            {
                "inputs": "items",
                "key": "sku",
                "results": "$",
                "result-id": "ref.id",
                "result-status": {"field": "ok", "accepted": ["true"]},
                "error": {"message": "why"},
            },
            ITEMS,
            listed(
                objects(
                    "ref sku ok",
                    ref=objects("id", id=TEXT),
                    sku=TEXT,
                    ok={"type": "string", "enum": ["true", "false"]},
                    why=TEXT,
                )
            ),
        ),
    },
    "pointed": {
        "post": post(
            {
                "inputs": "items",
                "key": "sku",
                "count": "written",
                "errors": "errors",
                "error": {"message": "why", "position": "source.pointer"},
            },
            ITEMS,
            objects(
                "written",
                written=NUMBER,
                errors=listed(objects("why", why=TEXT, source=objects("", pointer=TEXT))),
            ),
        ),
    },
    "lines": {
        "post": post(
            {"inputs": "$", "key": "sku", "count": "count"},
            ITEM,
            objects("count", count=NUMBER),
            sends="application/x-ndjson",
        ),
    },
    "whole": {
        "patch": post(
            {"inputs": "$", "key": "sku", "results": "$", "results-by": "position"},
            listed(ITEM, maxItems=3),
            listed(ITEM),
        ),
    },
    "single/{sku}": {
        "put": post(
            {
                "inputs": "$",
                "key": "sku",
                "key-parameter": "sku",
                "results": "$",
                "created": "state",
                "created-values": ["new"],
            },
            objects("", sku=TEXT, name=TEXT),
            objects("sku state", sku=TEXT, state={"type": "string", "enum": ["new", "old"]}),
            parameters=[{"name": "sku", "in": "path", "required": True, "schema": TEXT}],
        ),
    },
    "nested": {
        "post": post(
            {
                "inputs": "data.people.data",
                "key": "attributes.email",
                "properties": "attributes",
                "results": "data.people",
                "result-id": "id",
            },
            objects(
                "data",
                data=objects(
                    "type people",
                    type={"type": "string", "enum": ["import"]},
                    people=objects(
                        "data",
                        data=listed(
                            objects(
                                "type attributes",
                                type={"type": "string", "enum": ["person"]},
                                attributes=objects("", email=TEXT, name=TEXT, city=TEXT),
                            )
                        ),
                    ),
                ),
            ),
            objects(
                "data",
                data=objects(
                    "people",
                    people=listed(
                        objects("id", id=TEXT, attributes=objects("", email=TEXT, name=TEXT))
                    ),
                ),
            ),
            sends="application/vnd.api+json",
        ),
    },
}
IMPORT = objects("id", id=TEXT, state={"type": "string", "enum": ["queued", "done", "failed"]})
FAILURE = objects("why", why=TEXT, source=objects("", pointer=TEXT))


def get(name: str, answer: Any, *parameters: str) -> dict[str, Any]:
    required = {"in": "path", "required": True}
    return {
        "operationId": name,
        "parameters": [
            {"name": one, "schema": TEXT, **(required if one == "id" else {"in": "query"})}
            for one in parameters
        ],
        "responses": {
            "200": {"description": "It.", "content": {"application/json": {"schema": answer}}},
            "default": {
                "description": "Failed.",
                "content": {"application/json": {"schema": ERROR}},
            },
        },
    }


JOBS: dict[str, Any] = {
    "paged_jobs": {
        "/paged_jobs": {
            "post": post(
                {
                    "inputs": "items",
                    "key": "sku",
                    "result-id": "ref",
                    "created": "new",
                    "error": {"message": "why", "position": "source.pointer"},
                    "job": {
                        "operation": "getImport",
                        "id": "import.id",
                        "status": "import.state",
                        "running": ["queued"],
                        "complete": ["done"],
                        "failed": ["failed"],
                        "result-pages": {
                            "operation": "getImportResults",
                            "list": "results",
                            "next": "next",
                        },
                        "error-pages": {
                            "operation": "getImportErrors",
                            "list": "errors",
                            "next": "cursor",
                            "next-parameter": "from",
                        },
                    },
                },
                objects("items", items=listed(ITEM)),
                objects("import", **{"import": IMPORT}),
                status="202",
            )
        },
        "/paged_jobs/{id}": {
            "get": get(
                "getImport",
                objects("import", **{"import": IMPORT}),
                "id",
            )
        },
        "/paged_jobs/{id}/results": {
            "get": get(
                "getImportResults",
                objects(
                    "results",
                    results=listed(objects("sku", sku=TEXT, ref=NUMBER, new={"type": "boolean"})),
                    next={**TEXT, "nullable": True},
                ),
                "id",
            )
        },
        "/paged_jobs/{id}/errors": {
            "get": get(
                "getImportErrors",
                objects("errors", errors=listed(FAILURE), cursor={**TEXT, "nullable": True}),
                "id",
                "from",
            )
        },
    },
    "linked_jobs": {
        "/linked_jobs": {
            "post": post(
                {
                    "inputs": "items",
                    "key": "sku",
                    "count": "written",
                    "job": {"url-header": "Location", "status": "state", "complete": ["done"]},
                },
                objects("items", items=listed(ITEM)),
                None,
                status="202",
            )
        }
    },
}
SCHEMES: dict[str, Any] = {
    "account": {"type": "http", "scheme": "basic"},
    "key": {"type": "apiKey", "in": "query", "name": "api key"},
    "session": {"type": "apiKey", "in": "cookie", "name": "sid"},
    "token": {"type": "http", "scheme": "bearer", "x-security": {"prefix": "Acme-Token"}},
    "plain": {"type": "apiKey", "in": "header", "name": "X-Key"},
}
SECURITY: dict[str, Any] = {
    "by_account": [{"account": []}],
    "by_key": [{"key": []}],
    "by_token": [{"token": []}],
    "by_several": [{"plain": [], "session": []}, {"key": []}],
}
for _name, _security in SECURITY.items():
    _upsert = post({"inputs": "items", "key": "sku"}, ITEMS, None, status="204")
    PATHS[_name] = {"post": {**_upsert, "security": _security}}


def documents() -> dict[str, str]:
    """Return the specs, by their paths: each form is an object type of its own."""
    forms = {name.partition("/")[0]: {f"/{name}": methods} for name, methods in PATHS.items()}
    return {
        f"specs/v1/{name}.json": json.dumps(
            {
                "openapi": "3.0.3",
                "info": {"title": name.title(), "version": "v1"},
                "servers": [{"url": "https://api.example.com"}],
                "paths": paths,
                "components": {"securitySchemes": SCHEMES},
            }
        )
        for name, paths in {**forms, **JOBS}.items()
    }


def generate_client(folder: Path) -> Path:
    """Generate the client in a folder, and return where its package is."""
    write_files(folder, {"pyproject.toml": PYPROJECT, **documents()})
    outcome = upsertgen("generate")
    assert outcome.code == 0, outcome.err
    return folder / "client"

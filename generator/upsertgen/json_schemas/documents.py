"""The schemas of what stands in a specs folder."""

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any

from upsertgen.ir import fact_files, property_files
from upsertgen.ir.extensions import SCHEMAS, extensions_of
from upsertgen.json_schemas.descriptions import described
from upsertgen.specs import overlays as overlay_files
from upsertgen.specs.openapi import METHODS
from upsertgen.specs.validation import openapi_rules

PURPOSES = {
    "x-upsert": "What makes the operation a batch upsert: which fields hold records, keys and results.",
    "x-properties": "Which parameters ask for an account's properties.",
    "x-account": "Where the operation tells what a token may do, and how much of the day is left.",
    "x-errors": "What statuses mean, and which are retried.",
    "x-retry": "How requests are sent again.",
    "x-rate-limit": "Which response headers tell the limits.",
    "x-sandbox": "How the stand-in answers in which situation.",
    "x-security": "How clients send what meets the security scheme.",
}


_ANSWER = "answer"
_SCHEMES = "APIKeySecurityScheme HTTPSecurityScheme OAuth2SecurityScheme OpenIdConnectSecurityScheme".split()
_OWNERS = {
    "3.0": {"Operation": "operation", **dict.fromkeys(_SCHEMES, "security scheme")},
    "3.1": {"operation": "operation", "security-scheme": "security scheme"},
}
"""The definitions of OpenAPI's schemas that extensions belong to, and the kind of each."""


def specs() -> dict[str, Any]:
    """Return the schema of an OpenAPI document, of 3.0 as of 3.1."""
    definitions: dict[str, Any] = {**_extensions()}
    for family in _OWNERS:
        root = copy.deepcopy(openapi_rules(family).schema)
        inner = root.pop("definitions", None) or root.pop("$defs")
        named = {f"{family}-{name}": one for name, one in inner.items()}
        named[family] = {
            key: one for key, one in root.items() if key not in ("id", "$id", "$schema")
        }
        definitions |= {name: _moved(one, family) for name, one in named.items()}
        for owner, kind in _OWNERS[family].items():
            definitions[f"{family}-{owner}"]["properties"] |= _references(extensions_of(kind))
    return {
        "type": "object",
        "required": ["openapi"],
        "properties": {
            "openapi": {
                "type": "string",
                "description": "The version of OpenAPI, such as 3.0.3.",
                "pattern": "^3\\.[01]\\.[0-9]+(-.+)?$",
            }
        },
        "if": {"properties": {"openapi": {"pattern": "^3\\.1\\."}}},
        "then": {"$ref": "#/$defs/3.1"},
        "else": {"$ref": "#/$defs/3.0"},
        "$defs": definitions,
    }


def overlays() -> dict[str, Any]:
    """Return the schema of an overlay: what an update adds to an extension may be a part of it."""
    schema = copy.deepcopy(overlay_files.SCHEMA)
    extensions = {name: _partial(one) for name, one in _extensions().items()}
    operation = {
        "description": "An operation of a path.",
        "type": "object",
        "properties": _references(extensions_of("operation")),
    }
    action = schema["properties"]["actions"]["items"]["properties"]
    action["update"]["properties"] = {
        **_references(SCHEMAS),
        **{method: {"$ref": "#/$defs/operation"} for method in METHODS},
    }
    schema["$defs"] = {**extensions, "operation": operation}
    return schema


def properties() -> dict[str, Any]:
    """Return the schema of a file of properties."""
    return dict(described(property_files.SCHEMA))


def facts() -> dict[str, Any]:
    """Return the schema of a file of facts."""
    return dict(described(fact_files.SCHEMA))


def _references(names: Iterable[str]) -> dict[str, Any]:
    return {name: {"$ref": f"#/$defs/{name}"} for name in names}


def _extensions() -> dict[str, Any]:
    """Return the schema of each extension by its name, and that of the answers of one."""
    found = {
        name: {"description": PURPOSES[name], **described(schema)}
        for name, schema in SCHEMAS.items()
    }
    # There are many situations, and all are answered alike.
    answers = found["x-sandbox"]["properties"]["answers"]["properties"]
    for situation, one in answers.items():
        found[_ANSWER] = {key: value for key, value in one.items() if key != "description"}
        answers[situation] = {"description": one["description"], "$ref": f"#/$defs/{_ANSWER}"}
    return found


def _partial(schema: Any) -> Any:
    """Return a schema that lets required words be missing, for what several actions say together."""
    if not isinstance(schema, dict):
        return schema
    result = {key: value for key, value in schema.items() if key != "required"}
    for key in ("items", "additionalProperties"):
        if key in result:
            result[key] = _partial(result[key])
    if "properties" in result:
        result["properties"] = {name: _partial(one) for name, one in result["properties"].items()}
    return result


def _moved(schema: Any, family: str) -> Any:
    """Return a part of an OpenAPI schema with its definitions where they stand here, in draft 2020-12."""
    if isinstance(schema, list):
        return [_moved(one, family) for one in schema]
    if not isinstance(schema, dict):
        return schema
    result = {key: _moved(value, family) for key, value in schema.items()}
    reference = result.get("$ref")
    if isinstance(reference, str) and reference.startswith("#/"):
        _, _, name, *rest = reference.split("/")
        result["$ref"] = "/".join(("#", "$defs", f"{family}-{name}", *rest))
        if family == "3.0":
            # In draft 4 nothing counts beside a reference.
            result = {"$ref": result["$ref"]}
    if result.get("exclusiveMinimum") is True:
        result["exclusiveMinimum"] = result.pop("minimum")
    return result

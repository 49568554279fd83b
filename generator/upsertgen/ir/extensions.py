"""What OpenAPI cannot say: the extensions `x-upsert`, `x-errors`, `x-retry`, `x-rate-limit` and `x-sandbox`.

They stand at an operation, usually put there by an overlay. Each is checked against a JSON Schema, so
that a misspelt field is a located problem like any other.
"""

from __future__ import annotations

import difflib
from functools import cache
from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.ir.sandbox import SANDBOX_SCHEMA, with_examples
from upsertgen.ir.tree import ErrorRule, ObjectValue, Policy, SystemicError, Upsert
from upsertgen.spec_text import SpecText
from upsertgen.specs.references import Node, References
from upsertgen.specs.validation import Rules, validate

ERRORS = {
    "authentication": "AuthenticationError",
    "permission": "PermissionDeniedError",
    "validation": "ValidationError",
    "conflict": "ConflictError",
    "rate-limit": "RateLimitError",
    "daily-limit": "DailyLimitError",
    "locked": "LockedError",
    "account-moving": "AccountMovingError",
    "server": "ServerError",
}
"""What an error response can mean, and the exception class of the client that says so."""

_TEXT = {"type": "string", "minLength": 1}
_SECONDS = {"type": "number", "minimum": 0, "maximum": 86400}
_BACKOFF = {"initial": 0.5, "multiplier": 2.0, "maximum": 30.0}

_ROLES = ("inputs", "key", "results")
_OPTIONAL_ROLES = (
    "key-property",
    "properties",
    "object-type",
    "trace-id",
    "errors",
    "created",
    "result-id",
    "warnings",
)
_ERROR_PARTS = (
    "message",
    "code",
    "trace-ids",
    "details",
    "detail-property",
    "detail-code",
    "detail-message",
    "problem-property",
    "problem-code",
    "problem-message",
)

_SCHEMAS: dict[str, dict[str, Any]] = {
    "x-upsert": {
        "type": "object",
        "additionalProperties": False,
        "required": [*_ROLES],
        "properties": {
            **dict.fromkeys((*_ROLES, *_OPTIONAL_ROLES, "separator"), _TEXT),
            "case-insensitive": {"type": "array", "items": _TEXT},
            "error": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(_ERROR_PARTS, _TEXT),
            },
            "systemic": {
                "type": "array",
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["status"],
                    "properties": {
                        "status": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "integer", "minimum": 400, "maximum": 599},
                        },
                        **dict.fromkeys(("code", "message", "mend"), _TEXT),
                    },
                },
            },
        },
    },
    "x-errors": {
        "type": "object",
        "additionalProperties": False,
        "required": ["rules"],
        "properties": {
            "fields": {
                "type": "object",
                "additionalProperties": False,
                "properties": dict.fromkeys(("message", "category", "correlation-id"), _TEXT),
            },
            "rules": {
                "type": "array",
                "minItems": 1,
                "items": {
                    "type": "object",
                    "additionalProperties": False,
                    "required": ["status", "error"],
                    "properties": {
                        "status": {
                            "type": "array",
                            "minItems": 1,
                            "items": {
                                "anyOf": [
                                    {"type": "integer", "minimum": 100, "maximum": 599},
                                    {"type": "string", "pattern": "^[1-5]XX$"},
                                ]
                            },
                        },
                        "when": {
                            "type": "object",
                            "minProperties": 1,
                            "additionalProperties": _TEXT,
                        },
                        "error": {"enum": sorted(ERRORS)},
                        "retry": {"type": "boolean"},
                        "minimum-delay": _SECONDS,
                        "delay-header": {"type": "string", "pattern": "^[A-Za-z0-9-]+$"},
                    },
                },
            },
        },
    },
    "x-retry": {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "transport": {"type": "boolean"},
            "backoff": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "initial": _SECONDS,
                    "multiplier": {"type": "number", "minimum": 1},
                    "maximum": _SECONDS,
                },
            },
        },
    },
    "x-rate-limit": {
        "type": "object",
        "additionalProperties": False,
        "required": ["headers"],
        "properties": {
            "headers": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    name: {"type": "string", "pattern": "^[A-Za-z0-9-]+$"}
                    for name in (
                        "maximum",
                        "remaining",
                        "interval-milliseconds",
                        "daily-maximum",
                        "daily-remaining",
                    )
                },
            }
        },
    },
    "x-sandbox": SANDBOX_SCHEMA,
}

DEFAULT_RULES = (
    ErrorRule(
        (401,), (), ERRORS["authentication"], retry=False, minimum_delay=0.0, delay_header=None
    ),
    ErrorRule((403,), (), ERRORS["permission"], retry=False, minimum_delay=0.0, delay_header=None),
    ErrorRule(
        (400, 422), (), ERRORS["validation"], retry=False, minimum_delay=0.0, delay_header=None
    ),
    ErrorRule((409,), (), ERRORS["conflict"], retry=False, minimum_delay=0.0, delay_header=None),
    ErrorRule((429,), (), ERRORS["rate-limit"], retry=True, minimum_delay=0.0, delay_header=None),
    ErrorRule(("5XX",), (), ERRORS["server"], retry=False, minimum_delay=0.0, delay_header=None),
)
"""What statuses mean where the spec does not say: RFC 9110, and RFC 6585 for 429.

Only a 429 is sent again, because it says that the request was not processed.
"""


def read_upsert(operation: Node, problems: Problems) -> Upsert | None:
    """Return what `x-upsert` says at an operation, or nothing when it is absent or wrong."""
    data = _read(operation, "x-upsert", problems)
    if not data:
        return None
    text = {
        name: SpecText(data[name])
        for name in (*_ROLES, *_OPTIONAL_ROLES, "separator")
        if name in data
    }
    return Upsert(
        inputs=text["inputs"],
        key=text["key"],
        key_property=text.get("key-property"),
        properties=text.get("properties"),
        object_type=text.get("object-type"),
        trace_id=text.get("trace-id"),
        results=text["results"],
        errors=text.get("errors"),
        created=text.get("created"),
        result_id=text.get("result-id"),
        warnings=text.get("warnings"),
        case_insensitive=tuple(SpecText(one) for one in data.get("case-insensitive", ())),
        separator=text.get("separator"),
        error=_names(data.get("error", {})),
        systemic=tuple(_systemic(one) for one in data.get("systemic", ())),
    )


def _systemic(data: dict[str, Any]) -> SystemicError:
    return SystemicError(
        tuple(data["status"]),
        *(SpecText(data[name]) if name in data else None for name in ("code", "message", "mend")),
    )


def read_policy(operation: Node, problems: Problems) -> Policy:
    """Return how the errors of an operation are read and which requests are sent again."""
    errors = _read(operation, "x-errors", problems)
    retry = _read(operation, "x-retry", problems)
    rate_limit = _read(operation, "x-rate-limit", problems)
    rules = tuple(_rule(rule) for rule in errors["rules"]) if errors else DEFAULT_RULES
    backoff = {**_BACKOFF, **retry.get("backoff", {})}
    return Policy(
        rules=rules,
        retry_transport=bool(retry.get("transport", False)),
        backoff=tuple((name, float(backoff[name])) for name in _BACKOFF),
        fields=_names(errors.get("fields", {})),
        rate_limit_headers=_names(rate_limit.get("headers", {})),
    )


def read_sandbox(operation: Node, references: References, problems: Problems) -> ObjectValue | None:
    """Return what `x-sandbox` says at an operation with the examples that it names, or nothing."""
    data = _read(operation, "x-sandbox", problems)
    return with_examples(operation, data, references, problems) if data else None


def _rule(rule: dict[str, Any]) -> ErrorRule:
    header = rule.get("delay-header")
    return ErrorRule(
        statuses=tuple(rule["status"]),
        when=tuple(
            (SpecText(field), SpecText(value)) for field, value in rule.get("when", {}).items()
        ),
        error=ERRORS[rule["error"]],
        retry=bool(rule.get("retry", False)),
        minimum_delay=float(rule.get("minimum-delay", 0.0)),
        delay_header=SpecText(header) if header else None,
    )


def _names(data: dict[str, str]) -> tuple[tuple[str, SpecText], ...]:
    return tuple((name.replace("-", "_"), SpecText(value)) for name, value in sorted(data.items()))


def _read(operation: Node, name: str, problems: Problems) -> dict[str, Any]:
    if name not in operation.value:
        return {}
    node = operation.child(name)
    valid = validate(
        node.value,
        _rules(name),
        lambda pointer, key: node.document.locate((*node.pointer, *pointer), key=key),
        problems,
        within=node.pointer,
    )
    return node.value if valid else {}


def check_extension_names(operation: Node, problems: Problems) -> None:
    """Note extensions of an operation that look like ours and are not."""
    for key in operation.value.keys() - _SCHEMAS.keys():
        near = difflib.get_close_matches(key, _SCHEMAS, 1, 0.7) if key.startswith("x-") else []
        if near:
            problems.add(
                operation.document.locate((*operation.pointer, key), key=True),
                f"the extension {quoted(key)} is not known",
                f"one of {', '.join(_SCHEMAS)}",
                f"did you mean {quoted(near[0])}?",
            )


def check_no_extensions(node: Node, problems: Problems) -> None:
    """Note extensions that belong to an operation and stand somewhere else, where nothing reads them."""
    for key in node.value.keys() & _SCHEMAS.keys():
        problems.add(
            node.document.locate((*node.pointer, key), key=True),
            f"the extension {quoted(key)} does not belong to an operation",
            "it among the fields of an operation",
            "move it there",
        )


@cache
def _rules(name: str) -> Rules:
    return Rules(_SCHEMAS[name])

"""How a stand-in for the API behaves: the extension `x-sandbox` of an operation.

It completes what OpenAPI and the other extensions say with what a server does: how it answers in which
situation, which properties every account has, and which limits it holds.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.ir.tree import ObjectValue
from upsertgen.ir.values import freeze
from upsertgen.specs.references import DanglingReference, Node, References

SITUATIONS = (
    "unauthenticated",
    "missing-scope",
    "unsupported-media-type",
    "invalid-json",
    "invalid-body",
    "unknown-object-type",
    "too-many-inputs",
    "missing-key-property",
    "non-unique-key",
    "unknown-property",
    "duplicate-keys",
    "invalid-values",
    "refused-input",
    "conflict",
    "locked",
    "rate-limit",
    "daily-limit",
    "account-moving",
    "server",
)
"""What keeps a request, or with `refused-input` one of its records, from being done."""

PROBLEMS = ("email", "number", "bool", "date", "datetime", "option", "read-only")
"""What can be wrong with the value of a property."""

PROPERTY_TYPES = ("string", "email", "number", "bool", "date", "datetime", "enumeration")
"""The types of properties that a stand-in checks."""

_TEXT = {"type": "string", "minLength": 1}
_POINTER = {"type": "string", "pattern": "^(/[^/]*)+$"}
_COUNT = {"type": "integer", "minimum": 1}
_SECONDS = {"type": "number", "exclusiveMinimum": 0, "maximum": 86400}


def _object(
    properties: dict[str, Any], required: tuple[str, ...] = (), minimum: int = 0
) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": [*required],
        "minProperties": minimum,
        "properties": properties,
    }


_ANSWER = _object(
    {
        "status": {"type": "integer", "minimum": 200, "maximum": 599},
        "example": _TEXT,
        "part": _POINTER,
        "values": {"type": "object", "propertyNames": _POINTER},
        "item": {"type": "object"},
    },
    ("status", "example"),
)
_PROPERTY = _object(
    {
        "type": {"enum": [*PROPERTY_TYPES]},
        "unique": {"type": "boolean"},
        "read-only": {"type": "boolean"},
        "options": {"type": "array", "items": _TEXT},
        "multiple": {"type": "boolean"},
    }
)
_EXPORT = _object(
    {
        **dict.fromkeys(
            ("list", "name", "type", "unique", "read-only", "options", "option"), _TEXT
        ),
        "multiple": _object({"field": _TEXT, "value": _TEXT}, ("field", "value")),
        "types": {"type": "object", "additionalProperties": {"enum": [*PROPERTY_TYPES]}},
    },
    ("list", "name", "type", "unique", "read-only", "options", "option", "multiple"),
)

SANDBOX_SCHEMA = _object(
    {
        "answers": _object(dict.fromkeys(SITUATIONS, _ANSWER)),
        "batch": {"type": "object"},
        "refusals": {"type": "object"},
        "result": {"type": "object"},
        "problems": _object(
            dict.fromkeys(PROBLEMS, _object({"code": _TEXT, "message": _TEXT}, ("code", "message")))
        ),
        "properties": {"type": "object", "additionalProperties": _PROPERTY},
        "refused-keys": {"type": "array", "items": _TEXT},
        "limits": _object(
            {
                "burst": _COUNT,
                "burst-seconds": _SECONDS,
                "daily": _COUNT,
                "lock-seconds": _SECONDS,
            }
        ),
        "properties-export": _EXPORT,
    }
)
"""The JSON Schema of `x-sandbox`. Placeholders such as `{keys}` are filled in by the stand-in."""


def with_examples(
    operation: Node, data: dict[str, Any], references: References, problems: Problems
) -> ObjectValue | None:
    """Return `x-sandbox` with the body of each example in the place of its name.

    Args:
        operation: The operation.
        data: What its `x-sandbox` says, valid.
        references: Follows `$ref`s.
        problems: Where to note examples that the operation does not have.
    """
    examples = dict(_examples(operation, references))
    answers: dict[str, Any] = {}
    for situation, answer in data.get("answers", {}).items():
        place = ("x-sandbox", "answers", situation)
        name = answer["example"]
        if name not in examples:
            near = difflib.get_close_matches(name, examples, 1)
            problems.add(
                operation.document.locate((*operation.pointer, *place, "example")),
                f"no response of the operation has an example named {quoted(name)}",
                "a named example of one of its responses",
                f"did you mean {quoted(near[0])}?" if near else "add the example in an overlay",
            )
            continue
        try:
            body = _part(examples[name], answer.get("part", ""))
        except (LookupError, TypeError, ValueError):
            problems.add(
                operation.document.locate((*operation.pointer, *place, "part")),
                f"the example {quoted(name)} has no part {quoted(answer['part'])}",
                "a JSON pointer into the example",
                "correct the pointer",
            )
            continue
        kept = {key: answer[key] for key in ("status", "values", "item") if key in answer}
        answers[situation] = {**kept, "body": body}
    frozen = freeze({**data, "answers": answers})
    return frozen if isinstance(frozen, ObjectValue) else None


def _examples(operation: Node, references: References) -> Iterator[tuple[str, Any]]:
    """Yield the named examples of an operation's responses."""
    for status in operation.value.get("responses", {}):
        try:
            response = references.follow(operation.child("responses", status))
            for media_type in response.value.get("content", {}):
                content = response.child("content", media_type)
                for name in content.value.get("examples", {}):
                    example = references.follow(content.child("examples", name))
                    yield name, example.value.get("value")
        except DanglingReference:
            # Noted already, when all references were followed.
            continue


def _part(value: Any, pointer: str) -> Any:
    for step in pointer.split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        value = value[int(name)] if isinstance(value, list) else value[name]
    return value

"""Facts about an API that show how its stand-in has to behave: the files in the folder `facts` of the specs.

They may be missing. Each fact has requests, and says what their answers hold.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upsertgen.errors import Problems
from upsertgen.ir.tree import Facts
from upsertgen.specs.document import Document
from upsertgen.specs.validation import Rules, validate

MARKS = ("documented", "live", "chosen")
"""How a fact is known; chosen where nobody knows."""

_TEXTS: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}
_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["send", "status"],
    "additionalProperties": False,
    "properties": {
        "send": {
            "description": "The method and the path.",
            "type": "string",
            "pattern": "^(GET|POST|DELETE) /",
        },
        "headers": {**_TEXTS, "description": "Further headers of the request."},
        "body": {"description": "The JSON body of the request."},
        "status": {
            "description": "The status of the answer.",
            "type": "integer",
            "minimum": 200,
            "maximum": 599,
        },
        "holds": {
            "description": "What its body holds, by JSON pointers.",
            "type": "object",
            "propertyNames": {"pattern": "^(/[^/]+)+$"},
        },
        "says": {
            "description": "A text that its body has somewhere.",
            "type": "string",
            "minLength": 1,
        },
        "answers": {**_TEXTS, "description": "Headers that the answer has."},
        "chosen": {
            "description": "Whether nobody knows, so that the answer is ours.",
            "type": "boolean",
        },
    },
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["facts"],
    "additionalProperties": False,
    "properties": {
        "declare": {
            "description": "Properties that requests need, by object type.",
            "type": "object",
            "additionalProperties": {"type": "object"},
        },
        "facts": {
            "description": "What is known of the API.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["fact", "mark", "requests"],
                "additionalProperties": False,
                "properties": {
                    "fact": {
                        "description": "What is so, in a sentence.",
                        "type": "string",
                        "minLength": 1,
                        "maxLength": 200,
                    },
                    "mark": {"description": "How that is known.", "enum": [*MARKS]},
                    "requests": {
                        "description": "Requests whose answers show it.",
                        "type": "array",
                        "minItems": 1,
                        "items": _REQUEST,
                    },
                },
            },
        },
    },
}
_RULES = Rules(SCHEMA, "remove it")


def facts_of(documents: Iterable[Document], problems: Problems) -> Facts:
    """Return the facts of a specs folder, and the properties that their requests need.

    Args:
        documents: The files.
        problems: Where to note what is wrong with them.
    """
    declare: dict[str, dict[str, Any]] = {}
    facts: list[dict[str, Any]] = []
    for document in documents:
        if validate(document.data, _RULES, problems):
            for object_type, properties in document.data.get("declare", {}).items():
                declare.setdefault(object_type, {}).update(properties)
            facts.extend(document.data["facts"])
    return Facts(declare, tuple(facts))

"""Files of properties: what they may say, and the standard properties of a specs folder.

A file is what the client's command `properties pull` writes. Those in the folder `properties` of the specs
tell which properties every account has; they may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from upsertgen.errors import Problems, quoted
from upsertgen.ir.tree import StandardProperties
from upsertgen.ir.vocabulary import PROPERTY_TYPES, Roles
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import Document, LocatedMapping, locate
from upsertgen.specs.validation import Rules, validate

MOST_PROPERTIES = 10_000
"""Properties of one object type. Accounts have up to some thousands."""
MOST_OPTIONS = 10_000
"""Options of one property. Over 1,500 have been seen."""

OBJECT_TYPE = "^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$"
"""What object types are called, by name or id."""

_FLAGS = ("unique", "read_only", "calculated", "multiple", "archived")
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["object_type", "properties"],
    "additionalProperties": False,
    "properties": {
        "object_type": {
            "description": "The object type, by its name or id.",
            "type": "string",
            "pattern": OBJECT_TYPE,
        },
        "api_version": {
            "description": "The API version that listed them.",
            "type": "string",
        },
        "account": {
            "description": "The account that they were listed for.",
            "type": ["string", "integer"],
        },
        "sensitive": {
            "description": "The sensitivities that were listed, too.",
            "type": "array",
            "items": {"type": "string"},
        },
        "refused_keys": {
            "description": "The properties that are unique and no keys.",
            "type": "array",
            "items": {"type": "string"},
        },
        "properties": {
            "description": "The properties, by their names.",
            "type": "object",
            "maxProperties": MOST_PROPERTIES,
            "additionalProperties": {
                "title": "Property",
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {
                    "label": {"type": "string", "maxLength": 10_000},
                    "type": {"enum": list(PROPERTY_TYPES)},
                    **{flag: {"type": "boolean"} for flag in _FLAGS},
                    "options": {
                        "type": ["object", "array"],
                        "maxProperties": MOST_OPTIONS,
                        "maxItems": MOST_OPTIONS,
                        "additionalProperties": {"type": "string", "maxLength": 10_000},
                        "items": {"type": "string", "maxLength": 10_000},
                    },
                },
            },
        },
    },
}
_RULES = Rules(SCHEMA, "remove it")


def standard_properties(
    documents: Iterable[Document], problems: Problems
) -> tuple[StandardProperties, ...]:
    """Return the properties that every account has, of the files of a specs folder.

    Args:
        documents: The files.
        problems: Where to note what is wrong with them.
    """
    found: dict[str, StandardProperties] = {}
    for document in documents:
        if not is_sound(document.data, problems):
            continue
        object_type: str = document.data["object_type"]
        if document.name != object_type:
            problems.add(
                document.locate(("object_type",)),
                f"the file {quoted(document.path)} is about {quoted(object_type)}",
                "a file that is called as its object type",
                "rename the file, or correct object_type",
            )
        # Emitted files have to differ where case tells nothing apart.
        other = found.setdefault(
            object_type.casefold(),
            StandardProperties(object_type, document.data["properties"], document.key),
        )
        if other.source != document.key:
            problems.add(
                document.locate(("object_type",)),
                f"the properties of {quoted(object_type)} were declared before, in {other.source}",
                "a file for each object type",
                "leave one of the files out",
            )
    return tuple(sorted(found.values(), key=lambda one: one.object_type))


def keys_of(upsert: Roles | None, properties: StandardProperties | None) -> tuple[SpecText, ...]:
    """Return the properties that every account has and that records can be found by.

    Args:
        upsert: What makes an operation an upsert; nothing if it is none.
        properties: The properties of its object type that every account has, if any are known.
    """
    if upsert is None or upsert.key_property is None or properties is None:
        return ()
    refused = {one.raw for one in upsert.property_rules.refused_keys}
    return tuple(
        SpecText(name)
        for name, said in sorted(properties.declarations.items())
        if said
        and said.get("unique")
        and name not in refused
        and not said.get("read_only")
        and not said.get("calculated")
        and not said.get("archived")
    )


def is_sound(data: LocatedMapping, problems: Problems) -> bool:
    """Note what is wrong with a file of properties, and return whether nothing is."""
    if "object_type" not in data and isinstance(data.get("results"), list):
        problems.add(
            locate(data, ("results",), key=True),
            "this is what the API lists, and does not say of which object type",
            "a file with object_type and properties",
            "let the client write it, with the command 'properties pull'",
        )
        return False
    if not validate(data, _RULES, problems):
        return False
    sound = True
    for name, declared in data["properties"].items():
        pointer = ("properties", name)
        if not name:
            sound = False
            problems.add(
                locate(data, pointer, key=True),
                "the name of a property is empty",
                "its name in the API",
                "write it, or remove the property",
            )
        fields = declared or {}
        if fields.get("type", "string") != "enumeration":
            for extra in ("options", "multiple"):
                if fields.get(extra):
                    sound = False
                    problems.add(
                        locate(data, (*pointer, extra), key=True),
                        f"the property {quoted(name)} has {extra}, and is no enumeration",
                        f"{extra} only beside type: enumeration",
                        f"add type: enumeration, or remove {extra}",
                    )
        options = fields.get("options", {})
        if len(set(options)) < len(options):
            sound = False
            first = {one: at for at, one in reversed(list(enumerate(options)))}
            index = next(at for at, one in enumerate(options) if first[one] != at)
            problems.add(
                locate(data, (*pointer, "options", index)),
                f"the option {quoted(options[index])} stands there twice",
                "each option once",
                "remove one",
            )
    return sound

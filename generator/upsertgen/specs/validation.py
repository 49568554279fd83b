"""Whether a document is what it claims to be.

The OpenAPI schemas are the official ones, in the copy that openapi-spec-validator ships; jsonschema-rs
applies them.
"""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import jsonschema_rs

from upsertgen.errors import MOST_PROBLEMS, Problems, quoted
from upsertgen.specs.document import Document, LocatedMapping, Pointer, value_at
from upsertgen.specs.explanation import causes, describe, without_consequences
from upsertgen.specs.openapi import SCHEMA_KEYWORDS

_SUPPORTED = re.compile(r"3\.[01]\.[0-9]+(-.+)?\Z")


class Rules:
    """A JSON Schema, compiled, that still knows what it says.

    Attributes:
        schema: The schema.
        validator: The same, compiled.
        unknown: How to mend a field that the schema does not know, if it looks like none that it knows.

    Args:
        schema: The schema.
        unknown: See above; OpenAPI lets names begin with `x-`.
    """

    def __init__(
        self, schema: dict[str, Any], unknown: str = "remove it, or begin its name with 'x-'"
    ) -> None:
        self.schema = schema
        self.unknown = unknown
        self.validator: Any = jsonschema_rs.validator_for(schema)


def validate_document(document: Document, problems: Problems) -> None:
    """Note everything that the official schema of the OpenAPI version of a document refuses."""
    version = document.data.get("openapi")
    if not isinstance(version, str) or not _SUPPORTED.match(version):
        wrong = f"OpenAPI {quoted(version)} is not supported"
        if version is None and "swagger" in document.data:
            wrong = f"Swagger {quoted(document.data['swagger'])} is not supported"
        elif "openapi" not in document.data:
            wrong = "this is not an OpenAPI document: it has no field 'openapi'"
        problems.add(
            document.locate(("openapi" if "openapi" in document.data else "swagger",)),
            wrong,
            "openapi: 3.0.x or 3.1.x, such as 3.0.3",
            "convert the document, or move a file that is none out of the specs folder",
        )
        return
    validate(document.data, openapi_rules(version[:3]), problems)


def validate(
    document: LocatedMapping, rules: Rules, problems: Problems, within: Pointer = ()
) -> bool:
    """Note everything in a document, or in a part of it, that a JSON Schema refuses.

    Args:
        document: The root of the document.
        rules: The schema.
        problems: Where to note what is wrong.
        within: The way to the part to check.

    Returns:
        Whether it was valid.
    """
    data = value_at(document, within)
    if rules.validator.is_valid(data):
        return True
    found = [
        cause
        for error in islice(rules.validator.iter_errors(data), MOST_PROBLEMS)
        for cause in causes(error, document, within, rules.schema)
    ]
    for cause in without_consequences(found):
        describe(cause, document, problems, rules.unknown)
    return False


@cache
def openapi_rules(family: str) -> Rules:
    """Return the rules of an OpenAPI version, `3.0` or `3.1`.

    They are built without the slow import of the package that ships them.
    """
    package = importlib.util.find_spec("openapi_spec_validator")
    if package is None or not package.submodule_search_locations:
        raise RuntimeError("openapi-spec-validator is not installed: reinstall upsertgen")
    folder = Path(next(iter(package.submodule_search_locations)))
    schema = json.loads((folder / f"resources/schemas/v{family}/schema.json").read_text("utf-8"))
    if family == "3.0":
        # The official schema says how names of components are spelt, and then lets any other pass.
        for section in schema["definitions"]["Components"]["properties"].values():
            section["additionalProperties"] = False
    else:
        # The official schema leaves schema objects to the dialect that a document chooses. Here it is the
        # default one, and a keyword that nobody knows is a mistake.
        schema["$defs"]["schema"] |= {
            "$ref": "https://json-schema.org/draft/2020-12/schema",
            "properties": dict.fromkeys(SCHEMA_KEYWORDS, True)
            | {
                "discriminator": {
                    "type": "object",
                    "required": ["propertyName"],
                    "properties": {
                        "propertyName": {"type": "string"},
                        "mapping": {"type": "object", "additionalProperties": {"type": "string"}},
                    },
                },
                "nullable": {"type": "boolean"},
            },
            "patternProperties": {"^x-": True},
            "additionalProperties": False,
        }
    return Rules(schema)

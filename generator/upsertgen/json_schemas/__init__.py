"""JSON Schemas of what people write: what `validate` checks with, put together and described, for editors.

In comes a name, out comes a schema of draft 2020-12. Start with `schema_of`. The rules stand where they are
checked (`ir.extensions`, `specs.overlays`, `specs.validation`, `configuration` and so on); `documents` and
`settings` put them together, and `descriptions` adds what each word means, from the docstrings of the classes
that words become.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from upsertgen.inputs import SCHEMAS

NAMES = {
    "specs": "An OpenAPI document of a specs folder, with the extensions of its operations.",
    "overlays": "An overlay that corrects and completes specs.",
    "properties": "The properties of an object type.",
    "facts": "What is known of an API, for its stand-in.",
    "configuration": "The table [tool.upsertgen] of a pyproject.toml.",
}
"""The schemas, and what each is about."""


def schema_of(name: str) -> dict[str, Any]:
    """Return a JSON Schema, by its name."""
    # What reads specs is imported when it is asked for.
    from upsertgen.json_schemas import documents, settings

    made: dict[str, Callable[[], dict[str, Any]]] = {
        "specs": documents.specs,
        "overlays": documents.overlays,
        "properties": documents.properties,
        "facts": documents.facts,
        "configuration": settings.configuration,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"upsertgen: {name}",
        "description": NAMES[name],
        **made[name](),
    }


def schema_text(name: str) -> str:
    """Return a JSON Schema as text, by its name."""
    return f"{json.dumps(schema_of(name), indent=2, ensure_ascii=False)}\n"


def schema_files() -> dict[str, str]:
    """Return the text of each schema by its path in a specs folder."""
    return {f"{SCHEMAS}/{name}.json": schema_text(name) for name in NAMES}

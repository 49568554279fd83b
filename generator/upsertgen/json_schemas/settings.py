"""The schema of `[tool.upsertgen]`, from the classes that hold the settings."""

from __future__ import annotations

from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.importing.settings import NAMES, ImportSettings
from upsertgen.json_schemas.descriptions import attributes
from upsertgen.properties.settings import PropertySettings
from upsertgen.renames import Rename

_KINDS: dict[type, dict[str, Any]] = {
    Path: {"type": "string"},
    str: {"type": "string"},
    int: {"type": "integer"},
    bool: {"type": "boolean"},
    tuple: {"type": "array", "items": {"type": "string"}},
    dict: {"type": "object", "additionalProperties": {"type": "string"}},
}
_TEXT = {"type": "string"}


def configuration() -> dict[str, Any]:
    """Return the schema of the table."""
    settings = {
        one.name.replace("_", "-"): {
            "description": one.metadata["help"].partition(" [default")[0],
            **_KINDS[one.metadata["kind"]],
            **one.metadata["rules"],
            **_default(one.default),
        }
        for one in fields(Settings)
        if one.metadata
    }
    return _table(
        {**settings, "renames": _renames(), "import": _imports(), "properties": _properties()}
    )


def _imports() -> dict[str, Any]:
    meanings = attributes(ImportSettings.__doc__)
    usual = ImportSettings()
    rules: dict[str, dict[str, Any]] = {"names": {"enum": [*NAMES]}, "most_scopes": {"minimum": 1}}
    table = _table(
        {
            one.name.replace("_", "-"): {
                "description": meanings[one.name],
                **_KINDS[type(getattr(usual, one.name))],
                **rules.get(one.name, {}),
                **_default(one.default),
            }
            for one in fields(ImportSettings)
        }
    )
    return {"description": "What 'upsertgen import' takes from published documents.", **table}


def _properties() -> dict[str, Any]:
    meanings = attributes(PropertySettings.__doc__)
    kinds = {"files": {**_KINDS[tuple], "minItems": 1}, "output": _TEXT, "keys": _KINDS[dict]}
    table = _table({name: {"description": meanings[name], **one} for name, one in kinds.items()})
    return {"description": "What 'upsertgen properties' makes types of.", **table}


def _renames() -> dict[str, Any]:
    meanings = attributes(Rename.__doc__)
    words = (("from", "old"), ("to", "new"), ("until", "until"))
    table = _table({word: {"description": meanings[name], **_TEXT} for word, name in words}, "from")
    return {
        "description": "What became of public names that are not there any more.",
        "type": "array",
        "items": {**table, "dependentRequired": {"until": ["to"]}},
    }


def _table(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    needed = {"required": [*required]} if required else {}
    return {"type": "object", "additionalProperties": False, **needed, "properties": properties}


def _default(value: Any) -> dict[str, Any]:
    if value in (None, "", MISSING) or not isinstance(value, (str, int, Path, tuple)):
        return {}
    shown = value.as_posix() if isinstance(value, Path) else value
    return {"default": list(shown) if isinstance(shown, tuple) else shown}

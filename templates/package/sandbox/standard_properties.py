"""The properties that every account has, as the specification says them: a file for each object type.

They are neither read at the start nor kept in the database: what is declared stands before them.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from .._properties.declarations import properties_from_json
from .._properties.files import ANY_TYPE, Rules
from .._properties.property import Property


class StandardProperties:
    """The properties that every account has. Those of a type are read when somebody first asks for them.

    Args:
        folder: Where the files are; None if there are none.
        rules: What is known of properties, by object type.
    """

    def __init__(self, folder: Path | None, rules: Rules) -> None:
        self._folder = folder
        self._rules = rules
        self._read: dict[str, Mapping[str, Property]] = {}

    def of(self, object_type: str) -> Mapping[str, Property]:
        """Return the properties of an object type by their names, sorted; none if none are known."""
        found = self._read.get(object_type)
        if found is None:
            # The name may be anything that a client sends, so it is looked up and not made into a path.
            path = self._files.get(object_type)
            if path is None:
                return {}
            found = self._read[object_type] = self._properties(object_type, path)
        return found

    @cached_property
    def _files(self) -> Mapping[str, Path]:
        return (
            {} if self._folder is None else {one.stem: one for one in self._folder.glob("*.json")}
        )

    def _properties(self, object_type: str, path: Path) -> Mapping[str, Property]:
        declarations = json.loads(path.read_text("utf-8"))["properties"]
        emails = self._rules.get(object_type, self._rules[ANY_TYPE]).emails
        properties = properties_from_json(object_type, declarations)
        properties |= {
            name: replace(properties[name], type="email") for name in emails if name in properties
        }
        return dict(sorted(properties.items()))

"""OpenAPI Overlay 1.0: corrections and additions as data.

An overlay applies to every document of the specs folder. An action narrows that down with the extension
`x-documents`, a list of patterns such as `v3/*.yaml`. An action that changes nothing anywhere is an
error: what it corrected has changed, and a person has to look.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

import jsonpath_rfc9535
import yaml

from upsertgen.errors import Location, Problems, quoted
from upsertgen.specs.document import Correction, Document, Pointer, node_location
from upsertgen.specs.validation import compile_schema, validate

_OVERLAY_SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["overlay", "info", "actions"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "overlay": {"type": "string", "pattern": r"^1\.0\.\d+$"},
        "info": {
            "type": "object",
            "required": ["title", "version"],
            "properties": {"title": {"type": "string"}, "version": {"type": "string"}},
        },
        "actions": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["target"],
                "additionalProperties": False,
                "patternProperties": {"^x-": {}},
                "properties": {
                    "target": {"type": "string"},
                    "description": {"type": "string"},
                    "update": {},
                    "remove": {"type": "boolean"},
                    "x-documents": {"type": "array", "minItems": 1, "items": {"type": "string"}},
                },
            },
        },
    },
}


class Overlay:
    """One overlay file, checked and ready to be applied.

    Args:
        path: The file, as messages should name it.
        data: Its contents.
        node: Its contents as YAML nodes.
        problems: Where to note what is wrong with it.
    """

    def __init__(
        self, path: str, data: dict[str, Any], node: yaml.Node, problems: Problems
    ) -> None:
        self.path = path
        self._node = node
        self._actions: list[_Action] = []
        if not validate(data, compile_schema(_OVERLAY_SCHEMA), self._locate, problems):
            return
        for index, action in enumerate(data["actions"]):
            pointer: Pointer = ("actions", index)
            if ("update" in action) == bool(action.get("remove")):
                problems.add(
                    self._locate(pointer, False),
                    "the action has not one effect",
                    "'update' or 'remove: true'",
                    "give one",
                )
                continue
            try:
                query = jsonpath_rfc9535.compile(action["target"])
            except jsonpath_rfc9535.JSONPathError as error:
                problems.add(
                    self._locate((*pointer, "target"), False),
                    f"the target {quoted(action['target'])} is not a JSONPath ({error})",
                    "a JSONPath of RFC 9535",
                    "correct the target",
                )
                continue
            self._actions.append(
                _Action(self._locate((*pointer, "target"), False), pointer, action, query)
            )

    def _locate(self, pointer: Pointer, key: bool) -> Location:
        return node_location(self.path, self._node, pointer, key=key)

    def apply(self, documents: Iterable[Document], problems: Problems) -> None:
        """Change the documents as the overlay says, and note each action that finds no target."""
        documents = list(documents)
        for action in self._actions:
            patterns: list[str] = action.data.get("x-documents", ["*"])
            chosen = [
                document
                for document in documents
                if any(fnmatchcase(document.key, pattern) for pattern in patterns)
            ]
            if not sum([self._apply(action, document, problems) for document in chosen]):
                where = f" in {', '.join(patterns)}" if "x-documents" in action.data else ""
                problems.add(
                    action.location,
                    f"the target {quoted(action.data['target'])} matches nothing{where}",
                    "at least one node to change",
                    "correct the target, or remove the action if the specs no longer need it",
                )

    def _apply(self, action: _Action, document: Document, problems: Problems) -> int:
        pointers: list[Pointer] = [
            tuple(match.location) for match in action.query.find(document.data)
        ]
        for pointer in reversed(pointers):
            if "update" in action.data:
                self._update(action, document, pointer, problems)
            else:
                self._remove(action, document, pointer, problems)
        if pointers:
            description = str(action.data.get("description", ""))
            document.corrections.append(Correction(action.location, description, len(pointers)))
        return len(pointers)

    def _update(
        self, action: _Action, document: Document, pointer: Pointer, problems: Problems
    ) -> None:
        target: Any = document.data
        for step in pointer:
            target = target[step]
        update = action.data["update"]
        place: Pointer = (*action.pointer, "update")
        if isinstance(target, list):
            target.append(copy.deepcopy(update))
            document.origins[(*pointer, len(target) - 1)] = self._locate(place, False)
        elif isinstance(target, dict) and isinstance(update, dict):
            self._merge(target, update, place, document, pointer)
        else:
            problems.add(
                action.location,
                f"the target {quoted(action.data['target'])} and its update are of different kinds",
                "a mapping for a mapping, or an item for a sequence",
                "correct the target or the update",
            )

    def _merge(
        self,
        target: dict[str, Any],
        update: dict[str, Any],
        place: Pointer,
        document: Document,
        pointer: Pointer,
    ) -> None:
        for key, value in update.items():
            present = target.get(key)
            if isinstance(present, dict) and isinstance(value, dict):
                self._merge(present, value, (*place, key), document, (*pointer, key))
                continue
            if isinstance(present, list) and isinstance(value, list):
                present.extend(copy.deepcopy(value))
            else:
                target[key] = copy.deepcopy(value)
            document.origins[(*pointer, key)] = self._locate((*place, key), False)

    @staticmethod
    def _remove(action: _Action, document: Document, pointer: Pointer, problems: Problems) -> None:
        if not pointer:
            problems.add(
                action.location,
                "the action removes a whole document",
                "a part of one",
                "correct the target",
            )
            return
        parent: Any = document.data
        for step in pointer[:-1]:
            parent = parent[step]
        del parent[pointer[-1]]


class _Action:
    def __init__(
        self, location: Location, pointer: Pointer, data: dict[str, Any], query: Any
    ) -> None:
        self.location = location
        self.pointer = pointer
        self.data = data
        self.query = query

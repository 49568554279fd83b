"""OpenAPI Overlay 1.0: corrections and additions as data.

An overlay applies to every document of the specs folder. An action narrows that down with the extension
`x-documents`, a list of patterns such as `v3/*.yaml`. An action that changes nothing anywhere is an
error: what it corrected has changed, and a person has to look.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from upsertgen.errors import (
    Location,
    Problems,
    WrongTarget,
    did_you_mean,
    nearest,
    quoted,
    suggestion,
)
from upsertgen.limits import LIMITS, Budget, beyond
from upsertgen.spec_text import SpecText
from upsertgen.specs.document import (
    Correction,
    Document,
    LocatedList,
    LocatedMapping,
    Pointer,
    locate,
    value_at,
)
from upsertgen.specs.explanation import shown
from upsertgen.specs.validation import Rules, validate

if TYPE_CHECKING:
    from upsertgen.specs.targets import Target

_SOURCES = "x-source"
_PATTERNS = "x-documents"
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["overlay", "info", "actions"],
    "additionalProperties": False,
    "patternProperties": {"^x-": {}},
    "properties": {
        "overlay": {"type": "string", "description": "The version of OpenAPI Overlay: 1.0.0."},
        "info": {
            "type": "object",
            "description": "What the overlay is about.",
            "required": ["title", "version"],
            "properties": {
                "title": {"type": "string", "description": "In a few words."},
                "version": {"type": "string", "description": "The version of the overlay itself."},
            },
        },
        "actions": {
            "type": "array",
            "description": "What is changed, in this order; one that changes nothing is an error.",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["target"],
                "additionalProperties": False,
                "patternProperties": {"^x-": {}},
                "properties": {
                    "target": {
                        "type": "string",
                        "description": "What is changed: a JSONPath of RFC 9535, such as $.paths.*.post.",
                    },
                    "description": {
                        "type": "string",
                        "description": "Why; 'upsertgen list' shows it.",
                    },
                    "update": {
                        "description": "What is merged into the target, or added to it if that is a list."
                    },
                    "remove": {"type": "boolean", "description": "Whether the target is removed."},
                    _SOURCES: {
                        "type": ["array", "string"],
                        "description": "How it is known that this is so; several words as a list.",
                        "items": {"type": "string"},
                    },
                    _PATTERNS: {
                        "type": "array",
                        "description": "The documents that it is about, such as v1/*.yaml; all without it.",
                        "minItems": 1,
                        "items": {"type": "string"},
                    },
                },
            },
        },
    },
}
"""The JSON Schema of an overlay."""
_RULES = Rules(SCHEMA)


@dataclass(frozen=True)
class _Action:
    """One action of an overlay.

    Attributes:
        location: Where its target stands.
        data: What it says.
        target: Its target, compiled.
        nodes: How many nodes its update has.
        depth: How deep its update is nested.
    """

    location: Location
    data: LocatedMapping
    target: Target
    nodes: int
    depth: int


class Overlay:
    """One overlay file, checked and ready to be applied.

    Args:
        data: Its contents.
        problems: Where to note what is wrong with it.
    """

    def __init__(self, data: LocatedMapping, problems: Problems) -> None:
        self._data = data
        self._actions: list[_Action] = []
        version = data.get("overlay")
        if version is None or not str(version).startswith("1.0."):
            problems.add(
                self._locate(("overlay",)),
                (
                    "this is not an overlay: it has no field 'overlay'"
                    if version is None
                    else f"Overlay {quoted(version)} is not supported"
                ),
                "overlay: 1.0.0",
                "declare the version, or move a file that is no overlay out of the folder",
            )
            return
        if validate(data, _RULES, problems):
            for index, action in enumerate(data["actions"]):
                self._read(action, ("actions", index), problems)

    def _read(self, action: LocatedMapping, pointer: Pointer, problems: Problems) -> None:
        if len(self._actions) >= LIMITS.actions:
            raise beyond(
                self._locate(pointer),
                f"the overlay has more than {LIMITS.actions} actions",
                "an overlay of ordinary size",
            )
        key = nearest(_PATTERNS, action.keys() - {_PATTERNS}, 0.8)
        if key is not None:
            problems.add(
                self._locate((*pointer, key), key=True),
                f"the extension {quoted(key)} is not known",
                "the documents of an action under 'x-documents'",
                suggestion(_PATTERNS),
            )
        if ("update" in action) == bool(action.get("remove")):
            problems.add(
                self._locate(pointer),
                (
                    "the action has both 'update' and 'remove'"
                    if "update" in action
                    else "the action has neither 'update' nor 'remove'"
                ),
                "either an 'update' or 'remove: true'",
                "split the action in two" if "update" in action else "add one of them",
            )
            return
        location = self._locate((*pointer, "target"))
        try:
            # Only here: most runs find that nothing changed, and read no overlay.
            from upsertgen.specs.targets import Target

            target = Target(action["target"])
        except WrongTarget as error:
            problems.add(
                location,
                f"the target {quoted(action['target'])} is not a JSONPath: {error}",
                "a JSONPath of RFC 9535, such as $.paths.*.post",
                "correct the target",
            )
            return
        nodes, depth = _size(action.get("update"))
        self._actions.append(_Action(location, action, target, nodes, depth))

    def _locate(self, pointer: Pointer, *, key: bool = False) -> Location:
        return locate(self._data, pointer, key=key)

    def apply(
        self,
        documents: Iterable[Document],
        problems: Problems,
        unmatched: Problems,
        budget: Budget,
    ) -> None:
        """Change the documents as the overlay says.

        Args:
            documents: All documents of the specs folder.
            problems: Where to note what cannot be done.
            unmatched: Where to note each action that finds no target. In a document that is wrong anyway,
                that may be no fault of the overlay.
            budget: What overlays may take together.
        """
        documents = list(documents)
        for action in self._actions:
            for pattern in action.data.get(_PATTERNS, ()):
                if not any(fnmatchcase(document.key, pattern) for document in documents):
                    keys = [document.key for document in documents]
                    unmatched.add(
                        locate(action.data, (_PATTERNS, action.data[_PATTERNS].index(pattern))),
                        f"no document is called {quoted(pattern)}",
                        "the path of a document inside the specs folder, or a pattern such as 'v1/*.yaml'",
                        did_you_mean(pattern, keys, "correct or remove the pattern"),
                    )
            patterns: list[str] = action.data.get(_PATTERNS, ["*"])
            chosen = [
                document
                for document in documents
                if any(fnmatchcase(document.key, pattern) for pattern in patterns)
            ]
            # Every document is changed, also after one was: no short cut.
            if chosen and not sum(
                [_apply(action, document, problems, budget) for document in chosen]
            ):
                where = (
                    f" in {', '.join(map(quoted, patterns))}" if _PATTERNS in action.data else ""
                )
                unmatched.add(
                    action.location,
                    f"the target {quoted(action.data['target'])} matches nothing{where}",
                    "at least one node to change",
                    "correct the target, or remove the action if the specs no longer need it",
                )

    def replay(self, document: Document, budget: Budget) -> Iterator[Location]:
        """Change one document, action by action.

        Yields:
            Where the target of each action stands that finds something, once it was applied.
        """
        for action in self._actions:
            patterns: list[str] = action.data.get(_PATTERNS, ["*"])
            if any(fnmatchcase(document.key, pattern) for pattern in patterns) and _apply(
                action, document, Problems(), budget
            ):
                yield action.location


def _size(value: Any) -> tuple[int, int]:
    """Return how many nodes plain data has, and how deep it is nested."""
    below: Iterable[Any] = ()
    keys = 0
    if isinstance(value, dict):
        below, keys = value.values(), len(value)
    elif isinstance(value, list):
        below = value
    sizes = [_size(one) for one in below]
    return 1 + keys + sum(nodes for nodes, _ in sizes), 1 + max(
        (depth for _, depth in sizes), default=0
    )


def _apply(action: _Action, document: Document, problems: Problems, budget: Budget) -> int:
    """Change one document, and return how many nodes of it the action means."""
    try:
        found = action.target.find(
            document.data, lambda steps: budget.take_steps(steps, action.location)
        )
        # From the last to the first and from the inside out: what was changed does not move what is left.
        pointers = sorted(found, key=_order, reverse=True)
    except WrongTarget as error:
        problems.add(
            action.location,
            f"the target {quoted(action.data['target'])} cannot be looked up: {error}",
            "a JSONPath of RFC 9535",
            "correct the target",
        )
        return 1
    budget.take_updates(len(pointers) * action.nodes, action.location)
    for pointer in pointers:
        if "update" in action.data:
            if len(pointer) + action.depth > LIMITS.depth:
                raise beyond(
                    action.location,
                    f"with this update {document.path} is nested more than {LIMITS.depth} levels deep",
                    "documents of ordinary depth",
                )
            _update(action, document, pointer, problems)
        else:
            _remove(action, document, pointer, problems)
    if pointers:
        description = SpecText(action.data.get("description", ""))
        said = action.data.get(_SOURCES, [])
        sources = tuple(map(SpecText, [said] if isinstance(said, str) else said))
        document.corrections.append(Correction(action.location, description, sources))
    return len(pointers)


def _order(pointer: Pointer) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (0, step) for step in pointer]


def _update(action: _Action, document: Document, pointer: Pointer, problems: Problems) -> None:
    target = value_at(document.data, pointer)
    update = action.data["update"]
    if isinstance(target, LocatedList):
        target.append(copy.deepcopy(update))
        target.places.append(action.data.places["update"][1])
    elif isinstance(target, LocatedMapping) and isinstance(update, LocatedMapping):
        _merge(target, update)
    else:
        problems.add(
            locate(action.data, ("update",), key=True),
            f"the target {quoted(action.data['target'])} finds {shown(target)} in {document.path}, "
            f"and its update is {shown(update)}",
            "a mapping for a mapping, or an item for a list",
            "correct the target or the update",
        )


def _merge(target: LocatedMapping, update: LocatedMapping) -> None:
    for key, value in update.items():
        present = target.get(key)
        if isinstance(present, LocatedMapping) and isinstance(value, LocatedMapping):
            _merge(present, value)
        elif isinstance(present, LocatedList) and isinstance(value, LocatedList):
            present.extend(copy.deepcopy(value))
            present.places.extend(value.places)
        else:
            target[key] = copy.deepcopy(value)
            target.places[key] = update.places[key]


def _remove(action: _Action, document: Document, pointer: Pointer, problems: Problems) -> None:
    if not pointer:
        problems.add(
            action.location,
            "the action removes a whole document",
            "a target inside the document",
            "correct the target, or remove the file",
        )
        return
    last = pointer[-1]
    parent: Any = value_at(document.data, pointer[:-1])
    del parent[last]
    if isinstance(last, int):
        del parent.places[last]
    else:
        _, target = action.data.places["target"]
        parent.places[last] = target, target

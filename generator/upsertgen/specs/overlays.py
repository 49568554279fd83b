"""OpenAPI Overlay 1.0: corrections and additions as data.

An overlay applies to every document of the specs folder. An action narrows that down with the extension
`x-documents`, a list of patterns such as `v3/*.yaml`. An action that changes nothing anywhere is an
error: what it corrected has changed, and a person has to look.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import yaml

from upsertgen.errors import Location, Problems, WrongTarget, nearest, quoted
from upsertgen.limits import LIMITS, Budget, beyond
from upsertgen.specs.document import (
    Correction,
    Document,
    Pointer,
    copied_node,
    node_at,
    node_location,
)
from upsertgen.specs.explanation import shown
from upsertgen.specs.validation import Rules, validate

if TYPE_CHECKING:
    from upsertgen.specs.targets import Target

_PATTERNS = "x-documents"
_SEARCHED_AT_ONCE = 50
"""How many fields are searched in the time in which a target visits one node."""
_RULES = Rules(
    {
        "type": "object",
        "required": ["overlay", "info", "actions"],
        "additionalProperties": False,
        "patternProperties": {"^x-": {}},
        "properties": {
            "overlay": {"type": "string"},
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
                        _PATTERNS: {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    },
                },
            },
        },
    }
)


@dataclass(frozen=True)
class _Action:
    """One action of an overlay.

    Attributes:
        location: Where its target stands.
        data: What it says.
        node: The same as YAML nodes.
        target: Its target, compiled.
        nodes: How many nodes its update has.
        depth: How deep its update is nested.
    """

    location: Location
    data: dict[str, Any]
    node: yaml.Node
    target: Target
    nodes: int
    depth: int


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
        if validate(data, _RULES, self._locate, problems):
            for index, action in enumerate(data["actions"]):
                self._read(action, ("actions", index), problems)

    def _read(self, action: dict[str, Any], pointer: Pointer, problems: Problems) -> None:
        if len(self._actions) >= LIMITS.actions:
            raise beyond(
                self._locate(pointer),
                f"the overlay has more than {LIMITS.actions} actions",
                "an overlay of ordinary size",
            )
        key = nearest(_PATTERNS, action.keys() - {_PATTERNS}, 0.8)
        if key is not None:
            problems.add(
                self._locate((*pointer, key), True),
                f"the extension {quoted(key)} is not known",
                "the documents of an action under 'x-documents'",
                f"did you mean {quoted(_PATTERNS)}?",
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
        node = node_at(self._node, pointer)
        self._actions.append(_Action(location, action, node, target, nodes, depth))

    def _locate(self, pointer: Pointer, key: bool = False) -> Location:
        return node_location(self._node, pointer, key=key)

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
                    self._no_document(action, pattern, documents, unmatched)
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

    @staticmethod
    def _no_document(
        action: _Action, pattern: str, documents: list[Document], problems: Problems
    ) -> None:
        patterns: list[str] = action.data[_PATTERNS]
        near = nearest(pattern, [document.key for document in documents])
        problems.add(
            node_location(action.node, (_PATTERNS, patterns.index(pattern))),
            f"no document is called {quoted(pattern)}",
            "the path of a document inside the specs folder, or a pattern such as 'v1/*.yaml'",
            f"did you mean {quoted(near)}?" if near else "correct or remove the pattern",
        )


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
    budget.take_nodes(len(pointers) * action.nodes, action.location)
    for pointer in pointers:
        budget.take_steps(_width(document.data, pointer) // _SEARCHED_AT_ONCE, action.location)
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
        description = str(action.data.get("description", ""))
        document.corrections.append(Correction(action.location, description, len(pointers)))
    return len(pointers)


def _width(data: Any, pointer: Pointer) -> int:
    """Return how many fields stand beside those on the way to a node: they are searched one by one."""
    width = _children(data)
    for step in pointer:
        data = data[step]
        width += _children(data)
    return width


def _children(value: object) -> int:
    return len(value) if isinstance(value, (dict, list)) else 0


def _order(pointer: Pointer) -> list[tuple[int, str]]:
    return [(step, "") if isinstance(step, int) else (0, step) for step in pointer]


def _update(action: _Action, document: Document, pointer: Pointer, problems: Problems) -> None:
    target: Any = document.data
    for step in pointer:
        target = target[step]
    node = node_at(document.node, pointer)
    update = action.data["update"]
    update_node = node_at(action.node, ("update",))
    if isinstance(target, list):
        target.append(copy.deepcopy(update))
        node.value.append(copied_node(update_node))
    elif isinstance(target, dict) and isinstance(update, dict):
        _merge(target, node, update, update_node)
    else:
        problems.add(
            node_location(action.node, ("update",), key=True),
            f"the target {quoted(action.data['target'])} finds {shown(target)} in {document.path}, "
            f"and its update is {shown(update)}",
            "a mapping for a mapping, or an item for a list",
            "correct the target or the update",
        )


def _merge(
    target: dict[str, Any], target_node: yaml.Node, update: dict[str, Any], update_node: yaml.Node
) -> None:
    places = {key_node.value: place for place, (key_node, _) in enumerate(target_node.value)}
    for key_node, value_node in update_node.value:
        key = key_node.value
        present, value = target.get(key), update[key]
        present_node = target_node.value[places[key]][1] if key in places else None
        if present_node is not None and isinstance(present, dict) and isinstance(value, dict):
            _merge(present, present_node, value, value_node)
        elif present_node is not None and isinstance(present, list) and isinstance(value, list):
            present.extend(copy.deepcopy(value))
            present_node.value.extend(copied_node(value_node).value)
        else:
            target[key] = copy.deepcopy(value)
            pair = (key_node, copied_node(value_node))
            if present_node is None:
                target_node.value.append(pair)
            else:
                target_node.value[places[key]] = pair


def _remove(action: _Action, document: Document, pointer: Pointer, problems: Problems) -> None:
    if not pointer:
        problems.add(
            action.location,
            "the action removes a whole document",
            "a target inside the document",
            "correct the target, or remove the file",
        )
        return
    parent: Any = document.data
    for step in pointer[:-1]:
        parent = parent[step]
    last = pointer[-1]
    del parent[last]
    node = node_at(document.node, pointer[:-1])
    if isinstance(last, int):
        del node.value[last]
    else:
        node.value[:] = [pair for pair in node.value if pair[0].value != last]
        document.removed[pointer] = action.location

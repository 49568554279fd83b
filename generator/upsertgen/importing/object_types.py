"""The object types of an import: one document each, with the constants that its paths stand for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.importing.grammar import Object
from upsertgen.importing.patterns import Placed, natural_order
from upsertgen.importing.pointers import references
from upsertgen.importing.reduction import PLACEHOLDER, Operation, Reduced
from upsertgen.importing.settings import ImportSettings

_CONSTANT = re.compile(r"[A-Za-z0-9._~-]+\Z")


@dataclass
class ObjectType:
    """An object type, and the document that it comes from.

    Attributes:
        name: Its name, which is that of its file.
        placed: The document.
        shown: The document, as messages name it.
        digest: The SHA-256 of the document.
        reduced: What is left of it.
        constants: What its path parameters stand for.
    """

    name: str
    placed: Placed
    shown: str
    digest: str
    reduced: Reduced
    constants: dict[str, str] = field(default_factory=dict)

    def resolved(self, operation: Operation) -> str:
        """Return the path of an operation with its constants in place."""
        return PLACEHOLDER.sub(lambda match: self.constants.get(match[1], match[0]), operation.path)


def set_constants(
    one: ObjectType, settings: ImportSettings, known: Callable[[str, int], str | None]
) -> None:
    """Make the parameter for the object type a constant, unless the type is a generic one.

    Args:
        one: The object type; its operations are changed.
        settings: Which types are generic, and constants that override what is known.
        known: Returns what other versions have in a place of a type's path, counted from the end.

    Raises:
        InvalidInput: The constant cannot be a part of a path.
    """
    parameter = settings.type_parameter
    for operation in one.reduced.operations:
        segments = operation.path.strip("/").split("/")
        if f"{{{parameter}}}" not in segments:
            continue
        declared = operation.value.get("parameters")
        parameters = declared if isinstance(declared, list) else []
        node = next((it for it in parameters if _is_path_parameter(it, parameter)), None)
        if node is None:
            node = {"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}
            operation.value["parameters"] = [node, *parameters]
        if one.name in settings.generic and one.name not in settings.map:
            continue
        from_end = len(segments) - segments.index(f"{{{parameter}}}")
        constant = (
            settings.map.get(one.name) or _published(node) or known(one.name, from_end) or one.name
        )
        if not _CONSTANT.match(constant) or constant in (".", ".."):
            raise InvalidInput(
                [
                    Problem(
                        Location(one.shown),
                        f"the constant of {one.name} is {quoted(constant)}",
                        "a part of a URL path",
                        f"give another with --map {one.name}=CONSTANT",
                    )
                ]
            )
        node["schema"] = {"type": "string", "enum": [constant]}
        node.pop("content", None)
        one.constants[parameter] = constant


def one_document_each(types: Iterable[ObjectType], overruled: list[str]) -> list[ObjectType]:
    """Return one document for each object type, the one of the newest rollout.

    Args:
        types: The documents.
        overruled: Told which documents were passed over, and for what.

    Raises:
        InvalidInput: Documents of the same rollout differ.
    """
    by_name: dict[str, list[ObjectType]] = {}
    for one in types:
        by_name.setdefault(one.name, []).append(one)
    return [
        _newest(rivals, f"the object type {name}", overruled)
        for name, rivals in sorted(by_name.items())
    ]


def one_document_a_path(
    types: list[ObjectType], type_parameter: str, overruled: list[str]
) -> list[ObjectType]:
    """Return the object types such that each path has one document, the one of the newest rollout.

    Paths that still name their object type by an argument may have several: each generic type has one.

    Args:
        types: The object types, one document each.
        type_parameter: The parameter that generic types have.
        overruled: Told which documents were passed over, and for what.

    Raises:
        InvalidInput: Documents of the same rollout differ.
    """
    by_path: dict[tuple[str, str], list[ObjectType]] = {}
    for one in types:
        for operation in one.reduced.operations:
            path = one.resolved(operation)
            if f"{{{type_parameter}}}" not in path:
                place = (PLACEHOLDER.sub("{}", path), operation.method)
                by_path.setdefault(place, []).append(one)
    lost: dict[int, set[tuple[str, str]]] = {}
    for place, rivals in by_path.items():
        if len(rivals) == 1:
            continue
        winner = _newest(rivals, f"{place[1].upper()} {place[0]}", overruled)
        for rival in rivals:
            if rival is not winner:
                lost.setdefault(id(rival), set()).add(place)
    for one in types:
        if id(one) in lost:
            one.reduced.operations = [
                operation
                for operation in one.reduced.operations
                if (PLACEHOLDER.sub("{}", one.resolved(operation)), operation.method)
                not in lost[id(one)]
            ]
            _prune(one.reduced)
    return [one for one in types if one.reduced.operations]


def _newest(rivals: list[ObjectType], what: str, overruled: list[str]) -> ObjectType:
    rivals = sorted(rivals, key=lambda one: one.placed.name)
    winner = max(rivals, key=lambda one: natural_order(one.placed.rollout))
    for rival in rivals:
        if rival is winner:
            continue
        same = natural_order(rival.placed.rollout) == natural_order(winner.placed.rollout)
        if same and _contract(rival) != _contract(winner):
            raise InvalidInput(
                [
                    Problem(
                        Location(rival.shown),
                        f"this document and {winner.placed.name} both describe {what}, and neither is newer",
                        "one document, or rollouts with numbers",
                        "pass one of them over with --exclude",
                    )
                ]
            )
        overruled.append(
            f"{rival.placed.name}: passed over for {what}; {winner.placed.name} "
            f"{'says the same' if same else 'is newer'}"
        )
    return winner


def _contract(one: ObjectType) -> object:
    operations = [(it.path, it.method, it.value) for it in one.reduced.operations]
    return operations, one.reduced.schemas, one.reduced.schemes


def _prune(reduced: Reduced) -> None:
    """Drop the schemas that no operation reaches any more."""
    wanted = [
        name
        for operation in reduced.operations
        for name in references("operation", operation.value)
    ]
    reached: set[str] = set()
    while wanted:
        name = wanted.pop()
        if name not in reached and name in reduced.schemas:
            reached.add(name)
            wanted += references("schema", reduced.schemas[name])
    reduced.schemas = {name: schema for name, schema in reduced.schemas.items() if name in reached}


def _is_path_parameter(node: object, name: str) -> bool:
    return isinstance(node, dict) and node.get("in") == "path" and node.get("name") == name


def _published(node: Object) -> str | None:
    """Return the only value that a parameter is published with."""
    schema = node.get("schema")
    values = schema.get("enum") if isinstance(schema, dict) else None
    return str(values[0]) if isinstance(values, list) and len(values) == 1 else None

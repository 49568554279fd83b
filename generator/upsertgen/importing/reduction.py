"""One published document, reduced to the operations that are wanted and the components that they reach."""

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from upsertgen.errors import Problem, quoted
from upsertgen.importing import security
from upsertgen.importing.cleaning import Cleaner, list_of, text_of
from upsertgen.importing.grammar import Object, ordered
from upsertgen.importing.parsing import check_keys, too_deep
from upsertgen.importing.pointers import references
from upsertgen.importing.servers import server_urls
from upsertgen.specs.document import Pointer

METHODS = ("post", "put", "patch", "delete", "get", "head", "options", "trace")
PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")


@dataclass
class Operation:
    """An operation of a published document, in the house form but for its name and its constants."""

    path: str
    method: str
    value: Object


@dataclass
class Reduced:
    """What is left of a published document.

    Attributes:
        title: Its title, if texts are kept.
        description: Its description, if texts are kept.
        servers: The addresses of its servers, absolute ones only.
        operations: The operations that are wanted, by path.
        schemas: The schemas that they reach, in the order in which they do.
        schemes: The security schemes that they name, as far as the document declares them.
        schemes_missing: Those that it does not.
        notes: What a person should know about it.
    """

    title: str = ""
    description: str = ""
    servers: list[str] = field(default_factory=list)
    operations: list[Operation] = field(default_factory=list)
    schemas: dict[str, Object] = field(default_factory=dict)
    schemes: dict[str, Object] = field(default_factory=dict)
    schemes_missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def selected_paths(data: Object, select: Iterable[str]) -> list[str]:
    """Return the paths of a document that end in one of the suffixes, sorted."""
    paths = data.get("paths")
    endings = tuple(f"/{suffix.strip('/')}" for suffix in select)
    if not isinstance(paths, dict):
        return []
    return sorted(path for path in paths if f"/{path.strip('/')}".endswith(endings))


def reduce_document(
    data: Object,
    content: bytes,
    shown: str,
    paths: list[str],
    *,
    keep_texts: bool,
    most_scopes: int,
) -> tuple[Reduced, list[Problem]]:
    """Reduce a published document.

    Args:
        data: Its data.
        content: Its text, for the lines of problems.
        shown: The document, as messages name it.
        paths: The paths to keep.
        keep_texts: Whether its descriptions may be kept.
        most_scopes: How many scopes of one scheme an operation may name; above that any of them will do.

    Returns:
        What is left of it, and what cannot be imported.
    """
    cleaner = Cleaner(data, content, shown, keep_texts=keep_texts)
    try:
        check_keys(content, shown)
        return _Reducer(data, cleaner, keep_texts, most_scopes).reduce(paths), cleaner.problems
    except RecursionError:
        raise too_deep(shown) from None


class _Reducer:
    """Reduces one document."""

    def __init__(self, data: Object, cleaner: Cleaner, keep_texts: bool, most_scopes: int) -> None:
        self._data = data
        self._cleaner = cleaner
        self._keep_texts = keep_texts
        self._most_scopes = most_scopes

    def reduce(self, paths: list[str]) -> Reduced:
        result = Reduced()
        if self._data.get("openapi") is None and "swagger" in self._data:
            self._cleaner.problem(
                ("swagger",),
                f"Swagger {quoted(self._data['swagger'])} is not supported",
                "openapi: 3.0.x or 3.1.x",
                "convert the document",
            )
            return result
        info = self._data.get("info")
        if self._keep_texts and isinstance(info, dict):
            result.title = text_of(info.get("title"))
            result.description = text_of(info.get("description"))
        result.servers = server_urls(self._data.get("servers"))
        for path in paths:
            for method, node, shared, way in self._operations(path):
                result.operations.append(self._operation(path, method, node, shared, way, result))
        self._reach(result)
        self._check_text(result)
        return result

    def _operations(self, path: str) -> Iterator[tuple[str, Object, list[Any], Pointer]]:
        way: Pointer = ("paths", path)
        item = self._data["paths"][path]
        if isinstance(item, dict) and isinstance(item.get("$ref"), str):
            followed = self._cleaner.follow(item, way)
            if followed is None:
                return
            way, item = followed
        if not isinstance(item, dict):
            self._cleaner.problem(
                way, "the path holds no operations", "a mapping", "correct the document"
            )
            return
        for method in METHODS:
            if isinstance(item.get(method), dict):
                yield method, item[method], list_of(item.get("parameters")), (*way, method)
        if item.get("servers") not in (None, [], self._data.get("servers")):
            self._cleaner.problem(
                (*way, "servers"), "a path has servers of its own", "one server", "remove them"
            )

    def _operation(
        self,
        path: str,
        method: str,
        node: Object,
        shared: list[Any],
        way: Pointer,
        result: Reduced,
    ) -> Operation:
        operation = self._cleaner.cleaned("operation", {**node, "parameters": []}, way)
        parameters = self._parameters(
            path, [*shared, *list_of(node.get("parameters"))], way, result
        )
        if parameters:
            operation["parameters"] = parameters
        if operation.get("servers") in ([], self._data.get("servers")):
            operation.pop("servers", None)
        responses = operation.get("responses")
        if isinstance(responses, dict):
            operation["responses"] = {
                status: responses[status]
                for status in sorted(responses, key=_status_order)
                if not status.startswith("x-")
            }
        self._security(operation, node, result)
        return Operation(path, method, ordered("operation", operation))

    def _parameters(
        self, path: str, declared: list[Any], way: Pointer, result: Reduced
    ) -> list[Any]:
        """Return the parameters of an operation; its own replace those of its path."""
        used = PLACEHOLDER.findall(path)
        found: dict[tuple[str, str], Any] = {}
        for index, node in enumerate(declared):
            parameter = self._cleaner.cleaned("parameter", node, (*way, "parameters", index))
            name, place = (
                (parameter.get("name"), parameter.get("in"))
                if isinstance(parameter, dict)
                else (None, None)
            )
            if not isinstance(name, str) or not isinstance(place, str):
                # What is wrong with it is told when the result is checked.
                found["", str(index)] = parameter
                continue
            style = {"query": "form", "cookie": "form"}.get(place, "simple")
            if parameter.get("style", style) == style:
                parameter.pop("style", None)
            if parameter.get("explode") is (style == "form"):
                del parameter["explode"]
            if place == "path":
                parameter = ordered("parameter", parameter | {"required": True})
                if name not in used:
                    result.notes.append(
                        f"the path parameter {quoted(name)} does not occur in {path}; left out"
                    )
                    continue
            found[place, name] = parameter
        return list(found.values())

    def _security(self, operation: Object, node: Object, result: Reduced) -> None:
        declared = node.get("security", self._data.get("security"))
        operation.pop("security", None)
        if not isinstance(declared, list):
            return
        components = self._data.get("components")
        schemes = components.get("securitySchemes") if isinstance(components, dict) else None
        schemes = schemes if isinstance(schemes, dict) else {}
        for name in security.named_schemes(declared):
            if name in schemes:
                scheme = self._cleaner.cleaned(
                    "security scheme", schemes[name], ("components", "securitySchemes", name)
                )
                if isinstance(scheme, dict):
                    result.schemes.setdefault(name, scheme)
            elif name not in result.schemes_missing:
                result.schemes_missing.append(name)
        kept, broad = security.requirements(declared, result.schemes, self._most_scopes)
        operation["security"] = kept
        result.notes += [
            f"any of {count} scopes of {name} will do; written as no scope" for name, count in broad
        ]

    def _reach(self, result: Reduced) -> None:
        """Collect the schemas: those of requests first, then of successes, then of errors, as used."""
        roots: list[list[str]] = [[], [], []]
        for operation in result.operations:
            value = operation.value
            sent = {key: inner for key, inner in value.items() if key != "responses"}
            roots[0] += references("operation", sent)
            responses = value.get("responses")
            for status, response in responses.items() if isinstance(responses, dict) else ():
                roots[1 if status.startswith("2") else 2] += references("response", response)
        components = self._data.get("components")
        schemas = components.get("schemas") if isinstance(components, dict) else None
        schemas = schemas if isinstance(schemas, dict) else {}
        for group in roots:
            queue = deque(group)
            while queue:
                name = queue.popleft()
                if name in result.schemas or name not in schemas:
                    continue
                way = ("components", "schemas", name)
                result.schemas[name] = self._cleaner.cleaned("schema", schemas[name], way)
                queue.extend(references("schema", result.schemas[name]))

    def _check_text(self, result: Reduced) -> None:
        """Note text that is not Unicode: JSON can spell halves of characters, and files cannot hold them."""
        values = [operation.value for operation in result.operations]
        try:
            json.dumps([values, result.schemas], ensure_ascii=False).encode()
        except UnicodeEncodeError as error:
            self._cleaner.problem(
                (),
                f"the document holds the character {quoted(error.object[error.start])}, which is half of one",
                "Unicode text",
                "correct the document",
            )


def _status_order(status: str) -> tuple[bool, str]:
    return status == "default", status

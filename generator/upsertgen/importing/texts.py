"""Texts for people: those that earlier specs have for the same element, and ours where one has to be.

An element is the same if it has the same name: a schema or one of its fields, an operation of a type or one
of its parameters and responses, a scope, a title. Published texts may not be ours to copy, so texts of the
project's own are what an import carries on.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeAlias

from upsertgen.errors import Problems
from upsertgen.importing.grammar import KINDS, Object, objects, ordered
from upsertgen.importing.known import KnownSpec, operations, section
from upsertgen.importing.naming import SHARED, title_of
from upsertgen.importing.sharing import flows
from upsertgen.limits import Budget
from upsertgen.specs.document import Document
from upsertgen.specs.overlays import Overlay

Element: TypeAlias = tuple[str, ...]
"""What a text is about: `("operation", name, …)`, `("schemas", name, …)`, `("info",)` and the like."""

_SECTIONS = {"schemas": "schema", "securitySchemes": "security scheme"}
_SHARED_TITLE = "Shared schemas"
_SHARED_DESCRIPTION = "The schemas and security schemes that object types of this version share."


class Texts:
    """The texts of one version, without what an import said for want of a text.

    Args:
        files: Its spec files, by name.
    """

    def __init__(self, files: Mapping[str, Object]) -> None:
        self._texts: dict[str, dict[Element, str]] = {}
        for name, data in sorted(files.items()):
            self._texts[name] = {
                element: text
                for element, text in _texts(data)
                if text != placeholder(name, element)
            }

    def find(self, name: str, element: Element) -> str | None:
        """Return the text about an element of a file; components are looked for in all files."""
        places: Iterable[str] = (name,)
        if element[0] in _SECTIONS:
            places = (name, SHARED, *self._texts)
        for place in places:
            text = self._texts.get(place, {}).get(element)
            if text:
                return text
        return None


def carry(name: str, data: Object, sources: Iterable[Texts]) -> None:
    """Give each element of a file that has no text that of the first source that has one.

    Args:
        name: The file.
        data: Its data in the house form; it is changed.
        sources: Where to look, in order.
    """
    sources = list(sources)

    def text_for(element: Element) -> str:
        found = (source.find(name, element) for source in sources)
        return next((text for text in found if text), "") or placeholder(name, element)

    info = data["info"]
    info["title"] = info.get("title") or text_for(("info", "title"))
    info["description"] = info.get("description") or text_for(("info", "description"))
    if not info["description"]:
        del info["description"]
    for element, kind, node in _objects(data):
        for field in KINDS[kind].texts:
            text = node.get(field) or ("" if "$ref" in node else text_for((*element, field)))
            if text:
                node[field] = text
        arranged = ordered(kind, node)
        node.clear()
        node.update(arranged)
    for scheme, flow, scopes in _scopes(data):
        for scope in scopes:
            scopes[scope] = scopes[scope] or text_for(("securitySchemes", scheme, flow, scope))


def placeholder(name: str, element: Element) -> str:
    """Return what an import says about an element for want of a text; empty where none is needed."""
    match element:
        case ("info", "title"):
            return _SHARED_TITLE if name == SHARED else title_of(name)
        case ("info", "description"):
            return _SHARED_DESCRIPTION if name == SHARED else ""
        case ("operation", operation, "summary"):
            return f"{title_of(operation)} of {title_of(name).lower()}"
        case ("operation", _, "responses", status, "description"):
            if status == "207":
                return "Some parts of the request succeeded, and others may have failed."
            return "The request succeeded." if status.startswith("2") else "The request failed."
        case _:
            return ""


def corrected(
    files: Mapping[str, KnownSpec], label: str, overlays: Iterable[tuple[str, Any]]
) -> dict[str, Object]:
    """Return the data of a version's files with overlays applied, as far as they apply.

    Args:
        files: The version's files, by name.
        label: The version.
        overlays: Path and parsed contents of each overlay file, in order.
    """
    documents = [
        Document(
            spec.path.as_posix(),
            label,
            name,
            f"{label}/{spec.path.name}",
            copy.deepcopy(spec.data),
            spec.node,
        )
        for name, spec in files.items()
    ]
    # What is wrong with an overlay shows when the result is checked; here only texts are looked for.
    problems, budget = Problems(), Budget()
    for path, (data, node) in overlays:
        Overlay(path, data, node, problems).apply(documents, problems, problems, budget)
    return {document.name: document.data for document in documents}


def _objects(data: Object) -> Iterator[tuple[Element, str, Object]]:
    """Yield each object of a file that may have texts: the element, its kind, and the object."""
    for _, _, operation in operations(data):
        name = operation.get("operationId")
        if isinstance(name, str):
            for kind, way, node in objects("operation", operation):
                yield ("operation", name, *way), kind, node
    for part, part_kind in _SECTIONS.items():
        for name, component in section(data, part).items():
            for kind, way, node in objects(part_kind, component):
                yield (part, name, *way), kind, node


def _texts(data: Object) -> Iterator[tuple[Element, str]]:
    info = data.get("info")
    for field in ("title", "description"):
        text = info.get(field) if isinstance(info, dict) else None
        if isinstance(text, str):
            yield ("info", field), text
    for element, kind, node in _objects(data):
        for field in KINDS[kind].texts:
            if isinstance(node.get(field), str):
                yield (*element, field), node[field]
    for scheme, flow, scopes in _scopes(data):
        for scope, text in scopes.items():
            if isinstance(text, str):
                yield ("securitySchemes", scheme, flow, scope), text


def _scopes(data: Object) -> Iterator[tuple[str, str, Object]]:
    for name, scheme in section(data, "securitySchemes").items():
        for flow, value in flows(scheme).items() if isinstance(scheme, dict) else ():
            yield name, flow, value["scopes"]

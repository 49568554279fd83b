"""Texts for people: those that earlier specs have for the same element, and ours where one has to be.

An element is the same if it has the same name: a schema or one of its fields, an operation of a type or one
of its parameters and responses, a scope, a title. Published texts may not be ours to copy, so texts of the
project's own are what an import carries on.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from upsertgen.errors import Problems
from upsertgen.importing.components import flows
from upsertgen.importing.document import Object, dict_of, elements, operations, section
from upsertgen.importing.inventory import SHARED, SpecFile
from upsertgen.importing.normalization import FORMS
from upsertgen.inputs import OVERLAYS
from upsertgen.limits import Budget
from upsertgen.spec_file import spec_text
from upsertgen.specs.document import Document, Pointer
from upsertgen.specs.overlays import Overlay
from upsertgen.specs.yaml_reader import read_yaml

Element: TypeAlias = Pointer
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
            texts = _texts(data)
            self._texts[name] = {
                one: text for one, text in texts if text != _placeholder(name, one)
            }

    def find(self, name: str, element: Element) -> str | None:
        """Return the text about an element of a file; components are looked for in all files."""
        places = (name, SHARED, *self._texts) if element[0] in _SECTIONS else (name,)
        texts = (self._texts.get(place, {}).get(element) for place in places)
        return next(filter(None, texts), None)


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
        return next((text for text in found if text), "") or _placeholder(name, element)

    info = data["info"]
    info["title"] = info.get("title") or text_for(("info", "title"))
    info["description"] = info.get("description") or text_for(("info", "description"))
    if not info["description"]:
        del info["description"]
    for element, kind, node in _objects(data):
        for field in FORMS[kind].texts:
            text = node.get(field) or ("" if "$ref" in node else text_for((*element, field)))
            if text:
                node[field] = text
        arranged = FORMS[kind].ordered(node)
        node.clear()
        node.update(arranged)
    for scheme, flow, scopes in _scopes(data):
        for scope in scopes:
            scopes[scope] = scopes[scope] or text_for(("securitySchemes", scheme, flow, scope))


def corrected(files: Mapping[str, SpecFile], label: str, folder: Path) -> dict[str, Object]:
    """Return the data of a version's files with overlays applied, as far as they apply.

    Args:
        files: The version's files, by name.
        label: The version.
        folder: The specs folder, which holds the overlays.
    """
    documents = [
        Document(
            spec.path.as_posix(),
            label,
            name,
            f"{label}/{spec.path.name}",
            copy.deepcopy(spec.data),
        )
        for name, spec in files.items()
    ]
    # What is wrong with an overlay shows when the result is checked; here only texts are looked for.
    problems, budget = Problems(), Budget()
    for path in sorted((folder / OVERLAYS).glob("*.y*ml")):
        data = read_yaml(spec_text(path, folder), path.as_posix(), Problems())
        if data is not None:
            Overlay(data, problems).apply(documents, problems, problems, budget)
    return {document.name: document.data for document in documents}


def _placeholder(name: str, element: Element) -> str:
    """Return what an import says about an element for want of a text; empty where none is needed."""
    match element:
        case ("info", "title"):
            return _SHARED_TITLE if name == SHARED else title_of(name)
        case ("info", "description"):
            return _SHARED_DESCRIPTION if name == SHARED else ""
        case ("operation", operation, "summary"):
            return f"{title_of(str(operation))} of {title_of(name).lower()}"
        case ("operation", _, "responses", status, "description"):
            if status == "207":
                return "Some parts of the request succeeded, and others may have failed."
            succeeded = str(status).startswith("2")
            return "The request succeeded." if succeeded else "The request failed."
        case _:
            return ""


def title_of(name: str) -> str:
    """Return a title made of the name of an object type.

    Example:
        >>> title_of("line_items")
        'Line items'
    """
    words = name.strip("_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def _objects(data: Object) -> Iterator[tuple[Element, str, Object]]:
    """Yield each object of a file that may have texts: the element, its kind, and the object."""
    named = [
        ("operation", one.get("operationId"), "operation", one) for *_, one in operations(data)
    ]
    for part, kind in _SECTIONS.items():
        named += ((part, name, kind, one) for name, one in section(data, part).items())
    for part, name, whole, value in named:
        for kind, way, node in elements(whole, value):
            if kind in FORMS and isinstance(name, str):
                yield (part, name, *way), kind, node


def _texts(data: Object) -> Iterator[tuple[Element, str]]:
    info = dict_of(data.get("info"))
    found: list[tuple[Element, Any]] = [
        (("info", name), info.get(name)) for name in ("title", "description")
    ]
    for element, kind, node in _objects(data):
        found += [((*element, name), node.get(name)) for name in FORMS[kind].texts]
    for scheme, flow, scopes in _scopes(data):
        found += [
            (("securitySchemes", scheme, flow, scope), text) for scope, text in scopes.items()
        ]
    for element, text in found:
        if isinstance(text, str):
            yield element, text


def _scopes(data: Object) -> Iterator[tuple[str, str, Object]]:
    for name, scheme in section(data, "securitySchemes").items():
        for flow, value in flows(scheme).items():
            yield name, flow, value["scopes"]

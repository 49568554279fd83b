"""Documents that refer to each other: what others hold, put among the components of the one that uses it.

In comes a document whose `$ref`s name other files of the source, out comes the same document with all that it
uses, each thing once. Nothing is read that is not in the source, and no address is fetched.
"""

from __future__ import annotations

import copy
import hashlib
import posixpath
import re
from collections.abc import Iterator
from itertools import chain, count
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote

from upsertgen.importing.document import Object, PublishedDocument, dict_of
from upsertgen.importing.source import Source
from upsertgen.inputs import SPEC_ENDINGS
from upsertgen.ir.names import pascal_case
from upsertgen.specs.document import Pointer
from upsertgen.specs.openapi import objects
from upsertgen.specs.references import DanglingReference, fragment_of, resolve

_SECTIONS = {
    "callback": "callbacks",
    "example": "examples",
    "header": "headers",
    "link": "links",
    "parameter": "parameters",
    "path": "pathItems",
    "request body": "requestBodies",
    "response": "responses",
    "schema": "schemas",
    "security scheme": "securitySchemes",
}
"""Where the components of a document stand, by their kind."""

_UNFIT = re.compile(r"[^A-Za-z0-9._-]+")


class Bundler:
    """Puts documents together. Each file that others refer to is read once.

    Args:
        source: Where the files are.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._files: dict[str, tuple[PublishedDocument, str] | None] = {}

    def bundle(self, document: PublishedDocument, name: str) -> tuple[str, ...]:
        """Put into a document what it refers to in other files.

        A `$ref` to what the source does not hold stays, and names its file.

        Args:
            document: The document, which is changed.
            name: The document, as the source names it.

        Returns:
            The SHA-256 of each file that was used.

        Raises:
            InvalidInput: A file that it refers to cannot be read.
        """
        return _Bundle(self, document, name).run() if document.names_files else ()

    def file(self, name: str) -> tuple[PublishedDocument, str] | None:
        """Return a file of the source with its SHA-256; nothing if there is none."""
        if name not in self._files:
            content = self._source.beside(name)
            self._files[name] = None
            if content is not None:
                read = PublishedDocument(content, self._source.place_beside(name))
                read.check_keys()
                self._files[name] = read, hashlib.sha256(content).hexdigest()
        return self._files[name]


class _Bundle:
    """One document and what is put into it."""

    def __init__(self, bundler: Bundler, document: PublishedDocument, name: str) -> None:
        self._bundler = bundler
        self._document = document
        self._name = name
        self._places: dict[tuple[str, str, str], Pointer] = {}
        self._used: dict[str, str] = {}
        self._waiting: list[tuple[str, str, Any]] = [(name, "document", document.data)]

    def run(self) -> tuple[str, ...]:
        # What is put in is looked at in its turn, with the file that it came from.
        while self._waiting:
            file, kind, value = self._waiting.pop()
            for holder, key, inner_kind in [*_references(value, kind)]:
                holder[key] = self._moved(holder[key], inner_kind, file)
        return tuple(digest for _, digest in sorted(self._used.items()))

    def _moved(self, reference: str, kind: str, file: str) -> str:
        """Return a `$ref` of a file as it leads to the same from within the document."""
        path, _, fragment = reference.partition("#")
        if (not path and file == self._name) or "://" in path or path.startswith("//"):
            return reference
        name = file
        if path:
            name = posixpath.normpath(posixpath.join(posixpath.dirname(file), unquote(path)))
        if name == self._name:
            return f"#{fragment}"
        if (name, fragment, kind) not in self._places:
            target = self._put(name, fragment, kind)
            if target is None:
                return f"{name}#{fragment}"
            self._places[name, fragment, kind] = target
        return fragment_of(self._places[name, fragment, kind])

    def _put(self, name: str, fragment: str, kind: str) -> Pointer | None:
        """Put a part of a file among the components, called as it is there if that is free.

        Returns:
            Where it is now; nothing if the source has no such thing.
        """
        read = None if name.startswith(("../", "/")) else self._bundler.file(name)
        if read is None or kind not in _SECTIONS:
            return None
        other, self._used[name] = read
        try:
            way, found = resolve(other.data, f"#{fragment}", other.shown)
        except DanglingReference:
            return None
        components = self._document.data.setdefault("components", {})
        section = components.setdefault(_SECTIONS[kind], {})
        stem = str(way[-1]) if way else PurePosixPath(name).stem
        wanted = _UNFIT.sub("_", stem).strip("_") or pascal_case(kind, "Component")
        numbered = (f"{wanted}{number}" for number in count(2))
        chosen = next(one for one in chain((wanted,), numbered) if one not in section)
        target = ("components", _SECTIONS[kind], chosen)
        section[chosen] = copy.deepcopy(found)
        self._document.origins[target] = (other, way)
        self._waiting.append((name, kind, section[chosen]))
        return target


def _references(value: Any, kind: str) -> Iterator[tuple[Object, str, str]]:
    """Yield what holds a `$ref`, its key there, and the kind of what it leads to."""
    for inner_kind, _, inner in objects(value, kind):
        if isinstance(inner.get("$ref"), str):
            yield inner, "$ref", inner_kind
        mapping = dict_of(dict_of(inner.get("discriminator")).get("mapping"))
        for tag, reference in mapping.items() if inner_kind == "schema" else ():
            # A bare name means a component, unless it is one of a file.
            if isinstance(reference, str) and (
                "#" in reference or "/" in reference or reference.lower().endswith(SPEC_ENDINGS)
            ):
                yield mapping, tag, "schema"

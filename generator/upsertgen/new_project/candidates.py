"""Which operations of a published document are batch upserts, and of which object types."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from upsertgen.importing.inventory import is_numeric, is_version
from upsertgen.importing.publication import type_name
from upsertgen.importing.selection import selected
from upsertgen.new_project.shapes import Object, Shapes
from upsertgen.specs.openapi import PATH_ARGUMENT

_METHODS = ("post", "put", "patch")
_VERBS = frozenset(
    "batch bulk upsert upserts create or update createorupdate sync import write save merge multi many "
    "batchupsert bulkupsert".split()
)
"""Parts of a path that say what is done, and not to what."""


@dataclass(frozen=True)
class Candidate:
    """An operation that sends many records, as far as one can see.

    Attributes:
        path: Its path.
        method: Its method.
        is_upsert: Whether it is called an upsert somewhere.
    """

    path: str
    method: str
    is_upsert: bool

    @property
    def sends(self) -> bool:
        """Whether its method is one that sends records."""
        return self.method in _METHODS

    @property
    def suffix(self) -> str:
        """The end of the path by which it is selected: from the object type on, without arguments."""
        parts = _parts(self.path)
        fixed = len(parts)
        while fixed and not set("{}") & {*parts[fixed - 1]}:
            fixed -= 1
        named = _type_index(parts)
        start = max(fixed, named) if named is not None else fixed
        return "/".join(parts[start:])

    @property
    def object_type(self) -> str:
        """What its records are called, by its path."""
        parts = _parts(self.path)
        index = _type_index(parts)
        name = parts[index] if index is not None else "records"
        return type_name(_words(name)[0] if ":" in name else name, "", lambda _: None)


def candidates(document: Object) -> list[Candidate]:
    """Return the operations that may be batch upserts: those that are called so, or else that look like it.

    Args:
        document: The document, as it was published.
    """
    found = [*_candidates(document)]
    named = [one for one in found if one.is_upsert]
    return named or [one for one in found if _VERBS & {*_words(one.path)}]


def of_paths(document: Object, select: Iterable[str]) -> list[Candidate]:
    """Return the operations that one of some texts selects, whatever they look like."""
    shapes = Shapes(document)
    return [
        Candidate(path, method, is_upsert=True)
        for path, chosen in selected(document, select).items()
        for method in shapes.methods(path)
        if method in chosen
    ]


def selectors(
    found: Iterable[Candidate], document: Object, *, chosen: bool = False
) -> tuple[str, ...]:
    """Return what selects some operations.

    Args:
        found: The operations.
        document: The document, as it was published.
        chosen: Whether somebody chose them, so that no method comes along. Otherwise it is as few endings
            as there are that select their paths and no others.
    """
    found = list(found)
    if chosen:
        return tuple(f"{one.method.upper()} {one.path}" for one in found)
    paths = sorted({one.path for one in found})
    ends = sorted({"/".join(_verbs(one.path)) for one in found} - {""})
    if ends and [*selected(document, ends)] == paths:
        return tuple(ends)
    own = tuple(sorted({one.suffix for one in found} - {""}))
    is_enough = own and [*selected(document, own)] == paths
    return own if is_enough else tuple(one.strip("/") for one in paths)


def known_paths(document: Object) -> list[str]:
    """Return the paths of a document with their methods, for people."""
    shapes, paths = Shapes(document), document.get("paths")
    return [
        f"{'/'.join(shapes.methods(path)).upper()} {path}".strip()
        for path in (paths if isinstance(paths, dict) else {})
        if isinstance(path, str)
    ]


def version_of(found: Iterable[Candidate]) -> str:
    """Return the API version that paths name, or `v1`."""
    for one in found:
        for part in _parts(one.path):
            if is_version(part):
                return part
    return "v1"


def _candidates(document: Object) -> Iterator[Candidate]:
    shapes = Shapes(document)
    paths = document.get("paths")
    for path, item in (paths if isinstance(paths, dict) else {}).items():
        if not (isinstance(path, str) and isinstance(item, dict)):
            continue
        for method in _METHODS:
            operation = shapes.operation(path, method)
            request = shapes.request(operation)
            holds_list = request.kind == "array" or any(
                shapes.of(one).kind == "array" for one in request.fields.values()
            )
            if operation and holds_list and Candidate(path, method, False).suffix:
                yield Candidate(path, method, _is_upsert(path, operation))


def _is_upsert(path: str, operation: Object) -> bool:
    texts: list[Any] = [path, *(operation.get(one) for one in ("operationId", "summary"))]
    return any(isinstance(one, str) and "upsert" in _plain(one) for one in texts) or any(
        isinstance(one, str) and "createorupdate" in _plain(one) for one in texts
    )


def _type_index(parts: list[str]) -> int | None:
    """Return which part of a path names the object type: the last that says no verb, version or argument."""
    for index in range(len(parts) - 1, -1, -1):
        part = parts[index]
        words = _words(part)
        is_plain = words and not (
            is_version(part) or is_numeric(part) or PATH_ARGUMENT.search(part)
        )
        if is_plain and not {*words} <= _VERBS:
            return index
    return None


def _verbs(path: str) -> list[str]:
    """Return the parts of a path behind its object type, as far as they are no arguments."""
    parts = _parts(path)
    index = _type_index(parts)
    rest = parts[index + 1 :] if index is not None else parts
    return [] if any(set("{}") & {*one} for one in rest) else rest


def _parts(path: str) -> list[str]:
    return path.strip("/").split("/")


def _words(text: str) -> list[str]:
    spaced = re.sub(r"([a-z0-9])([A-Z])", r"\1 \2", text)
    words = re.findall(r"[A-Za-z0-9]+", spaced)
    return [one.lower() for one in words]


def _plain(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())

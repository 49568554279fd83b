"""Which operations of a document are wanted: by how their paths end, and by their methods.

    batch/upsert                 every operation whose path ends so
    POST /contacts/{id}/merge    a method, and an ending in which any argument stands for any other

Without any of these, all operations are.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from upsertgen.importing.document import Object, dict_of, methods
from upsertgen.specs.openapi import METHODS, PATH_ARGUMENT

_TEXT = re.compile(r"(?:(?P<method>[A-Za-z]+)[ ]+)?(?P<ending>\S+)\Z")
EXPECTED = "the end of a path, such as batch/upsert or 'POST /contacts/{id}'"
"""What a selector has to be."""


@dataclass(frozen=True)
class Selector:
    """What selects operations.

    Attributes:
        method: The method, in lower case; empty for any.
        ending: The parts of the end of the path; arguments have no names.
    """

    method: str
    ending: tuple[str, ...]

    @classmethod
    def of(cls, text: str) -> Selector | None:
        """Return what a text selects; nothing if it is no selector."""
        return _selector(text)

    def selects(self, path: str, method: str) -> bool:
        """Return whether it selects an operation."""
        return self.method in ("", method) and self.ends(path)

    def ends(self, path: str) -> bool:
        """Return whether a path ends so."""
        return _parts(path)[-len(self.ending) :] == self.ending


def selected(data: Object, select: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the paths of a document that have operations that are wanted, sorted, with their methods.

    A path that is a `$ref` has all the methods that a selector may mean.

    Args:
        data: The document.
        select: Texts of selectors; none for all operations.
    """
    selectors = [one for text in select if (one := Selector.of(text)) is not None]
    found: dict[str, tuple[str, ...]] = {}
    for path, item in sorted(dict_of(data.get("paths")).items()):
        if path.startswith("x-"):
            continue
        having = _methods(item)
        wanted = tuple(
            one
            for one in having
            if not selectors or any(each.selects(path, one) for each in selectors)
        )
        # What holds no operations is a problem where it would be wanted.
        if wanted or (not having and (not selectors or any(one.ends(path) for one in selectors))):
            found[path] = wanted
    return found


def is_selected(selection: Mapping[str, Collection[str]], path: str, method: str) -> bool:
    """Return whether an operation is among the selected ones of its document."""
    return method in selection.get(path, ())


def _methods(item: Any) -> tuple[str, ...]:
    if isinstance(dict_of(item).get("$ref"), str):
        return METHODS
    return tuple(method for method, _ in methods(item))


@lru_cache(maxsize=1024)
def _selector(text: str) -> Selector | None:
    found = _TEXT.match(text.strip())
    method = ((found["method"] or "") if found else "").lower()
    if found is None or method not in ("", *METHODS):
        return None
    ending = _parts(found["ending"])
    return Selector(method, ending) if all(ending) else None


@lru_cache(maxsize=4096)
def _parts(path: str) -> tuple[str, ...]:
    return tuple(PATH_ARGUMENT.sub("{}", path).strip("/").split("/"))

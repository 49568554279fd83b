"""Names that are ours: of object types, operations and titles. What documents call operations is not used."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from upsertgen.importing.reduction import PLACEHOLDER
from upsertgen.ir.names import module_name, snake_case

_NUMERIC = re.compile(r"[0-9]+([-_][0-9]+)*\Z")
_VERSION = re.compile(r"v[0-9]+|[0-9]{4}-[0-9]{2}(-[0-9]{2})?(-[a-z]+[0-9]*)?")

SHARED = "schemas"
"""The file of a version that holds what object types share."""


def is_numeric(text: str) -> bool:
    """Return whether a text is an id such as `0-3`, which says nothing to a person."""
    return _NUMERIC.match(text) is not None


def is_version(text: str) -> bool:
    """Return whether a part of a path looks like an API version, such as `v3` or `2026-09`."""
    return _VERSION.fullmatch(text) is not None


def type_name(stem: str, title: str, type_of_constant: Callable[[str], str | None]) -> str:
    """Return the name of an object type.

    Args:
        stem: The name of the document's file, which decides unless it is a numeric id.
        title: The document's title, for a file that is called by an id that no version knows.
        type_of_constant: Returns the type that other versions know by an id.

    Example:
        >>> type_name("LineItems", "", lambda one: None), type_name("0-3", "", {"0-3": "deals"}.get)
        ('line_items', 'deals')
    """
    if is_numeric(stem):
        known = type_of_constant(stem.replace("_", "-"))
        return known or type_name(title if title and not is_numeric(title) else "objects", "", str)
    name = module_name(stem)
    return f"{name}_" if name == SHARED else name


def title_of(name: str) -> str:
    """Return a title made of the name of an object type.

    Example:
        >>> title_of("line_items")
        'Line items'
    """
    words = name.strip("_").replace("_", " ")
    return f"{words[:1].upper()}{words[1:]}"


def operation_names(
    operations: Sequence[tuple[str, str]],
    select: Sequence[str],
    known: Callable[[str, str], str | None],
) -> list[str]:
    """Return a name for each operation of one document, no two alike.

    The name is the part of the path by which operations are selected: `batch_upsert` for
    `…/batch/upsert`. Where a document has several of that name, the one with the shortest path keeps it,
    and the others are told apart by what stands before it in the path, and then by their methods.

    Args:
        operations: Path and method of each.
        select: The suffixes by which paths are selected.
        known: Returns the name that an earlier version has for a path and method.
    """
    names: list[str | None] = []
    for path, method in operations:
        name = known(path, method)
        names.append(None if name in names else name)
    taken = {name for name in names if name is not None}
    order = sorted(
        range(len(operations)),
        key=lambda index: (operations[index][1] != "post", *_by_length(operations[index][0])),
    )
    for index in order:
        if names[index] is None:
            candidates = _candidates(*operations[index], select)
            free = next(one for one in candidates if one not in taken)
            names[index] = free
            taken.add(free)
    return [name or "" for name in names]


def _by_length(path: str) -> tuple[int, str]:
    return path.count("/"), path


def _candidates(path: str, method: str, select: Sequence[str]) -> Sequence[str]:
    segments = path.strip("/").split("/")
    lengths = [
        len(suffix.strip("/").split("/"))
        for suffix in select
        if f"/{path.strip('/')}".endswith(f"/{suffix.strip('/')}")
    ]
    tail = max(lengths, default=1)
    names = [
        snake_case("_".join(words), "operation")
        for start in range(len(segments) - tail, -1, -1)
        if (words := _words(segments[start:]))
    ]
    names = list(dict.fromkeys(names)) or ["operation"]
    numbered = [f"{names[-1]}_{method}_{number}" for number in range(2, 1000)]
    return [*names, *(f"{name}_{method}" for name in names), *numbered]


def _words(segments: Sequence[str]) -> list[str]:
    """Return the words of a path; ids show in no name, and placeholders go by what they stand for."""
    words: list[str] = []
    for segment in segments:
        placeholder = PLACEHOLDER.fullmatch(segment)
        if placeholder is not None:
            words += ["by", placeholder[1]]
        elif not is_numeric(segment):
            words.append(segment)
    return words

"""`$ref`s inside one published document."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

from upsertgen.errors import nearest, quoted
from upsertgen.importing.grammar import Object, objects

_INDEX = re.compile(r"(0|[1-9][0-9]{0,8})\Z")
SCHEMAS = "#/components/schemas/"


class Dangling(Exception):
    """A `$ref` that leads nowhere, or not within the document.

    Attributes:
        wrong: What is wrong.
        mend: What to do about it.
    """

    def __init__(self, wrong: str, mend: str = "correct the $ref") -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.mend = mend


def steps_of(reference: str) -> tuple[str, ...]:
    """Return the way that a `$ref` describes.

    Raises:
        Dangling: It leads to another document, or is no JSON Pointer.
    """
    if not reference.startswith("#"):
        raise Dangling(
            f"the $ref {quoted(reference)} names another document",
            "import a document that holds all that it uses",
        )
    if reference != "#" and not reference.startswith("#/"):
        raise Dangling(f"the $ref {quoted(reference)} names an anchor")
    steps = reference.split("/")[1:]
    return tuple(unquote(step).replace("~1", "/").replace("~0", "~") for step in steps)


def target(document: Object, reference: str) -> tuple[tuple[str | int, ...], Any]:
    """Return the way to what a `$ref` names, and what stands there.

    Raises:
        Dangling: Nothing does.
    """
    value: Any = document
    way: list[str | int] = []
    for step in steps_of(reference):
        if isinstance(value, dict) and step in value:
            value = value[step]
            way.append(step)
        elif isinstance(value, list) and _INDEX.match(step) and int(step) < len(value):
            value = value[int(step)]
            way.append(int(step))
        else:
            near = nearest(step, value.keys()) if isinstance(value, dict) else None
            raise Dangling(
                f"the $ref {quoted(reference)} finds no {quoted(step)} in the document",
                f"did you mean {quoted(near)}?" if near else "correct the $ref",
            )
    return tuple(way), value


def schema_name(reference: Any) -> str | None:
    """Return the name of the component that a `$ref` leads to or into, or nothing for other `$ref`s."""
    if not isinstance(reference, str) or not reference.startswith(SCHEMAS):
        return None
    steps = steps_of(reference)
    return steps[2] if len(steps) > 2 else None


def schema_reference(name: str) -> str:
    """Return the `$ref` to a component of the same document."""
    return SCHEMAS + name.replace("~", "~0").replace("/", "~1")


def references(kind: str, value: Any) -> Iterator[str]:
    """Yield the names of the components that a reduced object refers to, in the order of the text."""
    for inner_kind, _, inner in objects(kind, value):
        if inner_kind != "schema":
            continue
        discriminator = inner.get("discriminator")
        mapping = discriminator.get("mapping", {}) if isinstance(discriminator, dict) else {}
        for reference in (inner.get("$ref"), *mapping.values()):
            name = schema_name(reference)
            if name is not None:
                yield name

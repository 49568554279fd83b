"""Schemas that are an `allOf` of another one, whose discriminator tells them apart.

Where OpenAPI has such a base, every schema that is built on it may stand in its place, although none of them
is named there: https://spec.openapis.org/oas/v3.0.4.html#models-with-polymorphism-support.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from itertools import islice

from upsertgen.ir.keywords import ANYWHERE, keywords
from upsertgen.limits import LIMITS
from upsertgen.specs.document import Document, Pointer
from upsertgen.specs.references import DanglingReference, Node, Specs

_Place = tuple[str, Pointer]


class Inheritance:
    """Knows which components are built on which others.

    Args:
        specs: Has all components.
    """

    def __init__(self, specs: Specs) -> None:
        self._specs = specs

    def bases(self, node: Node) -> list[Node]:
        """Return the schemas with a discriminator that a component is built on, itself included."""
        above = islice(self._walk(node, self._parents), LIMITS.parts)
        return [one for one in above if _has_discriminator(one)]

    def heirs(self, node: Node) -> list[Node]:
        """Return the components that may stand in the place of a schema, itself left out: nearest first.

        Of more than a union may have, only so many that it is seen.
        """
        if _place(node) not in self._below or not self.bases(node):
            return []
        return list(islice(self._walk(node, self._below), 1, LIMITS.alternatives + 2))

    @staticmethod
    def _walk(node: Node, ways: Mapping[_Place, list[Node]]) -> Iterator[Node]:
        """Yield a schema, and each one that ways lead to from it, once."""
        waiting, seen = [node], set[_Place]()
        for one in waiting:
            if _place(one) not in seen:
                seen.add(_place(one))
                yield one
                waiting += ways.get(_place(one), ())

    @cached_property
    def _below(self) -> dict[_Place, list[Node]]:
        below: dict[_Place, list[Node]] = defaultdict(list)
        for heir in self._components:
            for base in self._parents.get(_place(heir), ()):
                below[_place(base)].append(heir)
        return below

    @cached_property
    def _parents(self) -> dict[_Place, list[Node]]:
        return {_place(one): list(self._followed(one)) for one in self._components}

    @cached_property
    def _components(self) -> list[Node]:
        return [
            schema
            for document in self._specs.documents.values()
            for schema in _schemas(document)
            if isinstance(schema.value, dict) and "allOf" in schema.value and not _is_alias(schema)
        ]

    def _followed(self, node: Node) -> Iterator[Node]:
        """Yield the components that an `allOf` names, also within one of its parts."""
        waiting = node.children("allOf")
        for part in waiting:
            if not isinstance(part.value, dict):
                continue
            if "$ref" not in part.value:
                waiting += part.children("allOf")
                continue
            try:
                yield self._specs.follow(part)
            except DanglingReference:
                # Told where the schema is read.
                continue


def _place(node: Node) -> _Place:
    return node.document.key, node.pointer


def _has_discriminator(node: Node) -> bool:
    value = node.value
    return (
        isinstance(value, dict) and "discriminator" in value and not {"oneOf", "anyOf"} & {*value}
    )


def _schemas(document: Document) -> Iterator[Node]:
    schemas = (document.data.get("components") or {}).get("schemas") or {}
    for name, schema in schemas.items():
        yield Node(document, ("components", "schemas", name), schema)


def _is_alias(node: Node) -> bool:
    """Return whether a component only says how another one is used, such as one that may be null as well."""
    said = keywords(node)
    return len(node.value["allOf"]) == 1 and bool(said & ANYWHERE) and said <= ANYWHERE | {"allOf"}

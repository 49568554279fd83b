"""What schemas of a published document come to, as far as a guess needs it: kinds, fields, items.

Nothing here is refused: what a document says wrongly, or in a way that is not understood, has no fields.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from upsertgen.specs.openapi import METHODS
from upsertgen.specs.references import DanglingReference, resolve

Object: TypeAlias = dict[str, Any]
_MOST_STEPS = 20
"""How deep references and alternatives are followed."""
_MOST_SHAPES = 200_000
"""How many schemas are looked at: alternatives that hold alternatives are exponentially many."""
_JSON = re.compile(r"application/(.+\+)?json\b|\*/\*", re.IGNORECASE)


@dataclass(frozen=True)
class Shape:
    """What a schema comes to.

    Attributes:
        kind: `object`, `array`, `string`, `integer`, `number` or `boolean`; empty where that is open.
        fields: The schemas of the fields of an object.
        required: The names of those that have to be there.
        is_map: Whether an object has fields of any name.
        items: The schema of the items of a list.
        sample: A value, where the schema asks for no more than a plain one; nothing elsewhere.
        values: The texts that it allows, where it names them.
    """

    kind: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    is_map: bool = False
    items: Any = None
    sample: Any = None
    values: tuple[str, ...] = ()


EMPTY = Shape()


class Shapes:
    """Reads shapes of one document.

    Args:
        document: The document, as plain data.
    """

    def __init__(self, document: Object) -> None:
        self._document = document
        self._left = _MOST_SHAPES

    def operation(self, path: str, method: str) -> Object:
        """Return an operation; an empty one where there is none."""
        paths = _mapping(self._document.get("paths"))
        return _mapping(self._follow(paths.get(path)).get(method))

    def methods(self, path: str) -> tuple[str, ...]:
        """Return the methods of a path, also of one that stands elsewhere."""
        item = self._follow(_mapping(self._document.get("paths")).get(path))
        return tuple(one for one in METHODS if one in item)

    def request(self, operation: Object) -> Shape:
        """Return what an operation is sent."""
        return self.of(self._schema(operation.get("requestBody")))

    def answers(self, operation: Object) -> list[Shape]:
        """Return the bodies of the success responses of an operation, as far as they have any."""
        return [*self._bodies(operation, lambda status: status[:1] == "2")]

    def failures(self, operation: Object) -> list[Shape]:
        """Return the bodies of the error responses of an operation."""
        return [*self._bodies(operation, lambda status: status[:1] in "45d")]

    def required_parameters(self, path: str, operation: Object) -> list[str]:
        """Return the parameters beside those of the path that an operation cannot do without."""
        item = self._follow(_mapping(self._document.get("paths")).get(path))
        found: dict[tuple[Any, Any], bool] = {}
        for owner in (item, operation):
            declared = owner.get("parameters")
            for one in map(self._follow, declared if isinstance(declared, list) else ()):
                name = str(one.get("name"))
                place = str(one.get("in")), name
                is_set = name.lower() in ("authorization", "accept", "content-type")
                found[place] = (
                    place[0] in ("query", "header") and one.get("required") is True and not is_set
                )
        return [name for (_, name), needed in found.items() if needed]

    def items(self, schema: Any) -> Shape:
        """Return the shape of the items of a list."""
        return self.of(self.of(schema).items)

    def items_at(self, owner: Shape, way: str) -> Shape:
        """Return the shape of the items of the list at a way below an object; `$` is the list itself."""
        for step in () if way == "$" else way.split("."):
            owner = self.of(owner.fields.get(step))
        return self.of(owner.items)

    def of(self, schema: Any, steps: int = _MOST_STEPS) -> Shape:
        """Return the shape of a schema, with what its references and its `allOf` say."""
        schema = self._follow(schema)
        self._left -= 1
        if not schema or steps == 0 or self._left < 0:
            return EMPTY
        alternatives = [one for name in ("oneOf", "anyOf") for one in _items(schema.get(name))]
        meant = [one for one in alternatives if self._follow(one).get("type") != "null"]
        if len(meant) == 1 and "properties" not in schema:
            return self.of(meant[0], steps - 1)
        fields: dict[str, Any] = {}
        required: set[str] = set()
        is_map, kind, items = False, _kind(schema), schema.get("items")
        for part in _items(schema.get("allOf"))[:_MOST_STEPS]:
            joined = self.of(part, steps - 1)
            fields |= joined.fields
            required |= joined.required
            is_map |= joined.is_map
            kind, items = kind or joined.kind, items if items is not None else joined.items
        fields |= _mapping(schema.get("properties"))
        required |= {one for one in _items(schema.get("required")) if isinstance(one, str)}
        names = {name: one for name, one in fields.items() if isinstance(name, str)}
        kind = kind or ("object" if names else "")
        additional = schema.get("additionalProperties")
        is_map |= isinstance(additional, dict) or (
            kind == "object" and not names and additional is not False
        )
        values = tuple(one for one in _items(schema.get("enum")) if isinstance(one, str))
        sample = _sample(schema, kind)
        return Shape(kind, names, frozenset(required), is_map, items, sample, values)

    def _bodies(self, operation: Object, wanted: Any) -> Iterator[Shape]:
        for status, response in _mapping(operation.get("responses")).items():
            if wanted(str(status).lower()):
                schema = self._schema(response)
                if schema is not None:
                    yield self.of(schema)

    def _schema(self, body: Any) -> Any:
        """Return the schema of the JSON body of a request or response; nothing where there is none."""
        for media_type, content in _mapping(self._follow(body).get("content")).items():
            if _JSON.match(str(media_type)) and "schema" in _mapping(content):
                return content["schema"]
        return None

    def _follow(self, value: Any) -> Object:
        for _ in range(_MOST_STEPS):
            reference = value.get("$ref") if isinstance(value, dict) else None
            if not isinstance(reference, str):
                return _mapping(value)
            if not reference.startswith("#"):
                return {}
            try:
                _, value = resolve(self._document, reference, "")
            except DanglingReference:
                return {}
        return {}


def _sample(schema: Object, kind: str) -> Any:
    if set(schema) - {
        "type",
        "description",
        "title",
        "example",
        "nullable",
        "maxLength",
        "default",
    }:
        return None
    return {"string": "a", "integer": 1, "boolean": True}.get(kind)


def _kind(schema: Object) -> str:
    said = schema.get("type")
    kinds = [one for one in (said if isinstance(said, list) else [said]) if one != "null"]
    return kinds[0] if len(kinds) == 1 and isinstance(kinds[0], str) else ""


def _mapping(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

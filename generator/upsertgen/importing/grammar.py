"""What a published document is made of: kinds of objects, and their fields in the order of the house form.

Knowing the kind of an object tells a field that OpenAPI defines from a name that somebody chose: a schema
may well have a property called `description`, `example` or `x-ray`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

Object: TypeAlias = dict[str, Any]
Way: TypeAlias = tuple[str, ...]
"""The way to an object, as names: parameters go by where they are and what they are called."""


@dataclass(frozen=True)
class Kind:
    """A kind of object.

    Attributes:
        order: Its fields, in the order in which the house form writes them; others follow by name.
        one: Fields that hold one object, and of which kind.
        many: Fields that hold a list of objects.
        named: Fields that hold objects by names that somebody chose.
        texts: Fields for people to read.
        noise: Fields that mean nothing to a client. Extensions (`x-…`) are noise in every kind.
        defaults: Fields that say nothing when they have this value.
    """

    order: tuple[str, ...]
    one: dict[str, str]
    many: dict[str, str]
    named: dict[str, str]
    texts: frozenset[str]
    noise: frozenset[str]
    defaults: dict[str, Any]


def _kind(
    order: str,
    *,
    one: dict[str, str] | None = None,
    many: dict[str, str] | None = None,
    named: dict[str, str] | None = None,
    texts: str = "description",
    noise: str = "",
    defaults: dict[str, Any] | None = None,
) -> Kind:
    return Kind(
        tuple(order.split()),
        one or {},
        many or {},
        named or {},
        frozenset(texts.split()),
        frozenset(noise.split()),
        {"deprecated": False} | (defaults or {}),
    )


_SERIALIZED = {"required": False, "allowEmptyValue": False, "allowReserved": False}

KINDS: dict[str, Kind] = {
    "operation": _kind(
        "operationId summary description deprecated security parameters requestBody responses",
        one={"requestBody": "request body"},
        many={"parameters": "parameter"},
        named={"responses": "response"},
        texts="summary description",
        noise="tags externalDocs",
        defaults={"parameters": []},
    ),
    "parameter": _kind(
        "name in required deprecated description style explode schema content",
        one={"schema": "schema"},
        named={"content": "media type"},
        noise="example examples",
        defaults=_SERIALIZED,
    ),
    "request body": _kind("required description content", named={"content": "media type"}),
    "response": _kind(
        "description headers content",
        named={"headers": "header", "content": "media type"},
        noise="links",
        defaults={"headers": {}},
    ),
    "header": _kind(
        "required deprecated description style explode schema content",
        one={"schema": "schema"},
        named={"content": "media type"},
        noise="example examples",
        defaults=_SERIALIZED | {"style": "simple", "explode": False},
    ),
    "media type": _kind(
        "schema",
        one={"schema": "schema"},
        texts="",
        noise="example examples encoding",
    ),
    "schema": _kind(
        "$ref type format nullable deprecated readOnly writeOnly description default minimum "
        "exclusiveMinimum maximum exclusiveMaximum multipleOf minLength maxLength pattern minItems "
        "maxItems uniqueItems minProperties maxProperties required properties items "
        "additionalProperties enum const allOf oneOf anyOf not discriminator $defs",
        one={"items": "schema", "additionalProperties": "schema", "not": "schema"},
        many={"allOf": "schema", "oneOf": "schema", "anyOf": "schema"},
        named={"properties": "schema", "$defs": "schema"},
        texts="description",
        noise="title example examples externalDocs xml $schema $id $comment",
        defaults={
            "nullable": False,
            "readOnly": False,
            "writeOnly": False,
            "uniqueItems": False,
            "exclusiveMinimum": False,
            "exclusiveMaximum": False,
            "required": [],
        },
    ),
    "security scheme": _kind(
        "type scheme bearerFormat description in name flows openIdConnectUrl",
        named={"flows": "flow"},
    ),
    "flow": _kind("authorizationUrl tokenUrl refreshUrl scopes", texts=""),
}


def objects(kind: str, value: Any, way: Way = ()) -> Iterator[tuple[str, Way, Object]]:
    """Yield an object and all below it, each before those that it holds.

    An object that was yielded may be changed before the next one is asked for.

    Args:
        kind: The kind of `value`.
        value: The object; what is none is passed over.
        way: The way to it.

    Yields:
        The kind of an object, the way to it, and the object.
    """
    if not isinstance(value, dict):
        return
    yield kind, way, value
    rules = KINDS[kind]
    for field in list(value):
        inner = value[field]
        if field in rules.one:
            yield from objects(rules.one[field], inner, (*way, field))
        elif field in rules.many and isinstance(inner, list):
            for index, item in enumerate(inner):
                step = _step(rules.many[field], item, index)
                yield from objects(rules.many[field], item, (*way, field, step))
        elif field in rules.named and isinstance(inner, dict):
            for name, item in inner.items():
                yield from objects(rules.named[field], item, (*way, field, name))


def _step(kind: str, item: Any, index: int) -> str:
    if kind == "parameter" and isinstance(item, dict):
        return f"{item.get('in')} {item.get('name')}"
    return str(index)


def ordered(kind: str, value: Object) -> Object:
    """Return an object with its fields in the order of the house form; unknown ones follow by name."""
    places = {field: place for place, field in enumerate(KINDS[kind].order)}
    return {
        field: value[field]
        for field in sorted(value, key=lambda one: (places.get(one, len(places)), one))
    }

"""The house form of what a document holds: order of fields, noise, defaults, and the words of OpenAPI 3.0.

Schemas of OpenAPI 3.1 are written in the words of 3.0. What 3.0 has no words for stays as it is; the file
that holds it then declares 3.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from upsertgen.importing.document import Object, list_of
from upsertgen.specs.openapi import objects

PREFERRED = "3.0.3"
_FALLBACK = "3.1.0"

_FREE_OF_TYPE = frozenset(("description", "nullable", "deprecated", "readOnly", "writeOnly"))
_ENCODINGS = {"base64": "byte", "binary": "binary"}
_ONLY_IN_31 = frozenset(
    "$defs $anchor $dynamicRef $dynamicAnchor const contains contentSchema dependentRequired "
    "dependentSchemas else if maxContains minContains patternProperties prefixItems propertyNames then "
    "unevaluatedItems unevaluatedProperties".split()
)


@dataclass(frozen=True)
class Form:
    """How the house form writes a kind of object.

    Attributes:
        order: Its fields, and the place of each among those that are written; others follow by name.
        noise: Fields that mean nothing to a client. Extensions (`x-…`) are noise in every kind.
        defaults: Fields that say nothing when they have this value.
        texts: Fields for people to read.
    """

    order: Mapping[str, int]
    noise: tuple[str, ...]
    defaults: Object
    texts: tuple[str, ...] = ("description",)

    def ordered(self, value: Object) -> Object:
        """Return an object of the kind with its fields in order."""
        last = len(self.order)
        names = sorted(value, key=lambda one: (self.order.get(one, last), one))
        return {name: value[name] for name in names}


_SERIALIZED = {"required": False, "allowEmptyValue": False, "allowReserved": False}


def _form(order: str, noise: str = "", defaults: Object | None = None, **rest: Any) -> Form:
    defaults = {"deprecated": False, **(defaults or {})}
    places = {name: place for place, name in enumerate(order.split())}
    return Form(places, noise=tuple(noise.split()), defaults=defaults, **rest)


FORMS = {
    "operation": _form(
        "operationId summary description deprecated security parameters requestBody responses",
        texts=("summary", "description"),
        noise="tags externalDocs",
        defaults={"parameters": []},
    ),
    "parameter": _form(
        "name in required deprecated description style explode schema content",
        noise="example examples",
        defaults=_SERIALIZED,
    ),
    "request body": _form("required description content"),
    "response": _form("description headers content", noise="links", defaults={"headers": {}}),
    "header": _form(
        "required deprecated description style explode schema content",
        noise="example examples",
        defaults=_SERIALIZED | {"style": "simple", "explode": False},
    ),
    "media type": _form("schema", texts=(), noise="example examples encoding"),
    "schema": _form(
        "$ref type format nullable deprecated readOnly writeOnly description default minimum "
        "exclusiveMinimum maximum exclusiveMaximum multipleOf minLength maxLength pattern minItems "
        "maxItems uniqueItems minProperties maxProperties required properties items "
        "additionalProperties enum const allOf oneOf anyOf not discriminator $defs",
        noise="title example examples externalDocs xml $schema $id $comment",
        defaults={
            **dict.fromkeys(("nullable", "readOnly", "writeOnly", "uniqueItems"), False),
            **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), False),
            "required": [],
        },
    ),
    "security scheme": _form("type scheme bearerFormat description in name flows openIdConnectUrl"),
    "flow": _form("authorizationUrl tokenUrl refreshUrl scopes", texts=()),
}
"""The kinds of objects that are written in the house form; what other kinds there are stays as it is."""


def in_older_words(schema: Object) -> Object:
    """Return a schema, whose inner schemas are done already, in the words of 3.0 as far as there are any.

    Args:
        schema: The schema; it is changed.
    """
    _types(schema)
    _alternatives(schema)
    _bounds(schema)
    if schema.get("const") is not None and "enum" not in schema:
        schema["enum"] = [schema.pop("const")]
    encoding = _ENCODINGS.get(str(schema.pop("contentEncoding", "")))
    if encoding is not None and schema.get("type") == "string":
        schema.setdefault("format", encoding)
    schema.pop("contentMediaType", None)
    if schema.get("items") is True:
        schema["items"] = {}
    properties = schema.get("properties")
    if isinstance(properties, dict):
        schema["properties"] = {
            name: {} if value is True else value for name, value in properties.items()
        }
    return schema


def openapi_version(schemas: Iterable[Any]) -> str:
    """Return the version of OpenAPI that a file has to declare for its schemas."""
    newer = any(_is_newer(inner) for schema in schemas for _, _, inner in objects(schema, "schema"))
    return _FALLBACK if newer else PREFERRED


def _types(schema: Object) -> None:
    declared = schema.get("type")
    if not isinstance(declared, list) or not all(isinstance(one, str) for one in declared):
        return
    types = [one for one in dict.fromkeys(declared) if one != "null"]
    if not types:
        return
    if len(types) > 1:
        # Beside other keywords it would not be clear which alternative they are about.
        if schema.keys() - {"type"} - _FREE_OF_TYPE:
            return
        del schema["type"]
        schema["anyOf"] = [{"type": one} for one in types]
    else:
        schema["type"] = types[0]
    if "null" in declared:
        schema["nullable"] = True


def _alternatives(schema: Object) -> None:
    for keyword in ("anyOf", "oneOf"):
        members = schema.get(keyword)
        if not isinstance(members, list):
            continue
        rest = [one for one in members if one not in ({"type": "null"}, {"type": ["null"]})]
        if len(rest) == len(members) or not rest:
            continue
        schema["nullable"] = True
        schema[keyword] = rest
        if len(rest) == 1 and isinstance(rest[0], dict):
            del schema[keyword]
            if "$ref" in rest[0] or rest[0].keys() & schema.keys():
                schema["allOf"] = [*schema.get("allOf", ()), rest[0]]
            else:
                schema.update(rest[0])


def _bounds(schema: Object) -> None:
    for bound, exclusive, tighter in (
        ("minimum", "exclusiveMinimum", max),
        ("maximum", "exclusiveMaximum", min),
    ):
        value = schema.get(exclusive)
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            continue
        other = schema.get(bound, value)
        if not isinstance(other, (int, float)) or tighter(other, value) == value:
            schema[bound] = value
            schema[exclusive] = True
        else:
            del schema[exclusive]


def _is_newer(schema: Object) -> bool:
    numbers = [schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")]
    inner = [schema.get("items"), schema.get("not")]
    for keyword in ("properties", "allOf", "anyOf", "oneOf"):
        held = schema.get(keyword)
        inner += held.values() if isinstance(held, dict) else list_of(held)
    return (
        not schema.keys().isdisjoint(_ONLY_IN_31)
        or isinstance(schema.get("type"), list)
        or schema.get("type") == "null"
        or any(type(one) in (int, float) for one in numbers)
        or any(isinstance(one, bool) for one in inner)
    )

"""The keywords of schemas: which are read, and which say nothing about values."""

from __future__ import annotations

from upsertgen.specs.references import Node

_ANNOTATIONS = frozenset(
    (
        "$schema $comment $id deprecated description example examples externalDocs title "
        "uniqueItems minProperties maxProperties xml contentMediaType contentEncoding"
    ).split()
)
ANYWHERE = frozenset(("nullable", "default", "readOnly", "writeOnly"))
"""What may stand beside allOf, oneOf and anyOf, or a `$ref` of OpenAPI 3.1, without another type of value."""

UNDERSTOOD = ANYWHERE | frozenset(
    (
        "$ref $defs additionalProperties allOf anyOf const discriminator enum exclusiveMaximum "
        "exclusiveMinimum format items maxItems maxLength maximum minItems minLength minimum multipleOf "
        "oneOf pattern properties required type"
    ).split()
)
"""The keywords that are read."""

OF_OBJECTS = frozenset(("properties", "required", "additionalProperties", "discriminator"))
"""The keywords that only objects have."""


def keywords(node: Node) -> set[str]:
    """Return the keywords of a schema that say something about values."""
    return {key for key in node.value if key not in _ANNOTATIONS and not key.startswith("x-")}


def is_null(node: Node) -> bool:
    """Return whether null is the only value of a schema."""
    return isinstance(node.value, dict) and (
        node.value.get("type") in ("null", ["null"])
        or node.value.get("enum") == [None]
        or node.value.get("const", ...) is None
        # As OpenAPI 3.0 is often written, where null has no type.
        or (node.value.get("nullable") is True and keywords(node) == {"nullable"})
    )

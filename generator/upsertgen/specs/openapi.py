"""OpenAPI's grammar: what kind of object stands where in a document, and what its fields are called.

Knowing the kind of an object tells a field that OpenAPI defines from a name that somebody chose: a schema may
well have a property called `description`, `example` or `$ref`. A `$ref` has to lead to an object of the kind
that is expected in its place, and what looks like a `$ref` inside an example or an extension is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from upsertgen.specs.document import Pointer

METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
"""The methods of HTTP that a path may have operations for."""

HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+\Z")
"""The name of a header: a token of RFC 9110."""

HEADER_VALUE = re.compile(r"[!-~](?:[\t -~]*[!-~])?\Z")
"""What can be the value of a header."""

PATH_ARGUMENT = re.compile(r"\{([^{}/]*)\}")
"""An argument in a path, and its name."""

TOKEN_SCHEMES = frozenset(("oauth2", "openIdConnect"))
"""The types of security schemes whose tokens have scopes, and are sent as `Bearer` ones."""

JSON = "application/json"
"""The media type of what is sent and read where nothing else is said."""
_LINES = frozenset(
    f"application/{one}" for one in ("x-ndjson", "ndjson", "jsonl", "jsonlines", "x-jsonlines")
)
"""The media types of JSON on a line for each item, as they are found: none is registered."""
_URL_PATH = re.compile(r"/[A-Za-z0-9._~!$&'()*+,;=:@%{}/-]*\Z")
_URL = re.compile(
    r"https?://(?:[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?"
    r"(?:/(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})*)*\Z"
)

SCHEMAS = "#/components/schemas/"
"""How a `$ref` to a schema of the same document begins."""

SCHEMA_KEYWORDS = tuple(
    "$anchor $comment $defs $dynamicAnchor $dynamicRef $id $ref $schema $vocabulary "
    "additionalProperties allOf anyOf const contains contentEncoding contentMediaType contentSchema "
    "default dependentRequired dependentSchemas deprecated description discriminator else enum "
    "example examples exclusiveMaximum exclusiveMinimum externalDocs format if items maxContains "
    "maxItems maxLength maxProperties maximum minContains minItems minLength minProperties minimum "
    "multipleOf not nullable oneOf pattern patternProperties prefixItems properties propertyNames "
    "readOnly required then title type unevaluatedItems unevaluatedProperties uniqueItems writeOnly xml"
    "".split()
)
"""The fields of a schema, in OpenAPI 3.0 or in 3.1."""

FIELDS = tuple(
    dict.fromkeys(
        (
            *SCHEMA_KEYWORDS,
            *METHODS,
            *"components content explode flows headers in info license name openapi operationId parameters "
            "paths requestBody responses scheme schema schemas scopes security securitySchemes servers style "
            "summary tags url variables version".split(),
        )
    )
)
"""Names of fields, to tell a misspelt one from a name that somebody chose."""

_SCHEMA_IN = (
    "additionalProperties contains else if items not propertyNames then unevaluatedItems "
    "unevaluatedProperties"
).split()
_HOLDS: Mapping[str, Mapping[str, str]] = {
    "document": {"paths": "{path}", "webhooks": "{path}", "components": "components"},
    "components": {
        "callbacks": "{callback}",
        "examples": "{example}",
        "headers": "{header}",
        "links": "{link}",
        "parameters": "{parameter}",
        "pathItems": "{path}",
        "requestBodies": "{request body}",
        "responses": "{response}",
        "schemas": "{schema}",
        "securitySchemes": "{security scheme}",
    },
    "path": {"parameters": "[parameter]", **dict.fromkeys(METHODS, "operation")},
    "operation": {
        "callbacks": "{callback}",
        "parameters": "[parameter]",
        "requestBody": "request body",
        "responses": "{response}",
    },
    "parameter": {"content": "{media type}", "examples": "{example}", "schema": "schema"},
    "header": {"content": "{media type}", "examples": "{example}", "schema": "schema"},
    "request body": {"content": "{media type}"},
    "response": {"content": "{media type}", "headers": "{header}", "links": "{link}"},
    "media type": {"encoding": "{encoding}", "examples": "{example}", "schema": "schema"},
    "encoding": {"headers": "{header}"},
    "schema": {
        **dict.fromkeys(_SCHEMA_IN, "schema"),
        **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), "[schema]"),
        **dict.fromkeys(
            ("$defs", "dependentSchemas", "patternProperties", "properties"), "{schema}"
        ),
    },
    "security scheme": {"flows": "{flow}"},
}
"""For each kind of object: the kind of what stands in a field; `[kind]` is a list of such objects, and
`{kind}` a mapping of names that somebody chose to such objects."""


def is_url_path(text: str) -> bool:
    """Return whether a text is the path of a URL as it is sent, with `{name}` for each argument."""
    return _URL_PATH.match(text) is not None and not _leads_elsewhere(text)


def is_url(text: str) -> bool:
    """Return whether a text is an absolute URL of a host: no variables, names of users, and queries."""
    return _URL.match(text) is not None and not _leads_elsewhere(text)


def _leads_elsewhere(path: str) -> bool:
    return any(part in (".", "..") for part in path.split("/"))


def json_media_type(media_types: Iterable[str]) -> str | None:
    """Return the one of several media types that is JSON, the plain one first; nothing if none is."""

    def rank(media_type: str) -> int:
        name, base = media_type.lower(), _base(media_type)
        is_json = base == JSON or base.endswith("+json")
        # `*/*` is how some tools write it.
        ranks = name == JSON, is_json, name in ("*/*", "application/*")
        return ranks.index(True) if any(ranks) else len(ranks)

    best = min(media_types, key=rank, default=None)
    return best if best is not None and rank(best) < 3 else None


def lines_media_type(media_types: Iterable[str]) -> str | None:
    """Return the first of several media types that is JSON on a line for each item; nothing if none is."""
    return next((one for one in media_types if _base(one) in _LINES), None)


def sent_media_type(media_type: str) -> str:
    """Return the media type to name where a body is sent that is published as one, or as any of several."""
    return JSON if "*" in media_type else media_type


def accepted_media_types(media_types: Iterable[str]) -> str:
    """Return the media types that are named to have answers in them; JSON where none is known."""
    sent = map(sent_media_type, media_types)
    return ", ".join(dict.fromkeys(map(_without_charset, sent))) or JSON


def _base(media_type: str) -> str:
    return media_type.partition(";")[0].strip().lower()


def _without_charset(media_type: str) -> str:
    # JSON has but one.
    parts = [one.strip() for one in media_type.split(";")]
    return "; ".join(one for one in parts if not one.lower().startswith("charset="))


def kind_below(kind: str, step: str | int) -> str | None:
    """Return the kind of what one step leads to from an object of some kind; nothing for plain data."""
    if kind == "{path}" and str(step).startswith("x-"):
        return None
    if kind.startswith(("[", "{")):
        return kind[1:-1]
    if kind == "callback":
        return "path"
    return _HOLDS.get(kind, {}).get(str(step))


def kind_at(pointer: Pointer) -> str | None:
    """Return the kind of what stands at a place of a document; nothing for plain data."""
    kind: str | None = "document"
    for step in pointer:
        kind = kind_below(kind, step) if kind is not None else None
    return kind


def objects(
    value: Any, kind: str = "document", pointer: Pointer = ()
) -> Iterator[tuple[str, Pointer, dict[str, Any]]]:
    """Yield each object at or below a value, before those that it holds.

    An object that was yielded may be changed before the next one is asked for.

    Args:
        value: Where to begin; what is no object is passed over.
        kind: The kind of it.
        pointer: The way to it.

    Yields:
        The kind of an object, the way to it, and the object.
    """
    if not isinstance(value, list if kind.startswith("[") else dict):
        return
    if isinstance(value, dict) and not kind.startswith("{"):
        yield kind, pointer, value
    holds = _HOLDS.get(kind)
    steps = list(value) if isinstance(value, dict) else range(len(value))
    for step in steps if holds is None else [step for step in steps if step in holds]:
        below = kind_below(kind, step)
        if below is not None:
            yield from objects(value[step], below, (*pointer, step))

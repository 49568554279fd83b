"""Whole specs by Hypothesis, valid in nearly all cases."""

from __future__ import annotations

from typing import Any, TypeAlias

from hypothesis import strategies as st

from tests.hostile.corpus import CORPUS
from tests.hostile.project import Project

Dicts: TypeAlias = st.SearchStrategy[dict[str, Any]]

_PREFIX = "#/components/schemas/"
_TEXTS = tuple(one for one in CORPUS if len(one) < 300 and one.isprintable())
# Whatever YAML lets in: no control characters, and no halves of surrogate pairs.
_ANY_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
# By number: Hypothesis tells which strategies it draws from, and warns of one that takes long to tell.
TEXT = st.one_of(st.integers(0, len(_TEXTS) - 1).map(lambda number: _TEXTS[number]), _ANY_TEXT)
"""Any text of a spec."""

_WORDS = st.sampled_from(
    "id name value kind fooBar foo_bar class self _id __x 2fa é ﬁ Any str".split()
)
_FIELD = st.one_of(_WORDS, TEXT)
_COMPONENT = st.sampled_from("Thing thing Any Client List A-b A_b B.c None X1".split())
_METHOD = st.sampled_from("sendAll 2fa class send_body send X".split())
_CONSTANTS = [{"type": "string"}, {"type": "integer"}, {"type": "string", "enum": ["a b"]}]
_ARGUMENT = st.sampled_from("id objectType upsert self".split())


def _typed(name: str, **fields: st.SearchStrategy[Any]) -> Dicts:
    """Return schemas of a type, with some more fields."""
    return st.fixed_dictionaries({"type": st.just(name), **fields})


def _some(values: st.SearchStrategy[str], least: int, most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(values, min_size=least, max_size=most, unique=True)


_LEAST = {"minimum": st.integers(-5, 0), "exclusiveMinimum": st.booleans()}
_SCALARS = st.one_of(
    _typed("string"),
    _typed("string", enum=_some(TEXT, 1, 4)),
    _typed("string", format=st.sampled_from(["date-time", "date", "uuid", "email", "byte"])),
    _typed("string", minLength=st.integers(0, 5), maxLength=st.integers(5, 9)),
    _typed("string", default=TEXT),
    _typed("boolean"),
    _typed("number"),
    _typed("number", **_LEAST),
    _typed("integer", default=st.integers(0, 9)),
    _typed("integer", **_LEAST),
)


def _references(names: list[str]) -> Dicts:
    return st.sampled_from([{"$ref": f"{_PREFIX}{name}"} for name in names])


def _schemas(names: list[str]) -> Dicts:
    """Return schemas that may refer to the components of these names."""
    leaves: Dicts = st.one_of(_SCALARS, _references(names), st.just({}))

    def larger(inner: Dicts) -> Dicts:
        return st.one_of(
            st.builds(lambda items: {"type": "array", "items": items}, inner),
            st.builds(lambda values: {"type": "object", "additionalProperties": values}, inner),
            st.builds(
                lambda parts: {"anyOf": parts},
                st.lists(inner, min_size=1, max_size=3, unique_by=repr),
            ),
            _objects(inner),
        )

    return st.recursive(leaves, larger, max_leaves=4)


@st.composite
def _objects(draw: st.DrawFn, inner: Dicts) -> dict[str, Any]:
    names = draw(_some(_FIELD, 1, 5))
    properties: dict[str, Any] = {}
    for name in names:
        properties[name] = dict(draw(inner))
        if "$ref" not in properties[name]:
            if draw(st.booleans()):
                properties[name]["description"] = draw(TEXT)
            if properties[name].get("type") in ("string", "integer") and draw(st.booleans()):
                properties[name]["nullable"] = True
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema["required"] = draw(_some(st.sampled_from(names), 1, 3))
    if draw(st.integers(0, 3)) == 0:
        schema["additionalProperties"] = draw(st.booleans())
    if draw(st.booleans()):
        schema["description"] = draw(TEXT)
    return schema


@st.composite
def _parameters(draw: st.DrawFn, path: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in path:
        schema = draw(st.sampled_from(_CONSTANTS))
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    for name in draw(_some(_FIELD, 0, 3)):
        schema = draw(_SCALARS)
        found.append({"name": name, "in": "query", "schema": schema, "description": draw(TEXT)})
    if draw(st.booleans()):
        header = draw(st.sampled_from(["X-Trace", "x_trace", "Cookie", "Host", "self"]))
        found.append({"name": header, "in": "header", "schema": {"type": "string"}})
    return found


def _bodies(schemas: Dicts, **fields: st.SearchStrategy[Any]) -> Dicts:
    content = st.builds(lambda schema: {"application/json": {"schema": schema}}, schemas)
    return st.fixed_dictionaries({"description": TEXT, "content": content, **fields})


def _operations(method: str, arguments: list[str], names: list[str]) -> Dicts:
    responses = {"200": _bodies(_schemas(names)), "default": _bodies(_references(names))}
    return st.fixed_dictionaries(
        {
            "operationId": st.just(method),
            "summary": TEXT,
            "description": TEXT,
            "parameters": _parameters(arguments),
            "requestBody": _bodies(
                st.one_of(_references(names), _schemas(names)), required=st.booleans()
            ),
            "responses": st.fixed_dictionaries(responses),
        }
    )


@st.composite
def projects(draw: st.DrawFn) -> Project:
    """Give a project of one document."""
    names = draw(_some(_COMPONENT, 1, 4))
    paths: dict[str, Any] = {}
    for number, method in enumerate(draw(_some(_METHOD, 1, 3))):
        arguments = draw(_some(_ARGUMENT, 0, 2))
        path = "/".join([f"/p{number}", *(f"{{{name}}}" for name in arguments)])
        operation = draw(_operations(method, arguments, names))
        paths[path] = {draw(st.sampled_from(["post", "put", "patch"])): operation}
    document = {
        "openapi": "3.0.3",
        "info": {"title": draw(TEXT), "version": "1", "description": draw(TEXT)},
        "servers": [{"url": "https://api.example.com"}],
        "paths": paths,
        "components": {"schemas": {name: draw(_objects(_schemas(names))) for name in names}},
    }
    return Project({"v1/things.json": document})

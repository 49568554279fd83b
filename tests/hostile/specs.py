"""Whole specs by Hypothesis: valid ones, and valid ones that are broken in one place."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import strategies as st

from tests.hostile.corpus import CORPUS
from tests.hostile.project import Project

_PREFIX = "#/components/schemas/"
_TEXTS = tuple(one.text for one in CORPUS if len(one.text) < 300 and one.text.isprintable())
# Whatever YAML lets in: no control characters, and no halves of surrogate pairs.
_ANY_TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=30)
TEXT = st.one_of(st.sampled_from(_TEXTS), _ANY_TEXT)
"""Any text of a spec."""

_WORDS = st.sampled_from(
    "id name value kind fooBar foo_bar class self _id __x 2fa é ﬁ Any str".split()
)
_FIELD = st.one_of(_WORDS, TEXT)
_COMPONENT = st.sampled_from(
    ["Thing", "thing", "Any", "Client", "List", "A-b", "A_b", "B.c", "None", "X1"]
)
_NUMBERS = st.one_of(st.integers(-(2**53), 2**53), st.floats(-1e9, 1e9, allow_nan=False))


@st.composite
def _strings(draw: st.DrawFn) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    match draw(st.integers(0, 5)):
        case 0:
            schema["enum"] = draw(st.lists(TEXT, min_size=1, max_size=4, unique=True))
        case 1:
            schema["format"] = draw(st.sampled_from(["date-time", "date", "uuid", "email", "byte"]))
        case 2:
            schema["minLength"] = draw(st.integers(0, 5))
            schema["maxLength"] = draw(st.integers(5, 9))
        case 3:
            schema["default"] = draw(TEXT)
        case _:
            pass
    return schema


@st.composite
def _numbers(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(["integer", "number", "boolean"]))
    schema: dict[str, Any] = {"type": name}
    if name != "boolean" and draw(st.booleans()):
        schema["minimum"] = draw(st.integers(-5, 0))
        schema["exclusiveMinimum"] = draw(st.booleans())
    if name == "integer" and draw(st.booleans()):
        schema["default"] = draw(st.integers(0, 9))
    return schema


def _references(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    return st.sampled_from([{"$ref": f"{_PREFIX}{name}"} for name in names])


def _schemas(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Return schemas that may refer to the components of these names."""
    leaves = st.one_of(_strings(), _numbers(), _references(names), st.just({}))

    def larger(inner: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
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
def _objects(draw: st.DrawFn, inner: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    names = draw(st.lists(_FIELD, min_size=1, max_size=5, unique=True))
    properties: dict[str, Any] = {}
    for name in names:
        properties[name] = dict(draw(inner))
        if "$ref" not in properties[name]:
            if draw(st.booleans()):
                properties[name]["description"] = draw(TEXT)
            if properties[name].get("type") in ("string", "integer") and draw(st.booleans()):
                properties[name]["nullable"] = True
    schema: dict[str, Any] = {"type": "object", "properties": properties}
    schema["required"] = draw(st.lists(st.sampled_from(names), min_size=1, max_size=3, unique=True))
    if draw(st.integers(0, 3)) == 0:
        schema["additionalProperties"] = draw(st.booleans())
    if draw(st.booleans()):
        schema["description"] = draw(TEXT)
    return schema


@st.composite
def _parameters(draw: st.DrawFn, path: list[str]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    for name in path:
        schema = draw(
            st.sampled_from(
                [{"type": "string"}, {"type": "integer"}, {"type": "string", "enum": ["a b"]}]
            )
        )
        found.append({"name": name, "in": "path", "required": True, "schema": schema})
    for name in draw(st.lists(_FIELD, max_size=3, unique=True)):
        schema = draw(st.one_of(_strings(), _numbers()))
        found.append({"name": name, "in": "query", "schema": schema, "description": draw(TEXT)})
    if draw(st.booleans()):
        header = draw(st.sampled_from(["X-Trace", "x_trace", "Cookie", "Host", "self"]))
        found.append({"name": header, "in": "header", "schema": {"type": "string"}})
    return found


@st.composite
def documents(draw: st.DrawFn) -> dict[str, Any]:
    """Give a document, valid in nearly all cases."""
    names = draw(st.lists(_COMPONENT, min_size=1, max_size=4, unique=True))
    schemas = {name: draw(_objects(_schemas(names))) for name in names}
    paths: dict[str, Any] = {}
    methods = draw(
        st.lists(
            st.sampled_from(["sendAll", "2fa", "class", "send_body", "send", "X"]),
            min_size=1,
            max_size=3,
            unique=True,
        )
    )
    for number, method in enumerate(methods):
        arguments = draw(
            st.lists(
                st.sampled_from(["id", "objectType", "upsert", "self"]), max_size=2, unique=True
            )
        )
        body = draw(st.one_of(_references(names), _schemas(names)))
        operation: dict[str, Any] = {
            "operationId": method,
            "summary": draw(TEXT),
            "description": draw(TEXT),
            "parameters": draw(_parameters(arguments)),
            "requestBody": {
                "required": draw(st.booleans()),
                "description": draw(TEXT),
                "content": {"application/json": {"schema": body}},
            },
            "responses": {
                "200": {
                    "description": draw(TEXT),
                    "content": {"application/json": {"schema": draw(_schemas(names))}},
                },
                "default": {
                    "description": draw(TEXT),
                    "content": {"application/json": {"schema": draw(_references(names))}},
                },
            },
        }
        path = "/".join([f"/p{number}", *(f"{{{name}}}" for name in arguments)])
        paths[path] = {draw(st.sampled_from(["post", "put", "patch"])): operation}
    return {
        "openapi": "3.0.3",
        "info": {"title": draw(TEXT), "version": "1", "description": draw(TEXT)},
        "servers": [{"url": "https://api.example.com"}],
        "paths": paths,
        "components": {"schemas": schemas},
    }


_JUNK = st.one_of(
    st.sampled_from(
        [None, [], {}, "", True, 0, -1.5, [None], {"a": 1}, {"$ref": "#"}, {"$ref": 1}]
    ),
    st.sampled_from(
        [{"$ref": f"{_PREFIX}Thing"}, {"type": "array"}, {"allOf": [{"$ref": f"{_PREFIX}X1"}]}]
    ),
    TEXT,
    _NUMBERS,
)


@st.composite
def broken(draw: st.DrawFn, whole: st.SearchStrategy[dict[str, Any]]) -> dict[str, Any]:
    """Give a document that is broken in one place: something else stands there, or nothing."""
    document = copy.deepcopy(draw(whole))
    parent: Any = document
    while True:
        steps = list(parent) if isinstance(parent, dict) else list(range(len(parent)))
        step = draw(st.sampled_from(steps))
        inner = parent[step]
        if not isinstance(inner, (dict, list)) or not inner or draw(st.integers(0, 5)) == 0:
            break
        parent = inner
    match draw(st.integers(0, 2)):
        case 0:
            del parent[step]
        case 1 if isinstance(parent, dict):
            parent[draw(TEXT)] = parent.pop(step)
        case _:
            parent[step] = draw(_JUNK)
    return document


def projects(documents_of: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[Project]:
    """Return projects of one document."""
    return st.builds(lambda one: Project({"v1/things.json": one}), documents_of)

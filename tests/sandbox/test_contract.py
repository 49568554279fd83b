"""Whatever the sandbox is asked, it answers as the specs say."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.sandbox.contract import Match, Operation, load_contract
from hypothesis import event, given, settings
from hypothesis import strategies as st
from openapi_schema_validator import OAS30Validator
from referencing import Registry, Resource
from referencing.jsonschema import SchemaRegistry
from upsertgen.specs import Specs, read
from upsertgen.specs.references import Node

OPERATIONS = [
    one
    for one in load_contract().operations
    if one.roles or one.property_query or one.account_query
]
KEYS = {
    label: [
        name for name, one in load_contract().standard_properties.of(label).items() if one.unique
    ]
    for label in {one.label for one in OPERATIONS}
}
WITH_KEYS = [one for one in OPERATIONS if one.roles is not None and KEYS[one.label]]
LISTINGS = [one for one in OPERATIONS if one.property_query is not None]
UNLIMITED = Options(burst_limit=None, daily_limit=None)
SPECS = Path(__file__).parents[2] / "specs"
_BASE = "https://specs.example/"

_EMAILS = ["a@example.com", "A@Example.com", "b@example.com", "no-email"]
_TEXTS = st.sampled_from([*_EMAILS, "", "1", "x" * 300, "é\x00\u2028"])
_KEYS = ["email", "hs_sku", "hs_external_id", "hs_external_object_ids", "hs_object_id"]
_NAMES = st.sampled_from([*_KEYS, "firstname", "nothing"])
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
_ARGUMENTS = st.sampled_from(
    ["contacts", "0-3", "2-123", "nowhere", "12", "-1", "%2e%2e%2fx", "a%00b"]
)


# What the specs say about bodies, asked without the sandbox's own contract.


@cache
def specs() -> Specs:
    """The project's specs, corrected by their overlays."""
    return read(SPECS)


def problems(node: Node, body: object) -> list[str]:
    """Return what is wrong with a body, by the schema that stands in a document."""
    place = "/".join(str(step).replace("~", "~0").replace("/", "~1") for step in node.pointer)
    wrong = _validator(f"{_BASE}{node.document.key}#/{place}").iter_errors(body)
    return [f"{'/'.join(map(str, one.path))}: {one.message}" for one in wrong]


def answer_schema(operation: Operation, status: int) -> Node:
    """Return the schema of the body that an operation answers with."""
    node = next(
        node
        for document in specs().documents.values()
        if (document.version, document.object_type) == (operation.version, operation.label)
        for node in _operations(document.key)
        if node.value["operationId"] == operation.name
    )
    key = str(status) if str(status) in node.value["responses"] else "default"
    assert key != "default" or not 200 <= status < 300, f"{status} is not declared"
    content = specs().follow(node.child("responses", key)).child("content")
    return content.child("application/json", "schema")


def named_examples() -> Iterator[tuple[str, Node, Any]]:
    """Yield each named example: where it stands, the schema of its body, and the body."""
    for key, document in specs().documents.items():
        for operation in _operations(key):
            contents = [operation.child("requestBody")] if "requestBody" in operation.value else []
            contents += [
                operation.child("responses", status) for status in operation.value["responses"]
            ]
            for content in contents:
                body = specs().follow(content)
                if "content" not in body.value:
                    continue
                media_type = body.child("content", "application/json")
                for name, example in media_type.value.get("examples", {}).items():
                    yield f"{document.key} {name}", media_type.child("schema"), example["value"]


def _operations(key: str) -> Iterator[Node]:
    document = specs().documents[key]
    paths = Node(document, (), document.data).child("paths")
    for path, item in paths.value.items():
        for method in item:
            yield paths.child(path, method)


@cache
def _validator(reference: str) -> OAS30Validator:
    return OAS30Validator({"$ref": reference}, registry=_registry())


@cache
def _registry() -> SchemaRegistry:
    registry: SchemaRegistry = Registry()
    return registry.with_resources(
        (f"{_BASE}{key}", Resource.opaque(document.data))
        for key, document in specs().documents.items()
    )


def test_every_operation_of_the_specs_is_served() -> None:
    published = {
        (document.version, document.object_type)
        for document in specs().documents.values()
        if document.data["paths"]
    }
    assert {(one.version, one.label) for one in OPERATIONS} == published


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(UNLIMITED) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def http(sandbox: Sandbox) -> Iterator[httpx2.Client]:
    with httpx2.Client(
        base_url=sandbox.url, headers={"Authorization": "Bearer token"}, timeout=60
    ) as client:
        yield client


_QUERY = st.dictionaries(
    st.sampled_from(["archived", "dataSensitivity", "limit"]),
    st.sampled_from(["true", "false", "non_sensitive", ""]),
    max_size=2,
)


def _record(operation: Operation) -> st.SearchStrategy[dict[str, Any]]:
    roles = operation.roles
    assert roles is not None
    if roles.properties is not None:
        return st.fixed_dictionaries(
            {"id": _TEXTS, "properties": st.dictionaries(_NAMES, st.none() | _TEXTS, max_size=3)},
            optional={"idProperty": _NAMES, "objectWriteTraceId": _TEXTS},
        )
    if roles.key == "portalId":
        states = st.sampled_from(["ABSENT", "OFF", "ON", "OTHER"])
        return st.fixed_dictionaries({"portalId": st.integers(0, 3), "flagState": states})
    split = st.fixed_dictionaries({"ownerId": st.integers(0, 9), "percentage": st.floats(0, 100)})
    return st.fixed_dictionaries({"id": st.integers(0, 3), "splits": st.lists(split, max_size=2)})


def _bodies(operation: Operation) -> st.SearchStrategy[Any]:
    assert operation.roles is not None
    inputs = st.lists(_record(operation), max_size=4)
    key = next(iter(KEYS[operation.label]), "email")
    likely = st.builds(_likely, inputs, st.booleans(), st.sampled_from([key, key, key, None]))
    field = operation.roles.inputs
    whole = likely.map(lambda records: {field: records})
    too_many = _record(operation).map(lambda record: {field: [record] * 101})
    return st.one_of(
        whole, whole, whole, too_many, st.builds(dict), _JSON, _JSON.map(lambda x: {field: x})
    )


def _likely(records: list[dict[str, Any]], traced: bool, key: str | None) -> list[dict[str, Any]]:
    """Records with trace ids of their own and one key property, so that most requests are done."""
    for number, record in enumerate(records):
        if "properties" in record and traced:
            record["objectWriteTraceId"] = f"row-{number}"
        if "properties" in record and key is not None:
            record["idProperty"] = key
            record["id"] = f"{number}{record['id']}"
            known = (key, "email", "firstname") if key == "email" else (key,)
            record["properties"] = {
                name: value for name, value in record["properties"].items() if name in known
            }
    return records


@pytest.mark.parametrize("examples", [100, pytest.param(1_000, marks=pytest.mark.large)])
def test_every_answer_fits_the_schema_of_its_operation_and_status(
    http: httpx2.Client, examples: int
) -> None:
    @settings(max_examples=examples)
    @given(st.data())
    def ask(data: st.DataObject) -> None:
        _ask(http, data)

    ask()


def _ask(http: httpx2.Client, data: st.DataObject) -> None:
    some = data.draw(st.sampled_from([OPERATIONS, WITH_KEYS, WITH_KEYS, LISTINGS]))
    operation = some[data.draw(st.integers(0, len(some) - 1))]
    path = operation.path
    for name in operation.arguments:
        path = path.replace(f"{{{name}}}", data.draw(_ARGUMENTS))
    query = data.draw(_QUERY) if operation.query else {}
    body = b"" if operation.roles is None else json.dumps(data.draw(_bodies(operation))).encode()
    if data.draw(st.integers(0, 9)) == 0:
        body = data.draw(st.binary(max_size=20))
    kind = data.draw(st.sampled_from(["application/json"] * 9 + ["text/plain"]))
    headers = {"Content-Type": kind}
    response = http.request(operation.method, path, params=query, content=body, headers=headers)
    assert response.status_code < 500, response.text
    if response.status_code == 404:
        # An argument with a slash in it leads to no operation at all.
        assert "%2f" in path
        return
    answered = load_contract().find(operation.method, path)
    assert isinstance(answered, Match)
    event(f"{response.status_code}")
    schema = answer_schema(answered.operation, response.status_code)
    assert problems(schema, response.json()) == []


def _path(operation: Operation) -> str:
    """A path that leads to an operation."""
    path = operation.path
    for name in operation.arguments:
        path = path.replace(f"{{{name}}}", "1" if name in operation.integers else "contacts")
    return path


@pytest.mark.parametrize(
    "fault", ["locked", "rate-limit", "daily-limit", "account-moving", "server"]
)
def test_answers_of_a_server_that_fails_fit_too(
    sandbox: Sandbox, http: httpx2.Client, fault: str
) -> None:
    for operation in OPERATIONS:
        headers = {"Sandbox-Fault": fault}
        response = http.request(operation.method, _path(operation), json={}, headers=headers)
        assert response.status_code >= 400
        schema = answer_schema(operation, response.status_code)
        assert problems(schema, response.json()) == []


def test_named_examples_fit_their_schemas() -> None:
    examples = list(named_examples())
    assert len(examples) > len(OPERATIONS)
    wrong = {place: found for place, schema, body in examples if (found := problems(schema, body))}
    assert wrong == {}


def test_every_operation_is_served_and_remembered() -> None:
    with (
        Sandbox(Options(burst_limit=None, create_properties=True)) as sandbox,
        httpx2.Client(timeout=60) as client,
    ):
        versions = defaultdict[str, set[str]](set)
        for operation in OPERATIONS:
            versions[_path(operation)].add(operation.version)
        for operation in OPERATIONS:
            path = _path(operation)
            request = partial(client.request, operation.method, sandbox.url + path, json={})
            assert request().status_code == 401, path
            answer = request(headers={"Authorization": "Bearer token"})
            # Some bodies have fields that are required; what is refused is refused in a body.
            assert answer.status_code in {200, 201, 204, 400}, (path, answer.text)
            if answer.status_code == 400:
                assert answer.json()["message"], path
            for header in operation.policy.rate_limit_headers.values():
                assert (header.lower() in answer.headers) is ("daily" in header.lower()), header
            entry = sandbox.requests[-1]
            # Two resources, or versions, may share a path; then it is one of them.
            assert entry.path == path
            assert entry.operation is not None
            assert entry.operation.partition(" ")[0] in versions[path]
        state = client.get(f"{sandbox.url}/_sandbox/state").json()
        assert state["versions"] == list(load_contract().versions)
        assert {operation.label for operation in OPERATIONS if operation.roles} >= {
            one["object_type"] for one in state["objects"]
        }
        page = client.get(sandbox.url)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]

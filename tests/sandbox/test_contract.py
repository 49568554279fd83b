"""Whatever the sandbox is asked, it answers as the specs say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.sandbox.contract import Match, Operation, load_contract
from hypothesis import event, given, settings
from hypothesis import strategies as st
from upsertgen.specs.references import Node

from tests.sandbox.published import answer_schema, named_examples, problems, specs

OPERATIONS = load_contract().operations
WITH_KEYS = [one for one in OPERATIONS if one.behaviour.properties]
UNLIMITED = Options(burst_limit=None, daily_limit=None)

_TEXTS = st.sampled_from(
    [
        "",
        "a@example.com",
        "A@Example.com",
        "b@example.com",
        "no-email",
        "1",
        "x" * 300,
        "é\x00\u2028",
    ]
)
_NAMES = st.sampled_from(
    [
        "email",
        "firstname",
        "hs_sku",
        "hs_external_id",
        "hs_external_object_ids",
        "nothing",
        "hs_object_id",
    ]
)
_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=5,
)
_ARGUMENTS = st.sampled_from(
    ["contacts", "0-3", "2-123", "nowhere", "12", "-1", "%2e%2e%2fx", "a%00b"]
)


def test_every_operation_of_the_specs_is_served() -> None:
    published = {
        (document.version, document.name)
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
    key = next(iter(operation.behaviour.properties), "email")
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
    some = data.draw(st.sampled_from([OPERATIONS, WITH_KEYS, WITH_KEYS]))
    operation = some[data.draw(st.integers(0, len(some) - 1))]
    path = operation.path
    for name in operation.arguments:
        path = path.replace(f"{{{name}}}", data.draw(_ARGUMENTS))
    body = json.dumps(data.draw(_bodies(operation))).encode()
    if data.draw(st.integers(0, 9)) == 0:
        body = data.draw(st.binary(max_size=20))
    kind = data.draw(st.sampled_from(["application/json"] * 9 + ["text/plain"]))
    response = http.post(path, content=body, headers={"Content-Type": kind})
    assert response.status_code < 500, response.text
    if response.status_code == 404:
        # An argument with a slash in it leads to no operation at all.
        assert "%2f" in path
        return
    answered = load_contract().find("POST", path)
    assert isinstance(answered, Match)
    event(f"{response.status_code}")
    schema = _schema(answered.operation, response)
    assert problems(schema, response.json()) == []


def _schema(operation: Operation, response: httpx2.Response) -> Node:
    schema = answer_schema(operation.version, operation.label, response.status_code)
    assert schema is not None, f"{response.status_code} is not declared"
    return schema


@pytest.mark.parametrize(
    "fault", ["locked", "rate-limit", "daily-limit", "account-moving", "server"]
)
def test_answers_of_a_server_that_fails_fit_too(
    sandbox: Sandbox, http: httpx2.Client, fault: str
) -> None:
    for operation in OPERATIONS:
        path = operation.path
        for name in operation.arguments:
            path = path.replace(f"{{{name}}}", "1" if name in operation.integers else "contacts")
        response = http.post(path, json={}, headers={"Sandbox-Fault": fault})
        schema = _schema(operation, response)
        assert response.status_code >= 400
        assert problems(schema, response.json()) == []


def test_named_examples_fit_their_schemas() -> None:
    examples = list(named_examples())
    assert len(examples) > len(OPERATIONS)
    wrong = {place: found for place, schema, body in examples if (found := problems(schema, body))}
    assert wrong == {}

"""What holds for all versions: the same names and parameters, every published operation, and answers."""

from __future__ import annotations

import inspect
import json
import re
from collections import defaultdict
from types import ModuleType
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hubspot_upsert import errors
from hubspot_upsert._policies import POLICY
from hubspot_upsert.sandbox.contract import load_contract

from tests.endpoints import SUCCESS, Endpoint, operations_of, published
from tests.inventory import OPERATIONS, PACKAGES, Operation, attributes, object_types
from tests.servers import TOKEN, Caller

ARGUMENTS: dict[str, Any] = {"integer": 77, "string": "my own"}
"""By the types of path parameters."""

RESULTS = {
    (one.version, one.resource): one.roles.results
    for one in load_contract().operations
    if one.roles is not None
}
"""The fields of answers that hold the results, by version and object type."""

WITH_WARNINGS: dict[str, Any] = {
    **SUCCESS["results"][0],
    "url": "https://app.example.com/512",
    "warnings": [
        {"category": "PROPERTY_VALUE_NORMALIZED", "message": "changed", "context": {"name": "x"}}
    ],
}
WARNING_OF_2026_09 = {
    "category": "PROPERTY_VALUE_NORMALIZED",
    "message": "changed",
    "rawValue": " x",
    "normalizedValue": "x",
    "propertyName": "name",
    "context": {},
}


def test_every_published_operation_is_there() -> None:
    upserts = [one for one in OPERATIONS if one.name == "batch_upsert"]
    found = {(one.version, one.object_type): one for one in upserts}
    assert {one[:2] for one in published()} - found.keys() == set()
    for version, object_type, expected in published():
        one = found[version, object_type]
        assert one.method == "POST"
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(expected))
        assert re.fullmatch(pattern, one.path), f"{one.path} is published as {expected}"


def test_operations_do_not_share_a_path() -> None:
    # Custom objects are asked for where any object type may be, and all versions ask of one account.
    others = ("custom_objects", "account")
    paths = [(one.method, one.path) for one in OPERATIONS if one.object_type not in others]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("label", PACKAGES)
def test_clients_have_the_object_types_of_the_specs_and_no_other(label: str) -> None:
    version, expected = PACKAGES[label], object_types(label)
    assert sorted(attributes(version)) == sorted(expected)
    for client in (version.Client(TOKEN), version.AsyncClient(TOKEN)):
        for object_type in expected:
            members = inspect.getmembers(type(getattr(client, object_type)), inspect.isfunction)
            assert {name for name, _ in members if not name.startswith("_")} == methods(
                label, object_type
            )


def methods(label: str, object_type: str) -> set[str]:
    """The methods of an object type: its operations, and the bulk methods of an upsert."""
    names = {
        one.name for one in OPERATIONS if (one.version, one.object_type) == (label, object_type)
    }
    return names | ({"iter_upsert", "upsert"} if "batch_upsert" in names else set())


def test_each_operation_sends_where_its_spec_says() -> None:
    """Only the way to a socket is left out: `test_endpoints.py` goes it with some of them."""
    sent: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        fields: dict[str, Any] = {name: [] for name in RESULTS.values() if name}
        of_other_operations = {
            "id": "1",
            "properties": {},
            "total": 0,
            "name": "x",
            "type": "string",
        }
        body = {**SUCCESS, **fields, **of_other_operations}
        return httpx2.Response(200, json=body)

    for operation in OPERATIONS:
        expected = call(operation, httpx2.MockTransport(respond))
        request = sent.pop()
        assert f"{request.method} {request.url.raw_path.decode()}" == expected, operation
    assert sent == []


def call(operation: Operation, transport: httpx2.MockTransport) -> str:
    """Call an operation, and give the method and path that its spec asks for."""
    version, object_type = PACKAGES[operation.version], operation.object_type
    values = {name: ARGUMENTS[schema["type"]] for name, schema in operation.parameters.items()}
    arguments = {snake_case(name): value for name, value in values.items()}
    for name, parameter in signature(version, object_type, operation.name).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            arguments.setdefault(name, "x" if parameter.annotation == "str" else [])
    kind = "async" if object_type == "tasks" else "sync"
    Caller(kind, version.Client, version.AsyncClient).call(
        lambda client: getattr(getattr(client, object_type), operation.name)(**arguments),
        transport=transport,
    )
    path = re.sub(r"{(\w+)}", lambda match: quote(str(values[match[1]]), safe=""), operation.path)
    return f"{operation.method} {path}"


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])[A-Z]", lambda match: f"_{match[0].lower()}", name)


def signature(
    version: ModuleType, object_type: str, name: str, client: str = "Client"
) -> inspect.Signature:
    member = getattr(getattr(version, client)(TOKEN), object_type)
    return inspect.signature(getattr(member, name))


def test_all_operations_but_creations_share_one_policy_and_read_error_bodies() -> None:
    places = {(one.version, one.object_type) for one in OPERATIONS}
    every = [one for label, name in places for one in operations_of(PACKAGES[label], name)]
    assert len(every) == len(OPERATIONS)
    assert [one.path for one in every if one.error is None] == []
    others = [one for one in every if one.policy != POLICY]
    # Whether what cannot be done twice was done is not known after some errors.
    assert {one.name for one in others} == {"properties.create"}
    for rule, same in zip(others[0].policy.rules, POLICY.rules, strict=True):
        assert rule.retry == (same.retry and rule.error is not errors.ServerError)
    assert (others[0].policy.retry_transport, POLICY.retry_transport) == (False, True)


@pytest.mark.parametrize("label", PACKAGES)
def test_help_explains_each_argument(label: str) -> None:
    version = PACKAGES[label]
    client = version.Client(TOKEN)
    for object_type in attributes(version):
        for name in methods(label, object_type) - {"iter_upsert"}:
            method = getattr(getattr(client, object_type), name)
            explained = re.findall(r"^    (\w+): ", inspect.getdoc(method) or "", re.MULTILINE)
            arguments = list(inspect.signature(method).parameters)
            assert explained[: len(arguments)] == arguments, (object_type, name)


def test_names_and_parameters_are_the_same_in_all_versions() -> None:
    found: dict[tuple[str, str], set[Any]] = defaultdict(set)
    for one in OPERATIONS:
        for client in ("Client", "AsyncClient"):
            there = signature(PACKAGES[one.version], one.object_type, one.name, client)
            kept = tuple((it.name, it.kind, it.default) for it in there.parameters.values())
            found[one.object_type, one.name].add(kept)
    assert {name: one for name, one in found.items() if len(one) > 1} == {}
    constructors = [
        inspect.signature(getattr(version, client))
        for version in PACKAGES.values()
        for client in ("Client", "AsyncClient")
    ]
    assert len({tuple(one.parameters) for one in constructors}) == 1


@pytest.mark.parametrize("status", [200, 207])
@pytest.mark.parametrize("version", PACKAGES.values(), ids=PACKAGES)
@pytest.mark.parametrize("object_type", ["contacts", "objects", "tasks"])
def test_each_version_reads_the_answers_of_the_others(
    object_type: str, version: ModuleType, status: int
) -> None:
    endpoint = Endpoint(version, object_type, "")
    for result in (
        SUCCESS["results"][0],
        WITH_WARNINGS,
        {**WITH_WARNINGS, "warnings": [WARNING_OF_2026_09]},
        {**WITH_WARNINGS, "warnings": [], "properties": {"a": None}},
    ):
        body = {**SUCCESS, "results": [result], "numErrors": 0, "errors": []}
        response = endpoint.answered(status, body)
        assert json.loads(response.model_dump_json(by_alias=True))["results"][0]["id"] == "512"
        assert response.results[0].properties == result["properties"]
        assert response.errors == []

"""What holds for all versions: the same names and parameters, every published operation, and answers."""

from __future__ import annotations

import inspect
import json
import re
from functools import cached_property
from itertools import groupby
from types import ModuleType
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from hubspot_upsert.sandbox.contract import load_contract

from tests.endpoints import SUCCESS, Endpoint, published
from tests.inventory import OPERATIONS, PACKAGES, Operation
from tests.inventory import object_types as specified_types
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


def object_types(version: ModuleType) -> list[str]:
    members = vars(version.Client).items()
    return [name for name, member in members if isinstance(member, cached_property)]


def test_every_published_operation_is_there() -> None:
    found = {(one.version, one.object_type): one for one in OPERATIONS}
    assert {one[:2] for one in published()} - found.keys() == set()
    for version, object_type, expected in published():
        one = found[version, object_type]
        assert (one.name, one.method) == ("batch_upsert", "POST")
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(expected))
        assert re.fullmatch(pattern, one.path), f"{one.path} is published as {expected}"


def test_operations_do_not_share_a_path() -> None:
    # Custom objects are asked for where any object type may be.
    paths = [one.path for one in OPERATIONS if one.object_type != "custom_objects"]
    assert len(paths) == len(set(paths))


@pytest.mark.parametrize("label", PACKAGES)
def test_clients_have_the_object_types_of_the_specs_and_no_other(label: str) -> None:
    version, expected = PACKAGES[label], specified_types(label)
    assert sorted(object_types(version)) == sorted(expected)
    for client in (version.Client(TOKEN), version.AsyncClient(TOKEN)):
        for object_type in expected:
            members = inspect.getmembers(type(getattr(client, object_type)), inspect.isfunction)
            assert [name for name, _ in members if not name.startswith("_")] == [
                "batch_upsert",
                "iter_upsert",
                "upsert",
            ]


def test_each_operation_sends_where_its_spec_says() -> None:
    """Only the way to a socket is left out: `test_endpoints.py` goes it with some of them."""
    sent: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        sent.append(request)
        fields: dict[str, list[Any]] = {name: [] for name in RESULTS.values()}
        return httpx2.Response(200, json={**SUCCESS, "results": [], **fields})

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
    for name, parameter in signature(version, object_type).parameters.items():
        if parameter.default is inspect.Parameter.empty:
            arguments.setdefault(name, [])
    kind = "async" if object_type == "tasks" else "sync"
    Caller(kind, version.Client, version.AsyncClient).call(
        lambda client: getattr(getattr(client, object_type), operation.name)(**arguments),
        transport=transport,
    )
    path = re.sub(r"{(\w+)}", lambda match: quote(str(values[match[1]]), safe=""), operation.path)
    return f"{operation.method} {path}"


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])[A-Z]", lambda match: f"_{match[0].lower()}", name)


def signature(version: ModuleType, object_type: str, client: str = "Client") -> inspect.Signature:
    member = getattr(getattr(version, client)(TOKEN), object_type)
    return inspect.signature(member.batch_upsert)


def test_names_and_parameters_are_the_same_in_all_versions() -> None:
    pairs = sorted(
        (object_type, label)
        for label, version in PACKAGES.items()
        for object_type in object_types(version)
    )
    compared = 0
    for object_type, group in groupby(pairs, key=lambda pair: pair[0]):
        found = {
            tuple(
                (one.name, one.kind, one.default)
                for one in signature(PACKAGES[label], object_type, client).parameters.values()
            )
            for _, label in group
            for client in ("Client", "AsyncClient")
        }
        assert len(found) == 1, f"{object_type} differs: {found}"
        compared += 1
    assert compared == len({one.object_type for one in OPERATIONS})
    constructors = [
        inspect.signature(getattr(version, client))
        for version in PACKAGES.values()
        for client in ("Client", "AsyncClient")
    ]
    assert len({tuple(one.parameters) for one in constructors}) == 1


def test_bodies_that_several_versions_have_are_the_same_class() -> None:
    models = [version.models for version in PACKAGES.values()]
    for name in ("Error", "ErrorDetail", "StandardError", "SimplePublicObjectBatchInputUpsert"):
        assert len({getattr(one, name) for one in models}) == 1


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

"""What holds for all versions: the same names and parameters, every published operation, and answers."""

from __future__ import annotations

import csv
import inspect
import json
import re
from functools import cached_property
from itertools import groupby
from pathlib import Path
from types import ModuleType
from typing import Any

import hubspot_upsert.v3
import hubspot_upsert.v2025_09
import hubspot_upsert.v2026_03
import pytest
import yaml

from tests.endpoints import DATA, SUCCESS
from tests.servers import TOKEN, Caller, Server, answer

SPECS = Path(__file__).parent.parent / "specs"
VERSIONS: dict[str, ModuleType] = {
    "v3": hubspot_upsert.v3,
    "2025-09": hubspot_upsert.v2025_09,
    "2026-03": hubspot_upsert.v2026_03,
}
ARGUMENTS: dict[str, Any] = {
    "objectType": "2-123456",
    "appId": 77,
    "flagName": "my flag",
    "inputs": [],
    "portal_states": [],
}
"""By the names of path parameters in the specs, and of the other parameters of methods."""

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


def operations() -> list[tuple[str, str, str, str, str]]:
    """Read version, object type, method name, HTTP method and path of each operation from the specs."""
    found: list[tuple[str, str, str, str, str]] = []
    for file in sorted(SPECS.glob("*/*.yaml")):
        if file.parent.name in VERSIONS:
            document = yaml.safe_load(file.read_text("utf-8"))
            for path, item in document["paths"].items():
                for method, operation in item.items():
                    constants = {
                        one["name"]: one["schema"]["enum"][0]
                        for one in operation.get("parameters", ())
                        if len(one["schema"].get("enum", ())) == 1
                    }
                    for name, value in constants.items():
                        path = path.replace(f"{{{name}}}", value)
                    name = operation["operationId"]
                    found.append((file.parent.name, file.stem, name, method.upper(), path))
    return found


OPERATIONS = operations()


def published() -> list[tuple[str, str, str]]:
    """Read version, object type and path of each operation that the API's documents publish."""
    with (DATA / "endpoints.csv").open(encoding="utf-8", newline="") as file:
        return [(row["version"], row["object_type"], row["path"]) for row in csv.DictReader(file)]


def object_types(version: ModuleType) -> list[str]:
    members = vars(version.Client).items()
    return [name for name, member in members if isinstance(member, cached_property)]


def test_every_published_operation_is_there() -> None:
    assert len(published()) == 105
    assert [one[:2] for one in OPERATIONS] == sorted(
        (one[:2] for one in published()), key=lambda one: (one[0], f"{one[1]}.yaml")
    )
    for (_, _, name, method, path), (_, _, expected) in zip(
        OPERATIONS, sorted(published(), key=lambda one: (one[0], f"{one[1]}.yaml")), strict=True
    ):
        assert (name, method) == ("batch_upsert", "POST")
        pattern = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(expected))
        assert re.fullmatch(pattern, path), f"{path} is published as {expected}"


def test_operations_do_not_share_a_path() -> None:
    paths = [path for _, object_type, _, _, path in OPERATIONS if object_type != "custom_objects"]
    assert len(paths) == len(set(paths)) == 102


@pytest.mark.parametrize(("label", "version"), VERSIONS.items())
def test_clients_have_the_object_types_of_the_specs_and_no_other(
    label: str, version: ModuleType
) -> None:
    expected = [object_type for one, object_type, *_ in OPERATIONS if one == label]
    assert sorted(object_types(version)) == sorted(expected)
    for client in (version.Client(TOKEN), version.AsyncClient(TOKEN)):
        for object_type in expected:
            members = inspect.getmembers(type(getattr(client, object_type)), inspect.isfunction)
            assert [name for name, _ in members if not name.startswith("_")] == [
                "batch_upsert",
                "iter_upsert",
                "upsert",
            ]


@pytest.mark.parametrize(
    ("label", "object_type", "name", "method", "path"),
    OPERATIONS,
    ids=[f"{one[0]}-{one[1]}" for one in OPERATIONS],
)
def test_each_operation_sends_where_its_spec_says(
    server: Server, label: str, object_type: str, name: str, method: str, path: str
) -> None:
    empty: dict[str, Any] = {**SUCCESS, "results": [], "portalFlagStates": []}
    server.script = [answer(200, empty)]
    arguments = {
        snake_case(one): ARGUMENTS[one] for one in re.findall(r"{(\w+)}", path)
    } | body_arguments(label, object_type)
    kind = "async" if object_type == "tasks" else "sync"
    version = VERSIONS[label]
    Caller(kind, version.Client, version.AsyncClient).call(
        lambda client: getattr(getattr(client, object_type), name)(**arguments),
        base_url=server.url,
    )
    expected = re.sub(r"{(\w+)}", lambda match: str(ARGUMENTS[match[1]]).replace(" ", "%20"), path)
    assert server.targets == [f"{method} {expected}"]


def body_arguments(label: str, object_type: str) -> dict[str, Any]:
    parameters = signature(VERSIONS[label], object_type).parameters
    return {name: ARGUMENTS[name] for name in parameters if name in ARGUMENTS}


def snake_case(name: str) -> str:
    return re.sub(r"(?<=[a-z])[A-Z]", lambda match: f"_{match[0].lower()}", name)


def signature(version: ModuleType, object_type: str, client: str = "Client") -> inspect.Signature:
    member = getattr(getattr(version, client)(TOKEN), object_type)
    return inspect.signature(member.batch_upsert)


@pytest.mark.parametrize(("label", "version"), VERSIONS.items())
def test_help_explains_each_argument(label: str, version: ModuleType) -> None:
    client = version.Client(TOKEN)
    for object_type in object_types(version):
        for name in ("batch_upsert", "upsert"):
            method = getattr(getattr(client, object_type), name)
            explained = re.findall(r"^    (\w+): ", inspect.getdoc(method) or "", re.MULTILINE)
            arguments = list(inspect.signature(method).parameters)
            assert explained[: len(arguments)] == arguments, (object_type, name)


def test_names_and_parameters_are_the_same_in_all_versions() -> None:
    pairs = sorted(
        (object_type, label)
        for label, version in VERSIONS.items()
        for object_type in object_types(version)
    )
    compared = 0
    for object_type, group in groupby(pairs, key=lambda pair: pair[0]):
        found = {
            tuple(
                (one.name, one.kind, one.default)
                for one in signature(VERSIONS[label], object_type, client).parameters.values()
            )
            for _, label in group
            for client in ("Client", "AsyncClient")
        }
        assert len(found) == 1, f"{object_type} differs: {found}"
        compared += 1
    assert compared == len({object_type for _, object_type, *_ in OPERATIONS})
    constructors = [
        inspect.signature(getattr(version, client))
        for version in VERSIONS.values()
        for client in ("Client", "AsyncClient")
    ]
    assert len({tuple(one.parameters) for one in constructors}) == 1


def test_bodies_that_several_versions_have_are_the_same_class() -> None:
    models = [version.models for version in VERSIONS.values()]
    for name in ("Error", "ErrorDetail", "StandardError", "SimplePublicObjectBatchInputUpsert"):
        assert len({getattr(one, name) for one in models}) == 1


@pytest.mark.parametrize("status", [200, 207])
@pytest.mark.parametrize("version", VERSIONS.values(), ids=VERSIONS)
@pytest.mark.parametrize("object_type", ["contacts", "objects", "tasks"])
def test_each_version_reads_the_answers_of_the_others(
    kind: str, server: Server, object_type: str, version: ModuleType, status: int
) -> None:
    caller = Caller(kind, version.Client, version.AsyncClient)
    arguments = {"object_type": "0-1"} if object_type == "objects" else {}
    for result in (
        SUCCESS["results"][0],
        WITH_WARNINGS,
        {**WITH_WARNINGS, "warnings": [WARNING_OF_2026_09]},
        {**WITH_WARNINGS, "warnings": [], "properties": {"a": None}},
    ):
        body = {**SUCCESS, "results": [result], "numErrors": 0, "errors": []}
        server.script = [answer(status, body)]
        response = caller.call(
            lambda client: getattr(client, object_type).batch_upsert(inputs=[], **arguments),
            base_url=server.url,
        )
        assert json.loads(response.model_dump_json(by_alias=True))["results"][0]["id"] == "512"
        assert response.results[0].properties == result["properties"]
        assert response.errors == []

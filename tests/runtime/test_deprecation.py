"""What a spec calls deprecated warns whoever uses it, in the line that does, and nobody else."""

from __future__ import annotations

import asyncio
import inspect
import linecache
import pickle
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

import pytest

from tests.scenarios import Scenario
from tests.servers import TOKEN, Server, answer

RESULT = {"id": "7", "new": True, "values": {"email": "a"}, "createdAt": "2026-01-02T03:04:05Z"}
ANSWER = {"results": [RESULT], "status": "COMPLETE", "summary": {"count": 1}}
INPUT = {"id": "a", "idProperty": "email", "values": {"email": "a"}}
RECORDS = [{"email": "a"}]


@pytest.fixture
def package(scenario: Callable[[str], Scenario]) -> Scenario:
    return scenario("deprecated")


@contextmanager
def warned(*names: str) -> Iterator[None]:
    """Check that a block warns of these names, each once, in lines of this file that are marked."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    told = " is deprecated in the specification of the API"
    assert [str(one.message) for one in caught] == [f"{name}{told}" for name in names]
    for one in caught:
        assert one.category is DeprecationWarning
        assert one.filename == __file__
        assert linecache.getline(one.filename, one.lineno).endswith("# deprecated\n")


def test_methods_and_parameters_warn_where_they_are_called(
    package: Scenario, server: Server
) -> None:
    server.script = [answer(body=ANSWER)] * 3 + [answer(body=2)]
    with package.module("v2").Client(TOKEN, base_url=server.url) as client:
        with warned("v2.people.batch_upsert"):
            response = client.people.batch_upsert(inputs=[INPUT], dry_run=True)  # deprecated
        assert response.results[0].id == "7"
        with warned("v2.people.upsert"):
            report = client.people.upsert(RECORDS, id_property="email")  # deprecated
        with warned("v2.people.iter_upsert"):
            outcomes = client.people.iter_upsert(RECORDS, id_property="email")  # deprecated
        with warned():
            assert [one.status for one in (*report.outcomes, *outcomes)] == ["created"] * 2
            # A parameter that has to be given, and one that is not.
            assert client.people.count(shop="a", kinds=None) == 2
        with warned("v2.people.count(kinds)"):
            assert client.people.count(shop="a", kinds=["b"]) == 2  # deprecated
    assert server.targets[-2:] == ["GET /people/a/count", "GET /people/a/count?kinds=b"]


def test_an_asynchronous_client_warns_where_a_method_is_called(
    package: Scenario, server: Server
) -> None:
    server.script = [answer(body=ANSWER)] * 3 + [answer(body=2)]

    async def call() -> None:
        async with package.module("v2").AsyncClient(TOKEN, base_url=server.url) as client:
            with warned("v2.people.batch_upsert"):
                response = client.people.batch_upsert(inputs=[INPUT])  # deprecated
            with warned("v2.people.upsert"):
                report = client.people.upsert(RECORDS, id_property="email")  # deprecated
            with warned("v2.people.iter_upsert"):
                outcomes = client.people.iter_upsert(RECORDS, id_property="email")  # deprecated
            with warned("v2.people.count(kinds)"):
                number = client.people.count(shop="a", kinds=["b"])  # deprecated
            with warned():
                await asyncio.create_task(response)
                assert [one.status for one in (await report).outcomes] == ["created"]
                assert [one.status async for one in outcomes] == ["created"]
                assert await number == 2

    asyncio.run(call())
    if sys.version_info >= (3, 12):
        people = package.module("v2.people").AsyncPeople
        for method in (people.batch_upsert, people.upsert, people.count):
            assert inspect.iscoroutinefunction(method)


def test_models_warn_who_calls_them_and_who_reads_their_fields(package: Scenario) -> None:
    models = package.module("v2.models")
    with warned("v2.models.Origin"):
        origin = models.Origin(system="x")  # deprecated
    with warned():
        data = {**INPUT, "trace": "t", "origin": {"system": "x"}}
        one = models.Input.model_validate(data)
        assert one == models.Input(**{**data, "origin": origin})
    with warned("v2.models.Input.trace"):
        assert one.trace == "t"  # deprecated


def test_nothing_warns_of_data_that_is_merely_encoded_or_decoded(package: Scenario) -> None:
    models = package.module("v2.models")
    with warned():
        answered = models.Results.model_validate_json(models.Results(**ANSWER).model_dump_json())
        sent = models.Inputs(inputs=[{**INPUT, "origin": {"userId": 1}}], note="n")
        for one in (answered, sent):
            assert one == pickle.loads(pickle.dumps(one)) == deepcopy(one)
            assert repr(one) == repr(one.model_copy())
        assert sent.inputs[0].origin.user_id == 1


def test_help_says_it(package: Scenario) -> None:
    people = package.module("v2.people")
    for client in (people.People, people.AsyncPeople):
        for name in ("batch_upsert", "upsert"):
            assert "Deprecated in the specification of the API." in getattr(client, name).__doc__
            assert getattr(client, name).__deprecated__.startswith(
                f"v2.people.{name} is deprecated"
            )
        assert "Deprecated" not in client.count.__doc__.partition("Args")[0]
    assert "kinds: Deprecated. The query parameter" in people.People.count.__doc__
    models: Any = package.module("v2.models")
    assert models.Origin.__doc__ == "Deprecated. Where a record comes from."
    assert models.Origin.__deprecated__


def test_what_is_not_deprecated_in_one_version_does_not_warn_there(
    package: Scenario, server: Server
) -> None:
    server.script = [answer(body=ANSWER)]
    models = package.module("v1.models")
    with warned(), package.module("v1").Client(TOKEN, base_url=server.url) as client:
        inputs = [models.Input(**INPUT, origin=models.Origin(system="x"), trace="t")]
        assert client.people.batch_upsert(inputs=inputs, dry_run=True).status == "COMPLETE"
        client.people.upsert(RECORDS, id_property="email")


def test_the_readme_lists_it(package: Scenario) -> None:
    text = (package.folder.parent / "README.md").read_text("utf-8")
    listed = text.partition("## Deprecated\n")[2].partition("\n## ")[0].splitlines()
    names = {one.removeprefix("- ").strip("`") for one in listed if one.startswith("- ")}
    method = "v2.people.batch_upsert"
    assert names == {
        *(method, "v2.people.count(kinds)", "v2.people.count(shop)", "v2.models.Origin"),
        *(f"{method}({name})" for name in ("dry_run", "note", "x_shard")),
        *(f"v2.models.{name}" for name in ("Input.trace", "Inputs.note", "Result.created_at")),
        *(f"v2.models.{name}" for name in ("Results.status", "Results.summary", "Error.code")),
    }

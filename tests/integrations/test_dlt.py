"""A pipeline of dlt loads into the sandbox."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import dlt
import pytest
from dlt.pipeline.exceptions import PipelineStepFailed
from hubspot_upsert.bulk import ObjectProperties, Property
from hubspot_upsert.integrations.dlt import upsert_destination
from hubspot_upsert.sandbox import Sandbox
from hubspot_upsert.v2026_03 import Client

from tests.integrations.conftest import emails, is_bad, person

Pipeline = Callable[..., Any]


@pytest.fixture
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.client(Client, time_budget=0.5) as client:
        yield client


@pytest.fixture
def pipeline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, client: Client) -> Pipeline:
    """Makes a pipeline that keeps to a folder of the test."""
    monkeypatch.setenv("RUNTIME__DLTHUB_TELEMETRY", "false")
    monkeypatch.setenv("DLT_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    upsert = partial(client.contacts.upsert, id_property="email")

    def make(tables: Any = None, **options: Any) -> Any:
        destination = upsert_destination(tables or {"people": upsert}, **options)
        folder = str(tmp_path / "pipelines")
        return dlt.pipeline("people_to_crm", destination=destination, pipelines_dir=folder)

    return make


def error_of(pipeline: Any, rows: Any, table: str = "people") -> str:
    """Run a pipeline that fails, and give what it says."""
    with pytest.raises(PipelineStepFailed) as caught:
        pipeline.run(rows, table_name=table)
    return str(caught.value)


def test_rows_arrive(sandbox: Sandbox, client: Client, pipeline: Pipeline) -> None:
    sandbox.declare(
        "contacts", number={"type": "number"}, since={"type": "datetime"}, day={"type": "date"}
    )
    people = [
        {
            **person(number),
            "number": Decimal("12.50"),
            "since": datetime(2026, 3, 1, 12, tzinfo=UTC),
            "day": date(2026, 3, 2),
            "lastname": None,
        }
        for number in range(99)
    ]
    firms = [{"domain": f"firm{number}.example.com", "name": "Firm"} for number in range(7)]
    sandbox.declare("companies", domain={"unique": True}, name={})
    run = pipeline(
        {
            "people": partial(client.contacts.upsert, id_property="email"),
            "firms": partial(client.companies.upsert, id_property="domain"),
        },
        batch_size=40,
    )
    loaded = run.run([dlt.resource(people, name="people"), dlt.resource(firms, name="firms")])
    assert not loaded.has_failed_jobs
    assert set(emails(sandbox)) == {each["email"] for each in people}
    assert sandbox.count("companies") == 7
    properties = sandbox.records("contacts")[0]["properties"]
    assert properties["number"] == "12.5"
    assert properties["since"] == "2026-03-01T12:00:00.000Z"
    assert properties["day"] == "2026-03-02"
    assert sorted(request.inputs for request in sandbox.requests) == [7, 19, 40, 40]


def test_rejected_rows_fail_the_load(sandbox: Sandbox, pipeline: Pipeline, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.jsonl"
    people = [person(number) for number in range(250)]
    said = error_of(pipeline(rejects=rejects), people)
    assert "the table 'people'" in said
    assert "of 250 records, 2 rejected; the first is record 99: email" in said
    assert str(rejects) in said
    assert set(emails(sandbox)) == {each["email"] for each in people if not is_bad(each)}
    lines = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [line["record"] for line in lines] == [each for each in people if is_bad(each)]
    assert {(line["table"], line["status"]) for line in lines} == {("people", "rejected")}
    assert all(line["problems"][0]["property"] == "email" for line in lines)


def test_a_load_goes_on_and_fails_at_its_end(
    sandbox: Sandbox, pipeline: Pipeline, tmp_path: Path
) -> None:
    rejects = tmp_path / "rejects.jsonl"
    people = [person(number) for number in range(300)]
    run = pipeline(rejects=rejects, batch_size=100)
    said = error_of(run, people)
    assert "the table 'people': 3 of 300 rows were not written; " in said
    assert "of 100 records, 1 rejected; the first is record 99: email" in said
    assert set(emails(sandbox)) == {each["email"] for each in people if not is_bad(each)}
    lines = [json.loads(line) for line in rejects.read_text().splitlines()]
    assert [people[line["index"]] for line in lines] == [line["record"] for line in lines]
    assert [line["index"] for line in lines] == [99, 199, 299]


def test_a_row_is_named_by_its_place_in_the_file(pipeline: Pipeline) -> None:
    people = [person(number) for number in range(100, 250)]
    said = error_of(pipeline(batch_size=60), people)
    assert "1 of 150 rows were not written; rows from 60 on: " in said
    assert "of 60 records, 1 rejected; the first is record 39: email" in said


def test_rejected_rows_may_be_left_behind(
    sandbox: Sandbox, pipeline: Pipeline, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rejects = tmp_path / "rejects.jsonl"
    people = [person(number) for number in range(250)]
    run = pipeline(rejects=rejects, fail_on_rejections=False, batch_size=100)
    with caplog.at_level(logging.WARNING, logger="hubspot_upsert"):
        assert not run.run(people, table_name="people").has_failed_jobs
    assert sandbox.count("contacts") == 248
    assert len(rejects.read_text().splitlines()) == 2
    assert [record.getMessage()[:18] for record in caplog.records] == ["the table 'people'"] * 2


def test_a_stopped_run_fails_once(sandbox: Sandbox, pipeline: Pipeline) -> None:
    said = error_of(pipeline(), [{"email": "a@example.com", "no_such_property": "x"}])
    assert "no_such_property" in said
    assert len(sandbox.requests) == 1


def test_what_passes_is_tried_again(sandbox: Sandbox, pipeline: Pipeline) -> None:
    people = [person(number) for number in range(30)]
    run = pipeline(batch_size=10)
    sandbox.fail("slow-first-byte;seconds=0.01")
    sandbox.fail("server", times=4)
    assert not run.run(people, table_name="people").has_failed_jobs
    assert set(emails(sandbox)) == {each["email"] for each in people}
    # Batches that are done are not sent again.
    done = [request.inputs for request in sandbox.requests if request.status == 200]
    assert done == [10, 10, 10]
    assert len(sandbox.requests) > 3


def test_a_table_without_an_object_type_is_named(sandbox: Sandbox, pipeline: Pipeline) -> None:
    said = error_of(pipeline(), [person(1)], table="firms")
    assert "the table 'firms' has no object type" in said
    assert "which are 'people'" in said
    assert sandbox.requests == []


def test_a_wrong_call_fails_once(client: Client, pipeline: Pipeline) -> None:
    calls = []

    def upsert(rows: list[dict[str, Any]]) -> Any:
        calls.append(rows)
        return client.contacts.upsert(rows, id_property="")

    said = error_of(pipeline({"people": upsert}), [person(1)])
    assert "id_property must name the unique property" in said
    assert len(calls) == 1


def test_says_how_to_install_dlt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "dlt", None)
    with pytest.raises(ImportError, match=r"pip install 'hubspot-upsert\[dlt\]'"):
        upsert_destination({})


def test_a_property_that_no_row_can_be_sent_with_is_terminal(
    sandbox: Sandbox, client: Client, pipeline: Pipeline
) -> None:
    email = Property("email", "email", unique=True)
    upsert = partial(
        client.contacts.upsert,
        id_property="email",
        properties=ObjectProperties(
            "contacts", {"email": email, "firstname": Property("firstname")}
        ),
    )
    rows = [{"email": f"{number}@example.com", "fristname": "Ada"} for number in range(3)]
    said = error_of(pipeline({"people": upsert}), rows)
    assert "did you mean 'firstname'?" in said
    assert "LoadClientJobRetry" not in said
    assert not sandbox.requests

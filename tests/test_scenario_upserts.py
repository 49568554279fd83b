"""Bulk methods whose requests have any form, generated and driven against a server of their API."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from tests.item_server import ItemServer
from tests.scenarios import PACKAGE, Scenario
from tests.servers import TOKEN

Scenarios = Callable[[str], Scenario]
MORE = {"shop": "a/b", "x_reason": "why", "settings": {"strict": True}}


@pytest.fixture
def shop() -> Iterator[ItemServer]:
    server = ItemServer()
    yield server
    server.close()


@pytest.fixture(params=["sync", "async"])
def upsert(request: Any, scenario: Scenarios, shop: ItemServer) -> Callable[..., Any]:
    """Upserts items through either kind of client."""

    def call(method: str, records: Any, **arguments: Any) -> Any:
        made = scenario("upsert_requests")
        return made.call(request.param, shop.url, method, records=records, **arguments)

    return call


def items(count: int) -> list[dict[str, Any]]:
    return [{"id": str(number), "name": f"item {number}"} for number in range(1, count + 1)]


def statuses(report: Any) -> list[str]:
    return [str(one.status.value) for one in report.outcomes]


def test_records_in_a_nested_list_beside_what_is_the_same_for_all(
    upsert: Callable[..., Any], shop: ItemServer
) -> None:
    shop.faults = [429]
    report = upsert("items.put_all_records", items(10), **MORE, list_id=None, checks=["name", "id"])
    assert statuses(report) == ["written"] * 10
    assert shop.stored == {one["id"]: one for one in items(10)}
    targets = {(method, target) for method, target, _ in shop.requests}
    assert targets == {("POST", "/a%2Fb/items?checks=name,id")}
    assert {one["X-Reason"] for one in shop.headers} == {"why"}
    bodies = [json.loads(body)["data"] for *_, body in shop.requests]
    assert sorted(len(one["attributes"].pop("items")) for one in bodies[-2:]) == [3, 7]
    told = {
        "type": "job",
        "list_id": None,
        "attributes": {"mode": "whole", "settings": {"strict": True}},
    }
    assert all(one == told for one in bodies[-2:])


@pytest.mark.parametrize(
    ("method", "count", "requests"),
    [
        ("items.put_lines_records", 120, 2),
        ("items.put_list_records", 10, 4),
        ("items.put_one_records", 4, 4),
    ],
)
def test_bodies_of_lines_of_a_list_and_of_one_record(
    upsert: Callable[..., Any], shop: ItemServer, method: str, count: int, requests: int
) -> None:
    shop.faults = [429]
    given = [{**one, "name": "a\nb\u2028c"} for one in items(count)]
    report = upsert(method, given, shop="s")
    assert statuses(report) == ["written"] * count
    assert shop.stored == {one["id"]: one for one in given}
    assert len(shop.requests) == requests + 1


def test_a_key_in_the_path(upsert: Callable[..., Any], shop: ItemServer) -> None:
    keys = [7, "8", "x", "..", "7", 9.5]
    report = upsert("items.put_one_records", [{"id": one, "name": "n"} for one in keys], shop="s")
    assert statuses(report) == ["written", "written", *["rejected"] * 4]
    assert sorted(target for _, target, _ in shop.requests) == ["/s/items/7", "/s/items/8"]
    assert {body for *_, body in shop.requests} == {b'{"name":"n"}'}
    assert [one.problems[0].property for one in report.outcomes if one.problems] == ["id"] * 4
    told = report.outcomes[2].problems[0].message
    assert told.endswith(", and not 'x'") and "\n" not in told, told


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        ({"settings": {"strict": "x"}}, ValidationError, "settings.strict"),
        ({"settings": None}, ValidationError, "settings"),
        ({"records_query": "x"}, ValidationError, "records"),
        ({"x_reason": "a\nb"}, ValueError, "X-Reason"),
        ({"shop": ".."}, ValueError, "shop"),
        ({"other": 1}, TypeError, "no option 'other'"),
    ],
)
def test_arguments_are_checked_before_anything_is_read(
    upsert: Callable[..., Any],
    shop: ItemServer,
    changed: dict[str, Any],
    error: type[Exception],
    told: str,
) -> None:
    records = iter(items(1))
    with pytest.raises(error, match=told):
        upsert("items.put_all_records", records, **{**MORE, **changed})
    assert next(records) == items(1)[0]
    assert shop.requests == []


@pytest.mark.parametrize(
    ("option", "error"), [("journal", "JournalMismatch"), ("state", "StateMismatch")]
)
def test_a_journal_and_a_state_know_the_arguments(
    upsert: Callable[..., Any],
    shop: ItemServer,
    tmp_path: Path,
    scenario: Scenarios,
    option: str,
    error: str,
) -> None:
    file = {option: tmp_path / "file"}
    upsert("items.put_all_records", items(3), **MORE, **file)
    mismatch = getattr(scenario("upsert_requests").module("bulk"), error)
    for changed in ({"settings": {"strict": False}}, {"x_reason": "because"}, {"records_query": 1}):
        with pytest.raises(mismatch):
            upsert("items.put_all_records", items(3), **{**MORE, **changed}, **file)
    report = upsert("items.put_all_records", items(3), **MORE, **file)
    assert statuses(report) == ["written" if option == "journal" else "unchanged"] * 3
    assert len(shop.requests) == 1


def test_arguments_on_the_command_line(
    scenario: Scenarios, shop: ItemServer, tmp_path: Path
) -> None:
    table = tmp_path / "orders.csv"
    table.write_text("code,total\na,1.5\nb,2\nc,3\n")
    folder = scenario("upsert_requests").folder.parent

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", PACKAGE, *words]
        more = {"PYTHONPATH": str(folder), f"{PACKAGE.upper()}_TOKEN": TOKEN}
        return subprocess.run(
            command, env={**os.environ, **more}, capture_output=True, text=True, check=False
        )

    listed = run("--list").stdout
    told = "--argument namespace=…  [--argument dry_run_query=…]  [--argument tags=…]"
    assert told in listed
    start = ["orders", str(table), "--api-version", "v1", "--base-url", shop.url]
    start += [
        "--allow-plain-http",
        "--number",
        "total",
        "--token-variable",
        f"{PACKAGE.upper()}_TOKEN",
    ]
    assert "orders needs --argument namespace=…: Where they go." in run(*start).stderr
    wrong = run(*start, "--argument", "namespace=n", "--argument", "tags=a")
    assert "--argument tags must be JSON" in wrong.stderr
    done = run(*start, "--argument", "namespace=n", "--argument", 'tags=["x"]')
    assert done.returncode == 0, done.stderr
    bodies = [json.loads(body) for *_, body in shop.requests]
    assert sorted(len(one.pop("orders")) for one in bodies) == [1, 2]
    assert bodies == [{"namespace": "n", "tags": ["x"]}] * 2
    assert sorted(shop.stored) == ["a", "b", "c"]

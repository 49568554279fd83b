"""What answers tell of records, in each form."""

from __future__ import annotations

from typing import Any

from tests.sandbox.forms.conftest import Api
from tests.sandbox.forms.test_requests import item


def test_nothing_but_success(api: Api) -> None:
    answer = api.ask("POST", "/nothing", {"items": [item("a")]})
    assert (answer.status_code, answer.content) == (204, b"")
    assert api.records("nothing") == [item("a")]
    # Nothing tells which one is wrong, so that none is written.
    wrong = api.ask("POST", "/nothing", {"items": [item("b"), item("c", name="N" * 10)]})
    assert wrong.status_code == 400
    assert wrong.json()["errors"][0]["code"] == ""
    assert len(api.records("nothing")) == 1


def test_by_position_with_what_was_refused(api: Api) -> None:
    sent: list[dict[str, Any]] = [{"email": "a@x"}, {"age": 1}, {"phone": "1", "age": "old"}]
    answer = api.ask("POST", "/placed", {"data": [*sent, {"phone": "2", "kind": "c"}]})
    assert answer.status_code == 202
    told = answer.json()["data"]
    assert [one["status"] for one in told] == ["success", "error", "error", "error"]
    assert [told[0]["action"], type(told[0]["details"]["id"])] == ["insert", int]
    assert [one["code"] for one in told[1:]] == ["NO_KEY", "INVALID", "INVALID"]
    assert told[1]["message"] == "It has no email and no phone."
    assert "kind is one of a, b" in told[3]["message"]
    again = api.ask("POST", "/placed", {"data": sent[:1]}).json()["data"]
    assert [(one["action"], one["details"]) for one in again] == [("update", told[0]["details"])]


def test_a_record_cannot_take_the_key_of_another(api: Api) -> None:
    api.ask("POST", "/placed", {"data": [{"email": "a@x", "phone": "1"}]})
    body = {"data": [{"email": "b@x", "phone": "1"}, {"email": "c@x"}]}
    told = api.ask("POST", "/placed", body).json()["data"]
    assert [one["code"] for one in told][:1] == ["TAKEN"]
    assert told[1]["status"] == "success"


def test_by_name(api: Api) -> None:
    body = {"items": [item("a"), item("b", name="N" * 10)]}
    told = api.ask("POST", "/named", body).json()["outcome"]
    assert told["done"] == {"a": {"is_new": True}}
    assert list(told["failed"]) == ["b"]
    assert "at most 9" in told["failed"]["b"]["why"]
    again = api.ask("POST", "/named", {"items": [item("a")]}).json()
    assert again == {"outcome": {"done": {"a": {"is_new": False}}}}


def test_by_key_in_a_body_that_is_the_list(api: Api) -> None:
    body = {"items": [item("a"), item("b"), item("c", price=None)]}
    told = api.ask("POST", "/keyed", body).json()
    assert {one["sku"]: one["ok"] for one in told} == {"a": "true", "b": "true", "c": "false"}
    # Nobody shall rely on an order that nothing promises.
    assert [one["sku"] for one in told] != ["a", "b", "c"]
    assert len({one["ref"]["id"] for one in told}) == 3


def test_a_count_and_errors_that_point_at_records(api: Api) -> None:
    answer = api.ask("POST", "/pointed", {"items": [item("a"), item("b", name="N" * 10)]})
    told = answer.json()
    assert told["written"] == 1
    assert [one["source"]["pointer"] for one in told["errors"]] == ["/items/1"]
    assert [one["sku"] for one in api.records("pointed")] == ["a"]


def test_the_log_knows_what_became_of_each_record(api: Api) -> None:
    api.ask("POST", "/placed", {"data": [{"email": "a@x"}, {"age": 1}]})
    entry = api.ask("GET", "/_sandbox/requests/1").json()
    assert [one["effect"] for one in entry["records"]] == ["created", "refused"]
    assert [one["key"] for one in entry["records"]] == ["a@x", ""]
    assert (entry["written"], entry["refused"], entry["operation"]) == (1, 1, "v1 placed.write")


def test_records_are_refused_by_a_fault(api: Api) -> None:
    fault = {"Sandbox-Fault": "refused-records"}
    body = {"items": [item(one) for one in "abc"]}
    named = api.ask("POST", "/named", body, headers=fault).json()["outcome"]
    assert (list(named["done"]), list(named["failed"])) == (["b"], ["a", "c"])
    assert [one["sku"] for one in api.records("named")] == ["b"]
    placed = {"data": [{"email": one} for one in "abc"]}
    told = api.ask("POST", "/placed", placed, headers=fault).json()["data"]
    assert [one["code"] for one in told[::2]] == ["REFUSED_RECORDS"] * 2
    # It is only for those that can tell of one record.
    assert api.ask("POST", "/nothing", body, headers=fault).status_code == 400


def test_missing_results_are_a_fault_of_every_form(api: Api) -> None:
    fault = {"Sandbox-Fault": "missing-results"}
    body = {"items": [item("a"), item("b")]}
    named = api.ask("POST", "/named", body, headers=fault).json()
    assert list(named["outcome"]["done"]) == ["b"]
    assert len(api.ask("POST", "/keyed", body, headers=fault).json()) == 1

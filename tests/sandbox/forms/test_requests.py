"""What requests look like: where their records and keys stand, and what they need besides."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.forms.conftest import Api

COUNTED = {"headers": {"Api-Edition": "2025-04"}, "params": {"tenant": "t"}}


def item(sku: str, **more: Any) -> dict[str, Any]:
    return {"sku": sku, "price": 1.5, "name": "A", **more}


def person(**attributes: str) -> dict[str, Any]:
    return {"type": "person", "attributes": attributes}


def people(*records: dict[str, Any], kind: str = "import") -> dict[str, Any]:
    return {"data": {"type": kind, "people": {"data": [*records]}}}


def test_records_may_stand_on_lines(api: Api) -> None:
    lines = b'{"sku": "a", "price": 1, "name": "A"}\n\n{"sku": "b", "price": 2, "name": "B"}\n'
    sent = {"content": lines, "headers": {"Content-Type": "application/x-ndjson"}}
    answer = api.ask("POST", "/lines", **sent)
    assert (answer.status_code, answer.json()) == (200, {"count": 2})
    assert [one["sku"] for one in api.records("lines")] == ["a", "b"]
    wrong = api.ask("POST", "/lines", item("a"))
    assert wrong.status_code == 415
    assert "not application/x-ndjson" in wrong.text
    sent["content"] = b'{"sku": "a", "price": 1, "name": "A"}\n{'
    assert "Line 2 of the body is no JSON" in api.ask("POST", "/lines", **sent).text


def test_a_body_may_be_the_list(api: Api) -> None:
    answer = api.ask("PATCH", "/whole", [item("a"), item("b")])
    assert [one["sku"] for one in answer.json()] == ["a", "b"]
    assert "at most 3" in api.ask("PATCH", "/whole", [item(one) for one in "abcd"]).text
    assert api.ask("PATCH", "/whole", item("a")).status_code == 400


def test_a_body_may_be_one_record_whose_key_stands_in_the_path(api: Api) -> None:
    first = api.ask("PUT", "/single/a%2Fb", {"name": "A"})
    assert first.json() == {"sku": "a/b", "state": "new"}
    assert api.ask("PUT", "/single/a%2Fb", {"name": "B"}).json()["state"] == "old"
    assert api.records("single") == [{"sku": "a/b", "name": "B"}]


def test_records_and_keys_may_stand_deep_within_objects(api: Api) -> None:
    typed = {"headers": {"Content-Type": "application/vnd.api+json"}}
    sent = people(person(email="a@x", name="A"), person(email="b@x"))
    answer = api.ask("POST", "/nested", sent, **typed)
    assert answer.status_code == 200, answer.text
    told = answer.json()["data"]["people"]
    assert sorted(one["attributes"]["email"] for one in told) == ["a@x", "b@x"]
    again = api.ask("POST", "/nested", people(person(email="a@x", city="C")), **typed)
    assert again.json()["data"]["people"][0]["id"] == told[1]["id"]
    # What is left out of the values stays.
    assert api.records("nested")[0] == {"email": "a@x", "name": "A", "city": "C"}
    for wrong in (people(person(email="a@x"), kind="export"), people({"type": "cat"})):
        assert api.ask("POST", "/nested", wrong, **typed).status_code == 400


def test_arguments_that_are_needed_are_asked_for(api: Api) -> None:
    vectors = {"vectors": [{"id": "a"}]}
    assert api.ask("POST", "/counted", vectors, **COUNTED).json() == {"done": {"count": 1}}
    told = api.ask("POST", "/counted", vectors, params={"tenant": "t"})
    assert told.status_code == 400
    assert "header Api-Edition must be 2025-04; it is missing" in told.text
    old = {**COUNTED, "headers": {"Api-Edition": "2020-01"}}
    assert "got '2020-01'" in api.ask("POST", "/counted", vectors, **old).text
    unsaid = api.ask("POST", "/counted", vectors, headers=COUNTED["headers"])
    assert "query tenant is needed" in unsaid.text


def test_an_argument_may_belong_to_what_identifies_a_record(api: Api) -> None:
    for space in ("one", "two", "one"):
        api.ask("POST", "/counted", {"space": space, "vectors": [{"id": "a"}]}, **COUNTED)
    assert [one["space"] for one in api.records("counted")] == ["one", "two"]


def test_a_body_may_be_too_large(api: Api) -> None:
    vectors = [{"id": f"a-long-name-{number}"} for number in range(20)]
    answer = api.ask("POST", "/counted", {"vectors": vectors}, **COUNTED)
    assert answer.status_code == 413
    assert "at most 300 are allowed" in answer.text
    assert api.records("counted") == []


@pytest.mark.parametrize(
    ("first", "then", "kept"),
    [
        ({"email": "a@x"}, {"email": "A@X", "age": 2}, [{"email": "A@X", "age": 2}]),
        ({"phone": "1"}, {"phone": "1", "age": 2}, [{"phone": "1", "age": 2}]),
        ({"email": "a@x"}, {"phone": "1"}, [{"email": "a@x"}, {"phone": "1"}]),
        ({"email": "a@x", "phone": "1"}, {"phone": "1"}, [{"phone": "1"}]),
    ],
)
def test_the_first_key_that_a_record_has_finds_it(
    api: Api, first: Any, then: Any, kept: list[Any]
) -> None:
    for record in (first, then):
        assert api.ask("POST", "/placed", {"data": [record]}).status_code == 202
    assert api.records("placed") == kept


def test_a_request_may_name_its_keys(api: Api) -> None:
    api.ask("POST", "/placed", {"data": [{"email": "a@x", "phone": "1"}]})
    body = {"by": ["phone"], "data": [{"email": "b@x", "phone": "1"}]}
    assert api.ask("POST", "/placed", body).json()["data"][0]["action"] == "update"
    assert api.records("placed") == [{"email": "b@x", "phone": "1"}]

"""Records are read, listed and archived as the contract says, whatever it calls things."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from package.sandbox import Options

from tests.sandbox.small_api import HEADERS, SmallApi

FIRST = "10001"


def get(api: SmallApi, path: str, **query: Any) -> httpx2.Response:
    return api.ask("GET", f"/objects/{path}", params=query, headers=HEADERS)


def post(api: SmallApi, path: str, body: Any) -> httpx2.Response:
    return api.ask("POST", f"/objects/{path}", json=body, headers=HEADERS)


def archive(api: SmallApi, *ids: str, object_type: str = "people") -> httpx2.Response:
    return post(api, f"{object_type}/archive", {"of": [{"id": one} for one in ids]})


@pytest.fixture
def people(api: SmallApi) -> SmallApi:
    """A sandbox that holds five people."""
    assert api.upsert(*(f"{letter}@x.example" for letter in "abcde")).status_code == 200
    return api


def test_a_record_is_what_the_upsert_answered(api: SmallApi) -> None:
    (written,) = api.upsert("Ada@X.example").json()["results"]
    found = get(api, f"people/{written['id']}", values="email,name,born").json()
    assert (found["id"], found["gone"]) == (written["id"], False)
    assert {**found["values"], "born": ""} == {**written["properties"], "born": ""}
    assert found["values"]["born"] == api.records("people")[0]["created_at"]


@pytest.mark.parametrize(
    ("query", "values"),
    [
        ({}, {"name": "N0", "number": FIRST}),
        ({"values": ["email", "born,nothing", "name"]}, {"email", "born", "name"}),
        ({"values": "nothing"}, {}),
        ({"values": ""}, {}),
    ],
)
def test_properties_that_are_asked_for_and_known_come(
    people: SmallApi, query: dict[str, Any], values: Any
) -> None:
    found = get(people, f"people/{FIRST}", **query).json()["values"]
    assert found == values if isinstance(values, dict) else set(found) == values


def test_what_a_record_does_not_have_is_null(people: SmallApi) -> None:
    people.declare("people", colour={})
    found = get(people, f"people/{FIRST}", values="colour", past="name,colour").json()
    assert found["values"] == {"colour": None}
    assert found["past"] == {"name": [{"was": "N0"}], "colour": []}


@pytest.mark.parametrize(("key", "by"), [(FIRST, ""), ("A@X.example", "email"), (FIRST, "number")])
def test_a_record_is_found_by_its_id_or_a_unique_property(
    people: SmallApi, key: str, by: str
) -> None:
    assert get(people, f"people/{key}", by=by).json()["id"] == FIRST
    body = {"of": [{"id": key}], "by": by}
    assert [one["id"] for one in post(people, "people/read", body).json()["things"]] == [FIRST]


@pytest.mark.parametrize(
    ("path", "query", "status", "line"),
    [
        ("people/99", {}, 404, "There is no record of people with the id 99."),
        ("people/x", {"by": "email"}, 404, "There is no record of people with the email x."),
        ("people/" + "9" * 40, {}, 404, "There is no record of people with the id 9"),
        (f"deals/{FIRST}", {}, 404, "There is no record of deals"),
        (f"people/{FIRST}", {"gone": "true"}, 404, "There is no record of people"),
        (f"people/{FIRST}", {"by": "name"}, 400, "name cannot be a key"),
        (f"people/{FIRST}", {"by": "nothing"}, 400, "nothing cannot be a key"),
        (f"people/{FIRST}", {"gone": "yes"}, 400, "gone must be true or false, not 'yes'."),
        (f"people/{FIRST}", {"value": "name"}, 400, "no parameter 'value'; did you mean 'values'?"),
        (f"nothing/{FIRST}", {}, 400, "There is no object type 'nothing'."),
        ("people", {"most": "6"}, 400, "most must be a whole number from 1 to 5, not '6'."),
        ("people", {"most": "0"}, 400, "most must be a whole number from 1 to 5, not '0'."),
        ("people", {"from": "x"}, 400, "from must be a whole number from 0 to"),
    ],
)
def test_what_is_not_there_or_makes_no_sense_is_said(
    people: SmallApi, path: str, query: dict[str, str], status: int, line: str
) -> None:
    answer = get(people, path, **query)
    assert (answer.status_code, line in answer.json()["message"]) == (status, True), answer.text


def pages(api: SmallApi, **query: str) -> Iterator[list[str]]:
    while True:
        body = get(api, "people", **query).json()
        yield [one["id"] for one in body["things"]]
        if "more" not in body:
            return
        query["from"] = body["more"]["from"]
        again = api.ask("GET", f"/objects/people{body['more']['link']}", headers=HEADERS)
        assert again.json()["things"][0]["id"] > query["from"]


@pytest.mark.parametrize(("most", "sizes"), [("", [2, 2, 1]), ("5", [5]), ("4", [4, 1])])
def test_pages_hold_each_record_once(people: SmallApi, most: str, sizes: list[int]) -> None:
    found = list(pages(people, most=most, values="name"))
    assert [len(page) for page in found] == sizes
    assert [id_ for page in found for id_ in page] == [
        one["id"] for one in people.records("people")
    ]


def test_a_batch_read_tells_what_is_missing(people: SmallApi) -> None:
    ids = [FIRST, "99", "10003", FIRST, "x"]
    answer = post(people, "people/read", {"of": [{"id": one} for one in ids], "values": ["name"]})
    assert (answer.status_code, answer.json()) == (
        207,
        {
            "things": [
                {"id": "10003", "gone": False, "values": {"name": "N2"}},
                {"id": FIRST, "gone": False, "values": {"name": "N0"}},
            ],
            "problems": [{"ids": ["99", "x"]}],
        },
    )
    entry = people.requests[-1]
    assert (entry.inputs, entry.written, entry.outcome) == (5, 0, "2 found, 2 not")
    assert post(people, "people/read", {"of": []}).json() == {"things": []}
    assert post(people, "people/read", {"of": [{"id": FIRST}] * 6}).status_code == 400


def test_what_is_archived_is_read_apart_and_met_by_no_upsert(people: SmallApi) -> None:
    answer = archive(people, FIRST, "10002", "99", "x")
    assert (answer.status_code, answer.content, people.requests[-1].written) == (204, b"", 2)
    assert get(people, f"people/{FIRST}").status_code == 404
    assert get(people, f"people/{FIRST}", gone="True").json()["gone"] is True
    assert get(people, "people/A@x.example", by="email").status_code == 404
    old = get(people, "people/A@x.example", by="email", gone="true").json()
    assert old["id"] == FIRST
    assert list(pages(people, gone="true")) == [[FIRST, "10002"]]
    assert people.count("people") == 3
    assert post(people, "people/read", {"of": [{"id": FIRST}]}).status_code == 207
    (new,) = people.upsert("a@x.example").json()["results"]
    assert (new["new"], new["id"]) == (True, "10006")
    assert get(people, "people/a@x.example", by="email").json()["id"] == "10006"
    assert archive(people, FIRST).status_code == 204
    assert people.requests[-1].written == 0


def test_one_record_is_archived(people: SmallApi) -> None:
    for _ in range(2):
        answer = people.ask("DELETE", f"/objects/people/{FIRST}", headers=HEADERS)
        assert (answer.status_code, answer.content) == (204, b"")
    assert [one.written for one in people.requests[-2:]] == [1, 0]
    assert get(people, f"people/{FIRST}").status_code == 404


def test_a_type_that_comes_to_be_has_no_records_yet() -> None:
    with SmallApi(Options(create_properties=True)) as api:
        assert get(api, "2-1").json() == {"things": []}
        assert get(api, "2-1/x", by="code").status_code == 404
        body = {"any": [{"all": [{"what": "code", "how": "IS", "one": "x"}]}]}
        assert post(api, "2-1/search", body).json() == {"things": [], "count": 0}

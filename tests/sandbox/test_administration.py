"""What tests ask of the sandbox itself: what is stored, faults, locks, properties, a fresh start."""

from __future__ import annotations

from typing import Any

import pytest
from package.sandbox import Options

from tests.sandbox.small_api import PEOPLE, SmallApi

# Read-back


def test_object_types_are_listed_with_their_counts(api: SmallApi) -> None:
    api.upsert("a@example.com", "b@example.com")
    assert api.body("/objects") == {
        "objects": [
            {"object_type": "deals", "count": 0, "properties": 2, "declared": False},
            {"object_type": "people", "count": 2, "properties": 2, "declared": False},
        ]
    }
    assert api.body("/objects/people/count") == {"object_type": "people", "count": 2}
    assert api.body("/objects/0-3/count") == {"object_type": "deals", "count": 0}


def test_records_are_listed_page_by_page(api: SmallApi) -> None:
    api.upsert(*(f"{number}@example.com" for number in range(5)))
    emails: list[str] = []
    page = api.body("/objects/people?limit=2")
    while True:
        assert len(page["results"]) <= 2
        emails += [one["properties"]["email"] for one in page["results"]]
        if page["after"] is None:
            break
        page = api.body(f"/objects/people?limit=2&after={page['after']}")
    assert emails == [f"{number}@example.com" for number in range(5)]
    assert len(api.body("/objects/people")["results"]) == 5
    assert api.body("/objects/people?limit=5")["after"] is None


def test_a_record_is_found_by_its_id_and_by_unique_properties(api: SmallApi) -> None:
    (result,) = api.upsert("Ada@example.com").json()["results"]
    record = api.body(f"/objects/people/{result['id']}")
    assert record["id"] == result["id"]
    assert record["object_type"] == "people"
    assert record["properties"] == {"email": "ada@example.com", "name": "N0"}
    assert record["created_at"] == record["updated_at"]
    assert api.body("/objects/people/ADA@example.com?id_property=email") == record
    api.upsert("ada@example.com")
    again = api.body(f"/objects/people/{result['id']}")
    assert again["created_at"] == record["created_at"] <= again["updated_at"]


def test_keys_may_hold_slashes_and_be_called_count(api: SmallApi) -> None:
    api.ask("PUT", "/_sandbox/properties/people", json={"code": {"unique": True}})
    for key in ("a/b", "count"):
        one: dict[str, Any] = {"id": key, "by": "code", "properties": {}}
        answer = api.ask(
            "POST", PEOPLE, json={"inputs": [one]}, headers={"Authorization": "Bearer x"}
        )
        assert answer.status_code == 200
        found = api.body(f"/objects/people/{key.replace('/', '%2F')}?id_property=code")
        assert found["properties"]["code"] == key


def test_records_are_searched_for_a_text_in_any_value(api: SmallApi) -> None:
    api.upsert("ada@example.com", "bob@example.com", "eve@example.com")
    api.upsert("ÄDA@example.com")
    first, *_ = api.body("/objects/people")["results"]

    def found(text: str, more: str = "") -> list[str]:
        results = api.body(f"/objects/people?search={text}{more}")["results"]
        return [one["properties"]["email"] for one in results]

    assert found("N0") == found("n0") == ["ada@example.com", "äda@example.com"]
    assert found("%C3%84da") == ["äda@example.com"]
    assert found(first["id"]) == ["ada@example.com"]
    assert found("email") == found("nobody") == []
    page = api.body("/objects/people?search=example.com&limit=2")
    assert len(page["results"]) == 2
    assert found("EXAMPLE.COM", f"&after={page['after']}") == ["eve@example.com", "äda@example.com"]
    assert found("n0", f"&after={first['id']}") == ["äda@example.com"]


def test_a_search_looks_at_more_records_than_are_read_at_once(
    api: SmallApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("package.sandbox.account._SEARCHED_AT_ONCE", 2)
    api.upsert(*(f"{number}@example.com" for number in range(7)))
    results = api.body("/objects/people?search=6@&limit=1")["results"]
    assert [one["properties"]["email"] for one in results] == ["6@example.com"]


# Faults and locks


def test_faults_are_queued_listed_and_dropped(api: SmallApi) -> None:
    assert api.body("/faults") == {"pending": []}
    answer = api.ask(
        "POST",
        "/_sandbox/faults",
        json={"fault": "server;status=502", "times": 2, "resource": "people"},
    )
    assert answer.status_code == 201
    pending = [{"fault": "server;status=502", "times": 2, "resource": "people"}]
    assert answer.json() == api.body("/faults") == {"pending": pending}
    # It is for people only.
    assert api.upsert("a@example.com", path="/objects/0-3/batch/upsert").status_code == 200
    assert api.upsert("a@example.com").status_code == 502
    assert api.body("/faults")["pending"][0]["times"] == 1
    assert api.upsert("a@example.com").status_code == 502
    assert api.upsert("a@example.com").status_code == 200
    api.ask("POST", "/_sandbox/faults", json={"fault": "locked"})
    assert api.ask("DELETE", "/_sandbox/faults").json() == {"pending": []}
    assert api.upsert("a@example.com").status_code == 200


def test_faults_that_can_be_asked_for_are_listed(api: SmallApi) -> None:
    known = api.body("/faults/kinds")
    assert known["kinds"]["server"] == ["status", "retry-after"]
    assert known["resources"] == ["deals", "objects", "people"]
    # Nothing here has words for a batch that was cancelled.
    assert "cancelled" not in known["kinds"]
    for kind in known["kinds"]:
        assert api.ask("POST", "/_sandbox/faults", json={"fault": kind}).status_code == 201


def test_the_account_is_locked_for_as_long_as_asked(api: SmallApi) -> None:
    answer = api.ask("POST", "/_sandbox/lock", json={"seconds": 3600})
    assert 3500 < answer.json()["locked_seconds"] <= 3600
    assert api.upsert("a@example.com").status_code == 423
    api.ask("POST", "/_sandbox/reset")
    assert api.upsert("a@example.com").status_code == 200
    assert 0 < api.ask("POST", "/_sandbox/lock").json()["locked_seconds"] <= 30


# Properties and resets


def test_properties_are_declared_and_listed(api: SmallApi) -> None:
    declared = {"stage": {"type": "enumeration", "options": ["new", "won"]}, "note": {}}
    answer = api.ask("PUT", "/_sandbox/properties/0-3", json=declared)
    assert answer.status_code == 200
    assert answer.json() == api.body("/properties/deals")
    properties = answer.json()["properties"]
    assert answer.json()["object_type"] == "deals"
    assert properties["stage"]["options"] == ["new", "won"]
    assert properties["note"] == {}
    assert properties["email"]["unique"] is True
    # A type is known once its properties are.
    api.ask("PUT", "/_sandbox/properties/cats", json={"note": {}})
    assert api.body("/objects/cats/count")["count"] == 0
    cats = {"object_type": "cats", "count": 0, "properties": 1, "declared": True}
    assert cats in api.body("/objects")["objects"]


def test_a_property_cannot_become_unique_while_records_share_a_value(api: SmallApi) -> None:
    for email in ("a@example.com", "b@example.com"):
        api.upsert(email)
    answer = api.ask("PUT", "/_sandbox/properties/people", json={"name": {"unique": True}})
    assert answer.status_code == 409
    assert "name" in answer.json()["error"]


def test_a_reset_leaves_nothing_but_properties(api: SmallApi) -> None:
    api.ask("PUT", "/_sandbox/properties/people", json={"note": {}})
    api.upsert("a@example.com")
    api.ask("POST", "/_sandbox/faults", json={"fault": "locked"})
    api.ask("POST", "/_sandbox/lock")
    assert api.ask("POST", "/_sandbox/reset").status_code == 200
    state = api.body("/state")
    assert {one["count"] for one in state["objects"]} == {0}
    assert (state["requests"], state["request_count"]) == ([], 0)
    assert state["faults"]["pending"] == []
    assert state["limits"]["locked_seconds"] == 0
    assert state["limits"]["daily_remaining"] == state["limits"]["daily"]
    assert state["limits"]["tokens"] == []
    assert "note" in api.body("/properties/people")["properties"]


# State


def test_the_state_says_all_that_the_page_shows(api: SmallApi) -> None:
    api.upsert("a@example.com", headers={"Authorization": "Bearer secret-token-1234"})
    api.upsert("b@example.com", headers={"Authorization": "Bearer secret-token-5678"})
    state = api.body("/state")
    assert state["versions"] == ["2025-01"]
    assert state["database"] is None
    assert state["objects"] == api.body("/objects")["objects"]
    assert state["requests"] == api.body("/requests")["requests"]
    assert [one["number"] for one in state["requests"]] == [2, 1]
    assert state["request_count"] == 2
    assert state["limits"]["tokens"] == [
        {"token": "…5678", "token_id": "18d300cb", "remaining": 99},
        {"token": "…1234", "token_id": "10e9d752", "remaining": 99},
    ]
    assert (state["limits"]["burst"], state["limits"]["burst_seconds"]) == (100, 10)
    assert (state["limits"]["daily"], state["limits"]["daily_remaining"]) == (1000, 998)
    assert state["faults"] == {"pending": [], "schedule": None}


def test_only_the_last_requests_are_remembered() -> None:
    with SmallApi(Options(burst_limit=None)) as api:
        for _ in range(205):
            api.ask("GET", "/nothing")
        state = api.body("/state")
        assert state["request_count"] == 205
        assert [one["number"] for one in state["requests"]] == [*range(205, 5, -1)]


# Wrong input

WRONG_REQUESTS: list[tuple[str, str, int, str]] = [
    ("GET", "/objcts", 404, "did you mean /_sandbox/objects?"),
    ("GET", "/", 404, "expected one of /_sandbox/objects, "),
    ("DELETE", "/objects", 405, "expected GET or HEAD"),
    ("GET", "/reset", 405, "expected POST"),
    ("PATCH", "/faults", 405, "expected DELETE or GET or HEAD or POST"),
    ("GET", "/objects?limit=1", 400, "unknown parameter 'limit'; this takes none"),
    ("GET", "/objects/poeple", 404, "no object type 'poeple'; did you mean 'people'?"),
    ("GET", "/objects/poeple/count", 404, "did you mean 'people'?"),
    ("GET", "/objects/poeple/1", 404, "did you mean 'people'?"),
    ("GET", "/properties/poeple", 404, "did you mean 'people'?"),
    ("GET", "/objects/people?limit=many", 400, "from 1 to 1000; got 'many'"),
    ("GET", "/objects/people?limit=0", 400, "from 1 to 1000; got '0'"),
    ("GET", "/objects/people?limit=%C2%B2", 400, "from 1 to 1000; got '²'"),
    ("GET", "/objects/people?after=-1", 400, "after must be a whole number from 0"),
    ("GET", f"/objects/people?after={'9' * 5000}", 400, "after must be a whole number from 0"),
    ("GET", "/objects/people?limt=1", 400, "'limt'; did you mean 'limit'?"),
    ("GET", "/objects/people?limit=1&limit=2", 400, "'limit' is given twice"),
    ("GET", "/objects/people/1?idProperty=email", 400, "did you mean 'id_property'?"),
    ("GET", "/requests/x", 400, "number must be a whole number from 1"),
    ("GET", "/requests/7", 404, "there is no request 7; none has come yet"),
    ("GET", "/objects/people/1", 404, "no record of people with the id 1"),
    ("GET", f"/objects/people/{2**63}", 400, "is a whole number"),
    ("GET", "/objects/people/a@example.com", 400, "?id_property=NAME"),
    ("GET", "/objects/people/a?id_property=email", 404, "with the email 'a'"),
    ("GET", "/objects/people/a?id_property=emial", 400, "did you mean 'email'?"),
    ("GET", "/objects/people/a?id_property=name", 400, "name of people is not unique"),
]


WRONG_BODIES: list[tuple[str, str, Any, str]] = [
    ("POST", "/faults", b'{"fault":', "the body is not JSON"),
    ("POST", "/faults", b"\xff\xfe", "the body is not JSON"),
    ("POST", "/faults", b"[" * 100_000, "the body is not JSON"),
    ("POST", "/faults", ["locked"], "expected a JSON object"),
    ("POST", "/faults", b"", "the field 'fault' is missing"),
    ("POST", "/faults", {"fault": None}, "the field 'fault' is missing"),
    ("POST", "/faults", {"falt": "locked"}, "unknown field 'falt'; did you mean 'fault'?"),
    ("POST", "/faults", {"fault": 423}, "fault must be a text such as"),
    ("POST", "/faults", {"fault": "lokced"}, "did you mean 'locked'?"),
    ("POST", "/faults", {"fault": "server;status=200"}, "from 400 to 599"),
    ("POST", "/faults", {"fault": "locked", "times": 0}, "from 1 to"),
    ("POST", "/faults", {"fault": "locked", "times": 10**400}, "from 1 to"),
    ("POST", "/faults", {"fault": "locked", "times": "2"}, "times must be a whole number"),
    ("POST", "/faults", {"fault": "locked", "times": True}, "times must be a whole number"),
    ("POST", "/faults", {"fault": "locked", "times": 1.5}, "times must be a whole number"),
    ("POST", "/faults", {"fault": "locked", "resource": "poeple"}, "did you mean 'people'?"),
    ("POST", "/faults", {"fault": "locked", "resource": ["people"]}, "resource must be"),
    ("POST", "/lock", {"seconds": "2"}, "seconds must be a number above 0"),
    ("POST", "/lock", {"seconds": 0}, "seconds must be a number above 0"),
    ("POST", "/lock", {"seconds": -1}, "seconds must be a number above 0"),
    ("POST", "/lock", {"seconds": 10**400}, "seconds must be a number above 0"),
    ("POST", "/lock", b'{"seconds": NaN}', "seconds must be a number above 0"),
    ("POST", "/lock", {"second": 2}, "did you mean 'seconds'?"),
    ("POST", "/seed/people", {}, "the field 'records' is missing"),
    ("POST", "/seed/people", {"records": {}}, "records must be a list of records"),
    ("POST", "/restore", {"snapshot": "1"}, "snapshot must be the number of a snapshot"),
    ("POST", "/snapshots", {"all": True}, "unknown field 'all'"),
    ("POST", "/reset", {"all": True}, "unknown field 'all'"),
    ("PUT", "/properties/people", {"a": {"typ": "string"}}, "people.a: unknown field 'typ'"),
    ("PUT", "/properties/people", {"a": {"type": "strnig"}}, "did you mean 'string'?"),
    ("PUT", "/properties/people", {"a": 1}, "people.a: expected fields"),
    ("PUT", "/properties/people", {"": {}}, "the name of a property is empty"),
    ("PUT", "/properties/people", [], "expected a JSON object"),
]


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "expected"),
    [
        *((method, path, b"", status, line) for method, path, status, line in WRONG_REQUESTS),
        *((method, path, body, 400, line) for method, path, body, line in WRONG_BODIES),
    ],
)
def test_what_is_wrong_is_told_in_one_line_and_changes_nothing(
    api: SmallApi, method: str, path: str, body: Any, status: int, expected: str
) -> None:
    sent: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    before = api.body("/state")
    answer = api.ask(method, f"/_sandbox{path}", **sent)
    assert answer.status_code == status
    assert list(answer.json()) == ["error"]
    line = answer.json()["error"]
    assert expected in line
    assert "\n" not in line
    assert len(line) < 300
    assert api.body("/state") == before

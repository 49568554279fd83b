"""What the sandbox answers: routes, tokens, limits and faults, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from package.sandbox.options import Options

from tests.sandbox.small_api import HEADERS, PEOPLE, SmallApi, inputs, small_api


@pytest.fixture
def api() -> Iterator[SmallApi]:
    with small_api() as running:
        yield running


def line(answer: httpx2.Response) -> str:
    """The message of an error body, which is one line."""
    message: str = answer.json()["message"]
    assert message and "\n" not in message
    return message


def fault(text: str) -> dict[str, str]:
    return {"Sandbox-Fault": text}


# Routes


def test_an_upsert_is_answered_stored_and_remembered(api: SmallApi) -> None:
    answer = api.upsert("ada@example.com", "no-email", "Bob@example.com")
    assert answer.status_code == 207
    assert answer.headers["content-type"].startswith("application/json")
    assert [one["properties"]["email"] for one in answer.json()["results"]] == [
        "bob@example.com",
        "ada@example.com",
    ]
    assert api.body("/objects/people/count")["count"] == 2
    (entry,) = api.body("/requests")["requests"]
    assert (entry["method"], entry["path"], entry["status"]) == ("POST", PEOPLE, 207)
    assert entry["operation"] == "2025-01 people.batch_upsert"
    assert entry["outcome"] == "2 written, 1 refused"
    assert (entry["situation"], entry["fault"]) == (None, None)


def test_unknown_paths_and_methods_are_told(api: SmallApi) -> None:
    answer = api.ask("POST", "/poeple/batch/upsert")
    assert answer.status_code == 404
    assert line(answer) == f"There is no path /poeple/batch/upsert; did you mean {PEOPLE}?"
    assert line(api.ask("GET", "/x")) == "There is no path /x."
    answer = api.ask("DELETE", PEOPLE)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert line(answer) == f"DELETE is not possible at {PEOPLE}, only POST."
    outcomes = [one["outcome"] for one in api.body("/requests")["requests"]]
    assert outcomes == [
        "nothing written: no such method",
        "nothing written: no such path",
        "nothing written: no such path",
    ]


def test_a_slash_in_an_argument_is_no_slash_of_the_path() -> None:
    with small_api(Options(create_properties=True)) as api:
        path = "/objects/cats%2Fdogs%20%C3%BC/batch/upsert"
        assert api.upsert("a@example.com", path=path).status_code == 200
        assert {"object_type": "cats/dogs ü", "count": 1, "properties": 2} in api.body("/objects")[
            "objects"
        ]
        assert api.body("/requests")["requests"][0]["path"] == path


def test_a_batch_without_inputs_is_nothing_to_write(api: SmallApi) -> None:
    answer = api.ask("POST", PEOPLE, json={}, headers=HEADERS)
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert api.body("/requests")["requests"][0]["outcome"] == "nothing to write"


# Tokens


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic eDp5", "a-token-of-tests"])
def test_a_request_without_a_bearer_token_is_refused(api: SmallApi, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = api.ask("POST", PEOPLE, json={"inputs": inputs(["a@example.com"])}, headers=headers)
    assert answer.status_code == 401
    assert "Bearer" in line(answer)
    assert api.body("/objects/people/count")["count"] == 0


def test_only_tokens_that_are_known_are_accepted_where_some_are() -> None:
    with small_api(Options(tokens={"known": None})) as api:
        answer = api.upsert("a@example.com", headers={"Authorization": "Bearer unknown"})
        assert answer.status_code == 401
        assert "unknown" not in answer.text
        answer = api.upsert("a@example.com", headers={"Authorization": "bearer known"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("scopes", "status", "lacking"),
    [
        ({"people.write"}, 200, None),
        ({"all.read", "all.write"}, 200, None),
        ({"all.read"}, 403, "people.write"),
        (set[str](), 403, "people.write"),
    ],
)
def test_a_token_needs_the_scopes_of_one_alternative(
    scopes: set[str], status: int, lacking: str | None
) -> None:
    with small_api(Options(tokens={"known": frozenset(scopes)})) as api:
        answer = api.upsert("a@example.com", headers={"Authorization": "Bearer known"})
        assert answer.status_code == status
        if lacking is not None:
            assert lacking in line(answer)
        # What needs no scope is open to all of them.
        answer = api.upsert(
            "a@example.com",
            path="/objects/0-3/batch/upsert",
            headers={"Authorization": "Bearer known"},
        )
        assert answer.status_code == 200


# Limits


def test_every_answer_of_an_operation_tells_the_limits(api: SmallApi) -> None:
    first = api.upsert("a@example.com").headers
    assert (first["x-limit"], first["x-left"], first["x-interval"]) == ("100", "99", "10000")
    assert (first["x-daily"], first["x-daily-left"]) == ("1000", "999")
    assert api.upsert("no-email", headers=fault("locked")).headers["x-left"] == "99"
    assert "x-left" in api.ask("POST", PEOPLE).headers


def test_limits_that_there_are_not_are_not_told() -> None:
    with small_api(Options(burst_limit=None, daily_limit=None)) as api:
        answer = api.upsert("a@example.com")
        assert not [name for name in answer.headers if name.startswith("x-")]


@pytest.mark.parametrize(
    ("options", "situation"),
    [
        (Options(burst_limit=2), "rate-limit"),
        (Options(daily_limit=2), "daily-limit"),
        (Options(lock_after=1), "locked"),
    ],
)
def test_too_much_is_refused_until_a_reset(options: Options, situation: str) -> None:
    with small_api(options) as api:
        statuses = [api.upsert(f"{number}@example.com").status_code for number in range(2)]
        assert statuses == [200, 200]
        assert api.upsert("c@example.com").status_code == {"locked": 423}.get(situation, 429)
        assert api.body("/objects/people/count")["count"] == 2
        assert api.body("/requests")["requests"][0]["situation"] == situation
        assert api.ask("POST", "/_sandbox/reset").status_code == 200
        assert api.upsert("c@example.com").status_code == 200


# Faults


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("locked", 423),
        ("rate-limit", 429),
        ("daily-limit", 429),
        ("account-moving", 503),
        ("server;status=599", 599),
        ("html-error", 502),
        ("html-error;status=504", 504),
    ],
)
def test_faults_that_keep_a_request_from_being_done(api: SmallApi, text: str, status: int) -> None:
    answer = api.upsert("a@example.com", headers=fault(text))
    assert answer.status_code == status
    if "html" in text:
        assert answer.headers["content-type"].startswith("text/html")
        assert "<html>" in answer.text
    else:
        assert text in line(answer)
    assert api.body("/objects/people/count")["count"] == 0
    entry = api.body("/requests")["requests"][0]
    assert entry["fault"].startswith(text)
    assert entry["outcome"].startswith("nothing written: ")


def test_a_failing_server_has_a_status_that_is_sent_again(api: SmallApi) -> None:
    statuses = {api.upsert("a@example.com", headers=fault("server")).status_code for _ in range(40)}
    assert statuses == {502, 503}


def test_a_fault_may_say_when_to_come_back(api: SmallApi) -> None:
    answer = api.upsert("a@example.com", headers=fault("account-moving;retry-after=1.5"))
    assert answer.headers["retry-after"] == "1.5"


@pytest.mark.parametrize(
    ("text", "written"), [("reset-before", 0), ("reset-after", 1), ("truncated-body", 1)]
)
def test_faults_that_break_the_connection(api: SmallApi, text: str, written: int) -> None:
    with pytest.raises(httpx2.TransportError):
        api.upsert("a@example.com", headers=fault(text))
    assert api.body("/objects/people/count")["count"] == written
    entry = api.body("/requests")["requests"][0]
    assert (entry["fault"], entry["written"]) == (text, written)
    assert entry["status"] == (200 if text == "truncated-body" else None)
    assert api.upsert("a@example.com").status_code == 200


def test_faults_that_come_after_the_request_was_done(api: SmallApi) -> None:
    def upsert(text: str) -> Any:
        answer = api.upsert("a@example.com", "b@example.com", "no-email", headers=fault(text))
        assert answer.status_code == 207
        return answer.json()

    assert api.upsert("a@example.com", headers=fault("server-after;status=504")).status_code == 504
    assert api.body("/objects/people/count")["count"] == 1
    created = api.upsert("a@example.com", headers=fault("created-status"))
    assert (created.status_code, len(created.json()["results"])) == (201, 1)

    usual = api.upsert("a@example.com", "b@example.com", "no-email").json()
    body = upsert("unknown-fields")
    assert len(body.keys() - usual.keys()) == 1
    for name in ("results", "errors"):
        for one, known in zip(body[name], usual[name], strict=True):
            assert len(one.keys() - known.keys()) == 1
    body = upsert("unknown-enum-values")
    assert body["status"] not in {"COMPLETE", "CANCELED"}
    assert {one["stage"] for one in body["results"]}.isdisjoint({"DONE", "PENDING"})
    assert [one["properties"] for one in body["results"]] == [
        one["properties"] for one in usual["results"]
    ]
    assert len(upsert("missing-results")["results"]) == 1
    assert api.upsert("a@example.com", headers=fault("missing-results")).json()["results"] == []
    assert api.body("/objects/people/count")["count"] == 2


@pytest.mark.parametrize("kind", ["slow-first-byte", "slow-body"])
def test_slow_answers_are_whole(api: SmallApi, kind: str) -> None:
    answer = api.upsert("a@example.com", headers=fault(f"{kind};seconds=0.05"))
    assert (answer.status_code, len(answer.json()["results"])) == (200, 1)


def test_a_fault_that_does_not_exist_is_told_and_nothing_is_done(api: SmallApi) -> None:
    answer = api.upsert("a@example.com", headers=fault("reset-aftr"))
    assert answer.status_code == 400
    assert "did you mean 'reset-after'?" in line(answer)
    assert api.body("/objects/people/count")["count"] == 0


def test_a_schedule_gives_the_same_faults_again() -> None:
    def statuses(api: SmallApi) -> list[int]:
        return [api.upsert("a@example.com").status_code for _ in range(30)]

    with small_api(Options(faults="seed=7,rate=0.5,kinds=locked+server")) as api:
        first = statuses(api)
        assert {200, 423} < set(first)
        api.ask("POST", "/_sandbox/reset")
        assert statuses(api) == first


def test_a_database_that_fails_is_told(api: SmallApi) -> None:
    api.state.store.close()
    answer = api.upsert("a@example.com")
    assert answer.status_code == 500
    assert "database" in line(answer)
    answer = api.ask("GET", "/_sandbox/objects/people")
    assert answer.status_code == 500
    assert "database" in answer.json()["error"]

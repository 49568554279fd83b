"""What the sandbox answers: routes, tokens, limits and faults, over real sockets."""

from __future__ import annotations

import gzip
import socket
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from package.sandbox import Options
from package.sandbox.body import LARGEST_BODY
from package.sandbox.store import Store

from tests.sandbox.small_api import HEADERS, PEOPLE, SmallApi, inputs

JSON = {"Content-Type": "application/json"}


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


@pytest.mark.parametrize(
    "target", ["/a%0Ab", "http://localhost" + PEOPLE, "*", "a:1", "//_sandbox/reset"]
)
def test_every_target_is_answered_and_remembered(api: SmallApi, target: str) -> None:
    host, _, port = api.url.removeprefix("http://").partition(":")
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(f"POST {target} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        received = connection.recv(65536).decode()
    assert received.startswith("HTTP/1.1 404 ")
    assert f'"message":"There is no path {target}' in received
    (entry,) = api.body("/requests")["requests"]
    assert (entry["path"], entry["status"]) == (target, 404)


def test_a_slash_in_an_argument_is_no_slash_of_the_path() -> None:
    with SmallApi(Options(create_properties=True)) as api:
        path = "/objects/cats%2Fdogs%20%C3%BC/batch/upsert"
        assert api.upsert("a@example.com", path=path).status_code == 200
        assert {
            "object_type": "cats/dogs ü",
            "count": 1,
            "properties": 2,
            "declared": True,
        } in api.body("/objects")["objects"]
        assert api.body("/requests")["requests"][0]["path"] == path


@pytest.mark.parametrize("body", [{}, {"input": []}])
def test_a_batch_without_inputs_is_nothing_to_write(api: SmallApi, body: Any) -> None:
    answer = api.ask("POST", PEOPLE, json=body, headers=HEADERS)
    assert (answer.status_code, answer.json()["results"]) == (200, [])
    assert api.body("/requests")["requests"][0]["outcome"] == "nothing to write"


# Bodies


def raw(api: SmallApi, headers: str) -> str:
    """Send the head of an upsert alone, and give what comes until the server ends the connection."""
    host, _, port = api.url.removeprefix("http://").partition(":")
    head = f"POST {PEOPLE} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(head.encode())
        connection.shutdown(socket.SHUT_WR)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received.decode()


def test_a_body_is_read_only_for_a_token_that_is_accepted() -> None:
    with SmallApi(Options(tokens={"known": None})) as api:
        received = raw(api, "Authorization: Bearer other\r\nContent-Length: 9\r\n")
        assert received.startswith("HTTP/1.1 401 ")
        assert [one.situation for one in api.requests] == ["unauthenticated"]
        received = raw(api, "Authorization: Bearer known\r\nContent-Length: 9\r\n")
        assert received.startswith("HTTP/1.1 400 ")  # For there is no body.


def test_a_body_that_is_too_large_is_refused(api: SmallApi) -> None:
    token = "Authorization: Bearer x\r\n"
    received = raw(api, f"{token}Content-Length: {LARGEST_BODY + 1}\r\n")
    assert received.startswith("HTTP/1.1 413 ")
    assert f"The body has {LARGEST_BODY + 1} bytes; at most {LARGEST_BODY} are read." in received
    pieces = (b" " * 65536 for _ in range(LARGEST_BODY // 65536 + 1))
    answer = api.ask("POST", PEOPLE, content=pieces, headers=HEADERS)
    assert answer.status_code == 413
    assert "at least" in line(answer)
    assert [one.situation for one in api.requests] == ["body too large"] * 2
    answer = api.ask("PUT", "/_sandbox/properties/people", content=b" " * (LARGEST_BODY + 1))
    assert (answer.status_code, [*answer.json()]) == (413, ["error"])
    whole = api.ask("POST", PEOPLE, content=b"{}".ljust(LARGEST_BODY), headers=HEADERS | JSON)
    assert whole.status_code == 200


@pytest.mark.parametrize(
    ("packed", "encoding", "told"),
    [
        (gzip.compress(b"{}", mtime=0), "gzip", "Content-Encoding: gzip"),
        (gzip.compress(b"{}", mtime=0), None, "gzip, without saying so"),
        (b"{}", "br", "Content-Encoding: br"),
    ],
)
def test_a_body_that_is_packed_is_named_as_such(
    api: SmallApi, packed: bytes, encoding: str | None, told: str
) -> None:
    headers = JSON if encoding is None else {**JSON, "Content-Encoding": encoding}
    answer = api.ask("POST", PEOPLE, content=packed, headers=HEADERS | headers)
    assert (answer.status_code, told in line(answer)) == (415, True)
    answer = api.ask("POST", "/_sandbox/lock", content=packed, headers=headers)
    assert (answer.status_code, told in answer.json()["error"]) == (400, True)
    plain = {**HEADERS, **JSON, "Content-Encoding": "identity"}
    assert api.ask("POST", PEOPLE, content=b"{}", headers=plain).status_code == 200


@pytest.mark.parametrize("name", ["id", "by"])
def test_what_has_no_name_is_not_created(name: str) -> None:
    with SmallApi(Options(create_properties=True)) as api:
        one = {"id": "a@example.com", "by": "email", "properties": {"": "x"}}
        if name == "by":
            one |= {"by": "", "properties": {}}
        answer = api.ask("POST", PEOPLE, json={"inputs": [one]}, headers=HEADERS)
        assert answer.status_code == 400
        assert line(answer)
        assert api.body("/properties/people")["properties"].keys() == {"email", "name"}


# Tokens


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic eDp5", "a-token-of-tests"])
def test_a_request_without_a_bearer_token_is_refused(api: SmallApi, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = api.ask("POST", PEOPLE, json={"inputs": inputs(["a@example.com"])}, headers=headers)
    assert answer.status_code == 401
    assert "Bearer" in line(answer)
    assert api.body("/objects/people/count")["count"] == 0


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
    with SmallApi(Options(tokens={"known": frozenset(scopes)})) as api:
        answer = api.upsert("a@example.com", headers={"Authorization": "Bearer unknown"})
        assert answer.status_code == 401
        assert "unknown" not in answer.text
        answer = api.upsert("a@example.com", headers={"Authorization": "bearer known"})
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
    with SmallApi(Options(burst_limit=None, daily_limit=None)) as api:
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
    with SmallApi(options) as api:
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
        ("account-moving;retry-after=1.5", 503),
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
    assert answer.headers.get("retry-after") == ("1.5" if "retry-after" in text else None)
    assert api.body("/objects/people/count")["count"] == 0
    entry = api.body("/requests")["requests"][0]
    assert entry["fault"].startswith(text)
    assert entry["outcome"].startswith("nothing written: ")


def test_a_failing_server_has_a_status_that_is_sent_again(api: SmallApi) -> None:
    statuses = {api.upsert("a@example.com", headers=fault("server")).status_code for _ in range(40)}
    assert statuses == {502, 503}


@pytest.mark.parametrize(
    ("text", "written", "error"),
    [
        ("reset-before", 0, httpx2.ReadError),
        ("reset-after", 1, httpx2.ReadError),
        ("truncated-body", 1, httpx2.RemoteProtocolError),
    ],
)
def test_faults_that_break_the_connection(
    api: SmallApi, text: str, written: int, error: type[httpx2.TransportError]
) -> None:
    with pytest.raises(error):
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


def test_a_fault_that_does_not_exist_is_told_and_nothing_is_done(api: SmallApi) -> None:
    answer = api.upsert("a@example.com", headers=fault("reset-aftr"))
    assert answer.status_code == 400
    assert "did you mean 'reset-after'?" in line(answer)
    assert api.body("/objects/people/count")["count"] == 0


def test_a_schedule_gives_the_same_faults_again() -> None:
    def statuses(api: SmallApi) -> list[int]:
        return [api.upsert("a@example.com").status_code for _ in range(30)]

    with SmallApi(Options(faults="seed=7,rate=0.5,kinds=locked+server")) as api:
        first = statuses(api)
        assert {200, 423} < set(first)
        api.ask("POST", "/_sandbox/reset")
        assert statuses(api) == first


def test_a_database_that_fails_is_told(tmp_path: Path) -> None:
    file = tmp_path / "x.sqlite"
    with SmallApi(Options(database=file)) as api, closing(sqlite3.connect(file)) as other:
        api.upsert("a@example.com")
        with other:
            other.execute("UPDATE records SET properties = '{'")
        answer = api.upsert("a@example.com")
        assert answer.status_code == 500
        assert "the database holds what the sandbox did not write" in line(answer)
        answer = api.ask("GET", "/_sandbox/objects/people")
        assert answer.status_code == 500
        assert "the database holds what the sandbox did not write" in answer.json()["error"]


def test_a_file_that_is_locked_keeps_nobody_but_who_needs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, it is locked for less than that.
    monkeypatch.setattr("package.sandbox.account.Store", partial(Store, lock_timeout=60))
    file = tmp_path / "x.sqlite"
    with (
        SmallApi(Options(database=file)) as api,
        closing(sqlite3.connect(file, isolation_level=None)) as other,
        ThreadPoolExecutor(1) as pool,
    ):
        api.upsert("a@example.com")
        before = api.body("/state")
        assert not before["database_busy"]
        other.execute("BEGIN IMMEDIATE")
        waiting = pool.submit(api.upsert, "b@example.com")
        while not (state := api.body("/state"))["database_busy"]:
            assert not waiting.done()
        assert state["objects"] == before["objects"]
        assert api.ask("GET", "/").status_code == 200
        assert api.ask("GET", "/nowhere").status_code == 404
        assert api.ask("POST", PEOPLE, json={}).status_code == 401
        answer = api.ask("GET", "/_sandbox/objects")
        assert answer.status_code == 503
        assert "another program may have locked its file" in answer.json()["error"]
        other.execute("ROLLBACK")
        assert waiting.result(60).status_code == 200
        assert not api.body("/state")["database_busy"]
        assert api.count("people") == 2

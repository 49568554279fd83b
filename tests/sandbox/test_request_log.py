"""What was sent and what became of it, as tests read it back."""

from __future__ import annotations

import json
from dataclasses import FrozenInstanceError
from typing import Any

import httpx2
import pytest
from package.sandbox import Options
from package.sandbox.errors import NotFoundError
from package.sandbox.request_log import LONGEST_BODY, RequestEntry, RequestLog, body_of, token_id

from tests.sandbox.small_api import HEADERS, PEOPLE, SmallApi, inputs


def test_a_request_is_kept_with_what_was_sent_and_answered(api: SmallApi) -> None:
    api.upsert("b@example.com")
    answer = api.upsert("a@example.com", "b@example.com", "no-email")
    _, entry = api.requests
    assert (entry.number, entry.method, entry.path, entry.status) == (2, "POST", PEOPLE, 207)
    assert entry.token_id == token_id("a-token-of-tests")
    assert entry.trace_ids == ("t0", "t1", "t2")
    assert entry.body is not None
    assert entry.body.json() == {"inputs": inputs(["a@example.com", "b@example.com", "no-email"])}
    assert entry.answer is not None
    assert entry.answer.content == answer.content
    # Of a machine whose clock stands still meanwhile, it takes no time.
    assert entry.duration >= 0
    created, updated, refused = entry.records
    assert [one.effect for one in entry.records] == ["created", "updated", "refused"]
    assert [one.key for one in entry.records] == ["a@example.com", "b@example.com", "no-email"]
    # The sandbox answers in another order.
    assert [updated.id, created.id] == [one["id"] for one in answer.json()["results"]]
    assert (refused.id, refused.trace_id, len(refused.problems)) == (None, "t2", 1)
    assert "no-email" in refused.problems[0]
    with pytest.raises(FrozenInstanceError):
        entry.status = 200  # type: ignore[misc]


def test_programs_in_any_language_read_the_same(api: SmallApi) -> None:
    api.upsert("a@example.com", "no-email")
    entry = api.requests[0]
    told = api.body("/requests/1")
    (summary,) = api.body("/requests")["requests"]
    assert told.items() >= summary.items()
    assert told.keys() - summary.keys() == {"trace_ids", "records", "body", "answer"}
    assert told["body"]["json"]["inputs"] == inputs(["a@example.com", "no-email"])
    assert entry.answer is not None
    assert told["answer"] == {
        "size": entry.answer.size,
        "complete": True,
        "json": entry.answer.json(),
    }
    assert [one["effect"] for one in told["records"]] == ["created", "refused"]
    assert told["trace_ids"] == ["t0", "t1"]


def test_what_is_refused_as_a_whole_has_its_trace_ids(api: SmallApi) -> None:
    api.upsert("a@example.com", "a@example.com")
    (entry,) = api.requests
    assert (entry.situation, entry.trace_ids, entry.records) == ("duplicate-keys", ("t0", "t1"), ())


@pytest.mark.parametrize("text", ["reset-after", "truncated-body"])
def test_an_answer_that_does_not_arrive_is_kept(api: SmallApi, text: str) -> None:
    api.fail(text)
    with pytest.raises(httpx2.TransportError):
        api.upsert("a@example.com")
    (entry,) = api.requests
    assert entry.answer is not None
    assert len(entry.answer.json()["results"]) == 1


def test_tokens_are_not_kept(api: SmallApi) -> None:
    for token in ("secret-token-1", "secret-token-2", "secret-token-1"):
        api.upsert("a@example.com", headers={"Authorization": f"Bearer {token}"})
    api.ask("POST", PEOPLE)
    first, second, again, without = api.requests
    assert first.token_id == again.token_id != second.token_id
    assert without.token_id is None
    everything = repr(api.requests) + json.dumps([api.body(f"/requests/{n}") for n in range(1, 5)])
    assert "secret-token" not in everything


def test_as_many_bodies_are_kept_as_asked_for() -> None:
    with SmallApi(Options(keep_bodies=2)) as api:
        for number in range(4):
            api.upsert(f"{number}@example.com")
        assert [one.body is not None for one in api.requests] == [False, False, True, True]
        assert [one.answer is not None for one in api.requests] == [False, False, True, True]
        assert [one.trace_ids for one in api.requests] == [("t0",)] * 4
        assert api.body("/requests/1")["body"] is None


@pytest.mark.parametrize(("kept", "remembered"), [(0, 200), (210, 210)])
def test_the_last_requests_are_remembered(kept: int, remembered: int) -> None:
    log = RequestLog(kept)
    with pytest.raises(NotFoundError, match="no request 1; none has come yet"):
        log.entry(1)
    for _ in range(250):
        log.add(RequestEntry("", "GET", "/", 200, body=body_of(b"{}")))
    numbers = [*range(251 - remembered, 251)]
    assert [one.number for one in log.entries()] == numbers
    assert sum(one.body is not None for one in log.entries()) == kept
    assert log.entry(numbers[0]).number == numbers[0]
    with pytest.raises(NotFoundError, match=f"those from {numbers[0]} to 250 are remembered"):
        log.entry(numbers[0] - 1)


BODIES: list[tuple[bytes, dict[str, Any]]] = [
    (b'{"a": 1}', {"size": 8, "complete": True, "json": {"a": 1}}),
    (b"null", {"size": 4, "complete": True, "json": None}),
    (b"", {"size": 0, "complete": True, "text": ""}),
    (b"<html>\xff", {"size": 7, "complete": True, "text": "<html>\ufffd"}),
    (b"[" * 100_000, {"size": 100_000, "complete": True, "text": "[" * 100_000}),
    (
        b"1" * (LONGEST_BODY + 1),
        {"size": LONGEST_BODY + 1, "complete": False, "text": "1" * LONGEST_BODY},
    ),
]


@pytest.mark.parametrize(("content", "told"), BODIES, ids=[one["size"] for _, one in BODIES])
def test_a_body_is_told_as_json_or_as_text(content: bytes, told: dict[str, Any]) -> None:
    body = body_of(content)
    assert body.as_json() == told
    if "json" not in told:
        with pytest.raises(ValueError, match=r"kept|Expecting|codec|deeply"):
            body.json()


def test_an_unknown_path_is_kept_too(api: SmallApi) -> None:
    api.ask("PUT", "/nothing?x=1", content=b"hello", headers=HEADERS)
    (entry,) = api.requests
    assert (entry.path, entry.status) == ("/nothing?x=1", 404)
    assert entry.body is None  # It was not read.


@pytest.mark.parametrize("depth", [100, 400])
def test_a_body_is_told_however_deep_it_is_nested(api: SmallApi, depth: int) -> None:
    content = f'{{"other": {"[" * depth}{"]" * depth}}}'
    headers = {**HEADERS, "Content-Type": "application/json"}
    httpx2.post(f"{api.url}{PEOPLE}", content=content, headers=headers, timeout=60)
    assert api.body("/requests/1")["body"]["json"] == json.loads(content)

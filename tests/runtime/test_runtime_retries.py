"""When another attempt is made, how long that waits, and when it is not worth it."""

from __future__ import annotations

import logging
import time
from dataclasses import replace
from types import SimpleNamespace

import pytest
from package import errors
from package._runtime import deadline
from package._runtime.answer import Answer, Failure, delay_before_retry
from package._runtime.policy import Backoff

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import POLICY
from tests.servers import Server, answer

ROLLING = {"message": "slow down", "policyName": "TEN_SECONDLY_ROLLING"}


@pytest.mark.parametrize("status", [423, 429, 477, 500, 502, 503, 504, 521, 530])
def test_a_passing_error_is_tried_again(caller: UpsertCaller, server: Server, status: int) -> None:
    server.script = [answer(status, {}), answer(status, {}), answer()]
    assert caller.upsert(server).status == "COMPLETE"
    assert [request.get_data() for request in server.requests] == [
        b'{"inputs":[{"id":"1","properties":{}}]}'
    ] * 3


def test_retry_after_is_obeyed(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(503, {}, {"Retry-After": "0.3"}), answer()]
    caller.upsert(server)
    assert server.gaps[0] >= 0.3


def test_a_header_with_milliseconds_is_obeyed(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(429, ROLLING, {"X-Limit-Milliseconds": "300"}), answer()]
    caller.upsert(server)
    assert server.gaps[0] >= 0.3


def test_the_minimum_delay_of_a_rule_is_obeyed(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(423, {}, {"Retry-After": "0"}), answer()]
    caller.upsert(server)
    assert server.gaps[0] >= 0.1


def test_a_delay_past_the_budget_is_not_slept(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(477, {"message": "moving"}, {"Retry-After": "86400"}), answer()]
    with pytest.raises(errors.AccountMovingError) as caught:
        caller.upsert(server, time_budget=600)
    assert caught.value.retry_after == 86400
    assert len(server.requests) == 1


def test_attempts_end_with_the_budget_and_raise_the_last_answer(
    caller: UpsertCaller, server: Server
) -> None:
    server.script = [
        answer(503, {"message": "busy"}),
        answer(503, {"message": "full"}, {"Retry-After": "5.1"}),
    ]
    with pytest.raises(errors.ServerError) as caught:
        caller.upsert(server, time_budget=5)
    assert str(caught.value) == (
        "contacts.batch_upsert: 503 full (retry after 5.1 s, after 2 attempts)"
    )
    assert len(server.requests) == 2
    server.script = [answer(503, {})]
    with pytest.raises(errors.ApiError):
        caller.upsert(server, time_budget=0.5)
    assert len(server.requests) > 1


def test_a_token_that_takes_all_the_time_ends_the_call(
    caller: UpsertCaller, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = 0.0

    def token() -> str:
        nonlocal taken
        taken += 150
        return "t"

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + taken)
    monkeypatch.setattr(deadline, "time", clock)

    server.script = [answer(503, {"message": "busy"})]
    with pytest.raises(errors.TransportError, match="time budget") as caught:
        caller.upsert(server, token=token, time_budget=100)
    assert caught.value.attempts == len(server.requests) == 0
    with pytest.raises(errors.ServerError, match="busy") as answered:
        caller.upsert(server, token=token, time_budget=250)
    assert answered.value.attempts == len(server.requests) == 1


def test_without_a_budget_attempts_go_on(caller: UpsertCaller, server: Server) -> None:
    server.script = [*[answer(503, {}) for _ in range(8)], answer()]
    assert caller.upsert(server, time_budget=None).status == "COMPLETE"


@pytest.mark.parametrize("policy_name", ["DAILY", "daily"])
def test_the_daily_limit_is_not_tried_again(
    caller: UpsertCaller, server: Server, policy_name: str
) -> None:
    body = {"message": "done for today", "policyName": policy_name}
    server.script = [answer(429, body), answer()]
    with pytest.raises(errors.DailyLimitError) as caught:
        caller.upsert(server)
    assert not isinstance(caught.value, errors.RateLimitError)
    assert len(server.requests) == 1


def test_retries_are_logged_without_headers_and_bodies(
    caller: UpsertCaller, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    server.script = [answer(503, {"message": "private"}), answer()]
    caller.upsert(server)
    ours = [record for record in caplog.records if record.name == "package"]
    assert [record.levelno for record in ours] == [logging.INFO]
    message = ours[0].getMessage()
    assert message.startswith("contacts.batch_upsert: attempt 1: status 503; trying again in 0.")
    assert "private" not in caplog.text
    assert "pat-secret" not in caplog.text


def delay(outcome: Answer | Failure, attempt: int = 1, random: float = 0.0) -> float | None:
    return delay_before_retry(POLICY, outcome, attempt, random=random, now=0.0)


def test_delays_grow_up_to_the_maximum_and_jitter_spreads_them() -> None:
    failure = Failure("reset", retryable=True)
    assert [delay(failure, attempt) for attempt in (1, 2, 3, 9)] == [0.005, 0.01, 0.01, 0.01]
    assert delay(failure, 1, random=0.5) == pytest.approx(0.0075)


def test_jitter_never_shortens_what_the_server_asks_for() -> None:
    busy = Answer(503, {"retry-after": "3"}, b"")
    for random in (0.0, 0.5, 0.999):
        seconds = delay(busy, random=random)
        assert seconds is not None
        assert 3.0 <= seconds < 3.02


def test_backoff_does_not_overflow() -> None:
    assert Backoff(initial=1, multiplier=10, maximum=8).delay(10_000) == 8


def test_failures_are_not_tried_again_where_twice_does_harm() -> None:
    assert delay(Failure("refused", retryable=False)) is None
    assert delay(Answer(200, {}, b"")) is None


def test_a_policy_can_be_a_key() -> None:
    assert len({POLICY, replace(POLICY), replace(POLICY, retry_transport=False)}) == 2

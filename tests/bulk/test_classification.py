"""What an answer, or the lack of one, means for the records that were sent."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.classification import (
    Accepted,
    Lost,
    Retry,
    Split,
    Stopping,
    Verdict,
    classify,
)
from package._runtime.answer import Answer, Failure
from package.errors import DailyLimitError, TransportError

from tests.bulk.contacts import OPERATION, POLICY, ROLES, error_body, invalid, json_answer

RESET = Failure("ReadError: reset", retryable=True)


def verdict(outcome: Answer | Failure, *, attempt: int = 1, time_left: float = math.inf) -> Verdict:
    return classify(
        OPERATION, ROLES, outcome, attempt=attempt, time_left=time_left, random=0.0, now=0.0
    )


@pytest.mark.parametrize("status", [200, 201, 207, 299])
def test_every_2xx_is_accepted(status: int) -> None:
    assert verdict(json_answer(status, {"results": []})) == Accepted({"results": []})


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, {}, b""),
        Answer(200, {}, b"<html>"),
        Answer(200, {}, b"[]"),
        Answer(200, {}, b'{"results": ['),
        Answer(200, {}, b'"\xff"'),
        Answer(200, {}, b"{}", defect="bad gzip"),
    ],
)
def test_a_2xx_that_cannot_be_read_says_nothing(answer: Answer) -> None:
    found = verdict(answer)
    assert isinstance(found, Lost)
    assert "accepted the request" in found.reason


@pytest.mark.parametrize(
    ("outcome", "in_doubt"),
    [
        (json_answer(423, {}), False),
        (json_answer(429, {"policyName": "SECONDLY"}), False),
        (json_answer(477, {}), False),
        (json_answer(503, {}), True),
        (RESET, True),
    ],
)
def test_what_passes_is_tried_again_as_long_as_there_is_time(
    outcome: Answer | Failure, in_doubt: bool
) -> None:
    again = verdict(outcome)
    assert isinstance(again, Retry)
    assert again.in_doubt is in_doubt
    late = verdict(outcome, time_left=again.delay)
    assert isinstance(late, Stopping)
    assert (late.is_late, late.in_doubt) == (True, in_doubt)
    assert verdict(outcome, time_left=again.delay + 0.001) == again


def test_the_delay_that_is_asked_for_counts() -> None:
    again = verdict(json_answer(429, {}, {"retry-after": "7"}))
    assert isinstance(again, Retry)
    assert 7 <= again.delay < 7.1


@pytest.mark.parametrize("status", [400, 409, 413, 422])
def test_what_is_about_records_is_split(status: int) -> None:
    found = verdict(json_answer(status, invalid("email", "INVALID_EMAIL", [])))
    assert found == Split((("email", "INVALID_EMAIL", "email is invalid"),))  # type: ignore[arg-type]


def test_a_refusal_without_json_has_its_status_as_the_problem() -> None:
    found = verdict(Answer(413, {}, b"<html>"))
    assert isinstance(found, Split)
    assert "413" in found.problems[0].message


@pytest.mark.parametrize("status", [400, 409, 422])
@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b'"bad"', b"\xff"])
def test_a_refusal_that_is_not_of_the_api_is_about_no_record(status: int, content: bytes) -> None:
    found = verdict(Answer(status, {}, content))
    assert isinstance(found, Stopping)
    assert not found.in_doubt
    assert str(status) in found.reason
    assert "no JSON object" in found.reason
    assert "proxy" in found.mend


@pytest.mark.parametrize(
    ("body", "mend"),
    [
        (error_body("x", errors=[{"code": "PROPERTY_DOESNT_EXIST"}]), "create the property"),
        (error_body("x", "PROPERTY_DOESNT_EXIST"), "create the property"),
        (error_body("update by non-unique property firstname"), "choose another property"),
    ],
)
def test_systemic_errors_stop_with_what_to_change(body: Any, mend: str) -> None:
    found = verdict(json_answer(400, body))
    assert isinstance(found, Stopping)
    assert found.mend == mend
    assert isinstance(verdict(json_answer(409, body)), Split)


@pytest.mark.parametrize("status", [301, 401, 403, 404, 405, 414, 415])
def test_what_is_about_the_whole_call_stops(status: int) -> None:
    found = verdict(json_answer(status, error_body("no")))
    assert isinstance(found, Stopping)
    assert found.mend
    assert not found.in_doubt


def test_the_daily_limit_stops() -> None:
    found = verdict(json_answer(429, error_body("done", policyName="DAILY")))
    assert isinstance(found, Stopping)
    assert isinstance(found.error, DailyLimitError)


def test_a_server_error_that_is_not_tried_again_says_nothing() -> None:
    assert isinstance(verdict(json_answer(500, {})), Lost)


def test_failures() -> None:
    refused = verdict(Failure("certificate", retryable=False))
    assert isinstance(refused, Stopping)
    assert isinstance(refused.error, TransportError)
    once = replace(OPERATION, policy=replace(POLICY, retry_transport=False))
    found = classify(once, ROLES, RESET, attempt=1, time_left=math.inf, random=0.0, now=0.0)
    assert isinstance(found, Lost)


@given(st.integers(200, 599), st.binary(max_size=20), st.floats(0, 1, exclude_max=True))
def test_every_answer_means_something(status: int, content: bytes, random: float) -> None:
    found = classify(
        OPERATION,
        ROLES,
        Answer(status, {}, content),
        attempt=1,
        time_left=1.0,
        random=random,
        now=0.0,
    )
    kinds: dict[int, tuple[type[Verdict], ...]] = {
        2: (Accepted, Lost),
        3: (Stopping,),
        4: (Retry, Split, Stopping),
        5: (Retry, Stopping, Lost),
    }
    assert isinstance(found, kinds[status // 100])

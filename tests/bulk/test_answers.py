"""What an answer, or the lack of one, means for the request, and what it says of each record."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.answer_body import problems_of
from package._bulk.answers import (
    Accepted,
    Lost,
    Retry,
    Split,
    Stopping,
    Verdict,
    classify,
)
from package._bulk.outcomes import Problem
from package._runtime.answer import Answer
from package._runtime.attempt import Failure
from package._runtime.operation import Operation
from package._runtime.policy import ErrorRule
from package._runtime.roles import ResultStatus, Roles
from package.errors import AuthenticationError, DailyLimitError, TransportError

from tests.bulk.contacts import (
    OPERATION,
    ROLES,
    SHAPE,
    error_body,
    invalid,
    json_answer,
)
from tests.runtime.emitted_client import POLICY

# The request

RESET = Failure("ReadError: reset", retryable=True)


def verdict(
    outcome: Answer | Failure,
    operation: Operation[Any] = OPERATION,
    *,
    time_left: float = math.inf,
    random: float = 0.0,
) -> Verdict:
    return classify(
        operation, ROLES, outcome, number=1, time_left=time_left, random=random, now=0.0
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
    assert found == Split((Problem("email", "INVALID_EMAIL", "email is invalid"),))


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


@pytest.mark.parametrize(
    ("answer", "mend"),
    [
        (json_answer(401, error_body("who?")), "token"),
        (json_answer(403, error_body("no")), "scopes"),
        (json_answer(429, error_body("done", policyName="DAILY")), "day"),
        (json_answer(404, error_body("where?")), "arguments"),
        (json_answer(405, error_body("no")), "arguments"),
        (json_answer(414, error_body("no")), "arguments"),
        (json_answer(415, error_body("no")), "arguments"),
        (Answer(302, {}, b""), "base URL"),
    ],
)
def test_what_is_about_the_whole_call_stops(answer: Answer, mend: str) -> None:
    found = verdict(answer)
    assert isinstance(found, Stopping)
    assert mend in found.mend
    assert not found.in_doubt
    assert isinstance(found.error, DailyLimitError) == (answer.status == 429)


def test_what_the_api_says_of_the_token_is_about_no_record() -> None:
    rule = ErrorRule((400,), AuthenticationError, when=(("errors.0.code", "BAD_KEY"),))
    operation = replace(OPERATION, policy=replace(POLICY, rules=(rule, *POLICY.rules)))

    def found(code: str) -> Any:
        body = json.dumps({"errors": [{"code": code}]}).encode()
        return verdict(Answer(400, {}, body), operation=operation)

    assert found("BAD_KEY").mend == "give the client a token that is valid"
    assert isinstance(found("BAD_VALUE"), Split)


def test_what_is_not_tried_again_says_nothing() -> None:
    assert isinstance(verdict(json_answer(522, {})), Lost)
    once = replace(OPERATION, policy=replace(POLICY, retry_transport=False))
    assert isinstance(verdict(RESET, once), Lost)


def test_what_could_not_be_sent_at_all_stops() -> None:
    refused = verdict(Failure("certificate", retryable=False))
    assert isinstance(refused, Stopping)
    assert isinstance(refused.error, TransportError)
    assert "base URL" in refused.mend


@given(st.integers(200, 599), st.binary(max_size=20), st.floats(0, 1, exclude_max=True))
def test_every_answer_means_something(status: int, content: bytes, random: float) -> None:
    found = verdict(Answer(status, {}, content), time_left=1.0, random=random)
    kinds: dict[int, tuple[type[Verdict], ...]] = {
        2: (Accepted, Lost),
        3: (Stopping,),
        4: (Retry, Split, Stopping),
        5: (Retry, Stopping, Lost),
    }
    assert isinstance(found, kinds[status // 100])


@pytest.mark.parametrize(
    ("content", "status", "is_told"),
    [
        (b"", 200, False),
        (b" \n", 200, False),
        (b"", 204, True),
        (b"", 205, True),
        (b"null", 200, True),
        (b'{"ok": true}', 201, True),
        (b"OK", 200, False),
        (b"<html>", 200, False),
        (b'{"ok"', 200, False),
        (b'{"ok": true}', 207, False),
    ],
)
def test_a_mere_success_counts_if_it_is_as_it_was_promised(
    content: bytes, status: int, is_told: bool
) -> None:
    roles = Roles("inputs", "id")
    for answer in (Answer(status, {}, content), Answer(status, {}, content, "it is cut off")):
        found = classify(OPERATION, roles, answer, number=1, time_left=1, random=0, now=0)
        is_accepted = is_told and answer.defect is None
        assert isinstance(found, Accepted if is_accepted else Lost)


@pytest.mark.parametrize("responses", [{"207": json.loads}, {"2XX": json.loads}])
def test_a_status_of_its_own_for_each_record_counts_if_it_is_promised(responses: Any) -> None:
    operation, answer = replace(OPERATION, responses=responses), json_answer(207, {})
    roles = Roles("inputs", "id")
    found = classify(operation, roles, answer, number=1, time_left=1, random=0, now=0)
    assert isinstance(found, Accepted)


def test_a_refusal_that_is_a_list_tells_what_is_wrong() -> None:
    found = verdict(json_answer(400, [error_body("bad"), error_body("worse")]))
    assert isinstance(found, Split)
    assert [one.message for one in found.problems] == ["bad", "worse"]


def test_a_refusal_of_which_only_the_results_tell_says_what_they_do() -> None:
    answer = json_answer(400, {"results": [{"id": 1}, error_body("bad")], "status": "error"})
    found = verdict(answer)
    assert isinstance(found, Split)
    assert [one.message for one in found.problems] == ["bad"]


# What is wrong with a record


@pytest.mark.parametrize(
    ("item", "problems"),
    [
        (
            invalid("email", "INVALID_EMAIL", ["x"]),
            [("email", "INVALID_EMAIL", "email is invalid")],
        ),
        (error_body("No [list here"), [(None, "VALIDATION_ERROR", "No [list here")]),
        (
            error_body('Ids [1]: [{"name": "a", "message": "b"}] and more'),
            [("a", None, "b")],
        ),
        (error_body("[{" * 10_000), [(None, "VALIDATION_ERROR", "[{" * 10_000)]),
        (
            error_body(
                "all",
                errors=[
                    {"code": "A", "message": "m", "context": {"propertyName": ["p", "q"]}},
                    {"code": "B", "context": "propertyName"},
                    {},
                    7,
                ],
            ),
            [("p", "A", "m"), ("q", "A", "m"), (None, "B", "all")],
        ),
        (
            error_body("all", errors={"code": 7, "message": "m", "context": {"propertyName": "p"}}),
            [("p", "7", "m")],
        ),
        ({"category": 7, "message": "m"}, [(None, "7", "m")]),
        ({"category": True, "message": "m"}, [(None, None, "m")]),
        ({}, [(None, None, "the API rejected the record without saying why")]),
        (None, [(None, None, "the API rejected the record without saying why")]),
        ({"why": "é"}, [(None, None, 'the API rejected the record: {"why": "é"}')]),
        (
            {"category": "A", "why": "a" * 900},
            [(None, "A", f'the API rejected the record: {{"category": "A", "why": "{"a" * 174}…')],
        ),
    ],
)
def test_problems(item: Any, problems: list[Any]) -> None:
    assert list(problems_of(SHAPE, item)) == problems


def test_of_the_results_in_a_refusal_those_that_are_accepted_say_nothing() -> None:
    roles = Roles("inputs", "id", results="rows", error=SHAPE, results_by="position")
    roles = replace(roles, result_status=ResultStatus("category", ("FINE",)))
    rows = [error_body("written", "FINE"), error_body("bad", "WRONG")]
    answer = json_answer(400, {"rows": rows})
    found = classify(OPERATION, roles, answer, number=1, time_left=1, random=0, now=0)
    assert found == Split((Problem(None, "WRONG", "bad"),))

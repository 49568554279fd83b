"""What the errors of each scenario mean, and when a request is sent again."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.scenarios import Scenario

Scenarios = Callable[[str], Scenario]


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "ValidationError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "StatusError"),
        (409, "ConflictError"),
        (422, "ValidationError"),
        (423, "StatusError"),
        (429, "RateLimitError"),
        (500, "ServerError"),
        (503, "ServerError"),
    ],
)
def test_without_rules_statuses_mean_what_http_says(
    scenario: Scenarios, status: int, error: str
) -> None:
    body = '{"message": "unread", "category": "unread", "correlationId": "unread"}'
    raised = scenario("responses").answered("orders.several_successes", status, body)
    assert type(raised).__name__ == error
    assert raised.body.message == "unread"
    assert raised.category is raised.correlation_id is None
    assert "unread" not in str(raised)
    delay = delay_of(scenario("responses"), "orders.several_successes", status)
    assert delay == (0.25 if status == 429 else None)


def delay_of(
    scenario: Scenario, method: str, status: int, headers: dict[str, str] | None = None
) -> float | None:
    """Return the seconds before the second attempt; None if there is none."""
    answer = scenario.module("_runtime.answer").Answer(status, headers or {}, b"")
    delay: float | None = scenario.module("_runtime.retry").delay_before_retry(
        scenario.operation(method).policy, answer, 1, random=0.0, now=0.0
    )
    return delay


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (429, "daily", "DailyLimitError"),
        (429, "OTHER", "RateLimitError"),
        (502, "DAILY", "ServerError"),
        (503, "DAILY", "RateLimitError"),
        (418, "DAILY", "StatusError"),
        # The usual rules come last.
        *((401, "DAILY", "AuthenticationError"), (422, "DAILY", "ValidationError")),
    ],
)
def test_rules_of_policies_are_tried_in_order_and_name_the_fields(
    scenario: Scenarios, status: int, kind: str, error: str
) -> None:
    body = json.dumps({"kind": kind, 'error "text"': "wait", "trace": "t-1"})
    raised = scenario("policies").answered(
        "lists.save", status, body, {"x-max": "9", "x-left": "3"}
    )
    assert type(raised).__name__ == error
    assert (raised.message, raised.category, raised.correlation_id) == ("wait", kind, "t-1")
    assert (raised.rate_limit.maximum, raised.rate_limit.remaining) == (9, 3)


@pytest.mark.parametrize(
    ("status", "body", "error"),
    [
        (400, {"data": [{"code": "expired"}]}, "AuthenticationError"),
        (400, {"data": [{"code": "OTHER"}, {"code": "EXPIRED"}]}, "StatusError"),
        (400, {"data": []}, "StatusError"),
        (400, [{"code": "EXPIRED"}], "StatusError"),
        (409, {}, "StatusError"),
    ],
)
def test_rules_may_ask_for_what_is_nested_and_do_without_the_usual_ones(
    scenario: Scenarios, status: int, body: Any, error: str
) -> None:
    raised = scenario("policies").answered("lists.replace", status, json.dumps(body))
    assert type(raised).__name__ == error


def test_an_api_may_have_errors_of_its_own(scenario: Scenarios) -> None:
    example = scenario("policies")
    errors = example.module("errors")
    raised = [example.answered("lists.replace", status, "{}") for status in (477, 478)]
    assert [type(one) for one in raised] == [errors.AsleepError, errors.MovingHouseError]
    assert [one.may_pass for one in raised] == [False, True]
    assert errors.AsleepError.__doc__ == 'Nobody """ is in.'
    assert errors.MovingHouseError.__doc__ == "The account is | on its way."
    assert {"AsleepError", "MovingHouseError", "ServerError"} < {*errors.__all__}
    assert errors.__all__ == sorted(errors.__all__)
    package = importlib.import_module(errors.__package__)
    assert package.__all__ == errors.__all__
    assert package.AsleepError is errors.AsleepError
    assert not hasattr(scenario("defaults").module("errors"), "AsleepError")


def test_fields_of_errors_may_be_nested(scenario: Scenarios) -> None:
    data = [{"scopes": ["a", "b"]}, {"code": "x", "scopes": ["c"]}]
    body = json.dumps({"error": {"message": "Too bad", "code": 7}, "data": data})
    raised = scenario("policies").answered("lists.replace", 400, body)
    assert (raised.message, raised.category) == ("Too bad", "7")
    assert raised.missing_scopes == ("a", "b", "c")


def test_policies_count_for_their_operation_alone(scenario: Scenarios) -> None:
    body, headers = '{"kind": "DAILY", "trace": "t-1"}', {"x-left": "3"}
    raised = scenario("policies").answered("lists.clear", 429, body, headers)
    assert type(raised).__name__ == "RateLimitError"
    assert raised.category is raised.rate_limit is None
    save, clear = (
        scenario("policies").operation(f"lists.{one}").policy for one in ("save", "clear")
    )
    assert (save.retry_transport, clear.retry_transport) == (True, False)
    assert (save.backoff.maximum, clear.backoff.maximum) == (5.0, 30.0)


@pytest.mark.parametrize(
    ("method", "status", "headers", "delay"),
    [
        ("save", 502, {}, 0.05),
        ("save", 503, {}, 2.0),
        ("save", 503, {"x-wait": "300"}, 2.0),
        ("save", 503, {"x-wait": "3000"}, 3.0),
        ("clear", 503, {"x-wait": "3000"}, None),
        ("replace", 429, {"x-wait": "2.5"}, 2.5),
        ("replace", 429, {"x-wait": "soon"}, 0.25),
        ("replace", 503, {"x-back": "4"}, 4.0),
        ("replace", 503, {"x-back": "5000"}, 5000.0),
        ("replace", 503, {"x-back": "1970-01-01T01:00:09+01:00"}, 9.0),
        ("replace", 503, {"x-back": "Thu, 01 Jan 1970 00:00:08 GMT"}, 8.0),
        ("replace", 503, {"x-back": "1969-12-31T00:00:00"}, 0.25),
        ("replace", 503, {"x-back": "4", "retry-after": "6"}, 6.0),
        *(("replace", 503, {"x-back": text}, 0.25) for text in ("", "tomorrow", "-5", "9" * 15)),
    ],
)
def test_delays_of_policies(
    scenario: Scenarios, method: str, status: int, headers: dict[str, str], delay: float | None
) -> None:
    assert delay_of(scenario("policies"), f"lists.{method}", status, headers) == delay

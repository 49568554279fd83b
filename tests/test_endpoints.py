"""The endpoints that the project began with: what is sent, what answers are read as, what statuses mean.

All operations share one policy: its tables are for pure functions, and sockets show that both kinds call it.
"""

from __future__ import annotations

import json
import time
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from types import SimpleNamespace
from typing import Any

import hubspot_upsert as errors
import pydantic
import pytest
from hubspot_upsert._policies import POLICY
from hubspot_upsert._runtime import attempt, connection
from hubspot_upsert._runtime.retry import delay_before_retry
from hubspot_upsert.v2026_03 import models
from tenacity import AsyncRetrying, Retrying
from werkzeug import Response

from tests.endpoints import (
    ENDPOINTS,
    ONE_INPUT,
    SUCCESS,
    Endpoint,
    an_answer,
    example,
    success,
)
from tests.servers import PATIENCE, RawServer, Server, answer, raw_answer, reset

# Should anything be sent again that must not be, nobody waits for it.
pytestmark = pytest.mark.usefixtures("slept")

JITTER = 0.25  # Half of the first backoff of 0.5 s; what an answer asks for is never shortened.


@pytest.fixture(params=list(ENDPOINTS))
def endpoint(request: pytest.FixtureRequest, kind: str) -> Endpoint:
    return replace(ENDPOINTS[request.param], kind=kind)


@pytest.fixture
def tasks(kind: str) -> Endpoint:
    """One endpoint that stands for all, where they share what is tested."""
    return replace(ENDPOINTS["2025-09-tasks"], kind=kind)


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds of each sleep between attempts, which is added to the time instead of slept.

    So the real delays of the real policy are seen, and nobody waits for them.
    """
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr(connection, "Retrying", partial(Retrying, sleep=slept.append))
    monkeypatch.setattr(connection, "AsyncRetrying", partial(AsyncRetrying, sleep=sleep))
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + sum(slept))
    monkeypatch.setattr(attempt, "time", later)
    return slept


VALIDATION_MESSAGE = (
    'Property values were not valid: [{"isValid":false,"message":"Email address not-an-email is '
    'invalid","error":"INVALID_EMAIL","name":"email"}]'
)
LIVE_207: dict[str, Any] = {
    **SUCCESS,
    "numErrors": 1,
    "errors": [
        {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": VALIDATION_MESSAGE,
            "context": {"objectWriteTraceId": ["p1", "p2"]},
        }
    ],
}
DUPLICATES = {
    "status": "error",
    "message": "Duplicate IDs found in batch input: [1]. IDs must be unique",
    "correlationId": "7a7d9a2e-0000-4000-8000-000000000001",
    "context": {"ids": ["1"]},
    "category": "VALIDATION_ERROR",
}


def test_the_request_is_the_documented_one(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    request = example("request.json")
    endpoint.upsert(server, request["inputs"])
    assert server.targets == [endpoint.target]
    sent = server.requests[0]
    assert json.loads(sent.get_data()) == request
    assert sent.headers["Authorization"] == "Bearer pat-secret-0123456789"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["User-Agent"] == f"hubspot-upsert/{version('hubspot-upsert')}"


def test_models_and_mappings_are_sent_alike(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    model = endpoint.version.models.SimplePublicObjectBatchInputUpsert
    endpoint.upsert(server, ONE_INPUT)
    endpoint.upsert(server, [model.model_validate(ONE_INPUT[0])])
    one = model(
        id="row-7",
        id_property="my_key",
        object_write_trace_id="trace-7",
        properties={"hs_task_subject": "Call Ada", "hs_task_body": None},
    )
    endpoint.upsert(server, (one,))
    assert [json.loads(body) for body in server.bodies] == [{"inputs": ONE_INPUT}] * 3


def test_what_is_not_given_is_not_sent(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    endpoint.upsert(server, [{"id": "1", "properties": {"name": "", "other": None}}])
    assert server.bodies == [b'{"inputs":[{"id":"1","properties":{"name":"","other":null}}]}']


REFUSED: list[tuple[object, str]] = [
    ([{"id": "1", "properties": {}, "idProprety": "email"}], "idProprety"),
    ([{"properties": {}}], "id"),
    ([{"id": "1"}], "properties"),
    ([{"id": 1, "properties": {}}], "id"),
    ([{"id": "1", "properties": {"age": 5}}], "age"),
    ([{"id": "1", "properties": {}}, None], r"inputs\.1"),
    (None, "inputs"),
    ([{"id": str(number), "properties": {}} for number in range(101)], "at most 100"),
]


def test_what_would_be_refused_is_not_sent(endpoint: Endpoint, server: Server) -> None:
    for inputs, named in REFUSED:
        with pytest.raises(pydantic.ValidationError, match=named):
            endpoint.upsert(server, inputs)
    assert server.requests == []


def test_a_hundred_inputs_are_one_request(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    endpoint.upsert(server, [{"id": str(number), "properties": {}} for number in range(100)])
    assert len(server.requests) == 1
    assert len(json.loads(server.bodies[0])["inputs"]) == 100


# What answers are read as is for pure functions, which both kinds of clients call.


@pytest.fixture(params=list(ENDPOINTS))
def called(request: pytest.FixtureRequest) -> Endpoint:
    return ENDPOINTS[request.param]


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_every_success_is_read_alike(called: Endpoint, status: int) -> None:
    response = called.answered(status, SUCCESS)
    assert response.status == "COMPLETE"
    assert response.started_at == datetime(2026, 1, 1, tzinfo=UTC)
    (result,) = response.results
    assert result.id == "512"
    assert result.new is True
    assert result.properties == {"hs_task_subject": "Call Ada", "hs_task_body": None}
    assert result.object_write_trace_id == "trace-7"
    assert response.errors is response.num_errors is None


@pytest.mark.parametrize("name", ["v3-tasks-response.json", "2025-09-objects-response.json"])
@pytest.mark.parametrize("status", [200, 207])
def test_the_documented_answers_are_read(called: Endpoint, name: str, status: int) -> None:
    body = example(name)
    response = called.answered(status, body)
    assert json.loads(response.model_dump_json(by_alias=True, exclude_unset=True)) == body
    assert response.status == "CANCELED"
    assert response.num_errors == 10
    (error,) = response.errors
    assert type(error) is called.version.models.StandardError
    assert error.sub_category == {}
    (detail,) = error.errors
    assert type(detail) is called.version.models.ErrorDetail
    assert detail.sub_category == "<string>"
    assert detail.in_ == "<string>"
    assert "scope1" in detail.context


def test_a_live_207_is_read_and_typed(called: Endpoint) -> None:
    response = called.answered(207, LIVE_207)
    assert response.num_errors == 1
    (error,) = response.errors
    assert error.category == "VALIDATION_ERROR"
    assert error.message == VALIDATION_MESSAGE
    assert error.context == {"objectWriteTraceId": ["p1", "p2"]}
    assert error.errors is error.links is error.sub_category is error.id is None
    assert [result.object_write_trace_id for result in response.results] == ["trace-7"]


def test_answers_may_say_more_than_the_spec(called: Endpoint) -> None:
    body = {
        **LIVE_207,
        "status": "ON_HOLD",
        "later": True,
        "results": [{**SUCCESS["results"][0], "new": False, "score": 5}],
        "errors": [{"subCategory": "crm.VALIDATION", "errors": [{"context": {"a": ["b"]}}]}],
    }
    response = called.answered(207, body)
    assert response.status == "ON_HOLD"
    assert response.model_extra == {"later": True}
    assert response.results[0].new is False
    assert response.results[0].model_extra == {"score": 5}
    assert response.errors[0].sub_category == "crm.VALIDATION"
    assert response.errors[0].errors[0].context == {"a": ["b"]}


def test_an_answer_without_results_is_no_success_of_any_input(called: Endpoint) -> None:
    assert called.answered(200, {**SUCCESS, "status": "CANCELED", "results": []}).results == []


@pytest.mark.parametrize(
    ("status", "body", "typed"),
    [
        (400, DUPLICATES, {"context": {"ids": ["1"]}, "category": "VALIDATION_ERROR"}),
        (409, {"message": "Contact already exists", "category": "CONFLICT"}, {"errors": None}),
        (
            400,
            {
                "status": "error",
                "message": "Property does not exist",
                "errors": [{"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["x"]}}],
                "category": "VALIDATION_ERROR",
                "subCategory": "crm.PROPERTIES",
                "links": {"knowledge-base": "https://example.com/"},
            },
            {"sub_category": "crm.PROPERTIES"},
        ),
        (
            429,
            {
                "status": "error",
                "message": "You have reached your daily limit.",
                "errorType": "RATE_LIMIT",
                "correlationId": "c-2",
                "policyName": "DAILY",
                "groupName": "publicapi:private-apps",
            },
            {"error_type": "RATE_LIMIT", "policy_name": "DAILY", "category": None},
        ),
    ],
)
def test_the_body_of_an_error_is_typed(
    called: Endpoint, status: int, body: dict[str, Any], typed: dict[str, Any]
) -> None:
    with pytest.raises(errors.StatusError) as caught:
        called.answered(status, body)
    error = caught.value
    assert type(error.body) is models.Error
    assert {name: getattr(error.body, name) for name in typed} == typed
    assert error.body.model_dump(by_alias=True, exclude_unset=True) == body
    assert error.message == body["message"]
    assert error.category == body.get("category")
    assert error.correlation_id == body.get("correlationId")
    assert json.loads(error.text or "") == body


def test_codes_of_details_are_typed(called: Endpoint) -> None:
    body = {"errors": [{"code": "PROPERTY_DOESNT_EXIST", "in": "properties", "message": "no"}]}
    with pytest.raises(errors.ValidationError) as caught:
        called.answered(400, body)
    (detail,) = caught.value.body.errors
    assert (detail.code, detail.in_, detail.message) == (
        "PROPERTY_DOESNT_EXIST",
        "properties",
        "no",
    )
    assert str(caught.value) == f"{called.object_type}.batch_upsert: 400 Bad Request"


# What statuses mean.


def body(category: str | None = None, **more: str) -> dict[str, str]:
    """An error body as the API sends it."""
    named = {"category": category} if category else {}
    return {"status": "error", "message": "It failed.", "correlationId": "c-1", **named, **more}


def limited(policy: str) -> dict[str, str]:
    """The body of a 429, which has no category."""
    return body(errorType="RATE_LIMIT", policyName=policy, groupName="publicapi:x")


PAGE = "<html><h1>It failed.</h1></html>"

FINAL: list[tuple[int, Any, type[errors.StatusError]]] = [
    (400, body("VALIDATION_ERROR"), errors.ValidationError),
    (401, body("INVALID_AUTHENTICATION"), errors.AuthenticationError),
    (401, body("EXPIRED_AUTHENTICATION"), errors.AuthenticationError),
    (403, body("MISSING_SCOPES"), errors.PermissionDeniedError),
    (409, body("CONFLICT"), errors.ConflictError),
    (414, PAGE, errors.ValidationError),
    (429, limited("DAILY"), errors.DailyLimitError),
    (429, body("RATE_LIMITS", policyName="daily"), errors.DailyLimitError),
    (501, PAGE, errors.ServerError),
    (526, PAGE, errors.ServerError),
    (404, body("OBJECT_NOT_FOUND"), errors.StatusError),
    (405, PAGE, errors.StatusError),
    (415, body(), errors.StatusError),
    (418, PAGE, errors.StatusError),
    (300, PAGE, errors.StatusError),
    (304, "", errors.StatusError),
]


@pytest.mark.parametrize("name", ENDPOINTS)
@pytest.mark.parametrize(("status", "content", "kind"), FINAL)
def test_what_stays_wrong_is_raised_at_once(
    name: str, status: int, content: Any, kind: type[errors.StatusError]
) -> None:
    assert delay_of(status, content, {}) is None
    with pytest.raises(errors.ApiError) as caught:
        ENDPOINTS[name].answered(status, content)
    assert type(caught.value) is kind
    assert_carries(caught.value, ENDPOINTS[name], status, content)


PASSING: list[tuple[int, Any, dict[str, str], type[errors.StatusError], float]] = [
    (423, body("LOCKED"), {}, errors.LockedError, 2),
    (423, body("LOCKED"), {"Retry-After": "1"}, errors.LockedError, 2),
    (423, body("LOCKED"), {"Retry-After": "5"}, errors.LockedError, 5),
    (429, limited("TEN_SECONDLY_ROLLING"), {}, errors.RateLimitError, 10),
    (429, limited("TEN_SECONDLY_ROLLING"), {"Retry-After": "20"}, errors.RateLimitError, 20),
    (429, limited("SECONDLY"), {}, errors.RateLimitError, 1),
    (429, limited("SOMETHING_NEW"), {}, errors.RateLimitError, 1),
    (
        429,
        body("RATE_LIMITS"),
        {"X-HubSpot-RateLimit-Interval-Milliseconds": "10000"},
        errors.RateLimitError,
        10,
    ),
    (429, {"message": "It failed."}, {}, errors.RateLimitError, 1),
    (429, PAGE, {}, errors.RateLimitError, 1),
    (477, body("MIGRATION_IN_PROGRESS"), {"Retry-After": "30"}, errors.AccountMovingError, 30),
    (477, PAGE, {}, errors.AccountMovingError, 0),
    *(
        (status, PAGE, {}, errors.ServerError, 0)
        for status in (408, *range(502, 505), *range(520, 526), 530)
    ),
    (500, body("INTERNAL_ERROR"), {}, errors.ServerError, 0),
    (502, body("BAD_GATEWAY"), {}, errors.ServerError, 0),
    (503, PAGE, {"Retry-After": "7"}, errors.ServerError, 7),
]


@pytest.mark.parametrize(("status", "content", "headers", "kind", "least"), PASSING)
def test_what_passes_is_sent_again_after_the_delay_that_it_takes(
    status: int,
    content: Any,
    headers: dict[str, str],
    kind: type[errors.StatusError],
    least: float,
) -> None:
    least = max(least, JITTER)
    assert delay_of(status, content, headers, random=0.0) == least
    assert delay_of(status, content, headers, random=0.5) == least + JITTER / 2
    # However long that takes.
    late = {**headers, "Retry-After": "86400"}
    assert delay_of(status, content, late, random=0.0) == 86400
    endpoint = ENDPOINTS["2025-09-objects"]
    with pytest.raises(errors.ApiError) as caught:
        endpoint.answered(status, content, late)
    assert type(caught.value) is kind
    assert_carries(caught.value, endpoint, status, content)
    assert caught.value.retry_after == 86400


def delay_of(
    status: int, content: Any, headers: dict[str, str], *, random: float = 0.0
) -> float | None:
    """Give the seconds before the second attempt; None if there is none."""
    answer = an_answer(status, content, headers)
    return delay_before_retry(POLICY, answer, 1, random=random, now=time.time())


# On sockets.


def test_what_passes_is_sent_again_as_it_was(
    endpoint: Endpoint, server: Server, slept: list[float]
) -> None:
    server.script = [answer(429, limited("TEN_SECONDLY_ROLLING")), success()]
    assert endpoint.upsert(server).results[0].id == "512"
    assert server.targets == [endpoint.target] * 2
    assert server.bodies[0] == server.bodies[1] != b""
    assert server.requests[1].headers["Authorization"] == "Bearer pat-secret-0123456789"
    (seconds,) = slept
    assert 10 <= seconds < 10 + JITTER


@pytest.mark.parametrize(
    ("status", "content", "budget"),
    [(423, body("LOCKED"), 2), (429, limited("TEN_SECONDLY_ROLLING"), 10)],
)
def test_a_delay_of_the_policy_does_not_leave_the_budget_either(
    tasks: Endpoint,
    server: Server,
    slept: list[float],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    content: Any,
    budget: float,
) -> None:
    server.script = [error_answer(status, content), success()]
    # The first attempt takes a minute and leaves this budget, which a stall cannot use up before.
    later = SimpleNamespace(monotonic=lambda: time.monotonic() + PATIENCE * len(server.requests))
    monkeypatch.setattr(attempt, "time", later)
    with pytest.raises(errors.StatusError) as caught:
        tasks.upsert(server, time_budget=PATIENCE + budget)
    assert caught.value.status == status
    assert caught.value.retry_after is None
    assert len(server.requests) == 1
    assert slept == []


def test_backoff_doubles() -> None:
    busy = an_answer(503, PAGE)
    delays = [
        delay_before_retry(POLICY, busy, number, random=0.0, now=0.0) for number in range(1, 6)
    ]
    assert delays == [0.25, 0.5, 1, 2, 4]


def test_rate_limits_are_told(called: Endpoint) -> None:
    headers = {
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Remaining": "12",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
    }
    with pytest.raises(errors.ValidationError) as refused:
        called.answered(400, body(), headers)
    assert refused.value.rate_limit == errors.RateLimit(190, 12, 10.0)
    headers |= {
        "X-HubSpot-RateLimit-Daily": "625000",
        "X-HubSpot-RateLimit-Daily-Remaining": "0",
    }
    with pytest.raises(errors.DailyLimitError) as caught:
        called.answered(429, limited("DAILY"), headers)
    assert caught.value.rate_limit == errors.RateLimit(190, 12, 10.0, 625000, 0)


def test_attempts_end_with_an_answer_that_stays(tasks: Endpoint, raw_server: RawServer) -> None:
    daily = json.dumps(limited("DAILY")).encode()
    raw_server.script = [
        reset,
        raw_answer(PAGE.encode(), status="502 Bad Gateway"),
        raw_answer(daily, status="429 Too Many Requests"),
        raw_answer(success().get_data()),
    ]
    with pytest.raises(errors.DailyLimitError, match="after 3 attempts") as caught:
        tasks.upsert(raw_server)
    assert caught.value.attempts == len(raw_server.requests) == 3


def error_answer(status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
    if isinstance(content, str):
        return Response(content, status=status, headers=headers, content_type="text/html")
    return answer(status, content, headers)


def assert_carries(error: errors.ApiError, endpoint: Endpoint, status: int, content: Any) -> None:
    """Assert that an error says everything that the answer did."""
    assert error.operation == f"{endpoint.object_type}.batch_upsert"
    assert error.status == status
    assert str(error).startswith(f"{error.operation}: {status} ")
    if isinstance(content, str):
        assert error.text == content
        assert error.body is error.category is error.correlation_id is None
        return
    assert error.message == "It failed."
    assert error.category == content.get("category")
    assert error.correlation_id == content.get("correlationId")
    assert isinstance(error.body, endpoint.version.models.Error)
    assert error.body.model_dump(by_alias=True, exclude_unset=True) == content


def test_an_answer_may_lack_what_callers_can_do_without(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, {"results": [{"id": "512", "properties": {}}]})]
    (result,) = endpoint.upsert(server).results
    assert (result.id, result.new, result.archived, result.created_at) == ("512", None, None, None)

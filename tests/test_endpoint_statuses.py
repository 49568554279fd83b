"""What each status means, and what is sent again: all operations share one policy.

Its tables are for the pure functions that both kinds of clients call; what is on sockets shows that they
do, for one operation.
"""

from __future__ import annotations

import pkgutil
import time
from collections.abc import Iterator
from email.utils import formatdate
from importlib import import_module
from typing import Any

import hubspot_upsert as errors
import pytest
from hubspot_upsert._policies import POLICY
from hubspot_upsert._runtime.answer import delay_before_retry
from hubspot_upsert._runtime.operation import Operation
from werkzeug import Response

from tests.endpoints import ENDPOINTS, SUCCESS, Clock, Endpoint, an_answer, success
from tests.servers import RawServer, Server, answer, free_port, raw_answer, reset, silent

# Should anything be sent again that must not be, nobody waits for it.
pytestmark = pytest.mark.usefixtures("clock")

JITTER = 0.25  # Half of the first backoff of 0.5 s; what an answer asks for is never shortened.


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
    (500, body("INTERNAL_ERROR"), errors.ServerError),
    (501, PAGE, errors.ServerError),
    (520, PAGE, errors.ServerError),
    (522, PAGE, errors.ServerError),
    (525, PAGE, errors.ServerError),
    (526, PAGE, errors.ServerError),
    (404, body("OBJECT_NOT_FOUND"), errors.StatusError),
    (405, PAGE, errors.StatusError),
    (415, body(), errors.StatusError),
    (418, PAGE, errors.StatusError),
    (300, PAGE, errors.StatusError),
    (304, "", errors.StatusError),
]


def operations() -> Iterator[Operation[Any]]:
    """Give the operations of all object types in all versions."""
    for version in pkgutil.iter_modules(errors.__path__, f"{errors.__name__}."):
        if version.ispkg and hasattr(import_module(version.name), "Client"):
            package = import_module(version.name)
            for one in pkgutil.iter_modules(package.__path__, f"{package.__name__}."):
                members = vars(import_module(one.name)).values()
                yield from (member for member in members if isinstance(member, Operation))


def test_all_operations_share_one_policy_and_read_error_bodies() -> None:
    found = list(operations())
    assert {endpoint.operation.name for endpoint in ENDPOINTS.values()} <= {
        one.name for one in found
    }
    assert [one.path for one in found if one.policy != POLICY] == []
    assert [one.path for one in found if one.error is None] == []


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
    *((status, PAGE, {}, errors.ServerError, 0) for status in (502, 503, 504, 521, 523, 524, 530)),
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
    late = {**headers, "Retry-After": "61"}
    assert delay_of(status, content, late, random=0.0) == 61
    endpoint = ENDPOINTS["2025-09-objects"]
    with pytest.raises(errors.ApiError) as caught:
        endpoint.answered(status, content, late)
    assert type(caught.value) is kind
    assert_carries(caught.value, endpoint, status, content)
    assert caught.value.retry_after == 61


def delay_of(
    status: int, content: Any, headers: dict[str, str], *, random: float = 0.0
) -> float | None:
    """Give the seconds before the second attempt; None if there is none."""
    answer = an_answer(status, content, headers)
    return delay_before_retry(POLICY, answer, 1, random=random, now=time.time())


# On sockets.


def test_what_stays_wrong_is_not_sent_again(tasks: Endpoint, server: Server, clock: Clock) -> None:
    server.script = [answer(409, body("CONFLICT")), success()]
    with pytest.raises(errors.ConflictError) as caught:
        tasks.upsert(server)
    assert_carries(caught.value, tasks, 409, body("CONFLICT"))
    assert caught.value.attempts == len(server.requests) == 1
    assert clock.slept == []


def test_what_passes_is_sent_again_as_it_was(
    endpoint: Endpoint, server: Server, clock: Clock
) -> None:
    server.script = [answer(429, limited("TEN_SECONDLY_ROLLING")), success()]
    assert endpoint.upsert(server).results[0].id == "512"
    assert server.targets == [endpoint.target] * 2
    assert server.bodies[0] == server.bodies[1] != b""
    assert server.requests[1].headers["Authorization"] == "Bearer pat-secret-0123456789"
    (slept,) = clock.slept
    assert 10 <= slept < 10 + JITTER


def test_what_passes_too_late_is_raised_at_once(
    tasks: Endpoint, server: Server, clock: Clock
) -> None:
    server.script = [error_answer(503, PAGE, {"Retry-After": "61"}), success()]
    with pytest.raises(errors.ServerError) as caught:
        tasks.upsert(server)
    assert_carries(caught.value, tasks, 503, PAGE)
    assert caught.value.retry_after == 61
    assert caught.value.attempts == len(server.requests) == 1
    assert clock.slept == []


@pytest.mark.parametrize(
    ("status", "content", "budget"),
    [(423, body("LOCKED"), 2), (429, limited("TEN_SECONDLY_ROLLING"), 10)],
)
def test_a_delay_of_the_policy_does_not_leave_the_budget_either(
    tasks: Endpoint, server: Server, clock: Clock, status: int, content: Any, budget: float
) -> None:
    server.script = [error_answer(status, content), success()]
    with pytest.raises(errors.StatusError) as caught:
        tasks.upsert(server, time_budget=budget)
    assert caught.value.status == status
    assert caught.value.retry_after is None
    assert len(server.requests) == 1
    assert clock.slept == []


def test_a_retry_after_of_a_day_is_obeyed_if_the_budget_allows_it(
    tasks: Endpoint, server: Server, clock: Clock
) -> None:
    server.script = [error_answer(477, PAGE, {"Retry-After": "86400"}), success()]
    assert tasks.upsert(server, time_budget=None).status == "COMPLETE"
    assert 86400 <= clock.slept[0] < 86400 + JITTER


def test_a_retry_after_may_be_a_date(tasks: Endpoint, server: Server, clock: Clock) -> None:
    date = formatdate(time.time() + 30, usegmt=True)
    server.script = [error_answer(503, PAGE, {"Retry-After": date}), success()]
    tasks.upsert(server)
    # At most, because some time has passed since; the date has no fractions of seconds.
    assert clock.slept[0] < 30 + JITTER
    assert clock.slept[0] > 5


def test_attempts_end_with_the_budget(tasks: Endpoint, server: Server, clock: Clock) -> None:
    server.script = [error_answer(503, PAGE)]
    with pytest.raises(errors.ServerError) as caught:
        tasks.upsert(server, time_budget=20)
    # 0.5, 1, 2, 4 and 8 s, of which at least half is slept; another 8 s may not fit.
    assert caught.value.attempts == len(server.requests) >= 6
    assert sum(clock.slept) < 20
    assert all(
        now <= later for now, later in zip(clock.slept[:4:2], clock.slept[2:5:2], strict=True)
    )


def test_a_daily_limit_ends_attempts(tasks: Endpoint, server: Server, clock: Clock) -> None:
    server.script = [
        answer(429, limited("TEN_SECONDLY_ROLLING")),
        error_answer(502, PAGE),
        answer(429, limited("DAILY")),
        success(),
    ]
    with pytest.raises(errors.DailyLimitError) as caught:
        tasks.upsert(server)
    assert caught.value.attempts == len(server.requests) == 3
    assert "after 3 attempts" in str(caught.value)


def test_rate_limits_are_told(tasks: Endpoint, server: Server) -> None:
    headers = {
        "X-HubSpot-RateLimit-Max": "190",
        "X-HubSpot-RateLimit-Remaining": "12",
        "X-HubSpot-RateLimit-Interval-Milliseconds": "10000",
        "X-HubSpot-RateLimit-Daily": "625000",
        "X-HubSpot-RateLimit-Daily-Remaining": "0",
    }
    server.script = [answer(429, limited("DAILY"), headers)]
    with pytest.raises(errors.DailyLimitError) as caught:
        tasks.upsert(server)
    assert caught.value.rate_limit == errors.RateLimit(190, 12, 10.0, 625000, 0)
    del headers["X-HubSpot-RateLimit-Daily"], headers["X-HubSpot-RateLimit-Daily-Remaining"]
    server.script = [answer(400, body(), headers)]
    with pytest.raises(errors.ValidationError) as refused:
        tasks.upsert(server)
    assert refused.value.rate_limit == errors.RateLimit(190, 12, 10.0)


def test_a_redirect_is_an_error_and_leads_nowhere(
    tasks: Endpoint, server: Server, raw_server: RawServer
) -> None:
    raw_server.script = [raw_answer()]
    statuses = [301, 302, 303, 307, 308]
    for number, status in enumerate(statuses, 1):
        server.script = [answer(status, {}, {"Location": f"{raw_server.url}/crm"}), success()]
        with pytest.raises(errors.StatusError) as caught:
            tasks.upsert(server)
        assert type(caught.value) is errors.StatusError
        assert caught.value.status == status
        assert len(server.requests) == number
    assert raw_server.requests == []


SUCCESS_BYTES = raw_answer(success().get_data())


@pytest.mark.parametrize(
    "broken",
    [
        reset,
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        silent,
    ],
    ids=["reset", "closed", "cut off", "silent"],
)
def test_a_broken_exchange_is_tried_again(
    tasks: Endpoint, raw_server: RawServer, clock: Clock, broken: Any
) -> None:
    raw_server.script = [broken, SUCCESS_BYTES]
    # What is silent is waited for; what answers must have the time on a slow machine too.
    timeout = 1.0 if broken is silent else 60.0
    assert tasks.upsert(raw_server, timeout=timeout).results[0].id == "512"
    assert len(raw_server.requests) == 2
    assert raw_server.requests[0] == raw_server.requests[1]
    (slept,) = clock.slept
    assert JITTER <= slept < 2 * JITTER


@pytest.mark.parametrize(
    ("broken", "reason"), [(reset, "Error"), (b"", "disconnected"), (b"x\r\n\r\n", "Error")]
)
def test_an_exchange_that_keeps_breaking_is_a_transport_error(
    tasks: Endpoint, raw_server: RawServer, clock: Clock, broken: Any, reason: str
) -> None:
    raw_server.script = [broken]
    with pytest.raises(errors.TransportError, match=reason) as caught:
        tasks.upsert(raw_server, time_budget=20)
    error = caught.value
    assert error.operation == f"{tasks.object_type}.batch_upsert"
    assert error.status is None
    assert error.body is None
    assert error.category is error.correlation_id is error.text is None
    assert error.attempts == len(raw_server.requests) >= 6
    assert sum(clock.slept) < 20


def test_a_refused_connection_is_a_transport_error(
    tasks: Endpoint, server: Server, clock: Clock
) -> None:
    with pytest.raises(errors.TransportError, match="Connect") as caught:
        tasks.upsert(server, base_url=f"http://127.0.0.1:{free_port()}", time_budget=20)
    assert caught.value.attempts == len(clock.slept) + 1 >= 6


def test_an_answer_after_a_broken_exchange_is_what_counts(
    tasks: Endpoint, raw_server: RawServer, clock: Clock
) -> None:
    raw_server.script = [reset, raw_answer(b"{}", status="401 Unauthorized"), SUCCESS_BYTES]
    with pytest.raises(errors.AuthenticationError) as caught:
        tasks.upsert(raw_server)
    assert caught.value.attempts == len(raw_server.requests) == 2


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


def test_the_answers_of_these_tests_are_successes() -> None:
    assert success().get_json() == SUCCESS

"""What callers get for each kind of answer."""

from __future__ import annotations

import json
import time
from email.utils import formatdate
from typing import Any

import pytest
from package import errors
from werkzeug import Response

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import BatchResponse, BatchResponseWithErrors, Error, Result
from tests.servers import OK, RawServer, Server, answer, raw_answer

EMPTY: dict[str, object] = {}


@pytest.mark.parametrize("status", [200, 201, 202, 299])
def test_every_2xx_is_decoded(caller: UpsertCaller, server: Server, status: int) -> None:
    server.script = [answer(status)]
    result = caller.upsert(server)
    assert type(result) is BatchResponse
    assert result.results == [Result(id="7", new=True)]


def test_the_status_chooses_the_model(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(207, {**OK, "numErrors": 1, "later": [1]})]
    result = caller.upsert(server)
    assert isinstance(result, BatchResponseWithErrors)
    assert result.num_errors == 1
    assert result.model_extra == {"later": [1]}


def test_a_class_of_statuses_chooses_the_model(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(203, {"id": "7"})]
    assert caller.get(server) == Result(id="7")


@pytest.mark.parametrize("status", [200, 204])
def test_without_a_declared_body_none_is_returned(
    caller: UpsertCaller, server: Server, status: int
) -> None:
    server.script = [Response("" if status == 204 else "<ok>", status=status)]
    got = caller.call(lambda client: client.contacts.delete(contact_id="1"), base_url=server.url)
    assert got is None


@pytest.mark.parametrize(
    ("response", "where"),
    [
        (
            lambda: answer(200, {"status": "COMPLETE", "results": [EMPTY]}),
            "results.0.id: Field requ",
        ),
        (lambda: answer(200, {"status": [], "results": [EMPTY] * 9}), "and 7 more"),
        (lambda: Response("", status=204), "EOF"),
        (lambda: answer(207), "numErrors"),
    ],
)
def test_an_accepted_request_with_a_strange_answer_is_a_decoding_error(
    caller: UpsertCaller, server: Server, response: Any, where: str
) -> None:
    server.script = [response()]
    with pytest.raises(errors.DecodingError, match=where) as caught:
        caller.upsert(server)
    error = caught.value
    assert error.status == server.script[0].status_code
    assert error.text == server.script[0].get_data(as_text=True)
    assert "may have applied" in str(error)
    assert len(str(error)) < 1000
    assert error.__cause__ is error.__context__ is None
    assert len(server.requests) == 1


def test_a_body_that_cannot_be_decompressed_is_judged_by_its_status(
    caller: UpsertCaller, raw_server: RawServer
) -> None:
    raw_server.script = [raw_answer(b"no gzip", headers="Content-Encoding: gzip\r\n")]
    with pytest.raises(errors.DecodingError, match=r"incorrect header.*may have applied") as caught:
        caller.upsert(raw_server)
    assert caught.value.status == 200
    broken = raw_answer(b"no", status="503 Busy", headers="Content-Encoding: gzip\r\n")
    raw_server.script = [broken, raw_answer()]
    assert caller.upsert(raw_server).status == "COMPLETE"


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, errors.ValidationError),
        (401, errors.AuthenticationError),
        (403, errors.PermissionDeniedError),
        (409, errors.ConflictError),
        (414, errors.ValidationError),
        (522, errors.ServerError),
        (525, errors.ServerError),
        (418, errors.StatusError),
        (304, errors.StatusError),
    ],
)
def test_statuses_that_stay_wrong_are_raised_at_once(
    caller: UpsertCaller, server: Server, status: int, error: type[errors.StatusError]
) -> None:
    server.script = [answer(status, {"message": "no"}), answer()]
    with pytest.raises(errors.StatusError) as caught:
        caller.upsert(server)
    assert type(caught.value) is error
    assert caught.value.status == status
    assert caught.value.attempts == 1
    assert len(server.requests) == 1


def test_an_error_carries_what_the_server_said(caller: UpsertCaller, server: Server) -> None:
    body = {"message": "Too bad", "category": "CONFLICT", "correlationId": "c-1"}
    limits = {
        "X-Limit-Max": "190",
        "X-Limit-Remaining": "0",
        "X-Limit-Milliseconds": "10000",
        "X-Limit-Daily": "nonsense",
        "Retry-After": "7",
    }
    server.script = [answer(409, body, limits)]
    with pytest.raises(errors.ConflictError) as caught:
        caller.upsert(server)
    error = caught.value
    assert str(error) == (
        "contacts.batch_upsert: 409 Too bad "
        "(category CONFLICT, correlation id c-1, retry after 7 s)"
    )
    assert error.body == Error.model_validate(body)
    assert json.loads(error.text or "") == body
    assert error.retry_after == 7
    assert error.rate_limit == errors.RateLimit(maximum=190, remaining=0, interval=10.0)


def test_a_client_tells_what_the_last_answer_said_about_limits(
    caller: UpsertCaller, server: Server
) -> None:
    clients: list[Any] = []

    def call(client: Any) -> Any:
        assert client.rate_limit is None
        clients.append(client)
        return client.contacts.get(contact_id="1")

    limits = {"X-Limit-Max": "190", "X-Limit-Daily": "250000"}
    server.script = [answer(200, {"id": "1"}, limits)]
    caller.call(call, base_url=server.url)
    (client,) = clients
    assert client.rate_limit == errors.RateLimit(maximum=190, daily_maximum=250_000)


@pytest.mark.parametrize(
    ("lacking", "scopes"),
    [
        (
            [{"context": {"scopes": ["a.read", "a.write"]}}, {"context": {"scopes": "a.read"}}, 5],
            True,
        ),
        ([{"context": ["scopes"]}, {"context": {"scopes": [{}, None]}}], False),
        ("context", False),
    ],
)
def test_an_error_names_the_scopes_that_are_missing(
    caller: UpsertCaller, server: Server, lacking: object, scopes: bool
) -> None:
    server.script = [answer(400, {"message": "no", "errors": lacking})]
    with pytest.raises(errors.ValidationError) as caught:
        caller.upsert(server)
    assert caught.value.missing_scopes == (("a.read", "a.write") if scopes else ())
    more = " (missing scopes: a.read a.write)" if scopes else ""
    assert str(caught.value) == f"contacts.batch_upsert: 400 no{more}"


@pytest.mark.parametrize(
    "body", [[], "text", {"message": 5, "category": None, "correlationId": {}}, {"message": ""}]
)
def test_error_bodies_of_another_shape_do_not_hide_the_error(
    caller: UpsertCaller, server: Server, body: object
) -> None:
    server.script = [answer(400, body)]
    with pytest.raises(errors.ValidationError) as caught:
        caller.upsert(server)
    assert str(caught.value) == "contacts.batch_upsert: 400 Bad Request"
    assert caught.value.category is caught.value.correlation_id is None


@pytest.mark.parametrize("text", ["<html>Bad gateway</html>", "", "[" * 100_000, "\xff"])
def test_error_bodies_that_are_no_json_do_not_hide_the_error(
    caller: UpsertCaller, server: Server, text: str
) -> None:
    server.script = [Response(text.encode("latin-1"), status=522), answer()]
    with pytest.raises(errors.ServerError) as caught:
        caller.upsert(server)
    assert caught.value.message == "522 without an explanation"
    assert caught.value.text == text.encode("latin-1").decode(errors="replace")
    assert caught.value.body is None


def test_an_html_page_of_a_gateway_reads_as_its_status(
    caller: UpsertCaller, server: Server
) -> None:
    server.script = [Response("<html>", status=502, headers={"Retry-After": "999"})]
    with pytest.raises(errors.ServerError, match=r"^contacts.batch_upsert: 502 Bad Gateway \("):
        caller.upsert(server)


@pytest.mark.parametrize("seconds", ["-1", "NaN", "inf", "1e3", "5, 5", "9" * 400, "2592001", "x"])
def test_a_retry_after_without_sense_is_ignored(
    caller: UpsertCaller, server: Server, seconds: str
) -> None:
    server.script = [answer(503, {}, {"Retry-After": seconds}), answer()]
    assert caller.upsert(server).status == "COMPLETE"
    server.script = [answer(409, {}, {"Retry-After": seconds})]
    with pytest.raises(errors.ConflictError) as caught:
        caller.upsert(server)
    assert caught.value.retry_after is None


def test_a_retry_after_may_be_a_date(caller: UpsertCaller, server: Server) -> None:
    for date, low, high in [
        (formatdate(time.time() + 100_000, usegmt=True), 90_000, 100_000),
        (formatdate(0, usegmt=True), 0, 0),
    ]:
        server.script = [answer(409, {}, {"Retry-After": date})]
        with pytest.raises(errors.ConflictError) as caught:
            caller.upsert(server)
        assert caught.value.retry_after is not None
        assert low <= caught.value.retry_after <= high

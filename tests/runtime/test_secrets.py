"""The token is sent to one place and shown nowhere."""

from __future__ import annotations

import asyncio
import pickle
import socket
import time
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from package import errors
from package._runtime.attempt import Deadline
from package._runtime.operation import Request
from package._runtime.request_maker import RequestMaker
from package._runtime.security import Token, Tokens

from tests.runtime.conftest import KINDS, Kind, UpsertCaller
from tests.runtime.emitted_client import AsyncClient, Client
from tests.servers import PATIENCE, TOKEN, RawServer, Server, answer, raw_answer

BAD_TOKENS = ["", " secret-", "secret- 1", "secret-é"]
BAD_TOKENS += ["secret-" + end for end in ("\r\nX-Evil: 1", "\r", "\n", "\0", "\x85", "\u2028")]


def shown(error: BaseException) -> str:
    """The traceback as an error reporter renders it, with the variables of each frame."""
    report = traceback.TracebackException.from_exception(error, capture_locals=True)
    return "".join(report.format())


def is_leaking(error: BaseException) -> bool:
    """Whether an error reporter would show a token. Tests must not mention any part of it."""
    return "secret-" in shown(error) + repr(error)


def hang(_: socket.socket) -> None:
    time.sleep(0.4)


def failures(server: Server, raw_server: RawServer) -> Iterator[tuple[str, type[Exception], float]]:
    """Give where calls fail, with what, and within which budget: little only where nothing else ends them."""
    for status in (302, 400, 401, 403, 409, 418, 423, 429, 477, 500):
        server.script = [answer(status, {"message": "no"}, {"Retry-After": "999"})]
        yield server.url, errors.StatusError, PATIENCE
    server.script = [answer(429, {"policyName": "DAILY"})]
    yield server.url, errors.DailyLimitError, PATIENCE
    server.script = [answer(200, {})]
    yield server.url, errors.DecodingError, PATIENCE
    raw_server.script = [raw_answer(b"x", headers="Content-Encoding: gzip\r\n")]
    yield raw_server.url, errors.DecodingError, PATIENCE
    for step in (b"", b"nonsense\r\n\r\n", hang):
        raw_server.script = [step]
        yield raw_server.url, errors.TransportError, 0.3
    yield "http://127.0.0.1:1", errors.TransportError, 0.3


def test_no_error_shows_the_token(
    caller: UpsertCaller, server: Server, raw_server: RawServer
) -> None:
    for url, kind, budget in failures(server, raw_server):
        with pytest.raises(kind) as caught:
            caller.upsert(server, base_url=url, time_budget=budget)
        assert not is_leaking(caught.value)
        assert b"pat-secret" not in pickle.dumps(caught.value)


def test_bugs_do_not_show_the_token(caller: UpsertCaller, server: Server) -> None:
    class Broken(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            raw_headers = request.headers.raw
            raise ZeroDivisionError(f"{len(raw_headers)} headers")

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return self.handle_request(request)

    with pytest.raises(ZeroDivisionError, match="headers") as caught:
        caller.upsert(server, transport=Broken())
    assert not is_leaking(caught.value)


def test_cancellation_does_not_show_the_token(raw_server: RawServer) -> None:
    raw_server.script = [hang]

    async def run() -> None:
        async with AsyncClient(TOKEN, base_url=raw_server.url) as client, asyncio.timeout(0.1):
            await client.contacts.get(contact_id="1")

    with pytest.raises(TimeoutError) as caught:
        asyncio.run(run())
    assert "CancelledError" in shown(caught.value)
    assert not is_leaking(caught.value)


@KINDS
@pytest.mark.parametrize("number", range(len(BAD_TOKENS)))
def test_a_token_that_cannot_be_sent_is_refused_without_showing_it(kind: Kind, number: int) -> None:
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        kind(BAD_TOKENS[number])
    assert not is_leaking(caught.value)


@KINDS
def test_other_arguments_are_refused_without_showing_the_token(kind: Kind) -> None:
    invalid: list[dict[str, Any]] = [{"base_url": "x"}, {"time_budget": 0}, {"timeout": -1}]
    for options in invalid:
        with pytest.raises(ValueError) as caught:
            kind(TOKEN, **options)
        assert not is_leaking(caught.value)
    missing: Any = None
    with pytest.raises(TypeError, match="must be a str"):
        kind(missing)


@KINDS
def test_a_client_shows_where_it_sends_and_no_token(kind: Kind) -> None:
    client = kind(TOKEN)
    assert repr(client) == f"{kind.__name__}(base_url='https://api.example.com')"
    assert "pat-secret" not in repr(vars(client))


def test_a_rotating_token_is_asked_for_before_each_attempt(
    caller: UpsertCaller, server: Server
) -> None:
    tokens = iter(["first", "second"])
    server.script = [answer(503, {}), answer()]
    caller.upsert(server, token=lambda: next(tokens))
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent == ["Bearer first", "Bearer second"]


def test_an_asynchronous_client_awaits_its_token(server: Server) -> None:
    async def token() -> str:
        await asyncio.sleep(0)
        return TOKEN

    UpsertCaller("async").upsert(server, token=token)
    assert server.requests[0].headers["Authorization"] == f"Bearer {TOKEN}"


def bad_token() -> str:
    return BAD_TOKENS[4]


async def bad_async_token() -> str:
    return BAD_TOKENS[4]


@pytest.mark.parametrize(
    ("kind", "token"), [("sync", bad_token), ("async", bad_token), ("async", bad_async_token)]
)
def test_a_function_that_gives_a_bad_token_is_told_so_without_showing_it(
    kind: str, server: Server, token: Callable[[], object]
) -> None:
    with pytest.raises(ValueError, match="visible ASCII") as caught:
        UpsertCaller(kind).upsert(server, token=token)
    assert not is_leaking(caught.value)
    assert server.requests == []


def test_what_the_token_function_raises_is_passed_on(caller: UpsertCaller, server: Server) -> None:
    problem = KeyError("vault")

    def token() -> str:
        raise problem

    with pytest.raises(KeyError) as caught:
        caller.upsert(server, token=token)
    assert caught.value is problem
    assert "in token" in shown(problem)
    assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://api.example.com/x",
        "https://api.example.com:8443/x",
        "https://api.example.com.evil.test/x",
        "https://evil.test/x",
    ],
)
def test_the_token_is_attached_for_its_own_origin_only(url: str) -> None:
    requests = RequestMaker(Client(TOKEN)._connection.configuration)
    with pytest.raises(RuntimeError, match="elsewhere"):
        requests.make(Request("GET", url, ()), Tokens([Token(TOKEN)]), Deadline(None))
    same = Request("GET", "https://API.example.com:443/x", ())
    made = requests.make(same, Tokens([Token(TOKEN)]), Deadline(None))
    assert made.headers["Authorization"] == f"Bearer {TOKEN}"
    assert "pat-secret" not in repr(made) + repr(made.headers)

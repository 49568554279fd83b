"""When another attempt is made and after how long; answers that do not come, or not whole."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme
from package import errors
from package._runtime.answer import Answer
from package._runtime.attempt import Attempt, Failure
from package._runtime.policy import Backoff
from package._runtime.retry import delay_before_retry

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import POLICY, AccountMovingError
from tests.servers import (
    OK,
    RawServer,
    Server,
    answer,
    free_port,
    raw_answer,
    read_request,
    reset,
    silent,
)

# What was waited for when time was up, which on a slow machine need not be the answer.
TIME_IS_UP = "ReadTimeout|within the time budget|it took too long"
ROLLING = {"message": "slow down", "policyName": "TEN_SECONDLY_ROLLING"}


@pytest.mark.parametrize("status", [423, 429, 477, 500, 502, 503, 504, 521, 530])
def test_a_passing_error_is_tried_again(caller: UpsertCaller, server: Server, status: int) -> None:
    server.script = [answer(status, {}), answer(status, {}), answer()]
    assert caller.upsert(server).status == "COMPLETE"
    assert [request.get_data() for request in server.requests] == [
        b'{"inputs":[{"id":"1","properties":{}}]}'
    ] * 3


@pytest.mark.parametrize(
    ("status", "body", "headers", "least"),
    [
        (503, {}, {"Retry-After": "0.3"}, 0.3),
        (429, ROLLING, {"X-Limit-Milliseconds": "300"}, 0.3),
        (423, {}, {"Retry-After": "0"}, 0.1),
    ],
    ids=["Retry-After", "a header with milliseconds", "the least delay of a rule"],
)
def test_delays_that_are_asked_for_are_obeyed(
    caller: UpsertCaller,
    server: Server,
    status: int,
    body: dict[str, str],
    headers: dict[str, str],
    least: float,
) -> None:
    server.script = [answer(status, body, headers), answer()]
    caller.upsert(server)
    # The clock that measures it may move in steps.
    assert server.gaps[0] > least - 0.06


def test_a_delay_past_the_budget_is_not_slept(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(477, {"message": "moving"}, {"Retry-After": "86400"}), answer()]
    with pytest.raises(AccountMovingError) as caught:
        caller.upsert(server, time_budget=600)
    assert caught.value.retry_after == 86400
    assert len(server.requests) == 1


def test_attempts_end_with_the_budget_and_raise_the_last_answer(
    caller: UpsertCaller, server: Server
) -> None:
    server.script = [
        answer(503, {"message": "busy"}),
        answer(503, {"message": "full"}, {"Retry-After": "60.1"}),
    ]
    with pytest.raises(errors.ServerError) as caught:
        caller.upsert(server, time_budget=60)
    assert str(caught.value) == (
        "contacts.batch_upsert: 503 full (retry after 60.1 s, after 2 attempts)"
    )
    assert len(server.requests) == 2
    server.script = [answer(503, {})]
    with pytest.raises(errors.ApiError):
        caller.upsert(server, time_budget=0.5)
    assert len(server.requests) > 1


def test_a_token_that_takes_all_the_time_ends_the_call(
    caller: UpsertCaller, server: Server, token_of_150_s: Callable[[], str]
) -> None:
    server.script = [answer(503, {"message": "busy"})]
    with pytest.raises(errors.TransportError, match="time budget") as caught:
        caller.upsert(server, token=token_of_150_s, time_budget=100)
    assert caught.value.attempts == len(server.requests) == 0
    with pytest.raises(errors.ServerError, match="busy") as answered:
        caller.upsert(server, token=token_of_150_s, time_budget=250)
    assert answered.value.attempts == len(server.requests) == 1


def test_without_a_budget_attempts_go_on(caller: UpsertCaller, server: Server) -> None:
    server.script = [*[answer(503, {}) for _ in range(8)], answer()]
    assert caller.upsert(server, time_budget=None).status == "COMPLETE"


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


def delay(attempt: Attempt, number: int = 1, random: float = 0.0) -> float | None:
    return delay_before_retry(POLICY, attempt, number, random=random, now=0.0)


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


@pytest.mark.parametrize(
    "broken",
    [
        reset,
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_an_incomplete_answer_is_tried_again(
    caller: UpsertCaller, raw_server: RawServer, broken: Any
) -> None:
    raw_server.script = [broken, raw_answer()]
    assert caller.upsert(raw_server).status == "COMPLETE"
    assert raw_server.requests[0] == raw_server.requests[1]


def test_a_connection_that_keeps_breaking_is_a_transport_error(
    caller: UpsertCaller,
    raw_server: RawServer,
    token_of_150_s: Callable[[], str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO", "package")
    raw_server.script = [b""]
    with pytest.raises(errors.TransportError, match=r"^contacts\.batch_upsert: ") as caught:
        caller.upsert(raw_server, token=token_of_150_s, time_budget=400)
    assert "attempt 1: RemoteProtocolError: Server disconnected" in caplog.text
    error = caught.value
    told = {error.status, error.text, error.body, error.category, error.correlation_id}
    assert told == {None}
    assert error.attempts == 2
    assert error.__cause__ is error.__context__ is None


def test_a_refused_connection_says_where_and_that_nothing_was_sent(
    caller: UpsertCaller, server: Server, token_of_150_s: Callable[[], str]
) -> None:
    url = f"127.0.0.1:{free_port()}"
    with pytest.raises(errors.TransportError, match="Connection refused") as caught:
        caller.upsert(server, base_url=f"http://{url}", token=token_of_150_s, time_budget=400)
    assert f"no connection to {url}, so nothing was sent" in str(caught.value)
    assert caught.value.attempts == 2


def test_a_connection_that_time_cuts_short_does_not_hide_what_was_answered_before(
    caller: UpsertCaller, server: Server, token_of_150_s: Callable[[], str]
) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=0) as listener,
        contextlib.ExitStack() as held,
    ):

        def answer_once_and_fill_the_queue() -> None:
            connection, _ = listener.accept()
            for _ in range(8):
                waiting = held.enter_context(socket.socket())
                waiting.setblocking(False)
                waiting.connect_ex(listener.getsockname())
            with connection:
                read_request(connection)
                connection.sendall(raw_answer(status="503 Busy"))

        thread = threading.Thread(target=answer_once_and_fill_the_queue, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(errors.ServerError, match=r"503.*\(after 2 attempts\)"):
            # So the first attempt has 151.5 s, and the second one a hundredth of it.
            caller.upsert(server, base_url=url, token=token_of_150_s, time_budget=301.5)
        thread.join()


@pytest.mark.parametrize("proxy", [raw_answer(status="407 No"), None])
def test_a_proxy_that_refuses_is_named_without_its_password(
    caller: UpsertCaller,
    raw_server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    token_of_150_s: Callable[[], str],
    proxy: bytes | None,
) -> None:
    for name in ("HTTPS_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    place = f"127.0.0.1:{free_port()}"
    if proxy is not None:
        raw_server.script, place = [proxy], raw_server.url.removeprefix("http://")
    monkeypatch.setenv("https_proxy", f"http://me:password@{place}")
    with pytest.raises(errors.TransportError, match="nothing was sent") as caught:
        options: dict[str, Any] = {"token": token_of_150_s, "time_budget": 400}
        caller.upsert(raw_server, base_url="https://api.example.com", **options)
    assert f"api.example.com:443 through the proxy {place}" in str(caught.value)
    assert "NO_PROXY" in str(caught.value)
    assert "password" not in str(caught.value)


def test_silence_ends_with_the_timeout(caller: UpsertCaller, raw_server: RawServer) -> None:
    raw_server.script = [silent, raw_answer()]
    assert caller.upsert(raw_server, timeout=0.2).status == "COMPLETE"


def test_silence_ends_with_the_budget(caller: UpsertCaller, raw_server: RawServer) -> None:
    # The server has had enough long after the budget, and then it is another error.
    raw_server.script = [silent]
    with pytest.raises(errors.TransportError, match=TIME_IS_UP) as caught:
        caller.upsert(raw_server, timeout=600, time_budget=0.2)
    assert caught.value.attempts <= 1  # A machine that stands still may leave no time for one.


def test_a_redirect_is_not_followed_and_the_token_stays(
    caller: UpsertCaller, server: Server, raw_server: RawServer
) -> None:
    raw_server.script = [raw_answer()]
    for status in (301, 302, 303, 307, 308):
        server.script = [answer(status, {}, {"Location": f"{raw_server.url}/contacts"})]
        with pytest.raises(errors.StatusError) as caught:
            caller.upsert(server)
        assert type(caught.value) is errors.StatusError
        assert (caught.value.status, caught.value.attempts) == (status, 1)
    assert raw_server.requests == []


def test_the_token_stays_in_the_machine_whatever_proxy_is_set(
    caller: UpsertCaller, server: Server, raw_server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw_server.script = [raw_answer()]
    monkeypatch.setenv("HTTP_PROXY", raw_server.url)
    monkeypatch.setenv("http_proxy", raw_server.url)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    caller.upsert(server)
    assert raw_server.requests == []
    assert len(server.requests) == 1


def test_a_proxy_of_the_environment_is_used_where_the_network_is_trusted(
    caller: UpsertCaller, raw_server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", raw_server.url)
    cookie = "Set-Cookie: a=b\r\n"
    raw_server.script = [raw_answer(status="503 Busy", headers=cookie), raw_answer()]
    url = "http://api.example.com"
    assert caller.upsert(raw_server, base_url=url, allow_plain_http=True).status == "COMPLETE"
    for request in raw_server.requests:
        assert request.startswith(b"POST http://api.example.com/contacts/batch/upsert HTTP/1.1\r\n")
        assert request.lower().count(b"\r\nauthorization: bearer ") == 1
        assert b"cookie" not in request.lower()
    raw_server.script = [raw_answer(status="307 No", headers="Location: http://evil.test/\r\n")]
    with pytest.raises(errors.StatusError, match="307"):
        caller.upsert(raw_server, base_url=url, allow_plain_http=True)
    assert len(raw_server.requests) == 3


def test_what_is_sent_names_each_header_once(caller: UpsertCaller, raw_server: RawServer) -> None:
    raw_server.script = [raw_answer(), raw_answer(b'{"id":"7"}')]
    caller.upsert(raw_server)
    caller.get(raw_server)
    sent = [
        dict(
            line.lower().split(b": ", 1)
            for line in request.split(b"\r\n\r\n")[0].split(b"\r\n")[1:]
        )
        for request in raw_server.requests
    ]
    common = {b"host", b"user-agent", b"accept", b"accept-encoding", b"authorization"}
    assert [set(headers) for headers in sent] == [
        {*common, b"content-type", b"content-length"},
        common,
    ]
    assert sent[0][b"host"] == raw_server.url.removeprefix("http://").encode()
    assert sent[0][b"user-agent"] == b"emitted-client/1.0"
    assert [request.count(b"\r\nAuthorization: ") for request in raw_server.requests] == [1, 1]


class TlsServer:
    """Completes handshakes with a certificate that only its own CA vouches for, and answers once each."""

    def __init__(self) -> None:
        self.ca = trustme.CA()
        self.accepted = 0
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.ca.issue_cert("127.0.0.1").configure_cert(self._context)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.accepted += 1
                with (
                    contextlib.suppress(OSError),
                    self._context.wrap_socket(connection, server_side=True) as stream,
                ):
                    read_request(stream)
                    stream.sendall(raw_answer())

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)


@pytest.fixture
def tls_server() -> Iterator[TlsServer]:
    server = TlsServer()
    yield server
    server.close()


def test_a_certificate_that_is_not_trusted_is_no_reason_to_try_again(
    caller: UpsertCaller, server: Server, tls_server: TlsServer
) -> None:
    with pytest.raises(errors.TransportError, match="CERTIFICATE_VERIFY_FAILED") as caught:
        caller.upsert(server, base_url=f"https://{tls_server.place}")
    assert f"no connection to {tls_server.place}, so nothing was sent" in str(caught.value)
    assert "its certificate is not trusted" in str(caught.value)
    assert "SSL_CERT_FILE" in str(caught.value)
    assert tls_server.accepted == 1


def test_the_environment_names_a_ca_that_is_trusted(
    caller: UpsertCaller,
    server: Server,
    tls_server: TlsServer,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.delattr(ssl.SSLContext, "load_verify_locations")  # What hurries all other tests.
    tls_server.ca.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    assert caller.upsert(server, base_url=f"https://{tls_server.place}").status == "COMPLETE"


def test_certificates_that_cannot_be_read_are_named(
    caller: UpsertCaller, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delattr(ssl.SSLContext, "load_verify_locations")
    (tmp_path / "ca.pem").write_text("no certificate")
    for file in ("missing.pem", "ca.pem"):
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / file))
        with pytest.raises(OSError, match=rf"environment variable SSL_CERT_FILE .*{file}"):
            caller.upsert(server, base_url="https://127.0.0.1:9")


def test_a_url_that_is_too_long_is_a_transport_error(caller: UpsertCaller, server: Server) -> None:
    with pytest.raises(errors.TransportError, match="InvalidURL") as caught:
        caller.get(server, "1" * 70_000)
    assert caught.value.attempts == 1


class ForeignTransport(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Sends nothing, and lets a test look at what would be sent."""

    def __init__(self) -> None:
        self.requests: list[httpx2.Request] = []
        self.closed = 0

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        self.requests.append(request)
        return httpx2.Response(200, content=json.dumps(OK).encode())

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return self.handle_request(request)

    def close(self) -> None:
        self.closed += 1

    async def aclose(self) -> None:
        self.closed += 1


def test_a_transport_can_be_given_and_is_closed(caller: UpsertCaller, server: Server) -> None:
    transport = ForeignTransport()
    assert caller.upsert(server, transport=transport).status == "COMPLETE"
    assert transport.closed == 1
    assert server.requests == []


def test_no_attempt_may_wait_longer_than_the_budget(caller: UpsertCaller, server: Server) -> None:
    transport = ForeignTransport()
    caller.upsert(server, transport=transport, timeout=httpx2.Timeout(None, connect=0.5))
    caller.upsert(server, transport=transport, timeout=None, time_budget=None)
    limited, unlimited = (request.extensions["timeout"] for request in transport.requests)
    assert limited["connect"] == 0.5
    assert 50 < limited["read"] <= 60
    assert 50 < limited["write"] <= 60
    assert 50 < limited["pool"] <= 60
    assert set(unlimited.values()) == {None}

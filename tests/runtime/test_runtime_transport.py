"""Answers that do not come, or not whole."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading

import httpx2
import pytest
import trustme
from package import errors

from tests.runtime.conftest import UpsertCaller
from tests.servers import OK, RawServer, Server, answer, free_port, raw_answer, reset, silent


def test_a_reset_connection_is_tried_again(caller: UpsertCaller, raw_server: RawServer) -> None:
    raw_server.script = [reset, raw_answer()]
    assert caller.upsert(raw_server).status == "COMPLETE"
    assert len(raw_server.requests) == 2


@pytest.mark.parametrize(
    "broken",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{",
    ],
)
def test_an_incomplete_answer_is_tried_again(
    caller: UpsertCaller, raw_server: RawServer, broken: bytes
) -> None:
    raw_server.script = [broken, raw_answer()]
    assert caller.upsert(raw_server).status == "COMPLETE"


def test_a_connection_that_keeps_breaking_is_a_transport_error(
    caller: UpsertCaller, raw_server: RawServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "package")
    raw_server.script = [b""]
    with pytest.raises(errors.TransportError) as caught:
        caller.upsert(raw_server, time_budget=0.3)
    assert "attempt 1: RemoteProtocolError: Server disconnected" in caplog.text
    error = caught.value
    assert (error.status, error.text, error.body) == (None, None, None)
    assert error.attempts > 1
    assert error.__cause__ is error.__context__ is None


def test_a_refused_connection_is_a_transport_error(caller: UpsertCaller, server: Server) -> None:
    with pytest.raises(errors.TransportError, match="Connect") as caught:
        caller.upsert(server, base_url=f"http://127.0.0.1:{free_port()}", time_budget=0.2)
    assert caught.value.attempts > 1


def test_silence_ends_with_the_timeout(caller: UpsertCaller, raw_server: RawServer) -> None:
    raw_server.script = [silent, raw_answer()]
    assert caller.upsert(raw_server, timeout=0.2).status == "COMPLETE"


def test_silence_ends_with_the_budget(caller: UpsertCaller, raw_server: RawServer) -> None:
    # The server has had enough long after the budget, and then it is another error.
    raw_server.script = [silent]
    with pytest.raises(errors.TransportError, match="ReadTimeout") as caught:
        caller.upsert(raw_server, timeout=600, time_budget=0.2)
    assert caught.value.attempts == 1


def test_a_redirect_is_not_followed_and_the_token_stays(
    caller: UpsertCaller, server: Server, raw_server: RawServer
) -> None:
    raw_server.script = [raw_answer()]
    for status in (301, 302, 303, 307, 308):
        server.script = [answer(status, {}, {"Location": f"{raw_server.url}/contacts"})]
        with pytest.raises(errors.StatusError) as caught:
            caller.upsert(server)
        assert caught.value.status == status
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
    caller.call(lambda client: client.contacts.get(contact_id="1"), base_url=raw_server.url)
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


def test_a_certificate_that_is_not_trusted_is_no_reason_to_try_again(
    caller: UpsertCaller, server: Server
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(context)
    accepted: list[socket.socket] = []

    def serve(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                accepted.append(connection)
                with (
                    contextlib.suppress(OSError),
                    context.wrap_socket(connection, server_side=True),
                ):
                    pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=[listener], daemon=True)
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(errors.TransportError, match="CERTIFICATE_VERIFY_FAILED"):
            caller.upsert(server, base_url=url)
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(5)
    assert len(accepted) == 1


def test_a_url_that_is_too_long_is_a_transport_error(caller: UpsertCaller, server: Server) -> None:
    with pytest.raises(errors.TransportError, match="InvalidURL") as caught:
        caller.call(
            lambda client: client.contacts.get(contact_id="1" * 70_000), base_url=server.url
        )
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

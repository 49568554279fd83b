"""HTTP as the sandbox's server speaks it, and how faults let answers travel, on real sockets."""

from __future__ import annotations

import contextlib
import logging
import re
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
from package.sandbox.application import deliver
from package.sandbox.faults import Fault
from package.sandbox.protocol import HttpConnection
from package.sandbox.server import Server, bind
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

BODY = b'{"results": [1, 2, 3]}'
LARGE = 64 * 1024 * 1024
ANSWERED = threading.Event()
CLOSE = "Connection: close\r\n"


@contextmanager
def serving(application: ASGIApp) -> Iterator[Server]:
    """Run a server, which leaves no thread behind."""
    threads = set(threading.enumerate())
    server = Server(application, bind("127.0.0.1", 0))
    yield server
    server.ask_to_stop()
    server.wait()
    assert set(threading.enumerate()) <= threads


def connect(url: str) -> socket.socket:
    host, _, port = url.removeprefix("http://").partition(":")
    return socket.create_connection((host, int(port)), timeout=60)


def rest(connection: socket.socket) -> bytes:
    """Give what comes until the server ends the connection."""
    received = b""
    with connection:
        while part := connection.recv(65536):
            received += part
    return received


async def parts() -> AsyncIterator[str]:
    yield "one"
    yield "two"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body, unless the path says otherwise."""
    if scope["path"] == "/broken":
        raise ZeroDivisionError("on purpose")
    if scope["path"] == "/unread":
        await PlainTextResponse("unread")(scope, receive, send)
    elif scope["path"] == "/large":
        try:
            await PlainTextResponse("x" * LARGE)(scope, receive, send)
        finally:
            ANSWERED.set()
    elif scope["path"] == "/parts":
        await StreamingResponse(parts())(scope, receive, send)
    else:
        body = await Request(scope, receive).body()
        text = f"{scope['method']} {scope['path']} {len(body)}"
        await PlainTextResponse(text)(scope, receive, send)


@pytest.fixture
def url() -> Iterator[str]:
    """Where the application is served."""
    with serving(application) as server:
        yield server.url


def request(target: str, body: str = "", headers: str = "", method: str = "POST") -> bytes:
    length = f"Content-Length: {len(body)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}{length}\r\n{body}".encode()


def everything(url: str, sent: bytes) -> str:
    """Send bytes, and give what comes until the server ends the connection."""
    connection = connect(url)
    connection.sendall(sent)
    return rest(connection).decode()


def test_requests_that_come_at_once_are_answered_in_order(url: str) -> None:
    sent = request("/a", "1") + request("/b%20c?d", "22") + request("/e", headers=CLOSE)
    received = everything(url, sent)
    assert re.findall(r"POST /\D* \d", received) == ["POST /a 1", "POST /b c 2", "POST /e 0"]
    assert received.lower().count("\r\ndate: ") == 3


def test_a_body_that_nobody_reads_is_no_request(url: str) -> None:
    body = "GET / HTTP/1.1\r\n\r\n" * 20_000
    received = everything(url, request("/unread", body) + request("/last", "1", CLOSE))
    assert received.count("HTTP/1.1 200 OK") == 2
    assert received.endswith("POST /last 1")


def test_an_answer_without_a_length_comes_in_chunks(url: str) -> None:
    received = everything(url, request("/parts", headers=CLOSE))
    assert "\r\ntransfer-encoding: chunked\r\n" in received.lower()
    assert received.endswith("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_head_has_the_headers_only(url: str) -> None:
    received = everything(url, request("/", headers=CLOSE, method="HEAD"))
    assert "\r\ncontent-length: 8\r\n" in received
    assert received.endswith("\r\n\r\n")


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(url: str) -> None:
    sent = request("/", "12345", f"Expect: 100-continue\r\n{CLOSE}")
    head, body = sent[:-5], sent[-5:]
    with connect(url) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_that_is_not_asked_for_ends_the_connection(url: str) -> None:
    head = request("/unread", "12345", "Expect: 100-continue\r\n")[:-5]
    received = everything(url, head)
    assert received.startswith("HTTP/1.1 200 OK\r\n")
    assert "\r\nconnection: close\r\n" in received.lower()


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"nonsense\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 100_000, 431),
        (b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nZZZ\r\n", 400),
        (request("/a") + b"nonsense\r\n\r\n", 400),
    ],
)
def test_what_is_not_http_is_told_so(url: str, sent: bytes, status: int) -> None:
    received = everything(url, sent)
    assert f"HTTP/1.1 {status} " in received
    assert received.split("\r\n\r\n")[-1].strip()


def test_what_the_application_raises_is_answered_and_logged(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    received = everything(url, request("/broken", headers=CLOSE))
    assert received.startswith("HTTP/1.1 500 ")
    assert "on purpose" not in received
    assert "ZeroDivisionError: on purpose" in caplog.text
    assert everything(url, request("/a", headers=CLOSE)).endswith("POST /a 0")


class Small:
    """Answers everything with one body, in the way that `fault` says."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.body = BODY
        self.started = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self.server: Server
        self.url = ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        # As the application does it: a client that still sends may take a reset for an end.
        self.started.release()
        try:
            await Request(scope, receive).body()
            headers = {"Content-Type": "application/json", "X-Left": "9"}
            await deliver(self.body, 207, headers, self.fault, scope, receive, send)
        finally:
            self.ended.release()

    def ask(self, length: int = 2) -> socket.socket:
        """Send a request on a connection of its own, and wait until it is being answered."""
        connection = connect(self.url)
        connection.sendall(request("/", "{}").replace(b": 2", b": %d" % length))
        assert self.started.acquire(timeout=60)
        return connection

    def stop(self) -> None:
        self.server.ask_to_stop()
        self.server.wait()


@pytest.fixture
def small(caplog: pytest.LogCaptureFixture) -> Iterator[Small]:
    small = Small()
    with serving(small) as small.server:
        small.url = small.server.url
        yield small
    # What goes wrong on purpose is nothing to report.
    records = caplog.get_records("call") + caplog.get_records("teardown")
    assert [one for one in records if one.levelno >= logging.WARNING] == []


@pytest.mark.parametrize("kind", [None, "created-status", "server-after", "slow-first-byte"])
def test_a_whole_answer(small: Small, kind: str | None) -> None:
    small.fault = None if kind is None else Fault(kind, seconds=0.01)
    answer = httpx2.post(small.url, content=b"{}", timeout=60)
    assert (answer.status_code, answer.content) == (207, BODY)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-left"] == "9"
    assert answer.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("kind", ["slow-first-byte", "slow-body"])
def test_a_slow_answer_is_whole_and_slow(small: Small, kind: str) -> None:
    small.fault = Fault(kind, seconds=0.4)
    before = time.monotonic()
    answer = httpx2.post(small.url, content=b"{}", timeout=60)
    # Half of what was asked for: clocks may move in steps, and how much longer it takes nobody promises.
    assert time.monotonic() - before >= 0.2
    assert answer.content == BODY


def test_a_slow_body_comes_bit_by_bit(small: Small) -> None:
    # Longer than any client sleeps that would find all of it when it wakes up.
    small.fault, small.body = Fault("slow-body", seconds=3600), BODY * 2000
    with httpx2.stream("POST", small.url, content=b"{}", timeout=60) as answer:
        part = next(answer.iter_raw())
    assert 0 < len(part) < len(small.body)
    assert small.body.startswith(part)
    assert small.ended.acquire(timeout=60)


def test_a_truncated_body(small: Small) -> None:
    small.fault = Fault("truncated-body")
    head, _, body = rest(small.ask()).partition(b"\r\n\r\n")
    assert f"content-length: {len(BODY)}".encode() in head
    assert body == BODY[: len(BODY) // 2]


@pytest.mark.parametrize("kind", ["reset-before", "reset-after"])
def test_only_the_connection_that_is_meant_is_reset(small: Small, kind: str) -> None:
    with httpx2.Client(timeout=60) as client:
        assert client.post(small.url).status_code == 207
        small.fault = Fault(kind)
        with small.ask() as other, pytest.raises(ConnectionResetError):
            other.recv(1)
        small.fault = None
        assert client.post(small.url).status_code == 207


@pytest.mark.parametrize("kind", ["slow-first-byte", "slow-body"])
def test_a_client_that_does_not_wait_ends_a_slow_answer(small: Small, kind: str) -> None:
    small.fault = Fault(kind, seconds=3600)
    small.ask().close()
    assert small.ended.acquire(timeout=60)


def test_a_client_that_leaves_while_it_sends_is_no_error(small: Small) -> None:
    small.ask(length=20).close()
    assert small.ended.acquire(timeout=60)


@pytest.mark.parametrize("kind", ["slow-first-byte", "slow-body"])
def test_stopping_ends_a_slow_answer(small: Small, kind: str) -> None:
    small.fault = Fault(kind, seconds=3600)
    connection = small.ask()
    small.stop()
    received = rest(connection)
    assert BODY not in received
    assert small.ended.acquire(timeout=60)


def test_stopping_ends_requests_that_are_incomplete_and_connections_that_are_idle(
    small: Small,
) -> None:
    with httpx2.Client(timeout=60) as idle, connect(small.url) as half:
        assert idle.post(small.url).status_code == 207
        half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")
        silent = connect(small.url)
        small.stop()
        assert silent.recv(1) == b""
        silent.close()
        with pytest.raises(httpx2.ConnectError):
            idle.post(small.url)


def test_a_short_answer_is_given_before_the_server_stops(small: Small) -> None:
    small.fault = Fault("slow-first-byte", seconds=0.02)
    connection = small.ask()
    small.stop()
    assert rest(connection).endswith(BODY)


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch, url: str) -> str:
    """Where requests that have begun have to arrive, and answers to be taken in, within a moment."""
    make = HttpConnection.__init__

    def make_patient(self: HttpConnection, *arguments: Any) -> None:
        make(self, *arguments)
        self._seconds_to_first_byte = 60  # Whoever connects may be held up before the first byte.

    monkeypatch.setattr(HttpConnection, "__init__", make_patient)
    monkeypatch.setattr("package.sandbox.protocol._INCOMPLETE_SECONDS", 0.2)
    return url


@pytest.mark.parametrize(
    "sent",
    [
        b"P",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le",
        request("/a", "12345")[:-1],
        request("/a", headers=CLOSE, method="GET").replace(CLOSE.encode(), b"") + b"POST /b HTT",
        b"POST /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n123",
    ],
)
def test_a_request_that_does_not_become_complete_is_ended(impatient: str, sent: bytes) -> None:
    received = everything(impatient, sent)
    assert "HTTP/1.1 408 " in received
    assert "the request was not complete after 0.2 s" in received


def test_a_body_that_nobody_waits_for_is_not_waited_for(impatient: str) -> None:
    received = everything(impatient, request("/unread", "12345")[:-1])
    assert received.startswith("HTTP/1.1 200 ")
    assert received.endswith("unread")


def test_a_connection_on_which_nothing_is_asked_is_ended(
    monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.setattr("package.sandbox.protocol._KEEP_ALIVE_SECONDS", 0.05)
    assert everything(url, request("/a")).endswith("POST /a 0")
    monkeypatch.setattr("package.sandbox.protocol._INCOMPLETE_SECONDS", 0.05)
    assert everything(url, b"") == ""


def test_who_takes_in_no_answer_is_left(impatient: str) -> None:
    ANSWERED.clear()
    connection = connect(impatient)
    connection.sendall(request("/large", headers=CLOSE))
    assert ANSWERED.wait(60)
    taken = 0
    with connection, contextlib.suppress(ConnectionResetError):
        while part := connection.recv(1 << 20):
            taken += len(part)
    assert taken < LARGE


def test_no_end_of_a_body_is_taken_in_that_nobody_wants(url: str) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n"
    connection = connect(url)
    connection.sendall(head)
    sent = 0
    with connection, contextlib.suppress(OSError):
        while sent < 1_000_000_000:
            sent += connection.send(b"x" * (1 << 20))
    assert sent < 1_000_000_000

"""How answers travel: whole, slowly, in part or not at all, and how the server ends. On real sockets."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator

import httpx2
import pytest
from package.sandbox.connections import Connections
from package.sandbox.delivery import deliver
from package.sandbox.faults import Fault
from package.sandbox.listening import Listener
from package.sandbox.starting import bind, url_of
from starlette.requests import Request
from starlette.types import Receive, Scope, Send

BODY = b'{"results": [1, 2, 3]}'


class Small:
    """A server that answers everything with one body, in the way that `fault` says."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.started = threading.Semaphore(0)
        self.ended = threading.Semaphore(0)
        self._connections = Connections()
        bound = bind("127.0.0.1", 0)
        self.url = url_of(bound)
        self.address = bound.getsockname()
        self._listener = Listener(self._answer, self._connections, bound)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        # As the application does it: a client that still sends may take a reset for an end.
        self.started.release()
        try:
            await Request(scope, receive).body()
            headers = {"Content-Type": "application/json", "X-Left": "9"}
            await deliver(BODY, 207, headers, self.fault, scope, receive, send, self._connections)
        finally:
            self.ended.release()

    def ask(self) -> socket.socket:
        """Send a request on a connection of its own."""
        connection = socket.create_connection(self.address, timeout=60)
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}")
        return connection

    def stop(self) -> None:
        self._listener.ask_to_stop()
        self._listener.wait()


@pytest.fixture
def small(caplog: pytest.LogCaptureFixture) -> Iterator[Small]:
    threads = set(threading.enumerate())
    small = Small()
    yield small
    small.stop()
    assert set(threading.enumerate()) == threads
    # What goes wrong on purpose is nothing to report.
    records = caplog.get_records("call") + caplog.get_records("teardown")
    assert [one for one in records if one.levelno >= logging.WARNING] == []


def _everything(connection: socket.socket) -> bytes:
    received = b""
    with connection:
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.parametrize("kind", [None, "created-status", "server-after", "slow-first-byte"])
def test_a_whole_answer(small: Small, kind: str | None) -> None:
    small.fault = None if kind is None else Fault(kind, seconds=0.01)
    answer = httpx2.post(small.url, content=b"{}")
    assert (answer.status_code, answer.content) == (207, BODY)
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-left"] == "9"
    assert answer.headers["content-length"] == str(len(BODY))


@pytest.mark.parametrize("kind", ["slow-first-byte", "slow-body"])
def test_a_slow_answer_is_whole_and_slow(small: Small, kind: str) -> None:
    small.fault = Fault(kind, seconds=0.4)
    before = time.monotonic()
    with httpx2.stream("POST", small.url, content=b"{}") as answer:
        parts = list(answer.iter_raw())
    # The limit is what was asked for, and no more is promised.
    assert time.monotonic() - before >= 0.4
    assert b"".join(parts) == BODY
    assert (len(parts) > 1) == (kind == "slow-body")


@pytest.mark.parametrize("kind", ["reset-before", "reset-after"])
def test_a_reset(small: Small, kind: str) -> None:
    small.fault = Fault(kind)
    with small.ask() as connection, pytest.raises(ConnectionResetError):
        connection.recv(1)
    with pytest.raises(httpx2.ReadError):
        httpx2.post(small.url, content=b"{}")


def test_a_truncated_body(small: Small) -> None:
    small.fault = Fault("truncated-body")
    head, _, body = _everything(small.ask()).partition(b"\r\n\r\n")
    assert f"content-length: {len(BODY)}".encode() in head
    assert body == BODY[: len(BODY) // 2]
    with pytest.raises(httpx2.RemoteProtocolError):
        httpx2.post(small.url, content=b"{}")


def test_only_the_connection_that_is_meant_is_reset(small: Small) -> None:
    with httpx2.Client() as client:
        assert client.post(small.url).status_code == 207
        small.fault = Fault("reset-after")
        with small.ask() as other, pytest.raises(ConnectionResetError):
            other.recv(1)
        small.fault = None
        assert client.post(small.url).status_code == 207


@pytest.mark.parametrize("kind", ["slow-first-byte", "slow-body"])
def test_a_client_that_does_not_wait_ends_a_slow_answer(small: Small, kind: str) -> None:
    small.fault = Fault(kind, seconds=3600)
    with small.ask():
        assert small.started.acquire(timeout=60)
    assert small.ended.acquire(timeout=60)


def test_a_client_that_leaves_while_it_sends_is_no_error(small: Small) -> None:
    with socket.create_connection(small.address) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 20\r\n\r\n{")
        assert small.started.acquire(timeout=60)
    assert small.ended.acquire(timeout=60)


@pytest.mark.parametrize("kind", ["slow-first-byte", "slow-body"])
def test_stopping_ends_a_slow_answer(small: Small, kind: str) -> None:
    small.fault = Fault(kind, seconds=3600)
    connection = small.ask()
    assert small.started.acquire(timeout=60)
    small.stop()
    received = _everything(connection)
    assert BODY not in received
    assert small.ended.acquire(timeout=60)


def test_stopping_ends_requests_that_are_incomplete_and_connections_that_are_idle(
    small: Small,
) -> None:
    with httpx2.Client() as idle, socket.create_connection(small.address) as half:
        assert idle.post(small.url).status_code == 207
        half.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le")
        silent = socket.create_connection(small.address)
        small.stop()
        assert silent.recv(1) == b""
        silent.close()
        with pytest.raises(httpx2.ConnectError):
            idle.post(small.url)


def test_a_short_answer_is_given_before_the_server_stops(small: Small) -> None:
    small.fault = Fault("slow-first-byte", seconds=0.02)
    connection = small.ask()
    assert small.started.acquire(timeout=60)
    small.stop()
    assert _everything(connection).endswith(BODY)

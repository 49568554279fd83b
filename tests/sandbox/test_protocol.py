"""HTTP as the sandbox's server speaks it, byte for byte, on real sockets."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator

import pytest
from package.sandbox.connections import Connections
from package.sandbox.listening import Listener
from package.sandbox.starting import bind
from starlette.requests import Request
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

CLOSE = "Connection: close\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer with the length of the body, unless the path says otherwise."""
    if scope["path"] == "/broken":
        raise ZeroDivisionError("on purpose")
    if scope["path"] == "/unread":
        await PlainTextResponse("unread")(scope, receive, send)
    elif scope["path"] == "/parts":
        await StreamingResponse(iter(["one", "two"]))(scope, receive, send)
    else:
        body = await Request(scope, receive).body()
        text = f"{scope['method']} {scope['path']} {len(body)}"
        await PlainTextResponse(text)(scope, receive, send)


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    bound = bind("127.0.0.1", 0)
    where: tuple[str, int] = bound.getsockname()
    listener = Listener(application, Connections(), bound)
    yield where
    listener.ask_to_stop()
    listener.wait()


def request(target: str, body: str = "", headers: str = "", method: str = "POST") -> bytes:
    length = f"Content-Length: {len(body)}\r\n"
    return f"{method} {target} HTTP/1.1\r\nHost: x\r\n{headers}{length}\r\n{body}".encode()


def everything(address: tuple[str, int], sent: bytes) -> str:
    """Send bytes, and give what comes until the server ends the connection."""
    received = b""
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(sent)
        while part := connection.recv(65536):
            received += part
    return received.decode()


def test_requests_that_come_at_once_are_answered_in_order(address: tuple[str, int]) -> None:
    sent = request("/a", "1") + request("/b%20c?d", "22") + request("/e", headers=CLOSE)
    received = everything(address, sent)
    assert re.findall(r"POST /\D* \d", received) == ["POST /a 1", "POST /b c 2", "POST /e 0"]
    assert received.lower().count("\r\ndate: ") == 3


def test_a_body_that_nobody_reads_is_no_request(address: tuple[str, int]) -> None:
    body = "GET / HTTP/1.1\r\n\r\n" * 20_000
    received = everything(address, request("/unread", body) + request("/last", "1", CLOSE))
    assert received.count("HTTP/1.1 200 OK") == 2
    assert received.endswith("POST /last 1")


def test_an_answer_without_a_length_comes_in_chunks(address: tuple[str, int]) -> None:
    received = everything(address, request("/parts", headers=CLOSE))
    assert "\r\ntransfer-encoding: chunked\r\n" in received.lower()
    assert received.endswith("\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")


def test_head_has_the_headers_only(address: tuple[str, int]) -> None:
    received = everything(address, request("/", headers=CLOSE, method="HEAD"))
    assert "\r\ncontent-length: 8\r\n" in received
    assert received.endswith("\r\n\r\n")


def test_a_client_that_waits_to_be_asked_for_its_body_is_asked(address: tuple[str, int]) -> None:
    sent = request("/", "12345", f"Expect: 100-continue\r\n{CLOSE}")
    head, body = sent[:-5], sent[-5:]
    with socket.create_connection(address, timeout=30) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 100 ")
        connection.sendall(body)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 OK\r\n")


def test_a_body_that_is_not_asked_for_ends_the_connection(address: tuple[str, int]) -> None:
    head = request("/unread", "12345", "Expect: 100-continue\r\n")[:-5]
    received = everything(address, head)
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
def test_what_is_not_http_is_told_so(address: tuple[str, int], sent: bytes, status: int) -> None:
    received = everything(address, sent)
    assert f"HTTP/1.1 {status} " in received
    assert received.split("\r\n\r\n")[-1].strip()


def test_what_the_application_raises_is_answered_and_logged(
    address: tuple[str, int], caplog: pytest.LogCaptureFixture
) -> None:
    received = everything(address, request("/broken", headers=CLOSE))
    assert received.startswith("HTTP/1.1 500 ")
    assert "on purpose" not in received
    assert "ZeroDivisionError: on purpose" in caplog.text
    assert everything(address, request("/a", headers=CLOSE)).endswith("POST /a 0")

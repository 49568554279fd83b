"""Real servers on real sockets, and one way to call through either kind of client."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

PATIENCE = 60.0
"""Seconds until what has not happened will not happen."""
PROGRAM_PATIENCE = 300.0
"""The same for programs, and for those that they run: on a busy machine each takes seconds to start."""
TOKEN = "pat-secret-0123456789"
# Those who run at the same time choose another one.
CHANCE = random.SystemRandom()
FIRST_GIVEN_PORT = 32_768
"""From here on Linux gives ports away by itself: to whoever listens on any, and to whoever connects."""
OK = {"status": "COMPLETE", "results": [{"id": "7", "new": True}]}


def answer(
    status: int = 200, body: object = None, headers: dict[str, str] | None = None
) -> Response:
    """A JSON answer; without a body, that of a successful upsert."""
    text = json.dumps(OK if body is None else body)
    return Response(text, status=status, headers=headers, content_type="application/json")


class ThreadedServer(ThreadingHTTPServer):
    """A server of the standard library in threads of its own; that a client breaks off is no error of it."""

    daemon_threads = True
    request_queue_size = 128  # Others would have to ask again, a second later.

    def __init__(self, handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._thread = threading.Thread(target=self.serve_forever, args=(0.01,))
        self._open: set[object] = set()
        self._changed = threading.Condition()

    def start(self) -> None:
        self._thread.start()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._changed:
            self._open.add(client_address)
            self._changed.notify_all()
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._changed:
                self._open.discard(client_address)
                self._changed.notify_all()

    def wait_for_the_end_of_all(self) -> None:
        """Wait until no connection is open of those who have ended, and what they sent is done."""
        with (
            socket.create_connection(("127.0.0.1", self.server_port), PATIENCE) as last,
            self._changed,
        ):
            # Connections are taken in the order in which they came.
            mine = last.getsockname()
            assert self._changed.wait_for(lambda: mine in self._open, PATIENCE)
        with self._changed:
            assert self._changed.wait_for(lambda: not self._open, PATIENCE), "some are still open"

    def handle_error(self, request: Any, client_address: Any) -> None:
        pass

    def close(self) -> None:
        self.shutdown()
        self.server_close()
        self._thread.join(5)


class Server:
    """Gives scripted answers in order, the last one for ever, and remembers what it was asked."""

    def __init__(self, server: HTTPServer) -> None:
        self.url = server.url_for("").rstrip("/")
        self.script: list[Response] = [answer()]
        self.requests: list[Request] = []
        self.times: list[float] = []
        server.expect_request(re.compile(".*")).respond_with_handler(self._handle)

    def _handle(self, request: Request) -> Response:
        self.times.append(time.monotonic())
        self.requests.append(request)
        return self.script.pop(0) if len(self.script) > 1 else self.script[0]

    @property
    def gaps(self) -> list[float]:
        """Seconds between each two requests."""
        return [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]

    @property
    def targets(self) -> list[str]:
        """The method, path and query of each request, as they came, without decoding anything."""
        return [f"{one.method} {one.environ['REQUEST_URI']}" for one in self.requests]

    @property
    def bodies(self) -> list[bytes]:
        """The body of each request."""
        return [one.get_data() for one in self.requests]


class RawServer:
    """Answers each connection with what the script says, byte for byte, then closes it.

    A step is bytes to send, or a function that gets the socket after the request was read.
    """

    def __init__(self) -> None:
        self.script: list[bytes | Callable[[socket.socket], None]] = []
        self.requests: list[bytes] = []
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            with connection, contextlib.suppress(OSError):
                connection.settimeout(PATIENCE)
                self.requests.append(read_request(connection))
                step = self.script.pop(0) if len(self.script) > 1 else self.script[0]
                if callable(step):
                    step(connection)
                else:
                    connection.sendall(step)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(5)


def read_request(connection: socket.socket) -> bytes:
    """Read one request with its body."""
    data = b""
    while b"\r\n\r\n" not in data:
        part = connection.recv(65536)
        if not part:
            return data
        data += part
    length = re.search(rb"(?i)content-length: (\d+)", data)
    end = data.index(b"\r\n\r\n") + 4 + (int(length[1]) if length else 0)
    while len(data) < end and (part := connection.recv(65536)):
        data += part
    return data


def raw_answer(
    body: bytes = json.dumps(OK).encode(), *, status: str = "200 OK", headers: str = ""
) -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n{headers}\r\n"
    ).encode() + body


def reset(connection: socket.socket) -> None:
    """End a connection the hard way."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def silent(connection: socket.socket) -> None:
    """Say nothing until the client has had enough."""
    connection.recv(1)


@contextlib.contextmanager
def kept_port() -> Iterator[int]:
    """A port that nothing listens on, and that nobody else is given meanwhile.

    Who asks for this one, as `socket.create_server` does, may listen on it.
    """
    with socket.socket() as keeper:
        keeper.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeper.bind(("127.0.0.1", 0))
        yield keeper.getsockname()[1]


def free_port() -> int:
    """A port that nothing listens on, and that nobody is given who asks for any that is free."""
    for port in CHANCE.sample(range(10_000, FIRST_GIVEN_PORT), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise OSError("no port is free")


class Caller:
    """Calls through a synchronous or an asynchronous client, so that each test is written once.

    Args:
        kind: "sync" or "async".
        client: The synchronous client's class.
        async_client: The asynchronous client's class.
    """

    def __init__(self, kind: str, client: Callable[..., Any], async_client: Callable[..., Any]):
        self.kind = kind
        self._client = client
        self._async_client = async_client

    def call(self, action: Callable[[Any], Any], **options: Any) -> Any:
        """Do something with a new client and close it. The token is no variable of this."""
        if self.kind == "sync":
            with self._client(options.pop("token", TOKEN), **options) as client:
                return action(client)

        async def run() -> Any:
            async with self._async_client(options.pop("token", TOKEN), **options) as client:
                return await action(client)

        return asyncio.run(run())

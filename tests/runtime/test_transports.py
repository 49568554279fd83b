"""What holds for each transport: which connections there are, what they trust, and how they end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import pickle
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme
from package._runtime import configuration

from tests.runtime.conftest import KINDS, LASTING, Kind, UpsertCaller
from tests.runtime.emitted_client import AsyncClient, Client
from tests.servers import PATIENCE, TOKEN, Server, raw_answer, read_request

ROOT = Path(__file__).parents[2]
KEPT = raw_answer().replace(b"Connection: close\r\n", b"")


class KeepAliveServer:
    """Answers requests for as long as connections last, and remembers how many came on which.

    Args:
        is_answered: Whether a request is, by its number from 1; otherwise its connection is closed.
    """

    def __init__(self, is_answered: Callable[[int], bool] = lambda _: True) -> None:
        self.connections: list[int] = []
        self.sockets: list[socket.socket] = []
        self._is_answered = is_answered
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self.connections.append(0)
                self.sockets.append(connection)
                place = len(self.connections) - 1
                threading.Thread(target=self._serve, args=[connection, place], daemon=True).start()

    def _serve(self, connection: socket.socket, place: int) -> None:
        with connection, contextlib.suppress(OSError):
            while read_request(connection):
                self.connections[place] += 1
                if not self._is_answered(sum(self.connections)):
                    return
                connection.sendall(KEPT)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # Or else the thread would go on waiting.
        self._listener.close()


@pytest.fixture
def upserts(kind: str, transport: str | None) -> Callable[..., None]:
    """Upserts so many times with one client: one after the other, or all at once."""

    def upsert(client: Any) -> Any:
        return client.contacts.batch_upsert(inputs=[{"id": "1", "properties": {}}])

    async def upsert_async(client: Any, count: int, *, at_once: bool) -> None:
        calls = [upsert(client) for _ in range(count)]
        for some in [calls] if at_once else [[call] for call in calls]:
            await asyncio.gather(*some)

    def upsert_sync(client: Any, count: int, *, at_once: bool) -> None:
        with ThreadPoolExecutor(count if at_once else 1) as pool:
            list(pool.map(upsert, [client] * count))

    def upserts(server: KeepAliveServer, count: int, at_once: bool = False, **options: Any) -> None:
        run = upsert_async if kind == "async" else upsert_sync
        UpsertCaller(kind, transport).call(
            lambda client: run(client, count, at_once=at_once),
            **{"base_url": server.url, "transport": transport, **options},
        )

    return upserts


def test_a_connection_is_used_again(upserts: Callable[..., None]) -> None:
    with contextlib.closing(KeepAliveServer()) as server:
        upserts(server, 3, limits=LASTING)
    assert server.connections == [3]


def test_there_are_no_more_connections_than_allowed(upserts: Callable[..., None]) -> None:
    with contextlib.closing(KeepAliveServer()) as server:
        upserts(server, 8, at_once=True, limits=httpx2.Limits(max_connections=2))
    assert sum(server.connections) == 8
    assert len(server.connections) <= 2


def test_a_request_on_a_connection_that_broke_is_not_repeated_in_secret(
    upserts: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    """Or nobody could tell that it may have been applied twice."""
    caplog.set_level("INFO", "package")
    with contextlib.closing(KeepAliveServer(lambda number: number != 2)) as server:
        upserts(server, 2, limits=LASTING)
    assert server.connections == [2, 1]
    assert "attempt 1: RemoteProtocolError: Server disconnected" in caplog.text


def test_who_waits_too_long_for_a_connection_gives_up(
    upserts: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "package")

    def after_the_other_gave_up(_: int) -> bool:
        while "PoolTimeout" not in caplog.text:
            time.sleep(0.01)
        return True

    with contextlib.closing(KeepAliveServer(after_the_other_gave_up)) as server:
        limits, timeout = httpx2.Limits(
            max_connections=1, keepalive_expiry=PATIENCE
        ), httpx2.Timeout(PATIENCE, pool=0.02)
        upserts(server, 2, at_once=True, limits=limits, timeout=timeout)
    assert "attempt 1: PoolTimeout" in caplog.text
    assert server.connections == [2]


TRUSTING = """
import sys
from tests.runtime.conftest import UpsertCaller
kind, transport, url = sys.argv[1:]
options = {"transport": transport or None, "base_url": url}
print(UpsertCaller(kind).call(lambda client: client.contacts.delete(contact_id="1"), **options))
"""
INTERRUPTED = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from tests.runtime.emitted_client import AsyncClient, Client
transport, url = sys.argv[1:]
try:
    Client("token", base_url=url, transport=transport or None).contacts.get(contact_id="1")
except KeyboardInterrupt:
    print("interrupted")
"""


def start(program: str, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'templates'}"}
    command = [sys.executable, "-c", program, *arguments]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, **path, **environment}
    )


def test_a_certificate_authority_of_the_environment_is_trusted(
    kind: str, transport: str | None, tmp_path: Path
) -> None:
    authority, file = trustme.CA(), tmp_path / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        process = start(TRUSTING, kind, transport or "", url, SSL_CERT_FILE=str(file))
        with process, context.wrap_socket(listener.accept()[0], server_side=True) as connection:
            connection.recv(65536)
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            output, _ = process.communicate(timeout=PATIENCE)
    assert output == "None\n"


def test_ctrl_c_ends_a_request_at_once(transport: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with start(INTERRUPTED, transport or "", url) as process:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                process.send_signal(signal.SIGINT)
                # Sooner than any timeout of the request.
                output, _ = process.communicate(timeout=PATIENCE / 4)
    assert output == "interrupted\n"


def test_a_call_that_is_cancelled_leaves_no_connection_open(transport: str | None) -> None:
    given: Any = transport

    async def cancel(listener: socket.socket, steps: int) -> None:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with AsyncClient(TOKEN, base_url=url, transport=given) as client:
            task = asyncio.create_task(client.contacts.delete(contact_id="1"))
            for _ in range(steps):
                await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    gc.disable()  # It would close what was forgotten.
    try:
        for steps in range(30):
            with socket.create_server(("127.0.0.1", 0)) as listener:
                asyncio.run(cancel(listener, steps))
                listener.setblocking(False)
                with contextlib.suppress(BlockingIOError), listener.accept()[0] as connection:
                    connection.settimeout(PATIENCE)
                    with contextlib.suppress(ConnectionError):
                        while connection.recv(65536):
                            pass
    finally:
        gc.enable()


@pytest.mark.parametrize("first", ["127.0.0.8", "127.0.0.9"])
def test_an_address_that_refuses_or_is_silent_keeps_nobody_from_the_next(
    first: str, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing listens on the former, and on the latter nobody accepts what is in the backlog."""
    port = int(server.url.rpartition(":")[2])
    family, kind = socket.AF_INET, socket.SOCK_STREAM
    found = [(family, kind, 6, "", (host, port)) for host in (first, "127.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)

    async def call() -> Any:
        url = f"http://api.example.com:{port}"
        async with AsyncClient(TOKEN, base_url=url, allow_plain_http=True) as client:
            return await client.contacts.batch_upsert(inputs=[{"id": "1", "properties": {}}])

    with contextlib.ExitStack() as stack:
        silent = stack.enter_context(socket.socket())
        silent.bind(("127.0.0.9", port))
        silent.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(("127.0.0.9", port))
        assert asyncio.run(call()).results


@KINDS
def test_what_is_not_there_is_said_when_a_client_is_made(
    kind: Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    options: dict[str, Any] = {"transport": "quick"}
    with pytest.raises(ValueError, match="must be 'fast', a transport of httpx2, or None"):
        kind(TOKEN, **options)
    monkeypatch.setattr(configuration, "find_spec", lambda _: None)
    with pytest.raises(ImportError, match=r"needs the library pycurl: pip install '.*\[fast\]'"):
        kind(TOKEN, transport="fast")


def test_a_pickled_client_is_as_fast(transport: str | None, server: Server) -> None:
    given: Any = transport
    client = pickle.loads(pickle.dumps(Client(TOKEN, base_url=server.url, transport=given)))
    assert client._connection.configuration.is_fast == (transport == "fast")
    with client:
        assert client.contacts.batch_upsert(inputs=[{"id": "1", "properties": {}}]).results

"""Forks beside threads that make connections: what they wait for, and what they do not."""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
import ssl
import threading
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from package._runtime import fork
from package._runtime.fork import ForkHold, ForkSafe
from package.errors import TransportError

from tests.runtime.echo_server import AsyncClient, Client, EchoServer
from tests.runtime.test_processes import get, in_child
from tests.servers import PATIENCE, TOKEN

_ABOUT_TO_FORK: list[Callable[[], object]] = []


def _before_fork() -> None:
    while _ABOUT_TO_FORK:
        _ABOUT_TO_FORK.pop()()


os.register_at_fork(before=_before_fork)  # It comes before the hook of the package, which waits.


@pytest.fixture
def secure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[EchoServer]:
    monkeypatch.delattr(ssl.SSLContext, "load_verify_locations")  # What hurries all other tests.
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    server = EchoServer(tmp_path / "authority.pem")
    yield server
    server.close()


class Slow:
    """Something that does not end before a fork begins."""

    def __init__(self) -> None:
        self.is_inside = False
        self.begun, self._forking = threading.Event(), threading.Event()

    def __enter__(self) -> None:
        _ABOUT_TO_FORK.append(self._forking.set)
        self.is_inside = True
        self.begun.set()
        assert self._forking.wait(PATIENCE)

    def __exit__(self, *_: object) -> None:
        self.is_inside = False

    def check_fork(self, client: Client | AsyncClient) -> None:
        """Fork while another thread connects, and check that a child finds nothing half done."""
        thread = threading.Thread(target=get, args=(client,))
        thread.start()
        assert self.begun.wait(PATIENCE)

        def check() -> None:
            assert not self.is_inside

        in_child(check)
        thread.join()


def slowed(slow: Slow, act: Callable[..., Any]) -> Callable[..., Any]:
    def do(*arguments: Any, **options: Any) -> Any:
        is_server = bool(arguments) and arguments[0].server_side
        if is_server or slow.begun.is_set():
            return act(*arguments, **options)
        with slow:
            return act(*arguments, **options)

    return do


@pytest.mark.parametrize(
    ("kind", "owner", "name"),
    [
        (Client, httpx2, "create_ssl_context"),
        (Client, ssl.SSLSocket, "do_handshake"),
        (Client, ssl.SSLSocket, "read"),
        (AsyncClient, httpx2, "create_ssl_context"),
        (AsyncClient, ssl.SSLObject, "do_handshake"),
        (AsyncClient, ssl.SSLObject, "read"),
    ],
)
def test_a_fork_waits_for_another_thread_inside_openssl(
    secure: EchoServer, monkeypatch: pytest.MonkeyPatch, kind: Any, owner: Any, name: str
) -> None:
    slow = Slow()
    monkeypatch.setattr(fork, "_PATIENCE", PATIENCE)
    client = kind(TOKEN, base_url=secure.url)
    monkeypatch.setattr(owner, name, slowed(slow, getattr(owner, name)))
    slow.check_fork(client)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_a_fork_waits_until_libcurl_is_connected(
    secure: EchoServer, monkeypatch: pytest.MonkeyPatch, kind: Any
) -> None:
    from package._runtime.curl_transport import _Transfer

    slow = Slow()
    monkeypatch.setattr(fork, "_PATIENCE", PATIENCE)
    connecting, connected = _Transfer._connecting, _Transfer._connected

    def begin(self: Any, *_: object) -> int:
        found = connecting(self)
        slow.__enter__()
        return found

    def end(self: Any, *_: object) -> int:
        slow.__exit__()
        return connected(self)

    monkeypatch.setattr(_Transfer, "_connecting", begin)
    monkeypatch.setattr(_Transfer, "_connected", end)
    slow.check_fork(kind(TOKEN, base_url=secure.url, transport="fast"))


@pytest.mark.parametrize(("kind", "owner"), [(Client, ssl.SSLSocket), (AsyncClient, ssl.SSLObject)])
def test_no_fork_waits_for_a_server(monkeypatch: pytest.MonkeyPatch, kind: Any, owner: Any) -> None:
    waiting = threading.Event()
    step = owner.do_handshake

    def do_handshake(self: Any, *arguments: Any) -> None:
        try:
            step(self, *arguments)
        except ssl.SSLWantReadError:
            waiting.set()
            raise

    monkeypatch.setattr(owner, "do_handshake", do_handshake)
    # If it waited for the server, that would be in vain, and it would say so in the end.
    monkeypatch.setattr(fork, "_PATIENCE", PATIENCE / 4)
    tokens = [TOKEN]  # There is one attempt, for which there is all the time.
    with socket.create_server(("127.0.0.1", 0)) as silent:
        place = f"https://127.0.0.1:{silent.getsockname()[1]}"
        client = kind(tokens.pop, base_url=place, timeout=PATIENCE)
        failed = threading.Thread(target=fail, args=(client,))
        failed.start()
        assert waiting.wait(PATIENCE)
        assert not told_by(lambda: in_child(int))
        monkeypatch.undo()
        silent.accept()[0].close()
    failed.join()


def fail(client: Client | AsyncClient) -> None:
    with contextlib.suppress(TransportError, IndexError):
        get(client)


def told_by(work: Callable[[], object]) -> list[str]:
    """Give the warnings of something, but for that of Python about threads."""
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        work()
    return [str(one.message) for one in told if one.category is RuntimeWarning]


def test_a_fork_gives_up_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fork, "_PATIENCE", 0.01)
    holds: list[ForkHold] = []
    thread = threading.Thread(target=lambda: holds.append(ForkHold()))
    thread.start()
    thread.join()
    (told,) = told_by(lambda: in_child(int))
    assert "is forked while another thread has been connecting for 0.01 s" in told
    assert not told_by(lambda: in_child(int))  # It was told once.
    holds.pop().end()


def test_a_thread_that_forks_does_not_wait_for_itself(secure: EchoServer) -> None:
    with ForkHold():
        assert not told_by(lambda: in_child(lambda: get(Client(TOKEN, base_url=secure.url))))


def test_what_is_not_made_completely_is_not_begun_anew(
    secure: EchoServer, monkeypatch: pytest.MonkeyPatch, transport: Any
) -> None:
    kinds = set[str]()
    made = ForkSafe.__init__

    def fork_at_once(self: ForkSafe) -> None:
        made(self)
        self.after_fork()
        kinds.add(type(self).__name__)

    monkeypatch.setattr(ForkSafe, "__init__", fork_at_once)
    for kind in (Client, AsyncClient):
        assert get(kind(TOKEN, base_url=secure.url, transport=transport)).id == "1"
    assert {"Pool", "AsyncPool", "PerEventLoop"} < kinds


def test_certificates_are_read_once_for_all_event_loops(
    secure: EchoServer, monkeypatch: pytest.MonkeyPatch, transport: Any
) -> None:
    client = AsyncClient(TOKEN, base_url=secure.url, transport=transport)
    read: list[object] = []
    create = httpx2.create_ssl_context

    def count(**options: Any) -> ssl.SSLContext:
        read.append(options)
        return create(**options)

    monkeypatch.setattr(httpx2, "create_ssl_context", count)

    async def once() -> None:
        assert (await client.contacts.get(contact_id="1")).id == "1"

    for _ in range(3):
        asyncio.run(once())
    asyncio.run(client.aclose())
    assert len(read) == 1

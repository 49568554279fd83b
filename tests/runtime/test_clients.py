"""Setting up, sharing and closing clients."""

from __future__ import annotations

import asyncio
import copy
import pickle
import socket
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx2
import pytest
from package import errors
from package._runtime.operation import Call, Operation, build_request, no_content
from package._runtime.pool import Pool

from tests.runtime.conftest import KINDS, LASTING, Kind, close, get
from tests.runtime.emitted_client import POLICY, AsyncClient, Client, Error
from tests.runtime.test_oauth import Lock
from tests.servers import PATIENCE, TOKEN, RawServer, Server, answer, read_request


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://127.8.9.1:1",
        "http://[::1]:8080/x",
        "https://example.com/below/",
    ],
)
def test_usable_base_urls_are_taken(url: str) -> None:
    assert url.rstrip("/") in repr(Client(TOKEN, base_url=url))


@pytest.mark.parametrize(
    ("url", "advice"),
    [
        ("http://api.example.com", "allow_plain_http=True"),
        ("http://localhost.example.com", "allow_plain_http=True"),
        ("http://10.0.0.1", "allow_plain_http=True"),
        ("api.example.com", "absolute"),
        ("/path", "absolute"),
        ("", "absolute"),
        ("ftp://example.com", "absolute"),
        ("https://", "absolute"),
        ("https://exa\nmple.com", "absolute"),
        ("https://user:password@example.com", "user name"),
        ("https://example.com?", "query"),
        ("https://example.com/?a=b", "query"),
        ("https://example.com/#", "fragment"),
    ],
)
@KINDS
def test_other_base_urls_are_refused_with_advice(kind: Kind, url: str, advice: str) -> None:
    with pytest.raises(ValueError, match=advice) as caught:
        kind(TOKEN, base_url=url)
    assert "password@" not in str(caught.value)


@pytest.mark.parametrize("seconds", [0, -1, float("nan"), float("inf")])
def test_a_time_budget_without_sense_is_refused(seconds: float) -> None:
    with pytest.raises(ValueError, match="time_budget"):
        Client(TOKEN, time_budget=seconds)
    with pytest.raises(ValueError, match="time_budget"):
        Client(TOKEN).with_options(time_budget=seconds)


@KINDS
def test_a_closed_client_says_so(kind: Kind, server: Server) -> None:
    client = kind(TOKEN, base_url=server.url)
    close(client)
    close(client)
    with pytest.raises(RuntimeError, match="client is closed"):
        get(client)
    assert server.requests == []


def test_a_client_with_other_options_shares_connections_and_token(server: Server) -> None:
    server.script = [answer(204)]
    with Client(TOKEN, base_url=server.url) as client:
        client.contacts.delete(contact_id="1")
        with client.with_options(time_budget=25, timeout=20) as hasty:
            hasty.contacts.delete(contact_id="2")
            # No time for that, as there is with the options of the first client.
            server.script = [answer(503, {}, {"Retry-After": "30"})]
            with pytest.raises(errors.ServerError):
                hasty.contacts.delete(contact_id="3")
        with pytest.raises(RuntimeError, match="closed"):
            hasty.contacts.delete(contact_id="4")
        server.script = [answer(204)]
        client.contacts.delete(contact_id="5")
        other = client.with_options(time_budget=1)
    with pytest.raises(RuntimeError, match="closed"):
        other.contacts.delete(contact_id="6")
    assert {request.headers["Authorization"] for request in server.requests} == {f"Bearer {TOKEN}"}


def test_a_client_with_other_options_uses_the_same_connection(raw_server: RawServer) -> None:
    def answer_twice(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
        raw_server.requests.append(read_request(connection))
        connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    raw_server.script = [answer_twice, b""]
    with Client(TOKEN, base_url=raw_server.url, limits=LASTING) as client:
        client.contacts.delete(contact_id="1")
        client.with_options(time_budget=30).contacts.delete(contact_id="2")
    assert len(raw_server.requests) == 2


def test_an_asynchronous_client_with_other_options_leaves_the_first_open(server: Server) -> None:
    server.script = [answer(204)]

    async def run() -> None:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            async with client.with_options(timeout=20) as other:
                await other.contacts.delete(contact_id="1")
            with pytest.raises(RuntimeError, match="closed"):
                await other.contacts.delete(contact_id="2")
            await client.contacts.delete(contact_id="3")

    asyncio.run(run())
    assert len(server.requests) == 2


def test_options_that_are_not_given_stay(server: Server) -> None:
    client = Client(TOKEN, base_url=server.url, time_budget=None, timeout=3)
    before = client._connection.configuration
    assert client.with_options()._connection.configuration == before
    assert client.with_options(timeout=None)._connection.configuration.time_budget is None


def test_threads_share_a_client(server: Server) -> None:
    server.script = [answer(204)]
    with Client(TOKEN, base_url=server.url) as client:
        threads = [
            threading.Thread(target=client.contacts.delete, kwargs={"contact_id": str(number)})
            for number in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(request.path for request in server.requests) == [
        f"/contacts/{number}" for number in range(8)
    ]


def test_a_client_that_is_closed_while_a_thread_sets_it_up_leaves_nothing_open(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Transport(httpx2.BaseTransport):
        closed = 0

        def close(self) -> None:
            self.closed += 1

    transport, lock = Transport(), Lock()
    client = Client(TOKEN, base_url=server.url)
    closing = threading.Thread(target=client.close)

    def build(*_: object) -> Transport:
        closing.start()
        assert lock.is_waited_for.wait(PATIENCE)
        return transport

    monkeypatch.setattr(Pool, "_build", build)
    pool = client._connection._pool
    pool._lock = lock  # type: ignore[assignment]
    assert pool.transport() is transport
    closing.join()
    assert transport.closed == 1


def test_calls_of_one_asynchronous_client_run_side_by_side(server: Server) -> None:
    server.script = [answer(503, {}), answer(204)]

    async def run() -> None:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            calls = [client.contacts.delete(contact_id=str(number)) for number in range(8)]
            await asyncio.gather(*calls)

    asyncio.run(run())
    assert len(server.requests) == 9


ERRORS: list[type[errors.ApiError]] = [
    getattr(errors, name) for name in errors.__all__ if name != "RateLimit"
]


@pytest.mark.parametrize("kind", ERRORS)
@pytest.mark.parametrize("trip", [lambda error: pickle.loads(pickle.dumps(error)), copy.copy])
def test_errors_survive_pickling_and_copying(kind: type[errors.ApiError], trip: Any) -> None:
    error = kind(
        operation="contacts.batch_upsert",
        message="no",
        status=429,
        category="RATE_LIMITS",
        correlation_id="c-1",
        body=Error(message="no"),
        text="{}",
        retry_after=1.5,
        rate_limit=errors.RateLimit(maximum=1),
        attempts=3,
    )
    error.add_note("while importing")
    other = trip(error)
    assert type(other) is kind
    assert vars(other) == vars(error)
    assert str(other) == (
        "contacts.batch_upsert: 429 no "
        "(category RATE_LIMITS, correlation id c-1, retry after 1.5 s, after 3 attempts)"
    )


def test_importing_a_client_loads_nothing_heavy() -> None:
    program = (
        "import sys, httpx2, tenacity, pydantic; before = set(sys.modules); "
        "import package._runtime.client; print(*sorted(set(sys.modules) - before))"
    )
    templates = Path(errors.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=templates,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE,
    )
    loaded = run.stdout.split()
    assert [name for name in loaded if not name.startswith("package")] == []
    assert "asyncio" not in loaded


def test_a_call_does_not_show_its_body() -> None:
    operation: Operation[None] = Operation("x.put", "PUT", "/x", {"2XX": no_content}, None, POLICY)
    call = Call(operation, content=b"person@example.com", content_type="text/plain")
    assert "person" not in repr(call)
    assert "person" not in repr(build_request("https://api.example.com", call))

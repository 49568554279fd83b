"""Which connection is used next, and which ones are closed, with real connections."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable, Iterator
from typing import TypeAlias

import httpcore2
import pytest
from package._runtime.persistent_connections import PersistentConnections

from tests.runtime.test_transports import KeepAliveServer
from tests.servers import PATIENCE

Connections: TypeAlias = PersistentConnections[httpcore2.HTTPConnection]


@pytest.fixture
def server() -> Iterator[KeepAliveServer]:
    with contextlib.closing(KeepAliveServer()) as server:
        yield server


@pytest.fixture
def connections_to(server: KeepAliveServer) -> Iterator[Callable[..., Connections]]:
    made: list[httpcore2.HTTPConnection] = []

    def connections_to(most_idle: int | None = None, expiry: float | None = None) -> Connections:
        def make() -> httpcore2.HTTPConnection:
            origin = httpcore2.URL(server.url).origin
            made.append(httpcore2.HTTPConnection(origin, keepalive_expiry=expiry))
            return made[-1]

        return PersistentConnections(make, most_idle)

    yield connections_to
    for one in made:
        one.close()


@pytest.fixture
def used(server: KeepAliveServer) -> Callable[[Connections, int], list[httpcore2.HTTPConnection]]:
    """Takes so many connections, and sends a request on each."""

    def used(connections: Connections, count: int) -> list[httpcore2.HTTPConnection]:
        taken = [connections.take()[0] for _ in range(count)]
        for one in taken:
            headers = [("Host", "localhost"), ("Content-Length", "0")]
            assert one.request("POST", server.url, headers=headers).status == 200
        return taken

    return used


def test_the_connection_that_was_used_last_is_used_next(
    connections_to: Callable[..., Connections], used: Callable[..., list[httpcore2.HTTPConnection]]
) -> None:
    connections = connections_to()
    first, second = used(connections, 2)
    assert connections.give_back(first)
    assert connections.give_back(second)
    assert connections.take() == (second, [])
    assert connections.take() == (first, [])


def test_no_more_idle_connections_are_kept_than_wanted(
    connections_to: Callable[..., Connections], used: Callable[..., list[httpcore2.HTTPConnection]]
) -> None:
    connections = connections_to(most_idle=1)
    assert [connections.give_back(one) for one in used(connections, 2)] == [True, False]


def test_a_connection_whose_answer_was_not_read_is_not_kept(
    connections_to: Callable[..., Connections],
) -> None:
    connections = connections_to()
    assert not connections.give_back(connections.take()[0])


def test_all_that_have_expired_are_to_be_closed(
    connections_to: Callable[..., Connections], used: Callable[..., list[httpcore2.HTTPConnection]]
) -> None:
    # Before they were used, since a clock may stand still after that.
    connections = connections_to(expiry=-1.0)
    taken = used(connections, 3)
    assert all(connections.give_back(one) for one in taken)
    following, expired = connections.take()
    assert following not in taken
    assert expired == taken


def test_a_connection_that_its_server_has_closed_is_not_used_again(
    server: KeepAliveServer,
    connections_to: Callable[..., Connections],
    used: Callable[..., list[httpcore2.HTTPConnection]],
) -> None:
    connections = connections_to()
    oldest, newest = used(connections, 2)
    server.sockets[1].shutdown(socket.SHUT_RDWR)
    end = time.monotonic() + PATIENCE
    while not newest.has_expired() and time.monotonic() < end:
        time.sleep(0.001)
    assert connections.give_back(oldest)
    assert connections.give_back(newest)
    assert connections.take() == (oldest, [newest])


def test_when_it_is_closed_it_keeps_nothing(
    connections_to: Callable[..., Connections], used: Callable[..., list[httpcore2.HTTPConnection]]
) -> None:
    connections = connections_to()
    idle, in_use = used(connections, 2)
    connections.give_back(idle)
    assert set(connections.close()) == {idle, in_use}
    assert not connections.give_back(in_use)

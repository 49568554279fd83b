"""Permits and connections: what is sent is sent while its permit is good, however long connecting takes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any, cast

import pytest
from package._bulk.limiter import PunctualRateLimiter, RateLimiterError
from package._bulk.outcomes import Outcome
from package._bulk.report import report_of
from package.errors import RateLimit

from tests.runtime.echo_server import AsyncClient, Client, EchoServer
from tests.servers import TOKEN

RECORD = {"email": "1@example.com"}


@pytest.fixture
def server() -> Iterator[EchoServer]:
    server = EchoServer()
    yield server
    server.close()


class Late(PunctualRateLimiter):
    """Says that the first permit is too late when there is a connection for it.

    Args:
        server: Where the connection is.
        permits: How many permits there are.
    """

    def __init__(self, server: EchoServer, permits: int = 100) -> None:
        self._server, self._permits = server, permits
        self.taken, self.asked, self.sent_before = 0, 0, 0

    def reserve(self) -> float:
        if self.taken == self._permits:
            raise RateLimiterError("no more permits")
        self.taken += 1
        return 0.0

    async def reserve_async(self) -> float:
        return self.reserve()

    def give_back(self, late: float) -> bool:
        self.asked += 1
        if self.asked == 2:
            self._server.wait_for_connections(1)
            self.sent_before = len(self._server.traces)
        return self.asked == 2

    def observe(self, rate_limit: RateLimit | None, *, refused: bool = False) -> None:
        pass


@pytest.fixture(params=[("sync", None), ("sync", "fast"), ("async", None)], ids=str)
def way(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """A kind of client, and its transport. In an event loop libcurl cannot be told to wait."""
    return cast("tuple[str, Any]", request.param)


def upsert(way: tuple[str, Any], server: EchoServer, limiter: Late) -> list[Outcome]:
    """Upsert one record, also if the limiter fails."""
    kind, transport = way
    try:
        if kind == "sync":
            with Client(TOKEN, base_url=server.url, transport=transport) as client:
                return client.contacts.upsert(
                    [RECORD], id_property="email", limiter=limiter
                ).outcomes

        async def run() -> list[Outcome]:
            async with AsyncClient(TOKEN, base_url=server.url, transport=transport) as client:
                upsert = client.contacts.upsert([RECORD], id_property="email", limiter=limiter)
                return (await upsert).outcomes

        return asyncio.run(run())
    except RateLimiterError as error:
        report = report_of(error)
        assert report is not None
        return report.outcomes


def test_a_permit_that_is_late_when_connected_is_given_back(
    server: EchoServer, way: tuple[str, Any]
) -> None:
    limiter = Late(server)
    (outcome,) = upsert(way, server, limiter)
    assert outcome.status == "created"
    assert (limiter.taken, limiter.sent_before, len(server.traces)) == (2, 0, 1)


def test_without_another_permit_nothing_is_sent(server: EchoServer, way: tuple[str, Any]) -> None:
    (outcome,) = upsert(way, server, Late(server, permits=1))
    assert outcome.status == "not sent"
    assert server.traces == []

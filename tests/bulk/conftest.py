"""What tests of bulk upserts share: the simulated server, clients of every kind, and servers of Redis."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.bulk.redis_server import own_redis, shared_redis
from tests.bulk.server import ContactsServer, Upserter

__all__ = ["contacts_server", "own_redis", "shared_redis", "upserter"]


@pytest.fixture
def contacts_server() -> Iterator[ContactsServer]:
    server = ContactsServer()
    yield server
    server.close()


@pytest.fixture(params=["sync", "async", "async source"])
def upserter(request: pytest.FixtureRequest, contacts_server: ContactsServer) -> Upserter:
    return Upserter(str(request.param), contacts_server)


@pytest.fixture
def sync(contacts_server: ContactsServer) -> Upserter:
    return Upserter("sync", contacts_server)

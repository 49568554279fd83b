"""What tests of bulk upserts share: the simulated server, clients of every kind, and servers of Redis."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import closing

import pytest
from package._bulk import redis_limiter

from tests.bulk.redis_server import RedisServer, own_redis, shared_redis
from tests.bulk.server import ContactsServer, Upserter
from tests.servers import PATIENCE

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


@pytest.fixture
def patient_limiter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for Redis as long as it takes: who asks anew gets another permit, and the first one is lost."""
    monkeypatch.setattr(redis_limiter, "_TIMEOUT", PATIENCE)


@pytest.fixture
def empty_redis(shared_redis: RedisServer, patient_limiter: None) -> Iterator[RedisServer]:
    with closing(shared_redis.client()) as client:
        client.flushall()
    yield shared_redis
    gc.collect()  # What was left open warns here, and not in another test.

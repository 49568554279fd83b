"""One way to call through either kind of the client that is written by hand."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from package._runtime import attempt

from tests.runtime.emitted_client import AsyncClient, Client, Result, Upserted
from tests.servers import PATIENCE, Caller, RawServer, Server

AnyClient = Client | AsyncClient
Kind = type[Client] | type[AsyncClient]
LASTING = httpx2.Limits(keepalive_expiry=PATIENCE)
"""Of connections that are kept, however long a machine stands still."""
KINDS = pytest.mark.parametrize("kind", [Client, AsyncClient])


class UpsertCaller(Caller):
    """Calls the client of `emitted_client`."""

    def __init__(self, kind: str, transport: str | None = None) -> None:
        super().__init__(kind, Client, AsyncClient)
        self._transport = transport

    def upsert(self, server: Server | RawServer, **options: Any) -> Upserted:
        """Upsert one record."""
        options = {"base_url": server.url, "transport": self._transport, **options}
        result: Upserted = self.call(
            lambda client: client.contacts.batch_upsert(inputs=[{"id": "1", "properties": {}}]),
            **options,
        )
        return result

    def get(self, server: Server | RawServer, contact_id: Any = "1", **arguments: Any) -> Result:
        """Ask for a contact."""
        result: Result = self.call(
            lambda client: client.contacts.get(contact_id=contact_id, **arguments),
            base_url=server.url,
            transport=self._transport,
        )
        return result


def get(client: AnyClient) -> Result:
    """Call once, and close the client."""

    async def get_async(client: AsyncClient) -> Result:
        async with client:
            return await client.contacts.get(contact_id="1")

    if isinstance(client, AsyncClient):
        return asyncio.run(get_async(client))
    with client:
        return client.contacts.get(contact_id="1")


def close(client: AnyClient) -> None:
    if isinstance(client, AsyncClient):
        asyncio.run(client.aclose())
    else:
        client.close()


@pytest.fixture(params=[None, "fast"], ids=["httpx2", "fast"])
def transport(request: pytest.FixtureRequest) -> str | None:
    """What sends requests: what is said of one transport holds for each."""
    given: str | None = request.param
    return given


@pytest.fixture
def token_of_150_s(monkeypatch: pytest.MonkeyPatch) -> Callable[[], str]:
    """A token that takes 150 s each time, for budgets: no stall decides how many attempts there are."""
    taken = 0.0

    def token() -> str:
        nonlocal taken
        taken += 150
        return "t"

    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + taken)
    monkeypatch.setattr(attempt, "time", clock)
    return token


@pytest.fixture
def caller(kind: str, transport: str | None) -> UpsertCaller:
    return UpsertCaller(kind, transport)

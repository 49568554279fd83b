"""One way to call through either kind of the client that is written by hand."""

from __future__ import annotations

from typing import Any

import pytest

from tests.runtime.emitted_client import AsyncClient, Client, Upserted
from tests.servers import Caller, RawServer, Server


class UpsertCaller(Caller):
    """Calls the client of `emitted_client`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind, Client, AsyncClient)

    def upsert(self, server: Server | RawServer, **options: Any) -> Upserted:
        """Upsert one record."""
        options.setdefault("base_url", server.url)
        result: Upserted = self.call(
            lambda client: client.contacts.batch_upsert(inputs=[{"id": "1", "properties": {}}]),
            **options,
        )
        return result


@pytest.fixture
def caller(kind: str) -> UpsertCaller:
    return UpsertCaller(kind)

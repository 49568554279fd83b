"""Upserts through either kind of client, with records from either kind of iterable."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from package._bulk.outcomes import Outcome
from package._bulk.report import UpsertReport

from tests.bulk.serving import TOKEN, AsyncClient, Client


class Upserter:
    """Upserts through one kind of client, with records from one kind of iterable.

    Attributes:
        kind: "sync", "async", or "async source": an asynchronous iterable.
        url: Where the server is.
    """

    def __init__(self, kind: str, url: str) -> None:
        self.kind = kind
        self.url = url

    def upsert(self, records: Iterable[Any], *, token: Any = TOKEN, **options: Any) -> UpsertReport:
        if self.kind == "sync":
            with Client(token, base_url=self.url) as client:
                return client.contacts.upsert(records, id_property="email", **options)

        async def run() -> UpsertReport:
            async with AsyncClient(token, base_url=self.url) as client:
                given = slowly(records) if self.kind == "async source" else records
                return await client.contacts.upsert(given, id_property="email", **options)

        return asyncio.run(run())

    def take(self, records: Iterable[Any], count: int | None, **options: Any) -> list[Outcome]:
        """Take some outcomes, or all, and close the stream."""
        if self.kind == "sync":
            with (
                Client(TOKEN, base_url=self.url) as client,
                client.contacts.iter_upsert(records, id_property="email", **options) as stream,
            ):
                return [one for one, _ in zip(stream, range(count or 10**9), strict=False)]

        async def run() -> list[Outcome]:
            given = slowly(records) if self.kind == "async source" else records
            async with (
                AsyncClient(TOKEN, base_url=self.url) as client,
                client.contacts.iter_upsert(given, id_property="email", **options) as stream,
            ):
                taken: list[Outcome] = []
                async for one in stream:
                    taken.append(one)
                    if len(taken) == count:
                        break
                return taken

        return asyncio.run(run())


async def slowly(records: Iterable[Any]) -> AsyncIterator[Any]:
    for number, record in enumerate(records):
        if number % 7 == 0:
            await asyncio.sleep(0)
        yield record

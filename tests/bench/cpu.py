"""CPU time of upserts, against loops on httpx2 that do the same work: encode, send, decode and match ids."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import islice
from typing import Any, Literal, TypeAlias

import httpx2
from hubspot_upsert.v2026_03 import AsyncClient, Client

from tests.bench.figures import HEADERS, Figure, contacts
from tests.bench.quick_server import quick_server

SIZE, BATCHES, ROUNDS = 100, 100, 20
CONCURRENCY = 4
PATH = "/crm/objects/2026-03/contacts/batch/upsert"

Record: TypeAlias = dict[str, str]
Batch: TypeAlias = list[tuple[int, Record]]
Found: TypeAlias = dict[int, tuple[str, bool]]


def measure_cpu() -> Iterator[Figure]:
    # What is sent first opens the connections, and does not count.
    some = list(contacts(0, SIZE * CONCURRENCY))
    records = list(contacts(SIZE * CONCURRENCY, SIZE * BATCHES))
    with quick_server() as url:
        for name, ours, loop in (
            ("AsyncClient", _upsert_async, _loop_async),
            ("Client", _upsert, _loop),
        ):
            sides: tuple[Callable[..., float], ...] = (ours, partial(ours, transport="fast"), loop)
            least = [float("inf")] * len(sides)
            for _ in range(ROUNDS):
                for place, side in enumerate(sides):
                    least[place] = min(least[place], side(url, some, records))
            *upserts, bare = (seconds / len(records) * 1e6 for seconds in least)
            for upsert, way, limit in zip(upserts, ("", " with [fast]"), (0.75, 0.45), strict=True):
                named = f"CPU of {name}.iter_upsert{way} / a loop on httpx2"
                detail = f"{upsert:.1f} µs a record against {bare:.1f}"
                yield Figure(named, upsert / bare, limit, "x", detail)


def _upsert(
    url: str,
    some: list[Record],
    records: list[Record],
    transport: Literal["fast"] | None = None,
) -> float:
    def drain(given: list[Record]) -> None:
        stream = client.contacts.iter_upsert(given, id_property="email", concurrency=CONCURRENCY)
        assert sum(outcome.id is not None for outcome in stream) == len(given)

    with Client("token", base_url=url, transport=transport) as client:
        return _spent(lambda: drain(some), lambda: drain(records))


def _upsert_async(
    url: str,
    some: list[Record],
    records: list[Record],
    transport: Literal["fast"] | None = None,
) -> float:
    async def drain(given: list[Record]) -> None:
        stream = client.contacts.iter_upsert(given, id_property="email", concurrency=CONCURRENCY)
        assert sum([outcome.id is not None async for outcome in stream]) == len(given)

    async def run() -> float:
        async with client:
            return await _spent_async(lambda: drain(some), lambda: drain(records))

    client = AsyncClient("token", base_url=url, transport=transport)
    return asyncio.run(run())


def _loop(url: str, some: list[Record], records: list[Record]) -> float:
    """Do what one would write by hand, from as many threads."""

    def send_all(given: list[Record]) -> None:
        found: Found = {}

        def send(batch: Batch) -> None:
            inputs = _inputs(batch)
            response = client.post(PATH, json={"inputs": inputs})
            response.raise_for_status()
            _match(batch, inputs, response.json(), found)

        for _ in threads.map(send, _batches(given)):
            pass
        assert len(found) == len(given)

    with (
        httpx2.Client(base_url=url, headers=HEADERS) as client,
        ThreadPoolExecutor(CONCURRENCY) as threads,
    ):
        return _spent(lambda: send_all(some), lambda: send_all(records))


def _loop_async(url: str, some: list[Record], records: list[Record]) -> float:
    """Do what one would write by hand, from as many tasks."""

    async def send_all(given: list[Record]) -> None:
        found: Found = {}
        batches = _batches(given)

        async def send_next() -> None:
            for batch in batches:
                inputs = _inputs(batch)
                response = await client.post(PATH, json={"inputs": inputs})
                response.raise_for_status()
                _match(batch, inputs, response.json(), found)

        await asyncio.gather(*(send_next() for _ in range(CONCURRENCY)))
        assert len(found) == len(given)

    async def run() -> float:
        async with client:
            return await _spent_async(lambda: send_all(some), lambda: send_all(records))

    client = httpx2.AsyncClient(base_url=url, headers=HEADERS)
    return asyncio.run(run())


def _batches(records: Iterable[Record]) -> Iterator[Batch]:
    numbered = enumerate(records)
    while batch := list(islice(numbered, SIZE)):
        yield batch


def _inputs(batch: Batch) -> list[dict[str, Any]]:
    return [
        {
            "id": record["email"],
            "idProperty": "email",
            "objectWriteTraceId": f"record-{number}",
            "properties": {name: value for name, value in record.items() if name != "email"},
        }
        for number, record in batch
    ]


def _match(batch: Batch, inputs: list[dict[str, Any]], body: dict[str, Any], found: Found) -> None:
    results = {result["objectWriteTraceId"]: result for result in body["results"]}
    for (number, _), each in zip(batch, inputs, strict=True):
        result = results[each["objectWriteTraceId"]]
        found[number] = (result["id"], result["new"])


def _spent(prepare: Callable[[], None], act: Callable[[], None]) -> float:
    """Return the CPU seconds that an action takes, those of all threads of this process."""
    prepare()
    begin = time.process_time()
    act()
    return time.process_time() - begin


async def _spent_async(
    prepare: Callable[[], Awaitable[None]], act: Callable[[], Awaitable[None]]
) -> float:
    await prepare()
    begin = time.process_time()
    await act()
    return time.process_time() - begin

"""What bulk upserts add to posting ready-made bodies, the memory they take, and the rate they reach."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator

import httpx2
from hubspot_upsert._bulk.limiter import LocalRateLimiter
from hubspot_upsert.v2026_03 import AsyncClient

from tests.bench.figures import Figure, python
from tests.bench.quick_server import answer, quick_server

SIZE, BATCHES, ROUNDS = 100, 100, 30
CONCURRENCY = 4
PATH = "/crm/objects/2026-03/contacts/batch/upsert"

FEW, MANY = 10_000, 1_000_000
STREAM = """
import asyncio, resource, sys
from tests.bench.bulk import stream
assert asyncio.run(stream(int(sys.argv[1]))) == int(sys.argv[1])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
"""

# A fifth of the usual limit of 190 requests in 10 seconds.
LIMIT, WINDOW, SECONDS = 38, 2.0, 10.0
LATENCY = 0.1


def measure_bulk() -> Iterator[Figure]:
    with quick_server() as url:
        ours, bare = _throughput(url)
    rate = f"{BATCHES * SIZE / ours:,.0f} records a second against {BATCHES * SIZE / bare:,.0f}"
    yield Figure("iter_upsert / posting ready-made bodies", ours / bare, 1.25, "x", rate)
    few, many = (float(python(STREAM, str(count))) for count in (FEW, MANY))
    # Without sockets, which would take minutes and have nothing to do with it.
    detail = f"{few:.0f} MB and {many:.0f} MB, answered within the process"
    name = f"peak memory of {MANY:,} streamed records above that of {FEW:,}"
    yield Figure(name, many - few, 30, " MB", detail)
    unused, most = asyncio.run(_rate())
    named = f"{LIMIT} requests in {WINDOW:g} s, answers after {LATENCY} s"
    yield Figure("allowed rate that the limiter leaves unused", unused * 100, 3, " %", named)
    yield Figure(f"most requests in any {WINDOW:g} s", most, LIMIT, "")


def _throughput(url: str) -> tuple[float, float]:
    """Return the shortest times of both, which take turns."""
    bodies = [_body(number) for number in range(BATCHES)]
    ours = bare = float("inf")
    for _ in range(ROUNDS):
        ours = min(ours, asyncio.run(_upsert(url)))
        bare = min(bare, asyncio.run(_post(url, bodies)))
    return ours, bare


async def _upsert(url: str) -> float:
    records = [_record(index) for index in range(SIZE * (BATCHES + CONCURRENCY))]
    async with AsyncClient("token", base_url=url) as client:
        await _drain(client, records[: SIZE * CONCURRENCY])  # Opens the connections.
        begin = time.perf_counter()
        await _drain(client, records[SIZE * CONCURRENCY :])
        return time.perf_counter() - begin


async def _drain(client: AsyncClient, records: list[dict[str, str]]) -> None:
    stream = client.contacts.iter_upsert(records, id_property="email", concurrency=CONCURRENCY)
    async for outcome in stream:
        assert outcome.id is not None


async def _post(url: str, bodies: list[bytes]) -> float:
    """Do what one would write by hand: nothing but posting, from as many tasks."""
    headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}

    async def work(waiting: Iterator[bytes]) -> None:
        for body in waiting:
            response = await client.post(PATH, content=body)
            response.raise_for_status()

    async def work_all(waiting: Iterator[bytes]) -> None:
        await asyncio.gather(*(work(waiting) for _ in range(CONCURRENCY)))

    async with httpx2.AsyncClient(base_url=url, headers=headers) as client:
        await work_all(iter(bodies[:CONCURRENCY]))
        begin = time.perf_counter()
        await work_all(iter(bodies))
        return time.perf_counter() - begin


def _record(index: int) -> dict[str, str]:
    return {"email": f"person-{index}@example.com", "firstname": "Ada", "lastname": "Lovelace"}


def _body(number: int) -> bytes:
    inputs = [
        {
            "id": f"person-{number * SIZE + row}@example.com",
            "properties": {"firstname": "Ada", "lastname": "Lovelace"},
            "idProperty": "email",
            "objectWriteTraceId": f"record-{number * SIZE + row}",
        }
        for row in range(SIZE)
    ]
    return json.dumps({"inputs": inputs}, separators=(",", ":")).encode()


async def stream(count: int) -> int:
    """Stream contacts through a client whose requests are answered at once, and count the outcomes."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=answer(request.content))

    transport = httpx2.MockTransport(respond)
    records = (_record(index) for index in range(count))
    outcomes = 0
    async with AsyncClient("token", transport=transport) as client:
        async for _ in client.contacts.iter_upsert(records, id_property="email"):
            outcomes += 1
    return outcomes


async def _rate() -> tuple[float, int]:
    """Return the share of the allowed rate that was not used, and the most requests in a window."""
    moments: list[float] = []

    async def respond(request: httpx2.Request) -> httpx2.Response:
        moments.append(time.perf_counter())
        await asyncio.sleep(LATENCY)
        return httpx2.Response(200, content=answer(request.content))

    limiter = LocalRateLimiter(LIMIT, WINDOW)
    records = [_record(index) for index in range(int(2 * LIMIT * SECONDS / WINDOW) * SIZE)]
    client = AsyncClient("token", transport=httpx2.MockTransport(respond))
    async with client:
        await client.contacts.upsert(
            records, id_property="email", limiter=limiter, time_budget=SECONDS
        )
    used = (len(moments) - 1) / (moments[-1] - moments[0])
    windows = (sum(begin <= moment < begin + WINDOW for moment in moments) for begin in moments)
    return 1 - used / (LIMIT / WINDOW), max(windows)

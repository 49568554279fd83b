"""The memory that bulk upserts take, and the rate they reach."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator

import httpx2
from hubspot_upsert._bulk.limiter import LocalRateLimiter
from hubspot_upsert.v2026_03 import AsyncClient

from tests.bench.figures import Figure, contacts, python
from tests.bench.quick_server import answer

SIZE = 100

FEW, MANY = 10_000, 1_000_000
STREAM = """
import asyncio, sys
from tests.bench.bulk import stream
from tests.memory import peak_memory
assert asyncio.run(stream(int(sys.argv[1]))) == int(sys.argv[1])
print(peak_memory())
"""

# A fifth of the usual limit of 190 requests in 10 seconds.
LIMIT, WINDOW, SECONDS = 38, 2.0, 10.0
LATENCY = 0.1


def measure_bulk() -> Iterator[Figure]:
    few, many = (float(python(STREAM, str(count))) for count in (FEW, MANY))
    # Without sockets, which would take minutes and have nothing to do with it.
    detail = f"{few:.0f} MB and {many:.0f} MB, answered within the process"
    name = f"peak memory of {MANY:,} streamed records above that of {FEW:,}"
    # Of each record two keys are remembered in 13 bytes each, its own and the id that it was given.
    yield Figure(name, many - few, 35, " MB", detail)
    unused, most = asyncio.run(_rate())
    named = f"{LIMIT} requests in {WINDOW:g} s, answers after {LATENCY} s"
    yield Figure("allowed rate that the limiter leaves unused", unused * 100, 3, " %", named)
    yield Figure(f"most requests in any {WINDOW:g} s", most, LIMIT, "")


async def stream(count: int) -> int:
    """Stream contacts through a client whose requests are answered at once, and count the outcomes."""

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(200, content=answer(request.content))

    transport = httpx2.MockTransport(respond)
    outcomes = 0
    async with AsyncClient("token", transport=transport) as client:
        async for _ in client.contacts.iter_upsert(contacts(0, count), id_property="email"):
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
    records = list(contacts(0, int(2 * LIMIT * SECONDS / WINDOW) * SIZE))
    client = AsyncClient("token", transport=httpx2.MockTransport(respond))
    async with client:
        await client.contacts.upsert(
            records, id_property="email", limiter=limiter, time_budget=SECONDS
        )
    used = (len(moments) - 1) / (moments[-1] - moments[0])
    windows = (sum(begin <= moment < begin + WINDOW for moment in moments) for begin in moments)
    return 1 - used / (LIMIT / WINDOW), max(windows)

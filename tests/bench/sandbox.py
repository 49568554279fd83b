"""How soon the sandbox answers, and how much it takes in."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx2
from hubspot_upsert.sandbox import Options, Sandbox

from tests.bench.figures import HEADERS, ROOT, Figure, batch_body, python

BATCHES, SIZE = 1000, 100
PATH = "/crm/v3/objects/contacts/batch/upsert"
START = """
import time
begin = time.perf_counter()
from hubspot_upsert.sandbox import Sandbox
with Sandbox():
    print(time.perf_counter() - begin)
"""


CLIENTS, REQUESTS = 200, 600
MANY_CLIENTS = f"""
import asyncio, sys, time
import httpx2
from tests.bench.figures import HEADERS, batch_body
from tests.bench.sandbox import PATH

async def main():
    bodies = [batch_body(number, {SIZE}) for number in range({REQUESTS})]
    limits = httpx2.Limits(max_connections={CLIENTS})
    async with httpx2.AsyncClient(
        base_url=sys.argv[1], headers=HEADERS, timeout=60, limits=limits
    ) as client:
        left = iter(bodies)

        async def send():
            for body in left:
                (await client.post(PATH, content=body)).raise_for_status()

        begin = time.perf_counter()
        await asyncio.gather(*(send() for _ in range({CLIENTS})))
        print(time.perf_counter() - begin)

asyncio.run(main())
"""


def measure_sandbox() -> Iterator[Figure]:
    start = min(float(python(START)) for _ in range(3))
    yield Figure("start of the sandbox, imports included", start, 0.4, "s")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        seconds = _write()
    finally:
        os.sched_setaffinity(0, cores)
    named = f"{BATCHES} batches of {SIZE}, client and sandbox on one core"
    yield from _measure_many_clients()
    yield Figure("sandbox", seconds, 6, "s", named)


def _write() -> float:
    bodies = [batch_body(number, SIZE) for number in range(BATCHES)]
    with (
        Sandbox(Options(burst_limit=None)) as sandbox,
        httpx2.Client(base_url=sandbox.url, headers=HEADERS) as client,
    ):
        begin = time.perf_counter()
        for body in bodies:
            client.post(PATH, content=body).raise_for_status()
        seconds = time.perf_counter() - begin
        assert sandbox.count("contacts") == BATCHES * SIZE
    return seconds


def _measure_many_clients() -> Iterator[Figure]:
    """Measure many clients at once, and how long the page waits for its answer meanwhile."""
    longest = 0.0
    with Sandbox(Options(burst_limit=None)) as sandbox, httpx2.Client(timeout=60) as page:
        command = [sys.executable, "-c", MANY_CLIENTS, sandbox.url]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as clients:
            while clients.poll() is None:
                begin = time.perf_counter()
                page.get(f"{sandbox.url}/_sandbox/state").raise_for_status()
                longest = max(longest, time.perf_counter() - begin)
                time.sleep(0.1)
            assert clients.stdout is not None
            seconds = float(clients.stdout.read())
    named = f"{REQUESTS} requests, {REQUESTS / seconds:.0f} in a second"
    yield Figure(f"{CLIENTS} clients of {SIZE} records each", seconds, REQUESTS / 130, "s", named)
    yield Figure("the page meanwhile, at most", longest, 1, "s")

"""How soon the sandbox answers, and how much it takes in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx2
from hubspot_upsert.sandbox import Options, Sandbox

from tests.bench.figures import Figure

BATCHES, SIZE = 1000, 100
PATH = "/crm/v3/objects/contacts/batch/upsert"
START = """
import time
begin = time.perf_counter()
from hubspot_upsert.sandbox import Sandbox
with Sandbox():
    print(time.perf_counter() - begin)
"""


def measure_sandbox() -> Iterator[Figure]:
    starts = [
        float(subprocess.run([sys.executable, "-c", START], capture_output=True, check=True).stdout)
        for _ in range(3)
    ]
    yield Figure("start of the sandbox, imports included", min(starts), 0.5, "s")
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    try:
        seconds = _write()
    finally:
        os.sched_setaffinity(0, cores)
    named = f"{BATCHES} batches of {SIZE}, client and sandbox on one core"
    yield Figure("sandbox", seconds, 10, "s", named)


def _write() -> float:
    bodies = [_body(number) for number in range(BATCHES)]
    headers = {"Authorization": "Bearer token", "Content-Type": "application/json"}
    with (
        Sandbox(Options(burst_limit=None)) as sandbox,
        httpx2.Client(base_url=sandbox.url, headers=headers) as client,
    ):
        begin = time.perf_counter()
        for body in bodies:
            client.post(PATH, content=body).raise_for_status()
        seconds = time.perf_counter() - begin
        assert sandbox.count("contacts") == BATCHES * SIZE
    return seconds


def _body(number: int) -> bytes:
    inputs = [
        {
            "id": f"person-{number}-{row}@example.com",
            "idProperty": "email",
            "objectWriteTraceId": f"row-{row}",
            "properties": {"firstname": "Ada", "lastname": "Lovelace"},
        }
        for row in range(SIZE)
    ]
    return json.dumps({"inputs": inputs}).encode()

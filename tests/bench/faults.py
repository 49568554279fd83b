"""What faults cost a bulk upsert, and what an asynchronous one costs beside a synchronous one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator

from hubspot_upsert.bulk import UpsertReport
from hubspot_upsert.v2026_03 import AsyncClient, Client

from tests.bench.figures import Figure, contacts
from tests.bench.quick_server import quick_server

RECORDS, LATENCY, SHARE = 30_000, 0.05, 0.1


def measure_faults() -> Iterator[Figure]:
    (ours, _), (other, _) = _seconds(_upsert_async, 0.0), _seconds(_upsert, 0.0)
    named = f"{RECORDS:,} records, answers after {LATENCY} s"
    detail = f"{ours:.1f} s and {other:.1f} s"
    yield Figure(f"asynchronous / synchronous upsert of {named}", ours / other, 1.1, "x", detail)
    for kind, upsert, before in (
        ("asynchronous", _upsert_async, ours),
        ("synchronous", _upsert, other),
    ):
        seconds, report = _seconds(upsert, SHARE)
        detail = f"{report.requests} requests, {report.retries} retries"
        name = f"{kind} upsert with faults in {SHARE:.0%} of the requests / without"
        yield Figure(name, seconds / before, 1.3, "x", detail)
        yield Figure("records that it leaves unknown", report.unknown / RECORDS * 100, 0.2, " %")


def _seconds(upsert: Callable[[str], UpsertReport], share: float) -> tuple[float, UpsertReport]:
    with quick_server(LATENCY, share) as url:
        begin = time.perf_counter()
        report = upsert(url)
        return time.perf_counter() - begin, report


def _upsert(url: str) -> UpsertReport:
    with Client("token", base_url=url) as client:
        return client.contacts.upsert(contacts(0, RECORDS), id_property="email")


def _upsert_async(url: str) -> UpsertReport:
    async def run() -> UpsertReport:
        async with AsyncClient("token", base_url=url) as client:
            return await client.contacts.upsert(contacts(0, RECORDS), id_property="email")

    return asyncio.run(run())


if __name__ == "__main__":
    for figure in measure_faults():
        print(figure)

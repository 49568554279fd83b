"""Many records with everything that goes wrong in a long run: nothing is lost, and nothing is made up.

4,000 records are part of every test run, and 100,000 of `make test-large`.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert._bulk.outcomes import Outcome, Status
from hubspot_upsert._bulk.report import UpsertReport
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.sandbox.fault_kinds import KINDS
from hubspot_upsert.v2026_03 import AsyncClient, Client

from tests.bulk.claims import UNDONE, WRITTEN, Contents, check_claims, check_outcomes
from tests.bulk.hurry import hurried

LARGE = 100_000
USUAL = 4_000
CONCURRENCY = 4

# The limit of a day is drawn by nobody, because it ends the run; `Source` sees to it.
FAULTS = "seed=5,rate=0.1,seconds=0.05,kinds=" + "+".join(
    kind for kind in KINDS if kind != "daily-limit"
)


@dataclass
class Source:
    """Contacts, of which each hundredth is bad, and each fiftieth has the email of an earlier one.

    Attributes:
        count: How many there are.
        sandbox: Where the limit of the day is reached when half of them were read.
    """

    count: int
    sandbox: Sandbox

    def record(self, index: int) -> dict[str, str]:
        person = index // 100 * 50 + 24 if self.is_repeated(index) else index
        email = f"person-{person}" if self.is_bad(index) else f"person-{person}@example.com"
        return {"email": email, "firstname": f"Name {index}", "lastname": "Lovelace"}

    def is_bad(self, index: int) -> bool:
        return index % 100 == 7

    def is_repeated(self, index: int) -> bool:
        return index % 50 == 49

    def __iter__(self) -> Iterator[dict[str, str]]:
        for index in range(self.count):
            if index == self.count // 2:
                self.sandbox.fail("daily-limit")
            yield self.record(index)


@pytest.mark.parametrize(
    "count", [USUAL, pytest.param(LARGE, marks=pytest.mark.large)], ids="{:,}".format
)
def test_nothing_is_lost_and_nothing_made_up(count: int, kind: str, tmp_path: Path) -> None:
    options = Options(burst_limit=None, daily_limit=None, faults=FAULTS)
    with Sandbox(options) as sandbox, hurried():
        source = Source(count, sandbox)
        records = [source.record(index) for index in range(count)]
        journal = tmp_path / "run.sqlite"

        first = upsert(kind, sandbox, source, journal)
        check_outcomes(records, first.outcomes)
        check_claims(first.outcomes, Contents(), Contents.of(sandbox, "email"), "email")
        assert first.stop is not None
        assert "daily limit" in first.stop.reason
        # Those of the second half, but for the repeated ones, and a few that were in flight.
        assert abs(first.not_sent - count // 2 * 98 // 100) <= 100 * (CONCURRENCY + 1)
        in_doubt = [one.index for one in first.outcomes if one.status in UNDONE]
        assert first.stop.resume_at == in_doubt[0]

        last = first
        for _ in range(20):
            if last.stop is None and not last.unknown:
                break
            last = upsert(kind, sandbox, records, journal)
            check_outcomes(records, last.outcomes)
        check_claims(last.outcomes, Contents(), Contents.of(sandbox, "email"), "email")
        check_all(last.outcomes, source)
        assert sandbox.count("contacts") == sum(last.counts[status] for status in WRITTEN)


def check_all(outcomes: list[Outcome], source: Source) -> None:
    """Check that what was bad was rejected for the right reason, and all else is written."""
    expected = Counter[str]()
    for one in outcomes:
        if source.is_bad(one.index):
            code = "INVALID_EMAIL"
        elif source.is_repeated(one.index):
            code = "DUPLICATE_KEY"
        else:
            assert one.status in WRITTEN
            continue
        expected[code] += 1
        assert one.status is Status.REJECTED
        assert [problem.code for problem in one.problems] == [code]
    assert expected == {"INVALID_EMAIL": source.count // 100, "DUPLICATE_KEY": source.count // 50}


def upsert(kind: str, sandbox: Sandbox, records: Any, journal: Path) -> UpsertReport:
    options: Any = {"id_property": "email", "concurrency": CONCURRENCY, "journal": journal}
    if kind == "sync":
        with sandbox.client(Client) as client:
            return client.contacts.upsert(records, **options)

    async def run() -> UpsertReport:
        async with sandbox.client(AsyncClient) as client:
            return await client.contacts.upsert(records, **options)

    return asyncio.run(run())

"""Both drivers against a real socket: what waits keeps nothing else from being sent, and says so."""

from __future__ import annotations

import asyncio
import random
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from package._bulk.progress import Progress
from package._bulk.report import UpsertReport
from package._bulk.resource import upsert, upsert_async

from tests.bulk.contacts import BULK, ROLES, contact, json_answer
from tests.bulk.server import AsyncClient, Client, ContactsServer, Upserter
from tests.servers import TOKEN

BATCHES, SIZE = 150, 10


@pytest.mark.parametrize(
    ("status", "duplicates"), [(429, "error"), (423, "error"), (429, "merge"), (503, "last")]
)
def test_all_others_are_sent_while_a_batch_is_delayed(
    upserter: Upserter, status: int, duplicates: str
) -> None:
    server = upserter.server
    server.respond = lambda body: (
        json_answer(status, {}, {"Retry-After": "30"}) if b'"0@example.com"' in body else None
    )
    sent: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for number in range(BATCHES * SIZE):
            # The second batch shares a key with the first one, if it may.
            yield contact(0 if number == SIZE and duplicates != "error" else number)
        sent.append(len(server.paths))
        raise KeyError

    with pytest.raises(KeyError):
        upserter.upsert(source(), duplicates=duplicates, concurrency=4)
    # When a record is read, all before it but those of the slots were sent, and those that must wait.
    assert sent[0] >= BATCHES - 4 - 1
    if duplicates != "error":
        asked = [emails for emails in server.contacts.requests if "0@example.com" in emails]
        assert asked == []


def test_all_that_one_answer_frees_is_sent_at_once(upserter: Upserter) -> None:
    server = upserter.server
    # Each batch but the first shares a key with that, and with no other.
    batches = [range(SIZE), *([n, *range(SIZE * n + 1, SIZE * (n + 1))] for n in range(1, 7))]
    records = [contact(number) for batch in batches for number in batch]
    server.respond = lambda body: server.hold.clear() if len(server.paths) == 1 else None
    reports: list[UpsertReport] = []

    def run() -> None:
        reports.append(upserter.upsert(records, concurrency=8, duplicates="merge"))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        server.wait_for_in_flight(len(batches) - 1)
    finally:
        server.hold.set()
        thread.join()
    assert (reports[0].created, reports[0].updated) == (64, 6)


class Seen(Exception):
    """What was waited for was told."""


def test_progress_tells_what_is_tried_again(upserter: Upserter) -> None:
    upserter.server.respond = lambda body: json_answer(423, {}, {"Retry-After": "30"})
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        told.append(progress)
        if progress.waits_for:
            raise Seen

    with pytest.raises(Seen):
        upserter.upsert([contact(1)], progress=tell)
    assert re.fullmatch(r"status 423, attempt 1, next in \d\d s", told[-1].waits_for)
    assert (told[-1].requests, told[-1].retries) == (1, 0)


def test_progress_tells_of_a_request_without_an_answer(
    upserter: Upserter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("package._bulk.session._SLOW", 0.0)
    monkeypatch.setattr("package._bulk.session._TICK", 0.05)
    upserter.server.hold.clear()
    told: list[Progress] = []

    def tell(progress: Progress) -> None:
        told.append(progress)
        if progress.waits_for:
            upserter.server.hold.set()

    report = upserter.upsert([contact(1)], progress=tell)
    assert report.created == 1
    assert any(re.fullmatch(r"no answer for \d+ s", each.waits_for) for each in told)
    assert told[-1].waits_for == ""


# A long run with faults


RECORDS = 30_000
FAULTS = ["before", "after", "423", "503", "500", "html", "missing"]
HUNDREDS = replace(BULK, roles=replace(ROLES, maximum=100))


@pytest.mark.large
@pytest.mark.parametrize("kind", ["sync", "async"])
def test_faults_in_a_tenth_of_the_requests_leave_next_to_nothing_unknown(
    contacts_server: ContactsServer, kind: str
) -> None:
    server, chance = contacts_server, random.Random(7)
    server.faults = [chance.choice(FAULTS) if chance.random() < 0.1 else None for _ in range(1000)]
    server.latency = 0.05
    in_flight: list[int] = []
    server.respond = lambda body: in_flight.append(server.in_flight + 1)
    records = [contact(number) for number in range(RECORDS)]

    async def run() -> UpsertReport:
        async with AsyncClient(TOKEN, base_url=server.url) as client:
            connection = client.contacts._connection
            return await upsert_async(connection, HUNDREDS, records, id_property="email")

    if kind == "async":
        report = asyncio.run(run())
    else:
        with Client(TOKEN, base_url=server.url) as client:
            connection = client.contacts._connection
            report = upsert(connection, HUNDREDS, records, id_property="email")
    assert report.stop is None
    assert report.unknown <= RECORDS * 0.002
    assert report.created + report.updated + report.written == RECORDS - report.unknown
    assert report.requests <= RECORDS // 100 * 1.2
    # All four slots are used to the end: no fault takes one of them away.
    tenth = len(in_flight) // 10
    slices = [max(in_flight[start : start + tenth]) for start in range(0, 9 * tenth, tenth)]
    assert slices == [4] * 9

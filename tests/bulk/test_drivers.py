"""Both drivers against a real socket: the same results, however a run ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from package._bulk.limiter import LocalRateLimiter
from package._bulk.outcomes import Outcome, Status
from package._bulk.progress import Progress
from package._bulk.report import report_of
from package._bulk.resource import iter_upsert, upsert
from package.errors import AuthenticationError

from tests.bulk.contacts import BULK, contact, error_body, json_answer
from tests.bulk.server import AsyncClient, Client, ContactsServer, Upserter
from tests.servers import PATIENCE, TOKEN


def test_a_run_begins_at_the_record_that_is_named(upserter: Upserter) -> None:
    records = [contact(number) for number in (*range(25), 20)]
    report = upserter.upsert(records, start_at=12)
    assert [one.index for one in report.outcomes] == list(range(12, 26))
    assert [one.record for one in report.outcomes] == records[12:]
    assert set(upserter.server.contacts.stored) == {one["email"] for one in records[12:]}
    assert "record 20" in report.outcomes[-1].problems[0].message


def test_a_start_beyond_the_end_is_told(upserter: Upserter) -> None:
    with pytest.raises(ValueError, match="start_at is 4, counted from 0, and there are 3 records"):
        upserter.upsert(map(contact, range(3)), start_at=4)
    assert upserter.upsert(map(contact, range(3)), start_at=3).records == 0
    assert upserter.server.contacts.requests == []


def test_what_a_journal_knows_as_rejected_is_remembered_or_sent_again(
    upserter: Upserter, tmp_path: Path
) -> None:
    records = [contact(0), contact(1, firstname="invalid")]
    options: Any = {"journal": tmp_path / "run.sqlite"}
    assert upserter.upsert(records, **options).remembered == 0
    report = upserter.upsert(records, **options)
    assert [one.remembered for one in report.outcomes] == [True, True]
    assert report.outcomes[1].status is Status.REJECTED
    upserter.server.contacts.accepts_all = True
    report = upserter.upsert(records, retry_rejected=True, **options)
    assert [one.remembered for one in report.outcomes] == [True, False]
    assert upserter.server.contacts.requests[1:] == [["1@example.com"]]
    assert (report.rejected, report.remembered) == (0, 1)
    assert upserter.upsert(records, **options).remembered == 2


@pytest.mark.parametrize(
    "options", [{"start_at": -1}, {"start_at": 1, "journal": "x"}, {"only_failed": True}]
)
def test_options_that_make_no_sense(contacts_server: ContactsServer, options: Any) -> None:
    client = Client(TOKEN, base_url=contacts_server.url)
    with client, pytest.raises(ValueError, match=r"start_at|only_failed"):
        client.contacts.upsert([], id_property="email", **options)


def test_every_record_has_an_outcome_whatever_happens(upserter: Upserter) -> None:
    upserter.server.faults = [None, "before", "after", "423", "503", "429"]
    records = [contact(number) for number in range(75)]
    records[11]["firstname"] = "invalid"
    records[33]["firstname"] = "conflict"
    records.append(contact(5))
    report = upserter.upsert(records)
    assert [one.index for one in report.outcomes] == list(range(76))
    assert [one.record for one in report.outcomes] == records
    refused = [one for one in report.outcomes if one.status in (Status.REJECTED, Status.UNKNOWN)]
    assert [one.index for one in refused] == [11, 33, 75]
    for one in refused:  # Whose batches meet which fault differs.
        assert one.is_refused
    assert report.stop is None
    assert report.requests == len(upserter.server.contacts.requests)
    assert report.batches == 8
    written = [one for one in report.outcomes if one.status in ("created", "updated", "written")]
    assert len(written) == 73
    assert all(one.id == upserter.server.contacts.ids[one.record["email"]] for one in written)


def test_no_records_make_an_empty_report(upserter: Upserter) -> None:
    report = upserter.upsert([])
    assert report
    assert (report.outcomes, report.requests, report.stop) == ([], 0, None)
    assert upserter.take([], None) == []


def test_a_closed_stream_waits_for_what_is_in_flight_and_reads_no_further(
    upserter: Upserter,
) -> None:
    read = 0

    def endless() -> Iterator[dict[str, Any]]:
        nonlocal read
        while True:
            read += 1
            yield contact(read)

    outcomes = upserter.take(endless(), 25, concurrency=2)
    assert [one.index for one in outcomes] == list(range(25))
    assert len(upserter.server.contacts.stored) == 10 * len(upserter.server.contacts.requests)
    assert read <= len(upserter.server.contacts.stored) + 20


def test_the_source_is_read_no_further_than_what_is_in_flight(upserter: Upserter) -> None:
    ahead: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for number in range(100):
            ahead.append(number + 1 - len(upserter.server.contacts.stored))
            yield contact(number)

    report = upserter.upsert(source(), concurrency=3)
    assert report.created == 100
    assert max(ahead) <= 3 * 10


def test_never_more_requests_in_flight_than_allowed(upserter: Upserter) -> None:
    upserter.server.hold.clear()

    def release() -> None:
        upserter.server.wait_for(3)
        # One more would come at once; waiting longer only finds more of what is wrong.
        seen.append(upserter.server.arrived.acquire(timeout=0.2))
        upserter.server.hold.set()

    seen: list[bool] = []
    thread = threading.Thread(target=release)
    thread.start()
    report = upserter.upsert([contact(number) for number in range(60)], concurrency=3)
    thread.join()
    assert seen == [False]
    assert report.created == 60


def test_the_time_budget_ends_everything(kind: str, contacts_server: ContactsServer) -> None:
    contacts_server.faults = [None] + ["423"] * 1000
    report = Upserter(kind, contacts_server).upsert(
        [contact(number) for number in range(100)], concurrency=1, time_budget=0.5
    )
    # Only the first ten are taken in. By then a slow machine may wait for the answer about these or the next.
    assert report.created in (0, 10)
    assert report.unknown in (0, 10)
    assert report.created + report.unknown + report.not_sent == 100
    assert report.stop is not None
    assert "time budget of 0.5 s" in report.stop.reason
    assert report.stop.resume_at == report.created


def test_an_answer_that_comes_too_late_leaves_its_records_unknown(
    kind: str, contacts_server: ContactsServer
) -> None:
    contacts_server.hold.clear()
    report = Upserter(kind, contacts_server).upsert(
        [contact(number) for number in range(30)], concurrency=1, time_budget=2
    )
    # On a machine that stands still for so long nothing is sent.
    assert [report.unknown, report.not_sent] in ([10, 20], [0, 30])
    contacts_server.wait_for(report.unknown // 10)
    assert len(contacts_server.paths) == report.unknown // 10
    contacts_server.hold.set()


def test_what_the_source_raises_comes_after_what_was_in_flight(upserter: Upserter) -> None:
    with pytest.raises(KeyError, match="row 26") as caught:
        upserter.upsert(broken())
    report = report_of(caught.value)
    assert report is not None
    assert report.created == len(upserter.server.contacts.stored)
    assert report.created + report.not_sent == 25
    assert report.stop is not None
    # Of two batches that are to be sent at once, the second may be the one that still was.
    assert report.stop.resume_at == next(
        one.index for one in report.outcomes if one.status != "created"
    )
    assert "UpsertReport" in caught.value.__notes__[0]


def test_a_stream_gives_every_outcome_before_it_raises(upserter: Upserter) -> None:
    outcomes: list[Outcome] = []
    with pytest.raises(KeyError, match="row 26"):
        upserter.take(broken(), None, taken=outcomes)
    assert [one.index for one in outcomes] == list(range(25))


def broken() -> Iterator[dict[str, Any]]:
    yield from map(contact, range(25))
    raise KeyError("row 26")


@pytest.mark.parametrize("argument", ["progress", "token"])
def test_what_a_function_of_the_caller_raises_ends_the_run(
    upserter: Upserter, argument: str
) -> None:
    def fail(*_: object) -> str:
        raise LookupError("no vault")

    given: dict[str, Any] = {argument: fail}
    with pytest.raises(LookupError, match="no vault") as caught:
        upserter.upsert([contact(number) for number in range(100)], **given)
    report = report_of(caught.value)
    assert report is not None
    if argument == "token":
        assert (report.not_sent, report.requests) == (len(report.outcomes), 0)
    assert len(report.outcomes) < 100


def test_progress_ends_with_everything(upserter: Upserter) -> None:
    told: list[Progress] = []
    upserter.upsert([contact(number) for number in range(30)], progress=told.append)
    assert (told[-1].read, told[-1].done, told[-1].created, told[-1].requests) == (30, 30, 30, 3)


def test_what_is_sent_again_is_logged_and_counted(
    upserter: Upserter, caplog: pytest.LogCaptureFixture
) -> None:
    upserter.server.faults = ["423", "before", None]
    with caplog.at_level("INFO", logger="package"):
        report = upserter.upsert([contact(1)])
    assert (report.requests, report.retries) == (3, 2)
    first, second = caplog.messages
    assert first.startswith("contacts.batch_upsert: attempt 1: status 423; trying again in 0.1")
    assert second.startswith("contacts.batch_upsert: attempt 2: RemoteProtocolError")
    assert "in 3 requests, 2 retries among them" in str(report)


def test_a_refused_token_stops_the_run(upserter: Upserter) -> None:
    upserter.server.respond = lambda body: json_answer(401, error_body("expired"))
    report = upserter.upsert((contact(number) for number in range(300)), concurrency=2)
    assert report.not_sent == 300
    assert report.requests <= 2
    assert report.stop is not None
    assert isinstance(report.stop.error, AuthenticationError)
    assert TOKEN not in repr(report.stop)


def test_a_request_that_is_repeated_with_another_token_counts(upserter: Upserter) -> None:
    expired = iter([json_answer(401, error_body("too old", "EXPIRED"))])
    upserter.server.respond = lambda body: next(expired, None)
    tokens = iter(["old", "new", "new"])
    report = upserter.upsert(map(contact, range(20)), token=lambda: next(tokens), concurrency=1)
    assert report.created == 20
    assert (report.requests, report.retries) == (3, 1)
    assert report.figures is not None
    assert sum(each.requests for each in report.figures.intervals) == 3


def test_a_systemic_error_lets_waiting_parts_go(upserter: Upserter) -> None:
    upserter.server.respond = lambda body: (
        json_answer(429, {}, {"Retry-After": "600"})
        if b'"0@example.com"' in body
        else json_answer(401, error_body("expired"))
    )
    start = time.monotonic()
    report = upserter.upsert([contact(number) for number in range(20)], concurrency=2)
    assert time.monotonic() - start < PATIENCE
    assert report.not_sent == 20


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_source_that_fails_lets_waiting_parts_go(
    contacts_server: ContactsServer, kind: str
) -> None:
    contacts_server.respond = lambda body: json_answer(429, {}, {"Retry-After": "600"})

    def source() -> Iterator[dict[str, Any]]:
        yield from map(contact, range(10))
        contacts_server.wait_for(1)
        time.sleep(0.2)
        raise KeyError

    async def async_source() -> AsyncIterator[dict[str, Any]]:
        for number in range(10):
            yield contact(number)
        await asyncio.to_thread(contacts_server.wait_for, 1)
        await asyncio.sleep(0.2)
        raise KeyError

    async def run() -> None:
        async with AsyncClient(TOKEN, base_url=contacts_server.url) as client:
            await client.contacts.upsert(async_source(), id_property="email")

    start = time.monotonic()
    with pytest.raises(KeyError) as caught:
        if kind == "async":
            asyncio.run(run())
        else:
            Upserter("sync", contacts_server).upsert(source())
    assert time.monotonic() - start < PATIENCE
    report = report_of(caught.value)
    assert report is not None
    assert report.not_sent == 10


def test_a_dry_run_sends_nothing_and_finds_what_it_can(upserter: Upserter) -> None:
    records = [contact(1), contact(1), {"firstname": "x"}, contact(2)]
    report = upserter.upsert(records, dry_run=True, duplicates="last")
    assert upserter.server.paths == []
    assert (report.dry_run, report.batches, report.requests, report.stop) == (True, 1, 0, None)
    assert [(one.status, one.merged_into) for one in report.outcomes] == [
        ("not sent", 1),
        ("not sent", None),
        ("rejected", None),
        ("not sent", None),
    ]
    assert report.outcomes[1].reason == "dry run"


def test_options_are_checked_before_anything_is_read(upserter: Upserter) -> None:
    def source() -> Iterator[dict[str, Any]]:
        raise AssertionError
        yield {}

    for options, message in (
        ({"duplicates": "all"}, "duplicates"),
        ({"concurrency": 0}, "concurrency"),
        ({"time_budget": 0}, "time_budget"),
    ):
        with pytest.raises(ValueError, match=message):
            upserter.upsert(source(), **options)
        with pytest.raises(ValueError, match=message):
            upserter.take(source(), None, **options)
    with pytest.raises(TypeError, match="speed"):
        upserter.upsert(source(), speed=9)
    if upserter.kind != "async source":
        with pytest.raises(TypeError, match="list with that record"):
            upserter.upsert(contact(1))


def test_the_id_property_must_be_named() -> None:
    with Client(TOKEN) as client, pytest.raises(ValueError, match="id_property"):
        client.contacts.upsert([], id_property="")
    with Client(TOKEN) as client, pytest.raises(ValueError, match="id_property"):
        iter_upsert(client.contacts._connection, BULK, [])
    with Client(TOKEN) as client, pytest.raises(ValueError, match="path"):
        with_path = replace(BULK, operation=replace(BULK.operation, path="/{objectType}"))
        upsert(client.contacts._connection, with_path, [], id_property="email")


def test_several_runs_share_the_limiter_of_their_client(contacts_server: ContactsServer) -> None:
    with Client(TOKEN, base_url=contacts_server.url) as client:
        connection = client.contacts._connection
        limiter = connection.shared(LocalRateLimiter)
        other = client.with_options(time_budget=5)
        assert other.contacts._connection.shared(LocalRateLimiter) is limiter

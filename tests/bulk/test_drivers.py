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
from package._bulk.attached import report_of
from package._bulk.journal import JournalMismatch
from package._bulk.limiter import LocalRateLimiter
from package._bulk.operation import BulkOperation, iter_upsert, upsert
from package._bulk.outcomes import Outcome, Status
from package._bulk.progress import Progress
from package.errors import AuthenticationError

from tests.bulk.contacts import BULK, contact, error_body, json_answer
from tests.bulk.serving import PATIENCE, TOKEN, AsyncClient, Client, ContactsServer
from tests.bulk.upserting import Upserter


@pytest.fixture
def contacts_server() -> Iterator[ContactsServer]:
    server = ContactsServer()
    yield server
    server.close()


@pytest.fixture(params=["sync", "async", "async source"])
def upserter(request: pytest.FixtureRequest, contacts_server: ContactsServer) -> Upserter:
    return Upserter(str(request.param), contacts_server.url)


def test_every_record_has_an_outcome_whatever_happens(
    upserter: Upserter, contacts_server: ContactsServer
) -> None:
    contacts_server.faults = [None, "before", "after", "423", "503", "429"]
    records = [contact(number) for number in range(75)]
    records[11]["firstname"] = "invalid"
    records[33]["firstname"] = "conflict"
    records.append(contact(5))
    report = upserter.upsert(records)
    assert [one.index for one in report.outcomes] == list(range(76))
    assert [one.record for one in report.outcomes] == records
    assert [one.index for one in report.outcomes if one.status is Status.REJECTED] == [11, 33, 75]
    assert report.stop is None
    assert report.requests == len(contacts_server.contacts.requests)
    assert report.batches == 8
    written = [one for one in report.outcomes if one.status in ("created", "updated", "written")]
    assert len(written) == 73
    assert all(one.id == contacts_server.contacts.ids[one.record["email"]] for one in written)


def test_streamed_outcomes_are_the_same(
    upserter: Upserter, contacts_server: ContactsServer
) -> None:
    outcomes = upserter.take((contact(number) for number in range(35)), None)
    assert [(one.index, one.status) for one in outcomes] == [(n, "created") for n in range(35)]
    assert len(contacts_server.contacts.requests) == 4


def test_no_records_make_an_empty_report(upserter: Upserter) -> None:
    report = upserter.upsert([])
    assert report
    assert (report.outcomes, report.requests, report.stop) == ([], 0, None)
    assert upserter.take([], None) == []


def test_a_closed_stream_waits_for_what_is_in_flight_and_reads_no_further(
    upserter: Upserter, contacts_server: ContactsServer
) -> None:
    read = 0

    def endless() -> Iterator[dict[str, Any]]:
        nonlocal read
        while True:
            read += 1
            yield contact(read)

    outcomes = upserter.take(endless(), 25, concurrency=2)
    assert [one.index for one in outcomes] == list(range(25))
    assert len(contacts_server.contacts.stored) == 10 * len(contacts_server.contacts.requests)
    assert read <= len(contacts_server.contacts.stored) + 20


def test_the_source_is_read_no_further_than_what_is_in_flight(
    upserter: Upserter, contacts_server: ContactsServer
) -> None:
    ahead: list[int] = []

    def source() -> Iterator[dict[str, Any]]:
        for number in range(100):
            ahead.append(number + 1 - len(contacts_server.contacts.stored))
            yield contact(number)

    report = upserter.upsert(source(), concurrency=3)
    assert report.created == 100
    assert max(ahead) <= 3 * 10


def test_never_more_requests_in_flight_than_allowed(
    upserter: Upserter, contacts_server: ContactsServer
) -> None:
    contacts_server.hold.clear()

    def release() -> None:
        contacts_server.wait_for(3)
        # One more would come at once; waiting longer only finds more of what is wrong.
        seen.append(contacts_server.arrived.acquire(timeout=0.2))
        contacts_server.hold.set()

    seen: list[bool] = []
    thread = threading.Thread(target=release)
    thread.start()
    report = upserter.upsert([contact(number) for number in range(60)], concurrency=3)
    thread.join()
    assert seen == [False]
    assert report.created == 60


def test_the_time_budget_ends_everything(kind: str, contacts_server: ContactsServer) -> None:
    contacts_server.faults = [None] + ["423"] * 1000
    report = Upserter(kind, contacts_server.url).upsert(
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
    report = Upserter(kind, contacts_server.url).upsert(
        [contact(number) for number in range(30)], concurrency=1, time_budget=2
    )
    assert [report.unknown, report.not_sent] == [10, 20]
    contacts_server.hold.set()


@pytest.mark.parametrize("streams", [False, True])
def test_what_the_source_raises_comes_after_what_was_in_flight(
    upserter: Upserter, contacts_server: ContactsServer, streams: bool
) -> None:
    def source() -> Iterator[dict[str, Any]]:
        for number in range(25):
            yield contact(number)
        raise KeyError("row 26")

    with pytest.raises(KeyError, match="row 26") as caught:
        if streams:
            upserter.take(source(), None)
        else:
            upserter.upsert(source())
    if not streams:
        report = report_of(caught.value)
        assert report is not None
        assert report.created == len(contacts_server.contacts.stored)
        assert report.created + report.not_sent == 25
        assert report.stop is not None
        assert report.stop.resume_at == report.created
        assert "UpsertReport" in caught.value.__notes__[0]


def test_what_the_progress_callback_raises_ends_the_run(upserter: Upserter) -> None:
    def progress(now: Progress) -> None:
        raise RuntimeError("no screen")

    with pytest.raises(RuntimeError, match="no screen") as caught:
        upserter.upsert([contact(number) for number in range(100)], progress=progress)
    report = report_of(caught.value)
    assert report is not None
    assert len(report.outcomes) < 100


def test_progress_ends_with_everything(upserter: Upserter) -> None:
    told: list[Progress] = []
    upserter.upsert([contact(number) for number in range(30)], progress=told.append)
    assert (told[-1].read, told[-1].done, told[-1].created, told[-1].requests) == (30, 30, 30, 3)


def test_what_the_token_function_raises_ends_the_run(upserter: Upserter) -> None:
    def token() -> str:
        raise LookupError("no vault")

    with pytest.raises(LookupError, match="no vault") as caught:
        upserter.upsert([contact(number) for number in range(30)], token=token)
    report = report_of(caught.value)
    assert report is not None
    assert (report.not_sent, report.requests) == (len(report.outcomes), 0)


def test_a_refused_token_stops_the_run(upserter: Upserter, contacts_server: ContactsServer) -> None:
    contacts_server.respond = lambda body: json_answer(401, error_body("expired"))
    report = upserter.upsert((contact(number) for number in range(300)), concurrency=2)
    assert report.not_sent == 300
    assert report.requests <= 2
    assert report.stop is not None
    assert isinstance(report.stop.error, AuthenticationError)
    assert TOKEN not in repr(report.stop)


def test_a_systemic_error_lets_waiting_parts_go(
    upserter: Upserter, contacts_server: ContactsServer
) -> None:
    contacts_server.respond = lambda body: (
        json_answer(429, {}, {"Retry-After": "600"})
        if b'"0@example.com"' in body
        else json_answer(401, error_body("expired"))
    )
    start = time.monotonic()
    report = upserter.upsert([contact(number) for number in range(20)], concurrency=2)
    assert time.monotonic() - start < PATIENCE
    assert report.not_sent == 20


def test_a_stream_gives_every_outcome_before_it_raises(contacts_server: ContactsServer) -> None:
    def source() -> Iterator[dict[str, Any]]:
        yield from map(contact, range(25))
        raise KeyError

    outcomes: list[Outcome] = []
    with (
        Client(TOKEN, base_url=contacts_server.url) as client,
        pytest.raises(KeyError),
    ):
        stream = client.contacts.iter_upsert(source(), id_property="email")
        for outcome in stream:
            outcomes.append(outcome)  # noqa: PERF402 - what came before the exception counts.
    assert [one.index for one in outcomes] == list(range(25))
    assert stream.stop is not None
    assert stream.requests == len(contacts_server.contacts.requests)


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
            Upserter("sync", contacts_server.url).upsert(source())
    assert time.monotonic() - start < PATIENCE
    report = report_of(caught.value)
    assert report is not None
    assert report.not_sent == 10


def test_a_dry_run_sends_nothing(upserter: Upserter, contacts_server: ContactsServer) -> None:
    report = upserter.upsert([contact(1), contact(1), {}], dry_run=True)
    assert contacts_server.paths == []
    assert (report.dry_run, report.batches, report.requests) == (True, 1, 0)
    assert [one.status for one in report.outcomes] == ["not sent", "rejected", "rejected"]


def test_a_journal_remembers_what_is_done(
    upserter: Upserter, contacts_server: ContactsServer, tmp_path: Path
) -> None:
    records = [contact(number) for number in range(45)]
    records[3]["firstname"] = "invalid"
    contacts_server.faults = [None, None, "403"]
    first = upserter.upsert(records, concurrency=1, journal=tmp_path / "run.sqlite")
    assert first.stop is not None
    assert first.stop.resume_at == 20
    requests = len(contacts_server.contacts.requests)
    second = upserter.upsert(records, concurrency=1, journal=tmp_path / "run.sqlite")
    assert [second.created, second.rejected] == [44, 1]
    assert [one.record for one in second.outcomes] == records
    assert second.requests == len(contacts_server.contacts.requests) - requests == 3
    third = upserter.upsert(records, journal=tmp_path / "run.sqlite")
    assert (third.requests, third.created) == (0, 44)
    with pytest.raises(JournalMismatch):
        upserter.upsert([contact(99), *records], journal=tmp_path / "run.sqlite")
    assert second.requests == len(contacts_server.contacts.requests) - requests


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
        upsert(client.contacts._connection, _with_path(), [], id_property="email")


def _with_path() -> BulkOperation:
    return replace(BULK, operation=replace(BULK.operation, path="/{objectType}"))


def test_several_runs_share_the_limiter_of_their_client(contacts_server: ContactsServer) -> None:
    with Client(TOKEN, base_url=contacts_server.url) as client:
        connection = client.contacts._connection
        limiter = connection.shared(LocalRateLimiter)
        other = client.with_options(time_budget=5)
        assert other.contacts._connection.shared(LocalRateLimiter) is limiter

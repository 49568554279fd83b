"""What a run took, why records were not written, and which keys are frequent: exact, and bounded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from package._bulk.batch import Batch, Part
from package._bulk.figures import (
    Figures,
    FrequentKey,
    KeyCounts,
    Recorder,
    figures_as_json,
    figures_from_json,
)
from package._bulk.limiter import LocalRateLimiter
from package._bulk.outcomes import Outcome, Problem, Status
from package._bulk.report import UpsertReport
from package._bulk.report_contents import Causes
from package._bulk.report_text import times_spent
from package._runtime.answer import Answer
from package._runtime.attempt import Failure

from tests.bulk.account import Time
from tests.bulk.contacts import contact
from tests.bulk.server import Client, ContactsServer, Upserter
from tests.servers import TOKEN


def part(number: int, **more: Any) -> Part:
    batch = Batch(number, 10 * number, positions=list(range(10)))
    return Part(batch, 0, 10, **{"requests": 1, **more})


def answer(status: int) -> Answer:
    return Answer(status, {}, b"")


# Through real drivers


def test_a_run_says_what_it_took(upserter: Upserter) -> None:
    # Not one after the other: a machine that is slow for a moment sends the same batch again first.
    faults: dict[bytes, Answer | Failure] = {
        b'"10@example.com"': answer(429),
        b'"20@example.com"': Failure("it breaks", retryable=True),
    }

    def respond(body: bytes) -> Answer | Failure | None:
        return next((faults.pop(key) for key in list(faults) if key in body), None)

    upserter.server.respond = respond
    report = upserter.upsert(map(contact, range(95)), concurrency=1)
    figures = report.figures
    assert figures is not None
    assert (report.requests, report.retries, figures.refused) == (12, 2, 1)
    assert figures.records == sum(each.records for each in figures.intervals) == 95
    assert sum(each.requests for each in figures.intervals) == 12
    assert sum(each.refused for each in figures.intervals) == 1
    # A clock that stands still may say that all the time went into sending, or none.
    assert 0 <= figures.sending <= figures.elapsed + 0.001
    assert figures.delayed > 0
    assert figures.rate == pytest.approx(95 / figures.elapsed)
    assert {(each.first, each.attempts, each.status) for each in figures.slowest} >= {
        (10, 2, 200),
        (20, 2, 200),
    }
    again = [each.seconds for each in figures.slowest if each.attempts == 2]
    assert sum(again) >= figures.delayed


def test_the_table_says_what_it_took(upserter: Upserter) -> None:
    upserter.server.faults = ["429"]
    lines = upserter.upsert(map(contact, range(5))).table().splitlines()
    assert next(line for line in lines if line.startswith("records")).endswith(
        "in 2 requests, 1 retry among them, 1 answered 429"
    )
    (line,) = (line for line in lines if line.startswith("time: "))
    assert " records/s, " in line
    assert ", retries waited " in line


class Hundredths(LocalRateLimiter):
    """Has each request wait for a hundredth of a second, however slow the machine is."""

    def reserve(self) -> float:
        return 0.01


def test_waiting_for_the_limit_is_told_apart(upserter: Upserter) -> None:
    figures = upserter.upsert(map(contact, range(100)), limiter=Hundredths(), concurrency=2).figures
    assert figures is not None
    assert figures.waiting == pytest.approx(0.1)
    assert figures.delayed == 0.0


def test_a_stream_says_what_it_took_so_far(contacts_server: ContactsServer) -> None:
    with (
        Client(TOKEN, base_url=contacts_server.url) as client,
        client.contacts.iter_upsert(map(contact, range(95)), id_property="email") as stream,
    ):
        assert stream.figures.records == 0
        next(stream)
        assert stream.figures.records >= 10
        list(stream)
    assert stream.figures.records == 95
    assert stream.figures.elapsed == stream.figures.elapsed


@pytest.mark.parametrize("duplicates", ["error", "first", "last", "merge"])
def test_a_key_of_many_records_is_named(upserter: Upserter, duplicates: str) -> None:
    records = [contact(0 if number % 5 == 0 else number) for number in range(100)]
    report = upserter.upsert(records, duplicates=duplicates)
    assert report.figures is not None
    assert report.figures.keys == [FrequentKey("0@example.com", 20)]
    assert "20 \N{MULTIPLICATION SIGN} 0@example.com" in str(report)
    report = upserter.upsert(map(contact, range(100)), duplicates=duplicates)
    assert report.figures is not None
    assert report.figures.keys == []


# However long it lasts


def test_a_long_run_is_kept_in_the_same_size() -> None:
    clock = Time()
    recorder = Recorder(4, clock=clock)
    recorder.begin()
    for number in range(5_000):
        recorder.answered(part(number), answer(429 if number % 10 == 0 else 200), number / 1000)
        recorder.gave(10)
        clock.now += 7.0
    recorder.end()
    clock.now += 1000.0
    figures = recorder.figures()
    assert figures.elapsed == 35_000.0
    assert figures.interval * len(figures.intervals) == pytest.approx(35_000, rel=0.02)
    assert 60 <= len(figures.intervals) <= 120
    assert sum(each.records for each in figures.intervals) == figures.records == 50_000
    assert sum(each.requests for each in figures.intervals) == 5_000
    assert sum(each.refused for each in figures.intervals) == figures.refused == 500
    assert [each.first for each in figures.slowest] == [10 * n for n in range(4_999, 4_989, -1)]


def test_a_batch_that_is_tried_again_is_one_slow_batch() -> None:
    recorder = Recorder(1)
    recorder.begin()
    recorder.answered(part(0), answer(503), 2.0)
    recorder.answered(part(0, attempt=2, spent=2.0, delay=0.5), answer(200), 1.0)
    (slow,) = recorder.figures().slowest
    assert (slow.first, slow.records, slow.seconds, slow.attempts, slow.status) == (
        0,
        10,
        3.5,
        2,
        200,
    )


def test_shares_are_of_the_time_of_all_requests_at_once() -> None:
    figures = Figures(concurrency=4, elapsed=10.0, sending=20.0)
    assert figures.share(figures.sending) == 0.5
    assert Figures().share(1.0) == Figures().rate == 0.0


def test_shares_make_no_more_than_all_although_others_are_sent_while_a_retry_waits() -> None:
    figures = Figures(concurrency=4, elapsed=10.0, sending=28.0, waiting=12.0, delayed=50.0)
    told = ["70% sending", "30% waiting for the limit", "retries waited 50.0 s"]
    assert times_spent(figures) == told


def test_frequent_keys_are_found_among_many_in_little_memory() -> None:
    counts = KeyCounts()
    for number in range(3_000):
        keys = [f"key-{number}-{place}" for place in range(98)]
        counts.add([*keys, "frequent", "frequent"])
    (found,) = counts.most_frequent(300_000)
    assert found.key == "frequent"
    assert 6_000 - 30 <= found.records <= 6_000
    assert len(counts._counts) <= 20_000


def test_few_records_of_a_key_are_nothing_striking() -> None:
    counts = KeyCounts()
    counts.add(["a"] * 9)
    assert counts.most_frequent(9) == []
    assert counts.most_frequent(9, besides=1) == [FrequentKey("a", 10)]
    assert counts.most_frequent(10_000, besides=1) == []


def test_figures_come_back_from_json() -> None:
    clock = Time()
    recorder = Recorder(2, clock=clock)
    recorder.begin()
    clock.now += 1.5
    recorder.answered(part(3, waited=0.25), None, 0.5)
    figures = recorder.figures([FrequentKey("a", 12)])
    assert figures.waiting == 0.25
    assert figures_from_json(json.loads(json.dumps(figures_as_json(figures)))) == figures
    with pytest.raises(ValueError, match="elapsed"):
        figures_from_json({"elapsed": "long"})


# Causes


def rejected(index: int, *problems: Problem) -> Outcome:
    return Outcome(index, Status.REJECTED, {}, problems=problems)


def test_many_records_have_one_cause() -> None:
    report = UpsertReport()
    for index in range(10):
        email = Problem("email", "INVALID_EMAIL", f"Email address {index} is invalid")
        report.add(rejected(7 * index, email, email))
        report.add(rejected(7 * index + 1, Problem("age", None, f"'{index}' is no number")))
        report.add(Outcome(7 * index + 2, Status.UNKNOWN, {}, reason=f"502: id 7f{index}c-a"))
        report.add(Outcome(7 * index + 3, Status.NOT_SENT, {}, reason="the run was stopped"))
        report.add(Outcome(7 * index + 4, Status.CREATED, {}))
    report.add(rejected(99, Problem("phone", "INVALID_EMAIL", "no")))
    lines = str(report).splitlines()
    start = lines.index("why, by frequency:") + 1
    assert lines[start : start + 5] == [
        "10 \N{MULTIPLICATION SIGN} INVALID_EMAIL of email, records 0, 7, 14, 21, 28, …",
        "10 \N{MULTIPLICATION SIGN} '0' is no number of age, records 1, 8, 15, 22, 29, …",
        "10 \N{MULTIPLICATION SIGN} 502: id 7f0c-a (unknown), records 2, 9, 16, 23, 30, …",
        "1 \N{MULTIPLICATION SIGN} INVALID_EMAIL of phone, record 99",
        "",
    ]


def test_a_server_with_a_cause_for_each_record_fills_nothing() -> None:
    causes = Causes()
    for index in range(1_000):
        causes.add(rejected(index, Problem(None, f"CODE_{index}", "no")), index)
    listed = causes.most_frequent()
    assert sum(cause.records for cause in listed) + causes.uncounted == 1_000
    assert len(listed) == 100


def test_long_texts_take_neither_time_nor_room() -> None:
    causes = Causes()
    for index in range(200):
        text = f"{index}{'x' * 1_000_000}"
        causes.add(rejected(index, Problem(text, None, text[1:])), index)
    assert sum(len(cause.message) for cause in causes.most_frequent()) < 100_000

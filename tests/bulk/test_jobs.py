"""Upserts whose records are written in jobs, which are asked about until they have come to their end."""

from __future__ import annotations

import json
import multiprocessing
import signal
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from package._bulk.outcomes import Status
from package._bulk.report import UpsertReport
from package._bulk.report_text import request_counts

from tests.bulk.jobs_server import (
    BY_HEADER,
    BY_URL,
    JOB,
    PAGED,
    ROLES,
    SIZE,
    Fault,
    JobsServer,
    load,
    people,
    person,
    state,
)
from tests.servers import PATIENCE, TOKEN

FORMS = {"id": JOB, "URL": BY_URL, "header": BY_HEADER, "pages": PAGED}
COUNT = 2 * SIZE + 1


@pytest.fixture
def server() -> Iterator[JobsServer]:
    server = JobsServer()
    yield server
    server.close()


def statuses(report: UpsertReport) -> Counter[str]:
    return Counter(one.status.value for one in report.outcomes)


def times_received(server: JobsServer) -> Counter[str]:
    return Counter(email for request in server.received for email in request)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_every_record_has_the_outcome_that_its_job_tells(
    form: str, is_async: bool, server: JobsServer
) -> None:
    server.refused = {f"{number}@a.org" for number in (0, 2, 5, 8)}
    server.stored["1@a.org"] = {"id": "old"}
    report = load(server.url, people(COUNT), FORMS[form], is_async=is_async)
    assert report.stop is None
    for number, one in enumerate(report.outcomes):
        assert one.record == person(number)
        if number in (0, 2, 5, 8):
            assert one.status is Status.REJECTED
            assert [each.code for each in one.problems] == ["REFUSED"]
        else:
            assert one.status is (Status.UPDATED if number == 1 else Status.CREATED)
            assert one.id == server.stored[f"{number}@a.org"]["id"]
    assert set(times_received(server).values()) == {1}
    assert server.tokens == {f"Bearer {TOKEN}"}
    assert report.requests == len(server.targets)
    assert report.figures is not None
    assert report.figures.questions == len(server.questions)
    assert f"{len(server.questions)} asked about jobs" in request_counts(report)
    assert report.retries == 0


@pytest.mark.parametrize("is_async", [False, True])
def test_a_job_takes_no_slot_while_it_is_waited_for(is_async: bool, server: JobsServer) -> None:
    server.turns = 10_000

    def on_request(target: str) -> None:
        # None is complete before all were begun, with one slot.
        if len(server.received) == 3:
            server.turns = 0

    server.on_request = on_request
    report = load(server.url, people(3 * SIZE), is_async=is_async, concurrency=1)
    assert statuses(report) == {"created": 3 * SIZE}


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("form", ["id", "pages"])
@pytest.mark.parametrize(
    "fault",
    [
        Fault(None),
        Fault(500),
        Fault(503, b"<html>"),
        Fault(429, headers={"Retry-After": "0"}),
        Fault(200, b"<html>"),
        Fault(200, b'{"job": {"state": "do'),
        Fault(200, b'{"job": {}}'),
        Fault(200, b"[]"),
    ],
    ids=lambda fault: f"{fault.status} {fault.content.decode()}",
)
def test_a_question_is_asked_again_and_no_record_sent_again(
    fault: Fault, form: str, is_async: bool, server: JobsServer
) -> None:
    server.faults = [None, fault, fault, None, None, fault, fault, None, fault]
    report = load(server.url, people(SIZE), FORMS[form], is_async=is_async)
    assert statuses(report) == {"created": SIZE}
    assert len(server.received) == 1
    assert report.retries == (2 if form == "id" else 5)


def test_a_status_that_says_nothing_is_asked_for_again(server: JobsServer) -> None:
    server.faults = [Fault(None), Fault(522)]  # No rule says that a 522 is tried again.
    report = load(server.url, people(1), JOB)
    assert statuses(report) == {"created": 1}


def test_a_question_has_the_arguments_of_the_upsert(server: JobsServer) -> None:
    report = load(server.url, people(1), account="a/1")
    assert statuses(report) == {"created": 1}
    assert set(server.questions) == {"/accounts/a%2F1/jobs/1"}


def test_progress_tells_which_job_is_waited_for(server: JobsServer) -> None:
    told: list[str] = []
    job = replace(JOB, interval=0.15)
    load(server.url, people(1), job, progress=lambda one: told.append(one.waits_for))
    assert any(one.startswith("job '1', question 1 in ") for one in told)
    assert any(one.startswith("job '1' has job.state 'working', question 2 in ") for one in told)


@pytest.mark.parametrize("status", [404, 410])
@pytest.mark.parametrize("at", [0, 1])
def test_a_job_that_is_not_known_any_more_is_unknown(
    status: int, at: int, server: JobsServer
) -> None:
    server.faults = [*[None] * at, Fault(status, b'{"message": "no such job"}')]
    report = load(server.url, people(SIZE))
    assert statuses(report) == {"unknown": SIZE}
    reason = report.outcomes[0].reason or ""
    assert "does not know job '1' any more" in reason
    assert "no such job" in reason
    assert "look the records up" in reason
    assert len(server.received) == 1
    assert report.stop is None


def test_a_job_that_failed_is_unknown(server: JobsServer) -> None:
    server.faults = [state("failed")]
    report = load(server.url, people(SIZE))
    assert statuses(report) == {"unknown": SIZE}
    assert "job '1' failed, with job.state 'failed'" in (report.outcomes[0].reason or "")


def test_a_state_that_nothing_explains_is_taken_for_a_running_one_and_told(
    server: JobsServer,
) -> None:
    server.faults = [state("paused")] * 3
    report = load(server.url, people(1))
    assert statuses(report) == {"created": 1}
    server.faults = [state("paused")] * 3
    report = load(server.url, people(1), replace(JOB, maximum_requests=3))
    reason = report.outcomes[0].reason or ""
    assert "asked about 3 times" in reason
    assert "'paused', which no word of the job explains" in reason


@pytest.mark.parametrize(
    ("limits", "told"),
    [({"maximum_requests": 4}, "about 4 times"), ({"maximum_seconds": 0.05}, "for 0 s")],
)
def test_a_job_is_asked_about_no_longer_than_said(
    limits: dict[str, Any], told: str, server: JobsServer
) -> None:
    server.turns = 10_000
    report = load(server.url, people(1), replace(JOB, **limits))
    (one,) = report.outcomes
    assert one.status is Status.UNKNOWN
    assert told in (one.reason or "")
    assert "the same journal asks again" in (one.reason or "")
    assert len(server.questions) <= 7


def test_an_answer_says_when_to_ask(server: JobsServer) -> None:
    server.turns = 0
    server.faults = [Fault(200, state("working").content, {"Retry-After": "1000"})]
    report = load(server.url, people(1), time_budget=PATIENCE)
    assert len(server.questions) == 1
    (one,) = report.outcomes
    assert one.status is Status.UNKNOWN
    assert "job '1' was not known to be complete: the time budget of 60 s" in (one.reason or "")
    assert report.stop is not None


@pytest.mark.parametrize("form", ["URL", "header"])
@pytest.mark.parametrize("elsewhere", ["http://127.0.0.1:9", "//a.org", "https://127.0.0.1"])
def test_no_question_goes_to_another_origin(form: str, elsewhere: str, server: JobsServer) -> None:
    server.elsewhere = elsewhere
    report = load(server.url, people(1), FORMS[form])
    (one,) = report.outcomes
    assert one.status is Status.UNKNOWN
    assert "the token stays here" in (one.reason or "")
    assert server.questions == []
    assert len(server.received) == 1


def test_no_page_is_asked_for_at_another_origin(server: JobsServer) -> None:
    page = {"faults": [], "links": {"next": "http://127.0.0.1:9/?key=secret"}}
    server.faults = [None, None, None, None, None, Fault(200, json.dumps(page).encode())]
    report = load(server.url, people(SIZE), PAGED)
    assert statuses(report) == {"unknown": SIZE}
    assert "the next page of its errors" in (report.outcomes[0].reason or "")
    assert "secret" not in (report.outcomes[0].reason or "")


@pytest.mark.parametrize(
    "posted", [Fault(202, b"<html>"), Fault(202, b"{}"), Fault(202, b""), Fault(202, b'{"job": 1}')]
)
def test_an_accepted_request_without_a_job_is_not_sent_again(
    posted: Fault, server: JobsServer
) -> None:
    server.posted = posted
    report = load(server.url, people(1))
    (one,) = report.outcomes
    assert one.status is Status.UNKNOWN
    assert "nobody can ask" in (one.reason or "")
    assert len(server.received) == 1


@pytest.mark.parametrize("duplicates", ["last", "merge"])
def test_what_has_the_same_key_waits_until_the_job_is_done(
    duplicates: Any, server: JobsServer
) -> None:
    records = [person(number % SIZE, name=str(number)) for number in range(3 * SIZE)]
    report = load(
        server.url, records, duplicates=duplicates, roles=replace(ROLES, maximum=SIZE - 1)
    )
    assert report.stop is None
    begun: set[str] = set()
    received, questions = iter(server.received), Counter[str]()
    for target in server.targets:
        if target.startswith("POST"):
            emails = set(next(received))
            assert not emails & begun
            begun |= emails
        else:
            questions[target] += 1
            if questions[target] > server.turns:  # The answer says that it is done.
                number = target.rpartition("/")[2]
                begun -= {row["email"] for row in server.jobs[number].rows}
    assert not begun
    assert {one["name"] for one in server.stored.values()} == {"8", "9", "10", "11"}


def test_a_token_that_is_refused_stops_the_run_and_the_journal_knows_the_job(
    server: JobsServer, tmp_path: Path
) -> None:
    journal = tmp_path / "run.sqlite"
    server.faults = [Fault(403)]
    report = load(server.url, people(SIZE), journal=journal)
    assert report.stop is not None
    assert statuses(report) == {"unknown": SIZE}
    report = load(server.url, people(SIZE), journal=journal)
    assert statuses(report) == {"created": SIZE}
    assert len(server.received) == 1


# The journal


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize("form", FORMS)
def test_the_next_run_asks_about_jobs_and_sends_the_rest(
    form: str, is_async: bool, server: JobsServer, tmp_path: Path
) -> None:
    server.refused = {"3@a.org"}
    server.turns = 10_000
    job = replace(FORMS[form], maximum_requests=2)
    options: dict[str, Any] = {"journal": tmp_path / "run.sqlite", "is_async": is_async}
    for _ in range(2):
        first = load(server.url, people(COUNT), job, **options)
        assert statuses(first) == {"unknown": COUNT}
    server.turns = 0
    last = load(server.url, people(COUNT), FORMS[form], **options)
    assert statuses(last) == {"created": COUNT - 1, "rejected": 1}
    assert set(times_received(server).values()) == {1}
    asked = len(server.targets)
    assert load(server.url, people(COUNT), job, **options).outcomes == last.outcomes
    assert len(server.targets) == asked


@pytest.mark.parametrize("status", [404, None])
def test_what_a_job_never_tells_is_sent_again_by_the_next_run_only(
    status: int | None, server: JobsServer, tmp_path: Path
) -> None:
    server.faults = [state("failed") if status is None else Fault(status)]
    first = load(server.url, people(SIZE), journal=tmp_path / "run.sqlite")
    assert statuses(first) == {"unknown": SIZE}
    second = load(server.url, people(SIZE), journal=tmp_path / "run.sqlite")
    assert statuses(second) == {"written": SIZE}
    assert len(server.received) == 2


def test_a_journal_without_jobs_is_as_it_was(server: JobsServer, tmp_path: Path) -> None:
    journal = tmp_path / "run.sqlite"
    load(server.url, people(1), journal=journal, dry_run=True)
    server.posted = Fault(400, b'{"message": "no"}')
    load(server.url, people(1), journal=journal)
    with closing(sqlite3.connect(journal)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "jobs" not in names
    server.stored.clear()
    assert statuses(load(server.url, people(1), journal=journal)) == {"rejected": 1}


def test_a_state_sends_what_differs_and_jobs_are_found_again(
    server: JobsServer, tmp_path: Path
) -> None:
    options: dict[str, Any] = {
        "journal": tmp_path / "run.sqlite",
        "state": tmp_path / "state.sqlite",
    }
    assert statuses(load(server.url, people(SIZE), state=options["state"])) == {"created": SIZE}
    server.turns = 10_000
    load(server.url, people(COUNT), replace(JOB, maximum_requests=1), **options)
    server.turns = 0
    report = load(server.url, people(COUNT), **options)
    assert statuses(report) == {"unchanged": SIZE, "created": COUNT - SIZE}
    assert set(times_received(server).values()) == {1}


def _load(url: str, form: str, journal: Path, is_async: bool) -> None:
    load(url, people(COUNT), FORMS[form], journal=journal, is_async=is_async, concurrency=1)


@pytest.mark.parametrize("is_async", [False, True])
@pytest.mark.parametrize(
    ("form", "held"),
    [
        ("id", "GET /jobs/1"),
        ("URL", "GET /jobs/2"),
        ("header", "GET /jobs/3"),
        ("pages", "GET /jobs/1/rows"),
        ("pages", "GET /jobs/2/rows?cursor=3"),
        ("pages", "GET /faults?job=1"),
    ],
)
def test_a_run_that_is_killed_while_it_asks_goes_on_without_sending_twice(
    form: str, held: str, is_async: bool, server: JobsServer, tmp_path: Path
) -> None:
    journal = tmp_path / "run.sqlite"
    arrived, killed = threading.Event(), threading.Event()

    def on_request(target: str) -> None:
        if target == held and not killed.is_set():
            arrived.set()
            killed.wait(PATIENCE)

    server.on_request = on_request
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=_load, args=(server.url, form, journal, is_async))
    process.start()
    assert arrived.wait(PATIENCE)
    process.kill()
    process.join(PATIENCE)
    assert process.exitcode == -signal.SIGKILL
    killed.set()
    report = load(server.url, people(COUNT), FORMS[form], journal=journal, is_async=is_async)
    assert statuses(report) == {"created": COUNT}
    assert set(times_received(server).values()) == {1}

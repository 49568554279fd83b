"""Loads through a server of which every tenth answer is a fault, and loads that have no server."""

from __future__ import annotations

import socket
from dataclasses import replace
from itertools import count
from random import Random

import pytest
from package._bulk.batch import Part
from package._bulk.outcomes import Status
from package._bulk.session import RunSession
from package._runtime.answer import Answer
from package._runtime.attempt import Deadline
from package._runtime.operation import Request
from package._runtime.policy import Backoff

from tests.bulk.contacts import BULK, OPERATION, WRITTEN, contact, error_body, json_answer
from tests.bulk.server import AsyncContactsResource, ContactsResource, ContactsServer, Upserter

LARGE = 30_000
USUAL = 2_000
MOST_UNKNOWN = 0.002

FAULTS = ["before", "after", "429", "503", "500", "502 html", "html", "gzip", "missing", "canceled"]


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    "records", [USUAL, pytest.param(LARGE, marks=pytest.mark.large)], ids="{:,}".format
)
def test_hardly_any_record_stays_unknown(
    records: int, kind: str, contacts_server: ContactsServer
) -> None:
    chance = Random(3)
    contacts_server.faults = [
        chance.choice(FAULTS) if chance.random() < 0.1 else None for _ in range(records)
    ]
    report = Upserter(kind, contacts_server).upsert(map(contact, range(records)))
    assert report.stop is None
    assert report.unknown <= max(
        MOST_UNKNOWN * records, 10
    )  # One batch of a few is more than that.
    written = [one for one in report.outcomes if one.status in WRITTEN]
    assert len(written) + report.unknown == records
    assert all(one.id == contacts_server.contacts.ids[one.record["email"]] for one in written)


def test_what_no_server_takes_is_not_sent(
    upserter: Upserter, monkeypatch: pytest.MonkeyPatch
) -> None:
    # However slow the machine is, there is time for one attempt, and not for another.
    policy = replace(OPERATION.policy, backoff=Backoff(initial=900, multiplier=2, maximum=900))
    bulk = replace(BULK, operation=replace(OPERATION, policy=policy))
    for resource in (ContactsResource, AsyncContactsResource):
        monkeypatch.setattr(resource, "_BULK", bulk)
    with socket.socket() as nobody:  # Nothing listens there, and nobody else gets the port.
        nobody.bind(("127.0.0.1", 0))
        upserter.server.url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        report = upserter.upsert(map(contact, range(30)), client_options={"time_budget": 300})
    assert {one.status for one in report.outcomes} == {Status.NOT_SENT}
    assert report.stop is not None
    assert upserter.server.url.removeprefix("http://") in report.stop.reason
    assert "nothing was sent" in report.stop.reason
    assert "server runs" in report.stop.mend


def test_what_went_wrong_is_told_though_the_next_attempt_comes_too_late(
    upserter: Upserter, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempt_for = RunSession.attempt_for

    def too_late(session: RunSession, part: Part) -> tuple[Request, Deadline]:
        if part.attempt > 1:
            part.spent = session.setup.plan.patience
        return attempt_for(session, part)

    monkeypatch.setattr(RunSession, "attempt_for", too_late)
    upserter.server.faults = ["423"]
    report = upserter.upsert(map(contact, range(5)))
    assert {one.status for one in report.outcomes} == {Status.NOT_SENT}
    assert report.stop is not None
    assert "423" in report.stop.reason
    assert "longer time_budget" in report.stop.mend
    assert (report.requests, report.retries) == (1, 0)


@pytest.mark.parametrize("message", ["That will not do", "Request {} of 7f-{} will not do"])
def test_what_every_record_is_refused_for_costs_few_requests(
    upserter: Upserter, message: str
) -> None:
    answers = count(1)

    def refusal(_: bytes) -> Answer:
        number = next(answers)
        return json_answer(400, error_body(message.format(number, number)))

    upserter.server.respond = refusal
    # The number of a request is no word of any of these, whichever record it is about: that would not tell
    # answers apart. But it may well be a part of one.
    note = " ".join(f"a{number}b" for number in range(100))
    report = upserter.upsert([contact(1000 + number, note=note) for number in range(300)])
    assert report.not_sent == 300
    assert report.requests < 60
    assert report.stop is not None
    assert report.stop.resume_at == 0

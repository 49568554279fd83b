"""Loads through a server of which every tenth answer is a fault, and loads that have no server."""

from __future__ import annotations

from itertools import count
from random import Random

import pytest
from package._bulk.outcomes import Status
from package._runtime.answer import Answer

from tests.bulk.contacts import WRITTEN, contact, error_body, json_answer
from tests.bulk.server import ContactsServer, Upserter
from tests.servers import free_port

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


def test_what_no_server_takes_is_not_sent(upserter: Upserter) -> None:
    upserter.server.url = f"http://127.0.0.1:{free_port()}"
    report = upserter.upsert(map(contact, range(30)), client_options={"time_budget": 0.2})
    assert {one.status for one in report.outcomes} == {Status.NOT_SENT}
    assert report.stop is not None
    assert upserter.server.url.removeprefix("http://") in report.stop.reason
    assert "nothing was sent" in report.stop.reason
    assert "server runs" in report.stop.mend


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

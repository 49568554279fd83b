"""Values that are converted on the way: checked as they are sent, and told."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.bulk.contacts import contact
from tests.bulk.server import Upserter
from tests.bulk.test_property_check import NO_OPTION, PROPERTIES, statuses


def test_converted_values_are_checked(sync: Upserter) -> None:
    records = [
        contact(1, stage="Lead", vip="Yes", born=datetime(2024, 2, 29, tzinfo=UTC), amount="7"),
        contact(2, stage="Customer (paying)", vip=True),
        contact(3, stage=3.0),
        {"email": " 4@example.com ", "firstname": "Ada"},
    ]
    report = sync.upsert(records, properties=PROPERTIES, convert=True)
    assert statuses(report) == ["created", "created", "rejected", "created"]
    stored = sync.server.contacts.stored["1@example.com"]
    assert stored["stage"] == "lead"
    assert stored["vip"] == "true"
    assert stored["born"] == "2024-02-29"
    assert sync.server.contacts.stored["2@example.com"]["stage"] == "customer"
    assert "4@example.com" in sync.server.contacts.stored
    ((name, code, message),) = report.outcomes[2].problems
    assert (name, code) == ("stage", NO_OPTION)
    assert "the option convert" not in message


def test_what_is_converted_is_told_in_dry_runs_as_well(upserter: Upserter) -> None:
    records = [contact(1, stage="Lead"), contact(2, stage="Lead"), contact(3, vip="Yes")]
    for dry_run in (True, False):
        report = upserter.upsert(records, properties=PROPERTIES, convert=True, dry_run=dry_run)
        told = [(each.name, each.count, each.before, each.after) for each in report.conversions]
        assert told == [("stage", 2, "Lead", "lead"), ("vip", 1, "Yes", "true")]


def test_what_cannot_be_converted_is_rejected_and_said_once(sync: Upserter) -> None:
    records = [
        contact(1, amount="1.234,5"),
        {"email": 2.5e17, "firstname": "Ada"},
    ]
    report = sync.upsert(records, properties=PROPERTIES, convert=True)
    assert [len(each.problems) for each in report.outcomes] == [1, 1]
    assert "the option locale" in report.outcomes[0].problems[0].message
    assert report.outcomes[1].problems[0].property == "email"
    report = sync.upsert(records[:1], properties=PROPERTIES, convert=True, locale="de")
    assert sync.server.contacts.stored["1@example.com"]["amount"] == "1234.5"

"""The emitted client against the sandbox: any records and faults, and what is claimed is what is stored.

4,000 records with everything that goes wrong in a long run are part of every test run, and 100,000 of
`make test-large`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert._bulk.outcomes import Outcome, Status
from hubspot_upsert.sandbox import Sandbox
from hypothesis import given, settings

from tests.bulk.cases import FITTING, HONEST, MANNERS, Case, Manner, cases, people, prepare
from tests.bulk.claims import (
    UNDONE,
    WRITTEN,
    Contents,
    check_claims,
    check_merged,
    check_reasons,
)


@settings(max_examples=40)
@given(people, people, cases)
def test_any_records_and_any_faults(records: list[Any], known: list[Any], case: Case) -> None:
    check(records, known, case)


@pytest.mark.large
@settings(max_examples=500)
@given(people, people, cases)
def test_many_records_and_faults(records: list[Any], known: list[Any], case: Case) -> None:
    check(records, known, case)


def check(records: list[Any], known: list[Any], case: Case) -> None:
    """Check that all that a run claims is so."""
    with case.sandbox() as sandbox:
        prepare(sandbox, known)
        before = Contents.of(sandbox, case.id_property)
        for fault in case.faults:
            sandbox.fail(fault, resource="contacts")
        outcomes, stop = case.upsert(sandbox, records)
        after = Contents.of(sandbox, case.id_property)
    if case.is_closed:
        # Nobody asked what became of the others: when it was closed they may have been in flight.
        left = range(len(outcomes), len(records))
        outcomes += [Outcome(index, Status.UNKNOWN, records[index]) for index in left]
    check_claims(records, outcomes, before, after, case.id_property, case.duplicates)
    if not case.is_closed:
        check_merged(outcomes, case.id_property, case.duplicates)
        check_reasons(outcomes, stop, case)


ENDING = ("account-moving", "daily-limit", "expired-token", "forbidden")


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("kind", FITTING)
def test_each_fault_alone(kind: str, manner: Manner) -> None:
    is_slow = kind.startswith("slow")
    case = Case(manner=manner, maximum=4, timeout=0.1 if is_slow else 10.0)
    records = [{"email": f"{number}@a.org", "firstname": "Ada"} for number in range(10)]
    with case.sandbox() as sandbox:
        sandbox.fail(f"{kind};seconds=0.3" if is_slow else kind)
        outcomes, _ = case.upsert(sandbox, records)
        after = Contents.of(sandbox, "email")
        assert any(request.fault is not None for request in sandbox.requests)
    check_claims(records, outcomes, Contents(), after)
    statuses = [one.status for one in outcomes]
    if kind in ENDING:
        assert Status.NOT_SENT in statuses
    elif kind == "refused-records":
        assert statuses[:4] == [Status.REJECTED, Status.CREATED] * 2
    else:
        assert {*statuses} <= {*WRITTEN}


@pytest.mark.parametrize("manner", MANNERS)
def test_a_record_that_collides_with_another_is_found_among_many(manner: Manner) -> None:
    case = Case(manner=manner, id_property="code", maximum=20, concurrency=2)
    records = [{"code": f"{number}", "email": f"{number}@a.org"} for number in range(60)]
    records[25]["email"] = "TAKEN@a.org"
    with case.sandbox() as sandbox:
        prepare(sandbox, [{"email": "taken@a.org"}])
        before = Contents.of(sandbox, "code")
        outcomes, _ = case.upsert(sandbox, records)
        after = Contents.of(sandbox, "code")
    check_claims(records, outcomes, before, after, "code")
    rejected = [one for one in outcomes if one.status not in WRITTEN]
    assert [one.index for one in rejected] == [25]
    assert [one.message for one in rejected[0].problems] == ["Contact already exists"]


@pytest.mark.parametrize("manner", MANNERS)
def test_what_every_record_would_meet_stops_before_the_rest_is_sent(manner: Manner) -> None:
    case = Case(manner=manner, concurrency=1, maximum=5)
    records = [{"email": f"{number}@a.org"} for number in range(50)]
    records[12]["favourite_dish"] = "soup"
    with case.sandbox() as sandbox:
        outcomes, stop = case.upsert(sandbox, records)
        after = Contents.of(sandbox, "email")
        assert len(sandbox.requests) == 3
    check_claims(records, outcomes, Contents(), after)
    assert [one.status for one in outcomes] == [Status.CREATED] * 10 + [Status.NOT_SENT] * 40
    assert stop is not None
    assert stop.resume_at == 10
    assert "property" in stop.mend
    assert stop.error is not None
    assert stop.error.status == 400


# A long run


LARGE = 100_000
USUAL = 4_000
CONCURRENCY = 4

# What ends the run is drawn by nobody; `Source` sees to the limit of a day.
FAULTS = "seed=5,rate=0.1,seconds=0.05,kinds=" + "+".join(
    kind for kind in HONEST if kind not in ENDING
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
                # Each slot meets it: whose answer is told first is chance.
                self.sandbox.fail("daily-limit", times=CONCURRENCY)
            yield self.record(index)


@pytest.mark.parametrize("manner", ["upsert", "async upsert"])
@pytest.mark.parametrize(
    "count", [USUAL, pytest.param(LARGE, marks=pytest.mark.large)], ids="{:,}".format
)
def test_nothing_is_lost_and_nothing_made_up(count: int, manner: Manner, tmp_path: Path) -> None:
    journal = tmp_path / "run.sqlite"
    case = Case(manner, maximum=100, concurrency=CONCURRENCY, schedule=FAULTS, journal=journal)
    with case.sandbox() as sandbox:
        source = Source(count, sandbox)
        records = [source.record(index) for index in range(count)]
        outcomes, stop = case.upsert(sandbox, source)
        check_claims(records, outcomes, Contents(), Contents.of(sandbox, "email"))
        assert stop is not None
        assert "daily limit" in stop.reason
        # Those of the second half, but for the repeated ones, and a few before that were on their way.
        not_sent = sum(one.status is Status.NOT_SENT for one in outcomes)
        assert 0 <= not_sent - count // 2 * 98 // 100 <= 100 * 2 * CONCURRENCY
        assert stop.resume_at == next(one.index for one in outcomes if one.status in UNDONE)
        for _ in range(20):
            if stop is None and not any(
                one.status is Status.UNKNOWN and not is_refused(one) for one in outcomes
            ):
                break
            outcomes, stop = case.upsert(sandbox, records)
        check_claims(records, outcomes, Contents(), Contents.of(sandbox, "email"))
        check_all(outcomes, source)
        assert sandbox.count("contacts") == sum(one.status in WRITTEN for one in outcomes)


def is_refused(outcome: Outcome) -> bool:
    """Whether a record was refused after an attempt that may have stored it."""
    return outcome.status is Status.UNKNOWN and outcome.is_refused


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
        assert one.is_refused
        assert [problem.code for problem in one.problems] == [code]
    assert expected == {"INVALID_EMAIL": source.count // 100, "DUPLICATE_KEY": source.count // 50}

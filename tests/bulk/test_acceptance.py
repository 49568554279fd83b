"""The emitted client against the sandbox: any records and faults, and what is claimed is what is stored."""

from __future__ import annotations

from typing import Any

import pytest
from hubspot_upsert._bulk.outcomes import Outcome, Status
from hubspot_upsert.sandbox.fault_kinds import KINDS
from hypothesis import given, settings

from tests.bulk.cases import MANNERS, Case, Manner, cases, people, prepare
from tests.bulk.claims import (
    WRITTEN,
    Contents,
    check_claims,
    check_merged,
    check_outcomes,
)
from tests.bulk.reasons import check_reasons


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
    check_outcomes(records, outcomes)
    check_claims(outcomes, before, after, case.id_property, case.duplicates)
    if not case.is_closed:
        check_merged(outcomes, case.id_property, case.duplicates)
        check_reasons(outcomes, stop, case)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_alone(kind: str, manner: Manner) -> None:
    is_slow = kind.startswith("slow")
    case = Case(manner=manner, maximum=4, timeout=0.1 if is_slow else 10.0)
    records = [{"email": f"{number}@a.org", "firstname": "Ada"} for number in range(10)]
    with case.sandbox() as sandbox:
        sandbox.fail(f"{kind};seconds=0.3" if is_slow else kind)
        outcomes, _ = case.upsert(sandbox, records)
        after = Contents.of(sandbox, "email")
        assert any(request.fault is not None for request in sandbox.requests)
    check_outcomes(records, outcomes)
    check_claims(outcomes, Contents(), after, "email")
    statuses = [one.status for one in outcomes]
    if kind == "daily-limit":
        assert Status.NOT_SENT in statuses
    elif kind == "missing-results":
        assert statuses.count(Status.UNKNOWN) in (1, 2)  # Half of a batch; the last one is smaller.
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
    check_outcomes(records, outcomes)
    check_claims(outcomes, before, after, "code")
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
    check_outcomes(records, outcomes)
    check_claims(outcomes, Contents(), after, "email")
    assert [one.status for one in outcomes] == [Status.CREATED] * 10 + [Status.NOT_SENT] * 40
    assert stop is not None
    assert stop.resume_at == 10

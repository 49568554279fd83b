"""The emitted client against the sandbox: any records and faults, and what is claimed is what is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hubspot_upsert._bulk.outcomes import Outcome, Status, Stop
from hubspot_upsert.sandbox.fault_kinds import KINDS
from hypothesis import given, settings

from tests.bulk.cases import COLOURS, MANNERS, Case, Manner, cases, people, prepare
from tests.bulk.claims import (
    UNDONE,
    WRITTEN,
    Contents,
    check_claims,
    check_merged,
    check_outcomes,
    key_of,
    sent_records,
)


@settings(max_examples=100, deadline=None)
@given(people, people, cases)
def test_any_records_and_any_faults(records: list[Any], known: list[Any], case: Case) -> None:
    with case.sandbox() as sandbox:
        prepare(sandbox, known)
        before = Contents.of(sandbox, case.id_property)
        for fault in case.faults:
            sandbox.fail(fault, resource="contacts")
        outcomes, stop = case.upsert(sandbox, records)
        after = Contents.of(sandbox, case.id_property)
    is_closed = case.manner.endswith("stream") and case.takes is not None
    if is_closed:
        # Nobody asked what became of the others: when it was closed they may have been in flight.
        left = range(len(outcomes), len(records))
        outcomes += [Outcome(index, Status.UNKNOWN, records[index]) for index in left]
    check_outcomes(records, outcomes)
    check_claims(outcomes, before, after, case.id_property, case.duplicates)
    if not is_closed:
        check_merged(outcomes, case.id_property, case.duplicates)
        check_reasons(outcomes, stop, case)


@pytest.mark.parametrize("manner", MANNERS)
@pytest.mark.parametrize("kind", KINDS)
def test_each_fault_alone(kind: str, manner: Manner) -> None:
    is_slow = kind.startswith("slow")
    case = Case(manner=manner, maximum=4, timeout=0.2 if is_slow else 10.0)
    records = [{"email": f"{number}@a.org", "firstname": "Ada"} for number in range(10)]
    with case.sandbox() as sandbox:
        sandbox.fail(f"{kind};seconds=0.6" if is_slow else kind)
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


def check_reasons(outcomes: Sequence[Outcome], stop: Stop | None, case: Case) -> None:
    """Check that what was rejected is bad, what was written is not, and that the rest says why."""
    keys: set[str | None] = set()
    for sent, values in sent_records(outcomes, case.id_property, case.duplicates):
        key = key_of(sent.record, case.id_property)
        repeats = key in keys
        if not has_no_text(sent.record):
            keys.add(key)
        codes = {problem.code for problem in sent.problems}
        if sent.status is Status.REJECTED:
            assert sent.problems
            if "DUPLICATE_KEY" in codes:
                assert repeats
                assert case.duplicates == "error"
            elif "CONFLICT" in codes:
                assert values["email" if case.id_property == "code" else "code"]
            else:
                assert is_bad(sent.record, values, case)
            continue
        assert not sent.problems
        assert key is not None
        assert not (repeats and case.duplicates in ("error", "first"))
        if sent.status in UNDONE:
            assert sent.reason
            assert stop is not None or sent.status is Status.UNKNOWN
        else:
            assert not is_bad(sent.record, values, case)
    undone = [one.index for one in outcomes if one.status in UNDONE]
    assert stop is None or stop.resume_at == min(undone, default=None)


def is_bad(record: object, values: Mapping[str, str], case: Case) -> bool:
    """Tell whether a record cannot be written: because of its key, or a value that is sent."""
    key = key_of(record, case.id_property)
    if key is None or has_no_text(record):
        return True
    email = key if case.id_property == "email" else values.get("email")
    return (
        email == "no-email"
        or values.get("firstname") == "\ud800"
        or values.get("colour") not in (None, "", *COLOURS)
    )


def has_no_text(record: object) -> bool:
    """Tell whether a value has no text, so that nothing about the record is looked at."""
    return isinstance(record, Mapping) and type(record.get("points")) is object

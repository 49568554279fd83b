"""The state machine over any records and faults: one outcome each, in order, and nothing made up."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.outcomes import Outcome, Status
from package._bulk.plan import Plan
from package._bulk.resuming import resume
from package._bulk.run import Run
from package._runtime.answer import Answer, Failure

from tests.bulk.contacts import Contacts, contact, error_body, json_answer
from tests.bulk.driving import WRITTEN, Driving, outcomes_of, plan

FIRST_NAMES = ["Ada", "invalid", "conflict", "refused", "Grace", "", None, 7, "\ud800", object()]
FAULTS = [None, "before", "after", "429", "423", "503", "html", "missing", "500"]

records = st.lists(
    st.one_of(
        st.builds(
            lambda number, name, upper: {
                "email": f"{number}@{'EXAMPLE' if upper else 'example'}.com",
                "firstname": name,
            },
            st.integers(0, 12),
            st.sampled_from(FIRST_NAMES),
            st.booleans(),
        ),
        st.sampled_from([{"firstname": "no key"}, {"email": ""}, {"email": ["a"]}, "no record"]),
    ),
    max_size=40,
)


@given(
    records,
    st.lists(st.sampled_from(FAULTS), max_size=20),
    st.sampled_from(["error", "first", "last", "merge"]),
    st.integers(1, 5),
    st.integers(1, 4),
    st.integers(0, 1000),
)
def test_any_records_and_faults(
    given_records: list[Any],
    faults: list[str | None],
    duplicates: Any,
    maximum: int,
    concurrency: int,
    seed: int,
) -> None:
    contacts = Contacts()
    driving = Driving(contacts, faults=faults, seed=seed)
    what = plan(maximum=maximum, duplicates=duplicates, concurrency=concurrency)
    run = driving.run(what, given_records)
    outcomes = driving.outcomes

    assert [one.index for one in outcomes] == list(range(len(given_records)))
    assert all(one.record is record for one, record in zip(outcomes, given_records, strict=True))
    _check_claims(outcomes, contacts)
    for one in outcomes:
        assert (one.status is Status.REJECTED) >= bool(one.problems)
        if one.merged_into is None:
            assert (one.status is Status.REJECTED) == bool(one.problems)
            assert (one.status in (Status.UNKNOWN, Status.NOT_SENT)) == (one.reason is not None)
        else:
            assert duplicates != "error"
            assert outcomes[one.merged_into].merged_into is None
            assert one.status is outcomes[one.merged_into].status
    stop = run.stop_so_far()
    assert (stop is not None) or not any(one.status is Status.NOT_SENT for one in outcomes)
    if stop is not None:
        undone = [one.index for one in outcomes if one.status in ("unknown", "not sent")]
        assert stop.resume_at == min(undone, default=None)
    assert max(map(len, contacts.requests), default=0) <= maximum


def _check_claims(outcomes: list[Outcome], contacts: Contacts) -> None:
    """Everything that is claimed is stored, and what is stored is claimed or unknown."""
    claimed: set[str] = set()
    open_keys: set[str] = set()
    for one in outcomes:
        if not isinstance(one.record, dict):
            assert one.status is Status.REJECTED
            continue
        key = str(one.record.get("email")).lower()
        if one.status in WRITTEN:
            assert key in contacts.stored
            assert one.id in (None, contacts.ids[key])
            claimed.add(key)
        elif one.status is Status.UNKNOWN:
            open_keys.add(key)
    assert contacts.stored.keys() <= claimed | open_keys


@given(st.sets(st.integers(0, 99)), st.integers(1, 100), st.sampled_from(["conflict", "refused"]))
def test_isolating_the_guilty_costs_in_proportion_to_them(
    guilty: set[int], count: int, kind: str
) -> None:
    guilty = {number for number in guilty if number < count}
    given_records = [
        contact(number, firstname=kind if number in guilty else "Ada") for number in range(count)
    ]
    driving = Driving(Contacts())
    driving.run(plan(maximum=100), given_records)
    rejected = {one.index for one in driving.outcomes if one.status is Status.REJECTED}
    assert rejected == guilty
    assert all(one.status is Status.CREATED for one in driving.outcomes if one.index not in guilty)
    extra = driving.requests - 1
    assert extra <= 2 * len(guilty) * math.ceil(math.log2(count)) + 1


def test_errors_of_single_records_cost_no_further_request() -> None:
    given_records = [contact(0), contact(1, firstname="invalid"), contact(2)]
    driving = Driving(Contacts())
    driving.run(plan(), given_records)
    assert driving.requests == 1
    (problem,) = driving.outcomes[1].problems
    assert problem == ("firstname", "INVALID", "firstname is invalid")


def test_updates_are_told_from_creations() -> None:
    contacts = Contacts()
    assert [one.status for one in outcomes_of([contact(1)], contacts=contacts)] == ["created"]
    (outcome,) = outcomes_of([contact(1, phone="1")], contacts=contacts)
    assert (outcome.status, outcome.id) == ("updated", "101")


@pytest.mark.parametrize("fault", ["before", "after", "503"])
def test_an_update_after_a_lost_answer_may_be_a_creation(fault: str) -> None:
    contacts = Contacts()
    driving = Driving(contacts, faults=[fault])
    driving.run(plan(), [contact(1)])
    expected = "written" if fault == "after" else "created"
    assert [one.status for one in driving.outcomes] == [expected]


def test_a_systemic_error_stops_at_once_and_says_what_to_change() -> None:
    given_records = [contact(n) for n in range(8)] + [contact(8, unknown_property="x")]
    given_records += [contact(n) for n in range(9, 40)]
    driving = Driving(Contacts())
    run = driving.run(plan(concurrency=1), given_records)
    assert driving.requests == 3
    stop = run.stop_so_far()
    assert stop is not None
    assert stop.mend == "create the property"
    assert stop.resume_at == 8
    assert stop.error is not None
    assert stop.error.status == 400
    assert [one.status for one in driving.outcomes] == ["created"] * 8 + ["not sent"] * 32


@pytest.mark.parametrize(
    ("answer", "statuses", "mend"),
    [
        (json_answer(401, error_body("who?")), "not sent", "token"),
        (json_answer(403, error_body("no")), "not sent", "scopes"),
        (json_answer(429, error_body("done", policyName="DAILY")), "not sent", "day"),
        (json_answer(404, error_body("where?")), "not sent", "arguments"),
        (Answer(302, {}, b""), "not sent", "base URL"),
        (Answer(400, {}, b"<html>"), "not sent", "proxy"),
        (Answer(409, {}, b""), "not sent", "proxy"),
        (Failure("certificate", retryable=False), "not sent", "base URL"),
    ],
)
def test_what_every_request_would_meet_stops_the_run(
    answer: Answer | Failure, statuses: str, mend: str
) -> None:
    run = _sending(plan(), 1)
    _answer(run, answer)
    assert [one.status for one in run.outcomes()] == [statuses]
    stop = run.stop_so_far()
    assert stop is not None
    assert mend in stop.mend


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (json_answer(423, {}), "not sent"),
        (json_answer(429, {}), "not sent"),
        (json_answer(477, {}, {"retry-after": "86400"}), "not sent"),
        (json_answer(503, {}), "unknown"),
        (Failure("reset", retryable=True), "unknown"),
    ],
)
def test_what_does_not_pass_in_time_stops_the_run(answer: Answer | Failure, status: str) -> None:
    run = _sending(plan(patience=1.0), 1)
    _answer(run, answer, took=1.0)
    assert [one.status for one in run.outcomes()] == [status]
    stop = run.stop_so_far()
    assert stop is not None
    assert "time_budget" in stop.mend
    assert "time budget" not in stop.reason


def test_the_end_of_the_time_budget_is_told_from_that_of_patience() -> None:
    run = _sending(plan(time_budget=2.0), 1)
    _answer(run, json_answer(503, {}), time_left=0.0)
    stop = run.stop_so_far()
    assert stop is not None
    assert stop.reason == "the time budget of 2 s is over"


def test_a_delay_that_the_time_budget_does_not_allow_is_no_end_of_it() -> None:
    run = _sending(plan(time_budget=30.0), 1)
    _answer(run, json_answer(477, {}, {"retry-after": "86400"}), time_left=29.5)
    stop = run.stop_so_far()
    assert stop is not None
    assert stop.reason == "the time budget of 30 s would be over before the next attempt"


def test_many_answers_in_a_row_that_say_nothing_stop_the_run() -> None:
    driving = Driving(Contacts(), faults=["500"] * 100)
    run = driving.run(plan(maximum=1, concurrency=1), [contact(n) for n in range(9)])
    assert driving.requests == 5
    assert run.stop_so_far() is not None
    assert [one.status for one in driving.outcomes] == ["unknown"] * 5 + ["not sent"] * 4


def test_a_stop_leaves_what_may_have_been_applied_unknown() -> None:
    run = _sending(plan(), 1)
    _answer(run, Failure("reset", retryable=True))
    run.stop("enough")
    assert [one.status for one in run.outcomes()] == ["unknown"]


def test_what_is_not_waited_for_is_unknown_and_what_was_not_begun_is_not_sent() -> None:
    for sent, status in ((True, "unknown"), (False, "not sent")):
        run = _sending(plan(), 1)
        part = run.next_part()
        assert part is not None
        part.sent = sent
        run.stop("enough")
        run.not_sent(part, "enough")
        assert [one.status for one in run.outcomes()] == [status]


def test_outcomes_wait_for_the_first_but_not_for_ever_more_records() -> None:
    run = Run(plan(maximum=1, concurrency=2))
    count = 0
    held = None
    while run.wanted:
        for batch in run.feed([contact(count)]):
            run.send(batch)
        count += 1
        part = run.next_part()
        assert part is not None
        if held is None:
            held = part
            continue
        _give(run, part, Contacts().answer(part.content("inputs")))
    assert run.outcomes() == []
    assert 2 < count <= 64
    assert held is not None
    _give(run, held, Contacts().answer(held.content("inputs")))
    assert [one.index for one in run.outcomes()] == list(range(count))
    assert len(run.feed([contact(count)])) == 1


def test_a_dry_run_sends_nothing_and_finds_what_it_can() -> None:
    given_records = [contact(1), contact(1), {"firstname": "x"}, contact(2)]
    driving = Driving(Contacts())
    run = driving.run(plan(dry_run=True, duplicates="last"), given_records)
    assert driving.contacts.requests == []
    assert run.batches == 1
    assert run.stop_so_far() is None
    assert [(one.status, one.merged_into) for one in driving.outcomes] == [
        ("not sent", 1),
        ("not sent", None),
        ("rejected", None),
        ("not sent", None),
    ]
    assert driving.outcomes[1].reason == "dry run"


def test_what_an_earlier_run_knows_is_not_sent() -> None:
    run = Run(plan(duplicates="first"))
    (batch,) = run.feed([contact(1), contact(2), contact(3), contact(4)])
    empty: dict[str, Any] = {}
    resume(batch, [Outcome(n, Status.CREATED, empty, id=str(n)) for n in range(4)])
    run.send(batch)
    assert run.next_part() is None
    outcomes = run.outcomes()
    assert [(one.id, one.record["email"]) for one in outcomes] == [
        (str(n), f"{n + 1}@example.com") for n in range(4)
    ]
    run.feed([contact(2)])
    for batch in run.end():
        run.send(batch)
    assert [(one.status, one.merged_into) for one in run.outcomes()] == [("created", 1)]


def _sending(what: Plan, count: int) -> Run:
    run = Run(what)
    for batch in [*run.feed([contact(n) for n in range(count)]), *run.end()]:
        run.send(batch)
    return run


def _answer(run: Run, answer: Answer | Failure, **times: float) -> None:
    part = run.next_part()
    assert part is not None
    part.sent = True
    _give(run, part, answer, **times)


def _give(
    run: Run,
    part: Any,
    answer: Answer | Failure,
    *,
    took: float = 0.0,
    time_left: float = math.inf,
) -> None:
    run.answered(part, answer, took=took, time_left=time_left, random=0.0, now=0.0)

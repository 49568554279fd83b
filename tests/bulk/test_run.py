"""The state machine over any records and faults: one outcome each, in order, and nothing made up."""

# long because: each rule is tried with the same small driver and its faults, which stand here with them.

from __future__ import annotations

import json
import math
import random
from collections import Counter
from dataclasses import replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.batch import Part
from package._bulk.outcomes import Outcome, Status
from package._bulk.run import Run
from package._bulk.setup import RunPlan
from package._runtime.answer import Answer
from package._runtime.attempt import Failure
from package.errors import RateLimit

from tests.bulk.contacts import (
    ENVELOPE,
    OPERATION,
    WRITTEN,
    Contacts,
    Driving,
    contact,
    error_body,
    json_answer,
    plan,
)
from tests.runtime.emitted_client import POLICY

FIRST_NAMES = ["Ada", "invalid", "conflict", "refused", "Grace", "", None, 7, "\ud800", object()]
LOST = ["html", "gzip", "missing", "canceled", "522"]
"""What leaves records in doubt that one replay settles."""

FAULTS = [None, "before", "after", "429", "423", "503", *LOST]

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
    if duplicates in ("last", "merge"):
        _check_order(outcomes, contacts)
    for one in outcomes:
        assert one.is_refused >= bool(one.problems)
        if one.merged_into is None:
            assert one.is_refused == bool(one.problems)
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


def _check_order(outcomes: list[Outcome], contacts: Contacts) -> None:
    """What is stored is what the last record says that was sent with the key."""
    last = {
        str(one.record.get("email")).lower(): one
        for one in outcomes
        if isinstance(one.record, dict) and one.status is not Status.REJECTED
    }
    for key, one in last.items():
        name = one.record.get("firstname")
        if one.status in WRITTEN and isinstance(name, str) and name:
            assert contacts.stored[key]["firstname"] == name


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


@pytest.mark.parametrize("fault", ["before", "after", "503"])
def test_an_update_after_a_lost_answer_may_be_a_creation(fault: str) -> None:
    contacts = Contacts()
    driving = Driving(contacts, faults=[fault])
    driving.run(plan(), [contact(1)])
    expected = "written" if fault == "after" else "created"
    assert [one.status for one in driving.outcomes] == [expected]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("refused", (None, "VALIDATION_ERROR", "That will not do; ")),
        ("invalid", ("firstname", "INVALID", "firstname is invalid; ")),
    ],
)
def test_what_is_refused_after_a_lost_answer_may_be_stored(
    name: str, said: tuple[str | None, str, str]
) -> None:
    contacts = Contacts()
    driving = Driving(contacts, faults=["503"])
    driving.run(plan(), [contact(1), contact(2, firstname=name)])
    written, refused = driving.outcomes
    assert written.status in WRITTEN
    assert refused.reason == "it was sent before, and may be stored"
    assert (refused.status, refused.is_refused) == ("unknown", True)
    (problem,) = refused.problems
    assert problem == (*said[:2], f"{said[2]}{refused.reason}")


def test_what_is_refused_after_a_run_that_was_killed_may_be_stored() -> None:
    run = Run(plan())
    run.feed([contact(1)])
    (batch,) = run.end()
    batch.resume(None)
    run.send(batch)
    _answer(run, json_answer(400, error_body("That will not do")))
    assert [one.status for one in run.outcomes()] == ["unknown"]


def test_refusals_of_what_may_be_stored_are_answers() -> None:
    run, contacts = Run(plan(maximum=1)), Contacts()
    for batch in [*run.feed([contact(n, firstname="invalid") for n in range(6)]), *run.end()]:
        batch.resume(None)
        run.send(batch)
    while (part := run.next_part()) is not None:
        _answer(run, contacts.answer(part.content(ENVELOPE)), part)
    assert run.stop_so_far() is None
    assert [one.status for one in run.outcomes()] == ["unknown"] * 6


TOO_LONG = json_answer(477, {}, {"retry-after": "86400"})
ON = "the time budget of 30 s "


@pytest.mark.parametrize(
    ("answer", "times", "status", "mend", "reason"),
    [
        (json_answer(401, error_body("who?")), {}, "not sent", "token", "who?"),
        (Failure("certificate", retryable=False), {}, "not sent", "base URL", "certificate"),
        # What does not pass in the time that one request has.
        (json_answer(429, {}), {"took": 1.0}, "not sent", "time_budget", ""),
        (TOO_LONG, {"took": 1.0}, "not sent", "time_budget", ""),
        (json_answer(503, {}), {"took": 1.0}, "unknown", "time_budget", ""),
        (Failure("reset", retryable=True), {"took": 1.0}, "unknown", "time_budget", ""),
        # What does not pass in the time that the run has.
        (json_answer(503, {}), {"time_left": 0.0}, "unknown", "", f"{ON}is over"),
        (
            TOO_LONG,
            {"time_left": 29.5},
            "not sent",
            "",
            f"{ON}would be over before the next attempt",
        ),
    ],
)
def test_what_every_request_would_meet_stops_the_run(
    answer: Answer | Failure, times: dict[str, float], status: str, mend: str, reason: str
) -> None:
    run = _sending(plan(time_budget=30.0) if "time_left" in times else plan(patience=1.0), 1)
    _answer(run, answer, **times)
    assert [one.status for one in run.outcomes()] == [status]
    stop = run.stop_so_far()
    assert stop is not None
    assert mend in stop.mend
    if "time_left" in times:
        assert stop.reason == reason
    else:
        assert reason in stop.reason
        assert "time budget" not in stop.reason


@pytest.mark.parametrize(
    ("fault", "told"), [("522", "busy"), ("html", "cannot be read"), ("canceled", "CANCELED")]
)
def test_many_answers_in_a_row_that_say_nothing_stop_the_run(fault: str, told: str) -> None:
    driving = Driving(Contacts(), faults=[fault] * 100)
    run = driving.run(plan(maximum=1, concurrency=1), [contact(n) for n in range(9)])
    assert driving.requests == 5
    stop = run.stop_so_far()
    assert stop is not None
    assert told in stop.reason
    assert [one.status for one in driving.outcomes] == ["unknown"] * 2 + ["not sent"] * 7


@pytest.mark.parametrize("fault", LOST)
def test_what_is_in_doubt_is_settled_by_sending_it_again(fault: str) -> None:
    contacts = Contacts()
    driving = Driving(contacts, faults=[fault, None])
    driving.run(plan(), [contact(n) for n in range(4)])
    assert {one.status for one in driving.outcomes} <= WRITTEN
    assert [one.id for one in driving.outcomes] == list(contacts.ids.values())
    again = sorted(contacts.requests[1])
    assert again == [contact(n)["email"] for n in ((0, 2) if fault == "missing" else range(4))]


@pytest.mark.parametrize(("fault", "requests"), [("html", 3), ("missing", 2)])
def test_what_stays_in_doubt_is_not_sent_for_ever(fault: str, requests: int) -> None:
    driving = Driving(Contacts(), faults=[fault] * 3)
    driving.run(plan(), [contact(n) for n in range(4)])
    assert driving.requests == requests
    assert driving.outcomes[0].status is Status.UNKNOWN


@pytest.mark.parametrize("fault", LOST)
def test_what_twice_might_do_harm_is_not_sent_again(fault: str) -> None:
    what = plan()
    once = replace(OPERATION, policy=replace(POLICY, retry_transport=False))
    driving = Driving(Contacts(), faults=[fault])
    driving.run(replace(what, operation=once), [contact(0), contact(1)])
    assert driving.requests == 1
    assert Status.UNKNOWN in {one.status for one in driving.outcomes}


def test_what_nothing_was_sent_of_is_not_sent() -> None:
    failure = Failure("no connection", retryable=True, in_doubt=False)
    run = _sending(plan(patience=1.0), 1)
    _answer(run, failure, took=1.0)
    assert [one.status for one in run.outcomes()] == ["not sent"]


@pytest.mark.parametrize("faults", [[], ["503"]])
def test_what_every_record_is_refused_for_stops_the_run(faults: list[str]) -> None:
    driving = Driving(Contacts(), faults=faults)
    run = driving.run(
        plan(maximum=10, concurrency=4), [contact(n, firstname="refused") for n in range(300)]
    )
    assert driving.requests < 60
    statuses = Counter(one.status for one in driving.outcomes)
    assert statuses == Counter({"unknown": 10 * len(faults), "not sent": 300 - 10 * len(faults)})
    stop = run.stop_so_far()
    assert stop is not None
    assert stop.resume_at == 0
    assert "That will not do" in stop.reason
    assert "object type" in stop.mend
    assert stop.error is not None
    assert stop.error.status == 400


class Last(Random):
    """Has as many in flight as may be, and the last of them answered first."""

    def random(self) -> float:
        return 0.0

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return (start if stop is None else stop) - 1


def test_no_other_batch_is_divided_while_the_first_one_has_no_answer() -> None:
    driving = Driving(Contacts())
    driving.chance = Last(0)
    records = [contact(n, firstname="refused") for n in range(300)]
    run = driving.run(plan(maximum=10, concurrency=4), records)
    assert run.stop_so_far() is not None
    assert driving.requests < 60


@pytest.mark.parametrize("differing", ["Ada", "conflict"])
def test_what_not_all_are_refused_for_is_about_records(differing: str) -> None:
    names = [differing] + ["refused"] * 29
    driving = Driving(Contacts())
    run = driving.run(
        plan(maximum=10), [contact(n, firstname=name) for n, name in enumerate(names)]
    )
    assert run.stop_so_far() is None
    assert [one.index for one in driving.outcomes if one.problems] == [
        n for n, name in enumerate(names) if name != "Ada"
    ]


def test_values_that_differ_are_told_apart() -> None:
    class Refusing(Contacts):
        def answer(self, body: bytes, fault: str | None = None) -> Answer:
            first = json.loads(body)["inputs"][0]["properties"]
            return json_answer(400, error_body(f"{first['size']} is no size"))

    driving = Driving(Refusing())
    run = driving.run(plan(maximum=10), [contact(n, size=f"{n} ft") for n in range(30)])
    assert run.stop_so_far() is None


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
        part.requests = int(sent)
        run.stop("enough")
        run.not_sent(part, "enough")
        assert [one.status for one in run.outcomes()] == [status]


@pytest.mark.parametrize(
    ("limit", "most"),
    [(None, 50_000), (RateLimit(), 50_000), (RateLimit(30), 60_000), (RateLimit(1), 32_000)],
)
def test_outcomes_wait_for_the_first_but_not_for_ever_more_records(
    limit: RateLimit | None, most: int
) -> None:
    run, count, held = Run(plan(maximum=1_000, concurrency=2)), 0, None
    run.learn(limit)
    while run.wanted:
        for batch in run.feed([contact(number) for number in range(count, count + 1_000)]):
            run.send(batch)
        count += 1_000
        part = run.next_part()
        assert part is not None
        if held is None:
            held = part
            continue
        _answer(run, Contacts().answer(part.content(ENVELOPE)), part)
    assert run.outcomes() == []
    assert count == most
    assert held is not None
    _answer(run, Contacts().answer(held.content(ENVELOPE)), held)
    assert [one.index for one in run.outcomes()] == list(range(count))
    assert run.wanted


def test_what_is_delayed_leaves_its_slot_to_others() -> None:
    run = Run(plan(maximum=1, concurrency=2))
    first = _next_of(run, 0)
    _answer(run, json_answer(429, {}, {"retry-after": "10"}), first, took=1.0)
    for number in range(1, 40):
        part = _next_of(run, number)
        _answer(run, Contacts().answer(part.content(ENVELOPE)), part)
    again = run.next_again
    assert again is not None
    assert again.due >= 11.0
    assert run.next_part(again.due - 0.01) is None
    assert run.next_part(again.due) is first


def _next_of(run: Run, number: int) -> Part:
    """Feed a contact that makes a batch, and give out its part."""
    for batch in run.feed([contact(number)]):
        run.send(batch)
    part = run.next_part(0.0)
    assert part is not None
    assert part.batch.number == number
    return part


@pytest.mark.parametrize(("concurrency", "failures"), [(1, 2), (3, 3)])
def test_a_server_that_fails_in_all_slots_is_asked_for_nothing_new(
    concurrency: int, failures: int
) -> None:
    run = Run(plan(maximum=1, concurrency=concurrency))
    for number in range(failures):
        assert run.wanted
        _answer(run, json_answer(503, {}), _next_of(run, number))
    assert run.wanted == 0
    assert run.next_part(0.0) is None
    again = run.next_part()
    assert again is not None
    _answer(run, Contacts().answer(again.content(ENVELOPE)), again)
    assert run.wanted


@given(st.integers(0, 10**9), st.sampled_from(["error", "merge"]))
def test_what_holds_back_others_comes_to_an_end(seed: int, duplicates: Any) -> None:
    chance = random.Random(seed)
    faults = chance.choices([None, "before", "429", "503", *LOST], k=chance.randint(0, 40))
    names = chance.choices(["refused", "refused", "conflict", "Ada"], k=chance.randint(1, 12))
    numbers = [n % 5 if duplicates == "merge" else n for n in range(len(names))]
    what = plan(
        maximum=chance.randint(1, 3), duplicates=duplicates, concurrency=chance.randint(1, 3)
    )
    driving = Driving(Contacts(), faults=faults, seed=seed)
    run = driving.run(
        what, [contact(n, firstname=name) for n, name in zip(numbers, names, strict=True)]
    )
    assert len(driving.outcomes) == len(names)
    assert run.stop_cause or Status.NOT_SENT not in {one.status for one in driving.outcomes}


def test_a_first_batch_that_is_refused_and_stays_in_doubt_keeps_nothing_from_being_sent() -> None:
    faults = [None, None, "html", "html", "html"]
    driving = Driving(Contacts(), faults=faults)
    names = ["refused", "refused", "Ada", "Ada"]
    what = plan(maximum=2, concurrency=1)
    run = driving.run(what, [contact(n, firstname=name) for n, name in enumerate(names)])
    assert run.stop_so_far() is None
    assert [one.status for one in driving.outcomes] == ["rejected", "unknown", *["created"] * 2]


def test_what_shares_a_key_waits_and_lets_all_others_pass() -> None:
    run = Run(plan(maximum=2, duplicates="merge", concurrency=9))
    numbers = [1, 2, 2, 3, 4, 5, 3, 6, 7, 8]
    for batch in [*run.feed([contact(n) for n in numbers]), *run.end()]:
        run.send(batch)
    parts = list(iter(run.next_part, None))
    assert [part.batch.number for part in parts] == [0, 2, 4]
    contacts = Contacts()
    for number in (0, 1):
        _answer(run, contacts.answer(parts[number].content(ENVELOPE)), parts[number])
        (following,) = iter(run.next_part, None)
        parts.insert(number + 1, following)
    assert [part.batch.number for part in parts] == [0, 1, 3, 2, 4]


def test_what_an_earlier_run_knows_is_not_sent() -> None:
    run = Run(plan(duplicates="first"))
    (batch,) = run.feed([contact(1), contact(2), contact(3), contact(4)])
    empty: dict[str, Any] = {}
    batch.resume([Outcome(n, Status.CREATED, empty, id=str(n)) for n in range(4)])
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


def _sending(what: RunPlan, count: int) -> Run:
    run = Run(what)
    for batch in [*run.feed([contact(n) for n in range(count)]), *run.end()]:
        run.send(batch)
    return run


def _answer(
    run: Run,
    answer: Answer | Failure,
    part: Part | None = None,
    /,
    *,
    took: float = 0.0,
    time_left: float = math.inf,
) -> None:
    """Answer a part, or the next one."""
    part = part or run.next_part()
    assert part is not None
    part.requests = 1
    run.answered(part, answer, took=took, time_left=time_left, random=0.0, now=0.0)

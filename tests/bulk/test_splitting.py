"""Parts of a batch: what is sent again when some of it was refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.batching import Batch, Part, Planner
from package._bulk.run import Run

from tests.bulk.contacts import PLAIN_ROLES, ROLES, Contacts, contact
from tests.bulk.driving import Driving, plan


def batch_of(records: list[Any], **options: Any) -> Batch:
    planner = Planner(options.pop("roles", ROLES), options.pop("id_property", "email"), "error")
    assert planner.extend(records) == []
    batch = planner.close()
    assert batch is not None
    return batch


@given(st.integers(2, 100))
def test_halves_are_the_whole_and_nearly_equal(count: int) -> None:
    part = Part(batch_of([contact(number) for number in range(count)][:99]), 0, min(count, 99))
    left, right = part.halves()
    assert (left.start, left.stop, right.stop) == (0, right.start, part.stop)
    assert abs(len(left) - len(right)) <= 1
    whole = json.loads(part.content("inputs"))["inputs"]
    halves = [json.loads(half.content("inputs"))["inputs"] for half in (left, right)]
    assert whole == halves[0] + halves[1]


def test_doubt_is_inherited() -> None:
    part = Part(batch_of([contact(1), contact(2)]), 0, 2, in_doubt=True)
    assert [half.in_doubt for half in part.halves()] == [True, True]


def test_trace_ids_name_the_index_and_stay_the_same_in_a_replay() -> None:
    contacts = Contacts()
    records = [contact(number) for number in range(6)]
    records[4]["firstname"] = "refused"
    Driving(contacts).run(plan(maximum=3), records)
    batches = [Run(plan(maximum=3)).feed(records) for _ in range(2)]
    traces = [
        [one["objectWriteTraceId"] for batch in given for one in batch.inputs] for given in batches
    ]
    assert traces[0] == traces[1] == [f"record-{number}" for number in range(6)]


def test_a_value_that_has_no_json_harms_no_other_record() -> None:
    records = [contact(1), contact(2, note="half \ud83d"), contact(3), {"email": "\udc00"}]
    batch = batch_of(records)
    assert [one["id"] for one in batch.inputs] == ["1@example.com", "3@example.com"]
    assert batch.undecided == 2
    assert batch.outcomes[1].problems[0][:2] == ("note", "UNSUPPORTED_VALUE")
    assert batch.outcomes[3].status == "rejected"


def test_plain_records_that_have_no_json_are_rejected() -> None:
    records = [{"id": "1", "n": float("nan")}, {"id": "2", "n": object()}, {"id": "3"}]
    batch = batch_of(records, roles=PLAIN_ROLES, id_property=None)
    assert json.loads(Part(batch, 0, 2).content("inputs")) == {
        "inputs": [{"id": "1", "n": None}, {"id": "3"}]
    }
    assert batch.outcomes[1].problems[0].property == "n"


def test_plain_records_are_grouped_by_what_they_name() -> None:
    roles = replace(PLAIN_ROLES, key_property="by", maximum=3)
    planner = Planner(roles, None, "error")
    records = [{"id": "1", "by": name} for name in ("a", "b", "b", "a")]
    records += [{"id": "2", "by": "a"}]
    batches = planner.extend(records)
    last = planner.close()
    assert last is not None
    assert [[one["by"] for one in batch.inputs] for batch in [*batches, last]] == [
        ["a"],
        ["b"],
        ["a"],
    ]
    assert [batch.first_index for batch in [*batches, last]] == [0, 1, 3]


@pytest.mark.parametrize("maximum", [1, 3])
def test_a_batch_of_nothing_but_bad_records_ends_too(maximum: int) -> None:
    planner = Planner(ROLES, "email", "error")
    bad: list[Any] = [{}] * 1000
    assert [len(batch.records) for batch in planner.extend(bad)] == [400, 400]

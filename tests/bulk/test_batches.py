"""Records into batches and batches into parts: which are sent, and what becomes of those with one key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from itertools import cycle, islice
from random import Random
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk import duplicates as module
from package._bulk.batch import Batch, Part
from package._bulk.batcher import Batcher
from package._bulk.duplicates import DUPLICATES, KeyIndex
from package._bulk.outcomes import Problem
from package._bulk.run import Run
from package._bulk.source import UnreadableRecord

from tests.bulk.contacts import (
    ENVELOPE,
    PLAIN_ROLES,
    ROLES,
    Contacts,
    Driving,
    contact,
    outcomes_of,
    plan,
)


def batch_of(records: list[Any], **options: Any) -> Batch:
    batcher = Batcher(options.pop("roles", ROLES), options.pop("id_property", "email"), "error")
    assert batcher.extend(records) == []
    batch = batcher.close()
    assert batch is not None
    return batch


class OneByOne(Batcher):
    """Takes all records the long way."""

    def _add_texts(self, records: Sequence[Mapping[str, Any]]) -> bool:
        return False


_UNUSUAL: list[Any] = [
    *[{}, {"email": ""}, {"email": None}, {"email": 7}, "no record", {"phone": "1"}],
    *[{"email": "a@x.y", "phone": "\ud800"}, MappingProxyType({"email": "a@x.y"})],
]


def _people(seed: int, count: int) -> list[Any]:
    """Give records as the quick way takes them, but for a few; some have the key of an earlier one."""
    chance = Random(seed)
    people: list[Any] = []
    for number in range(count):
        name = chance.randrange(number + 1) if chance.random() < 0.1 else number
        email = f"{name}@{chance.choice(['x', 'x', 'X'])}.y"
        usual = {"email": email, **dict.fromkeys(chance.sample(["phone", "id", "city"], 2), email)}
        people.append(chance.choice(_UNUSUAL) if chance.random() < 0.05 else usual)
    return people


@given(
    st.builds(_people, st.integers(0, 10**9), st.integers(0, 150)),
    st.sampled_from(DUPLICATES),
    st.integers(1, 60),
    st.lists(st.integers(1, 60), min_size=1, max_size=8),
    st.sampled_from([ROLES, replace(ROLES, case_insensitive=()), replace(ROLES, trace_id=None)]),
)
def test_the_quick_way_makes_the_same_batches_as_one_record_at_a_time(
    records: list[Any], duplicates: Any, maximum: int, sizes: list[int], roles: Any
) -> None:
    made: list[list[Batch]] = []
    for kind in (Batcher, OneByOne):
        batcher = kind(replace(roles, maximum=maximum), "email", duplicates)
        source, ended, size = iter(records), list[Batch](), cycle(sizes)
        while some := list(islice(source, min(next(size), batcher.room))):
            ended += batcher.extend(some)
        made.append([*ended, *filter(None, [batcher.close()])])
    quick, plain = made
    assert [_all_of(one) for one in quick] == [_all_of(one) for one in plain]


def _all_of(batch: Batch) -> dict[str, Any]:
    return {each.name: getattr(batch, each.name) for each in fields(batch)}


def test_usual_records_go_the_quick_way(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Batcher, "_add")
    batch = batch_of([contact(number) for number in range(90)])
    assert [one["id"] for one in batch.inputs] == [f"{n}@example.com" for n in range(90)]


# Parts


@given(st.integers(2, 99), st.booleans())
def test_halves_are_the_whole_and_nearly_equal(count: int, in_doubt: bool) -> None:
    batch = batch_of([contact(number) for number in range(count)])
    part = Part(batch, 0, count, in_doubt=in_doubt)
    left, right = part.halves()
    assert left.in_doubt == right.in_doubt == in_doubt
    assert (left.start, left.stop, right.stop) == (0, right.start, part.stop)
    assert abs(len(left) - len(right)) <= 1
    whole = json.loads(part.content(ENVELOPE))["inputs"]
    halves = [json.loads(half.content(ENVELOPE))["inputs"] for half in (left, right)]
    assert whole == halves[0] + halves[1]


def test_trace_ids_name_the_index_and_stay_the_same_in_a_replay() -> None:
    records = [contact(number) for number in range(6)]
    for _ in range(2):
        inputs = [one for batch in Run(plan(maximum=3)).feed(records) for one in batch.inputs]
        assert [one["objectWriteTraceId"] for one in inputs] == [f"record-{n}" for n in range(6)]


def test_a_value_that_has_no_json_harms_no_other_record() -> None:
    records = [contact(1), contact(2, note="half \ud83d"), contact(3), {"email": "\udc00"}]
    batch = batch_of(records)
    assert [one["id"] for one in batch.inputs] == ["1@example.com", "3@example.com"]
    assert batch.undecided == 2
    assert batch.outcomes[1].problems[0][:2] == ("note", "UNSUPPORTED_VALUE")
    assert batch.outcomes[3].status == "rejected"


def test_a_request_that_is_not_repeated_after_all_was_sent_all_the_same() -> None:
    part = Part(Batch(0, 0), 0, 0)
    assert not part.may_start(1.0, is_wanted=False)
    assert not part.sent
    assert part.may_start(2.0, is_wanted=True)
    assert not part.may_start(3.0, is_wanted=False)
    assert (part.sent, part.requests, part.began) == (True, 1, 2.0)


def test_plain_records_that_have_no_json_are_rejected() -> None:
    records = [{"id": "1", "n": float("nan")}, {"id": "2", "n": object()}, {"id": "3"}]
    batch = batch_of(records, roles=PLAIN_ROLES, id_property=None)
    assert json.loads(Part(batch, 0, 2).content(ENVELOPE)) == {
        "inputs": [{"id": "1", "n": None}, {"id": "3"}]
    }
    assert batch.outcomes[1].problems[0].property == "n"


def test_plain_records_are_grouped_by_what_they_name() -> None:
    batcher = Batcher(replace(PLAIN_ROLES, key_property="by", maximum=3), None, "error")
    records = [{"id": "1", "by": name} for name in ("a", "b", "b", "a")]
    batches = batcher.extend([*records, {"id": "2", "by": "a"}])
    batches += filter(None, [batcher.close()])
    assert [[one["by"] for one in batch.inputs] for batch in batches] == [["a"], ["b"], ["a"]]
    assert [batch.first_index for batch in batches] == [0, 1, 3]


@pytest.mark.parametrize("maximum", [1, 3])
def test_a_batch_of_nothing_but_bad_records_ends_too(maximum: int) -> None:
    batcher = Batcher(ROLES, "email", "error")
    bad: list[Any] = [{}] * 1000
    assert [len(batch.records) for batch in batcher.extend(bad)] == [400, 400]


# Records with the same key


@given(
    st.lists(st.text("abc", max_size=2)), st.sets(st.text("abc", max_size=2)), st.integers(-1, 5)
)
def test_the_index_finds_the_first_record_with_a_key_until_it_is_released(
    keys: list[str], released: set[str], few: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", few)
        _check_index(KeyIndex(), keys, released)


def _check_index(index: KeyIndex, keys: list[str], released: set[str]) -> None:
    assert [index.claim(key, number) for number, key in enumerate(keys)] == [
        keys.index(key) for key in keys
    ]
    assert len(index) == len(set(keys))
    for key in released:
        index.release(key)
    for key in {*keys, *released}:
        expected = keys.index(key) if key in keys and key not in released else 99
        assert index.claim(key, 99) == expected
    assert len(index) == len({*keys, *released})


@given(
    st.lists(st.text("abc", max_size=2), unique=True),
    st.lists(st.text("abc", max_size=2)),
    st.integers(-1, 5),
)
def test_the_index_claims_all_keys_or_none(known: list[str], keys: list[str], few: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_FEW", few)
        index = KeyIndex()
        for number, key in enumerate(known):
            index.claim(key, number)
        are_new = len({*known, *keys}) == len(known) + len(keys)
        assert index.claim_all(keys, 50) == are_new
        claimed = {key: number for number, key in enumerate(keys, 50)} if are_new else {}
        assert len(index) == len(known) + len(claimed)
        for key in set(keys):
            expected = known.index(key) if key in known else claimed.get(key, 99)
            assert index.claim(key, 99) == expected


def test_the_index_grows_without_losing_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MEAN_SIZE", 3)
    monkeypatch.setattr(module, "_BUCKETS", 1)
    monkeypatch.setattr(module, "_FEW", 100)
    index = KeyIndex()
    for number in range(5000):
        assert index.claim(f"key {number}", number) == number
    assert all(index.claim(f"key {number}", 0) == number for number in range(5000))
    assert len(index._buckets) > 1500


RECORDS = [
    {"email": "a@x.y", "firstname": "A1", "phone": "1"},
    {"email": "b@x.y", "firstname": "B"},
    {"email": "A@X.Y", "firstname": "A2"},
    {"email": "a@x.y", "firstname": "A3", "city": "C"},
]


_FIRST = {"firstname": "A1", "phone": "1"}
_LAST = {"firstname": "A3", "city": "C"}
_ALL = _FIRST | _LAST
_KEPT = [("created", None), ("created", None)]


@pytest.mark.parametrize(
    ("duplicates", "maximum", "stored", "expected"),
    [
        *[("error", size, _FIRST, [*_KEPT, *[("rejected", None)] * 2]) for size in (1, 2, 10)],
        *[("first", size, _FIRST, [*_KEPT, *[("created", 0)] * 2]) for size in (1, 2, 10)],
        ("last", 10, _LAST, [("created", 3), ("created", None)] * 2),
        ("merge", 10, _ALL, [("created", 3), ("created", None)] * 2),
        # The last one wins across batches.
        ("last", 2, _ALL, [*_KEPT, ("updated", 3), ("updated", None)]),
        ("merge", 2, _ALL, [*_KEPT, ("updated", 3), ("updated", None)]),
    ],
)
def test_what_becomes_of_records_with_the_same_key(
    duplicates: Any, maximum: int, stored: dict[str, str], expected: list[Any]
) -> None:
    contacts = Contacts()
    outcomes = outcomes_of(RECORDS, duplicates, contacts=contacts, maximum=maximum)
    assert contacts.stored["a@x.y"] == stored
    assert [(one.status, one.merged_into) for one in outcomes] == expected


@given(
    st.lists(st.tuples(st.integers(0, 4), st.integers(0, 9)), max_size=30),
    st.sampled_from(DUPLICATES),
    st.integers(1, 6),
)
def test_what_is_stored_is_what_the_choice_says(
    pairs: list[tuple[int, int]], duplicates: Any, maximum: int
) -> None:
    records = [{"email": f"{key}@x.y", f"p{value % 3}": str(value)} for key, value in pairs]
    contacts = Contacts()
    outcomes_of(records, duplicates, contacts=contacts, maximum=maximum)
    for key in {key for key, _ in pairs}:
        mine = [dict(record) for record in records if record["email"] == f"{key}@x.y"]
        stored = contacts.stored[f"{key}@x.y"]
        for record in mine:
            del record["email"]
        if duplicates in {"error", "first"}:
            assert stored == mine[0]
        elif duplicates == "merge":
            assert stored == {name: value for one in mine for name, value in one.items()}
        else:
            assert mine[-1].items() <= stored.items()


def test_a_record_that_cannot_be_sent_does_not_claim_its_key() -> None:
    records: list[Any] = [{"email": "a@x.y", "note": object()}, {"email": "a@x.y"}]
    assert [one.status for one in outcomes_of(records)] == ["rejected", "created"]


@pytest.mark.parametrize("duplicates", DUPLICATES)
@pytest.mark.parametrize("maximum", [1, 2, 10])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_nor_does_one_that_has_no_json(duplicates: Any, maximum: int, place: int) -> None:
    records = [{"email": "a@x.y", "firstname": f"A{number}"} for number in range(2)]
    records.insert(place, {"email": "A@x.y", "firstname": "\ud800", "phone": "1"})
    contacts = Contacts()
    outcomes = outcomes_of(records, duplicates, contacts=contacts, maximum=maximum)
    bad = outcomes.pop(place)
    if place == 0 or duplicates in {"last", "merge"}:  # Otherwise it is nothing but a duplicate.
        assert (bad.status, bad.merged_into) == ("rejected", None)
        assert bad.problems[0].code == "UNSUPPORTED_VALUE"
    last = "rejected" if duplicates == "error" else "created"
    assert outcomes[0].status == "created"
    assert outcomes[1].status in (last, "updated")
    kept = "A0" if duplicates in {"error", "first"} else "A1"
    assert contacts.stored == {"a@x.y": {"firstname": kept}}


def test_keys_with_case_differ_where_the_api_says_so() -> None:
    what = plan(maximum=10)
    run = Run(replace(what, roles=replace(what.roles, case_insensitive=())))
    run.feed([{"email": "A@x.y"}, {"email": "a@x.y"}])
    (batch,) = run.end()
    assert len(batch.inputs) == 2


def test_a_duplicate_says_which_record_has_its_key() -> None:
    problem = outcomes_of(RECORDS)[3].problems[0]
    assert problem == ("email", "DUPLICATE_KEY", "record 0 has the same email")


class Text(str):
    """Text of a class of its own."""


@pytest.mark.parametrize("value", ['Ä\u2028\x7f"\\/\t', Text("Ada"), "\ud800"])
def test_the_extra_fast_sends_the_same_bytes(value: str) -> None:
    record = {"email": "a@x.y", "firstname": value}
    batches = []
    for is_fast in (False, True):
        batcher = Batcher(ROLES, "email", "error", is_fast=is_fast)
        batcher.extend([record, contact(1)])
        batches.append(batcher.close())
    assert [batch and (batch.content, batch.outcomes) for batch in batches] == [
        batches[0] and (batches[0].content, batches[0].outcomes)
    ] * 2


@pytest.mark.parametrize("maximum", [10, 2])
@pytest.mark.parametrize("duplicates", ["error", "last"])
def test_records_that_ended_in_one_id_say_so(maximum: int, duplicates: Any) -> None:
    contacts = Contacts(ids={"1@example.com": "7", "3@example.com": "7"})
    driving = Driving(contacts)
    numbers = [0, 1, 2, 3, *([2] if duplicates == "last" else [])]
    driving.run(plan(maximum=maximum, duplicates=duplicates), [contact(n) for n in numbers])
    told = {one.index: one.warnings for one in driving.outcomes if one.warnings}
    ((index, (warning,)),) = told.items()
    assert index == 3
    assert warning["category"] == "SAME_ID"
    assert "record 1 has another key and the same id, 7" in warning["message"]


def test_what_a_source_could_not_read_is_rejected_with_its_words() -> None:
    outcomes = outcomes_of([contact(1), UnreadableRecord("line 2 is no record"), contact(2)])
    assert [one.status for one in outcomes] == ["created", "rejected", "created"]
    assert outcomes[1].problems == (Problem(None, "UNREADABLE_RECORD", "line 2 is no record"),)

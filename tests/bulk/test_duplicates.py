"""Records with the same key: which is sent, and what becomes of the others."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk import duplicates as module
from package._bulk.duplicates import DUPLICATES, KeyIndex
from package._bulk.run import Run

from tests.bulk.contacts import Contacts
from tests.bulk.driving import outcomes_of, plan


@given(st.lists(st.text(max_size=2)))
def test_the_index_finds_the_first_record_with_a_key(keys: list[str]) -> None:
    index = KeyIndex()
    assert [index.claim(key, number) for number, key in enumerate(keys)] == [
        keys.index(key) for key in keys
    ]
    assert len(index) == len(set(keys))


def test_the_index_grows_without_losing_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_MEAN_SIZE", 3)
    monkeypatch.setattr(module, "_BUCKETS", 1)
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


def upserted(duplicates: Any, maximum: int) -> tuple[dict[str, dict[str, str]], list[Any]]:
    contacts = Contacts()
    outcomes = outcomes_of(RECORDS, duplicates, contacts=contacts, maximum=maximum)
    return contacts.stored, [(str(one.status), one.merged_into) for one in outcomes]


@pytest.mark.parametrize("maximum", [1, 2, 10])
def test_error_rejects_all_but_the_first(maximum: int) -> None:
    stored, outcomes = upserted("error", maximum)
    assert stored["a@x.y"] == {"firstname": "A1", "phone": "1"}
    assert outcomes == [("created", None), ("created", None)] + [("rejected", None)] * 2


@pytest.mark.parametrize("maximum", [1, 2, 10])
def test_first_merges_later_ones_into_the_first(maximum: int) -> None:
    stored, outcomes = upserted("first", maximum)
    assert stored["a@x.y"] == {"firstname": "A1", "phone": "1"}
    assert outcomes == [("created", None), ("created", None), ("created", 0), ("created", 0)]


def test_last_sends_the_last_of_a_batch() -> None:
    stored, outcomes = upserted("last", 10)
    assert stored["a@x.y"] == {"firstname": "A3", "city": "C"}
    assert outcomes == [("created", 3), ("created", None), ("created", 3), ("created", None)]


def test_merge_sends_the_values_of_all_and_later_ones_win() -> None:
    stored, outcomes = upserted("merge", 10)
    assert stored["a@x.y"] == {"firstname": "A3", "phone": "1", "city": "C"}
    assert outcomes == [("created", 3), ("created", None), ("created", 3), ("created", None)]


@pytest.mark.parametrize("duplicates", ["last", "merge"])
def test_the_last_one_wins_across_batches(duplicates: str) -> None:
    stored, outcomes = upserted(duplicates, 2)
    assert stored["a@x.y"] == {"firstname": "A3", "phone": "1", "city": "C"}
    assert outcomes == [("created", None), ("created", None), ("updated", 3), ("updated", None)]


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


@given(st.lists(st.text("abc", max_size=2)), st.sets(st.text("abc", max_size=2)))
def test_a_released_key_can_be_claimed_again(keys: list[str], released: set[str]) -> None:
    index = KeyIndex()
    for number, key in enumerate(keys):
        index.claim(key, number)
    for key in released:
        index.release(key)
    for key in {*keys, *released}:
        expected = keys.index(key) if key in keys and key not in released else 99
        assert index.claim(key, 99) == expected
    assert len(index) == len({*keys, *released})


def test_keys_with_case_differ_where_the_api_says_so() -> None:
    what = plan(maximum=10)
    run = Run(replace(what, roles=replace(what.roles, case_insensitive=frozenset())))
    run.feed([{"email": "A@x.y"}, {"email": "a@x.y"}])
    (batch,) = run.end()
    assert len(batch.inputs) == 2


def test_a_duplicate_says_which_record_has_its_key() -> None:
    problem = outcomes_of(RECORDS)[3].problems[0]
    assert problem == ("email", "DUPLICATE_KEY", "record 0 has the same email")

"""What an answer says of each record, in the many forms in which it may."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from package._bulk.answer_body import decode_all, decoder_of
from package._bulk.batch import Batch, Part
from package._bulk.batcher import Batcher
from package._bulk.correlation import correlate
from package._bulk.outcomes import Outcome
from package._runtime.roles import ResultStatus

from tests.bulk.contacts import PLAIN_ROLES, ROLES, SHAPE, contact, error_body, invalid


def part_of(records: list[Any], roles: Any = ROLES, id_property: str | None = "email") -> Part:
    batcher = Batcher(roles, id_property, "error")
    batcher.extend(records)
    batch = batcher.close()
    assert batch is not None
    return Part(batch, 0, len(batch.inputs))


PART = part_of([contact(0), contact(1), {"email": "Two@Example.com"}])


def result(number: int, **more: Any) -> dict[str, Any]:
    return {"id": str(100 + number), "new": True, "objectWriteTraceId": f"record-{number}", **more}


def told(body: dict[str, Any], part: Part = PART, **roles: Any) -> list[Outcome]:
    parts = replace(ROLES, **roles)
    outcomes = correlate(parts, "email", part, body)
    # The same as if nothing of it were left out.
    content = json.dumps(body).encode()
    for is_fast in (False, True):
        decoded: Any = decoder_of(parts, "email", is_fast=is_fast)(content)
        whole = partial(decode_all, content)
        assert correlate(parts, "email", part, decoded, whole) == outcomes
    return outcomes


def test_results_are_matched_by_trace_id_in_any_order() -> None:
    outcomes = told({"results": [result(2, new=False), result(0), result(1, new=None)]})
    assert [(one.index, one.status, one.id) for one in outcomes] == [
        (0, "created", "100"),
        (1, "written", "101"),
        (2, "updated", "102"),
    ]


@pytest.mark.parametrize("more", [[], ["nonsense"]])
def test_without_trace_ids_results_are_matched_by_key_without_case(more: list[str]) -> None:
    results = [
        {"id": "1", "new": True, "properties": {"email": "two@example.COM"}},
        {
            "id": "2",
            "new": True,
            "objectWriteTraceId": "x",
            "properties": {"email": "0@EXAMPLE.com"},
        },
        {"id": "3", "new": True, "properties": {"email": "nobody@example.com"}},
        {"id": "4", "new": True, "properties": None},
        {"id": "5", "objectWriteTraceId": ["record-1"]},
        *more,
    ]
    outcomes = told({"results": results})
    assert [(one.status, one.id) for one in outcomes] == [
        ("created", "2"),
        ("unknown", None),
        ("created", "1"),
    ]


def test_of_several_results_for_one_record_the_last_one_counts() -> None:
    another = {
        "id": "7",
        "new": True,
        "objectWriteTraceId": "x",
        "properties": {"email": "0@example.com"},
    }
    outcomes = told({"results": [result(0), result(1), result(2), another]})
    assert [one.id for one in outcomes] == ["7", "101", "102"]


STRANGE = st.sampled_from([None, True, 1, 1.5, "record-0", "x", [], ["record-1"], {}, {"email": 1}])
RESULTS = st.fixed_dictionaries(
    {},
    optional={
        "id": STRANGE,
        "new": STRANGE,
        "objectWriteTraceId": STRANGE,
        "properties": STRANGE | st.just({"email": "two@example.com", "more": 1}),
        "warnings": STRANGE,
        "archived": STRANGE,
    },
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "results": st.lists(RESULTS | STRANGE, max_size=4) | STRANGE,
        "errors": st.lists(STRANGE, max_size=2) | STRANGE,
        "status": STRANGE,
    },
)


@pytest.mark.parametrize("is_fast", [False, True])
@given(body=BODIES | STRANGE)
def test_what_is_left_out_of_an_answer_changes_nothing(is_fast: bool, body: Any) -> None:
    content = json.dumps(body).encode()
    decoded: Any = decoder_of(ROLES, "email", is_fast=is_fast)(content)
    assert isinstance(decoded, dict) == isinstance(body, dict)
    if isinstance(body, dict):
        outcomes = correlate(ROLES, "email", PART, decoded, partial(decode_all, content))
        whole = correlate(ROLES, "email", PART, body)
        # Of an answer that is about nothing that was sent, less may be shown.
        assert [replace(one, reason=None) for one in outcomes] == [
            replace(one, reason=None) for one in whole
        ]
        assert [one.reason is None for one in outcomes] == [one.reason is None for one in whole]


WARNINGS = STRANGE | st.just([{"code": "PROPERTY_VALUE_NORMALIZED"}])


@given(
    st.integers(0, 2),
    st.fixed_dictionaries({}, optional={"id": STRANGE, "new": STRANGE, "warnings": WARNINGS}),
    st.booleans(),
)
def test_each_result_says_the_same_in_any_company(
    strange: int, fields: dict[str, Any], in_doubt: bool
) -> None:
    part = replace(PART, in_doubt=in_doubt)
    results = [result(number, new=number == 1) for number in range(3)]
    results[strange] |= fields
    alone = [told({"results": [one]}, part)[number] for number, one in enumerate(results)]
    assert told({"results": results}, part) == told({"results": results[::-1]}, part) == alone


@given(st.sets(st.integers(0, 2)), st.sets(st.integers(0, 2)))
def test_each_input_is_a_success_only_with_a_result_and_no_error(
    written: set[int], refused: set[int]
) -> None:
    errors = [invalid("firstname", "INVALID", [f"record-{number}" for number in refused])]
    body = {"results": [result(number) for number in written], "errors": errors if refused else []}
    for number, outcome in enumerate(told(body)):
        expected = {
            (True, False): "created",
            (False, True): "rejected",
            (True, True): "unknown",
            (False, False): "unknown",
        }[number in written, number in refused]
        assert outcome.status == expected
        assert bool(outcome.reason) == (expected == "unknown")


def test_an_error_that_names_no_record_is_told_of_those_that_are_missing() -> None:
    body = {"results": [result(0)], "errors": [error_body("Something is off"), error_body("More")]}
    outcomes = told(body)
    assert [one.status for one in outcomes] == ["created", "unknown", "unknown"]
    assert outcomes[1].reason is not None
    assert "Something is off; More" in outcomes[1].reason


def test_an_error_of_the_only_record_needs_no_name() -> None:
    outcomes = told({"errors": [error_body("Bad")]}, part_of([contact(1)]))
    assert [(one.status, one.problems[0].message) for one in outcomes] == [("rejected", "Bad")]


@pytest.mark.parametrize(
    "body", [{}, {"results": None}, {"results": {}}, {"results": [], "errors": 7}, {"status": "x"}]
)
def test_an_answer_without_results_is_no_success(body: dict[str, Any]) -> None:
    assert [one.status for one in told(body)] == ["unknown"] * 3


def test_warnings_are_kept() -> None:
    warning = {"code": "PROPERTY_VALUE_NORMALIZED"}
    outcomes = told({"results": [result(0, warnings=[warning, 7])]})
    assert outcomes[0].warnings == (warning,)


def test_plain_inputs_are_matched_by_their_key_whatever_its_type() -> None:
    part = part_of([{"id": 7}, {"id": "8"}, {"id": "9"}], PLAIN_ROLES, None)
    body = {"results": [{"id": "7"}, {"id": 8}, {"id": None}]}
    outcomes = correlate(PLAIN_ROLES, None, part, body)
    assert [one.status for one in outcomes] == ["written", "written", "unknown"]


def test_part_of_a_batch_has_the_indexes_of_its_records() -> None:
    records = [contact(number) for number in range(4)]
    records.insert(1, {"email": ""})
    whole = part_of(records)
    _, right = whole.halves()
    outcomes = told({"results": [result(3), result(4)]}, right)
    assert [(one.index, one.status) for one in outcomes] == [(3, "created"), (4, "created")]
    assert [one.record for one in outcomes] == records[3:]


# Other forms

POSITIONS = replace(PLAIN_ROLES, results_by="position", errors=None)
THREE = part_of([{"id": "a"}, {"id": "b"}, {"id": "c"}], PLAIN_ROLES, None)
ONE = part_of([{"id": "a"}], PLAIN_ROLES, None)


def said(body: Any, part: Part = THREE, **roles: Any) -> list[Outcome]:
    return correlate(replace(POSITIONS, **roles), None, part, body)


def statuses(body: Any, part: Part = THREE, **roles: Any) -> list[str]:
    return [one.status for one in said(body, part, **roles)]


def test_a_result_that_is_null_says_nothing_of_its_record() -> None:
    assert statuses({"results": [{}, None, "x"]}) == ["written", "unknown", "written"]


STATUS = ResultStatus("ok", ("true",))


@pytest.mark.parametrize(
    ("positions", "expected"),
    [
        ([2, 0, 1], ["written", "written", "rejected"]),
        (["/rows/1", "/rows/0", "/rows/2"], ["written", "rejected", "written"]),
        ([None, None, None], ["rejected", "written", "written"]),
        ([1, 1, 2], ["unknown"] * 3),
        ([1, 2, 3], ["unknown"] * 3),
    ],
)
def test_a_result_may_tell_its_position(positions: list[Any], expected: list[str]) -> None:
    results = [{"ok": place > 0, "index": one} for place, one in enumerate(positions)]
    shape = replace(POSITIONS.error, position="index")
    assert statuses({"results": results}, error=shape, result_status=STATUS) == expected


@pytest.mark.parametrize("count", [True, "1", 1.5, None])
def test_what_is_no_count_counts_nothing(count: Any) -> None:
    assert statuses({"n": count}, ONE, results=None, results_by=None, count="n") == ["unknown"]


STATUS = ResultStatus("ok", ("true", "201", "fine"))


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"ok": True}, "written"),
        ({"ok": 201}, "written"),
        ({"ok": "fine"}, "written"),
        ({"ok": False}, "rejected"),
        ({"ok": 400, "message": "no"}, "rejected"),
        ({"ok": {"of": "some kind"}}, "rejected"),
        ({"message": "no"}, "rejected"),
        ({"category": "NO"}, "rejected"),
        ({"ok": None}, "unknown"),
        ({}, "unknown"),
        ("fine", "unknown"),
    ],
)
def test_a_status_of_a_result_is_compared_as_text(result: Any, status: str) -> None:
    assert statuses({"results": [result]}, ONE, result_status=STATUS) == [status]


@pytest.mark.parametrize(
    ("made", "in_doubt", "status"),
    [
        ("new", False, "created"),
        (True, False, "created"),
        ("old", False, "updated"),
        ("old", True, "written"),
        ("other", False, "written"),
        (None, False, "written"),
    ],
)
def test_created_and_updated_are_told_by_values(made: Any, in_doubt: bool, status: str) -> None:
    values: Any = {"created_values": ("new", "true"), "updated_values": ("old",)}
    part = replace(ONE, in_doubt=in_doubt)
    assert statuses({"results": [{"made": made}]}, part, created="made", **values) == [status]


def test_ids_stand_at_the_ends_of_ways_or_are_results_themselves() -> None:
    body = {"results": [{"data": {"ids": [7]}}, {"data": {"ids": []}}, {"data": {"ids": [True]}}]}
    assert [one.id for one in said(body, result_id="data.ids.0")] == ["7", None, None]
    body = {"results": ["x", 8, {}]}
    assert [one.id for one in said(body, result_id="$")] == ["x", "8", None]


@pytest.mark.parametrize("items", [[{"id": "a"}, {"id": "a", "no": 1}], [{"id": "a", "no": 1}] * 2])
def test_a_result_and_a_refusal_of_one_record_contradict_each_other(items: list[Any]) -> None:
    status = ResultStatus("no", ("null",))
    found = said({"results": items}, results_by=None, result_status=status)
    is_contradiction = items[0] != items[1]
    assert found[0].status == ("unknown" if is_contradiction else "rejected")
    assert ("both a result and an error" in (found[0].reason or "")) is is_contradiction


@pytest.mark.parametrize(
    ("position", "place"),
    [
        (1, 1),
        ("1", 1),
        ("/inputs/1/fields/2", 1),
        ("inputs[2].name", 2),
        ("$.inputs.0.a1", 0),
        (3, None),
        (-1, None),
        (True, None),
        ("/inputs/a1", None),
        ("x" * 99, None),
        (None, None),
    ],
)
def test_an_error_names_its_record_by_its_position(position: Any, place: int | None) -> None:
    shape = replace(SHAPE, position="at")
    body = {"errors": [{"at": position, "message": "no"}]}
    found = statuses(body, results=None, results_by=None, errors="errors", error=shape)
    expected = ["unknown"] * 3 if place is None else ["written"] * 3
    if place is not None:
        expected[place] = "rejected"
    assert found == expected


@pytest.mark.parametrize(
    "errors", [["failed"], "failed", True, 7, [["failed"]], {"text": "failed"}]
)
def test_an_error_of_any_form_that_names_nobody_leaves_all_in_doubt(errors: Any) -> None:
    found = said({"errors": errors}, results=None, results_by=None, errors="errors")
    assert [one.status for one in found] == ["unknown"] * 3
    assert "names no record for an error" in (found[0].reason or "")


@pytest.mark.parametrize("errors", [[], None, False, {}, ""])
def test_errors_that_are_none_leave_nothing_in_doubt(errors: Any) -> None:
    roles: Any = {"results": None, "results_by": None, "errors": "errors"}
    assert statuses({"errors": errors}, **roles) == ["written"] * 3


def test_a_count_of_what_errors_leave_is_that_of_all() -> None:
    shape = replace(SHAPE, keys="keys")
    roles: Any = {"results": None, "results_by": None, "errors": "errors", "error": shape}
    body = {"n": 1, "errors": [{"keys": ["a", "c", "nobody"]}]}
    assert statuses(body, count="n", **roles) == ["rejected", "written", "rejected"]
    assert statuses({**body, "n": 3}, count="n", **roles) == ["rejected", "unknown", "rejected"]


@pytest.mark.parametrize(
    ("result", "status"),
    [
        ({"email": "A@x.org"}, ["written", "unknown"]),
        ({"phone": 1}, ["unknown", "written"]),
        ({"email": "a@x.org", "phone": 1}, ["unknown", "unknown"]),
        ({"email": "1", "phone": "a@x.org"}, ["unknown", "unknown"]),
    ],
)
def test_of_several_keys_a_result_is_found_by_the_one_that_its_record_was_sent_with(
    result: dict[str, Any], status: list[str]
) -> None:
    roles = replace(
        PLAIN_ROLES, key="email", alternative_keys=("phone",), case_insensitive=("email",)
    )
    batch = Batch(0, 0, [{"email": "a@x.org"}, {"phone": 1}])
    batch.inputs, batch.positions = [dict(one) for one in batch.records], [0, 1]
    batch.keys = ["email\0a@x.org", "phone\0001"]
    found = correlate(roles, None, Part(batch, 0, 2), {"results": [result]})
    assert [one.status for one in found] == status


@settings(max_examples=50)
@given(st.recursive(st.none() | st.text(max_size=3) | st.integers(), st.lists, max_leaves=5))
def test_no_answer_is_too_strange(value: Any) -> None:
    for body in (
        {"results": value, "errors": value},
        {"errors": [{"context": value, "errors": value}]},
    ):
        assert [one.status for one in told(body)] == ["unknown"] * 3


@pytest.mark.parametrize(
    "path", sorted((Path(__file__).parents[1] / "data" / "examples").glob("*response*.json"))
)
def test_the_documented_examples_can_be_read(path: Path) -> None:
    outcomes = told(json.loads(path.read_bytes()))
    assert len(outcomes) == 3

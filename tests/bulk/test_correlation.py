"""Which record a result or an error is about."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from package._bulk.batching import Part, Planner
from package._bulk.correlation import correlate
from package._bulk.outcomes import Outcome
from package._bulk.problems import problems_of

from tests.bulk.contacts import PLAIN_ROLES, ROLES, SHAPE, contact, error_body, invalid


def part_of(records: list[Any], roles: Any = ROLES, id_property: str | None = "email") -> Part:
    planner = Planner(roles, id_property, "error")
    planner.extend(records)
    batch = planner.close()
    assert batch is not None
    return Part(batch, 0, len(batch.inputs))


PART = part_of([contact(0), contact(1), {"email": "Two@Example.com"}])


def result(number: int, **more: Any) -> dict[str, Any]:
    return {"id": str(100 + number), "new": True, "objectWriteTraceId": f"record-{number}", **more}


def told(body: dict[str, Any], part: Part = PART, **roles: Any) -> list[Outcome]:
    return correlate(replace(ROLES, **roles), "email", part, body)


def test_results_are_matched_by_trace_id_in_any_order() -> None:
    outcomes = told({"results": [result(2, new=False), result(0), result(1, new=None)]})
    assert [(one.index, one.status, one.id) for one in outcomes] == [
        (0, "created", "100"),
        (1, "written", "101"),
        (2, "updated", "102"),
    ]


def test_without_trace_ids_results_are_matched_by_key_without_case() -> None:
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
        "nonsense",
    ]
    outcomes = told({"results": results})
    assert [(one.status, one.id) for one in outcomes] == [
        ("created", "2"),
        ("unknown", None),
        ("created", "1"),
    ]


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


@pytest.mark.parametrize(
    ("item", "problems"),
    [
        (
            invalid("email", "INVALID_EMAIL", ["x"]),
            [("email", "INVALID_EMAIL", "email is invalid")],
        ),
        (error_body("No [list here"), [(None, "VALIDATION_ERROR", "No [list here")]),
        (
            error_body('Ids [1]: [{"name": "a", "message": "b"}] and more'),
            [("a", None, "b")],
        ),
        (error_body("[{" * 10_000), [(None, "VALIDATION_ERROR", "[{" * 10_000)]),
        (
            error_body(
                "all",
                errors=[
                    {"code": "A", "message": "m", "context": {"propertyName": ["p", "q"]}},
                    {"code": "B", "context": "propertyName"},
                    {},
                    7,
                ],
            ),
            [("p", "A", "m"), ("q", "A", "m"), (None, "B", "all")],
        ),
        ({}, [(None, None, "the API rejected the record without saying why")]),
        (None, [(None, None, "the API rejected the record without saying why")]),
    ],
)
def test_problems(item: Any, problems: list[Any]) -> None:
    assert list(problems_of(SHAPE, item)) == problems


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

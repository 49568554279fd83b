"""Each kind of change, found at its place, and classed for the two people it concerns."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from upsertgen.diff import between_folders
from upsertgen.diff.findings import Kind
from upsertgen.diff.report import Report

from tests.diff.compared_specs import (
    ADDITIVE,
    BREAKING,
    NONE,
    Action,
    Compare,
    Found,
    add_version,
    found,
)

CASES: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("kinds.yaml").read_text("utf-8")
)


def expected(told: str | list[str]) -> list[Found]:
    """Return what a table of cases says in short."""
    rows: list[Found] = []
    for one in [told] if isinstance(told, str) else told:
        kind, place, caller, *wire = one.split()
        rows.append((kind, place.removeprefix("-"), caller, wire[0] if wire else caller))
    return rows


def without_overlays(report: Report) -> list[Found]:
    return [one for one in found(report) if not one[0].startswith("overlay-")]


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_found_and_classed(name: str, compare: Compare) -> None:
    case = CASES[name]
    actions: list[list[Action]] = [
        [{"target": "$.paths.*.post", "update": case[side]}] if side in case else []
        for side in ("before", "overlay")
    ]
    edit = case.get("change", {})
    there = compare({}, edit, actions=(actions[0], actions[1]))
    assert without_overlays(there) == expected(case["found"])
    if "back" in case:
        back = compare(edit, {}, actions=(actions[1], actions[0]))
        assert without_overlays(back) == expected(case["back"])


def test_a_field_that_is_called_otherwise_in_python_breaks_callers(compare: Compare) -> None:
    one, other = {"maxSize": {"type": "string"}}, {"max_size": {"type": "string"}}
    assert found(compare({"thing": one}, {"thing": one | other})) == [
        ("python-name-changed", "inputs[].maxSize", BREAKING, NONE),
        ("field-added", "inputs[].max_size", ADDITIVE, ADDITIVE),
    ]


def test_an_object_type_that_came_one_that_went_and_one_that_was_renamed(compare: Compare) -> None:
    fish, birds, cats = ({"path": f"/v1/{{shop}}/{one}"} for one in ("fish", "birds", "cats"))
    old = {"fish": fish, "birds": birds}
    assert found(compare(others=(old, {"fish": fish, "cats": cats, "fowl": birds}))) == [
        ("object-type-renamed", "", BREAKING, NONE),
        ("object-type-added", "", ADDITIVE, ADDITIVE),
    ]
    assert found(compare(others=(old, {"birds": birds}))) == [
        ("object-type-removed", "", BREAKING, BREAKING)
    ]


def test_a_version_that_came_and_one_that_went(compare: Compare) -> None:
    one, two = compare.specs(), compare.specs()
    add_version(two, "v2")
    assert found(between_folders(one, two, ())) == [("version-added", "", ADDITIVE, ADDITIVE)]
    assert found(between_folders(two, one, ())) == [("version-removed", "", BREAKING, BREAKING)]


def test_a_body_that_contains_itself_is_compared_once(compare: Compare) -> None:
    children = {"type": "array", "items": {"$ref": "#/components/schemas/Result"}}
    nested, depth = {"children": children}, {"depth": {"type": "integer"}}
    assert found(compare({"result": nested}, {"result": nested | depth})) == [
        ("field-added", "results[].depth", ADDITIVE, ADDITIVE)
    ]


def test_the_tables_leave_out_no_kind() -> None:
    elsewhere = {"python-name-changed", "overlay-added", "overlay-removed", "version-added"}
    elsewhere |= {
        "version-removed",
        *(f"object-type-{one}" for one in ("added", "removed", "renamed")),
    }
    told = {
        change[0]
        for case in CASES.values()
        for change in (*expected(case["found"]), *expected(case.get("back", [])))
    }
    assert told | elsewhere == set(Kind)

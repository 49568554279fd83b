"""Specs are understood twice, as published and as corrected, and changes are told once for many."""

from __future__ import annotations

from typing import Any

import pytest
from upsertgen.diff.findings import Kind
from upsertgen.diff.phrases import UNCHANGED_CLIENT, Row, section_of
from upsertgen.diff.report import Bump, Change, Origin, Report, replacing_bump, suggested_bump

from tests.diff.compared_specs import (
    ADDITIVE,
    BREAKING,
    NARROWER,
    NONE,
    UNCHANGED,
    WIDER,
    Action,
    Compare,
    Edit,
    found,
)

PUBLISH_207: Edit = {"response": {"207": "Results"}}
ADD_207: Action = {
    "target": "$.paths.*.post[?@['200'] && !@['207']]",
    "description": "It answers with 207 all the same.",
    "update": {
        "207": {
            "description": "",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Results"}}},
        }
    },
}


def overlay(path: str, **update: Any) -> Action:
    return {"target": f"$.components.schemas.{path}", "description": path, "update": update}


ADD_MAXIMUM = overlay("Batch.properties.inputs", maxItems=100)
PUBLISH_MAXIMUM: Edit = {"Batch": {"properties": {"inputs": {"maxItems": 100}}}}


def only(report: Report) -> Change:
    (change,) = report.changes
    return change


def rows(report: Report) -> list[Row]:
    return [row for one in report.comparisons for row in section_of(one).rows]


def test_a_published_change_that_was_corrected_already_changes_no_client(compare: Compare) -> None:
    # The second object type keeps the overlay in use, as an action without a target is an error.
    others = {"others": UNCHANGED}
    report = compare(
        UNCHANGED, PUBLISH_207, actions=([ADD_207], [ADD_207]), others=(others, others)
    )
    assert found(report) == [
        ("response-added", "207", NONE, ADDITIVE),
        ("overlay-removed", "corrections.json:9", NONE, NONE),
    ]
    change = report.changes[0]
    assert change.origin is Origin.PUBLISHED
    assert change.object_types == ("things",)
    assert rows(report)[0].notes == (UNCHANGED_CLIENT,)
    assert UNCHANGED_CLIENT == "The spec changed, the emitted client does not."
    assert replacing_bump(report) is Bump.PATCH


def test_what_only_overlays_change_is_nothing_to_the_wire(compare: Compare) -> None:
    report = compare(actions=((), [ADD_MAXIMUM]))
    assert found(report) == [
        ("constraint-changed", "inputs", BREAKING, NONE),
        ("overlay-added", "corrections.json:9", NONE, NONE),
    ]
    assert report.changes[0].origin is Origin.CORRECTED
    assert "not the published spec" in rows(report)[0].notes[-1]


def test_a_correction_that_was_published_at_last_changes_nothing_for_callers(
    compare: Compare,
) -> None:
    assert found(compare(UNCHANGED, PUBLISH_MAXIMUM, actions=([ADD_MAXIMUM], ()))) == [
        ("constraint-changed", "inputs", NONE, BREAKING),
        ("overlay-removed", "corrections.json:9", NONE, NONE),
    ]


def test_a_change_that_reads_otherwise_as_published_is_one_change(compare: Compare) -> None:
    before = [overlay("Thing.properties.size.oneOf[0]", nullable=True)]
    after = [overlay("Thing.properties.size", nullable=True)]
    plain: Edit = {"thing": {"size": {"type": "string", "oneOf": None}}}
    changes = compare(UNCHANGED, plain, actions=(before, after)).changes
    assert [one.origin for one in changes if "overlay" not in one.finding.kind] == [Origin.BOTH]


def test_an_overlay_that_moved_within_its_file_is_the_same_one(compare: Compare) -> None:
    one, other = overlay("Thing", title="t"), overlay("Result", title="t")
    assert found(compare(actions=([one, other], [other, one]))) == []


def test_specs_that_only_overlays_make_readable_are_compared_as_corrected(compare: Compare) -> None:
    mistake = {"id": {"not": {"type": "integer"}}}
    target = "$.components.schemas.Thing.properties.id.not"
    correct: list[Action] = [{"target": target, "remove": True}]
    wider = mistake | {"weight": {"type": "number"}}
    report = compare({"thing": mistake}, {"thing": wider}, actions=(correct, correct))
    assert found(report) == [("field-added", "inputs[].weight", ADDITIVE, ADDITIVE)]
    assert "'not'" in report.unread[0].wrong


def test_a_change_that_object_types_share_is_one_row(compare: Compare) -> None:
    names = [f"type_{number}" for number in range(10)]
    before, after = dict.fromkeys(names, UNCHANGED), dict.fromkeys(names, WIDER)
    report = compare(UNCHANGED, WIDER, others=(before, after))
    assert only(report).object_types == tuple(sorted(["things", *names]))
    assert affected(report) == ["all 11 object types"]
    assert affected(compare(others=(before, after))) == ["10 object types: all but things"]
    few = before | {"type_3": WIDER, "type_1": WIDER}
    assert affected(compare(others=(before, few))) == ["type_1, type_3"]


def affected(report: Report) -> list[str]:
    """Return whom each added field concerns; a body that only some have gets classes of their own."""
    return [row.affected for row in rows(report) if row.finding.kind is Kind.FIELD_ADDED]


def test_paths_that_differ_in_the_object_type_alone_are_one_row(compare: Compare) -> None:
    def at(path: str) -> Edit:
        return {"path": path}

    cats = {"cats": at("/{shop}/0-3")}, {"cats": at("/v2/{shop}/0-3")}
    change = only(compare(at("/{shop}/things"), at("/v2/{shop}/things"), others=cats))
    assert change.object_types == ("cats", "things")
    assert change.finding.before is not None and change.finding.after is not None
    assert (change.finding.before.raw, change.finding.after.raw) == ("/{shop}/*", "/v2/{shop}/*")


def test_a_field_of_several_responses_is_one_row(compare: Compare) -> None:
    change = only(compare(PUBLISH_207, {**PUBLISH_207, **WIDER}))
    assert change.finding.place.statuses == ("200", "207")


@pytest.mark.parametrize(
    ("edit", "bump"),
    [
        (UNCHANGED, Bump.NONE),
        ({"thing": {"number": {"format": "int64"}}}, Bump.PATCH),
        (WIDER, Bump.MINOR),
        (NARROWER, Bump.MAJOR),
    ],
)
def test_the_bump_follows_what_callers_see(compare: Compare, edit: Edit, bump: Bump) -> None:
    assert suggested_bump(compare(UNCHANGED, edit)) is bump

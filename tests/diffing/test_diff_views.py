"""Specs are understood twice, as published and as corrected, and changes are told once for many."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from upsertgen.diff import between_folders
from upsertgen.diff.changes import (
    Bump,
    Change,
    Kind,
    Origin,
    Report,
    replacing_bump,
    suggested_bump,
)
from upsertgen.diff.wording import UNCHANGED_CLIENT, affected, notes

from tests.diffing.specs import Action, Edit, Spec, found, unchanged, write_specs

BREAKING, ADDITIVE, NONE = "breaking", "additive", "none"

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


def publish_207(spec: Spec) -> None:
    spec.operation["responses"]["207"] = spec.operation["responses"]["200"]


def add_maximum(spec: Spec) -> None:
    spec.schemas["Batch"]["properties"]["inputs"]["maxItems"] = 100


def overlay(path: str, **update: Any) -> Action:
    return {"target": f"$.components.schemas.{path}", "description": path, "update": update}


def only(report: Report) -> Change:
    (change,) = report.changes
    return change


def test_a_published_change_that_was_corrected_already_changes_no_client(tmp_path: Path) -> None:
    other = tmp_path / "old", tmp_path / "new"
    # The second object type keeps the overlay in use, as an action without a target is an error.
    old = write_specs(other[0], actions=[ADD_207], others={"others": unchanged})
    new = write_specs(other[1], publish_207, actions=[ADD_207], others={"others": unchanged})
    report = between_folders(old, new, ())
    assert found(report) == [
        ("response-added", "207", NONE, ADDITIVE),
        ("overlay-removed", "corrections.json:9", NONE, NONE),
    ]
    change = report.changes[0]
    assert change.origin is Origin.PUBLISHED
    assert change.object_types == ("things",)
    assert UNCHANGED_CLIENT == "The spec changed, the emitted client does not."
    assert notes(change) == (UNCHANGED_CLIENT,)
    assert replacing_bump(report) is Bump.PATCH


def test_what_only_overlays_change_is_nothing_to_the_wire(tmp_path: Path) -> None:
    old = write_specs(tmp_path / "old")
    new = write_specs(tmp_path / "new", actions=[overlay("Batch.properties.inputs", maxItems=100)])
    report = between_folders(old, new, ())
    assert found(report) == [
        ("constraint-changed", "inputs", BREAKING, NONE),
        ("overlay-added", "corrections.json:9", NONE, NONE),
    ]
    assert report.changes[0].origin is Origin.CORRECTED
    assert "not the published spec" in notes(report.changes[0])[-1]


def test_a_correction_that_was_published_at_last_changes_nothing_for_callers(
    tmp_path: Path,
) -> None:
    correct = [overlay("Batch.properties.inputs", maxItems=100)]
    old = write_specs(tmp_path / "old", actions=correct)
    new = write_specs(tmp_path / "new", add_maximum)
    assert found(between_folders(old, new, ())) == [
        ("constraint-changed", "inputs", NONE, BREAKING),
        ("overlay-removed", "corrections.json:9", NONE, NONE),
    ]


def test_a_change_that_reads_otherwise_as_published_is_one_change(tmp_path: Path) -> None:
    correct = [overlay("Thing.properties.size.oneOf[0]", nullable=True)]
    old = write_specs(tmp_path / "old", actions=correct)
    new = write_specs(
        tmp_path / "new",
        lambda s: s.thing.update(size={"type": "string"}),
        actions=[overlay("Thing.properties.size", nullable=True)],
    )
    changes = [
        one for one in between_folders(old, new, ()).changes if "overlay" not in one.finding.kind
    ]
    assert [change.origin for change in changes] == [Origin.BOTH]


def test_an_overlay_that_moved_within_its_file_is_the_same_one(tmp_path: Path) -> None:
    one, other = overlay("Thing", title="t"), overlay("Result", title="t")
    old = write_specs(tmp_path / "old", actions=[one, other])
    new = write_specs(tmp_path / "new", actions=[other, one])
    assert found(between_folders(old, new, ())) == []


def test_specs_that_only_overlays_make_readable_are_compared_as_corrected(tmp_path: Path) -> None:
    def mistaken(spec: Spec) -> None:
        spec.thing["id"]["not"] = {"type": "integer"}

    def mistaken_and_wider(spec: Spec) -> None:
        mistaken(spec)
        spec.thing["weight"] = {"type": "number"}

    correct: list[Action] = [
        {"target": "$.components.schemas.Thing.properties.id.not", "remove": True}
    ]
    old = write_specs(tmp_path / "old", mistaken, correct)
    new = write_specs(tmp_path / "new", mistaken_and_wider, correct)
    report = between_folders(old, new, ())
    assert found(report) == [("field-added", "inputs[].weight", ADDITIVE, ADDITIVE)]
    assert "'not'" in report.unread[0].wrong


def test_a_change_that_object_types_share_is_one_row(tmp_path: Path) -> None:
    def wider(spec: Spec) -> None:
        spec.result["url"] = {"type": "string"}

    names = [f"type_{number}" for number in range(10)]
    old = write_specs(tmp_path / "old", others=dict.fromkeys(names, unchanged))
    new = write_specs(tmp_path / "new", wider, others=dict.fromkeys(names, wider))
    report = between_folders(old, new, ())
    assert only(report).object_types == tuple(sorted(["things", *names]))
    assert rows(report) == ["all 11 object types"]
    new = write_specs(tmp_path / "fewer", unchanged, others=dict.fromkeys(names, wider))
    assert rows(between_folders(old, new, ())) == ["10 object types: all but things"]
    few: dict[str, Edit] = dict.fromkeys(names, unchanged) | {"type_3": wider, "type_1": wider}
    new = write_specs(tmp_path / "few", unchanged, others=few)
    assert rows(between_folders(old, new, ())) == ["type_1, type_3"]


def rows(report: Report) -> list[str]:
    """Return whom each added field concerns; a body that only some have gets classes of their own."""
    (comparison,) = report.comparisons
    return [
        affected(change, comparison)
        for change in report.changes
        if change.finding.kind is Kind.FIELD_ADDED
    ]


def test_paths_that_differ_in_the_object_type_alone_are_one_row(tmp_path: Path) -> None:
    def at(path: str) -> Any:
        return lambda spec: spec.at(path)

    old = write_specs(tmp_path / "old", at("/{shop}/things"), others={"cats": at("/{shop}/0-3")})
    new = write_specs(
        tmp_path / "new", at("/v2/{shop}/things"), others={"cats": at("/v2/{shop}/0-3")}
    )
    change = only(between_folders(old, new, ()))
    assert change.object_types == ("cats", "things")
    assert change.finding.before is not None and change.finding.after is not None
    assert (change.finding.before.raw, change.finding.after.raw) == ("/{shop}/*", "/v2/{shop}/*")


def test_a_field_of_several_responses_is_one_row(tmp_path: Path) -> None:
    def wider(spec: Spec) -> None:
        publish_207(spec)
        spec.result["url"] = {"type": "string"}

    old, new = write_specs(tmp_path / "old", publish_207), write_specs(tmp_path / "new", wider)
    assert only(between_folders(old, new, ())).finding.statuses == ("200", "207")


def test_the_bump_follows_what_callers_see(tmp_path: Path) -> None:
    old = write_specs(tmp_path / "old")
    bumps = {
        "same": (unchanged, Bump.NONE),
        "wire": (lambda s: s.thing["number"].update(format="int64"), Bump.PATCH),
        "additive": (lambda s: s.thing.update(weight={"type": "number"}), Bump.MINOR),
        "breaking": (lambda s: s.thing.pop("label"), Bump.MAJOR),
    }
    for name, (edit, bump) in bumps.items():
        new = write_specs(tmp_path / name, edit)
        assert suggested_bump(between_folders(old, new, ())) is bump

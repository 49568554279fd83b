"""Each kind of change, found at its place, and classed for the two people it concerns."""

from __future__ import annotations

from pathlib import Path

import pytest
from upsertgen.diff import between_folders
from upsertgen.diff.changes import Kind

from tests.diffing.kinds import ADDITIVE, BACKWARDS, BREAKING, CASES, NONE
from tests.diffing.policies import POLICIES
from tests.diffing.specs import Edit, Spec, found, write_specs


@pytest.mark.parametrize("name", BACKWARDS)
def test_the_way_back_is_classed_the_other_way(name: str, tmp_path: Path) -> None:
    edit, expected = BACKWARDS[name]
    old = write_specs(tmp_path / "old", edit)
    new = write_specs(tmp_path / "new")
    assert found(between_folders(old, new, ())) == expected


def test_a_field_that_is_called_otherwise_in_python_breaks_callers(tmp_path: Path) -> None:
    old = write_specs(tmp_path / "old", lambda s: s.thing.update(maxSize={"type": "string"}))
    new = write_specs(
        tmp_path / "new",
        lambda s: s.thing.update(maxSize={"type": "string"}, max_size={"type": "string"}),
    )
    assert found(between_folders(old, new, ())) == [
        ("python-name-changed", "inputs[].maxSize", BREAKING, NONE),
        ("field-added", "inputs[].max_size", ADDITIVE, ADDITIVE),
    ]


@pytest.mark.parametrize("name", CASES)
def test_a_change_is_found_and_classed(name: str, tmp_path: Path) -> None:
    edit, expected = CASES[name]
    old = write_specs(tmp_path / "old")
    new = write_specs(tmp_path / "new", edit)
    assert found(between_folders(old, new, ())) == expected


@pytest.mark.parametrize("name", POLICIES)
def test_what_only_the_client_knows_concerns_only_callers(name: str, tmp_path: Path) -> None:
    before, after, expected = POLICIES[name]
    old = write_specs(tmp_path / "old", actions=before)
    new = write_specs(tmp_path / "new", actions=after)
    changes = found(between_folders(old, new, ()))
    assert [one for one in changes if not one[0].startswith("overlay-")] == expected


def test_an_object_type_that_came_one_that_went_and_one_that_was_renamed(tmp_path: Path) -> None:
    def moved(place: str) -> Edit:
        return lambda spec: spec.at(f"/v1/{{shop}}/{place}")

    old = write_specs(tmp_path / "old", others={"fish": moved("fish"), "birds": moved("birds")})
    new = write_specs(
        tmp_path / "new",
        others={"fish": moved("fish"), "cats": moved("cats"), "fowl": moved("birds")},
    )
    assert found(between_folders(old, new, ())) == [
        ("object-type-renamed", "", BREAKING, NONE),
        ("object-type-added", "", ADDITIVE, ADDITIVE),
    ]
    new = write_specs(tmp_path / "newer", others={"birds": moved("birds")})
    assert found(between_folders(old, new, ())) == [("object-type-removed", "", BREAKING, BREAKING)]


def test_a_method_that_came_and_one_that_went(tmp_path: Path) -> None:
    def archive(spec: Spec) -> None:
        paths = spec.document["paths"]
        operation = dict(next(iter(paths.values()))["post"], operationId="archive")
        paths["/v1/{shop}/things/batch/archive"] = {"post": operation}

    plain, both = write_specs(tmp_path / "plain"), write_specs(tmp_path / "both", archive)
    assert found(between_folders(plain, both, ())) == [("method-added", "", ADDITIVE, ADDITIVE)]
    assert found(between_folders(both, plain, ())) == [("method-removed", "", BREAKING, BREAKING)]


def test_a_version_that_came_and_one_that_went(tmp_path: Path) -> None:
    one, two = write_specs(tmp_path / "one"), write_specs(tmp_path / "two")
    (two / "v2").mkdir()
    (two / "v2/things.json").write_text((two / "v1/things.json").read_text())
    assert found(between_folders(one, two, ())) == [("version-added", "", ADDITIVE, ADDITIVE)]
    assert found(between_folders(two, one, ())) == [("version-removed", "", BREAKING, BREAKING)]


def test_a_body_that_contains_itself_is_compared_once(tmp_path: Path) -> None:
    def nested(spec: Spec) -> None:
        spec.result["children"] = {
            "type": "array",
            "items": {"$ref": "#/components/schemas/Result"},
        }

    def deeper(spec: Spec) -> None:
        nested(spec)
        spec.result["depth"] = {"type": "integer"}

    old, new = write_specs(tmp_path / "old", nested), write_specs(tmp_path / "new", deeper)
    assert found(between_folders(old, new, ())) == [
        ("field-added", "results[].depth", ADDITIVE, ADDITIVE)
    ]


def test_the_tables_leave_out_no_kind() -> None:
    elsewhere = {
        "python-name-changed",
        "overlay-added",
        "overlay-removed",
        "version-added",
        "version-removed",
        "object-type-added",
        "object-type-removed",
        "object-type-renamed",
        "method-added",
        "method-removed",
    }
    tables = [*CASES.values(), *BACKWARDS.values()]
    told = {change[0] for _, changes in tables for change in changes}
    told |= {change[0] for *_, changes in POLICIES.values() for change in changes}
    assert told | elsewhere == {kind.value for kind in Kind}

"""What is so of the specs of this project, and how long it takes to find out."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import defaultdict
from itertools import pairwise
from typing import Any

import pytest
from upsertgen.diff import between_versions, changelog, sources
from upsertgen.diff.phrases import UNCHANGED_CLIENT

from tests.diff.compared_specs import ROOT, SPECS, diff_json
from tests.inventory import LABELS, NEWEST, OPERATIONS, object_types

COMPARED = ("v3", "2025-09", "2026-03")
KNOWN = {"contacts", "deals", "tasks", "deal_splits"}
"""Object types whose changes between these versions are known. What others are like is not said here."""


@pytest.fixture(scope="module")
def report() -> dict[str, Any]:
    return diff_json(*COMPARED, "--specs", SPECS)


def changes(report: dict[str, Any], index: int, **wanted: Any) -> list[dict[str, Any]]:
    """Return the changes of known object types that are as wanted."""
    return [
        change
        for change in report["comparisons"][index]["changes"]
        if KNOWN.intersection(change["object_types"])
        and all(change[key] == value for key, value in wanted.items())
    ]


def names(report: dict[str, Any], index: int, **wanted: Any) -> set[str]:
    """Return all object types, known or not, whose changes are as wanted."""
    return {
        name
        for change in report["comparisons"][index]["changes"]
        if all(change[key] == value for key, value in wanted.items())
        for name in change["object_types"]
    }


@pytest.mark.parametrize("index", [0, 1])
def test_object_types_come_and_go(report: dict[str, Any], index: int) -> None:
    old, new = map(object_types, COMPARED[index : index + 2])
    assert old - new and (new - old or index == 0)
    assert names(report, index, kind="object-type-added") == new - old
    breaking = {"caller": "breaking", "wire": "breaking"}
    assert names(report, index, kind="object-type-removed", **breaking) == old - new


def test_specs_can_be_read_without_their_overlays() -> None:
    # Or else nothing tells what was published from what was corrected.
    assert between_versions(SPECS, COMPARED).unread == ()


def test_207_is_gained_as_published_and_nothing_for_callers(report: dict[str, Any]) -> None:
    wanted = {"kind": "response-added", "place": "207"}
    gained = changes(report, 1, **wanted, caller="none", wire="additive", origin="published")
    assert gained == changes(report, 1, **wanted)
    assert all(UNCHANGED_CLIENT in change["notes"] for change in gained)
    assert {"contacts", "tasks", "deal_splits"} <= names(report, 1, **wanted)
    wanted["kind"] = "response-removed"
    lost = changes(report, 0, **wanted)
    assert lost and lost == changes(report, 0, **wanted, caller="none", wire="breaking")


MOVED = {"origin": "published", "statuses": ["200"], "caller": "none", "wire": "breaking"}
KNOWN_CHANGES: list[tuple[int, dict[str, str], dict[str, Any]]] = [
    (1, {"kind": "field-removed", "place": "errors"}, MOVED),
    (1, {"kind": "field-removed", "place": "numErrors"}, MOVED),
    (0, {"place": "results[].warnings"}, {"kind": "field-removed", "caller": "breaking"}),
    (
        1,
        {"place": "results[].warnings"},
        {"kind": "field-added", "caller": "additive", "wire": "additive", "origin": "both"}
        | {"statuses": ["200", "207"], "class": "SimplePublicUpsertObject"},
    ),
    (
        1,
        {"kind": "format-changed"},
        {"object_types": ["deal_splits"], "before": "int32", "after": "int64"}
        | {"caller": "none", "wire": "additive"},
    ),
]


@pytest.mark.parametrize(("index", "wanted", "facts"), KNOWN_CHANGES)
def test_what_is_known_to_have_changed_is_one_change(
    report: dict[str, Any], index: int, wanted: dict[str, str], facts: dict[str, Any]
) -> None:
    (change,) = changes(report, index, **wanted)
    assert {key: change[key] for key in facts} == facts
    assert facts.get("object_types") or "contacts" in change["object_types"]


def test_paths_have_the_same_shape_where_the_version_is_all_that_differs(
    report: dict[str, Any],
) -> None:
    for index, (old, new) in enumerate(pairwise(COMPARED)):
        before, after = paths(old), paths(new)
        differing = {
            one
            for one in before.keys() & after.keys()
            if shapes(before[one] - after[one], old) != shapes(after[one] - before[one], new)
        }
        assert names(report, index, kind="path-changed") == differing
    assert changes(report, 1, kind="path-changed") == []
    (shared,) = [
        one for one in changes(report, 0, kind="path-changed") if "deals" in one["object_types"]
    ]
    assert shared["before"] == "/crm/{version}/objects/*/batch/upsert"
    assert shared["after"] == "/crm/objects/{version}/*/batch/upsert"
    assert (shared["caller"], shared["wire"]) == ("none", "breaking")


def paths(label: str) -> dict[str, set[str]]:
    """Return the paths of each object type of a version."""
    found: dict[str, set[str]] = defaultdict(set)
    for one in OPERATIONS:
        if one.version == label:
            found[one.object_type].add(one.path)
    return found


def shapes(paths: set[str], label: str) -> set[str]:
    """Return paths in which nothing tells the version."""
    return {path.replace(label, "{version}") for path in paths}


def test_overlays_that_no_longer_apply_are_named(report: dict[str, Any]) -> None:
    gone = changes(report, 1, kind="overlay-removed")
    assert any(
        "207" in change["subject"] and "contacts" in change["object_types"] for change in gone
    )
    assert {(change["caller"], change["wire"]) for change in gone} == {("none", "none")}


def test_every_row_is_another_change(report: dict[str, Any]) -> None:
    for label, comparison in zip(COMPARED, report["comparisons"], strict=False):
        rows = [{**change, "object_types": None} for change in comparison["changes"]]
        # What concerns many object types is one row.
        assert 0 < len(rows) < len(object_types(label))
        assert all(row not in rows[:index] for index, row in enumerate(rows))


def test_scopes_and_requests_stay(report: dict[str, Any]) -> None:
    for index in (0, 1):
        assert changes(report, index, kind="security-changed") == []
        assert [one["kind"] for one in changes(report, index, part="request")] == ["format-changed"]


def test_a_version_does_not_differ_from_itself() -> None:
    assert between_versions(SPECS, [NEWEST, NEWEST]).changes == ()


def test_the_changelog_tells_the_newest_version_first() -> None:
    understood = sources.understand_folder(SPECS)
    text = changelog(understood.published, understood.corrected)
    told = [line for line in text.splitlines() if line.startswith("## ")]
    assert told == [f"## {new}, against {old}" for old, new in reversed([*pairwise(LABELS)])]
    assert "`results[].warnings` added (callers additive, wire additive)" in text
    assert UNCHANGED_CLIENT in text
    assert "Overlay" not in text
    assert text.endswith("\n") and not text.endswith("\n\n")
    assert text == changelog(understood.published, understood.corrected)


# Reads the specs only once, which is what takes the time.
EVERYTHING = """
from functools import cache
from pathlib import Path
from upsertgen.commands.diff import diff_command
from upsertgen.diff import changelog, sources
sources.understand_folder = cache(sources.understand_folder)
for form in ("terminal", "markdown", "json", "html"):
    diff_command(["--format", form], standalone_mode=False)
specs = sources.understand_folder(Path("specs"))
print(changelog(specs.published, specs.corrected))
"""


def test_reports_do_not_depend_on_the_hash_seed() -> None:
    texts = [
        subprocess.run(
            [sys.executable, "-c", EVERYTHING],
            check=True,
            capture_output=True,
            text=True,
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("1", "2")
    ]
    assert texts[0] == texts[1]
    assert all(one in texts[0] for one in ("<html", '"comparisons"', "## 2026-03, against 2025-09"))

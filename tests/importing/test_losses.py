"""What was there before and is not published any more: refused, unless somebody said that it may go."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
import yaml

from tests.command_line import upsertgen, write_files
from tests.importing.conftest import Bring
from tests.importing.documents import document, operations, single, tree
from tests.importing.import_runs import accepted, imported, plan, problems
from tests.importing.published_documents import Document

THINGS, PARTS = "/things/v1/things/batch/upsert", "/things/v1/parts/batch/upsert"
OTHERS = "Group/others/Rollouts/7/v1/others.json"


@pytest.fixture
def source(tmp_path: Path, specs: Path) -> Path:
    """A collection that was imported as v1."""
    folder = tree(tmp_path, things=operations(THINGS, PARTS), others=document("others"))
    imported(folder, specs)
    return folder


def next_version(folder: Path, **documents: Document) -> Path:
    """Publish a collection of v2."""
    for path in folder.rglob("*.json"):
        path.unlink()
    tree(folder.parent, **documents)
    for path in folder.glob("Group/*/Rollouts/7/v1"):
        path.rename(path.with_name("v2"))
    return folder


def dropped(specs: Path, label: str) -> object:
    text = (specs / "provenance.yaml").read_text("utf-8")
    return yaml.safe_load(text)[label][-1].get("dropped")


def test_a_type_that_is_gone_is_refused_or_removed(specs: Path, source: Path) -> None:
    (source / OTHERS).unlink()
    (problem,) = problems(source, specs)
    place, _, text = problem.partition(": ")
    assert place == f"{specs.as_posix()}/v1/others.yaml:9:5"
    assert text == (
        f"SOURCE has no POST /things/v1/others/batch/upsert for others, which came from {OTHERS}; "
        "expected every operation of v1; complete SOURCE, or say --drop others if it is meant to go"
    )
    done = imported(source, specs, drop=("others",))
    assert [(change.path, change.action) for change in done.spec_changes] == [
        ("v1/others.yaml", "removed")
    ]
    assert done.report.dropped == ["others: POST /things/v1/others/batch/upsert of v1"]
    # What only one document has is still where corrections find it: other versions would know it there.
    accepted(specs)
    assert plan(source, specs).changes == ()
    (note,) = plan(source, specs, drop=("others",)).report.notes
    assert note == "drop: nothing of others is gone"


def test_an_operation_that_is_gone_is_refused_or_removed(specs: Path, source: Path) -> None:
    tree(source.parent, things=operations(PARTS))
    (problem,) = problems(source, specs)
    assert f"v1/things.yaml:34:5: SOURCE has no POST {THINGS} for things" in problem
    done = imported(source, specs, drop=("things",))
    assert done.report.dropped == [f"things: POST {THINGS} of v1"]
    accepted(specs)


def test_a_single_document_tells_of_its_own_type(specs: Path, source: Path, bring: Bring) -> None:
    assert bring(operations(THINGS, PARTS)).report.dropped == []
    (problem,) = problems(single(source.parent, operations(THINGS)), specs)
    assert f"has no POST {PARTS} for things" in problem


def test_what_the_version_before_has_is_asked_for_once(specs: Path, source: Path) -> None:
    """Paths move between versions: what callers know is the name of the operation."""
    moved = operations("/v2/parts/batch/upsert")
    newer = next_version(source, things=moved)
    found = problems(newer, specs, "v2", base="v1")
    assert [one.partition("/v1/")[2].partition(", which")[0] for one in found] == [
        "others.yaml:9:5: SOURCE has no POST /things/v1/others/batch/upsert for others",
        f"things.yaml:34:5: SOURCE has no POST {THINGS} for things",
    ]
    options = {"base": "v1", "drop": ("others", "things")}
    imported(newer, specs, "v2", **options)
    assert dropped(specs, "v2") == ["others", "things"]
    assert plan(newer, specs, "v2", base="v1").changes == ()
    assert plan(newer, specs, "v2").changes == ()
    # What v2 has itself is another matter.
    more = next_version(newer, things=moved, others=document("others"))
    imported(more, specs, "v2", base="v1")
    assert dropped(specs, "v2") == ["things"]
    (problem,) = problems(next_version(more, things=moved), specs, "v2", base="v1")
    assert "v2/others.yaml:9:5: SOURCE has no POST" in problem


def test_what_another_type_has_now_is_gone_from_its_own(specs: Path, source: Path) -> None:
    newer = json.dumps(document("others"))
    path = source / "Group/all/Rollouts/8/v1/all.json"
    path.parent.mkdir(parents=True)
    path.write_text(newer, "utf-8")
    (problem,) = problems(source, specs)
    assert "v1/others.yaml:9:5: SOURCE has no POST /things/v1/others/batch/upsert" in problem


def test_what_is_excluded_is_gone(specs: Path, source: Path) -> None:
    (problem,) = problems(source, specs, exclude=("others",))
    assert "for others, which came from" in problem


def test_a_file_that_no_import_wrote_is_there_or_asked_for(specs: Path, source: Path) -> None:
    text = (specs / "v1/others.yaml").read_text("utf-8").replace("others", "own")
    (specs / "v1/own.yaml").write_text(text, "utf-8")
    imported(source, specs)
    both = {"things": operations(THINGS, PARTS), "others": document("others")}
    newer = next_version(source, **both)
    (problem,) = problems(newer, specs, "v2", base="v1")
    assert "v1/own.yaml:9:5: SOURCE has no POST /things/v1/own/batch/upsert for own;" in problem
    write_files(specs, {"v2/own.yaml": text})
    assert imported(newer, specs, "v2", base="v1").kept == ("v2/own.yaml",)


def test_a_check_tells_what_is_gone_as_a_difference(
    specs: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    (source / OTHERS).unlink()
    run = partial(upsertgen, "import", "collection", "--api-version", "v1")
    check = run("--check")
    assert check.code == 1
    assert check.out.splitlines() == [
        f"others: gone, was {OTHERS}",
        "removed  specs/v1/others.yaml",
    ]
    assert run("--dry-run").code == run().code == 2
    done = run("--drop", "others")
    assert done.code == 0
    assert "dropped:\n  others: POST /things/v1/others/batch/upsert of v1\n" in done.out
    assert run("--check").code == 0

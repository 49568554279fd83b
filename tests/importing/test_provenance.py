"""What is recorded of an import, and what it decides: what changed, and which files may be removed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from unittest import mock

import pytest
import yaml

from tests.importing.documents import document, post, single, tree
from tests.importing.running import accepted, imported, plan, problems, run, spec


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return tmp_path / "specs"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tree(tmp_path, things=document("things"), others=document("others"))


def recorded(specs: Path) -> object:
    return yaml.safe_load((specs / "provenance.yaml").read_text("utf-8"))


def rewrite(source: Path, name: str, **changes: object) -> None:
    path = source / f"Group/{name}/Rollouts/7/v1/{name}.json"
    path.write_text(json.dumps({**document(name), **changes}), encoding="utf-8")


def test_source_digest_and_date_are_recorded(specs: Path, source: Path) -> None:
    imported(source, specs, today="2026-11-21")
    digests = {
        name: hashlib.sha256(
            (source / f"Group/{name}/Rollouts/7/v1/{name}.json").read_bytes()
        ).hexdigest()
        for name in ("others", "things")
    }
    lines = "".join(f"{name} {digest}\n" for name, digest in digests.items())
    assert recorded(specs) == {
        "v1": [
            {
                "source": "collection",
                "imported": "2026-11-21",
                "sha256": hashlib.sha256(lines.encode()).hexdigest(),
                "descriptions": "drop",
                "shared": True,
                "documents": {
                    name: {
                        "document": f"Group/{name}/Rollouts/7/v1/{name}.json",
                        "rollout": "7",
                        "sha256": digest,
                    }
                    for name, digest in digests.items()
                },
            }
        ]
    }
    assert str(source.parent) not in (specs / "provenance.yaml").read_text("utf-8")


def test_a_relative_source_is_recorded_as_given(
    specs: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    done = plan("./collection", specs)
    assert done.provenance.imports("v1")[0].source == "collection"
    monkeypatch.chdir(specs.parent / "collection/Group")
    done = plan("..", specs)
    assert done.provenance.imports("v1")[0].source == ".."


def test_the_date_stays_while_the_documents_do(specs: Path, source: Path) -> None:
    imported(source, specs, today="2026-11-21")
    assert plan(source, specs, today="2026-11-30").changes == ()
    rewrite(source, "things", tags=[])
    (change,) = imported(source, specs, today="2026-11-30").changes
    assert change.path == "provenance.yaml"
    assert "2026-11-30" in (specs / "provenance.yaml").read_text("utf-8")


def test_versions_have_records_of_their_own(specs: Path, source: Path, tmp_path: Path) -> None:
    imported(source, specs)
    imported(single(tmp_path, document()), specs, "v2")
    assert set(yaml.safe_load((specs / "provenance.yaml").read_text("utf-8"))) == {"v1", "v2"}


def test_a_type_that_is_gone_is_removed(specs: Path, source: Path) -> None:
    imported(source, specs)
    (source / "Group/others/Rollouts/7/v1/others.json").unlink()
    done = imported(source, specs)
    assert [(change.path, change.action) for change in done.spec_changes] == [
        ("v1/others.yaml", "removed")
    ]
    assert not (specs / "v1/others.yaml").exists()
    # What only one document has is still where corrections find it: other versions would know it there.
    accepted(specs)


def test_a_file_that_no_import_wrote_is_kept(specs: Path, source: Path) -> None:
    imported(source, specs)
    (specs / "v1/own.yaml").write_text(
        (specs / "v1/others.yaml").read_text("utf-8").replace("others", "own"), encoding="utf-8"
    )
    for name in ("things", "others"):
        other = document(name)
        other["components"]["schemas"]["Error"] = {"type": "object", "properties": {"b": {}}}
        post(other)["responses"]["default"]["content"].pop("application/json", None)
        rewrite(source, name, components=other["components"])
    done = imported(source, specs)
    assert done.kept == ("v1/own.yaml",)
    accepted(specs)


def test_what_a_kept_file_needs_stays(specs: Path, source: Path) -> None:
    imported(source, specs)
    (specs / "v1/own.yaml").write_text(
        (specs / "v1/others.yaml").read_text("utf-8").replace("others", "own"), encoding="utf-8"
    )
    for name in ("things", "others"):
        other = document(name)
        del post(other)["responses"]["default"], post(other)["security"]
        rewrite(source, name, paths=other["paths"])
    imported(source, specs)
    components = spec(specs, "schemas")["components"]
    assert "Error" in components["schemas"]
    assert "oauth2" in components["securitySchemes"]
    accepted(specs)


def test_without_a_record_nothing_is_removed(specs: Path, source: Path) -> None:
    imported(source, specs)
    (specs / "provenance.yaml").unlink()
    (source / "Group/others/Rollouts/7/v1/others.json").unlink()
    assert imported(source, specs).kept == ("v1/others.yaml",)


def test_a_single_document_leaves_the_others_alone(
    specs: Path, source: Path, tmp_path: Path
) -> None:
    imported(source, specs, today="2026-11-21")
    before = {path: path.read_bytes() for path in (specs / "v1").iterdir()}
    one = document()
    one["components"]["schemas"]["Result"]["properties"]["more"] = {"type": "string"}
    done = imported(single(tmp_path, one), specs, today="2026-11-22")
    assert [change.path for change in done.spec_changes] == ["v1/things.yaml"]
    assert done.differences == ("things: things.json is not what was imported",)
    assert list(spec(specs, "things")["components"]["schemas"]) == ["Answer", "Result"]
    assert all(
        path.read_bytes() == content for path, content in before.items() if path.stem != "things"
    )
    assert [(one.source, one.date, list(one.origins)) for one in done.provenance.imports("v1")] == [
        ("collection", "2026-11-21", ["others"]),
        ("things.json", "2026-11-22", ["things"]),
    ]
    accepted(specs)


def test_single_documents_can_make_up_a_version(specs: Path, tmp_path: Path) -> None:
    for name in ("one", "two", "three"):
        imported(single(tmp_path, document(name), f"{name}.json"), specs)
    assert {path.stem for path in (specs / "v1").iterdir()} >= {"one", "two", "three"}
    (version,) = accepted(specs).versions
    assert len(version.resources) == 3
    again = plan(single(tmp_path, document("two"), "two.json"), specs)
    assert again.spec_changes == ()


def test_texts_of_the_project_survive_a_second_import(specs: Path, source: Path) -> None:
    imported(source, specs)
    path = specs / "v1/things.yaml"
    path.write_text(
        path.read_text("utf-8").replace("title: Things", "title: All things"), encoding="utf-8"
    )
    rewrite(source, "things", tags=[])
    assert imported(source, specs).spec_changes == ()


def test_check_says_what_differs(
    specs: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(source.parent)
    arguments = ("collection", "--api-version", "v1")
    before = run(*arguments, "--check")
    assert (before.code, before.out.splitlines()[0]) == (1, "v1 was not imported yet")
    assert not specs.exists()
    assert run(*arguments).code == 0
    same = run(*arguments, "--check")
    assert (same.code, same.out) == (0, "v1 is what SOURCE publishes.\n")
    rewrite(source, "things", tags=[])
    other = run(*arguments, "--check")
    assert other.code == 1
    assert other.out.splitlines() == [
        "things: Group/things/Rollouts/7/v1/things.json is not what was imported",
        "nothing that is imported from it differs",
    ]
    rewrite(source, "things", components={**document()["components"], "schemas": {}}, paths={})
    gone = run(*arguments, "--check")
    assert gone.out.splitlines()[:2] == [
        "things: gone, was Group/things/Rollouts/7/v1/things.json",
        "would be removed: specs/v1/things.yaml",
    ]
    # What is edited by hand is no difference of the source.
    rewrite(source, "things")
    run(*arguments)
    (specs / "v1/things.yaml").write_text("openapi: 3.0.3\n", encoding="utf-8")
    assert run(*arguments, "--check").code == 0


def test_a_damaged_record_is_a_located_problem(specs: Path, source: Path) -> None:
    imported(source, specs)
    for text in ("v1: 3\n", "v1: [{}]\n", "v1:\n  - source: a\n", "a: ["):
        (specs / "provenance.yaml").write_text(text, encoding="utf-8")
        (problem,) = problems(source, specs)
        assert "provenance.yaml:" in problem


def test_a_failure_while_writing_leaves_everything_as_it_was(specs: Path, source: Path) -> None:
    imported(source, specs)
    before = {path: path.read_bytes() for path in specs.rglob("*.yaml")}
    rewrite(source, "things", paths=document("renamed")["paths"])
    changed = plan(source, specs)
    write, calls = Path.write_bytes, []

    def fail(self: Path, content: bytes) -> int:
        calls.append(self)
        if len(calls) == 2:
            raise OSError("the disk is full")
        return write(self, content)

    with mock.patch.object(Path, "write_bytes", fail), pytest.raises(OSError, match="full"):
        changed.apply()
    assert {path: path.read_bytes() for path in specs.rglob("*") if path.is_file()} == before
    changed.apply()
    assert plan(source, specs).changes == ()


def test_a_first_import_that_fails_leaves_no_folder(specs: Path, source: Path) -> None:
    done = plan(source, specs)
    with (
        mock.patch.object(Path, "rename", side_effect=OSError("the disk is full")),
        pytest.raises(OSError, match="full"),
    ):
        done.apply()
    assert not specs.exists()

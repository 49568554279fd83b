"""What is recorded of an import, and what it decides: what changed, and which files may be removed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from unittest import mock

import pytest
import yaml
from upsertgen.importing import ImportPlan
from upsertgen.importing.provenance import read_provenance

from tests.command_line import contents, upsertgen
from tests.importing.conftest import Bring
from tests.importing.documents import document, post, single, tree
from tests.importing.import_runs import accepted, imported, plan, problems, spec


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return tree(tmp_path, things=document("things"), others=document("others"))


def recorded(specs: Path) -> object:
    return yaml.safe_load((specs / "provenance.yaml").read_text("utf-8"))


def rewrite(source: Path, name: str, **changes: object) -> None:
    path = source / f"Group/{name}/Rollouts/7/v1/{name}.json"
    path.write_text(json.dumps({**document(name), **changes}), encoding="utf-8")


def import_beside_own(source: Path, specs: Path) -> None:
    """Import, and add a file that no import wrote."""
    imported(source, specs)
    text = (specs / "v1/others.yaml").read_text("utf-8").replace("others", "own")
    (specs / "v1/own.yaml").write_text(text, encoding="utf-8")


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
    for folder, told, recorded in (
        (source.parent, "./collection", "collection"),
        (specs.parent / "collection/Group", "..", ".."),
    ):
        monkeypatch.chdir(folder)
        files = {change.path: change.after for change in plan(told, specs).changes}
        assert yaml.safe_load(files["provenance.yaml"] or "")["v1"][0]["source"] == recorded


def test_the_date_stays_while_the_documents_do(specs: Path, source: Path) -> None:
    imported(source, specs, today="2026-11-21")
    assert plan(source, specs, today="2026-11-30").changes == ()
    rewrite(source, "things", tags=[])
    (change,) = imported(source, specs, today="2026-11-30").changes
    assert change.path == "provenance.yaml"
    assert "2026-11-30" in (specs / "provenance.yaml").read_text("utf-8")


def test_versions_have_records_of_their_own(specs: Path, source: Path, bring: Bring) -> None:
    imported(source, specs)
    bring(document(), label="v2")
    assert set(yaml.safe_load((specs / "provenance.yaml").read_text("utf-8"))) == {"v1", "v2"}


def test_a_file_that_no_import_wrote_is_kept(specs: Path, source: Path) -> None:
    import_beside_own(source, specs)
    for name in ("things", "others"):
        other = document(name)
        other["components"]["schemas"]["Error"] = {"type": "object", "properties": {"b": {}}}
        post(other)["responses"]["default"]["content"].pop("application/json", None)
        rewrite(source, name, components=other["components"])
    done = imported(source, specs)
    assert done.kept == ("v1/own.yaml",)
    accepted(specs)


LISTING = """# Ours.
openapi: 3.0.3
info: {title: Listing, version: v1}
servers: [{url: "https://api.example.com"}]
paths:
  "/v1/listing/{type}":  # Nobody publishes it.
    get:
      operationId: get_all
      parameters: [{name: type, in: path, required: true, schema: {type: string}}]
      responses:
        "200": {description: v1 of all.}
        default:
          description: An error.
          content: {application/json: {schema: {$ref: "schemas.yaml#/components/schemas/Error"}}}
"""


def newer(source: Path, path: str = "v2") -> Path:
    """The same collection, of a version that comes after it."""
    for folder in source.glob("Group/*/Rollouts/7/v1"):
        folder.rename(folder.with_name(path))
    return source


def notes_on_selection(done: ImportPlan) -> list[str]:
    return [one for one in done.report.notes if "selected" in one]


def test_a_file_that_no_import_makes_comes_along_to_a_new_version(
    specs: Path, source: Path
) -> None:
    imported(source, specs)
    (specs / "v1/listing.yaml").write_text(LISTING, encoding="utf-8")
    done = imported(newer(source), specs, "v2", base="v1")
    moved = LISTING.replace("version: v1", "version: v2").replace("/v1/", "/v2/")
    assert (specs / "v2/listing.yaml").read_text("utf-8") == moved
    assert notes_on_selection(done) == [
        "v1/listing.yaml is not made from documents: none of its paths is selected; carried over to "
        "v2, see whether it is right there"
    ]
    assert [len(version.resources) for version in accepted(specs).versions] == [3, 3]
    # Then it belongs to the version, and no import wrote it.
    again = imported(source, specs, "v2", base="v1")
    assert (again.changes, again.kept) == ((), ("v2/listing.yaml",))
    assert notes_on_selection(again) == []


def test_what_cannot_come_along_is_told(specs: Path, source: Path) -> None:
    imported(source, specs)
    text = LISTING.replace("/v1/listing/", "/v1/things/")
    (specs / "v1/listing.yaml").write_text(LISTING, encoding="utf-8")
    things = spec(specs, "things")
    things["paths"] |= yaml.safe_load(text)["paths"]
    (specs / "v1/things.yaml").write_text(yaml.safe_dump(things), encoding="utf-8")
    assert notes_on_selection(imported(source, specs)) == [
        "things: GET /v1/things/{type} of v1 is not selected, and not imported"
    ]
    (specs / "v1/things.yaml").write_text(yaml.safe_dump(things), encoding="utf-8")
    (specs / "v1/others.yaml").write_text(LISTING, encoding="utf-8")
    assert notes_on_selection(imported(newer(source), specs, "v2")) == [
        "v1/listing.yaml is not made from documents: none of its paths is selected; v2 lacks it, copy it "
        "if v2 has such operations",
        "others: GET /v1/listing/{type} of v1 is not selected, and not imported",
        "things: GET /v1/things/{type} of v1 is not selected, and not imported",
    ]


def test_what_a_kept_file_needs_stays(specs: Path, source: Path) -> None:
    import_beside_own(source, specs)
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


def test_a_single_document_leaves_the_others_alone(specs: Path, source: Path, bring: Bring) -> None:
    imported(source, specs, today="2026-11-21")
    before = contents(specs / "v1")
    one = document()
    one["components"]["schemas"]["Result"]["properties"]["more"] = {"type": "string"}
    done = bring(one, today="2026-11-22")
    assert [change.path for change in done.spec_changes] == ["v1/things.yaml"]
    assert done.differences == ("things: things.json is not what was imported",)
    assert list(spec(specs, "things")["components"]["schemas"]) == ["Answer", "Result"]
    after = contents(specs / "v1")
    assert {**after, "things.yaml": b""} == {**before, "things.yaml": b""}
    assert [
        (one.source, one.date, list(one.origins)) for one in read_provenance(specs).imports("v1")
    ] == [
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
    arguments = ("import", "collection", "--api-version", "v1")
    before = upsertgen(*arguments, "--check")
    assert (before.code, before.out.splitlines()[0]) == (1, "v1 was not imported yet")
    assert not specs.exists()
    assert upsertgen(*arguments).code == 0
    same = upsertgen(*arguments, "--check")
    assert (same.code, same.out, same.err) == (0, "", "v1 is what SOURCE publishes.\n")
    rewrite(source, "things", tags=[])
    other = upsertgen(*arguments, "--check")
    assert other.code == 1
    assert other.out.splitlines() == [
        "things: Group/things/Rollouts/7/v1/things.json is not what was imported",
    ]
    assert other.err == (
        "v1 is not what SOURCE publishes; nothing that is imported from it differs.\n"
    )
    rewrite(source, "things", components={**document()["components"], "schemas": {}}, paths={})
    gone = upsertgen(*arguments, "--check")
    assert gone.out.splitlines()[:2] == [
        "things: gone, was Group/things/Rollouts/7/v1/things.json",
        "removed  specs/v1/things.yaml",
    ]
    assert gone.err.endswith("nothing was written. Next: the same without --check.\n")
    # What is edited by hand is no difference of the source.
    rewrite(source, "things")
    upsertgen(*arguments)
    (specs / "v1/things.yaml").write_text("openapi: 3.0.3\n", encoding="utf-8")
    assert upsertgen(*arguments, "--check").code == 0


def test_a_damaged_record_is_a_located_problem(specs: Path, source: Path) -> None:
    imported(source, specs)
    for text in ("v1: 3\n", "v1: [{}]\n", "v1:\n  - source: a\n", "a: ["):
        (specs / "provenance.yaml").write_text(text, encoding="utf-8")
        (problem,) = problems(source, specs)
        assert "provenance.yaml:" in problem


def test_a_failure_while_writing_leaves_everything_as_it_was(specs: Path, source: Path) -> None:
    imported(source, specs)
    before = contents(specs)
    rewrite(source, "things", paths=document("renamed")["paths"])
    changed = plan(source, specs, drop=("things",))
    write, calls = Path.write_bytes, []

    def fail(self: Path, content: bytes) -> int:
        calls.append(self)
        if len(calls) == 2:
            raise OSError("the disk is full")
        return write(self, content)

    with mock.patch.object(Path, "write_bytes", fail), pytest.raises(OSError, match="full"):
        changed.apply()
    assert contents(specs) == before
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

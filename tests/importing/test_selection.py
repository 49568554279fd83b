"""Which documents of a collection are imported: versions, rollouts, patterns, and rivals."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upsertgen.importing.collection import Pattern, excluding, natural_order
from upsertgen.importing.publication import type_name

from tests.importing.conftest import Bring
from tests.importing.documents import changed, collection, document
from tests.importing.import_runs import imported, operation, problems, spec
from tests.importing.published_documents import Document


def test_test_groups_can_be_excluded(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        G__Things__Rollouts__9__v1__things=document("things"),
        TestGroup__Others__Rollouts__10__v1__others=document("others"),
        G__Contests__Rollouts__10__v1__contests=document("contests"),
        **{"G__Things Test__Rollouts__10__v1__things": changed("things", "201")},
    )
    plan = imported(source, specs, exclude=("test_*", "*_test"))
    assert [one.name for one in plan.report.imported] == ["contests", "things"]
    assert "201" not in operation(specs, "things")["responses"]
    assert "  1 document: excluded by 'test_*'" in list(plan.report.lines())
    (problem,) = problems(source, specs, exclude=("*",))
    assert "every document of v1 is excluded, by '*'" in problem


def test_other_trees_need_a_pattern(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        v1__contacts__openapi=document("contacts"),
        v1__deals__openapi=document("deals"),
        v2__deals__openapi=document("other"),
    )
    (problem,) = problems(source, specs)
    assert problem.startswith("collection") or str(tmp_path) in problem
    assert "none of its 3 JSON and YAML files lies as the pattern" in problem
    assert "such as 'v1/contacts/openapi.json'" in problem
    plan = imported(source, specs, pattern="{version}/{type}/openapi.json")
    assert [one.name for one in plan.report.imported] == ["contacts", "deals"]
    (problem,) = problems(source, specs, "v7", pattern="{version}/{type}/openapi")
    assert "no document belongs to the version 'v7'; expected one of v1, v2" in problem


def test_a_document_of_another_version_is_noted(bring: Bring, specs: Path) -> None:
    plan = bring(document(), label="v2")
    (note,) = plan.report.notes
    assert note == "things: /things/v1/things/batch/upsert names the version v1, not v2"


READ = {"responses": {"200": {"description": ""}}}


@pytest.mark.parametrize(
    ("path", "item", "told"),
    [
        ("/things/v1/things/batch/{action}", {"post": READ}, "POST"),
        ("/things/v1/{type}/{id}/{action}", {"get": READ, "patch": READ}, "GET PATCH"),
        ("/things/v1/Things/batch/Upsert", {"put": READ}, "PUT"),
        ("/things/v1/things/batch/upsert?force=true", {"post": READ}, "POST"),
        ("/things/v1/things/batch/upsert#2", {"post": READ}, "POST"),
        ("/things/v1/things/batch/read", {"post": READ}, ""),
        ("/things/v1/things/{id}", {"post": READ}, ""),
    ],
)
def test_an_operation_that_is_not_selected_and_has_the_path_of_one_is_noted(
    path: str, item: Document, told: str, bring: Bring
) -> None:
    one = document()
    one["paths"][path] = item
    done = bring(one)
    why = "is not selected, and has the path of what is"
    assert [note.text for note in done.notes] == [f"{it} {path} {why}" for it in told.split()]
    assert all(
        note.location.path.endswith("things.json") and note.location.line > 1 for note in done.notes
    )
    assert len(done.report.imported[0].operations) == 1


def test_so_many_paths_are_not_all_compared(bring: Bring) -> None:
    one = document()
    for number in range(1_100):
        one["paths"][f"/things/v1/a{number}/batch/upsert"] = {}
        one["paths"][f"/things/v1/b{number}/batch/read"] = {"post": READ}
    (note,) = bring(one).notes
    assert note.text == "of its paths 1000000 are compared with those that are selected"


@pytest.mark.parametrize(
    ("select", "expected"),
    [
        ((), {"post a", "put a", "post b", "get b", "post c"}),
        (("POST /things/v1/things/batch/upsert",), {"post a"}),
        (("put batch/upsert", "{key}/merge"), {"put a", "post b", "get b"}),
        (("get /{anything}/merge",), {"get b"}),
        (("merge",), {"post b", "get b"}),
    ],
)
def test_operations_are_selected_by_method_and_path(
    select: tuple[str, ...], expected: set[str], bring: Bring, specs: Path
) -> None:
    one = document()
    (path,), post = one["paths"], next(iter(one["paths"].values()))["post"]
    key = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
    one["paths"][path]["put"] = post
    one["paths"]["/things/{id}/merge"] = {"post": post, "get": READ, "parameters": [key]}
    one["paths"]["/things/sync"] = {"post": post}
    bring(one, select=select)
    called = {path: "a", "/things/{id}/merge": "b", "/things/sync": "c"}
    paths = spec(specs, "things")["paths"]
    assert {f"{method} {called[at]}" for at, item in paths.items() for method in item} == expected


@pytest.mark.parametrize(
    ("published", "expected"),
    [
        ("upsertVectors", "upsert_vectors"),
        ("bulk_upsert", "bulk_upsert"),
        ("Records.Upsert", "records_upsert"),
        ("post-/things/v1/things/batch/upsert", "batch_upsert"),
        ("post_2026_things", "batch_upsert"),
        ("upsert", "batch_upsert"),
        ("createOrUpdateAllOfTheManyThingsAtOnce", "batch_upsert"),
        (None, "batch_upsert"),
    ],
)
def test_methods_are_called_after_good_operation_ids(
    published: str | None, expected: str, bring: Bring, specs: Path
) -> None:
    one = document()
    (item,) = one["paths"].values()
    item["post"]["operationId"] = published
    bring(one, names="operationId")
    ((_, found),) = next(iter(spec(specs, "things")["paths"].values())).items()
    assert found["operationId"] == expected


def test_an_operation_id_that_comes_twice_names_nothing(bring: Bring, specs: Path) -> None:
    one = document()
    (item,) = one["paths"].values()
    item["post"]["operationId"] = "send"
    one["paths"]["/others/batch/upsert"] = {"post": item["post"]}
    bring(one, names="operationId")
    paths = spec(specs, "things")["paths"].values()
    assert {item["post"]["operationId"] for item in paths} == {
        "batch_upsert",
        "things_batch_upsert",
    }


def test_every_method_of_a_selected_path_is_imported_or_noted(bring: Bring, specs: Path) -> None:
    one = document()
    (item,) = one["paths"].values()
    item |= {
        "put": {**READ, "security": []},
        "query": READ,
        "x-more": READ,
        "servers": [],
        "parameters": [],
    }
    done = bring(one)
    (path,) = one["paths"]
    assert [note.text for note in done.notes] == [f"QUERY {path} is no method that can be imported"]
    assert list(spec(specs, "things")["paths"][path]) == ["post", "put"]


@pytest.mark.parametrize(
    ("pattern", "path", "expected"),
    [
        ("Rollouts/{rollout}/{version}/{type}", "A/B/Rollouts/3/v1/c.json", ("c", "v1", "3")),
        ("Rollouts/{rollout}/{version}/{type}", "Rollouts/3/v1/c.yml", ("c", "v1", "3")),
        ("Rollouts/{rollout}/{version}/{type}", "Rollouts/3/v1/c.txt", None),
        ("Rollouts/{rollout}/{version}/{type}", "Rollouts/3/4/v1/c.json", None),
        ("{version}/{type}.json", "a/v1/c.json", ("c", "v1", None)),
        ("{version}/{type}.json", "a/v1/c.yaml", None),
        ("{version}/**/{type}", "v1/c.json", ("c", "v1", None)),
        ("{type}/v*/openapi", "a/v7/openapi.json", ("a", None, None)),
        ("{type}/**", "a/b/c.json", ("b", None, None)),
        ("{group}/{name}", "a/b.json", ("b", None, None)),
        ("{type}-{version}.json", "a-v1.json", ("a", "v1", None)),
        ("{a}/{a}/{type}", "x/x/c.json", ("c", None, None)),
        ("{a}/{a}/{type}", "x/y/c.json", None),
    ],
)
def test_patterns(pattern: str, path: str, expected: tuple[str, str, str] | None) -> None:
    placed = Pattern(pattern, "--pattern").match(path)
    found = None if placed is None else (placed.stem, placed.version, placed.rollout)
    assert found == expected


@pytest.mark.parametrize("pattern", ["", "{a b}/c", "{}/c", "{a/b", "a}"])
def test_patterns_that_are_none(pattern: str, tmp_path: Path, specs: Path) -> None:
    with pytest.raises(Exception, match="the pattern") as raised:
        Pattern(pattern, "--pattern")
    assert "--pattern: the pattern" in str(raised.value)


@pytest.mark.parametrize(
    ("path", "pattern", "excluded"),
    [
        ("a/TestGroup/c.json", "test_*", True),
        ("a/b/Contact Test.json", "*_test", True),
        ("a/Latest/c.json", "*_test", False),
        ("a/Test/c.json", "test", True),
        ("a/b/c.json", "a/*", True),
        ("a/b/c.json", "b", True),
        ("a/b/c.json", "c", True),
        ("a/b/c.json", "c.json", False),
    ],
)
def test_exclusions(path: str, pattern: str, excluded: bool) -> None:
    assert (excluding(path, [pattern]) == pattern) is excluded


@given(st.integers(0, 10**30), st.integers(0, 10**30))
def test_rollouts_are_compared_as_numbers(one: int, other: int) -> None:
    assert (natural_order(str(one)) < natural_order(str(other))) == (one < other)


@pytest.mark.parametrize(
    ("stem", "expected"),
    [
        ("contacts", "contacts"),
        ("lineItems", "line_items"),
        ("Line Items", "line_items"),
        ("postal-mail", "postal_mail"),
        ("publicAppFlagsV3", "public_app_flags_v3"),
        ("schemas", "schemas_"),
        ("class", "class_"),
        ("0-3", "sold_goods"),
        ("0_3", "sold_goods"),
    ],
)
def test_types_are_called_after_their_files(stem: str, expected: str) -> None:
    assert type_name(stem, "Sold Goods", lambda _: None) == expected


def test_a_single_document_may_be_called_otherwise_than_its_file(
    bring: Bring, specs: Path, tmp_path: Path
) -> None:
    bring(document(), "openapi.json", object_type="line-items")
    assert spec(specs, "line_items")["paths"]
    source = tmp_path / "openapi.json"
    for wrong in ("", "../a", "a b", "1"):
        (line,) = problems(source, specs, object_type=wrong)
        assert line.startswith("--object-type: openapi.json is to be called ")
    (line,) = problems(collection(tmp_path, v1__a=document()), specs, object_type="a", pattern="*")
    assert "is a collection" in line

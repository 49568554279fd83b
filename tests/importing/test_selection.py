"""Which documents of a collection are imported: versions, rollouts, patterns, and rivals."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from upsertgen.importing.naming import type_name
from upsertgen.importing.patterns import Pattern, excluding, natural_order

from tests.importing.documents import document, post, single
from tests.importing.publishing import Document, write
from tests.importing.running import accepted, imported, operation, problems, spec


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return tmp_path / "specs"


def collection(folder: Path, **paths: Document) -> Path:
    """Write documents at paths, in which `__` stands for `/`."""
    return write(
        folder / "collection",
        {f"{path.replace('__', '/')}.json": json.dumps(one) for path, one in paths.items()},
    )


def changed(name: str, status: str) -> Document:
    one = document(name)
    post(one)["responses"][status] = {"description": ""}
    return one


def test_the_newest_rollout_of_a_version_is_imported(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        G__Things__Rollouts__9__v1__things=changed("things", "201"),
        G__Things__Rollouts__10__v1__things=changed("things", "202"),
        G__Things__Rollouts__11__v2__things=changed("things", "203"),
        G__Others__Rollouts__8__v1__others=changed("others", "204"),
    )
    plan = imported(source, specs)
    assert "202" in operation(specs, "things")["responses"]
    assert "204" in operation(specs, "others")["responses"]
    assert plan.report.older == 1
    assert "older: 1 document of earlier rollouts" in list(plan.report.lines())


def test_an_older_rollout_does_not_come_back(tmp_path: Path, specs: Path) -> None:
    gone = document("things")
    gone["paths"] = {}
    source = collection(
        tmp_path,
        G__Things__Rollouts__9__v1__things=document("things"),
        G__Things__Rollouts__10__v1__things=gone,
        G__Others__Rollouts__8__v1__others=document("others"),
    )
    plan = imported(source, specs)
    assert [name for name, _, _ in plan.report.imported] == ["others"]
    assert plan.report.unselected == 1


def test_of_two_documents_for_a_type_the_newer_wins(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        A__Line_items__Rollouts__12__v1__line_items=changed("items", "201"),
        B__LineItems__Rollouts__9__v1__lineItems=changed("items", "202"),
    )
    plan = imported(source, specs)
    assert "201" in operation(specs, "line_items")["responses"]
    assert plan.report.overruled == [
        "B/LineItems/Rollouts/9/v1/lineItems.json: passed over for the object type line_items; "
        "A/Line_items/Rollouts/12/v1/line_items.json is newer"
    ]


def test_of_two_documents_for_a_path_the_newer_wins(tmp_path: Path, specs: Path) -> None:
    newer = document("{objectType}")
    source = collection(
        tmp_path,
        A__Old__Rollouts__9__v1__old=changed("parts", "201"),
        B__Parts__Rollouts__12__v1__parts=newer,
    )
    plan = imported(source, specs)
    assert {path.stem for path in (specs / "v1").iterdir()} == {"parts", "schemas"}
    assert "passed over for POST /things/v1/parts/batch/upsert" in plan.report.overruled[0]
    accepted(specs)


def test_a_document_keeps_what_no_other_has(tmp_path: Path, specs: Path) -> None:
    old = changed("parts", "201")
    old["paths"]["/things/v1/old/batch/upsert"] = {"post": post(document())}
    old["components"]["schemas"]["Gone"] = {"type": "object", "properties": {"a": {}}}
    rival = old["paths"]["/things/v1/parts/batch/upsert"]["post"]["responses"]["201"]
    rival["content"] = {"application/json": {"schema": {"$ref": "#/components/schemas/Gone"}}}
    source = collection(
        tmp_path,
        A__Old__Rollouts__9__v1__old=old,
        B__Parts__Rollouts__12__v1__parts=document("parts"),
    )
    imported(source, specs)
    assert list(spec(specs, "old")["paths"]) == ["/things/v1/old/batch/upsert"]
    assert "Gone" not in (specs / "v1" / "old.yaml").read_text("utf-8")


def test_generic_types_may_share_a_path(tmp_path: Path, specs: Path) -> None:
    one = document("{objectType}")
    source = collection(
        tmp_path,
        A__Objects__Rollouts__9__v1__objects=one,
        B__Custom__Rollouts__12__v1__customObjects=one,
        C__Things__Rollouts__12__v1__things=one,
    )
    plan = imported(source, specs)
    assert [name for name, _, _ in plan.report.imported] == ["custom_objects", "objects", "things"]
    assert plan.report.overruled == []


def test_rivals_of_the_same_rollout_have_to_agree(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        A__Things__Rollouts__9__v1__things=document("things"),
        B__Things__Rollouts__9__v1__things=document("things"),
    )
    plan = imported(source, specs)
    assert "says the same" in plan.report.overruled[0]
    source = collection(tmp_path, B__Things__Rollouts__9__v1__things=changed("things", "201"))
    (problem,) = problems(source, specs, "v1")
    assert "both describe the object type things, and neither is newer" in problem
    assert "--exclude" in problem
    imported(source, specs, exclude=("B",))


def test_test_groups_can_be_excluded(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        G__Things__Rollouts__9__v1__things=document("things"),
        TestGroup__Others__Rollouts__10__v1__others=document("others"),
        G__Contests__Rollouts__10__v1__contests=document("contests"),
        **{"G__Things Test__Rollouts__10__v1__things": changed("things", "201")},
    )
    plan = imported(source, specs, exclude=("test_*", "*_test"))
    assert [name for name, _, _ in plan.report.imported] == ["contests", "things"]
    assert "201" not in operation(specs, "things")["responses"]
    assert "excluded: 1 document by 'test_*'" in list(plan.report.lines())
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
    assert [name for name, _, _ in plan.report.imported] == ["contacts", "deals"]
    (problem,) = problems(source, specs, "v7", pattern="{version}/{type}/openapi")
    assert "no document belongs to the version 'v7'; expected one of v1, v2" in problem


def test_a_selection_of_nothing_is_an_error(tmp_path: Path, specs: Path) -> None:
    source = collection(tmp_path, G__Things__Rollouts__9__v1__things=document("things"))
    (problem,) = problems(source, specs, select=("batch/archive",))
    assert "no path of the document ends in 'batch/archive'" in problem
    assert not specs.exists()


def test_a_document_of_another_version_is_noted(tmp_path: Path, specs: Path) -> None:
    plan = imported(single(tmp_path, document()), specs, "v2")
    (note,) = plan.report.notes
    assert note == "things: /things/v1/things/batch/upsert names the version v1, not v2"


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

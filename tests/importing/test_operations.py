"""Of each operation the newest document that has it, whatever else was published before and after it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.importing.documents import (
    SCHEMAS,
    body,
    changed,
    collection,
    document,
    operations,
    post,
    ref,
)
from tests.importing.import_runs import accepted, imported, operation, plan, problems, spec
from tests.importing.published_documents import Document

THINGS = "/things/v1/things/batch/upsert"
PARTS = "/things/v1/parts/batch/upsert"
LOST: Document = {**document(), "paths": {"/things/v1/things/batch/read": {"post": {}}}}
"""An older document that was published again, from before there was an upsert."""


def paths(specs: Path, label: str = "v1") -> dict[str, list[str]]:
    """Return the paths of each imported object type."""
    return {
        path.stem: list(spec(specs, path.stem, label)["paths"])
        for path in sorted((specs / label).glob("*.yaml"))
        if path.stem != "schemas"
    }


def statuses(specs: Path, name: str, path: str) -> list[str]:
    return list(spec(specs, name)["paths"][path]["post"]["responses"])


def test_the_newest_rollout_that_has_an_operation_gives_it(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        G__Things__Rollouts__9__v1__things=changed("things", "201"),
        G__Things__Rollouts__10__v1__things=changed("things", "202"),
        G__Things__Rollouts__11__v2__things=changed("things", "203"),
        G__Others__Rollouts__8__v1__others=changed("others", "204"),
    )
    done = imported(source, specs)
    assert "202" in operation(specs, "things")["responses"]
    assert "204" in operation(specs, "others")["responses"]
    assert done.report.passed_over == [
        f"G/Things/Rollouts/9/v1/things.json: has POST {THINGS}; "
        "newer in G/Things/Rollouts/10/v1/things.json"
    ]
    assert "  1 document: of the version v2" in list(done.report.lines())


def test_a_newer_document_that_lacks_an_operation_takes_none_away(
    tmp_path: Path, specs: Path
) -> None:
    source = collection(
        tmp_path,
        G__Things__Rollouts__9__v1__things=changed("things", "201"),
        G__Things__Rollouts__10__v1__things=changed("things", "202"),
        G__Things__Rollouts__11__v1__things=LOST,
        G__Others__Rollouts__8__v1__others=document("others"),
    )
    done = imported(source, specs)
    assert "202" in operation(specs, "things")["responses"]
    assert done.report.passed_over[0] == (
        f"G/Things/Rollouts/11/v1/things.json: lacks POST {THINGS}; "
        "kept from the older G/Things/Rollouts/10/v1/things.json"
    )
    origin = "G/Things/Rollouts/10/v1/things.json"
    assert f"document: {origin}" in (specs / "provenance.yaml").read_text("utf-8")
    again = plan(source, specs)
    assert (again.changes, again.differences) == ((), ())
    # Whether it is lost or another has it: only that counts of which something is taken.
    (source / "G/Things/Rollouts/12/v1").mkdir(parents=True)
    (source / "G/Things/Rollouts/12/v1/things.json").write_text(json.dumps(LOST))
    assert plan(source, specs).differences == ()
    accepted(specs)


def test_a_type_is_put_together_from_all_that_have_a_part_of_it(
    tmp_path: Path, specs: Path
) -> None:
    older, newer = operations(THINGS, PARTS), operations(THINGS)
    newer["paths"][THINGS]["post"]["responses"]["202"] = {"description": ""}
    source = collection(
        tmp_path, A__Rollouts__1__v1__things=older, A__Rollouts__2__v1__things=newer
    )
    done = imported(source, specs)
    assert paths(specs) == {"things": [PARTS, THINGS]}
    assert "202" in statuses(specs, "things", THINGS)
    assert "202" not in statuses(specs, "things", PARTS)
    lines = list(done.report.lines())
    assert [
        f"  things: POST {THINGS} from A/Rollouts/2/v1/things.json",
        f"  things: POST {PARTS} from A/Rollouts/1/v1/things.json",
    ] == [line for line in lines if line.startswith("  things: ")]
    assert done.report.passed_over == [
        f"A/Rollouts/2/v1/things.json: lacks POST {PARTS}; "
        "kept from the older A/Rollouts/1/v1/things.json",
        f"A/Rollouts/1/v1/things.json: has POST {THINGS}; newer in A/Rollouts/2/v1/things.json",
    ]
    assert plan(source, specs).changes == ()
    older["tags"] = []
    source = collection(tmp_path, A__Rollouts__1__v1__things=older)
    assert plan(source, specs).differences == (
        "things: A/Rollouts/1/v1/things.json is not what was imported",
    )
    newer["paths"][PARTS] = older["paths"][PARTS]
    source = collection(tmp_path, A__Rollouts__2__v1__things=newer)
    assert plan(source, specs).differences == (
        "things: A/Rollouts/2/v1/things.json is not what was imported",
    )
    imported(source, specs)
    assert "A/Rollouts/1" not in (specs / "provenance.yaml").read_text("utf-8")


def test_of_two_documents_for_an_operation_the_newer_wins(tmp_path: Path, specs: Path) -> None:
    """Whatever their folders are, and however their types are written."""
    source = collection(
        tmp_path,
        A__Line_items__Rollouts__12__v1__line_items=changed("items", "201"),
        B__LineItems__Rollouts__9__v1__lineItems=changed("items", "202"),
    )
    done = imported(source, specs)
    assert "201" in operation(specs, "line_items")["responses"]
    assert done.report.passed_over == [
        "B/LineItems/Rollouts/9/v1/lineItems.json: has POST /things/v1/items/batch/upsert; "
        "newer in A/Line_items/Rollouts/12/v1/line_items.json"
    ]


TYPE = {"name": "objectType", "in": "path", "required": True, "schema": {"type": "string"}}
WITH_TYPE = document("{objectType}")
POST = f"POST {THINGS}"


@pytest.mark.parametrize(
    ("published", "expected", "told"),
    [
        pytest.param(
            {"A__Rollouts__9__v1__old": document(), "B__Rollouts__12__v1__things": WITH_TYPE},
            {"things": ["/things/v1/{objectType}/batch/upsert"]},
            f"A/Rollouts/9/v1/old.json: {POST} is no operation of old, but of things; "
            "newer in B/Rollouts/12/v1/things.json",
            id="two types with one path",
        ),
        pytest.param(
            {
                "A__Rollouts__9__v1__things": document(),
                "B__Rollouts__9__v1__things": operations(PARTS),
            },
            {"things": [PARTS, THINGS]},
            f"things: {POST} from A/Rollouts/9/v1/things.json",
            id="one type in two groups",
        ),
        pytest.param(
            {
                "A__Rollouts__9__v1__myThings": document(),
                "B__Rollouts__8__v1__My_things": operations(PARTS),
            },
            {"my_things": [PARTS, THINGS]},
            f"my_things: POST {PARTS} from B/Rollouts/8/v1/My_things.json",
            id="two names that are one",
        ),
        pytest.param(
            {
                "A__Rollouts__1__v1__deals": document("0-3"),
                "A__Rollouts__2__v1__deals": document("deals"),
            },
            {"deals": ["/things/v1/0-3/batch/upsert", "/things/v1/deals/batch/upsert"]},
            "A/Rollouts/2/v1/deals.json: lacks POST /things/v1/0-3/batch/upsert; "
            "kept from the older A/Rollouts/1/v1/deals.json",
            id="another constant",
        ),
        pytest.param(
            {"A__Rollouts__1__v1__things": WITH_TYPE, "A__Rollouts__2__v1__things": document()},
            {"things": [THINGS]},
            f"A/Rollouts/1/v1/things.json: has {POST}; newer in A/Rollouts/2/v1/things.json",
            id="an argument that is a constant now",
        ),
        pytest.param(
            {
                "A__Rollouts__1__v1__things": operations(
                    THINGS, "/things/v1/{objectType}/batch/upsert"
                )
            },
            {"things": [THINGS]},
            "A/Rollouts/1/v1/things.json: POST /things/v1/{objectType}/batch/upsert; "
            f"it is the same as {THINGS}",
            id="twice in one document",
        ),
        pytest.param(
            {"A__Rollouts__9__v1__things": document(), "B__Rollouts__9__v1__things": document()},
            {"things": [THINGS]},
            f"B/Rollouts/9/v1/things.json: has {POST}; the same in A/Rollouts/9/v1/things.json",
            id="the same twice",
        ),
        pytest.param(
            {"A__Rollouts__9__v1__things": document(), "A__things": document("others")},
            {"things": [THINGS]},
            "1 document: not where the pattern says, A/things.json",
            id="elsewhere",
        ),
    ],
)
def test_an_operation_is_kept_or_told(
    published: dict[str, Document],
    expected: dict[str, list[str]],
    told: str,
    tmp_path: Path,
    specs: Path,
) -> None:
    source = collection(tmp_path, **published)
    done = imported(source, specs)
    assert paths(specs) == expected
    assert f"  {told}" in list(done.report.lines())
    assert plan(source, specs).changes == ()
    accepted(specs)


def test_an_ending_in_capitals_is_one(tmp_path: Path, specs: Path) -> None:
    path = collection(tmp_path, G__Rollouts__9__v1__things=document()) / "G/Rollouts/9/v1"
    (path / "things.json").rename(path / "things.JSON")
    imported(tmp_path / "collection", specs)
    assert paths(specs) == {"things": [THINGS]}


@pytest.mark.parametrize(("one", "other"), [("7", "07"), ("9" * 50, "0" + "9" * 50)])
def test_rivals_of_the_same_rollout_have_to_agree(
    one: str, other: str, tmp_path: Path, specs: Path
) -> None:
    source = collection(
        tmp_path,
        **{
            f"A__Rollouts__{one}__v1__things": document(),
            f"B__Rollouts__{other}__v1__things": changed("things", "201"),
        },
    )
    (problem,) = problems(source, specs)
    assert f"both describe {POST}, and neither is newer" in problem
    assert "--exclude" in problem
    imported(source, specs, exclude=("B",))


def test_a_document_keeps_what_no_other_has(tmp_path: Path, specs: Path) -> None:
    old = changed("parts", "201")
    old["paths"]["/things/v1/old/batch/upsert"] = {"post": post(document())}
    old["components"]["schemas"]["Gone"] = {"type": "object", "properties": {"a": {}}}
    rival = old["paths"][PARTS]["post"]["responses"]["201"]
    rival["content"] = {"application/json": {"schema": ref("Gone")}}
    source = collection(
        tmp_path, A__Rollouts__9__v1__old=old, B__Rollouts__12__v1__parts=document("parts")
    )
    imported(source, specs)
    assert list(spec(specs, "old")["paths"]) == ["/things/v1/old/batch/upsert"]
    assert "Gone" not in (specs / "v1" / "old.yaml").read_text("utf-8")


def test_generic_types_may_share_a_path(tmp_path: Path, specs: Path) -> None:
    source = collection(
        tmp_path,
        A__Objects__Rollouts__9__v1__objects=WITH_TYPE,
        B__Custom__Rollouts__12__v1__customObjects=WITH_TYPE,
        C__Things__Rollouts__12__v1__things=WITH_TYPE,
    )
    done = imported(source, specs)
    assert [one.name for one in done.report.imported] == ["custom_objects", "objects", "things"]
    assert done.report.passed_over == []


def together(tmp_path: Path, older: Document, newer: Document) -> Path:
    """Publish two documents of one type, of which each has an operation of its own."""
    older["paths"] = {PARTS: {"post": post(older)}}
    return collection(
        tmp_path,
        A__Rollouts__1__v1__things=older,
        A__Rollouts__2__v1__things=newer,
        B__Rollouts__1__v1__others=document("others"),
    )


def request_of(specs: Path, path: str) -> Any:
    content = spec(specs, "things")["paths"][path]["post"]["requestBody"]["content"]
    return content["application/json"]["schema"]["$ref"].rpartition("#")[2]


def test_schemas_of_one_name_are_told_apart(tmp_path: Path, specs: Path) -> None:
    """With all that refers to them; what is the same stays one."""
    older = document()
    older["components"]["schemas"]["Input"]["properties"]["old"] = {"type": "string"}
    done = imported(together(tmp_path, older, document()), specs)
    assert request_of(specs, THINGS) == "/components/schemas/Batch"
    assert request_of(specs, PARTS) == "/components/schemas/Batch2"
    own = spec(specs, "things")["components"]["schemas"]
    assert sorted(own) == ["Batch2", "Input2"]
    assert own["Batch2"]["properties"]["inputs"]["items"] == {"$ref": "#/components/schemas/Input2"}
    assert "old" in own["Input2"]["properties"]
    assert sorted(spec(specs, "schemas")["components"]["schemas"]) == sorted(SCHEMAS)
    assert [one for one in done.report.notes if "called" in one] == [
        f"things: {name} of A/Rollouts/1/v1/things.json is not that of A/Rollouts/2/v1/things.json; "
        f"called {name}2"
        for name in ("Batch", "Input")
    ]
    accepted(specs)


def test_a_new_name_is_one_that_nothing_has(tmp_path: Path, specs: Path) -> None:
    older, newer = document(), document()
    older["components"]["schemas"]["Input"]["properties"]["old"] = {"type": "string"}
    newer["components"]["schemas"]["Result"] = {"allOf": [ref("Input2")]}
    newer["components"]["schemas"]["Input2"] = {"type": "object", "properties": {}}
    imported(together(tmp_path, older, newer), specs)
    own = spec(specs, "things")["components"]["schemas"]
    assert own["Batch2"]["properties"]["inputs"]["items"] == {"$ref": "#/components/schemas/Input3"}
    assert own["Input2"]["properties"] == {}
    accepted(specs)


@pytest.mark.parametrize("mapping", [None, {"a": "Input"}])
def test_tags_of_alternatives_stay(
    mapping: dict[str, str] | None, tmp_path: Path, specs: Path
) -> None:
    older = document()
    discriminator = {"propertyName": "kind", **({"mapping": mapping} if mapping else {})}
    older["components"]["schemas"]["Input"]["properties"]["kind"] = {"type": "string"}
    older["components"]["schemas"]["Error"]["properties"]["kind"] = {"type": "string"}
    older["components"]["schemas"]["Result"] = {
        "oneOf": [ref("Input"), ref("Error")],
        "discriminator": discriminator,
    }
    imported(together(tmp_path, older, document()), specs)
    result = spec(specs, "things")["components"]["schemas"]["Result2"]
    target = {name: f"#/components/schemas/{name}2" for name in ("Input", "Error")}
    assert result["oneOf"] == [{"$ref": one} for one in target.values()]
    told = {"a": target["Input"], "Error": target["Error"]} if mapping else target
    assert result["discriminator"] == {"propertyName": "kind", "mapping": told}


def test_security_and_servers_of_several_documents(tmp_path: Path, specs: Path) -> None:
    older = document(servers=[{"url": "https://old.example.com"}])
    flows = older["components"]["securitySchemes"]["oauth2"]["flows"]
    flows["clientCredentials"]["tokenUrl"] = "https://old.example.com/token"
    done = imported(together(tmp_path, older, document()), specs)
    things = spec(specs, "things")
    assert things["servers"] == [{"url": "https://api.example.com"}]
    assert things["paths"][PARTS]["post"]["security"] == [{"oauth22": ["write"]}]
    assert things["paths"][THINGS]["post"]["security"] == [{"oauth2": ["write"]}]
    assert {
        "things: A/Rollouts/1/v1/things.json names the server https://old.example.com; taken is "
        "https://api.example.com",
        "things: oauth2 of A/Rollouts/1/v1/things.json is not that of A/Rollouts/2/v1/things.json; "
        "called oauth22",
    } <= set(done.report.notes)
    accepted(specs)


def test_scopes_of_several_documents_come_together(tmp_path: Path, specs: Path) -> None:
    older = document()
    post(older)["security"] = [{"oauth2": ["read"]}]
    imported(together(tmp_path, older, document()), specs)
    schemes = spec(specs, "schemas")["components"]["securitySchemes"]
    assert list(schemes["oauth2"]["flows"]["clientCredentials"]["scopes"]) == ["read", "write"]


def test_a_broken_document_counts_if_it_is_the_newest_or_needed(
    tmp_path: Path, specs: Path
) -> None:
    dangling = document()
    post(dangling)["responses"]["201"] = {"$ref": "#/nowhere"}
    source = collection(
        tmp_path, A__Rollouts__1__v1__things=dangling, A__Rollouts__2__v1__things=document()
    )
    (source / "A/Rollouts/0/v1").mkdir(parents=True)
    (source / "A/Rollouts/0/v1/things.json").write_text("{")
    told = [one.rpartition("/v1/")[2] for one in imported(source, specs).report.broken]
    assert len(told) == 2
    assert "things.json:1:2: this is not JSON" in told[0]
    assert "the $ref '#/nowhere'" in told[1]
    lost = collection(tmp_path, A__Rollouts__2__v1__things=LOST)
    (problem,) = problems(lost, specs)
    assert "Rollouts/1/v1/things.json:1:" in problem
    (source / "A/Rollouts/3/v1").mkdir(parents=True)
    (source / "A/Rollouts/3/v1/things.json").write_text("{")
    assert any("Rollouts/3/v1/things.json:1:2" in one for one in problems(source, specs))


def test_a_problem_is_told_where_its_operation_was_published(tmp_path: Path, specs: Path) -> None:
    older = document()
    older["components"]["schemas"]["Input"]["properties"]["old"] = {"type": "unheard"}
    post(older)["parameters"] = [{"name": "a", "in": "nowhere"}]
    found = problems(together(tmp_path, older, document()), specs)
    assert found
    assert all("A/Rollouts/1/v1/things.json:1:" in one for one in found)


def test_bodies_that_are_the_same_stay_one(tmp_path: Path, specs: Path) -> None:
    older = document()
    post(older)["responses"]["201"] = {"description": "", **body("Answer")}
    done = imported(together(tmp_path, older, document()), specs)
    assert not any("called" in one for one in done.report.notes)
    assert sorted(spec(specs, "schemas")["components"]["schemas"]) == sorted(SCHEMAS)

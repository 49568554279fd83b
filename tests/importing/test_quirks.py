"""What published documents are known to get wrong, each imported into specs that the generator accepts."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.importing.conftest import Bring
from tests.importing.documents import PATH, body, document, post, single, tree
from tests.importing.import_runs import accepted, imported, operation, problems, spec
from tests.importing.published_documents import PREFIX, TEXT, Document

Change = Callable[[Document], Any]


def with_type_parameter() -> Document:
    one = document("{objectType}")
    post(one)["parameters"] = [
        {
            "name": "objectType",
            "in": "path",
            "required": True,
            "description": TEXT,
            "example": None,
            "schema": {"type": "string", "example": None},
        }
    ]
    return one


def constant(specs: Path, name: str = "things", label: str = "v1") -> Any:
    """Return what stands in the path for a type that is a constant."""
    return operation(specs, name, label)["parameters"][0]["schema"]["enum"]


def test_a_parameter_for_the_type_is_its_constant(bring: Bring, specs: Path) -> None:
    bring(with_type_parameter(), "lineItems.json")
    assert operation(specs, "line_items")["parameters"] == [
        {
            "name": "objectType",
            "in": "path",
            "required": True,
            "schema": {"type": "string", "enum": ["line_items"]},
        }
    ]
    (version,) = accepted(specs).versions
    assert version.resources[0].operations[0].path.raw == "/things/v1/line_items/batch/upsert"


def test_a_generic_type_keeps_the_argument_or_is_given_a_constant(
    bring: Bring, specs: Path
) -> None:
    bring(with_type_parameter(), "objects.json")
    assert operation(specs, "objects")["parameters"][0]["schema"] == {"type": "string"}
    (version,) = accepted(specs).versions
    assert [one.name for one in version.resources[0].operations[0].parameters] == [
        "object_type",
        "inputs",
    ]
    bring(with_type_parameter(), "objects.json", map={"objects": "all"})
    assert constant(specs, "objects") == ["all"]


def test_a_parameter_that_is_not_declared_is(bring: Bring, specs: Path) -> None:
    one = with_type_parameter()
    del post(one)["parameters"]
    bring(one)
    assert constant(specs) == ["things"]
    accepted(specs)


def test_a_constant_is_known_from_a_literal_path_of_another_version(
    bring: Bring, specs: Path
) -> None:
    bring(document("0-3"), "deals.json", "v0", proven=False)
    bring(with_type_parameter(), "deals.json", "v1", map={"deals": "wrong"}, proven=False)
    bring(with_type_parameter(), "deals.json", "v2", proven=False)
    assert constant(specs, "deals", "v2") == ["0-3"]


def test_a_version_is_no_constant(bring: Bring, specs: Path) -> None:
    """A type may have had a path of another shape, with the version where others have the type."""
    one = document()
    one["paths"] = {"/thing-parts/v1/batch/upsert": {"post": post(one)}}
    bring(one)
    bring(with_type_parameter(), label="v2", base="v1")
    assert constant(specs, "things", "v2") == ["things"]


def test_a_constant_can_be_given(bring: Bring, tmp_path: Path, specs: Path) -> None:
    plan = bring(with_type_parameter(), map={"things": "0-9", "others": "1"})
    assert constant(specs) == ["0-9"]
    assert "map: no path of an imported type others has a parameter for it" in plan.report.notes
    (problem,) = problems(tmp_path / "things.json", specs, "v2", map={"things": "a/b"})
    assert "the constant of things is 'a/b'" in problem


def test_a_document_that_is_called_by_an_id_gets_a_name(bring: Bring, specs: Path) -> None:
    """The id shows in the path alone."""
    bring(document("0-3"), "deals.json")
    assert (specs / "v1" / "deals.yaml").read_text("utf-8").count("0-3") == 1
    (version,) = accepted(specs).versions
    assert version.resources[0].name == "deals"
    bring(document("0-3"), "0-3.json", "v2")
    assert (specs / "v2" / "deals.yaml").is_file()
    bring(document("0-4", info={"title": "Sold goods", "version": "v2"}), "0-4.json", "v2")
    assert (specs / "v2" / "sold_goods.yaml").is_file()


def test_noise_goes_and_what_looks_like_it_stays(bring: Bring, specs: Path) -> None:
    one = document(tags=[{"name": "Batch"}], externalDocs={"url": "u"})
    one["x-tool"] = {"a": 1}
    post(one).update({"tags": ["Batch"], "x-tool": 1, "deprecated": False, "externalDocs": {}})
    named = "example examples description title x-ray required type $ref enum".split()
    values = ["ON", "OFF", "null", "x-ray", "1", "2026-09-01", "no"]
    state = {"type": "string", "enum": values, "default": "ON"}
    one["components"]["schemas"]["Input"] = {
        "type": "object",
        "title": TEXT,
        "description": TEXT,
        "example": None,
        "nullable": False,
        "xml": {"name": "input"},
        "x-tool": None,
        "required": [*named, "description"],
        "properties": {
            **{name: {"type": "string", "example": None, "title": TEXT} for name in named},
            "zone": {**state},
        },
    }
    bring(one)
    assert spec(specs, "things")["components"]["schemas"]["Input"] == {
        "type": "object",
        "required": sorted(named),
        "properties": {**{name: {"type": "string"} for name in sorted(named)}, "zone": state},
    }
    assert "x-tool" not in (specs / "v1" / "things.yaml").read_text("utf-8")


def _media_types(status: str, *media_types: str) -> Change:
    def change(one: Document) -> None:
        content: Document = {media_type: {"schema": {}} for media_type in media_types}
        post(one)["responses"][status] = {"description": "", "content": content}

    return change


def _security(*declared: Document, **schemes: Document) -> Change:
    def change(one: Document) -> None:
        one["components"]["securitySchemes"].update(schemes)
        post(one)["security"] = list(declared)

    return change


KEY = {"type": "apiKey", "in": "header", "name": "key", "description": TEXT}
CHANGES: dict[str, tuple[Change, Callable[[Document], Any], Any]] = {
    "operation ids of another version": (
        lambda one: post(one).update(operationId="post-/things/v0/batch/upsert_/things"),
        lambda value: value["operationId"],
        "batch_upsert",
    ),
    "no default response": (
        lambda one: post(one)["responses"].pop("default"),
        lambda value: list(value["responses"]),
        ["200"],
    ),
    **{
        f"media types {media_types}": (
            _media_types("200", *media_types),
            lambda value: list(value["responses"]["200"]["content"]),
            [expected],
        )
        for media_types, expected in (
            (("*/*", "application/xml"), "application/json"),
            (("application/json; charset=utf-8", "*/*"), "application/json; charset=utf-8"),
            (("application/hal+json", "*/*"), "application/hal+json"),
        )
    },
    **{
        f"security {declared}": (_security(*declared), lambda value: value["security"], expected)
        for declared, expected in (
            ([], []),
            ([{}], [{}]),
            ([{"oauth2": ["write", "read"]}], [{"oauth2": ["read", "write"]}]),
            ([{"oauth2": ["write"]}] * 2, [{"oauth2": ["write"]}]),
            ([{"oauth2": [str(number)]} for number in range(20)], [{"oauth2": []}]),
            ([{"oauth2": list("abcdefghij")}], [{"oauth2": []}]),
        )
    },
    "schemes without scopes": (
        _security({"key": ["write"]}, {"key": ["read"]}, {"oauth2": ["write"]}, key=KEY),
        lambda value: value["security"],
        [{"key": []}, {"oauth2": ["write"]}],
    ),
}


@pytest.mark.parametrize(("change", "part", "expected"), CHANGES.values(), ids=list(CHANGES))
def test_an_operation_is_written(
    change: Change, part: Callable[[Document], Any], expected: Any, bring: Bring, specs: Path
) -> None:
    one = document()
    change(one)
    bring(one)
    assert part(operation(specs, "things")) == expected
    accepted(specs)


def test_a_body_that_is_no_json_is_a_located_problem(tmp_path: Path, specs: Path) -> None:
    one = document()
    post(one)["requestBody"] = {"content": {"text/csv": {"schema": {"type": "string"}}}}
    (problem,) = problems(single(tmp_path, one), specs)
    assert problem.startswith("things.json:") or "/things.json:" in problem
    assert "text/csv" in problem
    assert "or import with --unchecked" in problem
    imported(tmp_path / "things.json", specs, proven=False)


def test_the_specs_that_are_there_are_checked_along(
    tmp_path: Path, bring: Bring, specs: Path
) -> None:
    """Overlays also where they came first; and a stray file is told instead of hiding the others."""
    overlay = specs / "overlays" / "corrections.yaml"
    overlay.parent.mkdir(parents=True)
    overlay.write_text("overlay: 1.0.0\nactions: []\n")
    assert all(
        "overlays/corrections.yaml" in problem
        for problem in problems(single(tmp_path, document()), specs)
    )
    overlay.unlink()
    bring(document())
    (specs / "stray.yaml").write_text("{}\n")
    (problem,) = problems(single(tmp_path, document()), specs, "v2")
    assert "stray.yaml" in problem and "move the file" in problem


def test_security_of_the_document_is_that_of_its_operations(bring: Bring, specs: Path) -> None:
    one = document(security=[{"oauth2": ["read"]}])
    del post(one)["security"]
    bring(one)
    assert operation(specs, "things")["security"] == [{"oauth2": ["read"]}]
    scheme = spec(specs, "schemas")["components"]["securitySchemes"]["oauth2"]
    assert scheme["flows"]["clientCredentials"]["scopes"] == {"read": ""}


def test_schemes_that_are_not_declared_come_from_another_document(
    tmp_path: Path, specs: Path
) -> None:
    """Operations of such a document that need no security stay without."""
    bare = document("others")
    del bare["components"]["securitySchemes"]
    bare["paths"]["/things/v1/parts/batch/upsert"] = {"post": {**post(bare)}}
    del bare["paths"]["/things/v1/parts/batch/upsert"]["post"]["security"]
    plan = imported(tree(tmp_path, things=document(), others=bare), specs)
    assert "others: oauth2 is not declared; taken from elsewhere" in plan.report.notes
    assert [item["post"].get("security") for item in spec(specs, "others")["paths"].values()] == [
        [{"oauth2": ["write"]}],
        None,
    ]
    accepted(specs)


def test_schemes_that_nobody_declares_are_a_located_problem(tmp_path: Path, specs: Path) -> None:
    bare = document()
    del bare["components"]["securitySchemes"]
    (problem,) = problems(single(tmp_path, bare), specs)
    assert "things.json:" in problem
    assert "oauth2" in problem


def test_a_document_without_security_is_fine(bring: Bring, specs: Path) -> None:
    bare = document()
    del bare["components"]["securitySchemes"], post(bare)["security"]
    bring(bare)
    assert "security" not in operation(specs, "things")
    assert not (specs / "v1" / "schemas.yaml").exists()
    accepted(specs)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([{"url": "https://api.example.com/", "description": TEXT}], "https://api.example.com"),
        ([{"url": "http://a.example"}, {"url": "https://a.example"}], "https://a.example"),
        (
            [{"url": "https://{area}.example.com", "variables": {"area": {"default": "eu"}}}],
            "https://eu.example.com",
        ),
        ([{"url": "/relative"}, {"url": "https://a.example"}], "https://a.example"),
        ([{"url": "http://a.example"}], "http://a.example"),
    ],
)
def test_servers(servers: Any, expected: str, bring: Bring, specs: Path) -> None:
    bring(document(servers=servers))
    assert spec(specs, "things")["servers"] == [{"url": expected}]


def test_servers_that_are_missing_or_not_encrypted_are_those_of_others(
    tmp_path: Path, specs: Path
) -> None:
    bare, clear = document("bare"), document("clear", servers=[{"url": "http://api.example.com"}])
    del bare["servers"]
    (problem,) = problems(single(tmp_path, bare), specs)
    assert "things.json:1:1: the document names no server" in problem
    imported(tree(tmp_path, things=document(), bare=bare, clear=clear), specs)
    for name in ("bare", "clear"):
        assert spec(specs, name)["servers"] == [{"url": "https://api.example.com"}]


def test_parameters_of_the_path_belong_to_the_operation(bring: Bring, specs: Path) -> None:
    one = document("{first}/{second}")
    (item,) = one["paths"].values()
    second = {"name": "second", "in": "path", "required": True}
    item["parameters"] = [
        {"name": "first", "in": "path", "schema": {"type": "string"}},
        {**second, "schema": {"type": "string"}},
        {"name": "gone", "in": "path", "required": True, "schema": {"type": "string"}},
    ]
    item["post"]["parameters"] = [
        {**second, "style": "simple", "explode": False, "schema": {"type": "integer"}}
    ]
    plan = bring(one)
    assert operation(specs, "things")["parameters"] == [
        {"name": "first", "in": "path", "required": True, "schema": {"type": "string"}},
        {**second, "schema": {"type": "integer"}},
    ]
    assert any("'gone' does not occur" in note for note in plan.report.notes)
    accepted(specs)


def test_a_byte_order_mark_and_wide_characters_are_read(tmp_path: Path, specs: Path) -> None:
    text = json.dumps(document())
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "things.json").write_text(text, encoding=encoding)
        imported(tmp_path / "things.json", specs)
    accepted(specs)


def test_yaml_is_read_like_json(bring: Bring, tmp_path: Path, specs: Path) -> None:
    one = document()
    post(one)["responses"]["201"] = post(one)["responses"]["200"]
    text = yaml.safe_dump(one, sort_keys=False).replace("'200'", "200").replace("'201'", "201")
    (tmp_path / "things.yaml").write_text(text, encoding="utf-8")
    imported(tmp_path / "things.yaml", specs)
    assert list(operation(specs, "things")["responses"]) == ["200", "201", "default"]
    from_yaml = (specs / "v1" / "things.yaml").read_text("utf-8")
    bring(one)
    assert (specs / "v1" / "things.yaml").read_text("utf-8") == from_yaml


def names(specs: Path) -> dict[tuple[str, str], str]:
    """Return the name of each operation of the imported file."""
    return {
        (path, method): value["operationId"]
        for path, item in spec(specs, "things")["paths"].items()
        for method, value in item.items()
    }


def test_several_operations_of_a_document_have_names_of_their_own(
    bring: Bring, specs: Path
) -> None:
    one = document()
    (path,) = one["paths"]
    put = json.loads(json.dumps(post(one)))
    one["paths"][path]["put"] = put
    identifier = {"name": "id", "in": "path", "schema": {"type": "string"}}
    one["paths"]["/things/v1/things/{id}/parts/batch/upsert"] = {
        "post": {**put, "parameters": [identifier]}
    }
    one["paths"]["/things/v1/0-7/batch/upsert"] = {"post": put}
    one["paths"]["/things/v1/things/batch/read"] = {"post": {"responses": {}}}
    bring(one)
    assert names(specs) == {
        ("/things/v1/0-7/batch/upsert", "post"): "batch_upsert",
        (PATH.replace("{name}", "things"), "post"): "things_batch_upsert",
        (PATH.replace("{name}", "things"), "put"): "v1_things_batch_upsert",
        ("/things/v1/things/{id}/parts/batch/upsert", "post"): "parts_batch_upsert",
    }
    accepted(specs)


def test_other_endings_can_be_selected(bring: Bring, tmp_path: Path, specs: Path) -> None:
    """An ending is one of whole names."""
    one = document()
    one["paths"]["/things/v1/things/sync"] = {"post": post(one)}
    bring(one, select=("sync", "/batch/upsert/"))
    assert {*names(specs).values()} == {"sync", "batch_upsert"}
    one["paths"] = {"/things/v1/megabatch/upsert": {"post": {}}}
    (problem,) = problems(single(tmp_path, one), specs)
    assert "the document has no operation that 'batch/upsert' selects" in problem


def test_a_type_called_like_the_shared_file_gets_another_name(bring: Bring, specs: Path) -> None:
    bring(document("schemas"), "schemas.json")
    assert (specs / "v1" / "schemas_.yaml").is_file()
    accepted(specs)


def test_the_same_body_under_two_names_is_fine(tmp_path: Path, specs: Path) -> None:
    one, other = document(), document("others")
    schemas = other["components"]["schemas"]
    schemas["Reply"] = schemas.pop("Answer")
    post(other)["responses"]["200"] = {"description": "", **body("Reply")}
    imported(tree(tmp_path, things=one, others=other), specs)
    assert f"{PREFIX}Reply" in (specs / "v1" / "others.yaml").read_text("utf-8")
    (version,) = accepted(specs).versions
    assert len(version.resources) == 2

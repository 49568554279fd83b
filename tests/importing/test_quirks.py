"""What published documents are known to get wrong, each imported into specs that the generator accepts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.importing.documents import PATH, body, document, post, single, tree
from tests.importing.publishing import PREFIX, TEXT, Document
from tests.importing.running import accepted, imported, operation, problems, spec


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return tmp_path / "specs"


def test_operation_ids_of_another_version_are_not_used(tmp_path: Path, specs: Path) -> None:
    one = document()
    post(one)["operationId"] = "post-/things/v0/batch/upsert_/things"
    imported(single(tmp_path, one), specs)
    assert operation(specs, "things")["operationId"] == "batch_upsert"


def test_a_parameter_for_the_type_is_its_constant(tmp_path: Path, specs: Path) -> None:
    imported(single(tmp_path, with_type_parameter(), "lineItems.json"), specs)
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


def test_a_generic_type_keeps_the_argument(tmp_path: Path, specs: Path) -> None:
    imported(single(tmp_path, with_type_parameter(), "objects.json"), specs)
    assert operation(specs, "objects")["parameters"][0]["schema"] == {"type": "string"}
    (version,) = accepted(specs).versions
    assert [one.name for one in version.resources[0].operations[0].parameters] == [
        "object_type",
        "inputs",
    ]


def test_a_parameter_that_is_not_declared_is(tmp_path: Path, specs: Path) -> None:
    one = with_type_parameter()
    del post(one)["parameters"]
    imported(single(tmp_path, one), specs)
    assert operation(specs, "things")["parameters"][0]["schema"]["enum"] == ["things"]
    accepted(specs)


def test_a_constant_is_known_from_a_literal_path_of_another_version(
    tmp_path: Path, specs: Path
) -> None:
    imported(single(tmp_path, document("0-3"), "deals.json"), specs, "v0")
    guessed = with_type_parameter()
    imported(single(tmp_path, guessed, "deals.json"), specs, "v1", map={"deals": "wrong"})
    imported(single(tmp_path, guessed, "deals.json"), specs, "v2")
    assert operation(specs, "deals", "v2")["parameters"][0]["schema"]["enum"] == ["0-3"]


def test_a_version_is_no_constant(tmp_path: Path, specs: Path) -> None:
    """A type may have had a path of another shape, with the version where others have the type."""
    one = document()
    one["paths"] = {"/thing-parts/v1/batch/upsert": {"post": post(one)}}
    imported(single(tmp_path, one), specs, "v1")
    imported(single(tmp_path, with_type_parameter()), specs, "v2", base="v1")
    assert operation(specs, "things", "v2")["parameters"][0]["schema"]["enum"] == ["things"]


def test_a_generic_type_can_be_given_a_constant(tmp_path: Path, specs: Path) -> None:
    source = single(tmp_path, with_type_parameter(), "objects.json")
    imported(source, specs, map={"objects": "all"})
    assert operation(specs, "objects")["parameters"][0]["schema"]["enum"] == ["all"]


def test_a_constant_can_be_given(tmp_path: Path, specs: Path) -> None:
    source = single(tmp_path, with_type_parameter())
    plan = imported(source, specs, map={"things": "0-9", "others": "1"})
    assert operation(specs, "things")["parameters"][0]["schema"]["enum"] == ["0-9"]
    assert "map: no path of an imported type others has a parameter for it" in plan.report.notes
    (problem,) = problems(source, specs, "v2", map={"things": "a/b"})
    assert "the constant of things is 'a/b'" in problem


def test_a_numeric_id_shows_in_the_path_alone(tmp_path: Path, specs: Path) -> None:
    imported(single(tmp_path, document("0-3"), "deals.json"), specs)
    text = (specs / "v1" / "deals.yaml").read_text("utf-8")
    assert text.count("0-3") == 1
    (version,) = accepted(specs).versions
    assert version.resources[0].name == "deals"


def test_a_document_that_is_called_by_an_id_gets_a_name(tmp_path: Path, specs: Path) -> None:
    imported(single(tmp_path, document("0-3"), "deals.json"), specs, "v1")
    imported(single(tmp_path, document("0-3"), "0-3.json"), specs, "v2")
    assert (specs / "v2" / "deals.yaml").is_file()
    one = document("0-4", info={"title": "Sold goods", "version": "v2"})
    imported(single(tmp_path, one, "0-4.json"), specs, "v2")
    assert (specs / "v2" / "sold_goods.yaml").is_file()


def test_noise_goes_and_names_that_look_like_it_stay(tmp_path: Path, specs: Path) -> None:
    one = document(tags=[{"name": "Batch"}], externalDocs={"url": "u"})
    one["x-tool"] = {"a": 1}
    post(one).update({"tags": ["Batch"], "x-tool": 1, "deprecated": False, "externalDocs": {}})
    named = "example examples description title x-ray required type $ref enum".split()
    one["components"]["schemas"]["Input"] = {
        "type": "object",
        "title": TEXT,
        "description": TEXT,
        "example": None,
        "nullable": False,
        "xml": {"name": "input"},
        "x-tool": None,
        "required": [*named, "description"],
        "properties": {name: {"type": "string", "example": None, "title": TEXT} for name in named},
    }
    imported(single(tmp_path, one), specs)
    assert spec(specs, "things")["components"]["schemas"]["Input"] == {
        "type": "object",
        "required": sorted(named),
        "properties": {name: {"type": "string"} for name in sorted(named)},
    }
    assert "x-tool" not in (specs / "v1" / "things.yaml").read_text("utf-8")


def test_values_that_look_like_noise_stay(tmp_path: Path, specs: Path) -> None:
    one = document()
    one["components"]["schemas"]["Input"]["properties"]["state"] = {
        "type": "string",
        "enum": ["ON", "OFF", "null", "x-ray", "1", "2026-09-01", "no"],
        "default": "ON",
    }
    imported(single(tmp_path, one), specs)
    schema = spec(specs, "things")["components"]["schemas"]["Input"]["properties"]["state"]
    assert schema["enum"] == ["ON", "OFF", "null", "x-ray", "1", "2026-09-01", "no"]
    accepted(specs)


def test_any_media_type_is_json(tmp_path: Path, specs: Path) -> None:
    one = document()
    content = post(one)["responses"]["default"]["content"]
    content["application/xml"] = {"schema": {"type": "object", "xml": {"name": "e"}}}
    imported(single(tmp_path, one), specs)
    assert list(operation(specs, "things")["responses"]["default"]["content"]) == [
        "application/json"
    ]


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "application/hal+json"])
def test_json_by_another_name_stays(tmp_path: Path, specs: Path, media_type: str) -> None:
    one = document()
    post(one)["responses"]["200"] = {"description": "", **body("Answer", media_type)}
    post(one)["responses"]["200"]["content"]["*/*"] = {"schema": {}}
    imported(single(tmp_path, one), specs)
    assert list(operation(specs, "things")["responses"]["200"]["content"]) == [media_type]
    accepted(specs)


def test_a_body_that_is_no_json_is_a_located_problem(tmp_path: Path, specs: Path) -> None:
    one = document()
    post(one)["requestBody"] = {"content": {"text/csv": {"schema": {"type": "string"}}}}
    (problem,) = problems(single(tmp_path, one), specs)
    assert problem.startswith("things.json:") or "/things.json:" in problem
    assert "text/csv" in problem
    assert "or import with --unchecked" in problem
    imported(tmp_path / "things.json", specs, proven=False)


def test_missing_207_and_missing_default_are_fine(tmp_path: Path, specs: Path) -> None:
    one = document()
    del post(one)["responses"]["default"]
    imported(single(tmp_path, one), specs)
    accepted(specs)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"security": []}, []),
        ({"security": [{}]}, [{}]),
        ({"security": [{"oauth2": ["write", "read"]}]}, [{"oauth2": ["read", "write"]}]),
        ({"security": [{"oauth2": ["write"]}] * 2}, [{"oauth2": ["write"]}]),
        ({"security": [{"oauth2": [str(number)]} for number in range(20)]}, [{"oauth2": []}]),
        ({"security": [{"oauth2": list("abcdefghij")}]}, [{"oauth2": []}]),
    ],
)
def test_security(changes: Document, expected: Any, tmp_path: Path, specs: Path) -> None:
    one = document()
    post(one).update(changes)
    imported(single(tmp_path, one), specs)
    assert operation(specs, "things")["security"] == expected
    accepted(specs)


def test_security_of_the_document_is_that_of_its_operations(tmp_path: Path, specs: Path) -> None:
    one = document(security=[{"oauth2": ["read"]}])
    del post(one)["security"]
    imported(single(tmp_path, one), specs)
    assert operation(specs, "things")["security"] == [{"oauth2": ["read"]}]
    scheme = spec(specs, "schemas")["components"]["securitySchemes"]["oauth2"]
    assert scheme["flows"]["clientCredentials"]["scopes"] == {"read": ""}


def test_schemes_without_scopes_name_none(tmp_path: Path, specs: Path) -> None:
    one = document()
    one["components"]["securitySchemes"]["key"] = {
        "type": "apiKey",
        "in": "header",
        "name": "key",
        "description": TEXT,
    }
    post(one)["security"] = [{"key": ["write"]}, {"key": ["read"]}, {"oauth2": ["write"]}]
    imported(single(tmp_path, one), specs)
    assert operation(specs, "things")["security"] == [{"key": []}, {"oauth2": ["write"]}]


def test_schemes_that_are_not_declared_come_from_another_document(
    tmp_path: Path, specs: Path
) -> None:
    bare = document("others")
    del bare["components"]["securitySchemes"]
    plan = imported(tree(tmp_path, things=document(), others=bare), specs)
    assert "others: oauth2 is not declared; taken from elsewhere" in plan.report.notes
    accepted(specs)


def test_schemes_that_nobody_declares_are_a_located_problem(tmp_path: Path, specs: Path) -> None:
    bare = document()
    del bare["components"]["securitySchemes"]
    (problem,) = problems(single(tmp_path, bare), specs)
    assert "things.json:" in problem
    assert "oauth2" in problem


def test_a_document_without_security_is_fine(tmp_path: Path, specs: Path) -> None:
    bare = document()
    del bare["components"]["securitySchemes"], post(bare)["security"]
    imported(single(tmp_path, bare), specs)
    assert "security" not in operation(specs, "things")
    assert not (specs / "v1" / "schemas.yaml").exists()
    accepted(specs)


@pytest.mark.parametrize(
    ("servers", "expected"),
    [
        ([{"url": "https://api.example.com/", "description": TEXT}], ["https://api.example.com"]),
        (
            [{"url": "http://a.example"}, {"url": "https://a.example"}],
            ["https://a.example"],
        ),
        (
            [{"url": "https://{area}.example.com", "variables": {"area": {"default": "eu"}}}],
            ["https://eu.example.com"],
        ),
        ([{"url": "/relative"}, {"url": "https://a.example"}], ["https://a.example"]),
        ([{"url": "http://a.example"}], ["http://a.example"]),
    ],
)
def test_servers(servers: Any, expected: list[str], tmp_path: Path, specs: Path) -> None:
    imported(single(tmp_path, document(servers=servers)), specs)
    assert spec(specs, "things")["servers"] == [{"url": url} for url in expected]


def test_servers_that_are_missing_or_not_encrypted_are_those_of_others(
    tmp_path: Path, specs: Path
) -> None:
    bare, clear = document("bare"), document("clear", servers=[{"url": "http://api.example.com"}])
    del bare["servers"]
    imported(tree(tmp_path, things=document(), bare=bare, clear=clear), specs)
    for name in ("bare", "clear"):
        assert spec(specs, name)["servers"] == [{"url": "https://api.example.com"}]


def test_a_server_that_nobody_names_is_a_located_problem(tmp_path: Path, specs: Path) -> None:
    bare = document()
    del bare["servers"]
    (problem,) = problems(single(tmp_path, bare), specs)
    assert "things.json:1:1: the document names no server" in problem


def test_parameters_of_the_path_belong_to_the_operation(tmp_path: Path, specs: Path) -> None:
    one = document("{first}/{second}")
    (item,) = one["paths"].values()
    item["parameters"] = [
        {"name": "first", "in": "path", "schema": {"type": "string"}},
        {"name": "second", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "gone", "in": "path", "required": True, "schema": {"type": "string"}},
    ]
    item["post"]["parameters"] = [
        {
            "name": "second",
            "in": "path",
            "required": True,
            "style": "simple",
            "explode": False,
            "schema": {"type": "integer"},
        }
    ]
    plan = imported(single(tmp_path, one), specs)
    assert operation(specs, "things")["parameters"] == [
        {"name": "first", "in": "path", "required": True, "schema": {"type": "string"}},
        {"name": "second", "in": "path", "required": True, "schema": {"type": "integer"}},
    ]
    assert any("'gone' does not occur" in note for note in plan.report.notes)
    accepted(specs)


def test_a_byte_order_mark_and_wide_characters_are_read(tmp_path: Path, specs: Path) -> None:
    text = json.dumps(document())
    for encoding in ("utf-8-sig", "utf-16"):
        (tmp_path / "things.json").write_text(text, encoding=encoding)
        imported(tmp_path / "things.json", specs)
    accepted(specs)


def test_yaml_is_read_like_json(tmp_path: Path, specs: Path) -> None:
    one = document()
    post(one)["responses"]["201"] = post(one)["responses"]["200"]
    text = yaml.safe_dump(one, sort_keys=False).replace("'200'", "200").replace("'201'", "201")
    (tmp_path / "things.yaml").write_text(text, encoding="utf-8")
    imported(tmp_path / "things.yaml", specs)
    assert list(operation(specs, "things")["responses"]) == ["200", "201", "default"]
    from_yaml = (specs / "v1" / "things.yaml").read_text("utf-8")
    imported(single(tmp_path, one), specs)
    assert (specs / "v1" / "things.yaml").read_text("utf-8") == from_yaml


def test_several_operations_of_a_document_have_names_of_their_own(
    tmp_path: Path, specs: Path
) -> None:
    one = document()
    (path,) = one["paths"]
    put = json.loads(json.dumps(post(one)))
    one["paths"][path]["put"] = put
    one["paths"]["/things/v1/things/{id}/parts/batch/upsert"] = {
        "post": {
            **put,
            "parameters": [{"name": "id", "in": "path", "schema": {"type": "string"}}],
        }
    }
    one["paths"]["/things/v1/0-7/batch/upsert"] = {"post": put}
    one["paths"]["/things/v1/things/batch/read"] = {"post": {"responses": {}}}
    imported(single(tmp_path, one), specs)
    paths = spec(specs, "things")["paths"]
    names = {
        (path, method): value["operationId"]
        for path, item in paths.items()
        for method, value in item.items()
    }
    assert names == {
        ("/things/v1/0-7/batch/upsert", "post"): "batch_upsert",
        (PATH.replace("{name}", "things"), "post"): "things_batch_upsert",
        (PATH.replace("{name}", "things"), "put"): "v1_things_batch_upsert",
        ("/things/v1/things/{id}/parts/batch/upsert", "post"): "parts_batch_upsert",
    }
    accepted(specs)


def test_other_endings_can_be_selected(tmp_path: Path, specs: Path) -> None:
    one = document()
    one["paths"]["/things/v1/things/sync"] = {"post": post(one)}
    imported(single(tmp_path, one), specs, select=("sync", "/batch/upsert/"))
    names = {
        value["operationId"]
        for item in spec(specs, "things")["paths"].values()
        for value in item.values()
    }
    assert names == {"sync", "batch_upsert"}


def test_an_ending_is_one_of_whole_names(tmp_path: Path, specs: Path) -> None:
    one = document()
    one["paths"] = {"/things/v1/megabatch/upsert": {"post": post(one)}}
    (problem,) = problems(single(tmp_path, one), specs)
    assert "no path of the document ends in 'batch/upsert'" in problem


def test_a_type_called_like_the_shared_file_gets_another_name(tmp_path: Path, specs: Path) -> None:
    imported(single(tmp_path, document("schemas"), "schemas.json"), specs)
    assert (specs / "v1" / "schemas_.yaml").is_file()
    accepted(specs)


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


def test_the_same_body_under_two_names_is_fine(tmp_path: Path, specs: Path) -> None:
    one, other = document(), document("others")
    schemas = other["components"]["schemas"]
    schemas["Reply"] = schemas.pop("Answer")
    post(other)["responses"]["200"] = {"description": "", **body("Reply")}
    imported(tree(tmp_path, things=one, others=other), specs)
    assert f"{PREFIX}Reply" in (specs / "v1" / "others.yaml").read_text("utf-8")
    (version,) = accepted(specs).versions
    assert len(version.resources) == 2

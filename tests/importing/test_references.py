"""What documents refer to: components of every kind, inheritance, cycles, and what leads nowhere."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upsertgen.importing.normalization import in_older_words, openapi_version

from tests.importing.conftest import Bring
from tests.importing.documents import body, document, post, ref, single, tree, twin
from tests.importing.import_runs import accepted, imported, operation, problems, spec
from tests.importing.published_documents import PREFIX, TEXT, Document

LIVES = {"type": "integer", "example": None}


def schemas(specs: Path, name: str = "things") -> Any:
    return spec(specs, name)["components"]["schemas"]


def test_components_that_are_no_schemas_are_written_out(bring: Bring, specs: Path) -> None:
    one = document()
    (path,) = one["paths"]
    one["components"].update(
        {
            "parameters": {
                "Page": {"$ref": "#/components/parameters/Size"},
                "Size": {
                    "name": "size",
                    "in": "query",
                    "required": False,
                    "schema": ref("Size"),
                },
            },
            "requestBodies": {"Body": {"required": True, **body("Batch")}},
            "responses": {
                "Fine": {
                    "description": TEXT,
                    "headers": {"X-Left": {"$ref": "#/components/headers/Left"}},
                },
            },
            "headers": {
                "Left": {"description": TEXT, "schema": {"type": "integer", "example": None}}
            },
            "pathItems": {"Item": one["paths"][path]},
        }
    )
    one["components"]["schemas"]["Size"] = {"type": "integer", "minimum": 1}
    post(one).update(
        parameters=[{"$ref": "#/components/parameters/Page"}],
        requestBody={"$ref": "#/components/requestBodies/Body", "description": TEXT},
    )
    post(one)["responses"]["202"] = {"$ref": "#/components/responses/Fine"}
    one["paths"] = {path: {"$ref": "#/components/pathItems/Item"}}
    bring(one)
    value = operation(specs, "things")
    assert value["parameters"] == [{"name": "size", "in": "query", "schema": ref("Size")}]
    assert value["requestBody"] == {"required": True, **body("Batch")}
    assert value["responses"]["202"] == {
        "description": "The request succeeded.",
        "headers": {"X-Left": {"schema": {"type": "integer"}}},
    }
    assert spec(specs, "things")["components"].keys() == {"schemas", "securitySchemes"}
    accepted(specs)


def test_only_components_that_are_reached_are_imported(bring: Bring, specs: Path) -> None:
    one = document()
    one["components"]["schemas"]["Unused"] = {"$ref": "nowhere.json#/Unused"}
    one["paths"]["/things/v1/things"] = {"get": {"responses": {"200": {"$ref": "#/nowhere"}}}}
    bring(one)
    assert list(schemas(specs)) == ["Batch", "Input", "Answer", "Result", "Error"]


@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
def test_what_is_deprecated_stays_so(bring: Bring, specs: Path, version: str) -> None:
    one = document(openapi=version)
    post(one).update({"deprecated": True})
    post(one)["parameters"] = [{"name": "x", "in": "query", "schema": LIVES, "deprecated": True}]
    one["components"]["schemas"]["Result"]["deprecated"] = True
    fields = one["components"]["schemas"]["Answer"]["properties"]
    fields["first"] = {"$ref": f"{PREFIX}Result", "deprecated": True}
    bring(one)
    value = operation(specs, "things")
    assert value["deprecated"] is value["parameters"][0]["deprecated"] is True
    assert schemas(specs)["Result"]["deprecated"] is True
    assert schemas(specs)["Answer"]["properties"]["first"] == {
        "deprecated": True,
        "allOf": [ref("Result")],
    }
    accepted(specs)


def test_what_stands_beside_a_reference_goes(bring: Bring, specs: Path) -> None:
    one = document()
    one["components"]["schemas"]["Answer"]["properties"]["results"]["items"] = {
        "$ref": f"{PREFIX}Result",
        "description": TEXT,
        "example": None,
        "nullable": True,
        "x-tool": 1,
    }
    bring(one)
    items = schemas(specs)["Answer"]["properties"]["results"]["items"]
    assert items == ref("Result")


def test_keywords_beside_a_reference_count_in_openapi_31(bring: Bring, specs: Path) -> None:
    one = document(openapi="3.1.0")
    one["components"]["schemas"]["Answer"]["properties"] = {
        "first": {"$ref": f"{PREFIX}Result", "description": TEXT, "deprecated": True},
        "second": {"$ref": f"{PREFIX}Result", "readOnly": True, "description": TEXT},
        "third": {"$ref": f"{PREFIX}Result", "deprecated": False},
    }
    bring(one)
    assert schemas(specs)["Answer"]["properties"] == {
        "first": {"deprecated": True, "allOf": [ref("Result")]},
        "third": ref("Result"),
        "second": {"readOnly": True, "allOf": [ref("Result")]},
    }
    accepted(specs)


@pytest.mark.parametrize("mapping", [None, {"kitty": "Cat"}])
def test_what_is_built_on_a_base_comes_with_it(
    mapping: dict[str, str] | None, tmp_path: Path, specs: Path
) -> None:
    one = document()
    kind: dict[str, Any] = {"kind": {"type": "string", "enum": ["hamster"]}}
    one["components"]["schemas"].update(
        {
            "Result": ref("Pet"),
            "Pet": {
                "type": "object",
                "properties": {"kind": {"type": "string"}},
                "discriminator": {
                    "propertyName": "kind",
                    **({"mapping": mapping} if mapping else {}),
                },
            },
            "Feline": {"allOf": [ref("Pet")]},
            "Cat": {"allOf": [ref("Feline"), {"type": "object", "properties": {"lives": LIVES}}]},
            "Hamster": {"allOf": [ref("Pet")], "properties": kind},
            "AnyPet": {"nullable": True, "allOf": [ref("Pet")]},
        }
    )
    imported(single(tmp_path, one), specs)
    told = {"kitty": "Cat"} if mapping else {"Pet": "Pet", "Feline": "Feline", "Cat": "Cat"}
    assert schemas(specs)["Pet"]["discriminator"]["mapping"] == {
        tag: f"{PREFIX}{name}" for tag, name in {**told, "hamster": "Hamster"}.items()
    }
    assert {"Feline", "Cat", "Hamster"} <= schemas(specs).keys()
    accepted(specs)


def test_inheritance_and_alternatives_are_followed(tmp_path: Path, specs: Path) -> None:
    one = document()
    one["components"]["schemas"].update(
        {
            "Result": {
                "oneOf": [ref("Cat"), ref("Dog")],
                "discriminator": {
                    "propertyName": "kind",
                    "mapping": {"cat": "Cat", "dog": f"{PREFIX}Dog"},
                    "x-tool": 1,
                },
            },
            "Pet": {
                "type": "object",
                "properties": {"kind": {"type": "string"}, "friend": ref("Result")},
            },
            "Cat": {"allOf": [ref("Pet"), {"type": "object", "properties": {"lives": LIVES}}]},
            "Dog": {"allOf": [ref("Pet")], "properties": {"name": {"type": "string"}}},
        }
    )
    imported(single(tmp_path, one), specs)
    assert schemas(specs)["Result"]["discriminator"] == {
        "propertyName": "kind",
        "mapping": {"cat": f"{PREFIX}Cat", "dog": f"{PREFIX}Dog"},
    }
    accepted(specs)
    # In the shared file the mapping leads to the shared file, and from a type's file as well.
    imported(tree(tmp_path, things=one, others=twin(one, "others")), specs)
    accepted(specs)
    assert "Pet" in schemas(specs, "schemas")


def test_a_variant_that_refers_to_shared_schemas_leads_to_them(tmp_path: Path, specs: Path) -> None:
    documents = {name: document(name) for name in ("one", "two", "three")}
    answer = documents["three"]["components"]["schemas"]["Answer"]
    answer["properties"]["count"] = {"type": "integer"}
    plan = imported(tree(tmp_path, **documents), specs)
    assert list(schemas(specs, "schemas")) == ["Batch", "Input", "Answer", "Result", "Error"]
    assert schemas(specs, "three")["Answer"]["properties"]["results"]["items"] == {
        "$ref": f"schemas.yaml{PREFIX}Result"
    }
    assert "schemas" not in spec(specs, "one")["components"]
    assert plan.report.variants == {"Answer": ["three"]}
    accepted(specs)


def test_schemas_that_differ_in_texts_and_order_are_the_same(tmp_path: Path, specs: Path) -> None:
    one, other = document("one"), document("other")
    for text, changed in (("a", one), ("b", other)):
        for schema in changed["components"]["schemas"].values():
            schema["description"] = text
    batch = other["components"]["schemas"]["Input"]
    batch["properties"] = dict(reversed(batch["properties"].items()))
    imported(tree(tmp_path, one=one, other=other), specs, keep_texts=True)
    assert len(schemas(specs, "schemas")) == 5
    assert schemas(specs, "schemas")["Input"]["description"] == "a"


def test_the_commonest_body_of_a_name_is_the_shared_one(tmp_path: Path, specs: Path) -> None:
    """What refers to a variant is one itself."""
    documents = {name: document(name) for name in "abcde"}
    for name in "ab":
        documents[name]["components"]["schemas"]["Result"]["properties"]["more"] = {}
    imported(tree(tmp_path, **documents), specs)
    assert list(schemas(specs, "schemas")["Result"]["properties"]) == ["id"]
    assert list(schemas(specs, "a")) == list(schemas(specs, "b")) == ["Answer", "Result"]
    accepted(specs)


@pytest.mark.parametrize(
    "field",
    [{"type": "array", "items": ref("Answer")}, {"$ref": f"{PREFIX}Input/properties/id"}],
    ids=["to what contains it", "into a component"],
)
def test_references_of_shared_schemas_lead(field: Document, tmp_path: Path, specs: Path) -> None:
    one = document()
    one["components"]["schemas"]["Result"]["properties"]["more"] = field
    imported(tree(tmp_path, one=one, two=twin(one, "two")), specs)
    assert {"Answer", "Result"} <= schemas(specs, "schemas").keys()
    accepted(specs)


def test_a_reference_into_a_path_is_written_out(bring: Bring, specs: Path) -> None:
    one = document()
    (path,) = one["paths"]
    where = path.replace("/", "~1")
    post(one)["responses"]["201"] = {
        "description": "",
        "content": {
            "application/json": {
                "schema": {
                    "$ref": f"#/paths/{where}/post/responses/200/content/application~1json/schema"
                }
            }
        },
    }
    bring(one)
    responses = operation(specs, "things")["responses"]
    assert responses["201"]["content"] == responses["200"]["content"]


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        (
            f"{PREFIX}Resutl",
            "finds no 'Resutl' in the document; expected a definition in the document ",
        ),
        ("#/components/nowhere/Result", "finds no 'nowhere'"),
        ("other.json#/Result", "names another document"),
        ("https://example.com/other.json", "names another document"),
        ("#anchor", "names the anchor 'anchor'"),
    ],
)
def test_references_that_lead_nowhere_are_located(
    reference: str, expected: str, tmp_path: Path, specs: Path
) -> None:
    one = document()
    one["components"]["schemas"]["Answer"]["properties"]["results"]["items"]["$ref"] = reference
    source = single(tmp_path, one)
    source.write_text(json.dumps(one, indent="\t"), encoding="utf-8")
    (problem,) = problems(source, specs)
    lines = source.read_text("utf-8").splitlines()
    line = next(number for number, text in enumerate(lines, 1) if reference in text)
    assert f"things.json:{line - 1}:" in problem
    assert expected in problem


def test_a_reference_to_itself_is_located(tmp_path: Path, specs: Path) -> None:
    one = document()
    one["components"]["responses"] = {
        "A": {"$ref": "#/components/responses/B"},
        "B": {"$ref": "#/components/responses/A"},
    }
    post(one)["responses"]["default"] = {"$ref": "#/components/responses/A"}
    (problem,) = problems(single(tmp_path, one), specs)
    assert "leads back to itself" in problem


@pytest.mark.parametrize("openapi", ["3.0.0", "3.1.0"])
def test_what_the_generator_refuses_is_told_where_it_was_published(
    openapi: str, tmp_path: Path, specs: Path
) -> None:
    one = document(openapi=openapi)
    one["components"]["schemas"]["Result"]["not"] = {"type": "string"}
    source = tree(tmp_path, one=one, two=twin(one, "two"))
    (problem,) = problems(source, specs)
    published = source / "Group/one/Rollouts/7/v1/one.json"
    line = next(
        number
        for number, text in enumerate(published.read_text("utf-8").splitlines(), 1)
        if '"not"' in text
    )
    assert f"collection/Group/one/Rollouts/7/v1/one.json:{line}:" in problem


def test_openapi_31_is_written_in_the_words_of_30(bring: Bring, specs: Path) -> None:
    one = document(openapi="3.1.0", webhooks={"new": {"post": {"responses": {}}}})
    one["components"]["schemas"]["Input"]["properties"] = {
        "id": {"type": "string", "examples": ["a"], "$comment": "b"},
        "maybe": {"type": ["string", "null"], "enum": ["a", None]},
        "either": {"type": ["string", "integer", "null"]},
        "kind": {"const": "thing"},
        "linked": {"anyOf": [ref("Result"), {"type": "null"}]},
        "plain": {"oneOf": [{"type": "string", "minLength": 1}, {"type": "null"}]},
        "above": {"type": "integer", "exclusiveMinimum": 3},
        "bounded": {"type": "integer", "exclusiveMaximum": 9, "maximum": 5},
        "file": {"type": "string", "contentEncoding": "base64", "contentMediaType": "image/png"},
        "any": True,
        "list": {"type": "array", "items": True},
    }
    bring(one)
    assert spec(specs, "things")["openapi"] == "3.0.3"
    assert schemas(specs)["Input"]["properties"] == {
        "id": {"type": "string"},
        "maybe": {"type": "string", "nullable": True, "enum": ["a", None]},
        "either": {"nullable": True, "anyOf": [{"type": "string"}, {"type": "integer"}]},
        "kind": {"enum": ["thing"]},
        "linked": {"nullable": True, "allOf": [ref("Result")]},
        "plain": {"type": "string", "nullable": True, "minLength": 1},
        "above": {"type": "integer", "minimum": 3, "exclusiveMinimum": True},
        "bounded": {"type": "integer", "maximum": 5},
        "file": {"type": "string", "format": "byte"},
        "any": {},
        "list": {"type": "array", "items": {}},
    }
    accepted(specs)


def test_what_30_has_no_words_for_is_declared_as_31(tmp_path: Path, specs: Path) -> None:
    one, other = document("one", openapi="3.1.0"), document("two")
    for changed in (one, other):
        changed["components"]["schemas"]["Result"]["properties"]["none"] = {"const": None}
        changed["components"]["schemas"]["Answer"]["$defs"] = {"Part": {"type": "string"}}
        changed["components"]["schemas"]["Answer"]["properties"]["part"] = {
            "$ref": f"{PREFIX}Answer/$defs/Part"
        }
    imported(tree(tmp_path, one=one, two=other), specs)
    assert spec(specs, "schemas")["openapi"] == "3.1.0"
    assert spec(specs, "one")["openapi"] == "3.0.3"
    accepted(specs)


def test_what_the_generator_has_no_words_for_brings_its_schemas_along(
    bring: Bring, specs: Path
) -> None:
    """An overlay may correct it, once it was imported with --unchecked."""
    one = document(openapi="3.1.0")
    one["components"]["schemas"]["Result"]["patternProperties"] = {"^a": ref("Part")}
    one["components"]["schemas"]["Part"] = {"type": "string", "example": None}
    bring(one, proven=False)
    assert schemas(specs)["Result"]["patternProperties"] == {"^a": ref("Part")}
    assert schemas(specs)["Part"] == {"type": "string"}


_SCALARS = st.sampled_from(["string", "integer", "number", "boolean", "null"])
_SCHEMAS: st.SearchStrategy[Document] = st.recursive(
    st.one_of(
        st.builds(lambda one: {"type": one}, _SCALARS),
        st.builds(lambda some: {"type": some}, st.lists(_SCALARS, min_size=1, max_size=3)),
        st.builds(lambda one: {"const": one}, st.sampled_from(["a", 1, None])),
        st.just({"type": "integer", "exclusiveMinimum": 1}),
    ),
    lambda inner: st.one_of(
        st.builds(lambda some: {"anyOf": some}, st.lists(inner, min_size=1, max_size=3)),
        st.builds(lambda one: {"type": "array", "items": one}, inner),
        st.builds(lambda one: {"type": ["object", "null"], "properties": {"a": one}}, inner),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(_SCHEMAS)
def test_other_words_say_the_same(schema: Document) -> None:
    """A schema has the same spelling however often it is translated, and valid values stay valid."""
    once = _translated(schema)
    assert _translated(once) == once
    assert openapi_version([once]) in ("3.0.3", "3.1.0")


def _translated(schema: Any) -> Any:
    """Translate from the inside out, as the reduction does."""
    if isinstance(schema, list):
        return [_translated(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return in_older_words({key: _translated(value) for key, value in schema.items()})

"""What is guessed of documents as different publishers write them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from upsertgen.new_project.candidates import candidates, selectors, version_of
from upsertgen.new_project.guesses import Guess, guess

from tests.new_project import documents
from tests.new_project.documents import Document, listed, objects, ref


def guessed(one: Document) -> Guess:
    found = candidates(one)[0]
    return guess(one, found.path, found.method)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            documents.by_property,
            {
                "inputs": "inputs",
                "key": "id",
                "key-property": "idProperty",
                "properties": "properties",
                "trace-id": "objectWriteTraceId",
                "results": "results",
                "errors": "errors",
                "created": "new",
                "result-id": "id",
                "warnings": "warnings",
                "error.message": "message",
                "error.code": "category",
            },
        ),
        (
            documents.key_in_a_fixed_field,
            {
                "inputs": "products",
                "key": "sku",
                "results": "items",
                "errors": "failures",
                "created": "wasCreated",
                "result-id": "uid",
                "error.message": "message",
                "error.code": "code",
            },
        ),
        (
            documents.external_id,
            {
                "inputs": "users",
                "key": "external_id",
                "results": "users",
                "results-by": "position",
                "created": "created",
                "result-id": "id",
                "error.message": "message",
                "error.code": "code",
            },
        ),
        (
            documents.type_as_argument,
            {
                "inputs": "records",
                "key": "key",
                "object-type": "objectType",
                "results": "results",
                "results-by": "position",
                "result-id": "id",
                "error.message": "message",
                "error.code": "code",
            },
        ),
        (
            documents.list_at_the_top,
            {
                "inputs": "$",
                "key": "id",
                "results": "results",
                "result-id": "id",
                "error.message": "message",
                "error.code": "code",
            },
        ),
        (
            documents.results_elsewhere,
            {
                "inputs": "entries",
                "key": "id",
                "results": "data.items",
                "result-id": "id",
                "error.message": "message",
                "error.code": "code",
            },
        ),
        (
            documents.results_by_position,
            {
                "inputs": "data",
                "key": "email",
                "key-argument": "match_fields",
                "results": "data",
                "results-by": "position",
                "result-status.field": "status",
                "result-status.accepted": ("success",),
                "created": "action",
                "created-values": ("insert",),
                "updated-values": ("update",),
                "result-id": "details.id",
                "error.message": "message",
                "error.code": "code",
            },
        ),
        (
            documents.counted,
            {
                "inputs": "vectors",
                "key": "id",
                "count": "upsertedCount",
                "error.message": "message",
                "error.code": "code",
            },
        ),
    ],
)
def test_words_are_guessed_with_their_reasons(
    make: Callable[[], Document], words: dict[str, str]
) -> None:
    found = guessed(make())
    assert {one.spelling: one.value for one in found.words} == words
    assert all(one.reason for one in found.words)
    said = {one.spelling for one in found.words} | {one.partition(":")[0] for one in found.open}
    of_results = {"errors", "created", "result-id"} if "results" in words else set[str]()
    assert {"key-property", "properties", "trace-id", *of_results} <= said


@pytest.mark.parametrize(
    ("make", "obstacle"),
    [
        (documents.no_key, "no field of a record looks like its key; it has 'at', 'value'"),
    ],
)
def test_what_cannot_be_guessed_is_said(make: Callable[[], Document], obstacle: str) -> None:
    found = guessed(make())
    assert obstacle in found.obstacle
    assert not found.words


def test_what_only_one_answer_has_is_not_guessed() -> None:
    one = documents.by_property()
    path = "/crm/v3/objects/contacts/batch/upsert"
    plain = objects({"results": listed(ref("Result"))})
    one["paths"][path]["post"]["responses"]["200"]["content"]["application/json"]["schema"] = plain
    found = guess(one, path, "post")
    assert found.value("results") == "results"
    assert found.value("errors") is None


def test_a_small_record_is_all_that_a_request_needs_or_none_is_made() -> None:
    one = documents.external_id()
    assert guessed(one).record == {"external_id": "a"}
    (item,) = one["paths"].values()
    item["parameters"] = [{"name": "tenant", "in": "query", "required": True, "schema": {}}]
    assert guessed(one).record is None
    assert guessed(documents.more_is_needed()).record is None


@pytest.mark.parametrize(
    ("path", "name", "version"),
    [
        ("/crm/v3/objects/contacts/batch/upsert", "contacts", "v3"),
        ("/api/2026-03/lineItems/upsert", "line_items", "2026-03"),
        ("/v2/users:bulkUpsert", "users", "v2"),
        ("/{tenant}/people/batch/create-or-update", "people", "v1"),
        ("/batch/upsert", "records", "v1"),
    ],
)
def test_object_types_and_versions_are_called_as_paths_say(
    path: str, name: str, version: str
) -> None:
    one = documents.external_id()
    (item,) = one["paths"].values()
    one["paths"] = {path: item, "/others": copy.deepcopy(documents.document({}))}
    found = candidates(one)
    assert [each.object_type for each in found] == [name]
    assert version_of(found) == version


def test_endings_select_no_other_path() -> None:
    one = documents.by_property()
    assert selectors(candidates(one), one) == ("batch/upsert",)
    one["paths"]["/logs/batch/upsert"] = {"get": {"responses": {}}}
    assert selectors(candidates(one), one) == ("contacts/batch/upsert", "deals/batch/upsert")
    generic = documents.type_as_argument()
    (path,) = generic["paths"]
    mine = candidates(generic)
    generic["paths"] |= one["paths"]
    assert selectors(mine, generic) == (path.strip("/"),)


@pytest.mark.parametrize("make", documents.ALL)
def test_no_shape_of_a_document_ends_a_guess(make: Callable[[], Document]) -> None:
    """Whatever stands in a document's place: nothing, a scalar, a list, a schema that holds itself."""
    wrongs: list[Any] = [None, 1, "x", [], {}, ref("Batch"), ref("None")]
    for wrong in wrongs:
        for way in ways(make()):
            one = copy.deepcopy(make())
            inner: Any = one
            for step in way[:-1]:
                inner = inner[step]
            inner[way[-1]] = copy.deepcopy(wrong)
            for found in candidates(one):
                guess(one, found.path, found.method)


def test_what_is_exponential_takes_little() -> None:
    schemas: Document = {"Batch": {"allOf": [ref("Batch"), ref("S0")]}}
    for number in range(40):
        schemas[f"S{number}"] = {"allOf": [ref(f"S{(number + 1) % 40}")] * 20}
    one = documents.document(
        {"/a/batch/upsert": {"post": documents.operation(ref("Batch"), ref("S1"))}}, **schemas
    )
    assert "no field of the request" in guess(one, "/a/batch/upsert", "post").obstacle


def ways(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to each node of plain data."""
    steps = (
        value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    )
    return [one for step in steps for one in [(*way, step), *ways(value[step], (*way, step))]]

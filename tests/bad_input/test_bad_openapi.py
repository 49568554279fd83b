"""Documents that the official schemas of OpenAPI refuse, and what makes no sense across documents."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bad_input.cases import CONTACTS, SCHEMAS, Case, broken, several, whole

_NOT_OPENAPI = [
    whole(
        "no field openapi",
        CONTACTS,
        "‸info: {title: Contacts, version: v1}\npaths: {}\n",
        "this is not an OpenAPI document: it has no field 'openapi'",
        "expected openapi: 3.0.x or 3.1.x",
        "move a file that is none out of the specs folder",
    ),
    whole(
        "Swagger",
        CONTACTS,
        'swagger: ‸"2.0"\ninfo: {title: Contacts, version: v1}\npaths: {}\n',
        "Swagger '2.0' is not supported",
        "convert the document",
    ),
    broken("OpenAPI 3.2", CONTACTS, "openapi: 3.0.3", "openapi: ‸3.2.0", "OpenAPI '3.2.0'"),
    broken("a number", CONTACTS, "openapi: 3.0.3", "openapi: ‸3.0", "OpenAPI 3.0 is not supported"),
    broken("null", CONTACTS, "openapi: 3.0.3", "openapi:‸", "OpenAPI None is not supported"),
    whole(
        "some other file",
        "specs/v1/translations.json",
        '‸{"hello": "bonjour"}\n',
        "this is not an OpenAPI document",
    ),
]

_FIELDS = [
    broken(
        "a misspelt field",
        CONTACTS,
        "      responses:\n",
        "      ‸reponses:\n",
        "'reponses' is not known in 'post'",
        "expected only the fields callbacks, deprecated",
        "did you mean 'responses'?",
    ),
    broken(
        "a misspelt keyword of a schema",
        SCHEMAS,
        "        size:\n          type: integer",
        "        size:\n          ‸typ: integer",
        "'typ' is not known in 'size'",
        "did you mean 'type'?",
    ),
    broken(
        "a field of nobody",
        CONTACTS,
        "  title: Contacts\n",
        "  title: Contacts\n  ‸colour: green\n",
        "'colour' is not known in 'info'",
        "remove it, or begin its name with 'x-'",
    ),
    broken(
        "a path without a slash",
        CONTACTS,
        "  /v1/{kind}/upsert:",
        "  ‸v1/{kind}/upsert:",
        "'v1/{kind}/upsert' is not known in 'paths'",
        "paths that begin with '/'",
    ),
    broken(
        "a status that is none",
        CONTACTS,
        '        "200":',
        '        ‸"20":',
        "'20' is not known in 'responses'",
        "a status such as '200'",
    ),
    broken(
        "a name with a space",
        SCHEMAS,
        "    Answer:\n",
        '    ‸"An answer": 7\n    Answer:\n',
        "'An answer' is not known in 'schemas'",
        "a name of letters, digits",
    ),
    broken(
        "a missing title",
        CONTACTS,
        "info:\n  title: Contacts\n",
        "‸info:\n",
        "the field 'info' lacks the field 'title'",
        "expected 'title', which is required; add it",
    ),
    broken(
        "a missing description",
        CONTACTS,
        '        "200":\n          description: The contacts.\n',
        '        ‸"200":\n',
        "the field '200' lacks the field 'description'",
    ),
    broken(
        "a missing field of an item",
        CONTACTS,
        "        - name: dry_run\n          in: query\n",
        "        - ‸in: query\n",
        "item 2 of 'parameters' lacks the field 'name'",
    ),
]

_TYPES = [
    broken(
        "a number for text",
        CONTACTS,
        "  version: v1",
        "  version: ‸1.10",
        "the field 'version' is 1.1",
        "expected text; put it in quotes",
    ),
    broken(
        "a mapping for text",
        CONTACTS,
        "  title: Contacts",
        "  ‸title: {en: Contacts}",
        "the field 'title' is a mapping",
        "expected text; write text",
    ),
    broken(
        "a mapping for a list",
        CONTACTS,
        "servers:\n  - url: https://api.example.com",
        "‸servers:\n  url: https://api.example.com",
        "the field 'servers' is a mapping",
        "expected a list; write a list: '- ' before each item",
    ),
    broken(
        "text for a mapping",
        CONTACTS,
        "          schema:\n            type: boolean",
        "          schema: ‸boolean",
        "the field 'schema' is 'boolean'",
        "expected a mapping; write fields as 'name: value'",
    ),
    broken(
        "text for a boolean",
        CONTACTS,
        "          in: path\n          required: true",
        "          in: path\n          required: ‸yes",
        "the field 'required' is 'yes'",
        # A path parameter that is not required does not exist, so that is the only value.
        "expected true",
    ),
    broken(
        "a number for a whole number",
        SCHEMAS,
        "      required: [inputs]",
        "      maxProperties: ‸1.5",
        "the field 'maxProperties' is 1.5",
        "expected a whole number",
    ),
    broken(
        "a type that is none",
        SCHEMAS,
        "        size:\n          type: integer",
        "        size:\n          type: ‸interger",
        "the field 'type' is 'interger'",
        "expected one of 'array', 'boolean', 'integer'",
        "did you mean 'integer'?",
    ),
    broken(
        "a place of a parameter that is none",
        CONTACTS,
        "          in: query",
        "          in: ‸qury",
        "the field 'in' is 'qury'",
        "expected one of 'path', 'query', 'header', 'cookie'",
        "did you mean 'query'?",
    ),
    broken(
        "a security scheme that is none",
        CONTACTS,
        "      type: http\n",
        "      type: ‸htp\n",
        "the field 'type' is 'htp'",
        "expected one of 'apiKey', 'http', 'oauth2', 'openIdConnect'",
    ),
    broken(
        "an empty list",
        SCHEMAS,
        "      required: [inputs]",
        "      ‸required: []",
        "the field 'required' is a list",
        "expected at least 1 item(s)",
    ),
    broken(
        "an item that stands twice",
        SCHEMAS,
        "      required: [inputs]",
        "      ‸required: [inputs, inputs]",
        "expected each item once",
    ),
    broken(
        "a $ref that is no text",
        CONTACTS,
        '$ref: "schemas.yaml#/components/schemas/Batch"',
        "$ref: ‸7",
        "the field '$ref' is 7",
        "expected text; put it in quotes",
    ),
    broken(
        "fields that exclude each other",
        CONTACTS,
        "        - name: dry_run\n          in: query\n          schema:\n            type: boolean",
        "        - ‸name: dry_run\n          in: query\n          schema: {type: boolean}\n"
        "          content: {text/plain: {}}",
        "item 2 of 'parameters' has 'content' and 'schema', which exclude each other",
    ),
    broken(
        "a wrong type below alternatives below alternatives",
        SCHEMAS,
        "        kind:\n          type: string\n        loud:\n          type: boolean",
        "        kind:\n          oneOf:\n            - type: array\n              items:\n"
        "                properties:\n                  deep: {maxLength: ‸long}",
        "the field 'maxLength' is 'long'",
        "expected a whole number",
    ),
]


def _in_3_1(name: str, old: str, new: str, *told: str) -> object:
    changes = ((SCHEMAS, "openapi: 3.0.3", "openapi: 3.1.0"), (SCHEMAS, old, new))
    return several(name, told, changes=changes)


_NEWER = [
    _in_3_1(
        "3.1: a misspelt keyword",
        "        size:\n          type: integer",
        "        size:\n          ‸typ: integer",
        "'typ' is not known in 'size'",
        "did you mean 'type'?",
    ),
    _in_3_1(
        "3.1: a type that is none",
        "        size:\n          type: integer",
        "        size:\n          type: ‸interger",
        "the field 'type' is 'interger'",
        "did you mean 'integer'?",
    ),
    _in_3_1(
        "3.1: a wrong type",
        "      required: [id]\n      properties:\n        id:",
        "      required: ‸id\n      properties:\n        id:",
        "the field 'required' is 'id'",
        "expected a list",
    ),
    _in_3_1(
        "3.1: a discriminator without a name",
        "      discriminator:\n        propertyName: kind\n        mapping:\n"
        '          cat: "#/components/schemas/Cat"',
        "      ‸discriminator:\n        mapping: {}",
        "the field 'discriminator' lacks the field 'propertyName'",
    ),
    _in_3_1(
        "3.1: a field of nobody",
        "  title: Shared schemas",
        "  title: Shared schemas\n  ‸colour: green",
        "'colour' is not known in 'info'",
    ),
]

_SEVERAL = [
    several(
        "problems in several files, sorted, each once",
        ("'reponses' is not known",),
        ("'typ' is not known",),
        ("the $ref '#/components/schemas/Dogg'", "did you mean 'Dog'?"),
        ("is 'maybe'", "true or false"),
        changes=(
            (
                SCHEMAS,
                "        loud:\n          type: boolean",
                "        loud:\n          nullable: ‸maybe",
            ),
            (SCHEMAS, "        size:\n          type", "        size:\n          ‸typ"),
            (SCHEMAS, '"#/components/schemas/Dog"', '‸"#/components/schemas/Dogg"'),
            (CONTACTS, "      responses:\n", "      ‸reponses:\n"),
        ),
    ),
    several(
        "a file that is no YAML beside one that is no OpenAPI",
        ("a tab stands where spaces are needed",),
        ("'typ' is not known",),
        changes=(
            (CONTACTS, "  title", "‸\ttitle"),
            (SCHEMAS, "        size:\n          type", "        size:\n          ‸typ"),
        ),
    ),
]


@pytest.mark.parametrize("case", [*_NOT_OPENAPI, *_FIELDS, *_TYPES, *_NEWER, *_SEVERAL])
def test_documents_that_are_not_valid(case: Case, check: Callable[[Case], None]) -> None:
    check(case)

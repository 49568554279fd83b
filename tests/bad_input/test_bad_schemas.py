"""Schemas that cannot become a class, and extensions that say nothing sensible."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.bad_input.cases import CONTACTS, OVERLAY, SCHEMAS, Case, broken, several

_SIZE = "        size:\n          type: integer\n"


def _size(name: str, new: str, *told: str) -> object:
    return broken(name, SCHEMAS, _SIZE, new, *told)


_KEYWORDS = [
    _size(
        "not",
        "        size:\n          ‸not:\n            type: string\n",
        "the keyword 'not' is not supported",
        "rewrite it, in an overlay if the spec is not yours",
    ),
    several(
        "patternProperties",
        ("the keyword 'patternProperties' is not supported",),
        changes=(
            (SCHEMAS, "openapi: 3.0.3", "openapi: 3.1.0"),
            (SCHEMAS, _SIZE, "        size:\n          ‸patternProperties: {^a: {type: string}}\n"),
        ),
    ),
    several(
        "prefixItems",
        ("the keyword 'prefixItems' is not supported",),
        changes=(
            (SCHEMAS, "openapi: 3.0.3", "openapi: 3.1.0"),
            (SCHEMAS, _SIZE, "        size:\n          ‸prefixItems: [{type: string}]\n"),
        ),
    ),
    several(
        "a keyword beside $ref",
        ("'maxLength' beside $ref is not supported",),
        changes=(
            (SCHEMAS, "openapi: 3.0.3", "openapi: 3.1.0"),
            (
                SCHEMAS,
                _SIZE,
                "        size:\n          $ref: '#/components/schemas/Cat'\n          ‸maxLength: 3\n",
            ),
        ),
    ),
    _size(
        "a regular expression with look-ahead",
        "        size:\n          type: string\n          pattern: ‸^(?=a)\n",
        "the pattern '^(?=a)' cannot be checked",
        "rewrite the pattern",
    ),
    _size(
        "a regular expression that is none",
        "        size:\n          type: string\n          pattern: ‸'(['\n",
        "the field 'pattern' is '(['",
        "expected a regular expression",
    ),
    _size(
        "a default of another type",
        "        size:\n          type: integer\n          ‸default: many\n",
        "the default 'many' does not fit its schema",
        "correct or remove the default",
    ),
    _size(
        "a default that is no value of its enum",
        "        size:\n          type: integer\n          enum: [1]\n          ‸default: 2\n",
        "the default 2 does not fit its schema",
    ),
    _size(
        "an enum of objects",
        "        size:\n          enum: [1, ‸{a: 1}]\n",
        "the enum value {'a': 1} is not supported",
        "scalars as enum values",
    ),
]

_COMBINATIONS = [
    _size(
        "allOf of fields that differ",
        "        size:\n          allOf:\n            - properties: {unit: {type: string}}\n"
        "            - properties: {‸unit: {type: integer}}\n",
        "the field 'unit' has different types in the parts of allOf",
        "declare it in one part only",
    ),
    _size(
        "allOf of what is no object",
        "        size:\n          allOf:\n            - properties: {unit: {type: string}}\n"
        "            - ‸type: integer\n              minimum: 3\n",
        "a part of allOf that is not an object with properties is not supported",
    ),
    _size(
        "oneOf beside properties",
        "        ‸size:\n          oneOf: [{type: string}, {type: integer}]\n"
        "          properties: {unit: {type: string}}\n",
        "oneOf beside properties is not supported",
        "oneOf alone",
    ),
    broken(
        "a discriminator whose mapping dangles",
        SCHEMAS,
        '          cat: "#/components/schemas/Cat"',
        '          ‸cat: "#/components/schemas/Kat"',
        "the $ref '#/components/schemas/Kat' finds no 'Kat'",
        "did you mean 'Cat'?",
    ),
    broken(
        "a discriminator of what is no object",
        SCHEMAS,
        '        - $ref: "#/components/schemas/Dog"',
        "        - ‸type: integer",
        "a discriminator needs alternatives that are objects",
    ),
    _size(
        "a required field that is not declared",
        "        ‸size:\n          type: object\n          required: [unit]\n"
        "          additionalProperties: false\n          properties: {value: {type: integer}}\n",
        "the required field 'unit' is not declared",
    ),
]


def _chain(below: str, place: int) -> str:
    """Return a chain of 500 schemas, each of which contains the next one in the given way."""
    links = [
        f"    {'‸' * (number == place)}Link{number}:\n{below.format(number + 1)}"
        for number in range(500)
    ]
    return "".join(links) + "    Link500: {type: object}\n    Answer:\n"


_DEPTH = [
    several(
        "objects in objects",
        ("contain each other more than 80 levels deep", "flatten them"),
        changes=(
            (SCHEMAS, _SIZE, "        size:\n          $ref: '#/components/schemas/Link0'\n"),
            (
                SCHEMAS,
                "    Answer:\n",
                _chain(
                    "      properties:\n        next: {{$ref: '#/components/schemas/Link{}'}}\n",
                    77,
                ),
            ),
        ),
    ),
    several(
        "parts in parts",
        ("contain each other more than 80 levels deep", "flatten them"),
        changes=(
            (SCHEMAS, _SIZE, "        size:\n          $ref: '#/components/schemas/Link0'\n"),
            (
                SCHEMAS,
                "    Answer:\n",
                _chain(
                    "      properties: {{a: {{type: string}}}}\n"
                    "      allOf: [$ref: '#/components/schemas/Link{}']\n",
                    80,
                ),
            ),
        ),
    ),
]

_RULE = "          - status: [400]\n            error: validation\n"

_EXTENSIONS = [
    broken(
        "a misspelt field of x-upsert",
        OVERLAY,
        "        results: results",
        "        results: results\n        ‸trace_id: id",
        "'trace_id' is not known in 'x-upsert'",
        "did you mean 'trace-id'?",
    ),
    broken(
        "x-upsert that names a missing field",
        OVERLAY,
        "        key: id",
        "        key: ‸identity",
        "key of x-upsert names 'identity', which is no field of a record",
        "correct the name, or the schema in an overlay",
    ),
    broken(
        "x-upsert of the wrong kind",
        OVERLAY,
        "      x-upsert:\n        inputs: inputs\n        key: id\n        results: results",
        "      x-upsert: ‸inputs",
        "the field 'x-upsert' is 'inputs'",
        "expected a mapping",
    ),
    broken(
        "properties that results do not have",
        OVERLAY,
        "        results: results",
        "        results: results\n        properties: ‸colour",
        "properties of x-upsert names 'colour', which is no field of a record and of a result",
    ),
    broken(
        "a situation that nobody knows",
        OVERLAY,
        "      x-errors:",
        "      x-sandbox: {answers: {‸conflct: {status: 409, example: taken}}}\n      x-errors:",
        "'conflct' is not known in 'answers'",
        "did you mean 'conflict'?",
    ),
    broken(
        "an answer whose example is missing",
        OVERLAY,
        "      x-errors:",
        "      x-sandbox: {answers: {conflict: {status: 409, example: ‸taken}}}\n      x-errors:",
        "no response of the operation has an example named 'taken'",
        "add the example in an overlay",
    ),
    broken(
        "a part that the example does not have",
        OVERLAY,
        "      x-errors:",
        "      responses: {'200': {content: {application/json: {examples: {taken: {value: {a: 1}}}}}}}\n"
        "      x-sandbox: {answers: {conflict: {status: 409, example: taken, part: ‸/b/0}}}\n"
        "      x-errors:",
        "the example 'taken' has no part '/b/0'",
    ),
    broken(
        "a type of property that nobody knows",
        OVERLAY,
        "      x-errors:",
        "      x-sandbox: {properties: {colour: {type: ‸colour}}}\n      x-errors:",
        "the field 'type' is 'colour'",
    ),
    broken(
        "an error that nobody knows",
        OVERLAY,
        _RULE,
        "          - status: [400]\n            error: ‸validaton\n",
        "the field 'error' is 'validaton'",
        "did you mean 'validation'?",
    ),
    broken(
        "a status that is none",
        OVERLAY,
        _RULE,
        "          - status: [400, ‸4000]\n            error: validation\n",
        "item 2 of 'status' is 4000",
        "a number of at most 599",
    ),
    broken(
        "a class of statuses that is none",
        OVERLAY,
        _RULE,
        "          - status: [‸4xx]\n            error: validation\n",
        "item 1 of 'status' is '4xx'",
        "text that matches ^[1-5]XX$",
    ),
    broken(
        "a misspelt extension",
        OVERLAY,
        "      x-errors:",
        "      ‸x-error:",
        "the extension 'x-error' is not known",
        "did you mean 'x-errors'?",
    ),
    broken(
        "an extension in the wrong place",
        CONTACTS,
        "    post:\n",
        "    ‸x-retry: {transport: true}\n    post:\n",
        "the extension 'x-retry' does not belong to an operation",
        "move it there",
    ),
]


@pytest.mark.parametrize("case", [*_KEYWORDS, *_COMBINATIONS, *_DEPTH, *_EXTENSIONS])
def test_schemas_and_extensions(case: Case, check: Callable[[Case], None]) -> None:
    check(case)

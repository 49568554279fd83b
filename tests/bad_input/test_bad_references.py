"""References that lead nowhere, to the wrong thing, or round in circles."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.bad_input.cases import CONTACTS, PROJECT, SCHEMAS, Case, broken, several
from tests.command_line import upsertgen, write_files

_BATCH = '$ref: "schemas.yaml#/components/schemas/Batch"'
_SIZE = "        size:\n          type: integer\n"


def _reference(name: str, target: str, *told: str) -> object:
    return broken(name, CONTACTS, _BATCH, f'$ref: ‸"{target}"', f"the $ref '{target}'", *told)


_DANGLING = [
    _reference(
        "a name that another file does not have",
        "schemas.yaml#/components/schemas/Btach",
        "finds no 'Btach' in specs/v1/schemas.yaml",
        "expected a schema in the specs folder; did you mean 'Batch'?",
    ),
    _reference(
        "a name that the same file does not have",
        "#/components/schemas/Batch",
        "finds no 'schemas' in specs/v1/contacts.yaml",
        "define it there or correct the $ref",
    ),
    _reference(
        "a file that is missing",
        "schema.yaml#/components/schemas/Batch",
        "names a file that is not in the specs folder",
        "did you mean 'schemas.yaml'?",
    ),
    _reference(
        "a file that is like no other",
        "https.json#/x",
        "names a file that is not in the specs folder",
        "add the file or correct the path",
    ),
    _reference(
        "a remote document",
        "https://example.com/schemas.yaml#/Batch",
        "names a remote document",
        "refer to it by a relative path",
    ),
    _reference("a network path", "//example.com/schemas.yaml", "names a remote document"),
    _reference(
        "out of the specs folder",
        "../../schemas.yaml#/Batch",
        "leads out of the specs folder",
        "put the document into the specs folder",
    ),
    _reference("an absolute path", "/etc/passwd", "leads out of the specs folder"),
    _reference(
        "an anchor",
        "schemas.yaml#Batch",
        "names the anchor 'Batch'",
        "use a JSON Pointer such as #/components/schemas/Name",
    ),
    _reference(
        "an item that a list does not have",
        "schemas.yaml#/components/schemas/Pet/oneOf/2",
        "finds no '2'",
    ),
]

_WRONG_KIND = [
    _reference(
        "a whole document for a schema",
        "schemas.yaml",
        "leads to a document",
        "expected a schema; correct the $ref",
    ),
    _reference("nothing at all", "", "leads to a document"),
    _reference("plain data", "#/info/title", "leads to plain data"),
    _reference(
        "the map of all schemas",
        "schemas.yaml#/components/schemas",
        "leads to plain data",
    ),
    _reference(
        "a security scheme for a schema",
        "#/components/securitySchemes/key",
        "leads to a security scheme; expected a schema",
    ),
    broken(
        "a schema for a parameter",
        CONTACTS,
        "        - name: dry_run\n          in: query\n          schema:\n            type: boolean\n",
        "        - $ref: ‸schemas.yaml#/components/schemas/Cat\n",
        "leads to a schema; expected a parameter",
    ),
    broken(
        "a schema for a response",
        CONTACTS,
        '        "200":\n',
        '        default:\n          $ref: ‸schemas.yaml#/components/schemas/Cat\n        "200":\n',
        "leads to a schema; expected a response",
    ),
]

_CYCLES = [
    several(
        "a chain that leads back to itself",
        ("the $ref '#/components/schemas/Two' leads back to itself", "point it at a definition"),
        ("the $ref '#/components/schemas/One' leads back to itself",),
        changes=(
            (
                SCHEMAS,
                "    Answer:\n",
                "    One:\n      $ref: ‸'#/components/schemas/Two'\n"
                "    Two:\n      $ref: ‸'#/components/schemas/One'\n    Answer:\n",
            ),
        ),
    ),
    several(
        "a list of itself",
        ("the schema contains itself without an object in between", "wrap the schema in an object"),
        changes=(
            (SCHEMAS, _SIZE, "        size:\n          $ref: '#/components/schemas/Sizes'\n"),
            (
                SCHEMAS,
                "    Answer:\n",
                "    ‸Sizes:\n      type: array\n      items:\n"
                "        $ref: '#/components/schemas/Sizes'\n    Answer:\n",
            ),
        ),
    ),
    several(
        "an alternative of itself",
        ("the schema contains itself without an object in between",),
        changes=(
            (SCHEMAS, _SIZE, "        size:\n          $ref: '#/components/schemas/Sizes'\n"),
            (
                SCHEMAS,
                "    Answer:\n",
                "    ‸Sizes:\n      anyOf:\n        - type: integer\n"
                "        - $ref: '#/components/schemas/Sizes'\n    Answer:\n",
            ),
        ),
    ),
    several(
        "an allOf of itself",
        ("the allOf contains itself", "break the cycle"),
        changes=(
            (SCHEMAS, _SIZE, "        size:\n          $ref: '#/components/schemas/Sizes'\n"),
            (
                SCHEMAS,
                "    Answer:\n",
                "    ‸Sizes:\n      allOf:\n        - $ref: '#/components/schemas/Sizes'\n"
                "        - properties: {unit: {type: string}}\n    Answer:\n",
            ),
        ),
    ),
]


@pytest.mark.parametrize("case", [*_DANGLING, *_WRONG_KIND, *_CYCLES])
def test_references(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


def test_what_looks_like_a_reference_in_an_example_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contacts = PROJECT[CONTACTS].replace(
        "            schema:\n              " + _BATCH,
        "            example: {inputs: [], $ref: nowhere}\n            schema:\n              "
        + _BATCH,
    )
    schemas = PROJECT[SCHEMAS].replace(
        _SIZE, "        size:\n          type: integer\n          x-note: {$ref: nowhere}\n"
    )
    write_files(tmp_path, {**PROJECT, CONTACTS: contacts, SCHEMAS: schemas})
    outcome = upsertgen("validate")
    assert outcome.code == 0, outcome.err

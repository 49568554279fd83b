"""Specs that cannot be used: each problem is told with its place and its mend, and nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from upsertgen.specs import read

from tests.bad_input.project import CONTACTS, OVERLAY, PROJECT, SCHEMAS, Case, cases
from tests.command_line import upsertgen, write_files

_TOPICS = (
    *("yaml", "openapi", "references", "operations", "schemas", "extensions", "overlays"),
    *("answers", "jobs", "settings"),
)
_NOT_UTF_8 = "{} is not UTF-8; expected text in UTF-8; save the file as UTF-8"


_NO_NUMBERS = (
    *(".nan", ".inf", "NaN", "0o17", "017", "0x1F", "1_000", "1:30:00"),
    *("2025-09-01T00:00:00Z", "-0.0.0"),
)


def _size(schema: str) -> dict[str, str | bytes]:
    """Return schemas in which a size is another one."""
    return {SCHEMAS: PROJECT[SCHEMAS].replace("type: integer", schema)}


def _linked(below: str, place: int) -> dict[str, str | bytes]:
    """Return schemas with a chain of 500, each of which contains the next one in the given way."""
    links = [
        f"    {'‸' * (number == place)}Link{number}:\n{below.format(number + 1)}"
        for number in range(500)
    ]
    text = PROJECT[SCHEMAS].replace(
        "          type: integer\n", "          $ref: '#/components/schemas/Link0'\n"
    )
    chain = "".join(links) + "    Link500: {type: object}\n    Answer:\n"
    return {SCHEMAS: text.replace("    Answer:\n", chain)}


_TOO_DEEP = (
    "the schemas above this one contain each other more than 80 levels deep; expected schemas of fewer "
    "levels; flatten them, or put additionalProperties in place of the lowest levels"
)
_REPEATING = "\n".join(
    # Each line repeats the one before ten times; written out it would not fit into memory.
    ["‸openapi: 3.0.3", "x-0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    + [f"x-{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
)
_MADE = {
    "equal operationIds in two files of an object type": Case(
        {
            CONTACTS.replace(".yaml", ".more.yaml"): PROJECT[CONTACTS]
            .replace("/upsert:", "/more:")
            .replace("    post:", "    ‸post:")
        },
        [
            f"this operation and the one at {CONTACTS}:9:5 would both get the name batch_upsert; expected a "
            "different operationId for each operation of an object type; change one of them"
        ],
    ),
    "a schema of another API version": Case(
        {
            CONTACTS.replace("v1", "v2"): PROJECT[CONTACTS].replace(
                '$ref: "schemas.yaml', '$ref: ‸"../v1/schemas.yaml'
            )
        },
        [
            "the $ref '../v1/schemas.yaml#/components/schemas/… leads to the API version 'v1'; expected a "
            "… in the specs folder; define it in 'v2' as well; equal classes are emitted once"
        ]
        * PROJECT[CONTACTS].count('$ref: "schemas.yaml'),
    ),
    "bytes that are not UTF-8": Case(
        {CONTACTS: b"openapi: 3.0.3\ninfo: {title: caf\xe9}\n"},
        [_NOT_UTF_8.format("the byte 0xE9")],
        [f"{CONTACTS}:2:18"],
    ),
    "UTF-16": Case(
        {CONTACTS: "openapi: 3.0.3\n".encode("utf-16")},
        [_NOT_UTF_8.format("the byte 0xFF")],
        [f"{CONTACTS}:1:1"],
    ),
    "no UTF-8 in the configuration": Case(
        {"pyproject.toml": b"# caf\xe9\n"},
        ["this is not UTF-8; expected …"],
        ["pyproject.toml:1:1"],
    ),
    "no table in the configuration": Case(
        {"pyproject.toml": "[tool]\nupsertgen = 3\n"},
        ["[tool.upsertgen] is no table; expected …"],
        ["pyproject.toml:1:1"],
    ),
    "a control character": Case(
        {CONTACTS: PROJECT[CONTACTS].replace("title: Contacts", "title: Ü‸\x07")},
        [
            "this is not YAML: the control character U+0007; expected a YAML or JSON document; "
            "remove the character"
        ],
    ),
    "nested too deeply": Case(
        {CONTACTS: "openapi: " + "[" * 98 + "‸" + "[" * 200_000 + "]" * 200_099},
        ["this is not YAML: it is nested more than 100 levels deep; expected …"],
    ),
    "aliases that repeat without end": Case(
        {CONTACTS: _REPEATING}, ["aliases repeat more than …; expected …"]
    ),
    "objects in objects": Case(
        _linked("      properties:\n        next: {{$ref: '#/components/schemas/Link{}'}}\n", 77),
        [_TOO_DEEP],
    ),
    "parts in parts": Case(
        _linked(
            "      properties: {{a: {{type: string}}}}\n"
            "      allOf: [$ref: '#/components/schemas/Link{}']\n",
            80,
        ),
        [_TOO_DEEP],
    ),
    "equal module names": Case(
        {
            "specs/v1/line-items.yaml": PROJECT[CONTACTS],
            "specs/v1/line_items.yaml": "‸" + PROJECT[CONTACTS],
        },
        [
            "this file and specs/v1/line-items.yaml would both get the module name line_items; "
            "expected file names that differ in letters and digits; rename one of the files"
        ],
    ),
    "equal package names": Case(
        {
            "specs/2025-09/contacts.yaml": PROJECT[CONTACTS],
            "specs/2025-09/schemas.yaml": PROJECT[SCHEMAS],
            "specs/2025.09/contacts.yaml": "‸" + PROJECT[CONTACTS],
            "specs/2025.09/schemas.yaml": PROJECT[SCHEMAS],
        },
        [
            "the versions '2025-09' and '2025.09' would both get the package name v2025_09; "
            "expected folder names that differ in letters and digits; rename one of the folders"
        ],
    ),
    "servers that differ": Case(
        {"specs/v1/deals.yaml": PROJECT[CONTACTS].replace("https://api", "‸https://eu")},
        [
            "the server 'https://eu.example.com' differs from 'https://api.example.com' of "
            f"{CONTACTS}; expected one server for all documents of a version; correct the server"
        ],
    ),
    **{
        f"the number {number}": Case(_size(f"type: number\n          minimum: ‸{number}"), [told])
        for number, told in (
            *((one, f"… '{one}' is too large; expected …") for one in ("1e999", "-1e999")),
            *((one, f"… is '{one}'; expected …") for one in _NO_NUMBERS),
        )
    },
    **{
        f"the pattern {pattern}": Case(
            _size(f"type: string\n          pattern: ‸{pattern}"),
            [f"the pattern {pattern!r} cannot be checked in linear time; expected …"],
        )
        for pattern in ("(?<!a)b", r"(a)\1")
    },
    "an OpenAPI document as overlay": Case(
        {OVERLAY: "‸" + PROJECT[SCHEMAS]},
        ["this is not an overlay: it has no field 'overlay'; expected overlay: 1.0.0; declare …"],
    ),
}


@pytest.mark.parametrize(
    "case",
    [
        *(
            pytest.param(one, id=f"{topic}: {one.name}")
            for topic in _TOPICS
            for one in cases(topic)
        ),
        *(pytest.param(one, id=name) for name, one in _MADE.items()),
    ],
)
def test_bad_specs(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


def test_an_overlay_mends_what_the_official_schema_refuses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That is what overlays are for: the spec may be somebody else's."""
    monkeypatch.chdir(tmp_path)
    actions = (
        "actions:\n  - target: $.components.schemas.Cat.typ\n    remove: true\n"
        "  - target: $.components.schemas['Cat', 'Cat'].required[2, 0]\n    remove: true\n"
    )
    wrong = "    Cat:\n      typ: object\n      required: [a, kind, b]\n"
    schemas = PROJECT[SCHEMAS].replace("    Cat:\n", wrong)
    overlay = PROJECT[OVERLAY].replace("actions:\n", actions)
    write_files(tmp_path, {**PROJECT, SCHEMAS: schemas, OVERLAY: overlay})
    specs = read(Path("specs"))
    assert specs.documents["v1/schemas.yaml"].data["components"]["schemas"]["Cat"] == {
        "required": ["kind"],
        "type": "object",
        "properties": {"kind": {"type": "string"}},
    }


def test_what_looks_like_a_reference_in_an_example_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    contacts = PROJECT[CONTACTS].replace(
        '            schema:\n              $ref: "schemas.yaml#/components/schemas/Batch"\n',
        "            example: {inputs: [], $ref: nowhere}\n            schema:\n"
        '              $ref: "schemas.yaml#/components/schemas/Batch"\n',
    )
    size = "          type: integer\n"
    schemas = PROJECT[SCHEMAS].replace(size, f"{size}          x-note: {{$ref: nowhere}}\n")
    write_files(tmp_path, {**PROJECT, CONTACTS: contacts, SCHEMAS: schemas})
    outcome = upsertgen("validate")
    assert outcome.code == 0, outcome.err

"""Specs that would take all the memory or all the time there is, each tried for real."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from upsertgen.limits import LIMITS

from tests.bad_input.project import CONTACTS, PROJECT
from tests.command_line import write_files
from tests.hostile.bounded_runs import (
    BIG,
    HEAD,
    refused,
    run,
    with_overlay,
    with_schemas,
)

# Hundreds of runs of the command line, which CI does with `make test-large`.
pytestmark = pytest.mark.large

X = "{$ref: '#/components/schemas/X%d'}"


def chain(count: int, line: str) -> list[str]:
    """Return schemas that use the next one, twice."""
    return [line.replace("THIS", f"X{n}").replace("NEXT", X % (n + 1)) for n in range(count)]


_OPERATION = """\
  /v1/more/{0}:
    post: {{operationId: more_{0}, responses: {{"200": {{description: Done.}}}}}}
"""
_FILES = {
    "a large file": (
        {BIG: f'{HEAD}x-big: "{"a" * 60_000_000}"\n'},
        "the file has more than 32 MB",
    ),
    "many nodes": ({BIG: f"{HEAD}x-big: [{'1,' * 2_500_000}1]\n"}, "more than 400000 nodes"),
    "many nodes in many files": (
        {f"specs/v1/big{n}.yaml": f"{HEAD}x-big: [{'1,' * 300_000}1]\n" for n in range(8)},
        "more than 400000 nodes",
    ),
    "billion laughs": (
        {
            BIG: f"{HEAD}x-0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
            + "".join(f"x-{n}: &a{n} [{f'*a{n - 1}, ' * 10}]\n" for n in range(1, 12))
        },
        "aliases repeat more than 200000 nodes",
    ),
    "billion laughs of mappings": (
        {
            BIG: f"{HEAD}x-0: &a0 {{a: x, b: x}}\n"
            + "".join(f"x-{n}: &a{n} {{a: *a{n - 1}, b: *a{n - 1}}}\n" for n in range(1, 60))
        },
        "aliases repeat more than 200000 nodes",
    ),
    "aliases in many files": (
        {
            f"specs/v1/big{n}.yaml": f"{HEAD}x-a: &a [{'x,' * 100_000}x]\nx-b: [*a]\n"
            for n in range(20)
        },
        "more than 400000 nodes",
    ),
    "aliases of long text": (
        {BIG: f'{HEAD}x-a: &a "{"x" * 100_000}"\nx-b: [{"*a," * 100_000}*a]\n'},
        "more than 32 million characters",
    ),
    "keys that are aliases": (
        {BIG: f"{HEAD}? &a [*a]\n: x\n"},
        "a key is a list or a mapping",
    ),
    "deep YAML": ({BIG: f"{HEAD}x: {'[' * 200_000}"}, "nested more than 100 levels deep"),
    "deep block": (
        {BIG: HEAD + "".join(f"{' ' * n}a:\n" for n in range(2_000))},
        "nested more than 100 levels deep",
    ),
    "deep JSON": (
        {"specs/v1/big.json": '{"openapi": "3.0.3", "x": ' + '{"a":' * 100_000},
        "nested more than 100 levels deep",
    ),
    "a cycle through files": (
        {
            f"specs/v1/{one}.yaml": (
                f"{HEAD}components:\n"
                f"  schemas: {{Y: {{$ref: '{other}.yaml#/components/schemas/Y'}}}}\n"
            )
            for one, other in ("ab", "ba")
        },
        "leads back to itself",
    ),
    "many operations": (
        {
            CONTACTS: PROJECT[CONTACTS].replace(
                "components:\n", f"{''.join(map(_OPERATION.format, range(600)))}components:\n"
            )
        },
        "more than 500 operations",
    ),
    "one key very often": ({BIG: f"{HEAD}x:\n" + "  a: 1\n" * 100_000}, "stands twice"),
}


_SCHEMAS = {
    "references to references": (
        ["X0: {$ref: '#/components/schemas/X1'}", *chain(5_000, "THIS: NEXT")[1:]],
        "leads to more than 100 others",
    ),
    "allOf that doubles": (
        [*chain(40, "THIS: {allOf: [NEXT, NEXT]}"), "X40: {properties: {a: {type: string}}}"],
        "more than 1000 objects that its allOf joins",
    ),
    "anyOf that doubles": (
        [
            *chain(40, "THIS: {anyOf: [NEXT, {type: array, items: NEXT}]}"),
            "X40: {type: string}",
        ],
        "more than 20000 schemas",
    ),
    "lists and maps that double": (
        [
            *chain(
                30,
                "THIS: {oneOf: [{type: array, items: NEXT}, {type: object, additionalProperties: NEXT}]}",
            ),
            "X30: {type: string}",
        ],
        "more than 20000 schemas",
    ),
    "objects within objects": (
        [*chain(5_000, "THIS: {type: object, properties: {a: NEXT}}"), "X5000: {type: string}"],
        "contain each other more than 80 levels deep",
    ),
    "many enum values": (
        [f"X0: {{type: string, enum: [{', '.join(f'v{n}' for n in range(50_000))}]}}"],
        "more than 5000 values in its enum",
    ),
    "many fields": (
        ["X0:", "  properties:", *(f"    v{n}: {{type: string}}" for n in range(20_000))],
        "more than 2000 fields",
    ),
    "a million fields": (
        [
            f"X0: {{properties: {{{', '.join(f'v{n}: {{type: string}}' for n in range(1_000_000))}}}}}"
        ],
        "more than 400000 nodes",
    ),
    "values of many enums": (
        [
            *("X0:", "  properties:"),
            *(
                f"    v{n}: {{enum: [{', '.join(f'v{n}_{m}' for m in range(4_000))}]}}"
                for n in range(9)
            ),
        ],
        "more than 20000 schemas and enum values",
    ),
    "many alternatives of many fields": (
        [
            *("X0:", "  properties:"),
            *(
                f"    v{n}: {{oneOf: [{', '.join(X % m for m in range(1, 200))}]}}"
                for n in range(400)
            ),
            *(
                f"X{n}: {{type: object, properties: {{p: {{type: string}}}}}}"
                for n in range(1, 200)
            ),
        ],
        "more than 20000 schemas and enum values",
    ),
    "a description of many paragraphs": (
        [
            f'X0: {{type: string, description: "{"word one two. {}{}".format(chr(92), "n") * 250_000}"}}'
        ],
        "has more than 100000 characters",
    ),
    "many alternatives": (
        ["X0:", "  anyOf:", *("    - {type: string}" for _ in range(1_000))],
        "more than 200 alternatives",
    ),
    "a long default": (
        [f"X0: {{type: array, items: {{type: integer}}, default: [{'1,' * 200_000}1]}}"],
        "more than 1000 items in its default",
    ),
    "problems without end": (
        [
            *("X0:", "  properties:"),
            *(f"    v{n}: {{$ref: '#/components/schemas/Contac{n}'}}" for n in range(5_000)),
            *(f"Contacs{n}: {{type: string}}" for n in range(5_000)),
        ],
        "finds no 'Contac0'",
    ),
    "many large patterns": (
        [
            *("X0:", "  type: object", "  properties:"),
            *(rf"    v{n}: {{type: string, pattern: '^.{{3000}}{n}$'}}" for n in range(50)),
        ],
        "more than 100000 kB of patterns",
    ),
    "a number with many digits": (
        [f"X0: {{type: number, minimum: 1{'0' * 5_000}}}"],
        "is too large",
    ),
    "a number with many decimals": (
        [f"X0: {{type: number, minimum: 0.{'1' * 50_000}}}"],
        "is '0.1",
    ),
    "an index with many digits": (
        [f"X0: {{$ref: '#/components/schemas/Contact/required/{'1' * 5_000}'}}"],
        "finds no",
    ),
}


_DEEP = f"{HEAD}x-big: {'[' * 60}{'1,' * 20_000}1{']' * 60}\n"
_OVERLAYS = {
    "every node from every node": (with_overlay("$..*..*..*..*"), "steps to find their targets"),
    "filters within filters": (
        with_overlay("$..[?@..[?@..[?@..[?@..a]]]]"),
        "steps to find their targets",
    ),
    "selectors that multiply": (
        with_overlay(f"${'..[*,*,*,*]' * 6}"),
        "steps to find their targets",
    ),
    "a long target": (with_overlay(f"${'.a' * 10_000}"), "it has more than 1000 characters"),
    "a deep target": (with_overlay(f"$[?{'!(' * 300}@.a{')' * 300}]"), "it is nested too deeply"),
    "many matches": (with_overlay("$['x-big']..*"), "and its update is a mapping"),
    "a large update for many": (
        {
            BIG: f"{HEAD}x-big: [{'[],' * 20_000}[]]\n",
            **with_overlay("$['x-big'].*", f"[{'1,' * 20_000}1]"),
        },
        "overlays add more than 2000000 nodes",
    ),
    "updates that double": (
        with_overlay("$.info", "{x-l: [[[]]]}")
        | {
            "specs/overlays/zz.yaml": with_overlay(
                "$.info['x-l']..[?@[0] || !@[0]]", "[[], []]", 60
            )["specs/overlays/z.yaml"]
        },
        "specs/overlays/zz.yaml",
    ),
    "updates that nest": (
        {
            f"specs/overlays/z{n:02}.yaml": with_overlay(
                f"$.info{'.a' * 40 * n}", "{a: " * 40 + "{}" + "}" * 40
            )["specs/overlays/z.yaml"]
            for n in range(5)
        },
        "nested more than 100 levels deep",
    ),
    "many actions": (with_overlay("$.info", times=20_000), "more than 10000 actions"),
    "a pattern that backtracks": (
        {
            BIG: f'{HEAD}x-big: ["{"x" * 3_000}y"]\n',
            **with_overlay("$..[?search(@, '(x*)*(x|x)*(x*x*)*z')]"),
        },
        "matches nothing",
    ),
    "a pattern from the document": (
        {
            BIG: f'{HEAD}x-big: [{{a: "{"x" * 3_000}y", b: "((x|x)*(x|x)*)*z"}}]\n',
            **with_overlay("$..[?match(@.a, @.b)]"),
        },
        "matches nothing",
    ),
}


_PATTERNS = {
    "nested counts": ("((a{1000}){1000}){1000}", "takes more than 10 MB"),
    "nested ranges": ("(((a{0,99}){0,99}){0,99}){0,99}", "takes more than 10 MB"),
    "counted words": (r"(\w{60}){10}", "takes more than 10 MB"),
    "counted classes of words": (r"([\w.-]{60}){10}", "takes more than 10 MB"),
    "counted properties": (r"\p{L}{1000}", "takes more than 10 MB"),
    "a count with many digits": (f"a{{{'9' * 30}}}", "takes more than 10 MB"),
    "deep groups": ("(" * 2_000 + "a" + ")" * 2_000, "cannot be checked in linear time"),
    "a long pattern": ("a" * 20_000, "has more than 10000 characters"),
}
_TOO_MUCH: dict[str, tuple[Mapping[str, str], str]] = {
    **_FILES,
    **{name: (with_schemas(*lines), told) for name, (lines, told) in _SCHEMAS.items()},
    **{name: ({BIG: _DEEP, **files}, told) for name, (files, told) in _OVERLAYS.items()},
    **{
        name: (with_schemas(f"X0: {{type: string, pattern: '{pattern}'}}"), told)
        for name, (pattern, told) in _PATTERNS.items()
    },
}


@pytest.mark.parametrize("name", _TOO_MUCH)
def test_specs_that_are_too_much(tmp_path: Path, name: str) -> None:
    files, told = _TOO_MUCH[name]
    assert told in refused(tmp_path, files)


def test_too_many_files(tmp_path: Path) -> None:
    folder = tmp_path / "specs" / "v1"
    folder.mkdir(parents=True)
    for number in range(LIMITS.files + 1):
        (folder / f"{number}.yaml").touch()
    assert "the specs folder holds more than 20000 files" in refused(tmp_path, {})


def test_bodies_in_a_long_row(tmp_path: Path) -> None:
    """Whether bodies are the same shows only at the end of the row, so each is compared often."""
    lines = ["X0:", "  type: object", "  properties:"]
    lines += [f"    c{n}: {X % n}" for n in range(1_500, 0, -1)]
    lines += chain(1_500, "THIS: {type: object, properties: {a: NEXT}}")[1:]
    folder = tmp_path / "in_order"
    folder.mkdir()
    told = refused(folder, with_schemas(*lines, "X1500: {properties: {b: {type: strin}}}"))
    assert "did you mean 'string'?" in told
    write_files(
        tmp_path, {**PROJECT, **with_schemas(*lines, "X1500: {properties: {b: {type: string}}}")}
    )
    outcome = run(tmp_path, "validate")
    assert (outcome.code, outcome.err) == (0, "")

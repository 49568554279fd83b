"""The text of spec files: any data comes back as it was, to every reader, and in the house style."""

from __future__ import annotations

from typing import Any

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from upsertgen.errors import Problems
from upsertgen.importing.yaml_writer import WIDTH, house_yaml
from upsertgen.specs.yaml_reader import read_yaml

_TEXTS = st.one_of(
    st.text(max_size=20),
    st.text("ab ,:#-\n'\"", max_size=40),
    st.lists(
        st.sampled_from(["word", "a", "longer-than-others", "`id`", "-", "#", "x:", ">-"]),
        max_size=60,
    ).map(" ".join),
    st.sampled_from(
        "on OFF y No null ~ true 1 01 1e5 1_0 0x1F 0o7 .5 1.0 -1 - -- --- ... 2026-09 2026-09-01 1:30 "
        "0-3 = << * & ! | > % @ ` ? : [ ] { } .inf .NaN +1 ${a} a# a:b a,b é".split()
    ),
).filter(lambda text: "\r" not in text)
_DATA = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(10**12), 10**12),
        st.floats(-1e6, 1e6).map(lambda one: round(one, 3)),
        _TEXTS,
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(_TEXTS, inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(_TEXTS, _DATA, min_size=1, max_size=4))
def test_data_comes_back_as_it_was(data: dict[str, Any]) -> None:
    text = house_yaml(data)
    problems = Problems()
    parsed = read_yaml(text, "a.yaml", problems)
    problems.raise_if_any()
    assert parsed is not None
    assert parsed == data
    assert house_yaml(parsed) == text
    # A reader of YAML 1.1 sees the same; the one in C is the faster one.
    assert yaml.load(text, Loader=yaml.CSafeLoader) == data


def test_the_house_style() -> None:
    words = " ".join(["word"] * 30)
    data = {
        "openapi": "3.0.3",
        "info": {"version": "2026-09", "description": words},
        "responses": {"200": {"$ref": "#/a"}, "default": {}},
        "required": ["a", "b"],
        "enum": ["ON", "a"],
        "ids": ["0-3"],
        "long": ["x" * 30 + str(number) for number in range(4)],
        "security": [{"oauth2": ["a.b"]}, {"private": []}],
        "lines": "one\n\ntwo",
    }
    assert house_yaml(data, "A comment") == (
        "# A comment\n"
        "openapi: 3.0.3\n"
        "info:\n"
        "  version: 2026-09\n"
        "  description: >-\n"
        f"    {' '.join(['word'] * 21)}\n"
        f"    {' '.join(['word'] * 9)}\n"
        "responses:\n"
        '  "200":\n'
        '    $ref: "#/a"\n'
        "  default: {}\n"
        "required: [a, b]\n"
        'enum: ["ON", "a"]\n'
        'ids: ["0-3"]\n'
        "long:\n" + "".join(f"  - {'x' * 30}{number}\n" for number in range(4)) + "security:\n"
        "  - oauth2: [a.b]\n"
        "  - private: []\n"
        "lines: |-\n"
        "  one\n"
        "\n"
        "  two\n"
    )


@given(st.lists(st.text("abcdefghij", min_size=1, max_size=15), min_size=1, max_size=80))
def test_text_is_wrapped(words: list[str]) -> None:
    lines = house_yaml({"a": {"description": " ".join(words)}}).splitlines()
    assert max(map(len, lines)) <= WIDTH

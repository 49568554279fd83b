"""YAML as OpenAPI wants it read: the JSON ruleset of YAML 1.2, not the surprises of 1.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from upsertgen.errors import Problems
from upsertgen.specs import read
from upsertgen.specs.document import locate
from upsertgen.specs.yaml_reader import read_yaml


def _read(text: str) -> dict[str, Any]:
    problems = Problems()
    data = read_yaml(text, "a.yaml", problems)
    problems.raise_if_any()
    assert data is not None
    return data


@pytest.mark.parametrize(
    ("text", "value"),
    [
        # Booleans and null, and what YAML 1.1 takes for them.
        ("true", True),
        ("False", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("on", "on"),
        ("ON", "ON"),
        ("off", "off"),
        ("yes", "yes"),
        ("No", "No"),
        ("y", "y"),
        # Dates and times stay text.
        ("2025-09-01", "2025-09-01"),
        ("2025-09-01T10:00:00Z", "2025-09-01T10:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("1:30", "1:30"),
        # Whole numbers.
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("9" * 30, int("9" * 30)),
        ("010", "010"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("0b11", "0b11"),
        ("1_000", "1_000"),
        ("007.5", "007.5"),
        # Other numbers, as JSON writes them too.
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1E+3", 1000.0),
        ("-1.5e-3", -0.0015),
        (".5", 0.5),
        ("1.", 1.0),
        (".inf", ".inf"),
        ("-.inf", "-.inf"),
        (".nan", ".nan"),
        ("NaN", "NaN"),
        ("1.2.3", "1.2.3"),
        (".", "."),
        ("+", "+"),
        ("--1", "--1"),
        # Quotes and blocks make text.
        ('"1"', "1"),
        ("'true'", "true"),
        ('""', ""),
        ('"null"', "null"),
        ("|\n  1\n", "1\n"),
        (">-\n  true\n", "true"),
        ("!!str 1", "1"),
        ("!!str true", "true"),
        ('"\\U0001F600 \\u00e9 \\/"', "\U0001f600 é /"),
        ("=", "="),
        ("<<", "<<"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    read_value = _read(f"a: {text}")["a"]
    assert read_value == value
    assert type(read_value) is type(value)


def test_keys_are_text() -> None:
    data = _read('200: a\ntrue: b\n1.5: c\n"<<": d\n2025-09-01: e\nnull: f\n')
    assert list(data) == ["200", "true", "1.5", "<<", "2025-09-01", "null"]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_endings(tmp_path: Path, end: str) -> None:
    lines = ["openapi: 3.0.3", "info:", "  title: é é", "  version: v1", "paths: {}", ""]
    folder = tmp_path / "v1"
    folder.mkdir()
    (folder / "a.yaml").write_bytes(b"\xef\xbb\xbf" + end.join(lines).encode())
    document = read(tmp_path).documents["v1/a.yaml"]
    assert document.data["info"]["title"] == "é é"
    assert (document.locate(("info", "version")).line, document.locate(("paths",)).line) == (4, 5)


def test_json_is_read_as_json() -> None:
    data = {"a": [1, 2.5, 1e3, True, None, "é\n\t\"'\\"], "b": {"c d": {}, "": [[]]}}
    assert _read(json.dumps(data)) == data
    assert _read(json.dumps(data, indent="\t", ensure_ascii=False)) == data


@pytest.mark.parametrize("escaped", [True, False])
@pytest.mark.parametrize(
    "text", ["\U0001f600", "\x7f", "a\x85b", "a\u2028b", "\ufeff", "\\ud83d\\ude00"]
)
def test_what_only_json_has_is_read(text: str, escaped: bool) -> None:
    data = {text: [text, f"\\{text}"]}
    assert _read(json.dumps(data, ensure_ascii=escaped)) == data


def test_aliases_are_copies() -> None:
    problems = Problems()
    data = read_yaml("a: &x {b: [1]}\nc: *x\nd: [*x, *x]\n", "a.yaml", problems)
    assert data is not None and not problems
    assert data == {"a": {"b": [1]}, "c": {"b": [1]}, "d": [{"b": [1]}, {"b": [1]}]}
    assert data["a"] is not data["c"]
    assert data["d"][0]["b"] is not data["d"][1]["b"]
    assert locate(data, ("c", "b")).line == 1


def test_places() -> None:
    problems = Problems()
    data = read_yaml('a:\n  - b: "x"\n    c:\n      d: 1\n', "a.yaml", problems)
    assert data is not None
    pointers: list[tuple[str | int, ...]] = [("a",), ("a", 0, "b"), ("a", 0, "c"), ("a", 0, "e")]
    assert [str(locate(data, one)) for one in pointers] == [
        "a.yaml:2:3",
        "a.yaml:2:8",
        "a.yaml:4:7",
        "a.yaml:2:5",
    ]
    assert [str(locate(data, one, key=True)) for one in pointers] == [
        "a.yaml:1:1",
        "a.yaml:2:5",
        "a.yaml:3:5",
        "a.yaml:2:5",
    ]

"""Ways through nested JSON."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
from package._runtime.ways import dig, put

NESTED: dict[str, Any] = {"a": [{"b": 1}, {"b": [2, 3]}], "c": {"0": "text", "$": 4}, "d": None}


@pytest.mark.parametrize(
    ("way", "end"),
    [
        ("$", NESTED),
        ("a.0.b", 1),
        ("a.1.b.1", 3),
        ("c.0", "text"),
        ("c.$", 4),
        ("a.2", None),
        ("a.-1", None),
        ("a.²", None),
        ("a.b", None),
        ("c.0.0", None),
        ("d.e", None),
        ("e", None),
        ("", None),
        (None, None),
    ],
)
def test_a_way_is_followed(way: str | None, end: object) -> None:
    assert dig(NESTED, way) == end


def test_a_way_leads_through_any_mapping_and_from_any_value() -> None:
    assert dig(MappingProxyType({"a": MappingProxyType({"b": 1})}), "a.b") == 1
    assert (dig([{"a": 1}], "0.a"), dig([1], "$"), dig("text", "a")) == (1, [1], None)


@pytest.mark.parametrize(
    ("before", "way", "after"),
    [
        ({}, "a", {"a": 1}),
        ({"a": 0, "b": 2}, "a", {"a": 1, "b": 2}),
        ({"a": None}, "a.b.c", {"a": {"b": {"c": 1}}}),
        ({"a": {"b": 2}}, "a.c", {"a": {"b": 2, "c": 1}}),
        ({"a": [{"b": 0}, 2]}, "a.0.b", {"a": [{"b": 1}, 2]}),
        ([0, 0], "1", [0, 1]),
        ({}, "0.a", {"0": {"a": 1}}),
        ({"a": 2}, "$", 1),
    ],
)
def test_a_value_is_put(before: object, way: str, after: object) -> None:
    assert put(before, way, 1) == after


@pytest.mark.parametrize(
    ("before", "way"), [({"a": "text"}, "a.b"), ({"a": []}, "a.0"), ({"a": [1]}, "a.b"), (1, "a")]
)
def test_nothing_is_put_where_no_way_leads(before: object, way: str) -> None:
    with pytest.raises(ValueError, match="is no part of a"):
        put(before, way, 1)

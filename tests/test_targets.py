"""Targets of overlays: what a JSONPath means, and that no target looks into a document for ever."""

from __future__ import annotations

from typing import Any

import pytest
from upsertgen.errors import InvalidInput, Location, WrongTarget
from upsertgen.limits import LIMITS, Budget
from upsertgen.specs.targets import Target

_DOCUMENT: dict[str, Any] = {
    "info": {"title": "Contacts", "tags": ["a", "b", "c"]},
    "paths": {
        "/a": {"post": {"x-old": True, "operationId": "create"}, "get": {}},
        "/b": {"post": {"operationId": "create"}},
    },
    "same": [[1, {"x": 2}], [1, {"x": 2}], [1, {"x": 3}], {}, []],
}


class _Stopped(Exception):
    pass


def found(text: str, data: Any = _DOCUMENT, limit: int = 10_000) -> set[tuple[str | int, ...]]:
    """Return what a target means, and stop where it takes more than the limit."""
    taken = 0

    def pay(count: int) -> None:
        nonlocal taken
        taken += count
        if taken > limit:
            raise _Stopped

    return Target(text).find(data, pay)


@pytest.mark.parametrize(
    ("text", "pointers"),
    [
        ("$", {()}),
        ("$.paths.*.post", {("paths", "/a", "post"), ("paths", "/b", "post")}),
        ("$.paths['/a']['post', 'get']", {("paths", "/a", "post"), ("paths", "/a", "get")}),
        ("$.paths[?@.post['x-old']]", {("paths", "/a")}),
        ("$..[?@.operationId == 'create' && !@['x-old']]", {("paths", "/b", "post")}),
        ("$.info.tags[-1]", {("info", "tags", 2)}),
        ("$.info.tags[::-2]", {("info", "tags", 2), ("info", "tags", 0)}),
        ("$.info.title[0:2]", set()),
        ("$[?@.title[0:2] || @.tags[5:]]", set()),
        ("$[?@.tags[0:2]]", {("info",)}),
        ("$.info.tags[?search(@, '[ab]')]", {("info", "tags", 0), ("info", "tags", 1)}),
        ("$.info[?match(@, 'Con')]", set()),
        ("$.info[?match(@, 'Con.*')]", {("info", "title")}),
        ("$.same[?@ == $.same[0]]", {("same", 0), ("same", 1)}),
        ("$.same[?@ == $.same[4]]", {("same", 4)}),
        ("$.same[?length(@) == 2]", {("same", 0), ("same", 1), ("same", 2)}),
        ("$.missing..*", set()),
    ],
)
def test_what_a_target_means(text: str, pointers: set[tuple[str | int, ...]]) -> None:
    assert found(text) == pointers


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "ROOT"),
        ("info", "ROOT"),
        ("$.info | $.paths", "unexpected token"),
        ("$..", "selector"),
        ("$[?foo(@)]", "function 'foo' is not defined"),
        ("$[?$..a == 1]", "not comparable"),
        (f"$[?{'!(' * 300}@.a{')' * 300}]", "nested too deeply"),
        (f"${'.a' * 600}", "more than 1000 characters"),
    ],
)
def test_what_is_no_target(text: str, told: str) -> None:
    with pytest.raises(WrongTarget) as raised:
        found(text)
    assert told in str(raised.value)


def test_texts_are_no_arrays_however_long() -> None:
    data = {"long": "x" * 1_000_000}
    assert found(f"$.long[{','.join([':'] * 400)}]", data) == set()
    assert found(f"$[?{' || '.join(['count(@[:]) > 0'] * 50)}]", data) == set()


@pytest.mark.parametrize(
    "text",
    [
        "$..*..*..*",
        "$..[?@[?@[?@]]]",
        "$[" + ",".join(["0"] * 400) + "][0, 1, 2, 3].*",
        f"$[?{' || '.join(['@.a'] * 100)}]",
        f"$.*[?{' || '.join(['1 == 2'] * 80)}]",
        "$[?@ == $[0]]",
        "$[?count($[*][*]) > 1]",
        f"$..[?search(@, '({'x*' * 100})*y')]",
    ],
)
def test_no_target_looks_for_ever(text: str) -> None:
    data = [["x" * 1_000] * 20 for _ in range(200)]
    with pytest.raises(_Stopped):
        found(text, data)


def test_more_documents_may_take_more_steps() -> None:
    budget = Budget()
    budget.take_bytes(1, "contacts.yaml")
    budget.take_steps(LIMITS.steps + LIMITS.file_steps, Location("overlay.yaml"))
    with pytest.raises(InvalidInput, match="steps to find their targets"):
        budget.take_steps(1, Location("overlay.yaml"))
    budget.take_bytes(1, "deals.yaml")
    budget.take_steps(1, Location("overlay.yaml"))

"""The skeleton of a body holds the constants that it needs, and nothing that callers choose."""

from __future__ import annotations

import pytest
from upsertgen.ir.constants import constants
from upsertgen.ir.tree import (
    ArrayType,
    Direction,
    EnumerationType,
    Field,
    Model,
    NullableType,
    ObjectValue,
    ReferenceType,
    ScalarType,
    Type,
    Value,
)
from upsertgen.spec_text import SpecText

_ONE = EnumerationType((SpecText("one"),), is_open=False)
_TWO = EnumerationType((SpecText("one"), SpecText("two")), is_open=False)


def _model(key: str, **fields: tuple[Type, bool]) -> Model:
    found = tuple(
        Field(SpecText(name), name, kind, needed) for name, (kind, needed) in fields.items()
    )
    return Model(key, "v1", key, Direction.REQUEST, found, None, None)


_MODELS = {
    one.key: one
    for one in (
        _model(
            "Job",
            type=(_ONE, True),
            mode=(_TWO, True),
            hint=(_ONE, False),
            needed=(ReferenceType("Data"), True),
            spare=(NullableType(ReferenceType("Data")), False),
            listed=(ArrayType(ReferenceType("Data")), True),
            again=(ReferenceType("Job"), True),
        ),
        _model("Data", kind=(_ONE, True), inner=(ReferenceType("Inner"), False)),
        _model(
            "Inner",
            tag=(_ONE, True),
            list=(ArrayType(_ONE), True),
            name=(ScalarType("string"), True),
        ),
    )
}


def _plain(value: Value) -> object:
    if isinstance(value, ObjectValue):
        return {name.raw: _plain(one) for name, one in value.fields}
    return value.raw if isinstance(value, SpecText) else value


@pytest.mark.parametrize(
    ("ways", "expected"),
    [
        ((), {"type": "one", "needed": {"kind": "one"}}),
        (
            ("spare.inner.list",),
            {
                "type": "one",
                "needed": {"kind": "one"},
                "spare": {"kind": "one", "inner": {"tag": "one"}},
            },
        ),
        (("hint",), {"type": "one", "hint": "one", "needed": {"kind": "one"}}),
        (("listed", "$"), {"type": "one", "needed": {"kind": "one"}}),
    ],
)
def test_constants_that_a_body_needs(ways: tuple[str, ...], expected: object) -> None:
    found = constants(ReferenceType("Job"), _MODELS, [SpecText(one) for one in ways])
    assert _plain(found) == expected


@pytest.mark.parametrize("kind", [None, _ONE, ArrayType(ReferenceType("Job"))])
def test_what_is_no_object_has_no_constants(kind: Type | None) -> None:
    assert constants(kind, _MODELS) == ObjectValue(())

"""What is sent for a value, and which records cannot be sent."""

from __future__ import annotations

import enum
import struct
from collections import OrderedDict
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.json_inputs import JsonInputMaker
from package._bulk.outcomes import Problem
from package._bulk.values import Input, InputMaker
from package._properties.texts import UnsupportedValue, value_text

from tests.bulk.contacts import PLAIN_ROLES, ROLES


class Colour(enum.Enum):
    RED = "red"
    MANY = ("a", "b")


class Size(enum.StrEnum):
    LARGE = "L"


class Missing:
    """As tables have it: it equals nothing, and cannot say whether it does."""

    def __ne__(self, other: object) -> bool:
        raise TypeError


Missing.__name__ = "NAType"


class Secret(str):
    """A text that prints another one."""

    def __str__(self) -> str:
        return "***"


def widened(number: float) -> float:
    """Give a number as a table with a column of single precision makes it a float."""
    given: float = struct.unpack("f", struct.pack("f", number))[0]
    return given


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("text", "text"),
        ("", ""),
        (" ", " "),
        (None, None),
        (float("nan"), None),
        (Decimal("NaN"), None),
        (Decimal("sNaN"), None),
        (Missing(), None),
        (True, "true"),
        (False, "false"),
        (7, "7"),
        (-(10**30), "-1" + "0" * 30),
        (1.0, "1"),
        (-0.0, "0"),
        (1.5, "1.5"),
        (1e-7, "0.0000001"),
        (widened(1234.56), "1234.56"),
        (widened(255.999), "255.999"),
        (widened(2048.08), "2048.080078125"),
        (1e22, "1" + "0" * 22),
        (Decimal("1.50"), "1.5"),
        (Decimal("1E+3"), "1000"),
        (date(2026, 3, 1), "2026-03-01"),
        (datetime(2026, 3, 1, 12, 30, tzinfo=UTC), "2026-03-01T12:30:00.000Z"),
        (
            datetime(2026, 3, 1, 0, 30, 0, 1999, timezone(timedelta(hours=2))),
            "2026-02-28T22:30:00.001Z",
        ),
        (["a", "b"], "a;b"),
        (("b", 1, None, True), "b;1;true"),
        ({"b", "a"}, "a;b"),
        (frozenset({2, 10}), "10;2"),
        ([], ""),
        (Colour.RED, "red"),
        (Colour.MANY, "a;b"),
        (Size.LARGE, "L"),
        (Secret("text"), "text"),
        ([Secret("a"), "b"], "a;b"),
    ],
)
def test_texts(value: object, text: str | None) -> None:
    assert value_text(value, ";") == text


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (datetime(2026, 3, 1), "time zone"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=2))), "out of range"),
        (float("inf"), "infinite"),
        (Decimal("-Infinity"), "infinite"),
        (Fraction(1, 3), "Decimal"),
        (timedelta(1), "type timedelta"),
        (b"bytes", "type bytes"),
        ({"a": 1}, "type dict"),
        (object(), "type object"),
        (["a;b"], "separates"),
        ([["a", "b"]], "several values"),
    ],
)
def test_what_there_is_no_text_for(value: object, message: str) -> None:
    with pytest.raises(UnsupportedValue, match=message):
        value_text(value, ";")
    with pytest.raises(UnsupportedValue):
        value_text([1], None)


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.decimals(allow_nan=False)))
def test_numbers_are_plain_and_lose_nothing(number: float | Decimal) -> None:
    try:
        text = value_text(number, None)
    except UnsupportedValue:
        assert number in (Decimal("Infinity"), Decimal("-Infinity"))
        return
    assert text is not None
    assert "e" not in text.lower()
    if type(number)(text) != number:  # Only the digits that single precision makes up are left out.
        assert struct.pack("f", float(text)) == struct.pack("f", number)
        assert struct.unpack("f", struct.pack("f", number)) == (number,)


def make(record: Any, **roles: Any) -> Any:
    return InputMaker(replace(ROLES, **roles), "email").make(record)


@pytest.mark.parametrize("kind", [dict, OrderedDict, MappingProxyType])
def test_the_key_is_no_property_and_the_record_stays_as_it_is(kind: Any) -> None:
    record = kind({"email": "a@b.c", "age": 7, "note": None, "city": ""})
    made = make(record)
    assert made == Input(
        None,
        "a@b.c",
        {"id": "a@b.c", "idProperty": "email", "properties": {"age": "7", "city": ""}},
    )
    assert record["email"] == "a@b.c"


def test_every_problem_is_told() -> None:
    problems = make({"a": object(), "b": 1, "c": b""})
    assert [(one.property, one.code) for one in problems] == [
        ("email", "MISSING_KEY"),
        ("a", "UNSUPPORTED_VALUE"),
        ("c", "UNSUPPORTED_VALUE"),
    ]


@pytest.mark.parametrize("key", ["", None, float("nan")])
def test_a_key_is_needed(key: object) -> None:
    (problem,) = make({"email": key})
    assert problem == Problem(
        "email", "MISSING_KEY", "the record has no value for 'email', which it is found by"
    )


def test_keys_may_be_numbers_and_not_lists() -> None:
    assert make({"email": 12.0}).key == "12"
    assert make({"email": ["a"]})[0].code == "UNSUPPORTED_VALUE"


@pytest.mark.parametrize("record", [None, "text", ("a", 1), 7])
def test_what_is_no_record_is_a_problem(record: Any) -> None:
    assert make(record)[0].code == "UNSUPPORTED_RECORD"


def test_records_without_properties_are_sent_as_they_are() -> None:
    maker = JsonInputMaker(PLAIN_ROLES, None)
    record = {"id": 7, "splits": [{"share": 0.5}]}
    assert maker.make(record) == Input(None, "7", record)
    problems: Any = maker.make({"splits": []})
    assert problems[0][:2] == ("id", "MISSING_KEY")


def test_records_without_properties_are_sent_as_json_has_them() -> None:
    maker = JsonInputMaker(PLAIN_ROLES, None, timezone=UTC)
    naive = datetime(2026, 3, 1)
    given = {"id": 7, "a": [Size.LARGE, {naive.date()}], "b": {"c": naive, "d": float("nan")}}
    sent = {"id": 7, "a": ["L", ["2026-03-01"]], "b": {"c": "2026-03-01T00:00:00.000Z", "d": None}}
    assert maker.make(given) == Input(None, "7", sent)
    endless: list[object] = []
    endless.append(endless)
    for value in (float("inf"), endless, b"bytes"):
        made = maker.make({"id": 7, "a": value})
        assert not isinstance(made, Input)
        assert made[0][:2] == ("a", "UNSUPPORTED_VALUE")
    assert not isinstance(JsonInputMaker(PLAIN_ROLES, None).make({"id": 7, "a": [naive]}), Input)

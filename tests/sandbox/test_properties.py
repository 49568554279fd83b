"""Which values the properties of the sandbox take, and how they are stored and compared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package.sandbox.properties import (
    PROBLEM_KINDS,
    PROPERTY_TYPES,
    InvalidValue,
    Property,
    as_json,
    check_value,
    from_json,
    key_of,
)

PROPERTIES = st.builds(
    Property,
    name=st.just("thing"),
    type=st.sampled_from(PROPERTY_TYPES),
    unique=st.booleans(),
    read_only=st.booleans(),
)
VALUES = st.one_of(
    st.text(),
    st.from_regex(r"[\w.+-]{1,9}@[\w-]{1,9}\.[\w-]{1,9}", fullmatch=True),
    st.from_regex(r"-?[0-9]{1,18}", fullmatch=True),
    st.datetimes(timezones=st.just(UTC)).map(datetime.isoformat),
    st.dates().map(str),
)


@pytest.mark.parametrize(
    ("type_", "value", "stored"),
    [
        ("string", " Ada\n\0\ud800", " Ada\n\0\ud800"),
        ("email", "Ada.Lovelace+crm@Example.CO.UK", "ada.lovelace+crm@example.co.uk"),
        ("email", "jürgen@müller.example", "jürgen@müller.example"),
        ("number", "12", "12"),
        ("number", "-1.50", "-1.50"),
        ("number", "1e6", "1e6"),
        ("bool", "true", "true"),
        ("bool", "false", "false"),
        ("date", "2024-02-29", "2024-02-29"),
        ("date", "1709164800000", "2024-02-29"),
        ("date", "-86400000", "1969-12-31"),
        ("date", "0", "1970-01-01"),
        ("datetime", "1709164800123", "2024-02-29T00:00:00.123Z"),
        ("datetime", "-1", "1969-12-31T23:59:59.999Z"),
        ("datetime", "2024-02-29T12:30Z", "2024-02-29T12:30:00.000Z"),
        ("datetime", "2024-02-29T12:30:59.1239999Z", "2024-02-29T12:30:59.123Z"),
        ("datetime", "2024-02-29T00:30:00+01:00", "2024-02-28T23:30:00.000Z"),
        ("datetime", "2024-02-29", "2024-02-29T00:00:00.000Z"),
        ("enumeration", "anything; at all", "anything; at all"),
    ],
)
def test_value_is_stored(type_: Any, value: str, stored: str) -> None:
    assert check_value(Property("thing", type_), value) == stored


@pytest.mark.parametrize(
    ("type_", "value"),
    [
        ("email", "not-an-email"),
        ("email", "ada@example"),
        ("email", "ada@@example.com"),
        ("email", "ada lovelace@example.com"),
        ("email", ".ada@example.com"),
        ("email", "ada@-example.com"),
        ("email", "ada@example.com\n"),
        ("email", "a" * 250 + "@example.com"),
        ("number", "twelve"),
        ("number", "1,5"),
        ("number", "NaN"),
        ("number", "Infinity"),
        ("number", "0x10"),
        ("number", "٣"),
        ("number", "1_000"),
        ("number", " 1"),
        ("bool", "yes"),
        ("bool", "True"),
        ("date", "2023-02-29"),
        ("date", "29.02.2024"),
        ("date", "2024-2-9"),
        ("date", "1709164800001"),
        ("date", "2024-02-29T00:00:00Z"),
        ("date", "2024-W09-4"),
        ("date", "9" * 15),
        ("date", "9" * 5000),
        ("datetime", "tomorrow"),
        ("datetime", "2024-02-29T12:30:00"),
        ("datetime", "2024-02-29 12:30:00Z"),
        ("datetime", "2024-02-29T25:00:00Z"),
        ("datetime", "2024-02-29T12:30:00+99:99"),
        ("datetime", "0001-01-01T00:00:00+14:00"),
        ("datetime", "1709164800.5"),
    ],
)
def test_value_is_refused(type_: Any, value: str) -> None:
    assert check_value(Property("thing", type_), value) == InvalidValue("thing", type_, value)


@pytest.mark.parametrize("type_", PROPERTY_TYPES)
def test_empty_value_clears_whatever_the_type(type_: Any) -> None:
    assert check_value(Property("thing", type_), "") == ""


@pytest.mark.parametrize("value", ["", "1"])
def test_read_only_property_takes_no_value(value: str) -> None:
    declared = Property("score", "number", read_only=True)
    assert check_value(declared, value) == InvalidValue("score", "read-only", value)


@pytest.mark.parametrize("value", ["red", "green"])
def test_option_is_stored(value: str) -> None:
    assert check_value(Property("color", "enumeration", options=("red", "green")), value) == value


@pytest.mark.parametrize("value", ["blue", "Red", "red ", "red;green"])
def test_what_is_no_option_is_refused(value: str) -> None:
    declared = Property("color", "enumeration", options=("red", "green"))
    assert check_value(declared, value) == InvalidValue("color", "option", value)


@pytest.mark.parametrize(
    ("value", "wrong"), [("red;blue;pink", "blue"), ("red;", ""), ("red,green", "red,green")]
)
def test_first_wrong_one_of_several_options_is_named(value: str, wrong: str) -> None:
    declared = Property("colors", "enumeration", options=("red", "green"), multiple=True)
    assert check_value(declared, "green;red") == "green;red"
    assert check_value(declared, value) == InvalidValue("colors", "option", wrong)


@pytest.mark.parametrize(
    ("type_", "one", "other"),
    [
        ("email", "ADA@example.com", "ada@Example.com"),
        ("date", "1709164800000", "2024-02-29"),
        ("datetime", "1709164800000", "2024-02-29T00:00Z"),
    ],
)
def test_keys_compare_in_whatever_form_they_are_given(type_: Any, one: str, other: str) -> None:
    assert key_of(Property("key", type_), one) == key_of(Property("key", type_), other)


def test_keys_that_are_texts_compare_with_case() -> None:
    assert key_of(Property("key"), "A-1") != key_of(Property("key"), "a-1")


@given(PROPERTIES, VALUES)
def test_what_is_stored_is_valid_and_has_the_same_key(declared: Property, value: str) -> None:
    stored = check_value(declared, value)
    if isinstance(stored, InvalidValue):
        assert stored.kind in PROBLEM_KINDS
        assert stored.property == "thing"
    else:
        assert check_value(declared, stored) == stored
        assert key_of(declared, stored) == key_of(declared, value)


@given(VALUES)
def test_key_of_a_key_is_the_same_key(value: str) -> None:
    for type_ in PROPERTY_TYPES:
        declared = Property("key", type_)
        assert key_of(declared, key_of(declared, value)) == key_of(declared, value)


@given(
    st.datetimes(
        min_value=datetime(2, 1, 1),
        max_value=datetime(9998, 12, 31),
        timezones=st.integers(-1439, 1439).map(lambda each: timezone(timedelta(minutes=each))),
    )
)
def test_datetime_in_any_zone_is_stored_as_the_same_moment(moment: datetime) -> None:
    stored = check_value(Property("seen", "datetime"), moment.isoformat())
    assert isinstance(stored, str)
    assert timedelta(0) <= moment - datetime.fromisoformat(stored) < timedelta(milliseconds=1)


@given(
    st.builds(
        Property,
        name=st.text(min_size=1),
        type=st.just("enumeration"),
        unique=st.booleans(),
        read_only=st.booleans(),
        options=st.lists(st.text(min_size=1), unique=True).map(tuple),
        multiple=st.booleans(),
    )
)
def test_declaration_survives_json(declared: Property) -> None:
    assert from_json(declared.name, as_json(declared)) == declared


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"uniqe": True}, "unknown field 'uniqe'; did you mean 'unique'?"),
        ({"colour": 1}, "unknown field 'colour'; expected one of type, unique, read_only, "),
        ({"type": "nubmer"}, "unknown type 'nubmer'; did you mean 'number'?"),
        ({"type": ["string"]}, r"unknown type \['string'\]; "),
        ({"unique": "perhaps"}, "unique must be true or false, not 'perhaps'"),
        ({"read_only": 1}, "read_only must be true or false, not 1"),
        ({"type": "enumeration", "options": "red"}, "options must be a list of texts"),
        ({"type": "enumeration", "options": [1]}, "options must be a list of texts"),
        ({"options": ["red"]}, "add type: enumeration"),
        ({"type": "string", "multiple": True}, "add type: enumeration"),
        ("unique", r"expected fields such as \{unique: true\}, not 'unique'"),
        ({1: 2}, "unknown field 1; "),
    ],
)
def test_declaration_without_sense_is_refused(fields: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_json("thing", fields)


def test_property_without_a_name_is_refused() -> None:
    with pytest.raises(ValueError, match="name of a property is empty"):
        from_json("", {})

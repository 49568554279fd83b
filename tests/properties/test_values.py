"""Which values properties take, and how they are stored and compared."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._properties.declarations import as_json, from_json
from package._properties.property import (
    PROPERTY_TYPES,
    InvalidValue,
    ProblemKind,
    Property,
    check_value,
    key_of,
    problem_of,
)
from package._runtime.roles import PropertyRules, ValueProblem, ValueProblems

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


STORED: dict[str, dict[str, str]] = {
    "string": {" Ada\n\0\ud800": " Ada\n\0\ud800"},
    "email": {
        "Ada.Lovelace+crm@Example.CO.UK": "ada.lovelace+crm@example.co.uk",
        "jürgen@müller.example": "jürgen@müller.example",
    },
    "number": {"12": "12", "-1.50": "-1.50", "1e6": "1e6"},
    "bool": {"true": "true", "false": "false"},
    "date": {
        "2024-02-29": "2024-02-29",
        "1709164800000": "2024-02-29",
        "-86400000": "1969-12-31",
        "0": "1970-01-01",
    },
    "datetime": {
        "1709164800123": "2024-02-29T00:00:00.123Z",
        "-1": "1969-12-31T23:59:59.999Z",
        "2024-02-29T12:30Z": "2024-02-29T12:30:00.000Z",
        "2024-02-29T12:30:59.1239999Z": "2024-02-29T12:30:59.123Z",
        "2024-02-29T00:30:00+01:00": "2024-02-28T23:30:00.000Z",
        "2024-02-29": "2024-02-29T00:00:00.000Z",
    },
    "enumeration": {"anything; at all": "anything; at all"},
}
REFUSED: dict[str, str] = {
    "email": "not-an-email,ada@example,ada@@example.com,ada lovelace@example.com,.ada@example.com,"
    f"ada@-example.com,ada@example.com\n,{'a' * 250}@example.com",
    "number": "twelve,NaN,Infinity,0x10,٣,1_000, 1",
    "bool": "yes,True",
    "date": "2023-02-29,29.02.2024,2024-2-9,2024-02-29T00:00:00Z,2024-W09-4,"
    f"{'9' * 15},{'9' * 5000}",
    "datetime": "tomorrow,2024-02-29T12:30:00,2024-02-29 12:30:00Z,2024-02-29T25:00:00Z,"
    "2024-02-29T12:30:00+99:99,0001-01-01T00:00:00+14:00,1709164800.5",
}


COLOR = Property("thing", "enumeration", options={"red": "Red", "green": ""})
COLORS = replace(COLOR, multiple=True)
READ_ONLY = Property("thing", "number", read_only=True)


def thing(type_: Any) -> Property:
    return Property("thing", type_)


@pytest.mark.parametrize(
    ("declared", "value", "stored"),
    [
        *((thing(type_), *pair) for type_, pairs in STORED.items() for pair in pairs.items()),
        *((thing(type_), "", "") for type_ in PROPERTY_TYPES),
        *((COLOR, value, value) for value in ("red", "green")),
        *((COLORS, value, value) for value in ("green;red", ";red", "red")),
    ],
)
def test_a_value_is_stored(declared: Property, value: str, stored: str) -> None:
    assert check_value(declared, value) == stored


@pytest.mark.parametrize(
    ("declared", "value", "kind", "wrong"),
    [
        *(
            (thing(type_), one, type_, one)
            for type_, all_ in REFUSED.items()
            for one in all_.split(",")
        ),
        (thing("number"), "1,5", "number", "1,5"),
        *((READ_ONLY, value, "read_only", value) for value in ("", "1")),
        *((COLOR, value, "option", value) for value in ("blue", "Red", "red ", "red;green")),
        (COLORS, "red;blue;pink", "option", "blue"),
        (COLORS, "red;", "option", ""),
        (COLORS, "red,green", "option", "red,green"),
    ],
)
def test_a_value_is_refused(declared: Property, value: str, kind: Any, wrong: str) -> None:
    options = tuple(declared.options) if kind == "option" else ()
    assert check_value(declared, value) == InvalidValue("thing", kind, wrong, options)


def test_a_text_may_be_too_long() -> None:
    for value, kind in (("a" * 9, None), ("a" * 10, "too_long")):
        checked = check_value(thing("string"), value, longest_text=9)
        assert (checked.kind if isinstance(checked, InvalidValue) else None) == kind


def test_what_is_wrong_is_said_in_the_words_of_the_api() -> None:
    said = ValueProblem("NONE", "{value} of {property}, not of [{options}] {other}")
    rules = PropertyRules(problems=ValueProblems(option=said))
    wrong = InvalidValue("colour", "option", "{options}", ("a", "b"))
    assert problem_of(wrong, rules) == ("NONE", "{options} of colour, not of [a, b] {other}")
    assert problem_of(InvalidValue("x", "date", "7"), rules) == ("DATE", "7 does not fit x")


@pytest.mark.parametrize(
    ("type_", "one", "other", "is_same"),
    [
        ("email", "ADA@example.com", "ada@Example.com", True),
        ("date", "1709164800000", "2024-02-29", True),
        ("datetime", "1709164800000", "2024-02-29T00:00Z", True),
        ("string", "A-1", "a-1", False),
    ],
)
def test_keys_compare_in_whatever_form_they_are_given_and_texts_with_case(
    type_: Any, one: str, other: str, is_same: bool
) -> None:
    declared = Property("key", type_)
    assert (key_of(declared, one) == key_of(declared, other)) is is_same


@given(PROPERTIES, VALUES)
def test_what_is_stored_is_valid_and_has_the_same_key(declared: Property, value: str) -> None:
    stored = check_value(declared, value)
    if isinstance(stored, InvalidValue):
        assert stored.kind in get_args(ProblemKind)
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
        options=st.dictionaries(st.text(), st.text()),
        multiple=st.booleans(),
    )
)
def test_declaration_survives_json(declared: Property) -> None:
    assert from_json(declared.name, as_json(declared)) == declared


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"uniqe": True}, "unknown field 'uniqe'; did you mean 'unique'?"),
        ({"colour": 1}, "unknown field 'colour'; expected one of type, label, unique, read_only, "),
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


@pytest.mark.parametrize(
    ("value", "time"), [("1709164800001", "00:00:00.001"), ("-1", "23:59:59.999")]
)
def test_a_moment_within_a_day_is_no_date(value: str, time: str) -> None:
    assert check_value(thing("date"), value) == InvalidValue(
        "thing", "not_midnight", value, time=time
    )

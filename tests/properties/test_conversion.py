"""What becomes of values when they are converted, and what is not guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum
from importlib import import_module
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from babel import localedata
from hypothesis import given
from hypothesis import strategies as st
from package._properties.conversion import ConvertedColumn, Converter
from package._properties.notation import notation_of
from package._properties.property import Property, check_value
from package._properties.readers import BOOLS, ConversionError

arrow: Any = import_module("pyarrow")  # Which has no types.
BERLIN = ZoneInfo("Europe/Berlin")
LATER = timezone(timedelta(hours=1))
STAGES = {
    "lead": "Lead",
    "customer": "Customer",
    "1": "One",
    "Lead": "Cold",
    "won": "Won",
    "lost": "WON",
}
PROPERTIES = {
    each.name: each
    for each in (
        Property("text"),
        Property("email", "email", unique=True),
        Property("number", "number"),
        Property("id", "number", unique=True),
        Property("bool", "bool"),
        Property("date", "date"),
        Property("datetime", "datetime"),
        Property("stage", "enumeration", options=STAGES),
        Property("same", "enumeration", options={"a": "Same", "b": "Same", "c": "same"}),
        Property("any", "enumeration"),
        Property(
            "many", "enumeration", options={"a": "Alpha", "b": "B; C", "c": ""}, multiple=True
        ),
        Property("computed", "number", calculated=True),
    )
}


class Colour(Enum):
    RED = "red"


class Secret(str):
    """A text that prints another one."""

    def __str__(self) -> str:
        return "***"


def converter(locale: str | None = None, zone: tzinfo | None = None) -> Converter:
    return Converter(PROPERTIES, timezone=zone, locale=locale, separator=";")


CONVERTED: list[tuple[str, object, str]] = [
    ("text", 491701234567.0, "491701234567"),
    ("text", True, "true"),
    ("text", Decimal("1.50"), "1.5"),
    ("text", UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ("text", Colour.RED, "red"),
    ("text", 19.989999771118164, "19.99"),
    ("text", arrow.scalar(19.99, arrow.float32()), "19.99"),
    ("text", arrow.array(["x", "y"]), "x;y"),
    ("text", ["x", 1.0], "x;1"),
    ("text", " x ", " x "),
    ("email", " Ada@Example.org\n", "Ada@Example.org"),
    ("email", "  ", "  "),
    ("number", " 12 ", "12"),
    ("number", "1.234", "1.234"),
    ("number", Decimal("1E+3"), "1000"),
    ("number", 1e17, "100000000000000000"),
    ("number", "twelve", "twelve"),
    ("bool", True, "true"),
    ("bool", 0, "false"),
    ("bool", 1.0, "true"),
    ("bool", " YES", "true"),
    ("bool", "no", "false"),
    ("bool", "ja", "ja"),
    ("date", date(2024, 2, 29), "2024-02-29"),
    ("date", datetime(2024, 2, 29), "2024-02-29"),
    ("date", datetime(2024, 2, 29, 1, tzinfo=LATER), "2024-02-29"),
    ("date", arrow.scalar(date(2024, 2, 29)), "2024-02-29"),
    ("date", "2024-02-29 00:00:00", "2024-02-29"),
    ("date", "2024-02-29T00:00:00Z", "2024-02-29"),
    ("date", 1709164800000.0, "1709164800000"),
    ("date", "2024-13-01", "2024-13-01"),
    ("date", "2024-13-01 ", "2024-13-01 "),
    ("date", " 2024-02-29", "2024-02-29"),
    ("datetime", date(2024, 2, 29), "2024-02-29T00:00:00.000Z"),
    ("datetime", datetime(2024, 2, 29, 1, 30, tzinfo=LATER), "2024-02-29T00:30:00.000Z"),
    ("datetime", "2024-02-29 12:30:00.5 UTC", "2024-02-29T12:30:00.500Z"),
    ("datetime", "2024-02-29 12:30:00+01", "2024-02-29T11:30:00.000Z"),
    ("datetime", "2024-02-29T12:30:00+01:00", "2024-02-29T12:30:00+01:00"),
    ("datetime", "2024-02-29", "2024-02-29"),
    ("datetime", 1709164800001, "1709164800001"),
    ("stage", "Lead", "Lead"),  # An option, although that is what another one is called.
    ("stage", "Customer", "customer"),
    ("stage", " cUSTOMER", "customer"),
    ("stage", "COLD", "Lead"),
    ("stage", "Won", "won"),
    ("stage", "WON", "lost"),
    ("stage", "one", "1"),
    ("stage", 1.0, "1"),
    ("stage", "no stage", "no stage"),
    ("any", "Lead", "Lead"),
    ("many", "Alpha;b", "a;b"),
    ("many", ";alpha", ";a"),
    ("many", "b; c", "b"),
    ("many", ["Alpha", "B; C", "c"], "a;b;c"),
    ("many", {"c", "Alpha"}, "a;c"),
    ("many", "Alpha;new", "a;new"),
    ("many", [], ""),
]


@pytest.mark.parametrize(("name", "value", "text"), CONVERTED)
def test_what_is_meant_is_sent_and_what_means_nothing_stays(
    name: str, value: object, text: str
) -> None:
    used = converter()
    assert used.convert(name, value) == text
    is_converted = str(value) not in {text, str(Colour.RED)}
    assert [each.count for each in used.examples()] == [1] * is_converted
    assert used.convert(name, text) == text, "what was converted stays as it is"


REFUSED: list[tuple[str, object, str]] = [
    ("text", 1e17, "lost its last digits"),
    ("id", 1e17, "lost its last digits"),
    ("text", object(), "a value of type object"),
    ("number", "1,5", "option locale"),
    ("number", "1.234.567", "option locale"),
    ("number", "1 234", "option locale"),
    ("date", "29.02.2024", "option locale"),
    ("date", "2/29/24", "option locale"),
    ("date", datetime(2024, 2, 29, 12), "12:00:00 is not midnight"),
    ("date", datetime(2024, 2, 29, tzinfo=BERLIN), "not midnight in UTC"),
    ("date", datetime.max.replace(tzinfo=timezone(-timedelta(hours=1))), "out of range"),
    ("date", "2024-02-29 12:30", "not midnight"),
    ("datetime", datetime(2024, 2, 29), "option timezone"),
    ("datetime", "2024-02-29 12:30", "option timezone"),
    ("stage", "wON", "'won' and 'lost'"),
    ("same", "Same", "'a' and 'b'"),
    ("many", ["Alpha", "x;y"], "must not hold ';'"),
]


@pytest.mark.parametrize(("name", "value", "message"), REFUSED)
def test_what_could_mean_two_things_is_refused(name: str, value: object, message: str) -> None:
    used = converter()
    with pytest.raises(ConversionError, match=message):
        used.convert(name, value)
    assert not used.examples()


def test_a_text_is_what_it_holds_and_not_what_it_prints() -> None:
    given = ("text", "x"), ("stage", "Customer"), ("many", "Alpha")
    found = [converter().convert(name, Secret(text)) for name, text in given]
    assert found == ["x", "customer", "a"]


@pytest.mark.parametrize(
    ("locale", "name", "value", "text"),
    [
        ("de", "number", "1.234.567,89", "1234567.89"),
        ("de", "number", "1.234", "1234"),
        ("de", "number", "-1,5", "-1.5"),
        ("de", "number", "1,5e3", "1,5e3"),
        ("en_US", "number", "1,234.5", "1234.5"),
        ("en_IN", "number", "12,34,567", "1234567"),
        ("fr", "number", "1 234,5", "1234.5"),
        ("fr", "number", "1\u202f234,5", "1234.5"),
        ("de_CH", "number", "1\u2019234.5", "1234.5"),
        ("sv", "number", "\u22125,5", "-5.5"),
        ("de", "date", "29.02.2024", "2024-02-29"),
        ("de-AT", "date", "1.2.2024", "2024-02-01"),
        ("en_US", "date", "2/29/2024", "2024-02-29"),
        ("en-GB", "date", "1/2/2024", "2024-02-01"),
        ("hu", "date", "2024. 02. 29.", "2024-02-29"),
        ("bg", "date", "29.02.2024 \u0433.", "2024-02-29"),
        ("de", "date", "29.02.2024 00:00", "2024-02-29"),
        ("de", "datetime", "29.02.2024", "2024-02-29T00:00:00.000Z"),
        ("de", "datetime", "01.07.2024 12:30:15", "2024-07-01T10:30:15.000Z"),
        ("en_US", "datetime", "2/29/2024, 12:05 AM", "2024-02-28T23:05:00.000Z"),
        ("en_US", "datetime", "2/29/2024 1:30 p.m.", "2024-02-29T12:30:00.000Z"),
        ("de", "datetime", "2024-07-01 12:30", "2024-07-01T10:30:00.000Z"),
    ],
)
def test_texts_are_read_as_people_of_a_locale_write_them(
    locale: str, name: str, value: str, text: str
) -> None:
    assert converter(locale, BERLIN).convert(name, value) == text


@pytest.mark.parametrize(
    ("locale", "name", "value", "message"),
    [
        ("de", "number", "1.5", "locale de: 1.234.567,5"),
        ("en_US", "number", "1,5", "locale en_US: 1,234,567.5"),
        ("en_US", "number", "1.234,5", "locale en_US"),
        ("de", "date", "02/29/2024", "locale de: 29.02.2024"),
        ("en_US", "date", "29/02/2024", "locale en_US: 02/29/2024"),
        ("de", "date", "29.02.24", "29.02.2024"),
        ("de", "date", "31.02.2024", "29.02.2024"),
        ("en", "date", "02/29/2024", "in several orders"),
        ("es", "date", "02/03/2024", "in several orders"),
        ("de", "date", "29.02.2024 12:30", "not midnight"),
        ("en_US", "datetime", "2/29/2024 13:30 PM", "locale en_US"),
        ("de", "datetime", "31.03.2024 02:30", "clocks were changed"),
        ("de", "datetime", "2024-10-27 02:30", "clocks were changed"),
        ("de", "datetime", datetime(2024, 10, 27, 2, 30), "clocks were changed"),
    ],
)
def test_what_people_of_a_locale_do_not_write_is_refused(
    locale: str, name: str, value: object, message: str
) -> None:
    with pytest.raises(ConversionError, match=message):
        converter(locale, BERLIN).convert(name, value)


@pytest.mark.parametrize("name", ["", "deutsch", "xx", "de_XX", "../de"])
def test_a_locale_that_is_unknown_is_named(name: str) -> None:
    with pytest.raises(ValueError, match=f"locale '{name}' is not known; give"):
        converter(name)


def test_the_notation_of_every_locale_is_understood() -> None:
    for name in localedata.locale_identifiers():
        known = notation_of(name)
        assert known.number(known.number_example) == "1234567.5", name
        if known.date_example:
            assert known.moment(known.date_example) == date(2024, 2, 29), name
            assert known.usual_day(known.date_example) == "2024-02-29", name


@pytest.mark.parametrize("name", ["unknown", "computed", "text"])
@pytest.mark.parametrize("value", [None, float("nan"), [None], Decimal("nan")])
def test_what_is_missing_stays_missing(name: str, value: object) -> None:
    assert converter().convert(name, value) is value


@pytest.mark.parametrize("name", ["unknown", "computed"])
def test_what_cannot_be_written_is_left_to_the_check(name: str) -> None:
    assert converter("de").convert(name, "1,5") == "1,5"


def test_every_conversion_is_counted_with_its_first_example() -> None:
    used = converter("de")
    given: dict[str, list[object]] = {
        "number": ["1,5", "1,5", "2,5", 7, 7.0, " 8 ", "x" * 99, None],
        "many": ["Alpha", ["Alpha"], "a", "c" * 99],
    }
    for name, values in given.items():
        for value in values:
            used.convert(name, value)
    assert used.examples() == [
        ConvertedColumn("number", "number", 4, "1,5", "1.5"),
        ConvertedColumn("number", "blanks removed", 1, " 8 ", "8"),
        ConvertedColumn("many", "option", 1, "Alpha", "a"),
        ConvertedColumn("many", "list", 1, "['Alpha']", "a"),
    ]


def test_more_texts_than_are_remembered_are_counted() -> None:
    used = converter("de")
    for _ in range(2):
        for number in range(5_000):
            assert used.convert("number", f"{number},5") == f"{number}.5"
    assert [each.count for each in used.examples()] == [10_000]


BLANKS = st.sampled_from(["", " ", "\n", "\xa0"])
OBJECTS = st.one_of(
    st.text(),
    st.sampled_from([*BOOLS, *STAGES, *STAGES.values(), "Alpha;B; C", ";c"]),
    st.from_regex(r"[0-9]{1,4}([.,/ -][0-9]{1,4}){0,3}", fullmatch=True),
    st.booleans(),
    st.integers(-(10**20), 10**20),
    st.floats(allow_infinity=False, allow_nan=False),
    st.decimals(allow_infinity=False, allow_nan=False, places=3),
    st.dates(),
    st.datetimes(),
    st.datetimes(timezones=st.timezones()),
    st.uuids(),
    st.lists(st.sampled_from(["a", "Alpha", "c"])),
    st.builds("{}{}{}".format, BLANKS, st.datetimes() | st.dates() | st.decimals(), BLANKS),
)


@given(st.sampled_from([*PROPERTIES]), OBJECTS, st.sampled_from([None, "en_US", "de_CH"]))
def test_twice_is_the_same_as_once_and_what_was_converted_is_taken(
    name: str, value: Any, locale: str | None
) -> None:
    used = converter(locale, BERLIN)
    try:
        once = used.convert(name, value)
    except ConversionError:
        return
    again = converter(locale, BERLIN)
    assert again.convert(name, once) == once
    assert not again.examples()
    is_of_its_kind = isinstance(value, str) or name == "text"
    if used.examples() and is_of_its_kind and name != "many":
        assert isinstance(once, str)
        assert isinstance(check_value(PROPERTIES[name], once), str)


@given(st.datetimes(datetime(1970, 1, 2), datetime(9999, 12, 30)), st.timezones())
def test_a_moment_stays_the_same(moment: datetime, zone: tzinfo) -> None:
    moment = moment.replace(microsecond=moment.microsecond // 1000 * 1000)
    aware = moment.replace(tzinfo=zone)
    if aware.astimezone(UTC).astimezone(zone).replace(fold=0) != aware:
        return  # Clocks were changed at that time, so that it never came.
    texts = {
        converter().convert("datetime", value)
        for value in (aware, aware.astimezone(UTC).isoformat(" "))
    }
    assert {datetime.fromisoformat(str(text)) for text in texts} == {aware.astimezone(UTC)}
    try:
        told = {
            converter("de", zone).convert("datetime", value)
            for value in (moment, f"{moment} ", f"{moment:%d.%m.%Y %H:%M:%S.%f}")
        }
    except ConversionError as error:
        assert "clocks were changed" in str(error)
        return
    assert told == texts


@pytest.mark.parametrize(
    "text", ["30.02.2024", "00.01.2024", "01.01.0000", "1.01.2024", "\u0660\u0661.01.2024"]
)
def test_what_is_no_usual_day_is_left_to_what_reads_all(text: str) -> None:
    assert notation_of("de").usual_day(text) is None


@given(st.dates(), st.sampled_from(["de", "en_US", "en_GB", "ja", "nl", "hu"]))
def test_a_day_stays_the_same_however_it_is_written(day: date, locale: str) -> None:
    pattern = notation_of(locale).date_example.replace("2024", "{0.year:04}")
    usual = pattern.replace("02", "{0.month:02}").replace("29", "{0.day:02}").format(day)
    pattern = pattern.replace("02", "{0.month}").replace("29", "{0.day}")
    midnight = datetime.combine(day, datetime.min.time())
    for value in (day, midnight, day.isoformat(), f"{midnight}", usual, pattern.format(day)):
        assert converter(locale).convert("date", value) == day.isoformat()

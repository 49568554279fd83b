"""What is sent for values of pandas, numpy and polars, and for rows of SQLAlchemy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy
import pandas
import polars
import pytest
import sqlalchemy
from hubspot_upsert.bulk import ObjectProperties, Property
from hubspot_upsert.v2026_03 import Client

from tests.bulk.server import ContactsServer

EMAIL = "ada@example.com"
LEFT_OUT = object()
NOON = datetime(2026, 3, 1, 12, 30, tzinfo=UTC)


@pytest.fixture
def server() -> Iterator[ContactsServer]:
    server = ContactsServer()
    yield server
    server.close()


def sent(server: ContactsServer, records: Any, **options: Any) -> Any:
    """Give what is stored for the value of a record, or why it was rejected."""
    with Client("token", base_url=server.url) as client:
        report = client.contacts.upsert(records, id_property="email", **options)
    for outcome in report.outcomes:
        for problem in outcome.problems:
            return problem.message
    return server.contacts.stored[EMAIL].get("value", LEFT_OUT)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (numpy.int64(7), "7"),
        (numpy.uint64(2**64 - 1), "18446744073709551615"),
        (numpy.bool_(True), "true"),
        (numpy.str_("text"), "text"),
        (numpy.float64(1001.0), "1001"),
        (numpy.float32(19.99), "19.99"),
        (numpy.float32(123456.7), "123456.7"),
        (numpy.float32(2.5e10), "24999999488"),
        (numpy.float16(0.1), "0.1"),
        (numpy.longdouble("19.99"), "19.99"),
        (numpy.float32("nan"), LEFT_OUT),
        (numpy.datetime64("2026-03-01"), "2026-03-01"),
        (numpy.datetime64("2026-03-01T12:30:00.123456789"), "2026-03-01T12:30:00.123Z"),
        (numpy.datetime64("2026-03-01T12:30"), "2026-03-01T12:30:00.000Z"),
        (numpy.datetime64("20000-01-01T12", "us"), "the datetime is out of range"),
        (numpy.datetime64("NaT"), LEFT_OUT),
        (numpy.timedelta64(1, "ns"), "a span of time cannot be sent"),
        (numpy.array(["a", "b"]), "a;b"),
        (numpy.array([1.0, numpy.nan, 2.5]), "1;2.5"),
        (numpy.array([numpy.nan]), LEFT_OUT),
        (numpy.array([]), ""),
        (numpy.array(7.0), "7"),
        (numpy.array([[1, 2]]), "several values"),
        (numpy.array(["2026-03-01T12:30"], "datetime64[ns]"), "2026-03-01T12:30:00.000Z"),
        (numpy.ma.masked, LEFT_OUT),
        (pandas.NA, LEFT_OUT),
        (pandas.NaT, LEFT_OUT),
        (pandas.Timestamp(NOON), "2026-03-01T12:30:00.000Z"),
        (pandas.Timestamp("2026-03-01T12:30:00.123456789"), "2026-03-01T12:30:00.123Z"),
        (pandas.Timedelta(1, "s"), "of type Timedelta"),
        (pandas.array([1, None], "Int64"), "1"),
        (pandas.Series(["a", None]), "a"),
        (pandas.Categorical(["a"]), "a"),
        (polars.Series(["a", "b"]), "a;b"),
    ],
)
def test_values(server: ContactsServer, value: Any, text: Any) -> None:
    found = sent(server, [{"email": EMAIL, "value": value}], timezone="UTC")
    assert found == text or text in found


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("date", pandas.Timestamp("2024-02-29"), "2024-02-29"),
        ("date", pandas.Timestamp("2024-02-29", tz="UTC"), "2024-02-29"),
        ("date", numpy.datetime64("2024-02-29T00:00", "ns"), "2024-02-29"),
        ("date", pandas.Timestamp("2024-02-29 12:00"), "is not midnight"),
        ("date", pandas.NaT, LEFT_OUT),
        ("datetime", numpy.datetime64("2024-02-29"), "2024-02-29T00:00:00.000Z"),
        ("datetime", pandas.Timestamp("2024-07-01 12:30"), "2024-07-01T10:30:00.000Z"),
        ("bool", numpy.int64(1), "true"),
        ("bool", numpy.float64(0.0), "false"),
        ("bool", numpy.bool_(True), "true"),
        ("number", numpy.float32(19.99), "19.99"),
        ("string", numpy.float64(491701234567.0), "491701234567"),
        ("string", numpy.float64(2.0**60), "lost its last digits"),
        ("enumeration", numpy.array(["Alpha", "b"], object), "a;b"),
        ("enumeration", pandas.Series(["Alpha"]), "a"),
        ("enumeration", numpy.str_("alpha"), "a"),
    ],
)
def test_values_become_what_properties_take(
    server: ContactsServer, type_: Any, value: Any, text: Any
) -> None:
    options = {"a": "Alpha", "b": "Beta"} if type_ == "enumeration" else {}
    declared = {
        "email": Property("email", "email", unique=True),
        "value": Property("value", type_, options=options, multiple=bool(options)),
    }
    known = ObjectProperties("contacts", declared)
    record = {"email": EMAIL, "value": value}
    found = sent(server, [record], properties=known, convert=True, timezone="Europe/Berlin")
    assert found == text or text in found


@pytest.mark.parametrize(
    "key",
    [numpy.float32(2**24), numpy.float32(2**24 + 2), numpy.float16(2048), numpy.float64(2**53)],
)
def test_a_key_beyond_the_precision_of_its_type_is_refused(
    server: ContactsServer, key: Any
) -> None:
    assert "lost its last digits" in sent(server, [{"email": key, "value": "a"}])


def test_naive_timestamps_are_placed_or_rejected(server: ContactsServer) -> None:
    for value in (pandas.Timestamp("2026-03-01 12:30"), numpy.datetime64("2026-03-01T12:30")):
        record = {"email": EMAIL, "value": value}
        assert "the option timezone" in sent(server, [record])
        assert sent(server, [record], timezone="Europe/Berlin") == "2026-03-01T11:30:00.000Z"


COLUMNS: tuple[tuple[Any, str], ...] = (
    (numpy.array([19.99], "float32"), "19.99"),
    (numpy.array([1001.0]), "1001"),
    (numpy.array([7], "int8"), "7"),
    ([NOON], "2026-03-01T12:30:00.000Z"),
    ([Decimal("1.50")], "1.5"),
    (numpy.array([2.5e10], "float32"), "24999999488"),
    ([["a", "b"]], "a;b"),
    ([None], ""),
)


@pytest.mark.parametrize(("column", "text"), COLUMNS)
def test_rows_of_frames(server: ContactsServer, column: Any, text: str) -> None:
    columns = {"email": [EMAIL], "value": column}
    frame = pandas.DataFrame(columns)
    for records in (
        frame.to_dict("records"),
        frame.itertuples(index=False),
        (row for _, row in frame.iterrows()),
        polars.DataFrame(columns).iter_rows(named=True),
        polars.DataFrame(columns).to_arrow().to_pylist(),
    ):
        assert sent(server, records, null="clear") == text


@pytest.mark.parametrize(
    ("frame", "hint"),
    [
        (pandas.DataFrame({"to_dicts": [1]}), 'to_dict("records")'),
        (polars.DataFrame({"email": [1]}), "iter_rows(named=True)"),
        (polars.LazyFrame({"email": [1]}), "collect().iter_rows(named=True)"),
    ],
)
def test_frames_say_how_to_get_their_rows(server: ContactsServer, frame: Any, hint: str) -> None:
    with pytest.raises(TypeError) as raised:
        sent(server, frame)
    assert hint in str(raised.value)
    assert hint in sent(server, [frame])


def test_rows_of_sqlalchemy(server: ContactsServer) -> None:
    with sqlalchemy.create_engine("sqlite://").connect() as connection:
        query = sqlalchemy.text(f"SELECT '{EMAIL}' AS email, 7 AS value")
        assert sent(server, connection.execute(query)) == "7"
        assert sent(server, connection.execute(query).mappings()) == "7"

"""One meaning for the same data by every route: what a server is sent for a value, wherever it comes from."""

from __future__ import annotations

import csv
import enum
import json
import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from importlib import import_module
from ipaddress import IPv4Address
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple
from uuid import UUID

import pydantic
import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from package.bulk import Status, UpsertReport

from tests.bulk.server import ContactsServer, Upserter
from tests.servers import TOKEN

EMAIL = "ada@example.com"
SINGLE = 19.989999771118164
"""What Python is given for the 19.99 of a column of single precision."""
NAIVE = datetime(2026, 3, 1, 12, 30)
GAP = datetime(2026, 3, 29, 2, 30)
TWICE = datetime(2026, 10, 25, 2, 30)
BERLIN = {"timezone": "Europe/Berlin"}
CLEAR = {"null": "clear"}
LEFT_OUT = object()


class Colour(enum.Enum):
    RED = "red"


class Rejected(str):
    """What is said of a record that is not sent."""


def send_dict(server: ContactsServer, folder: Path, value: object, options: dict[str, Any]) -> str:
    report = Upserter("sync", server).upsert([{"email": EMAIL, "value": value}], **options)
    return "; ".join(each.message for one in report.outcomes for each in one.problems)


def send_async(server: ContactsServer, folder: Path, value: object, options: dict[str, Any]) -> str:
    record = {"email": EMAIL, "value": value}
    report = Upserter("async source", server).upsert([record], **options)
    return "; ".join(each.message for one in report.outcomes for each in one.problems)


def send_file(server: ContactsServer, path: Path, options: dict[str, Any]) -> str:
    rejects = path.with_name("rejects.csv" if path.suffix == ".csv" else "rejects.jsonl")
    given = [word for name, value in options.items() for word in (f"--{name}", value)]
    arguments = ["contacts", str(path), "--id-property", "email", "--api-version", "2026-03"]
    more = ["--base-url", server.url, "--rejects", str(rejects)]
    code = run_command(CATALOGUE, [*arguments, *more, *given])
    lines = rejects.read_text().splitlines()
    rows = list(csv.DictReader(lines)) if path.suffix == ".csv" else map(json.loads, lines)
    rejected = [row["rejected: message"] for row in rows]
    assert code == bool(rejected)
    return "; ".join(rejected)


def send_jsonl(server: ContactsServer, folder: Path, value: object, options: dict[str, Any]) -> str:
    path = folder / "people.jsonl"
    path.write_text(json.dumps({"email": EMAIL, "value": value}))
    return send_file(server, path, options)


def send_parquet(server: ContactsServer, folder: Path, value: Any, options: dict[str, Any]) -> str:
    arrow: Any = import_module("pyarrow")
    kind, value = value if isinstance(value, tuple) else (None, value)
    kinds = {"single": arrow.float32(), "fine": arrow.timestamp("ns")}
    table = arrow.table({"email": [EMAIL], "value": arrow.array([value], kinds.get(kind))})
    path = folder / "people.parquet"
    import_module("pyarrow.parquet").write_table(table, path)
    return send_file(server, path, options)


def send_csv(server: ContactsServer, folder: Path, value: object, options: dict[str, Any]) -> str:
    path = folder / "people.csv"
    path.write_text(f"email,value\n{EMAIL},{value}\n")
    return send_file(server, path, options)


Route = Callable[[ContactsServer, Path, Any, dict[str, Any]], str]
PYTHON: tuple[Route, ...] = (send_dict, send_async)
TYPED: tuple[Route, ...] = (send_dict, send_jsonl, send_parquet)
ALL: tuple[Route, ...] = (*TYPED, send_async, send_csv)


def table(*rows: tuple[Iterable[Route], Any, object, dict[str, Any]]) -> list[Any]:
    return [
        pytest.param(route, value, sent, options, id=f"{route.__name__[5:]}-{value!r}-{options}")
        for routes, value, sent, options in rows
        for route in routes
    ]


@pytest.mark.parametrize(
    ("route", "value", "sent", "options"),
    table(
        (ALL, "text", "text", {}),
        (ALL, " blanks ", " blanks ", {}),
        (ALL, "1001.0", "1001.0", {}),
        *(
            ((send_csv,), text, number, {"number": "value"})
            for text, number in [
                ("1001.0", "1001"),
                (" 19.990 ", "19.99"),
                ("1e3", "1000"),
                ("-0.0", "0"),
                ("100", "100"),
                ("9007199254740993", "9007199254740993"),
                ("", LEFT_OUT),
                ("19.989999771118164", "19.99"),
                ("12345678901234567.0", "12345678901234567"),
                ("1e400", "1" + "0" * 400),
                ("12 apples", Rejected("'12 apples' in the column 'value' is no number")),
                ("1_000", Rejected("is no number")),
            ]
        ),
        (TYPED, "", "", {}),
        ((send_csv,), "", LEFT_OUT, {}),
        ((*TYPED, send_async), None, LEFT_OUT, {}),
        ((*TYPED, send_async), None, "", CLEAR),
        ((send_csv,), "", "", CLEAR),
        ((send_dict, send_parquet), float("nan"), LEFT_OUT, {}),
        ((send_dict, send_parquet), float("nan"), "", CLEAR),
        (PYTHON, Decimal("NaN"), "", CLEAR),
        (TYPED, [None], LEFT_OUT, {}),
        (TYPED, [None], "", CLEAR),
        (TYPED, [], "", {}),
        (TYPED, ["a", None, "b"], "a;b", CLEAR),
        (TYPED, ["a", ""], Rejected("one of several values is empty"), {}),
        (TYPED, True, "true", {}),
        (TYPED, 1001, "1001", {}),
        (TYPED, 1001.0, "1001", {}),
        (TYPED, 19.99, "19.99", {}),
        (TYPED, 2.0**53, "9007199254740992", {}),
        (TYPED, 2.0**53 + 2, "9007199254740994", {}),
        (TYPED, 2**60 + 1, "1152921504606846977", {}),
        (TYPED, 1e22, "1" + "0" * 22, {}),
        (TYPED, -0.0, "0", {}),
        (TYPED, 1e-7, "0.0000001", {}),
        (TYPED, SINGLE, "19.99", {}),
        (TYPED, 0.1 + 0.2, "0.30000000000000004", {}),
        ((send_parquet,), ("single", 19.99), "19.99", {}),
        ((send_parquet,), ("single", 123456.7), "123456.7", {}),
        ((send_parquet,), ("single", float("nan")), LEFT_OUT, {}),
        ((send_parquet,), ("single", 2.5e10), "24999999488", {}),
        (TYPED, 24999999488.0, "24999999488", {}),
        ((send_dict, send_parquet), float("inf"), Rejected("infinite number"), {}),
        *(
            ((send_dict, send_parquet), Decimal(text), number, {})
            for text, number in [
                ("1.50", "1.5"),
                ("1001.0", "1001"),
                ("-0.00", "0"),
                ("100", "100"),
            ]
        ),
        (PYTHON, Decimal("1E400"), "1" + "0" * 400, {}),
        (PYTHON, Decimal("1E+99999999"), Rejected("over 1,000 zeros"), {}),
        (PYTHON, Decimal("-1E-99999999"), Rejected("over 1,000 zeros"), {}),
        ((send_dict, send_parquet), date(2026, 3, 1), "2026-03-01", {}),
        ((send_dict, send_parquet), time(12, 30), "12:30:00", {}),
        ((send_dict, send_parquet), NAIVE.replace(tzinfo=UTC), "2026-03-01T12:30:00.000Z", {}),
        ((send_dict, send_parquet), NAIVE, Rejected("without a time zone is ambiguous"), {}),
        ((send_dict, send_parquet), NAIVE, "2026-03-01T12:30:00.000Z", {"timezone": "UTC"}),
        ((send_dict, send_parquet), NAIVE, "2026-03-01T11:30:00.000Z", BERLIN),
        ((send_dict, send_parquet), GAP, Rejected("twice or not at all"), BERLIN),
        ((send_dict, send_parquet), TWICE, Rejected("twice or not at all"), BERLIN),
        (PYTHON, TWICE.replace(fold=1), "2026-10-25T01:30:00.000Z", BERLIN),
        (
            (send_parquet,),
            ("fine", 1_772_368_200_123_456_789),
            "2026-03-01T12:30:00.123Z",
            {"timezone": "UTC"},
        ),
        ((send_dict, send_parquet), b"bytes", Rejected("of type bytes"), {}),
        (TYPED, {"a": 1}, Rejected("of type dict"), {}),
        (PYTHON, UUID(int=1), "00000000-0000-0000-0000-000000000001", {}),
        (PYTHON, IPv4Address("10.0.0.1"), "10.0.0.1", {}),
        (PYTHON, PurePosixPath("a/b"), "a/b", {}),
        (PYTHON, pydantic.HttpUrl("https://example.com/a"), "https://example.com/a", {}),
        (PYTHON, pydantic.SecretStr("secret"), Rejected("of type SecretStr"), {}),
        (PYTHON, Colour.RED, "red", {}),
    ),
)
def test_what_is_sent(
    contacts_server: ContactsServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    route: Route,
    value: Any,
    sent: object,
    options: dict[str, Any],
) -> None:
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    problem = route(contacts_server, tmp_path, value, options)
    if isinstance(sent, Rejected):
        assert sent in problem
        assert not contacts_server.contacts.stored
    else:
        assert not problem
        assert contacts_server.contacts.stored[EMAIL].get("value", LEFT_OUT) == sent


# Records


class Person(NamedTuple):
    email: str
    value: int


@dataclass(slots=True)
class PersonOfDataclass:
    email: str
    value: int


class PersonOfPydantic(pydantic.BaseModel):
    email: str
    value: int


def row_of_sqlite() -> sqlite3.Row:
    connection = sqlite3.connect(":memory:")
    connection.row_factory = sqlite3.Row
    row: sqlite3.Row = connection.execute("SELECT ? AS email, 7 AS value", (EMAIL,)).fetchone()
    connection.close()
    return row


RECORDS = (
    row_of_sqlite(),
    Person(EMAIL, 7),
    PersonOfDataclass(EMAIL, 7),
    PersonOfPydantic(email=EMAIL, value=7),
)


@pytest.mark.parametrize("record", RECORDS, ids=lambda record: type(record).__name__)
def test_what_is_a_record(contacts_server: ContactsServer, upserter: Upserter, record: Any) -> None:
    (outcome,) = upserter.upsert([record]).outcomes
    assert contacts_server.contacts.stored == {EMAIL: {"value": "7"}}
    assert (outcome.status, outcome.record) == (Status.CREATED, {"email": EMAIL, "value": 7})
    with pytest.raises(TypeError, match="for a single record, give a list"):
        Upserter("sync", contacts_server).upsert(record)


class Unreadable(PersonOfPydantic):
    @pydantic.field_serializer("value")
    def _fail(self, value: int) -> int:
        raise ValueError(value)


def test_a_record_that_cannot_be_read_is_rejected(upserter: Upserter) -> None:
    report = upserter.upsert([Unreadable(email=EMAIL, value=7), Person(EMAIL, 7)])
    assert [one.status for one in report.outcomes] == [Status.REJECTED, Status.CREATED]
    assert report.outcomes[0].problems[0].message.startswith("the record cannot be read: ")


@pytest.mark.parametrize("records", [None, 7, lambda: [{"email": EMAIL}]])
def test_what_gives_no_records_is_refused_by_its_type(upserter: Upserter, records: Any) -> None:
    if upserter.kind == "async source":
        return
    told = "None" if records is None else f"of type {type(records).__name__}"
    with pytest.raises(TypeError, match=f"records must be an iterable of mappings.* not {told}"):
        upserter.upsert(records)


def test_a_table_of_pyarrow_says_how_to_get_its_rows(contacts_server: ContactsServer) -> None:
    arrow: Any = import_module("pyarrow")
    table = arrow.table({"email": [EMAIL], "value": [19.5]})
    for given in (table, table.to_batches()[0]):
        with pytest.raises(TypeError, match=r"to_pylist\(\)"):
            Upserter("sync", contacts_server).upsert(given)
    report = Upserter("sync", contacts_server).upsert(table.to_batches())
    assert "to_pylist()" in report.outcomes[0].problems[0].message
    values = {"email": arrow.scalar(EMAIL), "value": arrow.array([1.0, None, 2.5])}
    report = Upserter("sync", contacts_server).upsert([values])
    assert contacts_server.contacts.stored == {EMAIL: {"value": "1;2.5"}}


def test_what_stands_in_a_line_beyond_the_header_is_no_value(upserter: Upserter) -> None:
    lines = ["email,value", f"{EMAIL},7,8", "grace@example.com,9"]
    report = upserter.upsert(csv.DictReader(lines))
    assert [one.status for one in report.outcomes] == [Status.REJECTED, Status.CREATED]
    assert "csv.DictReader" in report.outcomes[0].problems[0].message


def test_reports_keep_what_is_no_record(upserter: Upserter, tmp_path: Path) -> None:
    report = upserter.upsert([None, "text", Person(EMAIL, 7)])
    report.write_jsonl(tmp_path / "report.jsonl")
    again = UpsertReport.read_jsonl(tmp_path / "report.jsonl")
    assert [one.record for one in again.outcomes] == [None, "text", {"email": EMAIL, "value": 7}]


def test_rejects_of_parquet_hold_what_was_meant(
    contacts_server: ContactsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    arrow: Any = import_module("pyarrow")
    columns = {"email": [""], "single": arrow.array([19.99], arrow.float32()), "at": [NAIVE]}
    import_module("pyarrow.parquet").write_table(arrow.table(columns), tmp_path / "people.parquet")
    assert send_file(contacts_server, tmp_path / "people.parquet", BERLIN)
    (line,) = (tmp_path / "rejects.jsonl").read_text().splitlines()
    record = json.loads(line)
    assert (record["single"], record["at"]) == (19.99, "2026-03-01T11:30:00.000Z")


def test_a_key_that_looks_widened_is_told(
    contacts_server: ContactsServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    path = tmp_path / "people.csv"
    path.write_text("email\n1.5\n1001.0\n1002.0\n")
    assert not send_file(contacts_server, path, {})
    assert set(contacts_server.contacts.stored) == {"1.5", "1001.0", "1002.0"}
    told = "line 3: the key '1001.0' is sent as it stands; if it is the number 1001, give --number email"
    assert told in capsys.readouterr().err
    assert not send_file(contacts_server, path, {"number": "email"})
    assert {"1001", "1002"} < set(contacts_server.contacts.stored)
    assert "as it stands" not in capsys.readouterr().err


# Keys


def test_blanks_around_a_key_do_not_make_another_key(
    contacts_server: ContactsServer, upserter: Upserter
) -> None:
    records = [{"email": EMAIL}, {"email": f" {EMAIL.upper()}\u00a0"}]
    _, second = upserter.upsert(records).outcomes
    (problem,) = second.problems
    assert (problem.property, problem.code) == ("email", "DUPLICATE_KEY")
    assert problem.message == (
        r"record 0 has the same email; it has blanks around it: ' ADA@EXAMPLE.COM\xa0'"
    )
    merged = upserter.upsert(records, duplicates="last").outcomes
    assert [one.merged_into for one in merged] == [1, None]
    assert contacts_server.contacts.requests[-1] == [f" {EMAIL.upper()}\u00a0"]


def test_a_refusal_shows_the_blanks_around_a_key(upserter: Upserter) -> None:
    records = [
        {"email": f"{EMAIL} ", "firstname": "refused"},
        {"email": "grace@example.com", "firstname": "refused"},
    ]
    padded, plain = (one.problems[0].message for one in upserter.upsert(records).outcomes)
    assert padded == f"That will not do; it has blanks around it: '{EMAIL} '"
    assert plain == "That will not do"


@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("  ", "nothing but blanks for 'email'"),
        (None, "no value for 'email'"),
        (2.0**53, "lost its last digits"),
        (-(2.0**60), "lost its last digits"),
    ],
)
def test_what_is_no_key(upserter: Upserter, key: object, message: str) -> None:
    (outcome,) = upserter.upsert([{"email": key}], null="clear").outcomes
    assert message in outcome.problems[0].message

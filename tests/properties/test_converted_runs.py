"""Runs that convert: what a server is sent, what the report shows of it, and what the command says."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from package.bulk import ConvertedColumn, Status, UpsertReport

from tests.bulk.command_runs import MAIN
from tests.bulk.server import ContactsServer, Upserter
from tests.servers import TOKEN

PROPERTIES = """
object_type: contacts
properties:
  email: {type: email, unique: true}
  age: {type: number}
  note: {}
  born: {type: date}
  seen: {type: datetime}
  stage: {type: enumeration, options: {lead: Lead, customer: Customer}}
  topics: {type: enumeration, multiple: true, options: {a: Alpha, b: Beta}}
"""
OPTIONS: dict[str, Any] = {
    "properties": "contacts.yaml",
    "convert": True,
    "locale": "de",
    "timezone": "Europe/Berlin",
}
FLAGS = ("--properties", "contacts.yaml", "--convert", "--locale=de", "--timezone=Europe/Berlin")
PEOPLE = """email,age,born,seen,stage,topics
 ada@x.example,"1.234,5",29.02.2024,01.07.2024 12:30,Lead,Alpha;Beta
bob@x.example,7,2024-02-29,2024-07-01T10:30:00Z,lead,a;b
"""
SENT = {
    "age": "1234.5",
    "born": "2024-02-29",
    "seen": "2024-07-01T10:30:00.000Z",
    "stage": "lead",
    "topics": "a;b",
}
CONVERTED = [
    ConvertedColumn("email", "blanks removed", 1, " ada@x.example", "ada@x.example"),
    ConvertedColumn("age", "number", 1, "1.234,5", "1234.5"),
    ConvertedColumn("born", "date", 1, "29.02.2024", "2024-02-29"),
    ConvertedColumn("seen", "datetime", 1, "01.07.2024 12:30", "2024-07-01T10:30:00.000Z"),
    ConvertedColumn("stage", "option", 1, "Lead", "lead"),
    ConvertedColumn("topics", "option", 1, "Alpha;Beta", "a;b"),
]
TABLE = """
converted:
property  conversion      values  such as           became
email     blanks removed       1  ' ada@x.example'  ada@x.example
age       number               1  1.234,5           1234.5
born      date                 1  29.02.2024        2024-02-29
seen      datetime             1  01.07.2024 12:30  2024-07-01T10:30:00.000Z
stage     option               1  Lead              lead
topics    option               1  Alpha;Beta        a;b
"""


@pytest.fixture
def server(in_folder: None) -> Iterator[ContactsServer]:
    Path("contacts.yaml").write_text(PROPERTIES)
    Path("people.csv").write_text(PEOPLE)
    server = ContactsServer()
    yield server
    server.close()


def rows() -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(PEOPLE)))


def run_contacts(server: ContactsServer, *arguments: str) -> int:
    where = ("--api-version", "2026-03", "--id-property", "email", "--base-url", server.url)
    return run_command(CATALOGUE, ["contacts", "people.csv", *where, *arguments])


@pytest.mark.parametrize("kind", ["sync", "async", "async source"])
def test_what_is_meant_is_sent_and_told(server: ContactsServer, kind: str, tmp_path: Path) -> None:
    report = Upserter(kind, server).upsert(rows(), **OPTIONS)
    assert report.created == 2
    assert server.contacts.stored["ada@x.example"].items() >= SENT.items()
    assert list(report.conversions) == CONVERTED
    assert TABLE.strip() in str(report)
    report.write_jsonl(tmp_path / "report.jsonl")
    assert list(UpsertReport.read_jsonl(tmp_path / "report.jsonl").conversions) == CONVERTED


def test_objects_become_what_the_properties_take(server: ContactsServer) -> None:
    record = {
        "email": "ada@x.example",
        "age": 1234.5,
        "born": date(2024, 2, 29),
        "seen": datetime(2024, 7, 1, 12, 30),
        "stage": "LEAD",
        "topics": {"Beta", "Alpha"},
    }
    assert Upserter("sync", server).upsert([record], **OPTIONS).created == 1
    assert server.contacts.stored["ada@x.example"].items() >= SENT.items()


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"age": "1.5"},
        {"age": None},
        {"stage": "no stage"},
        {"email": "0@x.example"},
        {"email": "\ud800@x.example"},
        {"note": "\ud800"},
    ],
    ids=["none", "refused", "missing", "invalid", "duplicate", "no email", "no JSON"],
)
@pytest.mark.parametrize("duplicates", ["error", "last"])
def test_each_value_is_counted_once_whatever_is_beside_it(
    server: ContactsServer, other: dict[str, str], duplicates: str
) -> None:
    given = [{"email": f"{number}@x.example", "age": f"{number},5"} for number in range(250)]
    given[120] |= {"age": "7", **other}
    report = Upserter("sync", server).upsert(given, duplicates=duplicates, **OPTIONS)
    assert report.records == 250
    assert [(each.name, each.count) for each in report.conversions] == [("age", 249)]


def test_without_it_nothing_is_converted(server: ContactsServer) -> None:
    report = Upserter("sync", server).upsert(rows(), properties="contacts.yaml")
    assert [each.status for each in report.outcomes] == [Status.REJECTED, Status.CREATED]
    assert not report.conversions
    assert "converted" not in str(report)


def test_what_is_not_known_is_rejected_with_its_property(server: ContactsServer) -> None:
    given = {
        "email": "ada@x.example",
        "age": "1.5",
        "born": "02/03/2024",
        "seen": "2024-03-31 02:30",
    }
    (outcome,) = Upserter("sync", server).upsert([given], **OPTIONS).outcomes
    assert [each.property for each in outcome.problems] == ["age", "born", "seen"]
    assert not server.contacts.stored


def test_a_dry_run_shows_what_would_be_converted(
    server: ContactsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_contacts(server, *FLAGS, "--dry-run", "--report", "load.html") == 0
    assert TABLE in capsys.readouterr().out
    assert not server.contacts.stored
    page = Path("load.html").read_text()
    assert "Converted values" in page
    assert all(each.after in page for each in CONVERTED)


def test_the_file_of_rejected_records_holds_what_was_given(
    server: ContactsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("people.csv").write_text('email,age,stage\na@x.example,"1.5",Lead\n')
    flags = ("--properties", "contacts.yaml", "--convert", "--rejects", "rejects.csv")
    assert run_contacts(server, *flags, "--locale", "de") == 1
    (row,) = csv.DictReader(Path("rejects.csv").read_text().splitlines())
    assert (row["age"], row["stage"]) == ("1.5", "Lead")
    Path("people.csv").write_text('email,age\na@x.example,"1,5"\n')
    capsys.readouterr()
    assert run_contacts(server, *flags) == 1
    assert "say with --locale how numbers" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("column", "value", "code", "told"),
    [
        ("age", "1.234,5", "INVALID_INTEGER", "say with --locale how numbers are written"),
        ("born", "02/03/2024", "INVALID_DATE", "say with --locale how dates are written"),
        ("seen", "2024-07-01 12:30", "INVALID_LONG", "name the one that is meant with --timezone"),
        ("level", "High", "INVALID_OPTION", "the options 'a' and 'b' are called; give the option"),
    ],
)
def test_what_cannot_be_converted_has_the_code_that_the_api_gives_wrong_values(
    server: ContactsServer, column: str, value: str, code: str, told: str
) -> None:
    level = "  level: {type: enumeration, options: {a: High, b: High}}\n"
    Path("contacts.yaml").write_text(PROPERTIES + level)
    Path("people.csv").write_text(f'email,{column}\na@x.example,"{value}"\n')
    assert run_contacts(server, *FLAGS[:3], "--rejects", "rejects.csv") == 1
    (row,) = csv.DictReader(Path("rejects.csv").read_text().splitlines())
    assert (row["rejected: property"], row["rejected: code"]) == (column, code)
    assert told in row["rejected: message"]


@pytest.mark.parametrize(
    ("flags", "said"),
    [
        (("--convert",), "--convert needs --properties"),
        (("--locale", "de"), "--locale says how texts are converted, and needs --convert"),
        ((*FLAGS[:3], "--locale", "xx"), "--locale 'xx' is not known"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    server: ContactsServer, flags: tuple[str, ...], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_contacts(server, *flags) == 2
    assert said in capsys.readouterr().err


def test_the_help_lists_the_words_that_are_bools_in_every_locale(
    server: ContactsServer, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_contacts(server, "--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    assert "Read as bools are true, yes, 1, false, no, 0, whatever the --locale" in told
    Path("contacts.yaml").write_text(f"{PROPERTIES}  vip: {{type: bool}}\n")
    Path("people.csv").write_text("email,vip\na@x.example,YES\nb@x.example,ja\n")
    assert run_contacts(server, *FLAGS) == 1
    assert [each["vip"] for each in server.contacts.stored.values()] == ["true"]


def test_what_a_locale_needs_is_named(server: ContactsServer) -> None:
    program = f"import sys; sys.modules['babel'] = None; {MAIN}"
    where = ("--api-version", "2026-03", "--id-property", "email", "--base-url", server.url)
    ended = subprocess.run(
        [sys.executable, "-c", program, "contacts", "people.csv", *where, *FLAGS],
        env={"ACCESS_TOKEN": TOKEN},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr == (
        "hubspot-upsert: babel is needed and not installed; install it with: "
        "pip install 'hubspot-upsert[cli,locale]'\n"
    )

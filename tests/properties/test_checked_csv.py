"""A CSV with bad values of every kind: exactly these rows are rejected, and no request is spent on them."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command
from hubspot_upsert.sandbox import Options, Sandbox

from tests.bulk.command_runs import advised
from tests.properties.exports import CONTACTS, listing, option, row

ROWS, EVERY = 10_000, 100
MORE = [
    row("note", "string", "textarea"),
    row("stage", "enumeration", "select", options=[option("new", "New"), option("won", "Won")]),
    row("topics", "enumeration", "checkbox", options=[option("a", "Alpha"), option("b", "Beta")]),
    row("score", "number", "number", read_only=True),
]
LABELS = {
    "Email": "email",
    "First Name": "firstname",
    "Age (c)": "age__c",
    "Birthday": "birthday",
    "Seen At": "seen_at",
    "VIP": "vip",
    "Stage": "stage",
    "Topics": "topics",
    "Note": "note",
    "Score": "score",
}
GOOD = {
    "First Name": "Ada",
    "Age (c)": "36.5",
    "Birthday": "2024-02-29",
    "Seen At": "2024-02-29T12:30:00Z",
    "VIP": "true",
    "Stage": "won",
    "Topics": "b;a",
    "Note": "a note",
}
BAD: list[tuple[str, str, str, str]] = [
    ("Email", "nobody", "INVALID_EMAIL", "is invalid"),
    ("Age (c)", "old", "INVALID_INTEGER", "was not a valid number"),
    ("Age (c)", "1.234,5", "INVALID_INTEGER", "--convert reads it, with --locale"),
    ("Birthday", "2024-02-30", "INVALID_DATE", "is no date"),
    ("Birthday", "29.02.2024", "INVALID_DATE", "--convert reads it, with --locale"),
    ("Seen At", "noon", "INVALID_LONG", "was not a valid long"),
    ("VIP", "yes", "INVALID_BOOLEAN", "--convert makes 'true' of it"),
    ("Stage", "lost", "INVALID_OPTION", "was not one of the allowed options: [new, won]"),
    ("Stage", "New", "INVALID_OPTION", "that is the option's label; its value is 'new'"),
    ("Topics", "a;c", "INVALID_OPTION", "c was not one of the allowed options"),
    ("Note", "x" * 65_537, "TEXT_TOO_LONG", "65536"),
    ("Score", "1", "READ_ONLY_VALUE", "read only"),
]


@pytest.fixture
def sandbox(in_folder: None) -> Iterator[Sandbox]:
    Path("contacts.json").write_text(json.dumps(listing([*CONTACTS, *MORE])))
    options = Options(properties=("contacts=contacts.json",), burst_limit=None)
    with Sandbox(options) as sandbox:
        yield sandbox


def test_exactly_the_bad_rows_are_rejected_before_a_request(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    expected = {number: BAD[number % EVERY] for number in range(ROWS) if number % EVERY < len(BAD)}
    with Path("people.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, LABELS)
        writer.writeheader()
        for number in range(ROWS):
            line = {"Email": f"p{number}@example.com", **GOOD}
            if number in expected:
                column, value, *_ = expected[number]
                line[column] = value if column != "Email" else f"{value}-{number}"
            writer.writerow(line)
    code = run_command(
        CATALOGUE,
        [
            *("contacts", "people.csv", "--api-version", "2026-03", "--id-property", "email"),
            *("--base-url", sandbox.url, "--properties", "contacts.json"),
            *("--rejects", "rejects.csv"),
        ],
    )
    assert code == 1
    out = capsys.readouterr().out
    good = ROWS - len(expected)
    assert sandbox.count("contacts") == good
    requests = sandbox.requests
    assert len(requests) == good // 100
    assert sum(each.inputs for each in requests) == good
    assert not any(each.refused for each in requests)
    csv.field_size_limit(1_000_000)
    with Path("rejects.csv").open(newline="", encoding="utf-8") as file:
        rejects = list(csv.DictReader(file))
    for reject, number in zip(rejects, sorted(expected), strict=True):
        column, value, said, message = expected[number]
        assert reject[column].startswith(value)
        assert (reject["rejected: property"], reject["rejected: code"]) == (LABELS[column], said)
        assert message in reject["rejected: message"]
    assert f"rejected  {len(expected):,}" in re.sub(" +", "  ", out)


@pytest.mark.parametrize("more", [(), ("--dry-run",)])
def test_a_column_that_only_the_api_writes_stops_the_command_before_a_request(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str], more: tuple[str, ...]
) -> None:
    lines = ["email,It's a score", *(f"p{number}@example.com,1" for number in range(50)), ""]
    Path("people.csv").write_text("\n".join(lines))
    arguments = [
        *("contacts", "people.csv", "--api-version", "2026-03", "--id-property", "email"),
        *("--base-url", sandbox.url, "--properties", "contacts.json"),
        *("--map", "It's a score=score"),
    ]
    assert run_command(CATALOGUE, [*arguments, *more]) == 2
    said = capsys.readouterr()
    assert "score" in said.out + said.err
    assert "--skip" in said.out + said.err
    assert not sandbox.requests
    if not more:
        assert run_command(CATALOGUE, advised(said.out, "to go on")) == 0
        assert sandbox.count("contacts") == 50


def test_what_converting_would_mend_is_sent_by_the_command_that_is_shown(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = ["email,Stage,Birthday", "a@x.example,New,", "b@x.example,lost,", "c@x.example,Won,"]
    Path("people.csv").write_text("\n".join([*lines, "d@x.example,New,29.02.2024", ""]))
    arguments = [
        *("contacts", "people.csv", "--api-version", "2026-03", "--id-property", "email"),
        *("--base-url", sandbox.url, "--properties", "contacts.json", "--rejects", "rejects.csv"),
    ]
    assert run_command(CATALOGUE, arguments) == 1
    again = advised(capsys.readouterr().out, "to have 2 of them converted")
    assert run_command(CATALOGUE, again) == 1
    assert sandbox.count("contacts") == 2
    record = sandbox.record("contacts", "a@x.example", "email")
    assert record is not None
    assert record["properties"]["stage"] == "new"
    assert "of them converted" not in capsys.readouterr().out


def test_a_key_that_is_not_unique_is_refused_by_the_command(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("people.csv").write_text("firstname\nAda\n")
    code = run_command(
        CATALOGUE,
        [
            *("contacts", "people.csv", "--api-version", "2026-03", "--id-property", "firstname"),
            *("--base-url", sandbox.url, "--properties", "contacts.json"),
        ],
    )
    assert code == 2
    assert "'firstname' cannot be the id property" in capsys.readouterr().err
    assert not sandbox.requests

"""The command with files as they are, against the simulated server: bad rows, and rejects read again."""

from __future__ import annotations

import csv
import gzip
import json
import re
import sys
from collections.abc import Callable
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert._cli.advice import CommandLine, in_flags
from hubspot_upsert.v2026_03 import Client

from tests.bulk.command_runs import Command, advised, people
from tests.bulk.server import ContactsServer
from tests.servers import TOKEN, RawServer, raw_answer

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd


@pytest.fixture
def command(
    contacts_server: ContactsServer,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    # Of its server it needs nothing but the URL here.
    return Command(contacts_server, tmp_path, capsys)  # type: ignore[arg-type]


@pytest.fixture
def stored(contacts_server: ContactsServer) -> dict[str, dict[str, str]]:
    """What the server holds, by email."""
    return contacts_server.contacts.stored


BAD_CSV = (
    "x@x.example",
    "y@x.example,Y,more",
    'z@x.example,"Z"z',
    f"long@x.example,{'x' * 140_000}",
)
BAD_LINES = ("nonsense", '{"email": "x@x.example", "firstname": NaN}', "[]", '{"email": "y"')


@pytest.mark.parametrize("dry", [False, True])
@pytest.mark.parametrize(
    ("name", "good", "bad"),
    [
        ("people.csv", people(250).encode(), [each.encode() for each in BAD_CSV] + [b"\xe9,x"]),
        (
            "people.jsonl",
            b"".join(b'{"email": "p%d@x.example"}\n' % number for number in range(250)),
            [each.encode() for each in BAD_LINES] + [b'{"email": "\xe9"}'],
        ),
    ],
)
def test_bad_rows_are_rejected_and_all_others_sent(
    command: Command,
    stored: dict[str, dict[str, str]],
    name: str,
    good: bytes,
    bad: list[bytes],
    dry: bool,
) -> None:
    lines = good.splitlines(keepends=True)
    for place, row in enumerate(bad):
        lines.insert(50 * (place + 1), row + b"\n")
    Path(name).write_bytes(b"".join(lines))
    numbers = [50 * (place + 1) + 1 for place in range(len(bad))]
    rejects = name.replace("people", "rejects")
    said = command.contacts(name, "--rejects", rejects, *(["--dry-run"] if dry else []))
    assert said.code == 1
    assert f"rejected    {len(bad)}" in said.out
    assert len(stored) == (0 if dry else 250)
    written = Path(rejects).read_text("utf-8", errors="surrogateescape")
    rows = list(csv.DictReader(written.splitlines(keepends=True))) if "csv" in name else []
    rows = rows or [json.loads(line) for line in written.splitlines()]
    assert [int(row["rejected: line"]) for row in rows] == numbers
    assert {row["rejected: code"] for row in rows} == {"UNREADABLE_RECORD"}
    # Read again as it is, it is rejected again.
    again = command.contacts(rejects, "--rejects", f"second-{rejects}")
    assert f"rejected  {len(bad)}" in again.out
    assert Path(f"second-{rejects}").stat().st_size <= Path(rejects).stat().st_size


def test_a_dry_run_names_all_that_is_wrong(command: Command) -> None:
    command.write("people.csv", people(30, *["x"] * 20, ",Nobody", "P0@x.example,Again"))
    said = command.contacts("people.csv", "--dry-run")
    assert said.code == 1
    lines = said.err.splitlines()
    assert [line.partition(": ")[2].partition(":")[0] for line in lines] == [
        f"line {number}" for number in range(32, 54)
    ]
    assert lines[0] == (
        "people.csv: line 32: there is 1 field, and the header has 2; "
        "is a delimiter or a quote missing?"
    )
    assert "rejected  22" in said.out


def test_a_duplicate_names_the_line_of_the_first(command: Command) -> None:
    rows = 'b@x.example,"two\nlines"\n\nc@x.example,C\nB@x.example,again\nc@x.example,again\n'
    command.write("people.csv", f"email,firstname\n\na@x.example,A\n{rows}")
    said = command.contacts("people.csv", "--dry-run", "--start-at", "1")
    assert said.err == (
        "people.csv: line 8: line 4 has the same email\npeople.csv: line 9: line 7 has the same email\n"
    )


def test_rejected_lines_of_another_encoding(
    command: Command, stored: dict[str, dict[str, str]]
) -> None:
    line = '{"email": "zoe@x.example", "firstname": "Zoë"}\n'
    Path("people.jsonl").write_bytes(line.encode("cp1252"))
    said = command.contacts("people.jsonl", "--rejects", "rejects.jsonl")
    assert "the byte 0xeb is not utf-8; give its --encoding, such as cp1252" in said.out
    assert command.contacts("rejects.jsonl", "--encoding", "cp1252").code == 0
    assert stored == {"zoe@x.example": {"firstname": "Zoë"}}


def test_a_column_without_a_name(command: Command, stored: dict[str, dict[str, str]]) -> None:
    command.write("people.csv", ",email,firstname\n0,a@x.example,Ada\n\n,,\n1,b@x.example,Bob\n")
    said = command.contacts("people.csv")
    assert said.code == 0
    assert said.err == (
        "hubspot-upsert: people.csv: column 1 has no name, and is not sent; line 2 has '0' there: "
        "name it, or leave it out with --skip ''\n"
    )
    assert stored == {
        "a@x.example": {"firstname": "Ada"},
        "b@x.example": {"firstname": "Bob"},
    }
    assert command.contacts("people.csv", "--skip", "").err == ""


def test_rejects_keep_encoding_delimiter_and_values(
    command: Command, stored: dict[str, dict[str, str]]
) -> None:
    text = "email;firstname;tags\nZoë@x.example;invalid;a,b\nbob@x.example;Zoë €;\n"
    Path("people.csv.gz").write_bytes(gzip.compress(text.encode("cp1252")))
    options = ["--encoding", "cp1252", "--delimiter", ";"]
    said = command.contacts("people.csv.gz", "--rejects", "rejects.csv", *options)
    assert said.code == 1
    written = Path("rejects.csv").read_bytes().decode("cp1252")
    assert written.splitlines()[1].startswith("Zoë@x.example;invalid;a,b;2;rejected;")
    Path("corrected.csv").write_bytes(written.replace("invalid", "Zoë").encode("cp1252"))
    assert command.contacts("corrected.csv", *options).code == 0
    assert stored == {
        "zoë@x.example": {"firstname": "Zoë", "tags": "a,b"},
        "bob@x.example": {"firstname": "Zoë €"},
    }


def test_timestamps_without_a_zone_are_written_as_they_would_be_sent(
    command: Command, stored: dict[str, dict[str, str]]
) -> None:
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    row = {"email": "a@x.example", "firstname": "invalid", "since": datetime(2026, 7, 1, 12)}
    parquet.write_table(arrow.Table.from_pylist([row]), "people.parquet")
    options = ["--timezone", "Europe/Berlin"]
    assert command.contacts("people.parquet", *options, "--rejects", "rejects.jsonl").code == 1
    command.write("corrected.jsonl", command.read("rejects.jsonl").replace('"invalid"', '"Ada"'))
    assert command.contacts("corrected.jsonl", *options).code == 0
    assert stored["a@x.example"] == {"firstname": "Ada", "since": "2026-07-01T10:00:00.000Z"}


# What to do next


def test_a_rejection_that_is_remembered_is_asked_again_on_demand(
    command: Command, contacts_server: ContactsServer, stored: dict[str, dict[str, str]]
) -> None:
    command.write("people.csv", people(250, "bad@x.example,invalid", ",nobody"))
    options = ["--journal", "run.sqlite", "--rejects", "rejects.csv"]
    first = command.contacts("people.csv", *options)
    assert "remembered" not in first.out
    requests = len(contacts_server.contacts.requests)
    again = command.contacts("people.csv", *options)
    assert "remembered  251  by the journal and not sent again" in again.out
    assert "1 rejection is remembered by run.sqlite and not new; to ask again: " in again.out
    assert len(contacts_server.contacts.requests) == requests
    contacts_server.contacts.accepts_all = True
    last = command(*advised(again.out, "to ask again"))
    assert last.code == 1
    assert contacts_server.contacts.requests[requests:] == [["bad@x.example"]]
    assert stored["bad@x.example"] == {"firstname": "invalid"}
    assert "rejected      1" in last.out
    assert "to ask again" not in last.out
    assert "to ask again" not in command.contacts("people.csv", *options).out


def test_only_what_failed_is_sent(
    command: Command, contacts_server: ContactsServer, stored: dict[str, dict[str, str]]
) -> None:
    command.write("people.csv", people(250, "bad@x.example,invalid"))
    contacts_server.faults = [None, "401"]
    journal = ["--concurrency", "1", "--journal", "run.sqlite"]
    assert command.contacts("people.csv", *journal).code == 2
    assert len(stored) == 100
    said = command.contacts("people.csv", *journal, "--only-failed")
    assert said.code == 2
    assert len(stored) == 100
    assert "stopped: earlier runs with this journal have not come to the records that follow" in (
        said.out
    )
    assert "to mend: leave --only-failed out to send them, too" in said.out
    assert command(*advised(said.out, "to go on")).code == 1
    assert len(stored) == 250
    contacts_server.contacts.accepts_all = True
    assert command.contacts("people.csv", *journal, "--only-failed").code == 0
    assert contacts_server.contacts.requests[-1] == ["bad@x.example"]


def test_a_run_that_was_stopped_goes_on_where_it_was(
    command: Command, contacts_server: ContactsServer, stored: dict[str, dict[str, str]]
) -> None:
    rows = ["bad@x.example,invalid", *people(300).splitlines()[1:], "P299@x.example,Again"]
    command.write("people.csv", "\n".join(["email,firstname", *rows, ""]))
    contacts_server.faults = [None, None, "401"]
    first = command.contacts("people.csv", "--rejects", "rejects.csv", "--concurrency", "1")
    assert first.code == 2
    assert len(stored) == 199
    words = advised(first.out, "to go on")
    assert advised(first.out, "once they are corrected")[-1] == "rejects-3.csv"
    assert words[words.index("--start-at") + 1] == "200"
    assert words[words.index("--rejects") + 1] == "rejects-2.csv"
    last = command(*words)
    assert "records   102  in 2 requests" in last.out
    assert len(stored) == 300
    assert command.read("rejects.csv").splitlines()[1].startswith("bad@x.example,invalid,2,")
    assert "line 302 has" in command.read("rejects-2.csv").splitlines()[1]


@pytest.mark.parametrize(
    ("ending", "tool", "compress"), [("gz", "gzip", gzip.compress), ("zst", "zstd", zstd.compress)]
)
def test_a_load_of_a_file_that_is_cut_off_goes_on_with_the_whole_one(
    command: Command,
    stored: dict[str, dict[str, str]],
    ending: str,
    tool: str,
    compress: Callable[[bytes], bytes],
) -> None:
    whole = compress(
        people(12_000).encode()
    )  # So long that some of it can be read without its end.
    name = f"people.csv.{ending}"
    Path(name).write_bytes(whole[: len(whole) * 9 // 10])
    first = command.contacts(name)
    told = re.fullmatch(
        rf"{name}: after line ([0-9,]+): the file is cut off: .*; get it again, until '{tool} -t FILE' .*",
        first.problem,
    )
    assert told is not None
    read = int(told[1].replace(",", "")) - 1
    words = advised(first.out, "to go on")
    # Of the last batches, which are to be sent at once, a later one may be sent, and an earlier one not.
    assert 0 < int(words[words.index("--start-at") + 1]) <= len(stored) <= read < 12_000
    assert f"stopped: {first.problem}" in first.out
    Path(name).write_bytes(whole)
    assert command(*words).code == 0
    assert len(stored) == 12_000


@pytest.mark.parametrize("dry", [(), ("--dry-run",)])
def test_a_start_beyond_the_end(command: Command, dry: tuple[str, ...]) -> None:
    command.write("people.csv", people(5))
    said = command.contacts("people.csv", "--start-at", "6", *dry)
    assert said.problem == "people.csv: --start-at is 6, counted from 0, and there are 5 records"
    assert said.out == ""
    # A run that is stopped after the last record goes on here.
    assert command.contacts("people.csv", "--start-at", "5", *dry).code == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--retry-rejected"], "--retry-rejected needs the journal of the run that is meant"),
        (["--only-failed"], "--only-failed needs the journal of the run that is meant"),
        (
            ["--start-at", "5", "--journal", "run.sqlite"],
            "a journal knows where to go on; leave --start-at out",
        ),
        (["--base-url", "http://x.example"], "--base-url 'http://x.example' would send"),
    ],
)
def test_options_that_do_not_go_together(
    command: Command, options: list[str], problem: str
) -> None:
    command.write("people.csv", people(3))
    said = command.contacts("people.csv", *options)
    assert said.problem.startswith(problem)
    assert "allow_plain_http" not in said.problem


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("base_url 'http://my_host' needs it", "--base-url 'http://my_host' needs it"),
        ("pass allow_plain_http=True if", "pass --allow-plain-http if"),
        ("name it with the option timezone", "name it with --timezone"),
        ("/data/my_time_budget/start_at.sqlite is no journal", None),
        ("hs_base_url, my-dry_run.csv and the timezone", None),
    ],
)
def test_options_are_named_as_the_command_has_them(text: str, told: str | None) -> None:
    assert in_flags(text) == (told or text)


def test_a_journal_keeps_its_name_in_messages(command: Command) -> None:
    command.write("people.csv", people(3))
    options = ["people.csv", "--journal", "my_run.sqlite"]
    assert command.contacts(*options).code == 0
    said = command.contacts(*options, "--duplicates", "last")
    assert said.problem.startswith("my_run.sqlite belongs to another run: it was made with")


@pytest.mark.parametrize("option", ["--journal", "--state"])
def test_a_file_has_one_purpose(command: Command, option: str) -> None:
    command.write("people.csv", people(3))
    said = command.contacts("people.csv", "--rejects", "a.csv", option, "./a.csv")
    assert said.problem == f"--rejects and {option} must be two files; both are a.csv"


LINE = CommandLine(
    "x", ["contacts", "a.csv", "--journal=j", "--limit", "5/1", "--dry-run"], "a.csv"
)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (LINE.without("--journal", "--dry-run"), "x contacts a.csv --limit 5/1"),
        (LINE.without("--limit", "--journal"), "x contacts a.csv --dry-run"),
        (
            LINE.having("--limit", "9/1").without("--journal"),
            "x contacts a.csv --dry-run --limit 9/1",
        ),
        (LINE.reading("b c.csv").without("--limit"), "x contacts 'b c.csv' --journal=j --dry-run"),
    ],
)
def test_the_same_command_with_what_has_to_change(line: CommandLine, text: str) -> None:
    assert str(line) == text


def test_a_mapping_is_saved_and_used_the_next_time(
    command: Command, stored: dict[str, dict[str, str]]
) -> None:
    command.write("people.csv", "E-Mail,Notes\na@x.example,hi\n")
    given = ("--map", "E-Mail=email", "--skip", "Notes")
    Path("mapping.yaml").write_text("before")
    Path("before.yaml").hardlink_to("mapping.yaml")
    assert command.contacts("people.csv", *given, "--save-mapping", "mapping.yaml").code == 0
    # It was replaced at once: whoever had it open reads on.
    assert Path("before.yaml").read_text() == "before"
    said = command.contacts("people.csv", "--mapping", "mapping.yaml")
    assert (said.code, said.err) == (0, "")
    assert "updated   1" in said.out
    command.write("people.csv", "E-Mail,firstname\na@x.example,Ada\n")
    said = command.contacts("people.csv", "--mapping", "mapping.yaml")
    assert said.err.splitlines() == [
        "hubspot-upsert: people.csv: mapping.yaml also names 'Notes', which is not there",
        "hubspot-upsert: people.csv: mapping.yaml does not know all columns; sent too: 'firstname' as "
        "'firstname'",
    ]
    assert stored["a@x.example"] == {"firstname": "Ada"}


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--save-mapping", "people.csv"], "people.csv is the file that is read"),
        (
            ["--save-mapping", "x", "--rejects", "x"],
            "--rejects and --save-mapping must be two files",
        ),
        (["--mapping", "people.csv"], "expected a mapping of columns"),
    ],
)
def test_a_mapping_that_will_not_do(command: Command, options: list[str], problem: str) -> None:
    command.write("people.csv", people(1))
    assert problem in command.contacts("people.csv", *options).problem
    assert command.read("people.csv") == people(1)


def test_an_app_that_gets_no_token_is_told(
    command: Command, raw_server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw_server.script = [raw_answer(b'{"error": "invalid_client"}', status="401 Unauthorized")]
    urls = {"oauth2": f"{raw_server.url}/token"}
    monkeypatch.setattr(Client, "TOKEN_URLS", urls, raising=False)
    monkeypatch.delenv("ACCESS_TOKEN")
    for name in ("ID", "SECRET"):
        monkeypatch.setenv(f"HUBSPOT_UPSERT_CLIENT_{name}", TOKEN)
    command.write("people.csv", people(3))
    said = command.contacts("people.csv")
    assert said.code == 2
    assert said.err.startswith("hubspot-upsert: token refresh: 401")
    assert "invalid_client" in said.err

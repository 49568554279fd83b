"""The whole command against the sandbox: what is stored, what is said, and the exit code."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.v2026_03 import Client

from tests.bulk.command_runs import MAIN, VERSION, Command, advised, ended, people
from tests.bulk.redis_server import RedisServer
from tests.servers import TOKEN


@pytest.fixture(scope="module")
def server() -> Iterator[Sandbox]:
    with Sandbox(Options(tokens={TOKEN: None}, burst_limit=None)) as sandbox:
        yield sandbox


@pytest.fixture
def command(
    server: Sandbox,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Command:
    server.reset()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    return Command(server, tmp_path, capsys)


# What is stored and said


def test_everything_is_accepted(command: Command) -> None:
    command.write("people.csv", people(250))
    said = command.contacts("people.csv")
    assert said.code == 0
    assert said.err == ""
    *lines, time = said.out.splitlines()
    assert lines == [
        "contacts.batch_upsert",
        "created   250",
        "updated     0",
        "rejected    0",
        "records   250  in 3 requests",
    ]
    assert time.startswith("time: ")
    assert command.sandbox.count("contacts") == 250
    assert command.stored("p7@x.example") == {"email": "p7@x.example", "firstname": "Name 7"}
    assert "updated   250" in command.contacts("people.csv").out


def test_only_what_changed_is_sent(command: Command) -> None:
    command.write("people.csv", people(250))
    assert "created   250" in command.contacts("people.csv", "--state", "people.sqlite").out
    command.write("people.csv", people(250).replace("Name 7\n", "Ada\n"))
    for option, lines in {
        "--dry-run": ["not sent     1", "unchanged  249", "would be sent in 1 batch"],
        "--concurrency=4": ["updated      1", "unchanged  249", "in 1 request"],
        "--concurrency=1": ["updated      0", "unchanged  250", "in 0 requests"],
        "--full": ["updated   250", "in 3 requests"],
    }.items():
        said = command.contacts("people.csv", "--state", "people.sqlite", option)
        assert said.code == 0
        assert all(line in said.out for line in lines), said.out
    assert command.stored("p7@x.example")["firstname"] == "Ada"


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--full"], "--full needs --state FILE"),
        (["--state", "x.sqlite", "--journal", "x.sqlite"], "must be two files"),
        (["--state", "people.csv"], "people.csv is no state"),
        (["--state", "other.sqlite"], "other.sqlite belongs to another load"),
    ],
)
def test_a_state_that_will_not_do(command: Command, options: list[str], problem: str) -> None:
    command.write("people.csv", people(1))
    with Client(TOKEN, base_url=command.sandbox.url) as client:
        client.deals.upsert([], id_property="number", state="other.sqlite")
    assert problem in command.contacts("people.csv", *options).problem


def test_rejected_records_are_corrected_and_fed_back(command: Command) -> None:
    text = people(120, "nobody,Nobody", "P5@X.example,Again").replace("email", "E-Mail")
    command.write("people.csv", text)
    said = command.contacts("people.csv", "--map", "E-Mail=email", "--rejects", "rejects.csv")
    assert said.code == 1
    assert "rejected    2" in said.out
    assert "122  email     INVALID_EMAIL  Email address nobody is invalid" in said.out
    again = (
        f"--map E-Mail=email --api-version {VERSION} --id-property email --rejects rejects-2.csv"
    )
    assert said.out.endswith(
        "\n2 records are in rejects.csv, with what is wrong\n"
        f"once they are corrected: hubspot-upsert --base-url {command.sandbox.url} contacts rejects.csv "
        f"{again}\n"
    )
    with Path("rejects.csv").open(newline="") as file:
        header, bad, twice = csv.reader(file)
    assert header[:2] == ["E-Mail", "firstname"]
    assert bad[:4] == ["nobody", "Nobody", "122", "rejected"]
    assert twice[:4] == ["P5@X.example", "Again", "123", "rejected"]
    corrected = command.read("rejects.csv").replace("nobody", "somebody@x.example")
    command.write("corrected.csv", corrected)
    said = command.contacts("corrected.csv", "--map", "E-Mail=email", "--rejects", "rejects.csv")
    assert said.code == 0
    assert len(command.read("rejects.csv").splitlines()) == 1
    assert command.sandbox.count("contacts") == 121
    assert command.stored("p5@x.example")["firstname"] == "Again"


@pytest.mark.parametrize(
    ("duplicates", "code", "name"),
    [("error", 1, "One"), ("first", 0, "One"), ("last", 0, "Two"), ("merge", 0, "Two")],
)
def test_duplicates(command: Command, duplicates: str, code: int, name: str) -> None:
    command.write("people.csv", "email,firstname\na@x.example,One\nA@x.example,Two\n")
    assert command.contacts("people.csv", "--duplicates", duplicates).code == code
    assert command.emails() == ["a@x.example"]
    assert command.stored("a@x.example")["firstname"] == name


def test_empty_cells_are_left_out_unless_they_are_to_clear(command: Command) -> None:
    command.write("people.csv", people(1))
    command.contacts("people.csv")
    command.write("empty.csv", "email,firstname\np0@x.example,\n")
    command.contacts("empty.csv")
    assert command.stored("p0@x.example")["firstname"] == "Name 0"
    command.contacts("empty.csv", "--clear-empty")
    assert not command.stored("p0@x.example").get("firstname")
    assert command.emails() == ["p0@x.example"]


def test_columns_are_chosen(command: Command) -> None:
    command.write("people.csv", "Mail,firstname,secret\na@x.example,Ada,s\n")
    options = ["--map", "Mail=email", "--skip", "secret"]
    assert command.contacts("people.csv", *options).code == 0
    assert command.stored("a@x.example") == {"email": "a@x.example", "firstname": "Ada"}


def test_json_lines_through_standard_input(command: Command) -> None:
    lines = [json.dumps({"email": f"{n}@x.example", "firstname": None}) for n in range(150)]
    process = command.start_contacts("-", "--format", "jsonl", "--rejects", "rejects.jsonl")
    said = ended(process, "\n".join([*lines, '{"email": "nobody", "firstname": "Nö"}']))
    assert said.code == 1
    assert command.sandbox.count("contacts") == 150
    rejected = json.loads(command.read("rejects.jsonl"))
    assert rejected["firstname"] == "Nö"
    assert rejected["rejected: line"] == 151


def test_parquet(command: Command) -> None:
    arrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    emails = [f"{n}@x.example" for n in range(150)]
    table = arrow.table({"email": [*emails, "nobody"], "firstname": ["Ada"] * 150 + [None]})
    parquet.write_table(table, "people.parquet")
    said = command.contacts("people.parquet", "--rejects", "rejects.jsonl")
    assert said.code == 1
    assert command.emails() == sorted(emails)
    rejected = json.loads(command.read("rejects.jsonl"))
    assert (rejected["email"], rejected["firstname"]) == ("nobody", None)
    assert rejected["rejected: line"] == 151


def test_nothing_to_do(command: Command) -> None:
    command.write("people.csv", "email,firstname\n")
    said = command.contacts("people.csv")
    assert said.code == 0
    assert "records   0  in 0 requests" in said.out
    assert command.sandbox.requests == []


def test_a_part_of_the_path(command: Command) -> None:
    command.write("people.csv", people(2))
    arguments = ["objects", "people.csv", "--api-version", VERSION, "--id-property", "email"]
    assert command(*arguments).problem.startswith("objects needs --argument object_type=…")
    assert command(*arguments, "--argument", "object_type=contacts").code == 0
    assert command.sandbox.count("contacts") == 2


def test_records_that_have_no_properties(command: Command) -> None:
    split = {"ownerId": 2, "percentage": 1.0}
    command.write("splits.jsonl", json.dumps({"id": 1, "splits": [split]}))
    said = command("deal_splits", "splits.jsonl", "--api-version", VERSION)
    assert (said.code, said.err) == (0, "")
    assert "written   1" in said.out
    named = command("deal_splits", "splits.jsonl", "--api-version", VERSION, "--id-property", "id")
    assert "deal_splits has no --id-property" in named.problem


def test_columns_of_fields_that_are_no_text(command: Command) -> None:
    split = json.dumps([{"ownerId": 2, "percentage": 1.0}]).replace('"', '""')
    command.write("splits.csv", f'id,splits\n1,"{split}"\n2,all\n')
    said = command("deal_splits", "splits.csv", "--api-version", VERSION, "--rejects", "no.csv")
    assert said.code == 1
    rejected = command.read("no.csv")
    assert "UNSUPPORTED_VALUE" in rejected
    assert "Input should be a valid list, and not 'all'" in rejected


def test_every_version(command: Command) -> None:
    command.write("people.csv", people(1))
    for version in ("v3", "2025-09", "2026-03"):
        arguments = ["people.csv", "--api-version", version, "--id-property", "email"]
        assert command("contacts", *arguments).code == 0
    assert len({entry.path for entry in command.sandbox.requests}) == 3


def test_a_dry_run_sends_nothing_and_needs_no_token(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ACCESS_TOKEN")
    command.write("people.csv", people(250))
    said = command.contacts("people.csv", "--dry-run")
    assert said.code == 0
    assert said.out.splitlines() == [
        "contacts.batch_upsert (dry run)",
        "not sent  250",
        "records   250  would be sent in 3 batches",
    ]
    command.write("people.csv", people(250, ",Nobody", "p3@x.example,Again"))
    said = command.contacts("people.csv", "--dry-run", "--rejects", "rejects.csv")
    assert said.code == 1
    assert "rejected    2" in said.out
    assert len(command.read("rejects.csv").splitlines()) == 3
    assert command.sandbox.requests == []


# What stops it


def test_what_every_record_would_meet_stops_the_run(command: Command) -> None:
    command.write("people.csv", people(5_000).replace("firstname", "first_name"))
    said = command.contacts("people.csv")
    assert said.code == 2
    stopped, mend, resume, again = said.out.splitlines()[-4:]
    assert stopped.startswith("stopped: ")
    assert "first_name" in stopped
    assert mend.startswith("to mend: ")
    assert resume == "resume at record 0, counted from 0"
    assert again.startswith("to go on: hubspot-upsert ")
    assert "--start-at" not in again
    assert command.sandbox.count("contacts") == 0
    assert len(command.sandbox.requests) <= 4
    # What it was stopped for is left out by the command that it shows.
    assert command(*advised(said.out, "to go on")).code == 0
    assert command.sandbox.count("contacts") == 5_000


def test_a_token_that_is_not_accepted(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTHER_TOKEN", "pat-other")
    command.write("people.csv", people(3))
    said = command.contacts("people.csv", "--token-variable", "OTHER_TOKEN")
    assert said.code == 2
    assert "stopped: " in said.out
    assert "pat-other" not in said.out + said.err


def test_a_token_comes_from_the_environment_only(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    command.write("people.csv", people(3))
    monkeypatch.setenv("EMPTY", " \n")
    for variable in ("MISSING", "EMPTY"):
        said = command.contacts("people.csv", "--token-variable", variable)
        assert said.problem == (
            f"there is no token: set the environment variable {variable}, or name the one that holds "
            "it with --token-variable"
        )
    said = command.contacts("people.csv", "--token-variable", TOKEN)
    assert TOKEN not in said.problem
    assert "not the token itself" in said.problem
    monkeypatch.setenv("STRANGE", "a b")
    said = command.contacts("people.csv", "--token-variable", "STRANGE")
    assert said.problem.startswith("the token must be one or more visible ASCII characters")
    # A line break at the end, as files and secrets often have one, does no harm.
    monkeypatch.setenv("WITH_LINE_BREAK", f"{TOKEN}\n")
    assert command.contacts("people.csv", "--token-variable", "WITH_LINE_BREAK").code == 0


def test_the_time_is_over(command: Command) -> None:
    command.write("people.csv", people(1_000))
    # Long enough for all that are in flight to be answered, but not for another attempt.
    command.sandbox.fail("locked;retry-after=3600", times=100)
    said = command.contacts("people.csv", "--time-budget", "30")
    assert said.code == 2
    assert "not sent  1,000" in said.out
    assert "stopped: the time budget of 30 s " in said.out


def test_the_report_as_a_page(command: Command) -> None:
    command.write("people.csv", people(120, "nobody,Nobody", "no one,No One"))
    plain = command.contacts("people.csv")
    command.write("load.html", "old" * 100_000)
    said = command.contacts("people.csv", "--report", "load.html")
    assert (said.code, said.err) == (plain.code, plain.err) == (1, "")
    page = command.read("load.html")
    assert page.endswith("</html>\n")
    for told in ("contacts.batch_upsert", "2 rejected", "120 updated", "lines 122, 123", "No One"):
        assert told in page
    assert command.contacts("people.csv", "--dry-run", "--report", "load.html").code == 0
    assert "Dry run" in command.read("load.html")


def test_the_page_shows_lines_that_cannot_be_read(command: Command) -> None:
    command.write("people.jsonl", '{"email": "ada@x.example"}\n\n<b>no JSON\n')
    assert command.contacts("people.jsonl", "--report", "load.html").code == 1
    page = command.read("load.html")
    assert "line 3" in page
    assert "&lt;b&gt;no JSON" in page


def test_a_run_that_is_stopped_has_a_page(command: Command) -> None:
    command.write("people.csv", people(1_000))
    options = ["--time-budget", "0.000001", "--report", "load.html"]
    assert command.contacts("people.csv", *options).code == 2
    assert "the time budget of 1e-06 s is over" in command.read("load.html")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("people.csv", "people.csv: --report writes an HTML page; name a file that ends in .html"),
        ("people.html", "people.html is the file that is read; write the report to another one"),
        ("no/load.html", "no/load.html: it cannot be written: No such file or directory"),
    ],
)
def test_a_report_that_cannot_be_written_is_refused_before_anything_is_sent(
    command: Command, name: str, problem: str
) -> None:
    source = command.write("people.html" if name == "people.html" else "people.csv", people(1))
    said = command.contacts(source, "--format", "csv", "--report", name)
    assert (said.code, said.problem) == (2, problem)
    assert command.sandbox.requests == []
    assert command.read(source) == people(1)


def test_a_journal_of_another_run(command: Command) -> None:
    command.write("people.csv", people(150, "nobody,Nobody"))
    options = ["--journal", "run.sqlite", "--rejects", "rejects.csv"]
    assert command.contacts("people.csv", *options).code == 1
    requests = len(command.sandbox.requests)
    rejects = command.read("rejects.csv")
    again = command.contacts("people.csv", *options)
    assert again.code == 1
    assert "created     150" in again.out
    assert len(command.sandbox.requests) == requests
    assert command.read("rejects.csv") == rejects
    said = command.contacts("people.csv", "--duplicates", "last", *options)
    assert said.problem == (
        "run.sqlite belongs to another run: it was made with --duplicates = 'error', and now it is "
        "'last'; run as before, or name another journal"
    )
    command.write("people.csv", people(150, "somebody@x.example,Nobody"))
    assert "run.sqlite belongs to another run: the records " in (
        command.contacts("people.csv", *options).err
    )
    assert len(command.sandbox.requests) == requests
    command.write("notes.txt", "Do not lose this.")
    assert command.contacts("people.csv", "--journal", "notes.txt").problem == (
        "notes.txt is no journal; name another file, or one that does not exist"
    )
    assert command.read("notes.txt") == "Do not lose this."


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--map", "nonsense"], "--map must be COLUMN=PROPERTY"),
        (["--delimiter", ";;"], "--delimiter must be one character"),
        (["--delimiter", ";"], "people.csv: no column becomes the id property 'email'"),
        (["--encoding", "latin-99"], "'latin-99' is no encoding"),
        (["--limit", "fast"], "--limit must be REQUESTS/SECONDS, such as 190/10; got 'fast'"),
        (["--limiter", "redis://localhost"], "--limiter needs --limit REQUESTS/SECONDS"),
        (["--limit", "5/1", "--limiter", "ftp://x"], ""),
        (["--rejects", "people.csv"], "people.csv is the file that is read"),
        (["--rejects", "no/rejects.csv"], "no/rejects.csv: it cannot be written: No such file"),
        (["--journal", "no/run.sqlite"], "no/run.sqlite cannot be opened: there is no folder"),
        (["--concurrency", "0"], "Invalid value for '--concurrency'"),
        (["--time-budget", "0"], "Invalid value for '--time-budget'"),
        (["--duplicates", "none"], "Invalid value for '--duplicates'"),
        (
            ["--base-url", "http://example.com"],
            "--base-url 'http://example.com' would send the token without encryption",
        ),
        (["--nonsense"], "No such option"),
        (["more"], "Got unexpected extra argument (more)"),
    ],
)
def test_options_that_will_not_do(command: Command, options: list[str], problem: str) -> None:
    command.write("people.csv", people(3))
    said = command.contacts("people.csv", *options)
    assert said.problem.startswith(problem)
    assert said.out == ""
    assert command.sandbox.requests == []
    assert command.read("people.csv") == people(3)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "OBJECT_TYPE is missing; 'hubspot-upsert --help' explains"),
        (["contacts"], "FILE is missing; 'hubspot-upsert --help' explains"),
        (
            ["contacts", "a.csv", "--api-version", VERSION],
            "name the unique property that finds a record with --id-property",
        ),
        (
            ["contacts", "a.xlsx", "--api-version", VERSION, "--id-property", "email"],
            "a.xlsx: the format cannot be told from the name; give --format csv|jsonl|parquet",
        ),
        (
            ["contacts", "a.csv", "--api-version", VERSION, "--id-property", "email"],
            "a.csv: No such file or directory",
        ),
    ],
)
def test_usage(command: Command, arguments: list[str], problem: str) -> None:
    assert command(*arguments).problem.startswith(problem)


# The limiter


def test_a_limit_that_is_shared(command: Command, shared_redis: RedisServer) -> None:
    command.write("people.csv", people(350))
    name = f"command-{os.getpid()}"
    options = ["--limit", "1900/100", "--limiter", shared_redis.url, "--limiter-name", name]
    assert command.contacts("people.csv", *options).code == 0
    assert command.sandbox.count("contacts") == 350
    with shared_redis.client() as client:
        (key,) = list(client.scan_iter(f"*{name}*"))
        client.delete(key)


def test_a_limit_of_this_process(command: Command) -> None:
    command.write("people.csv", people(350))
    assert command.contacts("people.csv", "--limit", "100/1").code == 0
    assert command.sandbox.count("contacts") == 350


# What it shows


def test_the_list(command: Command) -> None:
    said = command("--list")
    assert said.code == 0
    lines = said.out.splitlines()
    assert "2026-03  contacts" in lines
    assert "v3  custom_objects  --argument object_type=…" in lines
    assert "2025-09  deal_splits  (no --id-property)" in lines
    only = command("--list", "--api-version", "v3").out.splitlines()
    assert only == [line for line in lines if line.startswith("v3  ")]
    assert "did you mean '2025-09'?" in command("--list", "--api-version", "2025-9").problem


def test_help_and_version(command: Command) -> None:
    said = command("--help")
    assert said.code == 0
    assert "Exit codes: 0 all records were accepted" in " ".join(said.out.split())
    assert "--token-variable" in said.out
    assert command("--version").out.startswith("hubspot-upsert 0.")


WITHOUT = "import sys; sys.modules[{!r}] = None; " + MAIN


@pytest.mark.parametrize(
    ("missing", "extra"), [("click", "cli"), ("rich", "cli"), ("pyarrow", "cli,parquet")]
)
def test_what_is_not_installed(command: Command, missing: str, extra: str) -> None:
    name = command.write("people.parquet" if missing == "pyarrow" else "people.csv", people(1))
    said = ended(command.start_contacts(name, program=WITHOUT.format(missing)))
    if missing == "rich":  # Only a terminal needs it.
        assert said.code == 0
    else:
        assert said.problem.endswith(
            f"{missing} is needed and not installed; "
            f"install it with: pip install 'hubspot-upsert[{extra}]'"
        )

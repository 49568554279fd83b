"""Files whose headers are labels, sent whole by the command to a server that knows no sandbox."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command

from tests.bulk.command_runs import VERSION, Said
from tests.bulk.server import ContactsServer

PROPERTIES = {
    "email": {"label": "Email", "type": "email", "unique": True},
    "firstname": {"label": "First Name"},
    "age": {"label": "Age (years)", "type": "number"},
    "birthday": {"label": "Birthday", "type": "date"},
    "lead": {"label": "Lead", "type": "enumeration", "options": {"new": "New", "old": "Old"}},
    "vip": {"label": "V.I.P.", "type": "bool"},
    "hs_createdate": {"label": "Create Date", "type": "datetime", "read_only": True},
    "target": {"label": "Target Account"},
    "hs_target": {"label": "Target account"},
}
HEADER = ["E-Mail", "First Name", "age years", "BIRTHDAY", "Lead", "VIP", "Create Date"]
GOOD = ["", "Ada", "36", "1815-12-10", "new", "true", ""]
BAD = {
    0: ("no-email", "INVALID_EMAIL"),
    2: ("old", "INVALID_INTEGER"),
    3: ("someday", "INVALID_DATE"),
    4: ("New", "INVALID_OPTION"),
    5: ("yes", "INVALID_BOOLEAN"),
    6: ("2024-01-01T00:00:00Z", "READ_ONLY_VALUE"),
}
"""By column, a value that its property does not take, and the code of that."""


@pytest.fixture
def server() -> Iterator[ContactsServer]:
    server = ContactsServer()
    yield server
    server.close()


@pytest.fixture
def contacts(
    in_folder: None, server: ContactsServer, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Said]:
    """Upsert contacts by email."""
    Path("contacts.yaml").write_text(
        json.dumps({"object_type": "contacts", "properties": PROPERTIES})
    )

    def run(file: str, *options: str) -> Said:
        where = ("--api-version", VERSION, "--base-url", server.url, "--id-property", "email")
        capsys.readouterr()
        code = run_command(CATALOGUE, ["contacts", file, *where, *options])
        return Said(code, *capsys.readouterr())

    return run


def test_exactly_what_is_bad_is_rejected(
    contacts: Callable[..., Said], server: ContactsServer
) -> None:
    rows, expected = 10_000, dict[int, str]()
    with Path("people.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number in range(rows):
            row = [f"p{number}@x.example", *GOOD[1:]]
            column = number % 100
            if column in BAD:
                row[column], expected[number + 2] = BAD[column]
            writer.writerow(row)
    said = contacts("people.csv", "--properties", "contacts.yaml", "--rejects", "rejects.csv")
    assert said.code == 1
    with Path("rejects.csv").open(newline="") as file:
        rejects = {
            int(each["rejected: line"]): each["rejected: code"] for each in csv.DictReader(file)
        }
    assert rejects == expected
    assert len(rejects) == rows * len(BAD) // 100
    stored = server.contacts.stored
    assert len(stored) == rows - len(rejects) == sum(map(len, server.contacts.requests))
    names = dict(zip(("firstname", "age", "birthday", "lead", "vip"), GOOD[1:6], strict=True))
    assert stored["p99@x.example"] == names
    assert said.err.splitlines() == [
        "hubspot-upsert: people.csv: by their labels, 'E-Mail' is 'email', 'First Name' is 'firstname', "
        "'age years' is 'age', 'BIRTHDAY' is 'birthday', 'Lead' is 'lead', 'VIP' is 'vip' and "
        "'Create Date' is 'hs_createdate'",
        "hubspot-upsert: people.csv: the column 'Create Date' is 'hs_createdate', which only the API writes: "
        "records with a value there are refused, unless you give --skip 'Create Date'",
    ]


@pytest.mark.parametrize("name", ["people.csv", "people.jsonl"])
def test_what_is_no_property_stops_before_anything_is_sent(
    contacts: Callable[..., Said], server: ContactsServer, name: str
) -> None:
    record = {"Email": "a@x.example", "Frist Name": "Ada", "Target Account": "1", "Notes": "hi"}
    text = json.dumps(record)
    if name.endswith(".csv"):
        text = "\n".join([",".join(record), ",".join(record.values()), ""])
    Path(name).write_text(text)
    known = ("--properties", "contacts.yaml")
    problem = contacts(name, *known).problem
    assert problem == (
        f"{name}: several properties are called 'Target Account': give --map 'Target Account=target' "
        "or --map 'Target Account=hs_target'; the columns 'Frist Name' and 'Notes' are no properties of "
        "contacts: give --map 'Frist Name=firstname' --skip Notes, or --skip 'Frist Name' --skip Notes"
    )
    assert server.contacts.requests == []
    pasted = ("--map", "Target Account=target", "--map", "Frist Name=firstname", "--skip", "Notes")
    assert contacts(name, *known, *pasted, "--save-mapping", "mapping.yaml").code == 0
    expected = {"firstname": "Ada", "target": "1"}
    assert server.contacts.stored == {"a@x.example": expected}
    again = contacts(name, *known, "--mapping", "mapping.yaml")
    assert (again.code, again.err) == (0, "")
    assert json.loads(Path("mapping.yaml").read_text()) == {
        "object_type": "contacts",
        "columns": {"Email": "email", "Frist Name": "firstname", "Target Account": "target"},
        "skip": ["Notes"],
    }


def test_a_key_by_its_label(contacts: Callable[..., Said], server: ContactsServer) -> None:
    Path("people.csv").write_text("Email\na@x.example\n")
    said = contacts("people.csv", "--properties", "contacts.yaml", "--id-property", "Email")
    assert said.problem == (
        "people.csv: the id property 'Email' is the label of a property, not its name; give "
        "--id-property email"
    )
    assert server.contacts.requests == []

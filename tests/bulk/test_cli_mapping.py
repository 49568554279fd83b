"""From columns to properties: renaming, choosing, leaving out, and names that do not exist."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from package._cli.mapping import PROBLEM_COLUMNS, Mapper, SourceRecord, parse_mappings
from package._cli.problems import BadInput
from package._cli.reading import open_source

PEOPLE = "E-Mail,First Name,note\nada@x.example,Ada,\nbob@x.example,,hi\n"


def records(
    tmp_path: Path, mapper: Mapper, id_property: str | None = "email", content: str = PEOPLE
) -> list[SourceRecord]:
    path = tmp_path / ("a.jsonl" if content.startswith("{") else "a.csv")
    path.write_text(content)
    with open_source(str(path)) as source:
        return list(mapper.records(source, id_property))


def refusal(tmp_path: Path, mapper: Mapper, content: str = PEOPLE) -> str:
    with pytest.raises(BadInput) as raised:
        records(tmp_path, mapper, content=content)
    assert "\n" not in str(raised.value)
    return str(raised.value).partition(": ")[2]


def lines(*values: dict[str, Any]) -> str:
    return "".join(f"{json.dumps(each)}\n" for each in values)


def test_columns_become_properties(tmp_path: Path) -> None:
    mapper = Mapper({"E-Mail": "email", "First Name": "firstname"})
    ada, bob = records(tmp_path, mapper)
    assert ada == {"email": "ada@x.example", "firstname": "Ada", "note": ""}
    assert bob == {"email": "bob@x.example", "firstname": "", "note": "hi"}
    assert bob.row.line == 3
    assert bob.row.values == {"E-Mail": "bob@x.example", "First Name": "", "note": "hi"}


def test_empty_cells_are_left_out_where_they_do_not_clear(tmp_path: Path) -> None:
    mapper = Mapper({"E-Mail": "email"}, clears=False)
    assert records(tmp_path, mapper) == [
        {"email": "ada@x.example", "First Name": "Ada"},
        {"email": "bob@x.example", "note": "hi"},
    ]


def test_only_some_columns_are_sent(tmp_path: Path) -> None:
    renamed = {"E-Mail": "email"}
    assert records(tmp_path, Mapper(renamed, only=["E-Mail", "note"])) == [
        {"email": "ada@x.example", "note": ""},
        {"email": "bob@x.example", "note": "hi"},
    ]
    assert records(tmp_path, Mapper(renamed, skipped=["First Name"])) == records(
        tmp_path, Mapper(renamed, only=["E-Mail", "note"])
    )


def test_two_columns_can_be_swapped(tmp_path: Path) -> None:
    mapper = Mapper({"E-Mail": "note", "note": "E-Mail"})
    assert records(tmp_path, mapper, None)[1] == {
        "note": "bob@x.example",
        "First Name": "",
        "E-Mail": "hi",
    }


def test_columns_of_rejected_records_are_never_sent(tmp_path: Path) -> None:
    content = lines({"email": "a@x", **dict.fromkeys(PROBLEM_COLUMNS, "?")})
    assert records(tmp_path, Mapper({}), content=content) == [{"email": "a@x"}]


@pytest.mark.parametrize(
    ("mapper", "message"),
    [
        (
            Mapper({"e-mail": "email"}),
            "--map names 'e-mail', and there is no such column; did you mean 'E-Mail'?",
        ),
        (
            Mapper({"E-Mail": "email", "zzz": "x"}),
            "--map names 'zzz', and there is no such column; there are 'E-Mail', 'First Name', 'note'",
        ),
        (
            Mapper({"E-Mail": "email"}, only=["E-Mail", "notes"]),
            "--only names 'notes', and there is no such column; did you mean 'note'?",
        ),
        (
            Mapper({"E-Mail": "email"}, skipped=["Firstname"]),
            "--skip names 'Firstname', and there is no such column; did you mean 'First Name'?",
        ),
        (
            Mapper({}),
            "no column becomes the id property 'email'; name it with --map 'COLUMN=email'; "
            "did you mean 'E-Mail'?",
        ),
        (
            Mapper({"E-Mail": "email"}, skipped=["E-Mail"]),
            "no column becomes the id property 'email'; name it with --map 'COLUMN=email'; "
            "did you mean 'E-Mail'?",
        ),
        (
            Mapper({"E-Mail": "email", "note": "email"}),
            "the columns 'E-Mail' and 'note' both become 'email'; leave one out with --skip",
        ),
        (
            Mapper({"E-Mail": "email", "First Name": "note"}),
            "the columns 'First Name' and 'note' both become 'note'; leave one out with --skip",
        ),
    ],
)
def test_names_that_cannot_be_used(tmp_path: Path, mapper: Mapper, message: str) -> None:
    assert refusal(tmp_path, mapper) == message


def test_names_are_checked_before_a_record_is_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text(PEOPLE)
    with open_source(str(path)) as source, pytest.raises(BadInput):
        Mapper({}).records(source, "email")


# Records that differ in their fields


def test_fields_may_differ(tmp_path: Path) -> None:
    content = lines({"E-Mail": "a@x"}, {"E-Mail": "b@x", "note": "hi"}, {"note": ""})
    mapper = Mapper({"E-Mail": "email", "note": "remark"})
    assert records(tmp_path, mapper, content=content) == [
        {"email": "a@x"},
        {"email": "b@x", "remark": "hi"},
        {"remark": ""},
    ]


def test_the_first_records_tell_which_fields_there_are(tmp_path: Path) -> None:
    content = lines(*[{"email": f"{n}@x"} for n in range(99)], {"note": "hi"}, {"late": 1})
    assert len(records(tmp_path, Mapper({"note": "remark"}), content=content)) == 101
    assert refusal(tmp_path, Mapper({"late": "x"}), content) == (
        "--map names 'late', and there is no such column in the first 100 records; "
        "there are 'email', 'note'"
    )
    assert refusal(tmp_path, Mapper({"email": "id"}), content).startswith(
        "no column becomes the id property 'email'"
    )


def test_fields_that_become_the_same_later_on(tmp_path: Path) -> None:
    content = lines(*[{"email": f"{n}@x"} for n in range(200)], {"email": "a@x", "mail": "b@x"})
    path = tmp_path / "a.jsonl"
    path.write_text(content)
    with open_source(str(path)) as source:
        mapped = Mapper({"email": "mail"}).records(source, "mail")
        for _ in range(200):
            next(mapped)
        with pytest.raises(BadInput, match="line 201: the columns 'email' and 'mail' both become"):
            next(mapped)


def test_no_record_has_no_field(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.touch()
    with open_source(str(path)) as source:
        assert list(Mapper({"a": "b"}).records(source, "email")) == []


# What is given on the command line


def test_mappings_are_read() -> None:
    assert parse_mappings(["E-Mail=email", " a = b =c", "x==y"]) == {
        "E-Mail": "email",
        "a = b": "c",
        "x=": "y",
    }


@pytest.mark.parametrize("text", ["email", "=email", "E-Mail=", "=", ""])
def test_mappings_of_another_form(text: str) -> None:
    with pytest.raises(BadInput, match="--map must be COLUMN=PROPERTY"):
        parse_mappings([text])


def test_a_column_becomes_one_property() -> None:
    with pytest.raises(BadInput, match="--map names the column 'a' twice"):
        parse_mappings(["a=b", "a=c"])

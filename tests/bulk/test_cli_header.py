"""Columns that are matched to properties by name and by label, and mappings that are saved."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from package._cli.columns import NOTHING_SAVED, Mapper, UnreadableRow
from package._cli.errors import BadInput
from package._cli.header import PropertyNames
from package._cli.mapping import ColumnMapping, read_mapping, write_mapping
from package._cli.source import open_source
from package._properties.files import ObjectProperties
from package._properties.property import Property
from package._runtime.roles import PropertyRules

PROPERTIES = (
    Property("email", "email", label="Email", unique=True),
    Property("firstname", label="First Name"),
    Property("lastname", label="Last Name"),
    Property("hs_createdate", "datetime", label="Create Date", read_only=True),
    Property("hs_is_target_account", label="Target Account"),
    Property("hs_target_account", label="Target account"),
    Property("old_phone", label="Phone", archived=True),
    Property("phone", label="Phone"),
    Property("größe", label="Größe (cm)"),
)
NAMES = PropertyNames(
    ObjectProperties("contacts", {each.name: each for each in PROPERTIES}), PropertyRules()
)


@pytest.mark.parametrize(
    ("column", "meant"),
    [
        ("firstname", ["firstname"]),
        ("First Name", ["firstname"]),
        (" first-name:", ["firstname"]),
        ("E-Mail", ["email"]),
        ("PHONE", ["phone"]),
        ("old_phone", ["old_phone"]),
        ("GRÖSSE CM", ["größe"]),
        ("Gro\u0308ße (cm)", ["größe"]),
        ("Target Account", ["hs_is_target_account", "hs_target_account"]),
        ("hs_target_account", ["hs_target_account"]),
        ("Nickname", []),
        ("?!", []),
    ],
)
def test_what_a_column_means(column: str, meant: list[str]) -> None:
    assert list(NAMES.meant_by(column)) == meant


def records(folder: Path, content: str, mapper: Mapper, name: str = "people.csv") -> list[Any]:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    with open_source(str(path)) as source:
        return list(mapper.records(source, "email"))


def refusal(folder: Path, header: str, mapper: Mapper) -> str:
    with pytest.raises(BadInput) as raised:
        records(folder, f"{header}\n", mapper)
    assert "\n" not in str(raised.value)
    return str(raised.value).removeprefix(f"{folder}/people.csv: ")


def test_labels_become_names(tmp_path: Path) -> None:
    mapper = Mapper({"Rufname": "firstname"}, skipped=["Notes"], names=NAMES)
    text = "E-Mail,Rufname,Last Name,phone,Create Date,Notes\na@x,Ada,L,1,,hi\n"
    assert records(tmp_path, text, mapper) == [
        {"email": "a@x", "firstname": "Ada", "lastname": "L", "phone": "1", "hs_createdate": ""}
    ]
    assert mapper.notes == [
        "by their labels, 'E-Mail' is 'email', 'Last Name' is 'lastname' and "
        "'Create Date' is 'hs_createdate'",
        "the column 'Create Date' is 'hs_createdate', which only the API writes: "
        "records with a value there are refused, unless you give --skip 'Create Date'",
    ]


UNKNOWN = (
    "the columns 'Frist Name' and 'My notes' are no properties of contacts: give "
    "--map 'Frist Name=firstname' --skip 'My notes', or --skip 'Frist Name' --skip 'My notes'"
)


@pytest.mark.parametrize(
    ("header", "renamed", "message"),
    [
        ("email,Frist Name,My notes", {}, UNKNOWN),
        ("email,x", {}, "the column 'x' is no property of contacts: give --skip x"),
        (
            *("email,Target Account", {}),
            "several properties are called 'Target Account': give "
            "--map 'Target Account=hs_is_target_account' or --map 'Target Account=hs_target_account'",
        ),
        (
            *("Email,E-Mail", {}),
            "the columns 'Email' and 'E-Mail' both become 'email'; leave one out with --skip Email or "
            "--skip E-Mail",
        ),
        (
            *("email,Name", {"Name": "fristname"}),
            "--map makes 'Name' 'fristname', which is no property of contacts; give "
            "--map Name=firstname",
        ),
        (
            *("email,Name,x", {"Name": "zzzz"}),
            "--map makes 'Name' 'zzzz', which is no property of contacts; the column 'x' is no property "
            "of contacts: give --skip x",
        ),
        (
            *("First Name", {}),
            "no column becomes the id property 'email'; name it with --map 'COLUMN=email'; "
            "there are 'First Name'",
        ),
    ],
)
def test_columns_that_are_no_property(
    tmp_path: Path, header: str, renamed: dict[str, str], message: str
) -> None:
    assert refusal(tmp_path, header, Mapper(renamed, names=NAMES)) == message


@pytest.mark.parametrize(
    ("key", "message"),
    [
        (
            "E-Mail",
            "the id property 'E-Mail' is the label of a property, not its name; give "
            "--id-property email",
        ),
        (
            "Target Account",
            "the id property 'Target Account' is the label of a property, not its name; give "
            "--id-property hs_is_target_account or --id-property hs_target_account",
        ),
        (
            "emial",
            "the id property 'emial' is no property of contacts; give --id-property email",
        ),
        ("zzzz", "the id property 'zzzz' is no property of contacts; give --id-property email"),
    ],
)
def test_a_key_that_is_no_name(tmp_path: Path, key: str, message: str) -> None:
    path = tmp_path / "people.csv"
    path.write_text("E-Mail,Nothing\na@x,1\n")
    with open_source(str(path)) as source, pytest.raises(BadInput) as raised:
        Mapper({}, names=NAMES).records(source, key)
    assert str(raised.value) == f"{path}: {message}"


def test_fields_that_come_late(tmp_path: Path) -> None:
    first = [{"E-Mail": f"{n}@x"} for n in range(100)]
    late: list[dict[str, str]] = [{"email": "a@x", "First Name": "A", "x": "1"}]
    ambiguous: list[dict[str, str]] = [{"email": "a@x", "Target Account": "B"}]
    text = "".join(f"{json.dumps(each)}\n" for each in [*first, *late, *ambiguous])
    *_, known, bad = records(tmp_path, text, Mapper({}, names=NAMES), "people.jsonl")
    assert known == {"email": "a@x", "firstname": "A", "x": "1"}
    assert isinstance(bad, UnreadableRow)
    assert "--map 'Target Account=hs_target_account'" in bad.problem.message
    text = json.dumps({"email": "a@x", "x": 1})
    with pytest.raises(BadInput, match="the column 'x' is no property of contacts: give --skip x"):
        records(tmp_path, text, Mapper({}, names=NAMES), "people.jsonl")


def test_a_mapping_is_saved_and_used(tmp_path: Path) -> None:
    file = str(tmp_path / "mapping.yaml")
    text = "E-Mail,Rufname,Notes\na@x,Ada,hi\n"
    mapper = Mapper({"Rufname": "firstname"}, skipped=["Notes"], names=NAMES)
    expected = records(tmp_path, text, mapper)
    write_mapping(file, "contacts", mapper.mapping)
    saved = read_mapping(file, "contacts")
    assert saved.columns == {"E-Mail": "email", "Rufname": "firstname"}
    assert saved.skipped == ("Notes",)
    again = Mapper({}, saved=saved)
    assert records(tmp_path, text, again) == expected
    assert again.notes == []
    # What is given besides comes first.
    other = Mapper({"Notes": "lastname"}, skipped=["Rufname"], saved=saved)
    assert records(tmp_path, text, other) == [{"email": "a@x", "lastname": "hi"}]
    fewer = Mapper({}, saved=saved)
    assert records(tmp_path, "E-Mail,age\na@x,7\n", fewer) == [{"email": "a@x", "age": "7"}]
    assert fewer.notes == [
        f"{file} also names 'Notes' and 'Rufname', which is not there",
        f"{file} does not know all columns; sent too: 'age' as 'age'",
    ]


def test_a_mapping_that_somebody_wrote(tmp_path: Path) -> None:
    file = tmp_path / "mapping.yml"
    file.write_text("columns:\n  E-Mail: email\nskip:\n- Notes\n- ''\n")
    assert read_mapping(str(file), "contacts") == ColumnMapping(
        {"E-Mail": "email"}, ("Notes", ""), str(file)
    )


EXPECTED = "expected a mapping of columns, as --save-mapping writes it"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("email,name", EXPECTED),
        ("[1]", EXPECTED),
        ("columns: [a]", EXPECTED),
        ("{columns: {a: ''}}", EXPECTED),
        ("{columns: {a: b}, skip: c}", EXPECTED),
        ("{columns: {a: b}, skipped: [c]}", EXPECTED),
        ("{columns: {a: b}, object_type: deals}", "is the mapping of deals, and not of contacts"),
        ("{columns: {a: b, a: c}}", "line 1: 'a' stands there twice"),
        ("{columns: [", "not valid YAML"),
        ("\0", "not valid YAML"),
        (None, f"cannot be read: No such file or directory; {EXPECTED}"),
    ],
)
def test_a_file_that_is_no_mapping(tmp_path: Path, text: str | None, message: str) -> None:
    file = tmp_path / "mapping.yaml"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadInput) as raised:
        read_mapping(str(file), "contacts")
    assert str(raised.value).startswith(f"{file}: ")
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_mapping_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="it cannot be written: Is a directory"):
        write_mapping(str(tmp_path), "contacts", NOTHING_SAVED)


def test_a_wrong_name_is_blamed_on_the_file_that_has_it(tmp_path: Path) -> None:
    saved = ColumnMapping({"Name": "fristname", "Email": "emial"}, source="mapping.yaml")
    mapper = Mapper({"Email": "emial"}, saved=saved, names=NAMES)
    told = refusal(tmp_path, "Name,Email", mapper)
    assert "mapping.yaml makes 'Name' 'fristname', which is no property" in told
    assert "--map makes 'Email' 'emial', which is no property" in told

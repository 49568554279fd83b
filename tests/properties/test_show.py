"""What the command `properties show` tells of files of properties."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hubspot_upsert._cli.catalogue import CATALOGUE
from hubspot_upsert._cli.entry import run_command

from tests.bulk.command_runs import Said
from tests.properties.command_runs import PropertiesCommand

LONG = "hs_cumulative_time_in_a_stage_whose_name_is_long"
CONTACTS = {
    "email": {"label": "Email", "type": "email", "unique": True},
    "fax": {"label": "Fax", "archived": True},
    "hs_object_id": {"label": "Record ID", "type": "number", "unique": True},
    "key": {"label": "Key of Record", "unique": True, "read_only": True},
    LONG: {"label": 'Time in "A|B"', "type": "number", "read_only": True, "calculated": True},
    "interests": {
        "label": "Interests",
        "type": "enumeration",
        "multiple": True,
        "options": {"a": "A", "b": "[bold]b", "c": "", "d": "d", "e": "E", "de": "Germany"},
    },
}


@pytest.fixture
def contacts(tmp_path: Path) -> None:
    (tmp_path / "properties").mkdir()
    text = json.dumps({"object_type": "contacts", "properties": CONTACTS})
    (tmp_path / "properties" / "contacts.yaml").write_text(text, "utf-8")


@pytest.mark.usefixtures("contacts")
@pytest.mark.parametrize(
    ("search", "names"),
    [
        (None, sorted(CONTACTS)),
        ("EMAIL", ["email"]),
        ("of record", ["key"]),
        ("germany", ["interests"]),
        ("de", ["interests"]),
    ],
)
def test_properties_are_found_by_name_label_and_option(
    properties: PropertiesCommand, search: str | None, names: list[str]
) -> None:
    options = [] if search is None else ["--search", search]
    said = properties("show", "contacts", "--format", "json", *options)
    assert (said.code, said.err) == (0, "")
    assert [each["name"] for each in json.loads(said.out)["properties"]] == names


@pytest.mark.usefixtures("contacts")
def test_programs_are_told_everything(properties: PropertiesCommand) -> None:
    found = json.loads(properties("show", "contacts", "--format", "json").out)
    assert found["object_type"] == "contacts"
    by_name = {each.pop("name"): each for each in found["properties"]}
    assert by_name["interests"] == {
        "label": "Interests",
        "type": "enumeration",
        "multiple": True,
        "options": CONTACTS["interests"]["options"],
        "may_be_key": False,
        "writable": True,
        "archived": False,
    }
    keys = {each: found["may_be_key"] for each, found in by_name.items()}
    assert keys == dict.fromkeys(CONTACTS, False) | {"email": True, "key": None}
    assert [name for name, each in by_name.items() if each["writable"]] == [
        *("email", "hs_object_id", "interests")
    ]


@pytest.mark.usefixtures("contacts")
def test_a_table_fits_80_columns_and_cuts_no_name(properties: PropertiesCommand) -> None:
    lines = properties("show", "contacts").out.splitlines()
    assert lines[0].split() == ["name", "label", "and", "options", "type", "key", "writable"]
    assert max(map(len, lines)) <= 80
    assert "".join(line[:26].strip() for line in lines[3:5]) == LONG
    assert [re.split(r" {2,}", line.strip())[-2:] for line in lines[1:2]] == [["yes", "yes"]]
    (line,) = [line for line in lines if "Germany" in line or "more" in line]
    assert "1 more" in line


@pytest.mark.usefixtures("contacts")
def test_what_was_searched_for_stands_first_among_the_options(
    properties: PropertiesCommand,
) -> None:
    said = properties("show", "contacts", "--search", "germ", "--format", "markdown")
    assert said.out.splitlines() == [
        "| name | label | type | key | writable | options |",
        "| --- | --- | --- | --- | --- | --- |",
        "| `interests` | Interests | enumeration |  | yes | several of: de (Germany), a (A), "
        r"b (\[bold]b), c, d, … 1 more |",
    ]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ((), "Missing command. ('hubspot-upsert properties --help' explains)"),
        (("show",), "Missing argument 'OBJECT_TYPE'. ('hubspot-upsert properties show --help'"),
        (("show", "contacts"), "there is no folder properties; write one with 'properties pull'"),
        (("show", "contacts", "--properties", "no.yaml"), "no.yaml: cannot be read: No such file"),
    ],
)
def test_bad_usage_is_one_line(
    properties: PropertiesCommand, arguments: tuple[str, ...], problem: str
) -> None:
    assert properties(*arguments).problem.startswith(problem)


@pytest.mark.usefixtures("contacts")
def test_nothing_found_is_said(properties: PropertiesCommand) -> None:
    said = properties("show", "contacts", "--search", "emial")
    assert (said.code, said.out) == (1, "")
    assert said.err == "contacts has no property with 'emial'; did you mean 'email'?\n"


def test_the_word_stands_first(capsys: pytest.CaptureFixture[str]) -> None:
    code = run_command(CATALOGUE, ["--dry-run", "properties", "show"])
    assert Said(code, *capsys.readouterr()).problem == (
        "'properties' must stand first; its options follow it"
    )


@pytest.mark.usefixtures("contacts")
@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("[", "properties/deals.yaml: line 1, column 2: not valid YAML"),
        ('{"deals": 5}', "properties/deals.yaml: deals: expected properties"),
        ('{"object_type": "contacts", "properties": {}}', "properties/deals.yaml: holds the prop"),
        (None, "properties: has no file of deals; 'properties pull deals' writes one"),
    ],
)
def test_a_file_that_will_not_do_is_one_line(
    properties: PropertiesCommand, content: str | None, problem: str
) -> None:
    if content is not None:
        Path("properties/deals.yaml").write_text(content, "utf-8")
    assert properties("show", "deals").problem.startswith(problem)
    assert "did you mean 'contacts'" in properties("show", "contcts").problem

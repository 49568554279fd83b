"""Object types have several names: an id, a singular. All lead to the same properties and records."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from hubspot_upsert._properties.files import names_of, read_file
from hubspot_upsert._upserts import ALIASES, ROLES
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.v2026_03 import Client

from tests.properties.command_runs import PropertiesCommand
from tests.properties.server import PropertiesServer

NAMES = [(name, label) for label, others in ALIASES.items() for name in (label, *others)]
RULES = ROLES.property_rules


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    with Sandbox(Options(burst_limit=None)) as sandbox:
        yield sandbox


@pytest.mark.parametrize(("name", "label"), NAMES)
def test_the_sandbox_knows_all_names(sandbox: Sandbox, name: str, label: str) -> None:
    sandbox.declare(name, code={"unique": True})
    record: Any = {"id": "1", "idProperty": "code", "properties": {}}
    with sandbox.client(Client) as client:
        response = client.objects.batch_upsert(object_type=name, inputs=[record])
        listed = [client.properties.get_all(object_type=one).results for one in (name, label)]
    assert [one.new for one in response.results] == [True]
    assert listed[0] == listed[1]
    assert sandbox.count(label) == 1
    assert sandbox.records(name) == sandbox.records(label)


@pytest.mark.parametrize(("name", "label"), NAMES)
def test_any_name_finds_the_file_of_any_name(tmp_path: Path, name: str, label: str) -> None:
    for other in names_of(label, ALIASES):
        folder = tmp_path / other
        folder.mkdir()
        (folder / f"{other}.yaml").write_text(
            f"object_type: {other}\nproperties: {{note: {{}}}}", "utf-8"
        )
        for path in (folder, folder / f"{other}.yaml"):
            assert [*read_file(path, name, RULES, ALIASES).properties] == ["note"]


@pytest.mark.parametrize("name", ["0-1", "contact", "contacts"])
def test_records_are_checked_by_the_file_of_any_name(
    sandbox: Sandbox, tmp_path: Path, name: str
) -> None:
    for file in ("contacts", "0-1"):
        folder = tmp_path / file
        folder.mkdir()
        properties = "{email: {type: email, unique: true}, firstname: {}}"
        text = f"object_type: {file}\nproperties: {properties}"
        (folder / f"{file}.yaml").write_text(text, "utf-8")
        with sandbox.client(Client) as client:
            people = [{"email": "a@example.com"}, {"email": "no"}]
            report = client.objects.upsert(
                people, object_type=name, id_property="email", properties=folder, dry_run=True
            )
            assert report.rejected == 1
            report = client.contacts.upsert(
                people, id_property="email", properties=folder, dry_run=True
            )
            assert report.rejected == 1


def test_a_type_is_pulled_once_into_the_file_of_its_own_name(
    command: PropertiesCommand, account: PropertiesServer
) -> None:
    said = command.pull("0-1", "contact", "contacts")
    assert (said.code, said.err) == (0, "")
    assert [one.name for one in Path("properties").iterdir()] == ["contacts.yaml"]
    assert command("show", "0-1", "--properties", "properties").code == 0


def test_what_is_no_name_is_its_own() -> None:
    assert names_of("2-123", ALIASES) == ("2-123",)


def test_each_is_found_below_the_sandbox_as_well(sandbox: Sandbox) -> None:
    answers = [
        httpx2.get(f"{sandbox.url}/_sandbox/objects/{name}", timeout=60).json()
        for name in names_of("contacts", ALIASES)
    ]
    assert answers == [answers[0]] * len(answers)

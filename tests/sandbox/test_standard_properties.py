"""The properties that every account has: their files, and what the sandbox makes of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from hubspot_upsert._properties.files import read_files
from hubspot_upsert.errors import ValidationError
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.sandbox.contract import load_contract
from hubspot_upsert.v2026_03 import Client

from tests.inventory import SPECS

FILES = sorted((SPECS / "properties").glob("*.yaml"))
RULES = load_contract().property_rules
KINDS = {"live", "documented", "code", "copied", "inferred", "chosen"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(Options(burst_limit=None)) as sandbox:
        yield sandbox


@pytest.fixture(scope="module")
def client(sandbox: Sandbox) -> Iterator[Client]:
    with sandbox.client(Client) as client:
        yield client


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_files_are_what_the_client_pulls_and_what_the_sandbox_has(path: Path) -> None:
    (known,) = read_files([path], {"": RULES[""]}).values()
    standard = load_contract().standard_properties.of(path.stem)
    assert known.object_type == path.stem
    emails = RULES.get(path.stem, RULES[""]).emails
    assert {name: one for name, one in standard.items() if name not in emails} == {
        name: one for name, one in known.properties.items() if name not in emails
    }
    assert {standard[name].type for name in emails} <= {"email"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_each_property_says_how_it_is_known(path: Path) -> None:
    lines = [one for one in path.read_text("utf-8").splitlines() if re.match(r"  \w+:", one)]
    assert lines
    assert all({*one.partition("  # ")[2].split(", ")} <= KINDS for one in lines)


def test_what_every_account_has_can_be_written(sandbox: Sandbox, client: Client) -> None:
    stage, deal = {"lifecyclestage": "lead"}, {"dealstage": "any", "pipeline": "mine"}
    person = {"phone": "1", "company": "Analytical", "jobtitle": "Countess", **stage}
    report = client.contacts.upsert([{"email": "a@example.com", **person}], id_property="email")
    assert (report.created, report.rejected) == (1, 0)
    sandbox.declare("deals", code={"unique": True})
    sandbox.declare("companies", code={"unique": True})
    report = client.deals.upsert([{"code": "1", "dealname": "One", **deal}], id_property="code")
    assert report.created == 1
    company = {"code": "1", "name": "One", "domain": "one.example"}
    assert client.companies.upsert([company], id_property="code").created == 1


@pytest.mark.parametrize(
    "name, value, code",
    [
        ("lifecyclestage", "nothing", "INVALID_OPTION"),
        ("createdate", "2026-01-01", "READ_ONLY_VALUE"),
        ("closedate", "someday", "INVALID_LONG"),
    ],
)
def test_values_are_those_of_their_types(client: Client, name: str, value: str, code: str) -> None:
    with pytest.raises(ValidationError, match=code):
        client.contacts.batch_upsert(
            inputs=[{"id": "b@example.com", "idProperty": "email", "properties": {name: value}}]
        )


def test_what_is_declared_stands_before_what_every_account_has() -> None:
    with Sandbox() as sandbox, sandbox.client(Client) as client:
        sandbox.declare("contacts", lifecyclestage={"type": "enumeration", "options": ["guest"]})
        people = [{"email": "a@example.com", "lifecyclestage": one} for one in ("lead", "guest")]
        people[1]["email"] = "b@example.com"
        report = client.contacts.upsert(people, id_property="email")
        assert (report.created, report.rejected) == (1, 1)
        sandbox.reset()
        assert client.contacts.upsert(people, id_property="email").rejected == 1


def test_domain_of_companies_exists_and_is_not_unique(client: Client) -> None:
    said = "Unable to perform update/upsert by non-unique .*property domain"
    with pytest.raises(ValidationError, match=said):
        client.companies.batch_upsert(
            inputs=[{"id": "one.example", "idProperty": "domain", "properties": {}}]
        )


def test_what_every_account_has_is_not_declared(tmp_path: Path) -> None:
    path = tmp_path / "crm.sqlite"
    standard = load_contract().standard_properties
    with Sandbox(Options(database=path)) as sandbox, sandbox.client(Client) as client:
        assert client.contacts.upsert([{"email": "a@example.com"}], id_property="email").created
        answer = httpx2.get(f"{sandbox.url}/_sandbox/properties/contacts", timeout=60)
        assert answer.json()["properties"].keys() == standard.of("contacts").keys()
    assert b"hs_additional_emails" not in path.read_bytes()


@pytest.mark.parametrize("name", ["../contract", "contacts.json", "Contacts", "", "\0"])
def test_what_names_no_object_type_has_no_standard_properties(name: str) -> None:
    assert load_contract().standard_properties.of(name) == {}

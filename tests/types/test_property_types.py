"""Type checkers hold records against the types of properties: right ones pass, each misuse is an error."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from tests.command_line import upsertgen, write_files
from tests.types.test_type_checkers import ROOT, Finding, run_mypy, run_pyright

TYPED = ROOT / "tests" / "properties" / "typed"
KEYS = ("--key", "2-123=hs_object_id", "--key", "line_items=sku")
USE = """\
from collections.abc import AsyncIterator, Iterable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from hubspot_upsert.v2026_03 import AsyncClient, Client
from my_app.crm_types import KEYS, READ_ONLY, WRITABLE, Contacts, LineItems, Object2_123


def values(number: int, name: str | None, chosen: list[str], day: date) -> Iterator[Contacts]:
    yield {"email": "ada@example.com"}
    yield {"email": UUID(int=1), "firstname": name, "annualrevenue": 1.5}
    yield {"email": number, "annualrevenue": Decimal("1.5"), "associatedcompanyid": number}
    yield {"email": "a", "associatedcompanyid": "12", "date_of_birth": day, "closedate": day}
    yield {"email": "a", "closedate": datetime.now(UTC), "date_of_birth": "1990-12-31"}
    yield {"email": "a", "closedate": "2026-01-01T00:00:00Z", "date_of_birth": None}
    yield {"email": "a", "subscribed": True, "hs_marketable_status": "true"}
    yield {"email": "a", "subscribed": "", "hs_marketable_status": None}
    yield {"email": "a", "lifecyclestage": "lead", "num_employees": "1000+"}
    yield {"email": "a", "lifecyclestage": "", "num_employees": None}
    yield {"email": "a", "hs_legal_basis": ["Not applicable"], "hs_additional_emails": chosen}
    yield {"email": "a", "hs_legal_basis": {"Not applicable"}, "hs_additional_emails": ("a", "b")}
    yield {"email": "a", "hs_legal_basis": ";Not applicable", "hs_additional_emails": "a;b"}
    yield {"email": "a", "hubspot_owner_id": number, "class": "A", "str": "B", "type": "C"}


def changed(record: Contacts) -> Contacts:
    record["firstname"] = "Ada"
    record["class"] = "A"
    return {**record, "lifecyclestage": "customer"}


def push(client: Client, people: Iterable[Contacts], items: list[LineItems]) -> None:
    client.contacts.upsert(people, id_property="email")
    client.contacts.upsert(map(changed, people), id_property=KEYS["contacts"][0], dry_run=True)
    client.line_items.upsert(items, id_property="sku")
    for outcome in client.contacts.iter_upsert(people, id_property="email"):
        print(outcome.status)
    objects: tuple[Object2_123, ...] = ({"hs_object_id": 7},)
    client.objects.upsert(objects, object_type="2-123", id_property="hs_object_id")
    print(WRITABLE["contacts"] | READ_ONLY["contacts"])


async def wait(client: AsyncClient, people: AsyncIterator[Contacts]) -> None:
    await client.contacts.upsert(people, id_property="email")
"""
MISUSE = """\
from collections.abc import Iterable, Iterator

from hubspot_upsert.v2026_03 import Client
from my_app.crm_types import KEYS, Contacts, LineItems


def values(text: str, chosen: list[str]) -> Iterator[Contacts]:
    yield {"email": "a", "fristname": "Ada"}  # misuse
    yield {"firstname": "Ada"}  # misuse
    yield {"email": None}  # misuse
    yield {"email": 1.5}  # misuse
    yield {"email": "a", "hs_createdate": "2026-01-01"}  # misuse
    yield {"email": "a", "hs_lead_score": 5}  # misuse
    yield {"email": "a", "fax_": "1"}  # misuse
    yield {"email": "a", "lifecyclestage": "Lead"}  # misuse
    yield {"email": "a", "lifecyclestage": text}  # misuse
    yield {"email": "a", "lifecyclestage": ["lead"]}  # misuse
    yield {"email": "a", "num_employees": 5}  # misuse
    yield {"email": "a", "hs_legal_basis": ["not applicable"]}  # misuse
    yield {"email": "a", "hs_legal_basis": chosen}  # misuse
    yield {"email": "a", "hs_additional_emails": [1]}  # misuse
    yield {"email": "a", "subscribed": "yes"}  # misuse
    yield {"email": "a", "associatedcompanyid": [1]}  # misuse
    yield {"email": "a", "date_of_birth": 1.5}  # misuse
    yield {"email": "a", "firstname": ["Ada"]}  # misuse
    yield {"email": "a", "Class": "A"}  # misuse


def changed(record: Contacts, item: LineItems) -> None:
    record["clas"] = "A"  # misuse
    record["lifecyclestage"] = "leed"  # misuse
    print(record["phone"])  # misuse
    item["sku"] = None  # misuse


def push(client: Client, people: Iterable[Contacts], person: Contacts) -> None:
    client.contacts.upsert(people)  # misuse
    client.contacts.upsert(person, id_property="email")  # misuse
    client.contacts.upsert(people, id_property=KEYS["contacts"])  # misuse
    items: list[LineItems] = [{"sku": "1"}, {"name": "1"}]  # misuse
    client.line_items.upsert(items, id_property="sku")
"""


def marked(text: str, mark: str) -> set[int]:
    return {number for number, line in enumerate(text.splitlines(), 1) if mark in line}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the module of properties, code that uses it, and the example of the README."""
    folder = tmp_path_factory.mktemp("typed")
    blocks = re.findall(r"^```python\n(.*?)^```$", README, flags=re.MULTILINE | re.DOTALL)
    (example,) = [one for one in blocks if "crm_types" in one]
    files = {"use.py": USE, "misuse.py": MISUSE, "example.py": example, "my_app/__init__.py": ""}
    write_files(folder, files)
    module = folder / "my_app" / "crm_types.py"
    assert upsertgen("properties", TYPED, "--output", module, *KEYS).code == 0
    return folder


README = (ROOT / "README.md").read_text("utf-8")


def assert_told(findings: list[Finding], folder: Path) -> None:
    assert [one for one in findings if one.path.name not in ("misuse.py", "example.py")] == []
    for name, mark in (("misuse.py", "# misuse"), ("example.py", "# an error")):
        text = (folder / name).read_text("utf-8")
        found = {one.line: one.message for one in findings if one.path.name == name}
        assert marked(text, mark)
        assert found.keys() == marked(text, mark), found


def test_mypy_knows_the_properties_of_records(folder: Path) -> None:
    (folder / "mypy.ini").write_text(f"[mypy]\nmypy_path = {ROOT / 'generated'}\n", "utf-8")
    arguments = ("--strict", "--config-file", "mypy.ini", "use.py", "misuse.py", "example.py")
    assert_told(run_mypy(folder, *arguments, "my_app"), folder)


def test_pyright_knows_the_properties_of_records(folder: Path) -> None:
    generated = os.path.relpath(ROOT / "generated", folder)
    settings = {"strict": ["**"], "extraPaths": [generated], "include": ["."]}
    assert_told(run_pyright(folder, settings, 5), folder)

"""The client that is generated beside the sandbox finds out from it what became of each record."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from tests.sandbox.forms.api import PACKAGE
from tests.sandbox.forms.test_requests import item

ITEMS = [item("a"), item("b"), item("c")]
PEOPLE = [{"email": f"{name}@x"} for name in "abc"]


@pytest.fixture(scope="module")
def sandbox(client_folder: Path) -> Iterator[Any]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(client_folder)
        with import_module(f"{PACKAGE}.sandbox").Sandbox() as running:
            yield running


@pytest.fixture
def client(sandbox: Any) -> Iterator[Any]:
    sandbox.reset()
    with sandbox.client(import_module(f"{PACKAGE}.v1").Client, time_budget=60) as client:
        yield client


def upsert(client: Any, form: str, records: Any, **arguments: Any) -> list[str]:
    outcomes = getattr(client, form).iter_upsert(records, **arguments)
    return [str(one.status) for one in sorted(outcomes, key=lambda one: one.index)]


@pytest.mark.parametrize(
    ("form", "records", "arguments", "first", "then"),
    [
        ("nothing", ITEMS, {}, "written", "written"),
        ("counted", [{"id": one} for one in "abc"], {"tenant": "t"}, "written", "written"),
        ("placed", PEOPLE, {"by": ["email"]}, "created", "updated"),
        ("named", ITEMS, {}, "created", "updated"),
        ("keyed", ITEMS, {}, "written", "written"),
        ("pointed", ITEMS, {}, "written", "written"),
        ("lines", ITEMS, {}, "written", "written"),
        ("whole", ITEMS, {}, "written", "written"),
        ("single", [{"sku": one} for one in "abc"], {}, "created", "written"),
        ("nested", PEOPLE, {}, "written", "written"),
        ("paged_jobs", ITEMS, {}, "created", "updated"),
        ("linked_jobs", ITEMS, {}, "written", "written"),
        ("by_account", ITEMS, {}, "written", "written"),
        ("by_key", ITEMS, {}, "written", "written"),
        ("by_token", ITEMS, {}, "written", "written"),
        ("by_several", ITEMS, {}, "written", "written"),
    ],
)
def test_every_form(
    client: Any,
    sandbox: Any,
    form: str,
    records: Any,
    arguments: dict[str, Any],
    first: str,
    then: str,
) -> None:
    for expected in (first, then):
        assert upsert(client, form, records, **arguments) == [expected] * 3
    assert sandbox.count(form) == 3


@pytest.mark.parametrize("form", ["named", "keyed", "pointed", "paged_jobs"])
def test_what_is_refused_alone(client: Any, sandbox: Any, form: str) -> None:
    sandbox.fail("refused-records")
    told = upsert(client, form, ITEMS)
    assert [one in {"created", "written"} for one in told] == [False, True, False]
    assert told[0] == told[2] == "rejected"


@pytest.mark.parametrize("fault", ["failed-job", "lost-job"])
def test_nobody_knows_what_a_job_did_that_ends_badly(client: Any, sandbox: Any, fault: str) -> None:
    sandbox.fail(fault)
    assert upsert(client, "paged_jobs", ITEMS) == ["unknown"] * 3

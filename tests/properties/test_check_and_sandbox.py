"""What a check lets pass the sandbox takes, and what the sandbox refuses the check refuses for the same."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hubspot_upsert._properties.files import text_of
from hubspot_upsert._properties.property import PROPERTY_TYPES
from hubspot_upsert.bulk import ObjectProperties, PropertiesError, Property, Status, UpsertReport
from hubspot_upsert.sandbox import Sandbox
from hubspot_upsert.sandbox.account import Options
from hubspot_upsert.v2026_03 import AsyncClient, Client
from hypothesis import given, settings
from hypothesis import strategies as st

OPTIONS = {"a": "A", "B": "", "c d": "C D", "true": "Yes"}
OF_TYPE = {
    **{f"of_{type_}": Property(f"of_{type_}", type_) for type_ in PROPERTY_TYPES},
    "one": Property("one", "enumeration", options=OPTIONS),
    "several": Property("several", "enumeration", options=OPTIONS, multiple=True),
    "locked": Property("locked", "number", read_only=True),
    "worked_out": Property("worked_out", calculated=True),
}
KEYS = {
    f"key_{type_}": Property(f"key_{type_}", type_, unique=True)
    for type_ in PROPERTY_TYPES
    if type_ not in {"enumeration", "bool"}
}
OLD = Property("old", archived=True)
KNOWN = ObjectProperties("tasks", {**OF_TYPE, **KEYS, "old": OLD})

NUMBERS = st.from_regex(r"[+-]?[0-9]{0,9}\.?[0-9]{0,9}(e-?[0-9]{1,3})?", fullmatch=True)
DAYS = st.dates().map(str) | st.integers(-(10**9), 10**9).map(lambda day: str(day * 86_400_000))
MOMENTS = st.datetimes(timezones=st.sampled_from([None, UTC])).map(datetime.isoformat)
PLAIN = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
TEXTS = st.one_of(
    *(PLAIN, NUMBERS, DAYS, MOMENTS, MOMENTS.map("{}Z".format)),
    st.integers(-(10**16), 10**16).map(str),
    st.sampled_from(["", "true", "false", "True", "yes", "NaN", "1,5", " 1", "A"]),
    st.from_regex(r"[\w.+-]{1,9}@[\w-]{1,9}(\.[\w-]{1,9})?", fullmatch=True),
    st.lists(st.sampled_from([*OPTIONS, "x", ""]), max_size=4).map(";".join),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    file: Path = tmp_path_factory.mktemp("properties") / "tasks.yaml"
    file.write_text(text_of(KNOWN), encoding="utf-8")
    options = Options(properties=(str(file),), burst_limit=None, daily_limit=None)
    with Sandbox(options) as sandbox, sandbox.client(Client) as client:
        yield client


def problems(report: UpsertReport) -> list[set[tuple[str | None, str | None]]]:
    """What is wrong with the values of each record, by property and code."""
    return [{(each.property, each.code) for each in one.problems} for one in report.outcomes]


def upserted(client: Client, records: list[dict[str, str]], key: str, **options: Any) -> Any:
    return problems(client.tasks.upsert(records, id_property=key, duplicates="last", **options))


def check(client: Client, records: list[dict[str, str]], key: str) -> None:
    """Compare what the check says of records with what the sandbox says of them."""
    refused = upserted(client, records, key)
    assert upserted(client, records, key, properties=KNOWN, dry_run=True) == refused
    passed = [one for one, wrong in zip(records, refused, strict=True) if not wrong]
    assert not any(upserted(client, passed, key, properties=KNOWN))


@pytest.mark.parametrize("name", OF_TYPE)
@settings(max_examples=25)
@given(st.data())
def test_the_check_and_the_sandbox_refuse_the_same_values(
    client: Client, name: str, data: st.DataObject
) -> None:
    values = data.draw(st.lists(TEXTS, min_size=1, max_size=20))
    records = [{"key_string": f"k{place}", name: each} for place, each in enumerate(values)]
    if not OF_TYPE[name].is_writable:
        # What no record can be sent with stops the run; here one can.
        records.append({"key_string": "k"})
    check(client, records, "key_string")


@settings(max_examples=50)
@given(st.lists(st.dictionaries(st.sampled_from([*OF_TYPE]), TEXTS), min_size=1, max_size=10))
def test_the_check_and_the_sandbox_refuse_the_same_records(
    client: Client, records: list[dict[str, str]]
) -> None:
    keyed = [{"key_string": f"k{place}", **one} for place, one in enumerate(records)]
    check(client, [*keyed, {"key_string": "k"}], "key_string")


@pytest.mark.parametrize("key", KEYS)
@settings(max_examples=25)
@given(st.lists(TEXTS.filter(str.strip), min_size=1, max_size=1))
def test_the_check_and_the_sandbox_refuse_the_same_keys(
    client: Client, key: str, values: list[str]
) -> None:
    check(client, [{key: each} for each in values], key)


@pytest.mark.parametrize("length", [65_536, 65_537])
def test_the_check_and_the_sandbox_refuse_the_same_lengths(client: Client, length: int) -> None:
    names = [name for name, each in OF_TYPE.items() if each.is_writable]
    records = [{"key_string": f"k{name}", name: "1" * length} for name in names]
    check(client, [*records, {"key_string": "1" * length}], "key_string")


@pytest.mark.parametrize("name", ["old", "never_declared"])
def test_what_the_check_takes_for_unknown_the_sandbox_does_not_know(
    client: Client, name: str
) -> None:
    records = [{"key_string": "k", name: "1"}]
    refused = client.tasks.upsert(records, id_property="key_string").stop
    checked = client.tasks.upsert(records, id_property="key_string", properties=KNOWN).stop
    assert refused is not None
    assert checked is not None
    assert refused.error is not None
    (problem,) = checked.problems
    assert problem.code == "PROPERTY_DOESNT_EXIST"
    assert problem.code in str(refused.error.body)
    assert f'"{name}" does not exist' in problem.message
    assert f'"{name}" does not exist' in str(refused.error.body).replace("\\", "")


@pytest.mark.parametrize("key", ["of_string", "locked", "old", "never_declared"])
def test_a_key_that_the_check_refuses_the_sandbox_refuses(client: Client, key: str) -> None:
    report = client.tasks.upsert([{key: "1"}], id_property=key)
    assert report.stop is not None or report.having(Status.REJECTED)
    with pytest.raises(ValueError, match="cannot be the id property"):
        client.tasks.upsert([{key: "1"}], id_property=key, properties=KNOWN)


def test_what_is_declared_later_is_checked_later(client: Client) -> None:
    known = replace(KNOWN, properties={**KNOWN.properties, "new": Property("new")})
    records = [{"key_string": "k", "new": "1"}]
    report = client.tasks.upsert(records, id_property="key_string", properties=known)
    # The file is ahead of the account: what it says is no promise.
    assert report.stop is not None
    assert report.stop.error is not None


def test_the_object_type_that_is_asked_for_is_checked(tmp_path: Path) -> None:
    for name, unique in (("2-123", "plate"), ("2-456", "number")):
        known = ObjectProperties(name, {unique: Property(unique, unique=True)})
        (tmp_path / f"{name}.yaml").write_text(text_of(known), encoding="utf-8")
    with (
        Sandbox(Options(properties=(str(tmp_path),))) as sandbox,
        sandbox.client(Client) as client,
    ):
        cars: Any = {"id_property": "plate", "object_type": "2-123", "properties": tmp_path}
        assert client.objects.upsert([{"plate": "A-1"}], **cars).created == 1
        assert [one.id for one in client.objects.iter_upsert([{"plate": "A-1"}], **cars)]

        async def upsert() -> UpsertReport:
            async with sandbox.client(AsyncClient) as client:
                return await client.objects.upsert([{"plate": "A-2"}], **cars)

        assert asyncio.run(upsert()).created == 1
        with pytest.raises(PropertiesError, match="'plate' cannot be the id property"):
            client.objects.upsert([{"plate": "A-1"}], **cars | {"object_type": "2-456"})
        with pytest.raises(PropertiesError, match="has no file of 2-789; pull its"):
            client.objects.upsert([{"plate": "A-1"}], **cars | {"object_type": "2-789"})

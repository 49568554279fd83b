"""The sandbox lists what is declared as the API does, so that a listing gives again what was declared."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import hubspot_upsert
import pytest
from hubspot_upsert._properties.files import ANY_TYPE, ObjectProperties, from_listing, text_of
from hubspot_upsert._properties.property import Property
from hubspot_upsert._runtime.roles import Choice, PropertyListing, PropertyRules
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.sandbox.contract import Behaviour, load_contract
from hubspot_upsert.sandbox.operations.listing import listed_property

from tests.inventory import NEWEST, PACKAGES
from tests.properties.exports import CONTACTS
from tests.servers import Caller

RULES = load_contract().property_rules[ANY_TYPE]
LISTINGS = {one.version: one for one in load_contract().operations if one.property_query}
STANDARD = load_contract().standard_properties
HEADERS = {"Authorization": "Bearer a-token-of-tests"}
EXPORTED = from_listing("leads", CONTACTS, RULES, "").properties
ODD = [
    Property("flag", "bool", "A \N{SNOWMAN}", read_only=True),
    Property("at", "datetime", calculated=True),
    Property("since", "date", unique=True),
    Property("many", "enumeration", options={"": "None", "a b": "", "1": "One"}, multiple=True),
    Property("anything", "enumeration"),
]
ARCHIVED = Property("old", "number", "Old", unique=True, archived=True)


def shown(properties: Mapping[str, Property] | list[Property]) -> dict[str, Property]:
    listed = properties if isinstance(properties, list) else properties.values()
    return {one.name: one for one in listed}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Files of properties: one of ours, an export of the API, and one that somebody wrote."""
    known = [*EXPORTED.values(), *ODD, ARCHIVED]
    files = {
        "leads.yaml": text_of(ObjectProperties("leads", shown(known), NEWEST, "1")),
        "2-123.json": json.dumps({"results": CONTACTS}),
        "contacts.yml": "contacts:\n  email: {label: Mail}\n  lastname: {archived: true}\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


@pytest.fixture
def sandbox(folder: Path) -> Iterator[Sandbox]:
    with Sandbox(Options(properties=(str(folder),))) as sandbox:
        yield sandbox


def listed(sandbox: Sandbox, object_type: str, version: str = NEWEST, **query: Any) -> Any:
    path = LISTINGS[version].path.replace("{objectType}", object_type)
    return httpx2.get(f"{sandbox.url}{path}", params=query, headers=HEADERS, timeout=60)


def properties(answer: httpx2.Response, object_type: str) -> dict[str, Property]:
    assert answer.status_code == 200, answer.text
    rules = load_contract().property_rules.get(object_type, RULES)
    return dict(from_listing(object_type, answer.json(), rules, "").properties)


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize("version", PACKAGES.values(), ids=PACKAGES)
def test_what_is_declared_comes_back_as_it_was(
    version: ModuleType, kind: str, sandbox: Sandbox
) -> None:
    def get(client: Any) -> Any:
        return client.properties.get_all(object_type="leads")

    answer = Caller(kind, version.Client, version.AsyncClient).call(get, base_url=sandbox.url)
    content = json.loads(answer.model_dump_json(by_alias=True, exclude_unset=True))
    found = from_listing("leads", content, RULES, "").properties
    assert found == shown([*EXPORTED.values(), *ODD])
    assert list(found) == sorted(found)
    assert {one.name: one.has_unique_value for one in answer.results}["since"] is True


def test_a_folder_holds_files_of_any_form(sandbox: Sandbox) -> None:
    assert properties(listed(sandbox, "2-123"), "2-123") == EXPORTED
    known = properties(listed(sandbox, "contacts"), "contacts")
    # What every account has is known beside what the file says of it.
    assert known.pop("email") == Property("email", "email", "Mail", unique=True)
    assert known == {name: STANDARD.of("contacts")[name] for name in known}
    assert "lastname" not in known
    assert "firstname" in known


def test_archived_properties_are_listed_apart(sandbox: Sandbox) -> None:
    found = properties(listed(sandbox, "leads", archived="true"), "leads")
    assert found == {"old": ARCHIVED}
    in_use = properties(listed(sandbox, "leads", archived="false"), "leads")
    assert "old" not in in_use
    assert in_use == properties(listed(sandbox, "leads"), "leads")


def test_no_property_of_the_sandbox_is_sensitive(sandbox: Sandbox) -> None:
    assert properties(listed(sandbox, "leads", dataSensitivity="sensitive"), "leads") == {}
    some = listed(sandbox, "leads", dataSensitivity="non_sensitive")
    assert properties(some, "leads") == properties(listed(sandbox, "leads"), "leads")


def test_an_email_of_another_name_comes_back_as_the_text_that_the_api_has(sandbox: Sandbox) -> None:
    sandbox.declare("leads", mail={"type": "email"})
    assert properties(listed(sandbox, "leads"), "leads")["mail"] == Property("mail")


def test_a_type_has_its_names_and_what_is_new_in_it(sandbox: Sandbox) -> None:
    sandbox.declare("deals", region={"type": "enumeration", "options": ["north"]})
    for version in LISTINGS:
        names = [listed(sandbox, name, version).json() for name in ("deals", "0-3")]
        assert names[0] == names[1]
        (row,) = (one for one in names[0]["results"] if one["name"] == "region")
        assert (row["name"], row["type"], row["fieldType"]) == ("region", "enumeration", "select")
        assert [one["value"] for one in row["options"]] == ["north"]


def test_any_form_of_a_listing_gives_again_what_was_declared() -> None:
    form = PropertyListing(
        list="data.fields",
        name="about.id",
        type="kind.type",
        label="about.label",
        unique="is.unique",
        read_only="is.fixed",
        calculated="is.formula",
        archived="is.gone",
        options="kind.options",
        option="option.value",
        option_label="option.label",
        multiple=Choice("several", "yes"),
        types=(
            *(("text", "string"), ("long-text", "string"), ("choice", "enumeration")),
            *(("amount", "number"), ("yes-no", "bool"), ("day", "date"), ("moment", "datetime")),
        ),
    )
    known = [*EXPORTED.values(), *ODD, ARCHIVED]
    rows = [listed_property(one, form, Behaviour()) for one in known]
    assert {one["kind"]["type"] for one in rows} == {one for one, _ in form.types} - {"long-text"}
    assert all("options" in one["kind"] for one in rows)
    rules = PropertyRules(listing=form)
    found = from_listing("leads", {"data": {"fields": rows}}, rules, "").properties
    assert found == shown(known)


def test_a_type_that_comes_to_be_has_no_properties_yet() -> None:
    with Sandbox(Options(create_properties=True)) as sandbox:
        assert properties(listed(sandbox, "2-9"), "2-9") == {}
        record = {"id": "1", "idProperty": "code", "properties": {"name": "One"}}
        with sandbox.client(PACKAGES[NEWEST].Client) as client:
            client.objects.batch_upsert(object_type="2-9", inputs=[record])
        known = [Property("code", unique=True), Property("name")]
        assert properties(listed(sandbox, "2-9"), "2-9") == shown(known)
        assert listed(sandbox, "2-9").json()["results"][0]["options"] == []


@pytest.mark.parametrize(
    ("object_type", "query", "message"),
    [
        ("nothing", {}, "Unable to infer object type from: nothing"),
        ("leads", {"archived": "yes"}, "archived must be true or false, not 'yes'."),
        ("leads", {"archive": "true"}, "There is no parameter 'archive'; did you mean 'archived'?"),
    ],
)
def test_what_cannot_be_listed_is_refused(
    object_type: str, query: dict[str, str], message: str, sandbox: Sandbox
) -> None:
    answer = listed(sandbox, object_type, **query)
    assert (answer.status_code, answer.json()["message"]) == (400, message)
    assert sandbox.requests[-1].situation in {"unknown-object-type", "invalid-query"}


def upsert(client: Any, key: str, name: str, value: str) -> Any:
    record = {"id": key, "idProperty": "since", "properties": {name: value}}
    return client.leads.batch_upsert(inputs=[record])


@pytest.mark.parametrize(
    ("name", "code"),
    [("flag", "READ_ONLY_VALUE"), ("at", "READ_ONLY_VALUE"), ("old", "PROPERTY_DOESNT_EXIST")],
)
def test_what_a_listing_says_of_a_property_holds_for_its_values(
    name: str, code: str, sandbox: Sandbox
) -> None:
    with sandbox.client(PACKAGES[NEWEST].Client) as client:
        assert upsert(client, "2026-01-02", "phone", "1").results[0].new
        with pytest.raises(hubspot_upsert.ValidationError) as caught:
            upsert(client, "2026-01-02", name, "1")
        assert code in (caught.value.text or "")
        with pytest.raises(hubspot_upsert.ValidationError, match="PROPERTY_DOESNT_EXIST"):
            client.leads.batch_upsert(inputs=[{"id": "1", "idProperty": "old", "properties": {}}])
    with pytest.raises(hubspot_upsert.sandbox.SandboxError, match="leads has no property 'old'"):
        sandbox.record("leads", "1", "old")


def test_limits_and_faults_are_those_of_other_requests(folder: Path) -> None:
    options = Options(properties=(str(folder),), burst_limit=3, tokens={"good": frozenset()})
    with Sandbox(options) as sandbox:
        assert listed(sandbox, "leads").status_code == 401
        with sandbox.client(PACKAGES[NEWEST].Client, token="good", time_budget=9) as client:
            whole = client.properties.get_all(object_type="leads").results
            sandbox.fail("missing-results", resource="properties")
            assert client.properties.get_all(object_type="leads").results == whole[1::2]
            sandbox.fail("truncated-body", resource="properties")
            with pytest.raises(hubspot_upsert.RateLimitError) as caught:
                client.properties.get_all(object_type="leads")
        assert caught.value.attempts == 2
        assert [one.fault for one in sandbox.requests][-3:] == [
            "missing-results",
            "truncated-body",
            None,
        ]

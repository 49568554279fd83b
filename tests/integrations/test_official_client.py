"""HubSpot's own client reads back from the sandbox what it upserted there."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeAlias

import hubspot
import pytest
from hubspot.crm import contacts, objects, properties
from hubspot_upsert.sandbox import Sandbox

from tests.integrations.conftest import TOKEN

NAMES = ["Ada", "Bob", "Eve"]


Part: TypeAlias = Callable[[str], Any]


@pytest.fixture
def part(sandbox: Sandbox) -> Part:
    """Gives a part of the client, each of which has an address of its own."""
    client = hubspot.HubSpot(access_token=TOKEN)

    def pointed(name: str) -> Any:
        api = attrgetter(name)(client.crm)
        api.api_client.configuration.host = sandbox.url
        return api

    return pointed


def upsert(part: Part) -> list[Any]:
    inputs = [
        {
            "id": f"{name}@x.example",
            "idProperty": "email",
            "objectWriteTraceId": name,
            "properties": {"firstname": name},
        }
        for name in NAMES
    ]
    body = contacts.BatchInputSimplePublicObjectBatchInputUpsert(inputs=inputs)
    return list(part("contacts.batch_api").upsert(body).results)


def test_what_it_upserts_it_reads(part: Part) -> None:
    written = {one.id: one for one in upsert(part)}
    asked = ["email", "firstname"]
    one = part("contacts.basic_api").get_by_id(
        "ADA@x.example", id_property="email", properties=asked
    )
    assert one.properties == written[one.id].properties
    assert (one.created_at, one.updated_at) == (
        written[one.id].created_at,
        written[one.id].updated_at,
    )
    page = part("contacts.basic_api").get_page(limit=2, properties=asked)
    rest = part("contacts.basic_api").get_page(after=page.paging.next.after, properties=asked)
    everything = {each.id: each.properties for each in (*page.results, *rest.results)}
    assert everything == {id_: each.properties for id_, each in written.items()}
    body = contacts.BatchReadInputSimplePublicObjectId(
        inputs=[{"id": id_} for id_ in written], properties=asked, properties_with_history=[]
    )
    read = part("contacts.batch_api").read(body)
    assert {each.id: each.properties for each in read.results} == everything
    general = part("objects.basic_api").get_by_id("contacts", one.id, properties=asked)
    assert general.properties == one.properties


def test_it_searches_and_archives(part: Part) -> None:
    upsert(part)
    known = {"propertyName": "email", "operator": "HAS_PROPERTY"}
    body = contacts.PublicObjectSearchRequest(
        filter_groups=[{"filters": [known]}],
        sorts=["-firstname"],
        properties=["firstname"],
        limit=2,
    )
    found = part("contacts.search_api").do_search(body)
    assert (found.total, found.paging.next.after) == (3, "2")
    assert [one.properties["firstname"] for one in found.results] == ["Eve", "Bob"]
    inputs = [{"id": one.id} for one in found.results]
    part("contacts.batch_api").archive(contacts.BatchInputSimplePublicObjectId(inputs=inputs))
    assert part("contacts.search_api").do_search(body).total == 1
    archived = part("contacts.basic_api").get_page(archived=True)
    assert {one.id for one in archived.results} == {one.id for one in found.results}
    with pytest.raises(contacts.ApiException) as caught:
        part("contacts.basic_api").get_by_id(inputs[0]["id"])
    assert caught.value.status == 404


def test_it_creates_a_property_that_becomes_a_key(part: Part) -> None:
    made = properties.PropertyCreate(
        name="code",
        label="Code",
        type="string",
        field_type="text",
        group_name="contactinformation",
        has_unique_value=True,
    )
    assert part("properties.core_api").create("contacts", made).has_unique_value
    record = {"id": "7", "idProperty": "code", "properties": {}}
    body = objects.BatchInputSimplePublicObjectBatchInputUpsert(inputs=[record])
    (written,) = part("objects.batch_api").upsert("contacts", body).results
    read = part("objects.basic_api").get_by_id(
        "contacts", "7", id_property="code", properties=["code"]
    )
    assert (read.id, read.properties) == (written.id, {"code": "7"})

"""What type checkers must refuse: one misuse in each line that is marked. It is checked, and never run."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import assert_type

import hubspot_upsert
from hubspot_upsert import ApiError
from hubspot_upsert.v3.models import SimplePublicObjectBatchInputUpsert as Input
from hubspot_upsert.v2025_09 import AsyncClient, Client
from hubspot_upsert.v2026_03 import Client as Client2026


def token_as_number() -> int:
    return 5


def wait(seconds: float) -> None:
    print(seconds)


async def async_token() -> str:
    return "token"


def inputs(client: Client) -> None:
    contacts = client.contacts
    contacts.batch_upsert(inputs=[{"id": "1", "properties": {}, "idProprety": ""}])  # misuse
    contacts.batch_upsert(inputs=[{"id": "1", "properties": {}, "id_property": ""}])  # misuse
    contacts.batch_upsert(inputs=[{"properties": {}}])  # misuse
    contacts.batch_upsert(inputs=[{"id": "1"}])  # misuse
    contacts.batch_upsert(inputs=[{"id": 1, "properties": {}}])  # misuse
    contacts.batch_upsert(inputs=[{"id": "1", "properties": {"age": 5}}])  # misuse
    contacts.batch_upsert(inputs=[{"id": "1", "properties": []}])  # misuse
    contacts.batch_upsert(inputs={"id": "1", "properties": {}})  # misuse
    contacts.batch_upsert(inputs=None)  # misuse
    contacts.batch_upsert(inputs=["1"])  # misuse


def models() -> None:
    Input(id="1", properties={}, id_proprety="email")  # misuse
    Input(properties={})  # misuse
    Input(id=1, properties={})  # misuse
    Input(id="1", properties={"age": 5})  # misuse
    Input("1", {})  # misuse


def arguments(client: Client, newer: Client2026) -> None:
    client.contacts.batch_upsert()  # misuse
    client.contacts.batch_upsert([])  # misuse
    client.contacts.batch_upsert(inputs=[], id_property="email")  # misuse
    client.contacts.batch_upsert(input=[])  # misuse
    client.objects.batch_upsert(inputs=[])  # misuse
    client.objects.batch_upsert(object_type=5, inputs=[])  # misuse
    client.tasks.batch_upsert(object_type="tasks", inputs=[])  # misuse
    flags = newer.public_app_feature_flags_v3
    flags.batch_upsert(app_id="1", flag_name="", portal_states=[])  # misuse
    newer.deal_splits.batch_upsert(inputs=[{"id": "1", "splits": []}])  # misuse
    newer.deal_splits.batch_upsert(inputs=[{"id": 1, "splits": [{"ownerId": 2}]}])  # misuse


def any_number(client: Client, newer: Client2026) -> None:
    client.contacts.upsert([])  # misuse
    client.contacts.upsert(["1"], id_property="email")  # misuse
    client.contacts.upsert([], id_property=5)  # misuse
    client.contacts.upsert([], id_property="email", duplicates="newest")  # misuse
    client.contacts.upsert([], id_property="email", object_type="contacts")  # misuse
    client.contacts.iter_upsert([], id_property="email", dry_run="no")  # misuse
    client.objects.upsert([], id_property="email")  # misuse
    newer.deal_splits.upsert([], id_property="email")  # misuse


def names(client: Client, newer: Client2026) -> None:
    print(client.contact)  # misuse
    client.contacts.upsert(inputs=[])  # misuse
    print(client.public_app_feature_flags_v3)  # misuse
    print(newer.feedback_submissions)  # misuse
    print(hubspot_upsert.Client)  # misuse


def results(client: Client, error: ApiError) -> None:
    response = client.contacts.batch_upsert(inputs=[])
    print(response.result)  # misuse
    print(response.results[0].is_new)  # misuse
    response.results[0].properties["a"].upper()  # misuse
    len(response.errors)  # misuse
    wait(response.results[0].id)  # misuse
    wait(error.retry_after)  # misuse
    print(error.correlationId)  # misuse


async def waiting(client: AsyncClient) -> None:
    print(client.contacts.batch_upsert(inputs=[]).results)  # misuse
    assert_type(client.contacts.batch_upsert(inputs=[]), Awaitable[str])  # misuse
    for _ in client.contacts.batch_upsert(inputs=[]):  # misuse
        pass
    for _ in client.contacts.iter_upsert([], id_property="email"):  # misuse
        pass
    print(client.contacts.upsert([], id_property="email").summary)  # misuse
    with client:  # misuse
        pass
    client.close()  # misuse


def clients() -> None:
    Client()  # misuse
    Client(None)  # misuse
    Client(token_as_number)  # misuse
    Client(async_token)  # misuse
    AsyncClient(token_as_number)  # misuse
    Client("t", url="https://api.example.com")  # misuse
    Client("t", timeout="5")  # misuse
    Client("t", time_budget="5")  # misuse
    Client("t").with_options(base_url="https://api.example.com")  # misuse

"""What was upserted is read, found and archived through the clients of every version."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import hubspot_upsert
import pytest
from hubspot_upsert.sandbox import Sandbox

from tests.inventory import NEWEST, PACKAGES
from tests.servers import Caller

PEOPLE = [
    {"id": f"{name}@x.example", "idProperty": "email", "properties": {"firstname": name.title()}}
    for name in ("ada", "bob", "eve")
]
FIRST = "10001"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        with sandbox.client(PACKAGES[NEWEST].Client) as client:
            client.contacts.batch_upsert(inputs=PEOPLE)
        yield sandbox


@pytest.fixture(params=["sync", "async"])
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=PACKAGES)
def caller(kind: str, request: pytest.FixtureRequest) -> Caller:
    version = PACKAGES[request.param]
    return Caller(kind, version.Client, version.AsyncClient)


def call(caller: Caller, sandbox: Sandbox, method: str, **arguments: Any) -> Any:
    """Ask for contacts."""
    return caller.call(
        lambda client: getattr(client.objects, method)(object_type="contacts", **arguments),
        base_url=sandbox.url,
    )


def names(answer: Any) -> list[str | None]:
    return [one.properties["firstname"] for one in answer.results]


def test_what_was_upserted_is_read(caller: Caller, sandbox: Sandbox) -> None:
    properties = ["email", "firstname"]
    by_id = call(caller, sandbox, "read", object_id=FIRST, properties=properties)
    key = "ADA@x.example"
    by_email = call(
        caller, sandbox, "read", object_id=key, id_property="email", properties=properties
    )
    assert by_id == by_email
    assert not sandbox.requests[-1].chosen
    assert (by_id.id, by_id.archived) == (FIRST, False)
    assert by_id.properties == {"email": "ada@x.example", "firstname": "Ada"}
    usual = call(caller, sandbox, "read", object_id=FIRST).properties
    assert (usual["hs_object_id"], usual["lastname"]) == (FIRST, None)
    with pytest.raises(hubspot_upsert.StatusError) as caught:
        call(caller, sandbox, "read", object_id="1")
    assert (caught.value.status, caught.value.category) == (404, "OBJECT_NOT_FOUND")
    assert sandbox.requests[-1].chosen


def test_pages_follow_each_other(caller: Caller, sandbox: Sandbox) -> None:
    first = call(caller, sandbox, "get_page", limit=2, properties=["firstname"])
    rest = call(
        caller, sandbox, "get_page", after=first.paging.next.after, properties=["firstname"]
    )
    assert (names(first), names(rest), rest.paging) == (["Ada", "Bob"], ["Eve"], None)


def test_a_batch_is_read_and_archived(caller: Caller, sandbox: Sandbox) -> None:
    found = call(
        caller,
        sandbox,
        "batch_read",
        inputs=[{"id": "ada@x.example"}, {"id": "nobody@x.example"}, {"id": "Eve@x.example"}],
        id_property="email",
        properties=["firstname"],
        properties_with_history=["email"],
    )
    assert sorted(names(found), key=str) == ["Ada", "Eve"]
    (past,) = found.results[0].properties_with_history["email"]
    assert past.value in {"ada@x.example", "eve@x.example"}
    assert found.num_errors == 1
    assert found.errors[0].context == {"ids": ["nobody@x.example"]}
    assert sandbox.requests[-1].chosen  # A program that asserts on these words would not hold.
    call(caller, sandbox, "batch_archive", inputs=[{"id": one.id} for one in found.results])
    call(caller, sandbox, "archive", object_id="10002")
    assert sandbox.records("contacts") == []
    gone = call(caller, sandbox, "get_page", archived=True, properties=["firstname"])
    assert names(gone) == ["Ada", "Bob", "Eve"]
    assert all(one.archived_at is not None for one in gone.results)


def test_a_search_finds(caller: Caller, sandbox: Sandbox) -> None:
    found = call(
        caller,
        sandbox,
        "search",
        filter_groups=[
            {
                "filters": [
                    {"propertyName": "firstname", "operator": "IN", "values": ["ada", "eve"]}
                ]
            },
            {"filters": [{"propertyName": "email", "operator": "EQ", "value": "Bob@x.example"}]},
        ],
        sorts=[{"propertyName": "firstname", "direction": "DESCENDING"}],
        properties=["firstname"],
        limit=2,
    )
    assert (found.total, names(found)) == (3, ["Eve", "Bob"])
    rest = call(
        caller, sandbox, "search", sorts=["-firstname"], properties=["firstname"], after="2"
    )
    assert (rest.total, names(rest), rest.paging) == (3, ["Ada"], None)
    with pytest.raises(hubspot_upsert.ValidationError, match="from 0 to 9999, not '10000'"):
        call(caller, sandbox, "search", after="10000")


def test_a_created_property_is_listed_and_written(caller: Caller, sandbox: Sandbox) -> None:
    def create(client: Any) -> Any:
        return client.properties.create(
            object_type="contacts",
            name="code",
            label="Code",
            type="string",
            field_type="text",
            group_name="contactinformation",
            has_unique_value=True,
        )

    made = caller.call(create, base_url=sandbox.url)
    assert (made.name, made.label, made.has_unique_value) == ("code", "Code", True)
    assert sandbox.requests[-1].outcome == "1 written"
    with pytest.raises(hubspot_upsert.ConflictError, match="There is a property 'code'"):
        caller.call(create, base_url=sandbox.url)
    listed = caller.call(
        lambda client: client.properties.get_all(object_type="contacts"), base_url=sandbox.url
    )
    assert "code" in {one.name for one in listed.results}
    assert sandbox.requests[-1].outcome == f"{len(listed.results)} found"
    call(
        caller,
        sandbox,
        "batch_upsert",
        inputs=[{"id": "7", "idProperty": "code", "properties": {}}],
    )
    read = call(caller, sandbox, "read", object_id="7", id_property="code", properties=["code"])
    assert read.properties == {"code": "7"}


@pytest.mark.parametrize(
    ("changed", "line"),
    [({"type": "text"}, "There is no type 'text'"), ({"name": ""}, "expected a text at 'name'")],
)
def test_what_cannot_be_a_property_is_refused(
    changed: dict[str, str], line: str, sandbox: Sandbox
) -> None:
    fields = {
        "name": "code",
        "label": "Code",
        "type": "string",
        "field_type": "text",
        "group_name": "contactinformation",
    }
    with (
        sandbox.client(PACKAGES[NEWEST].Client) as client,
        pytest.raises(hubspot_upsert.ValidationError, match=line),
    ):
        client.properties.create(object_type="contacts", **{**fields, **changed})


@pytest.mark.parametrize("kind_of_value", ["phone_number", "object_coordinates", "json"])
def test_a_property_may_be_of_a_type_whose_values_are_texts(
    kind_of_value: str, sandbox: Sandbox
) -> None:
    with sandbox.client(PACKAGES[NEWEST].Client) as client:
        client.properties.create(
            object_type="contacts",
            name="made",
            label="Made",
            type=kind_of_value,
            field_type="text",
            group_name="contactinformation",
        )
        (report,) = client.contacts.upsert(
            [{"email": "ada@x.example", "made": "+49 170 1"}], id_property="email"
        ).outcomes
    assert report.status == "updated"


def test_the_path_of_each_type_answers(sandbox: Sandbox) -> None:
    with sandbox.client(PACKAGES[NEWEST].Client) as client:
        for name in sandbox._run().account.object_types():
            assert client.objects.get_page(object_type=name).results is not None


def test_a_search_too_many_is_refused(sandbox: Sandbox, slowly: Any) -> None:
    told = []
    sandbox._run().account.limits.clock = lambda: 0.0
    with (
        sandbox.client(PACKAGES[NEWEST].Client, slowly("token"), time_budget=200) as client,
        pytest.raises(hubspot_upsert.RateLimitError, match="secondly limit"),
    ):
        for _ in range(1000):
            client.objects.search(object_type="contacts")
            told.append(client.rate_limit)
    assert set(told) == {None}

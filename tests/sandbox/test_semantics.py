"""The sandbox treats real requests of real clients as the API would, as far as that is known."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import httpx2
import hubspot_upsert
import hubspot_upsert.v3
import pytest
from hubspot_upsert.sandbox import Options, Sandbox

from tests.inventory import PACKAGES, object_types

NOON = "2026-03-01T12:00:00Z"


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture(params=PACKAGES)
def label(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def client(label: str, sandbox: Sandbox) -> Iterator[Any]:
    with sandbox.client(PACKAGES[label].Client) as client:
        yield client


def person(key: str, trace: str | None = None, **properties: str | None) -> Any:
    record: dict[str, Any] = {"id": key, "idProperty": "email", "properties": properties}
    return record if trace is None else {**record, "objectWriteTraceId": trace}


def refused(client: Any, *inputs: dict[str, Any], status: int = 400) -> Any:
    """The error of a request that is refused as a whole."""
    with pytest.raises(hubspot_upsert.StatusError) as caught:
        client.contacts.batch_upsert(inputs=inputs)
    assert caught.value.status == status
    return caught.value


def test_creates_and_then_updates_by_the_unique_property(client: Any, sandbox: Sandbox) -> None:
    first = client.contacts.batch_upsert(inputs=[person("Ada@Example.com", firstname="Ada")])
    second = client.contacts.batch_upsert(inputs=[person("ada@example.COM", lastname="Lovelace")])
    assert [(one.new, one.properties["email"]) for one in first.results] == [
        (True, "ada@example.com")
    ]
    assert [one.new for one in second.results] == [False]
    assert first.results[0].id == second.results[0].id
    assert first.results[0].created_at == second.results[0].created_at
    assert second.results[0].updated_at >= second.results[0].created_at
    assert sandbox.records("contacts")[0]["properties"] == {
        "email": "ada@example.com",
        "firstname": "Ada",
        "lastname": "Lovelace",
    }


def test_an_empty_text_clears_and_null_is_ignored(client: Any, sandbox: Sandbox) -> None:
    client.contacts.batch_upsert(inputs=[person("a@example.com", firstname="A", lastname="B")])
    client.contacts.batch_upsert(inputs=[person("a@example.com", firstname="", lastname=None)])
    assert sandbox.records("contacts")[0]["properties"] == {
        "email": "a@example.com",
        "lastname": "B",
    }


def test_results_come_in_another_order_with_their_trace_ids(client: Any) -> None:
    inputs = [person(f"{one}@example.com", trace=f"row-{one}") for one in "abc"]
    answer = client.contacts.batch_upsert(inputs=inputs)
    traces = [one.object_write_trace_id for one in answer.results]
    assert sorted(traces) == ["row-a", "row-b", "row-c"]
    assert traces != ["row-a", "row-b", "row-c"]


def test_a_bad_record_fails_alone_if_every_input_has_a_trace_id(
    client: Any, sandbox: Sandbox
) -> None:
    answer = client.contacts.batch_upsert(
        inputs=[
            person("good@example.com", "1"),
            person("bad", "2"),
            person("fine@example.com", "3", email="worse"),
            person("x@example.com", "4", email="worse"),
        ]
    )
    assert [one.object_write_trace_id for one in answer.results] == ["1"]
    errors = {tuple(one.context["objectWriteTraceId"]): one for one in answer.errors}
    # Inputs with the same problem share an entry.
    assert set(errors) == {("2",), ("3", "4")}
    assert answer.num_errors == 2
    listed = json.loads(errors["2",].message.partition(": ")[2])
    assert listed[0]["error"] == "INVALID_EMAIL"
    assert listed[0]["name"] == "email"
    assert sandbox.count("contacts") == 1


@pytest.mark.parametrize("traces", [(None, None), ("1", None), ("1", "1")])
def test_one_bad_record_fails_all_without_trace_ids_of_their_own(
    client: Any, sandbox: Sandbox, traces: tuple[str | None, str | None]
) -> None:
    error = refused(client, person("good@example.com", traces[0]), person("bad", traces[1]))
    assert isinstance(error, hubspot_upsert.ValidationError)
    assert error.category == "VALIDATION_ERROR"
    assert "INVALID_EMAIL" in error.message
    assert sandbox.count("contacts") == 0


def test_a_key_may_stand_only_once_in_a_batch(client: Any, sandbox: Sandbox) -> None:
    error = refused(client, person("a@example.com", "1"), person("A@example.com", "2"))
    assert error.message == (
        "Duplicate IDs found in batch input: [a@example.com]. IDs must be unique"
    )
    assert error.body.context == {"ids": ["a@example.com"]}
    assert sandbox.count("contacts") == 0


def test_a_taken_value_is_a_conflict_of_the_whole_batch(client: Any, sandbox: Sandbox) -> None:
    sandbox.declare("contacts", member={"unique": True})
    client.contacts.batch_upsert(inputs=[person("a@example.com", member="1")])
    error = refused(
        client,
        person("b@example.com", "1", firstname="B"),
        person("c@example.com", "2", member="1"),
        status=409,
    )
    assert isinstance(error, hubspot_upsert.ConflictError)
    assert (error.message, error.category) == ("Contact already exists", "CONFLICT")
    assert sandbox.count("contacts") == 1


def test_an_unknown_property_refuses_the_whole_batch(client: Any, sandbox: Sandbox) -> None:
    error = refused(
        client, person("a@example.com", "1"), person("b@example.com", "2", colour="red")
    )
    assert [(one.code, one.context) for one in error.body.errors] == [
        ("PROPERTY_DOESNT_EXIST", {"propertyName": ["colour"]})
    ]
    assert sandbox.count("contacts") == 0


@pytest.mark.parametrize("name", ["firstname", "hs_object_id"])
def test_a_key_needs_unique_values(client: Any, name: str) -> None:
    error = refused(client, {"id": "a", "idProperty": name, "properties": {}})
    assert error.message.startswith("Unable to perform update/upsert by non-unique")


def test_a_key_property_has_to_be_named(client: Any) -> None:
    assert "idProperty" in refused(client, {"id": "a@example.com", "properties": {}}).message


def test_hundred_and_one_inputs_are_too_many(sandbox: Sandbox) -> None:
    inputs = [person(f"{number}@example.com") for number in range(101)]
    path = "/crm/v3/objects/contacts/batch/upsert"
    with httpx2.Client(
        base_url=sandbox.url, headers={"Authorization": "Bearer t"}, timeout=60
    ) as http:
        assert http.post(path, json={"inputs": inputs}).status_code == 400
        assert http.post(path, json={"inputs": inputs[:100]}).status_code == 200


@pytest.mark.parametrize(
    ("declared", "bad", "good", "stored"),
    [
        ({"type": "date"}, "tomorrow", "1767225600000", "2026-01-01"),
        ({"type": "enumeration", "options": ["red", "green"]}, "blue", "red", "red"),
        ({"read_only": True}, "anything", None, None),
    ],
)
def test_values_are_checked_by_the_type_of_their_property(
    client: Any, sandbox: Sandbox, declared: Any, bad: str, good: str | None, stored: str | None
) -> None:
    sandbox.declare("contacts", special=declared)
    answer = client.contacts.batch_upsert(inputs=[person("a@example.com", "1", special=bad)])
    assert [one.context["objectWriteTraceId"] for one in answer.errors] == [["1"]]
    assert "special" in answer.errors[0].message
    client.contacts.batch_upsert(inputs=[person("a@example.com", "1", special=good)])
    assert sandbox.records("contacts")[0]["properties"].get("special") == stored


def test_an_object_type_is_the_same_through_every_version_and_name(sandbox: Sandbox) -> None:
    sandbox.declare("deals", number={"unique": True}, amount={"type": "number"})
    record = {"id": "7", "idProperty": "number", "properties": {"amount": "5"}}
    news = []
    for version in PACKAGES.values():
        with sandbox.client(version.Client) as client:
            news += client.deals.batch_upsert(inputs=[record]).results
            news += client.objects.batch_upsert(object_type="0-3", inputs=[record]).results
            news += client.objects.batch_upsert(object_type="deals", inputs=[record]).results
    assert [one.new for one in news] == [True] + [False] * (3 * len(PACKAGES) - 1)
    assert sandbox.count("0-3") == sandbox.count("deals") == 1


def test_an_object_type_that_nobody_declared_does_not_exist(client: Any, sandbox: Sandbox) -> None:
    record = {"id": "1", "idProperty": "key", "properties": {}}
    with pytest.raises(hubspot_upsert.ValidationError, match="2-77"):
        client.objects.batch_upsert(object_type="2-77", inputs=[record])
    sandbox.declare("2-77", key={"unique": True})
    assert client.objects.batch_upsert(object_type="2-77", inputs=[record]).results[0].new is True


def test_what_is_unknown_can_be_created() -> None:
    with (
        Sandbox(Options(create_properties=True)) as sandbox,
        sandbox.client(hubspot_upsert.v3.Client) as client,
    ):
        client.objects.batch_upsert(
            object_type="2-77",
            inputs=[{"id": "1", "idProperty": "key", "properties": {"colour": "red"}}],
        )
        assert sandbox.records("2-77")[0]["properties"] == {"key": "1", "colour": "red"}


def test_deal_splits_are_served_too(client: Any, sandbox: Sandbox) -> None:
    splits = [{"ownerId": 1, "percentage": 60.5}, {"ownerId": 2, "percentage": 39.5}]
    answer = client.deal_splits.batch_upsert(inputs=[{"id": 5, "splits": splits}])
    assert [(one.id, len(one.splits)) for one in answer.results] == [("5", 2)]
    assert sandbox.record("deal_splits", "5", "id") is not None


@pytest.mark.parametrize(
    "label", [one for one in PACKAGES if "public_app_feature_flags_v3" in object_types(one)]
)
def test_feature_flags_are_served_too(client: Any) -> None:
    flags = client.public_app_feature_flags_v3.batch_upsert(
        app_id=1, flag_name="beta", portal_states=[{"portalId": 9, "flagState": "ON"}]
    )
    assert [(one.app_id, one.flag_name, one.portal_id) for one in flags.portal_flag_states] == [
        (1, "beta", 9)
    ]


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (Options(tokens={"t-1": None}), hubspot_upsert.AuthenticationError),
        (
            Options(tokens={"t-1": None, "t-2": frozenset({"crm.objects.deals.write"})}),
            hubspot_upsert.PermissionDeniedError,
        ),
        (Options(daily_limit=1, clock=NOON), hubspot_upsert.DailyLimitError),
        (Options(lock_after=0), hubspot_upsert.LockedError),
    ],
)
def test_tokens_and_limits_open_what_they_should(
    options: Options, error: type[hubspot_upsert.StatusError], slowly: Any
) -> None:
    inputs = [person("a@example.com")]
    with Sandbox(options) as sandbox:
        sandbox._run().account.limits.clock = lambda: 0.0  # No lock ends while it is looked for.
        first, second = (
            sandbox.client(hubspot_upsert.v3.Client, slowly(token), time_budget=200)
            for token in ("t-1", "t-2")
        )
        with first, second:
            first.contacts.batch_upsert(inputs=inputs)
            with pytest.raises(error) as caught:
                second.contacts.batch_upsert(inputs=inputs)
        assert "t-2" not in caught.value.message
        assert sandbox.count("contacts") == 1


def test_the_burst_limit_answers_as_documented() -> None:
    with (
        Sandbox(Options(burst_limit=3, clock=NOON)) as sandbox,
        sandbox.client(hubspot_upsert.v3.Client, time_budget=9) as client,
    ):
        for number in range(3):
            client.contacts.batch_upsert(inputs=[person(f"{number}@example.com")])
        with pytest.raises(hubspot_upsert.RateLimitError) as caught:
            client.contacts.batch_upsert(inputs=[person("more@example.com")])
        assert caught.value.body.policy_name == "TEN_SECONDLY_ROLLING"
        limit = caught.value.rate_limit
        assert limit is not None
        assert (limit.maximum, limit.remaining, limit.interval) == (3, 0, 10)
        assert (limit.daily_maximum, limit.daily_remaining) == (625_000, 624_997)
        # Another token has a limit of its own.
        with sandbox.client(hubspot_upsert.v3.Client, "other") as other:
            other.contacts.batch_upsert(inputs=[person("other@example.com")])
        assert sandbox.count("contacts") == 4


def test_concurrent_requests_for_one_key_make_one_record(sandbox: Sandbox) -> None:
    news: list[bool] = []

    def write() -> None:
        with sandbox.client(hubspot_upsert.v3.Client) as client:
            for _ in range(5):
                answer = client.contacts.batch_upsert(inputs=[person("a@example.com")])
                news.append(bool(answer.results[0].new))

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(news), news.count(True), sandbox.count("contacts")) == (40, 1, 1)

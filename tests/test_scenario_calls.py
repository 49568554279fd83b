"""What the methods of each scenario send, and what they make of answers."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from tests.scenarios import Scenario

Scenarios = Callable[[str], Scenario]
NOTES = {"contact_id": 7, "day": date(2026, 1, 2), "limit": 5, "needed": ["a"], "x_trace": "t"}


def target(request: Any) -> str:
    """Return method and URL of a request, without the server."""
    return f"{request.method} {request.url.removeprefix('https://api.example.com')}"


def headers(request: Any) -> dict[str, str]:
    """Return the header parameters of a request."""
    return {name: value for name, value in request.headers if name.startswith("X-")}


def content(request: Any) -> tuple[str | None, Any]:
    """Return the media type and the body of a request."""
    media_type = dict(request.headers).get("Content-Type")
    return media_type, None if request.content is None else json.loads(request.content)


def test_parameters(scenario: Scenarios) -> None:
    send = scenario("parameters").request
    request = send("contacts.list_notes", **NOTES)
    assert target(request) == "GET /contacts/7/notes/2026-01-02?limit=5&needed=a"
    assert headers(request) == {"X-Trace": "t"}
    request = send(
        "contacts.list_notes",
        **NOTES,
        after="a&b",
        archived=False,
        properties=["x", "y"],
        ids=[1, 2],
        order="new",
        since=datetime(2026, 1, 2, tzinfo=UTC),
        x_count=3,
    )
    query = target(request).partition("needed=a&")[2].split("&")
    assert query[:6] == [
        *("after=a%26b", "archived=false", "properties=x", "properties=y"),
        *("ids=1,2", "order=new"),
    ]
    assert query[6:] == ["since=2026-01-02T00%3A00%3A00%2B00%3A00"]
    assert headers(request) == {"X-Trace": "t", "X-Count": "3"}


def test_parameters_are_required_as_the_spec_says(scenario: Scenarios) -> None:
    method = scenario("parameters").module("v1.contacts").Contacts.list_notes
    parameters = inspect.signature(method).parameters
    required = [name for name, one in parameters.items() if one.default is one.empty]
    assert required == ["self", "contact_id", "day", "limit", "needed", "x_trace"]
    # OpenAPI says that these header parameters are ignored: the client sets them itself.
    assert {"accept", "authorization"}.isdisjoint(parameters)
    assert scenario("parameters").module("v1.client").Client._BASE_URL.endswith("/base")


def test_path_constants(scenario: Scenarios) -> None:
    send = scenario("path_constants").request
    assert target(send("contacts.batch_upsert")) == "POST /objects/contacts%20%2F%20people/batch/1"
    request = send("objects.batch_upsert", object_type="2-1/2", mode="safe")
    assert target(request) == "POST /objects/2-1%2F2/batch/safe"


@pytest.mark.parametrize(
    ("method", "arguments", "body"),
    [
        ("without_body", {}, None),
        ("optional_object", {}, None),
        ("optional_object", {"body": {"name": "x"}}, {"name": "x"}),
        ("referenced", {"name": "x", "note": None}, {"name": "x"}),
        ("array", {"body": [{"name": "x"}]}, [{"name": "x"}]),
        ("array", {"body": ()}, []),
        ("scalar", {"body": "xy"}, "xy"),
        ("nullable_object", {"body": None}, None),
        ("optional_scalar", {"body": 3}, 3),
        ("map", {"body": {"a": {"name": "x", "note": "y"}}}, {"a": {"name": "x", "note": "y"}}),
        ("anything", {"body": [1, {"a": None}]}, [1, {"a": None}]),
        ("union", {"body": "x"}, "x"),
        ("union", {"body": {"name": "x"}}, {"name": "x"}),
    ],
)
def test_request_bodies(
    scenario: Scenarios, method: str, arguments: dict[str, Any], body: object
) -> None:
    request = scenario("request_bodies").request(f"jobs.{method}", **arguments)
    sends_nothing = method in ("without_body", "optional_object") and not arguments
    assert (request.content is None) == sends_nothing
    assert content(request) == (None if sends_nothing else "application/json", body)


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("array", {"body": [{"name": "x"}] * 3}),
        ("array", {"body": [{"nam": "x"}]}),
        ("scalar", {"body": "x"}),
        ("optional_object", {"body": {}}),
        ("referenced", {"name": 1}),
    ],
)
def test_request_bodies_are_checked_before_they_are_sent(
    scenario: Scenarios, method: str, arguments: dict[str, Any]
) -> None:
    with pytest.raises(ValidationError):
        scenario("request_bodies").request(f"jobs.{method}", **arguments)


def test_request_bodies_may_be_models(scenario: Scenarios) -> None:
    job = scenario("request_bodies").model("Job")(name="x")
    request = scenario("request_bodies").request("jobs.array", body=[job, {"name": "y"}])
    assert content(request)[1] == [{"name": "x"}, {"name": "y"}]


@pytest.mark.parametrize(
    ("method", "media_type"),
    [
        ("several", "application/json"),
        ("with_suffix", "application/merge-patch+json"),
        ("with_charset", "application/json;charset=utf-8"),
        ("with_wildcard", "application/json"),
    ],
)
def test_content_types(scenario: Scenarios, method: str, media_type: str) -> None:
    request = scenario("content_types").request(f"documents.{method}", title="x")
    assert content(request) == (media_type, {"title": "x"})
    answer = scenario("content_types").decode(f"documents.{method}", "200", '{"title": "y"}')
    assert answer.title == "y"


@pytest.mark.parametrize(
    ("method", "status", "body", "expected"),
    [
        ("several_successes", "200", '{"id": 1}', {"id": 1}),
        ("several_successes", "201", '{"id": 2}', {"id": 2}),
        ("several_successes", "202", '{"ticket": "x"}', {"ticket": "x"}),
        ("several_successes", "204", "", None),
        ("several_successes", "error", '{"message": "x"}', {"message": "x"}),
        ("several_successes", "error", '{"missing": "x"}', {"missing": "x"}),
        ("range", "200", '{"id": 1}', {"id": 1}),
        ("range", "2XX", '{"ticket": "x"}', {"ticket": "x"}),
        ("range", "error", '{"message": "x"}', {"message": "x"}),
        ("scalars", "200", "3", 3),
        ("scalars", "201", '["x", null]', ["x", None]),
        ("scalars", "206", "null", None),
        ("scalars", "207", '[{"a": 1}]', [{"a": 1}]),
        ("nothing", "204", "", None),
        ("nothing", "error", '"words"', "words"),
    ],
)
def test_responses(
    scenario: Scenarios, method: str, status: str, body: str, expected: object
) -> None:
    answer = scenario("responses").decode(f"orders.{method}", status, body)
    assert (answer.model_dump() if hasattr(answer, "model_dump") else answer) == expected


def test_responses_of_maps_hold_models(scenario: Scenarios) -> None:
    answer = scenario("responses").decode("orders.scalars", "203", '{"a": {"id": 1}}')
    assert answer["a"].id == 1


def test_policies(scenario: Scenarios) -> None:
    lists = scenario("policies").module("v1.lists")
    errors = scenario("policies").module("errors")
    usual, own = lists._CLEAR.policy, lists._SAVE.policy
    assert usual.rule_for(429, {}).error is errors.RateLimitError
    assert own.rule_for(429, {"kind": "DAILY"}).error is errors.DailyLimitError
    assert own.rule_for(503, {}).minimum_delay == 2.0
    assert own.rule_for(502, {}).retry
    assert not usual.rule_for(502, {}).retry
    assert own.rule_for(401, {}) is None
    assert own.fields.message == 'error "text"'
    assert (own.retry_transport, usual.retry_transport) == (True, False)
    assert own.backoff.maximum == 5.0


def test_reserved_words(scenario: Scenarios) -> None:
    send = scenario("reserved_words").request
    path: dict[str, Any] = {"class_": "c", "id": "1"}
    query = {"self_query": "s", "from_": "f", "none": "n"}
    body: dict[str, Any] = {
        "class_2": "x",
        "self_field": "y",
        "import_": "z",
        "body": "b",
        "any": [1],
    }
    request = send("models_.import_", **path, **query, **body, x_async="a")
    assert target(request) == "POST /models/c/1?self=s&from=f&None=n"
    assert headers(request) == {"X-Async": "a"}
    sent = {"class": "x", "self": "y", "import": "z", "body": "b", "Any": [1]}
    assert content(request)[1] == sent
    assert target(send("models_.list_", **path)) == "GET /models/c/1"
    assert target(send("models_.init", **path)) == "DELETE /models/c/1"
    assert target(send("close_.close")) == "POST /close"
    with scenario("reserved_words").module("v1").Client("token") as client:
        assert type(client.models_).__name__ == "Models"
        assert type(client.close_).__name__ == "Close"


def test_colliding_names(scenario: Scenarios) -> None:
    request = scenario("colliding_names").request(
        "records.write",
        id="1",
        object_id="2",
        id_field="3",
        foo_bar_5="4",
        foo_bar="5",
        id_query=6,
        object_id_query=7,
        object_id_2=8,
        id_header="9",
    )
    assert target(request) == "POST /records/1/2?id=6&object_id=7&object-id=8"
    assert dict(request.headers)["ID"] == "9"
    assert content(request)[1] == {"id": "3", "fooBar": "4", "foo_bar": "5"}


def test_colliding_classes(scenario: Scenarios) -> None:
    send, decode = scenario("colliding_classes").request, scenario("colliding_classes").decode
    call = {"line": {"from": "a"}, "dict": {"to": "b"}, "typed": {"kind": "c"}}
    arguments = {"line": {"from": "a"}, "dict_": {"to": "b"}, "typed": {"kind": "c"}}
    assert content(send("operation.send", **arguments))[1] == call
    assert decode("operation.send", "200", '{"done": true}').done is True
    assert content(send("operation.replace", body=[{"from": "a"}]))[1] == [{"from": "a"}]
    assert decode("operation.replace", "200", '[{"id": "1"}]')[0].id == "1"
    models = scenario("colliding_classes").module("v1.models")
    assert {"Call", "Operation", "Mapping", "MappingDict"} <= set(models.__all__)


def test_additional_properties(scenario: Scenarios) -> None:
    send = scenario("additional_properties").request
    request = send("boxes.pack_open", body={"size": 1, "more": [2]})
    assert content(request)[1] == {"size": 1, "more": [2]}
    request = send("boxes.pack", open={"size": 1, "more": 2}, typed={"size": 1, "more": 3})
    assert content(request)[1] == {"open": {"size": 1, "more": 2}, "typed": {"size": 1, "more": 3}}
    with pytest.raises(ValidationError):
        send("boxes.pack_open", body={"more": 1})


def test_defaults(scenario: Scenarios) -> None:
    send = scenario("defaults").request
    assert target(send("settings.save", name="x")) == "POST /settings"
    assert target(send("settings.save", name="x", dry=True, limit=0)).endswith("?dry=true&limit=0")
    # What is left out is left to the server, and None is sent where null means something.
    assert content(send("settings.save", name="x"))[1] == {"name": "x"}
    sent = content(send("settings.save", name="x", count=0, maybe=None, tags=("c",)))[1]
    assert sent == {"name": "x", "count": 0, "maybe": None, "tags": ["c"]}


def test_texts(scenario: Scenarios) -> None:
    request = scenario("texts").request("texts.send", a_b="1", c_d="2", long="3", long_field="4")
    assert target(request) == "POST /texts?a%22b=1&c%7Bd%7D=2&long=3"
    assert content(request)[1] == {"long": "4"}


def test_upserts(scenario: Scenarios) -> None:
    people, companies = (scenario("upserts").module(f"v1.{one}") for one in ("people", "companies"))
    request = scenario("upserts").request(
        "people.batch_upsert",
        inputs=[{"id": "a", "idProperty": "email", "values": {"name": None}}],
    )
    record = {"id": "a", "idProperty": "email", "values": {"name": None}}
    assert target(request) == "POST /people/batch/upsert"
    assert content(request)[1] == {"inputs": [record]}
    assert people.Inputs is companies.Inputs
    with pytest.raises(ValidationError):
        scenario("upserts").request("people.batch_upsert", inputs=[record] * 101)

"""What the methods of each scenario send, and what they make of answers; at the end, over sockets."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, date, datetime
from typing import Any

import pytest
from pydantic import ValidationError
from werkzeug import Response

from tests.scenarios import Scenario
from tests.servers import RawServer, Server, answer, raw_answer

Scenarios = Callable[[str], Scenario]
NOTES = {"contact_id": 7, "day": date(2026, 1, 2), "limit": 1, "needed": ["a"], "x_trace": "t"}


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
    request = send("contacts.list_notes", **NOTES, archived=None, properties=[], ids=[])
    assert target(request) == "GET /contacts/7/notes/2026-01-02?limit=1&needed=a"
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


def test_constants_are_sent_and_no_arguments(scenario: Scenarios) -> None:
    send = scenario("constants").request
    request = send("profiles.list_")
    assert target(request) == "GET /profiles?strict=true&page=1&kind=a%26b"
    sent = {"revision": "2026-01-15", "X-Api-Version": "2026-01"}
    accepted = "application/vnd.api+json, application/json, application/problem+json"
    assert dict(request.headers) == {"Accept": accepted, **sent}
    assert target(send("profiles.list_", deep=True)).endswith("&deep=true")
    request = send("profiles.save", attributes={"email": "x"}, x_api_version="2025-10")
    inner = {"kind": "person", "source": "api", "tags": ["new"]}
    body = {"type": 'profile "x"', "version": 2, "mode": "whole"}
    found = {**body, "attributes": {**inner, "email": "x"}}
    assert content(request) == ("application/vnd.api+json", found)
    assert dict(request.headers)["X-Api-Version"] == "2025-10"
    assert dict(request.headers)["Accept"] == "application/json"
    method = scenario("constants").module("v1.profiles").Profiles.save
    optional = ["x_api_version", "hint", "mode"]
    assert [*inspect.signature(method).parameters][1:] == ["attributes", *optional]


def test_a_body_of_one_value_is_no_argument(scenario: Scenarios) -> None:
    assert scenario("constants").request("profiles.refresh").content == b'"everything"'


@pytest.mark.parametrize("is_model", [False, True])
def test_constants_and_defaults_within_bodies_need_not_be_given(
    scenario: Scenarios, is_model: bool
) -> None:
    def sent(**given: Any) -> Any:
        kind = scenario("constants").model("Attributes") if is_model else dict
        request = scenario("constants").request("profiles.save", attributes=kind(**given), mode="x")
        return content(request)[1]["attributes"]

    assert sent() == {"kind": "person", "source": "api", "tags": ["new"]}
    assert sent(source="me", tags=[])["source"] == "me"
    assert sent(notes=[{"text": "a"}])["notes"] == [{"lang": "en", "text": "a"}]
    assert sent(owner={"type": "user", "name": "a"})["owner"] == {"type": "user", "name": "a"}
    with pytest.raises(ValidationError, match="type"):
        sent(owner={"name": "a"})
    with pytest.raises(ValidationError, match="kind"):
        sent(kind="animal")


@pytest.mark.parametrize(
    ("method", "media_type"),
    [("profiles.load", "application/x-ndjson"), ("profiles.load_list", "application/jsonl")],
)
def test_bodies_of_lines(scenario: Scenarios, method: str, media_type: str) -> None:
    lines = [{"_id": "1", "text": "a\nb\u2028"}, {"_id": "2"}]
    request = scenario("constants").request(method, body=lines)
    assert dict(request.headers)["Content-Type"] == media_type
    first, second = request.content.removesuffix(b"\n").split(b"\n")
    assert [json.loads(first), json.loads(second)] == lines
    with pytest.raises(ValidationError, match=r"1\._id"):
        scenario("constants").request(method, body=[{"_id": "1"}, {"text": "x"}])


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
    with pytest.raises(TypeError, match="object_type"):
        send("contacts.batch_upsert", object_type="contacts")


@pytest.mark.parametrize(
    ("method", "arguments", "body"),
    [
        ("without_body", {}, None),
        ("optional_object", {}, None),
        ("optional_object", {"body": {"name": "x"}}, {"name": "x"}),
        ("referenced", {"name": "x"}, {"name": "x"}),
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
    ("method", "arguments", "place"),
    [
        ("array", {"body": [{"name": "x"}] * 3}, "at most 2 items"),
        ("array", {"body": [{"name": "x", "nam": "x"}]}, r"0\.nam"),
        ("array", {"body": [{"name": "x"}, {}]}, r"1\.name"),
        ("scalar", {"body": "x"}, "at least 2 characters"),
        ("optional_object", {"body": {}}, "name"),
        ("optional_object", {"body": {"name": "x", "not": "y"}}, "not"),
        ("referenced", {"name": 1}, "name"),
        ("referenced", {"name": None}, "name"),
        ("referenced", {"name": "x", "note": None}, "note"),
        ("optional_object", {"body": None}, "instance of Job"),
        ("array", {"body": [{"name": "x", "note": None}]}, r"0\.note"),
    ],
)
def test_request_bodies_are_checked_before_they_are_sent(
    scenario: Scenarios, method: str, arguments: dict[str, Any], place: str
) -> None:
    with pytest.raises(ValidationError, match=place):
        scenario("request_bodies").request(f"jobs.{method}", **arguments)


def test_request_bodies_may_hold_models_and_objects_of_python(scenario: Scenarios) -> None:
    model = scenario("arrays_and_maps").model("BookInput")
    book = model(title="Ada", sold_at=datetime(2026, 1, 2, tzinfo=UTC))
    books = [book, {"title": "Grace", "printed": date(1952, 5, 2)}]
    request = scenario("arrays_and_maps").request("shelves.fill", rows=[{}], by_name={"x": books})
    sent = [
        {"title": "Ada", "sold_at": "2026-01-02T00:00:00Z"},
        {"title": "Grace", "printed": "1952-05-02"},
    ]
    assert content(request)[1] == {"rows": [{}], "by_name": {"x": sent}}


def test_nullable(scenario: Scenarios) -> None:
    send = scenario("nullable").request
    unset = scenario("nullable").module("_runtime.operation").UNSET
    nulls = {"note": None, "part": None, "tags": [None], "prices": {"a": None}}
    sent = content(send("widgets.replace", label=None, size=1, **nulls))[1]
    assert sent == {"label": None, "size": 1, **nulls}
    sent = content(send("widgets.replace", label=None, size=1, note=unset, weight=unset))[1]
    assert sent == {"label": None, "size": 1}


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
    answer = scenario("content_types").answered(f"documents.{method}", 200, '{"title": "y"}')
    assert answer.title == "y"


@pytest.mark.parametrize(
    ("method", "status", "body", "expected"),
    [
        ("several_successes", 200, '{"id": 1}', {"id": 1}),
        ("several_successes", 201, '{"id": 2}', {"id": 2}),
        ("several_successes", 202, '{"ticket": "x"}', {"ticket": "x"}),
        ("several_successes", 204, "", None),
        ("range", 200, '{"id": 1}', {"id": 1}),
        ("range", 203, '{"ticket": "x"}', {"ticket": "x"}),
        ("scalars", 200, "3", 3),
        ("scalars", 201, '["x", null]', ["x", None]),
        ("scalars", 206, "null", None),
        ("scalars", 207, '[{"a": 1}]', [{"a": 1}]),
        ("nothing", 204, "", None),
        ("nothing", 200, "<html>fine</html>", None),
    ],
)
def test_responses(
    scenario: Scenarios, method: str, status: int, body: str, expected: object
) -> None:
    answer = scenario("responses").answered(f"orders.{method}", status, body)
    assert (answer.model_dump() if hasattr(answer, "model_dump") else answer) == expected


def test_responses_of_maps_hold_models(scenario: Scenarios) -> None:
    answer = scenario("responses").answered("orders.scalars", 203, '{"a": {"id": 1}}')
    assert answer["a"].id == 1


@pytest.mark.parametrize("body", ["{}", '{"id": "x"}', "[]", "null"])
def test_a_success_that_is_not_as_declared_is_a_decoding_error(
    scenario: Scenarios, body: str
) -> None:
    error = scenario("responses").answered("orders.several_successes", 200, body)
    assert type(error).__name__ == "DecodingError"
    assert (error.operation, error.status) == ("orders.several_successes", 200)


@pytest.mark.parametrize(
    ("method", "status", "body", "expected"),
    [
        ("several_successes", 400, '{"message": "x"}', {"message": "x"}),
        ("several_successes", 404, '{"missing": "x"}', {"missing": "x"}),
        ("range", 404, '{"message": "x"}', {"message": "x"}),
        ("nothing", 401, '"words"', "words"),
    ],
)
def test_responses_that_are_errors(
    scenario: Scenarios, method: str, status: int, body: str, expected: object
) -> None:
    error = scenario("responses").answered(f"orders.{method}", status, body)
    assert (
        error.body.model_dump() if hasattr(error.body, "model_dump") else error.body
    ) == expected


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
    request = send("models_.import_", **path, **query, **body, x_async=True)
    assert target(request) == "POST /models/c/1?self=s&from=f&None=n"
    assert headers(request) == {"X-Async": "true"}
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
    send, answered = scenario("colliding_classes").request, scenario("colliding_classes").answered
    call = {"line": {"from": "a"}, "dict": {"to": "b"}, "typed": {"kind": "c"}}
    arguments = {"line": {"from": "a"}, "dict_": {"to": "b"}, "typed": {"kind": "c"}}
    assert content(send("operation.send", **arguments))[1] == call
    assert answered("operation.send", 200, '{"done": true}').done is True
    assert content(send("operation.replace", body=[{"from": "a"}]))[1] == [{"from": "a"}]
    assert answered("operation.replace", 200, '[{"id": "1"}]')[0].id == "1"
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
    assert people._models.Inputs is companies._models.Inputs
    with pytest.raises(ValidationError):
        scenario("upserts").request("people.batch_upsert", inputs=[record] * 101)


# Over sockets.


def test_a_request_is_sent_as_it_was_built(scenario: Scenarios, kind: str, server: Server) -> None:
    server.script = [answer(200, ["a"])]
    arguments = {**NOTES, "properties": ["a b", "c&d=e", "f,g"]}
    notes = scenario("parameters").call(kind, server.url, "contacts.list_notes", **arguments)
    assert notes == ["a"]
    assert server.targets == [
        "GET /contacts/7/notes/2026-01-02?limit=1&needed=a&properties=a%20b"
        "&properties=c%26d%3De&properties=f%2Cg"
    ]
    sent = server.requests[0].headers
    assert (sent["X-Trace"], sent["Authorization"]) == ("t", "Bearer pat-secret-0123456789")
    assert "X-Count" not in sent


def test_arguments_of_upserts_have_their_defaults(
    scenario: Scenarios, kind: str, server: Server
) -> None:
    server.script = [Response("", status=204)]
    given = {"shop": "s", "x_reason": "r", "settings": {}}
    for arguments in (given, {**given, "mode": "parts"}):
        scenario("upsert_requests").call(
            kind, server.url, "items.put_all_records", records=[{"id": "1"}], **arguments
        )
    found = [json.loads(one)["data"]["attributes"]["mode"] for one in server.bodies]
    assert found == ["whole", "parts"]


def test_bodies_are_sent_if_they_are_given(scenario: Scenarios, kind: str, server: Server) -> None:
    server.script = [Response("", status=204)]
    job = scenario("request_bodies").model("Job")(name="x")
    for method, arguments in [
        ("without_body", {}),
        ("optional_object", {}),
        ("optional_object", {"body": job}),
        ("array", {"body": [job, {"name": "y"}]}),
        ("array", {"body": []}),
    ]:
        result = scenario("request_bodies").call(kind, server.url, f"jobs.{method}", **arguments)
        assert result is None
    assert server.bodies == [b"", b"", b'{"name":"x"}', b'[{"name":"x"},{"name":"y"}]', b"[]"]
    types = [request.headers.get("Content-Type") for request in server.requests]
    assert types == [None, None, *["application/json"] * 3]


@pytest.mark.parametrize(
    ("arguments", "error"), [({"nam": "x"}, TypeError), ({"name": 1}, ValidationError)]
)
def test_what_does_not_fit_is_not_sent(
    scenario: Scenarios,
    kind: str,
    server: Server,
    arguments: dict[str, Any],
    error: type[Exception],
) -> None:
    with pytest.raises(error, match="nam"):
        scenario("request_bodies").call(kind, server.url, "jobs.referenced", **arguments)
    assert server.requests == []


@pytest.mark.parametrize("first", [b"", raw_answer(b"", status="502 Bad Gateway")])
@pytest.mark.parametrize(("method", "attempts"), [("lists.save", 2), ("lists.clear", 1)])
def test_what_is_sent_again_is_for_the_policy_to_say(
    scenario: Scenarios, kind: str, raw_server: RawServer, method: str, attempts: int, first: bytes
) -> None:
    raw_server.script = [first, raw_answer(b"", status="204 No Content")]
    error = scenario("policies").module("errors").ApiError
    with nullcontext() if attempts == 2 else pytest.raises(error):
        assert scenario("policies").call(kind, raw_server.url, method) is None
    assert len(raw_server.requests) == attempts

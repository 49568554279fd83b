"""What goes over the wire; arguments that mean harm stay in their places, or are refused."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pydantic
import pytest
from hubspot_upsert.v2026_03 import Client
from package._runtime.models import RequestModel
from package._runtime.operation import (
    UNSET,
    Call,
    Operation,
    build_request,
    encode_body,
    encode_value,
)

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import POLICY, BatchInput, Item, ItemDict
from tests.servers import RawServer, Server, raw_answer


def path_sent(caller: UpsertCaller, raw_server: RawServer, **arguments: Any) -> str:
    raw_server.script = [raw_answer(b'{"id": "7"}')]
    caller.get(raw_server, **arguments)
    return raw_server.requests[-1].split(b" ")[1].decode()


def test_a_post_below_a_path_carries_the_body_and_the_usual_headers(
    caller: UpsertCaller, server: Server
) -> None:
    caller.upsert(server, base_url=f"{server.url}/gate/way/")
    request = server.requests[0]
    assert request.method == "POST"
    assert request.path == "/gate/way/contacts/batch/upsert"
    assert request.json == {"inputs": [{"id": "1", "properties": {}}]}
    assert request.headers["Authorization"] == "Bearer pat-secret-0123456789"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"] == "emitted-client/1.0"


@pytest.mark.parametrize(
    ("value", "encoded"),
    [
        ("a/b", "a%2Fb"),
        ("../admin", "..%2Fadmin"),
        ("a?b#c", "a%3Fb%23c"),
        ("a%2Fb", "a%252Fb"),
        ("é@x;y", "%C3%A9%40x%3By"),
        ("...", "..."),
        (True, "true"),
        (7, "7"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00%3A00%3A00%2B00%3A00"),
    ],
)
def test_a_path_argument_stays_one_segment(
    caller: UpsertCaller, raw_server: RawServer, value: object, encoded: str
) -> None:
    path = path_sent(caller, raw_server, contact_id=value)
    assert path == f"/contacts/{encoded}/parts/all"


def test_query_parameters_repeat_lists_and_leave_out_what_is_missing(
    caller: UpsertCaller, raw_server: RawServer
) -> None:
    path = path_sent(caller, raw_server, fields=["a b", "c&d"], archived=False)
    assert path == "/contacts/1/parts/all?fields=a%20b&fields=c%26d&archived=false"
    assert path_sent(caller, raw_server) == "/contacts/1/parts/all"


def test_bodies_take_dicts_and_models_and_either_spelling() -> None:
    as_dict: ItemDict = {"id": "1", "idProperty": "email", "properties": {"a": "b"}}
    as_model = Item(id="1", id_property="email", properties={"a": "b"})
    expected = {"inputs": [as_dict, as_dict], "sourceId": "s"}
    for name in ("source_id", "sourceId"):
        body = encode_body(BatchInput, {"inputs": [as_dict, as_model], name: "s"})
        assert json.loads(body) == expected


def test_bodies_hold_what_was_given_and_nothing_else() -> None:
    item = Item(id="1", properties={"a": None})
    values: dict[str, object] = {"inputs": [item], "source_id": UNSET}
    assert json.loads(encode_body(BatchInput, values)) == {
        "inputs": [{"id": "1", "properties": {"a": None}}]
    }


def test_bodies_that_are_no_object_are_checked_and_encoded() -> None:
    adapter = pydantic.TypeAdapter(list[Item])
    assert encode_value(adapter, [{"id": "1", "properties": {"a": None}}]) == (
        b'[{"id":"1","properties":{"a":null}}]'
    )
    with pytest.raises(pydantic.ValidationError):
        encode_value(adapter, [{"id": 1}])


class Sale(RequestModel):
    at: datetime
    price: float = 1.0
    notes: dict[str, Any] = pydantic.Field(default_factory=dict)


NAIVE, NAN = datetime(2026, 3, 1), float("nan")
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNCLEAR = Sale.model_construct(at=NAIVE)


@pytest.mark.parametrize(
    ("values", "place", "kind"),
    [
        ({"at": NAIVE}, ("at",), "timezone_aware"),
        ({"at": NOON, "price": NAN}, ("price",), "finite_number"),
        ({"at": NOON, "notes": {"a": [1, -float("inf")]}}, ("notes", "a", 1), "finite_number"),
        ({"at": NOON, "notes": {"a": UNCLEAR}}, ("notes", "a", "at"), "timezone_aware"),
    ],
)
def test_bodies_hold_nothing_that_is_ambiguous(
    values: dict[str, Any], place: tuple[int | str, ...], kind: str
) -> None:
    with pytest.raises(pydantic.ValidationError) as raised:
        encode_body(Sale, values)
    assert [(one["loc"], one["type"]) for one in raised.value.errors()] == [(place, kind)]
    with pytest.raises(pydantic.ValidationError) as raised:
        encode_value(pydantic.TypeAdapter(list[Sale]), [values])
    assert [(one["loc"], one["type"]) for one in raised.value.errors()] == [((0, *place), kind)]


def test_bodies_hold_moments_and_numbers_that_are_clear() -> None:
    values = {"at": NOON, "price": 1.5, "notes": {"a": (2.5, NOON)}}
    sent = {
        "at": "2026-03-01T12:00:00Z",
        "price": 1.5,
        "notes": {"a": [2.5, "2026-03-01T12:00:00Z"]},
    }
    assert json.loads(encode_body(Sale, values)) == sent


@pytest.mark.parametrize(
    ("value", "message"), [(NAIVE, "must have a time zone"), (NAN, "must be a finite number")]
)
def test_parameters_hold_nothing_that_is_ambiguous(
    caller: UpsertCaller, server: Server, value: object, message: str
) -> None:
    for given in ({"contact_id": value}, {"fields": [value]}, {"trace": value}):
        with pytest.raises(ValueError, match=f"parameter '.*' {message}"):
            caller.get(server, **given)
    assert not server.requests


def test_too_many_inputs_of_one_call_name_the_method_that_sends_any_number() -> None:
    record, wrong = {"id": "a@b.c", "properties": {}}, {"id": 7, "properties": {}}
    with Client("token") as client, pytest.raises(pydantic.ValidationError) as raised:
        client.contacts.batch_upsert(inputs=[record] * 101)  # type: ignore[list-item]
    (error,) = raised.value.errors()
    assert (error["loc"], error["type"]) == (("inputs",), "too_long")
    assert error["msg"].endswith("not 101; upsert sends any number of records")
    with Client("token") as client, pytest.raises(pydantic.ValidationError) as raised:
        client.contacts.batch_upsert(inputs=[wrong])  # type: ignore[list-item]
    assert [one["type"] for one in raised.value.errors()] == ["string_type"]


def test_unset_is_falsy_and_says_its_name() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"


def test_request_models_have_no_reserved_prefix() -> None:
    class Model(RequestModel):
        model_name: str

    assert Model(model_name="x").model_name == "x"


LINES = ["\r\nX-Evil: 1", "a\rb", "a\nb", "\r", "\n", "a\r\n\r\nGET / HTTP/1.1"]
INJECTIONS = [*LINES, "a\0b", "\x85"]


@pytest.mark.parametrize("value", [*INJECTIONS, "\u2028", "a\n", "é", " a"])
def test_a_header_parameter_cannot_smuggle_others(
    caller: UpsertCaller, server: Server, value: str
) -> None:
    with pytest.raises(ValueError, match="'X-Trace' must be printable ASCII") as caught:
        caller.get(server, trace=value)
    assert value not in str(caught.value)
    assert server.requests == []


@pytest.mark.parametrize("value", ["", ".", "..", None, *INJECTIONS, "\ud800", "\x7f"])
def test_a_path_argument_that_would_change_the_path_is_refused(
    caller: UpsertCaller, server: Server, value: object
) -> None:
    with pytest.raises(ValueError, match="path parameter 'contactId' must not"):
        caller.get(server, value)
    assert server.requests == []


TRICKS = [
    "../",
    "../..",
    "..%2f",
    "%2e%2e",
    "%2e",
    "%2E%2e/",
    "..;",
    "..;/",
    ";a=b",
    "?",
    "?a=b",
    "#",
    "#a",
    "/",
    "//",
    "//evil.test",
    "\\",
    "..\\",
    "@evil.test",
    "evil.test:80",
    "http://evil.test/",
    "%",
    "%00",
    "%0d%0a",
    "%zz",
    " ",
    "+",
    "&",
    "=",
    "...",
    ". .",
    "..\u200b",
    "\uff0e\uff0e",
    "\u2024\u2024",
    "{part}",
    "{contactId}",
    "*",
    "~",
    "\u2028",
    "'",
    '"',
    "a/../b",
]


@pytest.mark.parametrize("text", TRICKS)
def test_path_arguments_cannot_change_the_route(
    caller: UpsertCaller, raw_server: RawServer, text: str
) -> None:
    path_sent(caller, raw_server, contact_id=text)
    line = raw_server.requests[0].split(b"\r\n")[0].decode("ascii")
    method, target, protocol = line.split(" ")
    assert (method, protocol) == ("GET", "HTTP/1.1")
    _, contacts, argument, parts, last = target.split("/")
    assert (contacts, parts, last) == ("contacts", "parts", "all")
    assert not set(argument) & set("?#;/\\&=@:")
    # However often a proxy decodes it, it is no step up, unless the argument itself was encoded.
    assert argument not in {".", "..", "%2e", "%2e%2e", "%2E", "%2E%2E"}


def test_query_arguments_stay_in_their_place() -> None:
    operation: Operation[Any] = Operation("a", "GET", "/x", {}, None, POLICY)
    for text in TRICKS:
        request = build_request("https://h", Call(operation, query={"q": text}))
        path, _, sent = request.url.removeprefix("https://h").partition("?")
        assert path == "/x"
        assert sent.count("=") == 1
        assert not set(sent) & set("&#/")

"""What goes over the wire."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pydantic
import pytest
from package._runtime.models import RequestModel
from package._runtime.operation import UNSET, encode_body, encode_value

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import BatchInput, Item, ItemDict
from tests.servers import RawServer, Server, answer, raw_answer


def path_sent(caller: UpsertCaller, raw_server: RawServer, **arguments: Any) -> str:
    raw_server.script = [raw_answer(b'{"id": "7"}')]
    caller.call(lambda client: client.contacts.get(**arguments), base_url=raw_server.url)
    return raw_server.requests[-1].split(b" ")[1].decode()


def test_a_post_carries_the_body_and_the_usual_headers(
    caller: UpsertCaller, server: Server
) -> None:
    caller.upsert(server)
    request = server.requests[0]
    assert request.method == "POST"
    assert request.path == "/contacts/batch/upsert"
    assert request.json == {"inputs": [{"id": "1", "properties": {}}]}
    assert request.headers["Authorization"] == "Bearer pat-secret-0123456789"
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["User-Agent"] == "emitted-client/1.0"


def test_a_base_url_may_lead_below_a_path(caller: UpsertCaller, server: Server) -> None:
    caller.upsert(server, base_url=f"{server.url}/gate/way/")
    assert server.requests[0].path == "/gate/way/contacts/batch/upsert"


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


@pytest.mark.parametrize("value", ["", ".", "..", None, "a\r\nb", "a\x00", "\x7f", "\ud800"])
def test_a_path_argument_that_would_change_the_path_is_refused(
    caller: UpsertCaller, server: Server, value: object
) -> None:
    with pytest.raises(ValueError, match="contactId"):
        caller.call(lambda client: client.contacts.get(contact_id=value), base_url=server.url)
    assert server.requests == []


def test_query_parameters_repeat_lists_and_leave_out_what_is_missing(
    caller: UpsertCaller, raw_server: RawServer
) -> None:
    path = path_sent(caller, raw_server, contact_id="1", fields=["a b", "c&d"], archived=False)
    assert path == "/contacts/1/parts/all?fields=a%20b&fields=c%26d&archived=false"
    assert path_sent(caller, raw_server, contact_id="1") == "/contacts/1/parts/all"


def test_a_header_parameter_is_sent(caller: UpsertCaller, server: Server) -> None:
    server.script = [answer(body={"id": "7"})]
    caller.call(
        lambda client: client.contacts.get(contact_id="1", trace="t 1"), base_url=server.url
    )
    assert server.requests[0].headers["X-Trace"] == "t 1"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\n", "a\x00b", "é", " a"])
def test_a_header_parameter_cannot_smuggle_others(
    caller: UpsertCaller, server: Server, value: str
) -> None:
    with pytest.raises(ValueError, match="X-Trace") as caught:
        caller.call(
            lambda client: client.contacts.get(contact_id="1", trace=value), base_url=server.url
        )
    assert value not in str(caught.value)
    assert server.requests == []


def test_bodies_take_dicts_and_models_and_either_spelling() -> None:
    as_dict: ItemDict = {"id": "1", "idProperty": "email", "properties": {"a": "b"}}
    as_model = Item(id="1", id_property="email", properties={"a": "b"})
    expected = {"inputs": [as_dict, as_dict], "sourceId": "s"}
    for name in ("source_id", "sourceId"):
        body = encode_body(BatchInput, {"inputs": [as_dict, as_model], name: "s"})
        assert json.loads(body) == expected


def test_bodies_leave_out_fields_that_are_none_and_keep_null_values_of_maps() -> None:
    item = Item(id="1", id_property=None, properties={"a": None})
    body = encode_body(BatchInput, {"inputs": [item], "source_id": None})
    assert json.loads(body) == {"inputs": [{"id": "1", "properties": {"a": None}}]}


def test_bodies_can_send_null_for_what_was_set_to_none() -> None:
    item = Item(id="1", properties={"a": None})
    values: dict[str, object] = {"inputs": [item], "source_id": None}
    assert json.loads(encode_body(BatchInput, values, send_null=True)) == {
        "inputs": [{"id": "1", "properties": {"a": None}}],
        "sourceId": None,
    }
    values["source_id"] = UNSET
    assert "sourceId" not in json.loads(encode_body(BatchInput, values, send_null=True))


def test_misspelt_fields_are_refused_before_anything_is_sent(
    caller: UpsertCaller, server: Server
) -> None:
    bad: list[dict[str, object]] = [{"id": "1", "properties": {}, "idProprety": "email"}]
    with pytest.raises(pydantic.ValidationError, match="idProprety"):
        caller.call(lambda client: client.contacts.batch_upsert(inputs=bad), base_url=server.url)
    assert server.requests == []


def test_bodies_that_are_no_object_are_checked_and_encoded() -> None:
    adapter = pydantic.TypeAdapter(list[Item])
    assert encode_value(adapter, [{"id": "1", "properties": {"a": None}}]) == (
        b'[{"id":"1","properties":{"a":null}}]'
    )
    with pytest.raises(pydantic.ValidationError):
        encode_value(adapter, [{"id": 1}])


def test_unset_is_falsy_and_says_its_name() -> None:
    assert not UNSET
    assert repr(UNSET) == "UNSET"


def test_request_models_have_no_reserved_prefix() -> None:
    class Model(RequestModel):
        model_name: str

    assert Model(model_name="x").model_name == "x"

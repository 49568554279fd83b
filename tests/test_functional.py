"""What generated clients send: a small spec in each test, a real socket, both kinds of clients."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pydantic
import pytest

from tests.packages import Things
from tests.servers import RawServer, Server, raw_answer


def test_a_constant_of_the_path_is_no_argument(things: Things, server: Server) -> None:
    things.generate("""
        paths:
          /objects/{objectType}/{id}/batch:
            parameters:
              - {name: objectType, in: path, required: true, schema: {type: string, enum: [0-3 x]}}
              - {name: id, in: path, required: true, schema: {type: string}}
            get:
              operationId: get_batch
              responses: {"204": {description: Done.}}
        """)
    assert things.call("get_batch", id="a/b é") is None
    assert server.targets == ["GET /objects/0-3%20x/a%2Fb%20%C3%A9/batch"]
    with pytest.raises(TypeError, match="object_type"):
        things.call("get_batch", id="1", object_type="0-3")


PATHS = """
paths:
  /days/{day}/{moment}/{number}/{flag}/{class}:
    get:
      operationId: get
      parameters:
        - {name: day, in: path, required: true, schema: {type: string, format: date}}
        - {name: moment, in: path, required: true, schema: {type: string, format: date-time}}
        - {name: number, in: path, required: true, schema: {type: integer}}
        - {name: flag, in: path, required: true, schema: {type: boolean}}
        - {name: class, in: path, required: true, schema: {type: string}}
      responses: {"204": {description: Done.}}
"""
PATH_ARGUMENTS: dict[str, Any] = {
    "day": date(2026, 1, 2),
    "moment": datetime(2026, 1, 2, 3, 4, tzinfo=UTC),
    "number": 7,
    "flag": True,
    "class_": "..%2f?#",
}


def test_path_arguments_of_every_type_stay_one_segment(things: Things, server: Server) -> None:
    things.generate(PATHS)
    things.call("get", **PATH_ARGUMENTS)
    assert server.targets == [
        "GET /days/2026-01-02/2026-01-02T03%3A04%3A00%2B00%3A00/7/true/..%252f%3F%23"
    ]


@pytest.mark.parametrize("bad", ["", ".", "..", "a\nb"])
def test_path_arguments_that_lead_elsewhere_are_refused(
    things: Things, server: Server, bad: str
) -> None:
    things.generate(PATHS)
    with pytest.raises(ValueError, match="path parameter 'class' must not"):
        things.call("get", **{**PATH_ARGUMENTS, "class_": bad})
    assert server.requests == []


QUERY = """
paths:
  /things:
    get:
      operationId: find
      parameters:
        - {name: limit, in: query, required: true, schema: {type: integer}}
        - {name: archived, in: query, schema: {type: boolean}}
        - {name: properties, in: query, schema: {type: array, items: {type: string}}}
        - {name: ids, in: query, explode: false, schema: {type: array, items: {type: integer}}}
        - {name: "filter[a&b]", in: query, schema: {type: string}}
        - {name: order, in: query, schema: {type: string, enum: [asc, desc]}}
        - {name: since, in: query, schema: {type: string, format: date}}
      responses: {"204": {description: Done.}}
"""


def test_query_parameters_are_encoded_as_the_spec_says(things: Things, server: Server) -> None:
    things.generate(QUERY)
    things.call(
        "find",
        limit=5,
        archived=False,
        properties=["a b", "c&d=e", "f,g"],
        ids=[1, 2, 3],
        filter_a_b="ä+",
        order="sideways",
        since=date(2026, 1, 2),
    )
    assert server.targets == [
        "GET /things?limit=5&archived=false&properties=a%20b&properties=c%26d%3De&properties=f%2Cg"
        "&ids=1,2,3&filter%5Ba%26b%5D=%C3%A4%2B&order=sideways&since=2026-01-02"
    ]


def test_query_parameters_that_are_not_given_are_left_out(things: Things, server: Server) -> None:
    things.generate(QUERY)
    things.call("find", limit=0, archived=None, properties=[], ids=[])
    assert server.targets == ["GET /things?limit=0"]
    with pytest.raises(TypeError, match="limit"):
        things.call("find")


HEADERS = """
paths:
  /things:
    get:
      operationId: get
      parameters:
        - {name: X-Trace-Id, in: header, required: true, schema: {type: string}}
        - {name: X-Count, in: header, schema: {type: integer}}
        - {name: X-Dry-Run, in: header, schema: {type: boolean}}
        - {name: Authorization, in: header, schema: {type: string}}
      responses: {"204": {description: Done.}}
"""


def test_header_parameters_are_sent(things: Things, server: Server) -> None:
    things.generate(HEADERS)
    things.call("get", x_trace_id="a b", x_dry_run=True)
    headers = server.requests[0].headers
    assert headers["X-Trace-Id"] == "a b"
    assert headers["X-Dry-Run"] == "true"
    assert "X-Count" not in headers
    assert headers["Authorization"] == "Bearer pat-secret-0123456789"


def test_header_parameters_cannot_smuggle_others(things: Things, server: Server) -> None:
    things.generate(HEADERS)
    with pytest.raises(ValueError, match="X-Trace-Id"):
        things.call("get", x_trace_id="a\r\nX-Evil: 1")
    assert server.requests == []


BODIES = """
paths:
  /required:
    put:
      operationId: required
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
      responses: {"204": {description: Done.}}
  /optional:
    post:
      operationId: optional
      requestBody:
        content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
      responses: {"204": {description: Done.}}
  /none:
    delete:
      operationId: none
      responses: {"204": {description: Done.}}
  /list:
    patch:
      operationId: list_of_them
      requestBody:
        required: true
        content:
          application/json:
            schema: {type: array, items: {$ref: "#/components/schemas/Thing"}}
      responses: {"204": {description: Done.}}
  /versioned:
    post:
      operationId: versioned
      requestBody:
        required: true
        content:
          text/plain: {schema: {type: string}}
          application/vnd.example+json: {schema: {$ref: "#/components/schemas/Thing"}}
      responses: {"204": {description: Done.}}
components:
  schemas:
    Thing:
      type: object
      required: [displayName]
      properties:
        displayName: {type: string}
        tags: {type: array, items: {type: string}}
        at: {type: string, format: date-time}
        values: {type: object, additionalProperties: {type: string, nullable: true}}
        parts: {type: array, items: {$ref: "#/components/schemas/Thing"}}
"""


def test_a_body_is_sent_with_the_usual_headers(things: Things, server: Server) -> None:
    things.generate(BODIES)
    part = things.models.Thing(display_name="part", values={"a": None})
    things.call(
        "required",
        display_name="whole",
        tags=["a"],
        at=datetime(2026, 1, 2, tzinfo=UTC),
        parts=[part, {"displayName": "other", "tags": []}],
    )
    assert server.targets == ["PUT /required"]
    request = server.requests[0]
    assert request.json == {
        "displayName": "whole",
        "tags": ["a"],
        "at": "2026-01-02T00:00:00Z",
        "parts": [
            {"displayName": "part", "values": {"a": None}},
            {"displayName": "other", "tags": []},
        ],
    }
    assert request.headers["Content-Type"] == "application/json"
    assert request.headers["Accept"] == "application/json"
    assert request.headers["Authorization"] == "Bearer pat-secret-0123456789"
    assert request.headers["User-Agent"] == things.user_agent
    assert str(things.user_agent).startswith("generated-for-test-")


def test_without_a_body_none_is_sent(things: Things, server: Server) -> None:
    things.generate(BODIES)
    things.call("none")
    assert server.targets == ["DELETE /none"]
    assert server.bodies == [b""]
    assert "Content-Type" not in server.requests[0].headers


def test_an_optional_body_is_sent_if_it_is_given(things: Things, server: Server) -> None:
    things.generate(BODIES)
    things.call("optional")
    things.call("optional", body={"displayName": "x"})
    things.call("optional", body=things.models.Thing(display_name="y"))
    assert server.bodies == [b"", b'{"displayName":"x"}', b'{"displayName":"y"}']
    sent = [request.headers.get("Content-Type") for request in server.requests]
    assert sent == [None, "application/json", "application/json"]


def test_a_body_may_be_a_list(things: Things, server: Server) -> None:
    things.generate(BODIES)
    things.call("list_of_them", body=[{"displayName": "x"}, things.models.Thing(display_name="y")])
    things.call("list_of_them", body=[])
    assert server.bodies == [b'[{"displayName":"x"},{"displayName":"y"}]', b"[]"]


def test_the_media_type_is_the_one_of_json_in_the_spec(things: Things, server: Server) -> None:
    things.generate(BODIES)
    things.call("versioned", display_name="x")
    assert server.requests[0].headers["Content-Type"] == "application/vnd.example+json"


@pytest.mark.parametrize(
    ("method", "arguments", "named"),
    [
        ("required", {"display_name": "x", "parts": [{"displayname": "y"}]}, "displayname"),
        ("required", {"display_name": 5}, "display_?[nN]ame"),
        ("required", {"display_name": None}, "displayName"),
        ("required", {"display_name": "x", "values": {"a": 5}}, "values.a"),
        ("optional", {"body": {"displayName": "x", "tag": ["a"]}}, "tag"),
        ("list_of_them", {"body": [{"displayName": "x"}, {}]}, "1.displayName"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_sent(
    things: Things, server: Server, method: str, arguments: dict[str, Any], named: str
) -> None:
    things.generate(BODIES)
    with pytest.raises(pydantic.ValidationError, match=named):
        things.call(method, **arguments)
    assert server.requests == []


def test_misspelt_arguments_and_fields_of_models_are_refused(things: Things) -> None:
    things.generate(BODIES)
    with pytest.raises(TypeError, match="display_nam"):
        things.call("required", display_nam="x")
    with pytest.raises(pydantic.ValidationError, match="tag"):
        things.models.Thing(display_name="x", tag=[])


NULLS = """
paths:
  /things:
    post:
      operationId: change
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [name, owner]
              properties:
                name: {type: string}
                owner: {type: string, nullable: true}
                note: {type: string, nullable: true}
                size: {type: integer}
                parts:
                  type: array
                  items:
                    type: object
                    properties: {note: {type: string, nullable: true}, size: {type: integer}}
      responses: {"204": {description: Done.}}
"""


def test_null_is_sent_where_the_spec_allows_it_and_asked_for(
    things: Things, server: Server
) -> None:
    things.generate(NULLS)
    things.call("change", name="a", owner=None)
    things.call("change", name="a", owner="b", note=None, parts=[{"note": None}, {"size": 1}, {}])
    things.call("change", name="a", owner="b", note=things.unset, size=things.unset)
    assert [request.json for request in server.requests] == [
        {"name": "a", "owner": None},
        {"name": "a", "owner": "b", "note": None, "parts": [{"note": None}, {"size": 1}, {}]},
        {"name": "a", "owner": "b"},
    ]


LIMITS = """
paths:
  /things:
    post:
      operationId: write
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [inputs]
              properties:
                inputs:
                  type: array
                  maxItems: 2
                  minItems: 1
                  items: {type: object, properties: {id: {type: string, maxLength: 3}}}
      responses: {"204": {description: Done.}}
  /list:
    post:
      operationId: write_list
      requestBody:
        required: true
        content: {application/json: {schema: {type: array, maxItems: 2, items: {type: string}}}}
      responses: {"204": {description: Done.}}
"""


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("write", {"inputs": [{"id": "1"}, {"id": "2"}, {"id": "3"}]}),
        ("write", {"inputs": []}),
        ("write", {"inputs": [{"id": "1234"}]}),
        ("write_list", {"body": ["1", "2", "3"]}),
    ],
)
def test_limits_are_checked_before_anything_is_sent(
    things: Things, server: Server, method: str, arguments: dict[str, Any]
) -> None:
    things.generate(LIMITS)
    with pytest.raises(pydantic.ValidationError):
        things.call(method, **arguments)
    assert server.requests == []


def test_what_is_within_the_limits_is_sent(things: Things, server: Server) -> None:
    things.generate(LIMITS)
    things.call("write", inputs=[{"id": "1"}, {"id": "123"}])
    things.call("write_list", body=["1", "2"])
    assert server.bodies == [b'{"inputs":[{"id":"1"},{"id":"123"}]}', b'["1","2"]']


def test_a_base_url_may_lead_below_a_path(things: Things, server: Server) -> None:
    things.generate(PATHS)
    options = {"base_url": f"{server.url}/gate/way/"}
    things.call_with(options, "get", **{**PATH_ARGUMENTS, "moment": "x"})
    assert server.targets == ["GET /gate/way/days/2026-01-02/x/7/true/..%252f%3F%23"]


def test_the_base_url_is_the_server_of_the_spec(things: Things, raw_server: RawServer) -> None:
    things.generate("""
        paths:
          /things: {get: {operationId: get, responses: {"204": {description: Done.}}}}
        """)
    raw_server.script = [raw_answer(b"", status="204 No Content")]
    assert things.base_url == "https://api.example.com"
    things.call("get", raw_server)
    assert raw_server.requests[0].startswith(b"GET /things HTTP/1.1\r\nHost: 127.0.0.1:")

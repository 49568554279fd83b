"""What generated clients make of answers: small specs, a real socket, both kinds of clients."""

from __future__ import annotations

from typing import Any

import pytest
from werkzeug import Response

from tests.packages import Things
from tests.servers import RawServer, Server, answer, raw_answer

SUCCESSES = """
paths:
  /things:
    post:
      operationId: make
      responses:
        "200":
          description: It was there.
          content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
        "201":
          description: It was made.
          content: {application/json: {schema: {$ref: "#/components/schemas/Thing"}}}
        "202":
          description: It will be made.
          content: {application/json: {schema: {$ref: "#/components/schemas/Ticket"}}}
        "204": {description: Nothing to do.}
        "206":
          description: Their ids.
          content: {application/json: {schema: {type: array, items: {type: integer}}}}
        2XX: {description: Something., content: {application/json: {schema: {type: string}}}}
components:
  schemas:
    Thing:
      type: object
      required: [id]
      properties:
        id: {type: string}
        size: {type: integer, nullable: true}
        state: {type: string, enum: [new, old]}
        flags: {type: array, items: {type: string, enum: [red, blue]}}
    Ticket: {type: object, required: [ticket], properties: {ticket: {type: integer}}}
"""


def test_each_declared_success_has_its_own_type(things: Things, server: Server) -> None:
    things.generate(SUCCESSES)
    models = things.models
    for status, body, expected in [
        (200, {"id": "1"}, models.Thing(id="1")),
        (201, {"id": "2", "size": None}, models.Thing(id="2", size=None)),
        (202, {"ticket": 5}, models.Ticket(ticket=5)),
        (206, [1, 2], [1, 2]),
        (203, "other", "other"),
    ]:
        server.script = [answer(status, body)]
        got = things.call("make")
        assert got == expected
        assert type(got) is type(expected)
    server.script = [Response("", status=204)]
    assert things.call("make") is None


def test_unknown_fields_and_values_of_enumerations_are_kept(things: Things, server: Server) -> None:
    things.generate(SUCCESSES)
    body = {"id": "1", "state": "lost", "flags": ["red", "green"], "later": {"more": [1]}}
    server.script = [answer(200, body)]
    got = things.call("make")
    assert got.state == "lost"
    assert got.flags == ["red", "green"]
    assert got.model_extra == {"later": {"more": [1]}}
    assert got.model_dump(by_alias=True, exclude_unset=True) == body


@pytest.mark.parametrize("body", [{}, {"id": 1}, [], None])
def test_a_success_that_is_not_as_declared_is_a_decoding_error(
    things: Things, server: Server, body: object
) -> None:
    things.generate(SUCCESSES)
    server.script = [Response("null") if body is None else answer(200, body)]
    with pytest.raises(things.errors.DecodingError) as caught:
        things.call("make")
    assert caught.value.operation == "things.make"
    assert caught.value.status == 200
    assert len(server.requests) == 1


def test_a_single_204_gives_none(things: Things, server: Server) -> None:
    things.generate("""
        paths:
          /things/{id}:
            delete:
              operationId: remove
              parameters: [{name: id, in: path, required: true, schema: {type: integer}}]
              responses: {"204": {description: Gone.}}
        """)
    for status, text in [(204, ""), (200, "<html>fine</html>")]:
        server.script = [Response(text, status=status)]
        assert things.call("remove", id=5) is None
    assert server.targets == ["DELETE /things/5"] * 2


EVENTS = """
paths:
  /events:
    post:
      operationId: send
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              required: [events]
              properties:
                events: {type: array, items: {$ref: "#/components/schemas/Event"}}
      responses:
        "200":
          description: What happened.
          content: {application/json: {schema: {$ref: "#/components/schemas/Event"}}}
components:
  schemas:
    Event:
      oneOf:
        - $ref: "#/components/schemas/Click"
        - $ref: "#/components/schemas/KeyPress"
      discriminator:
        propertyName: eventType
        mapping: {click: "#/components/schemas/Click", key: "#/components/schemas/KeyPress"}
    Click:
      type: object
      required: [eventType, x]
      properties: {eventType: {type: string}, x: {type: integer}}
    KeyPress:
      type: object
      required: [eventType, key]
      properties: {eventType: {type: string}, key: {type: string}, x: {type: integer}}
"""


def test_a_discriminator_tells_alternatives_apart(things: Things, server: Server) -> None:
    things.generate(EVENTS)
    events = [{"eventType": "click", "x": 5}, {"eventType": "key", "key": "a", "x": 5}]
    for event, model in [(events[0], "Click"), (events[1], "KeyPress")]:
        server.script = [answer(200, event)]
        got = things.call("send", events=events)
        assert type(got).__name__.startswith(model)
        assert got.model_dump(by_alias=True, exclude_unset=True) == event
        assert server.requests[-1].json == {"events": events}


def test_a_discriminated_alternative_is_checked_by_itself(things: Things, server: Server) -> None:
    things.generate(EVENTS)
    for event in ({"eventType": "click", "key": "a"}, {"eventType": "jump", "x": 1}, {"x": 1}):
        with pytest.raises(ValueError, match="events"):
            things.call("send", events=[event])
    assert server.requests == []


DEFAULT_POLICY = """
paths:
  /things:
    get:
      operationId: get
      responses:
        "204": {description: Done.}
        default:
          description: It failed.
          content:
            application/json:
              schema: {type: object, required: [reason], properties: {reason: {type: string}}}
"""


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, "ValidationError"),
        (401, "AuthenticationError"),
        (403, "PermissionDeniedError"),
        (404, "StatusError"),
        (409, "ConflictError"),
        (422, "ValidationError"),
        (423, "StatusError"),
        (500, "ServerError"),
        (503, "ServerError"),
    ],
)
def test_without_rules_statuses_mean_what_http_says(
    things: Things, server: Server, status: int, error: str
) -> None:
    things.generate(DEFAULT_POLICY)
    body = {"reason": "no", "message": "unread", "category": "unread", "correlationId": "unread"}
    server.script = [answer(status, body), Response("", status=204)]
    with pytest.raises(things.errors.ApiError) as caught:
        things.call("get")
    assert type(caught.value) is getattr(things.errors, error)
    assert caught.value.body.reason == "no"
    assert caught.value.category is caught.value.correlation_id is None
    assert "unread" not in str(caught.value)
    assert len(server.requests) == 1


def test_without_rules_only_a_429_is_sent_again(things: Things, server: Server) -> None:
    things.generate(DEFAULT_POLICY)
    server.script = [answer(429, {}, {"Retry-After": "0"}), Response("", status=204)]
    assert things.call("get") is None
    assert len(server.requests) == 2


def test_without_rules_a_broken_connection_is_not_tried_again(
    things: Things, raw_server: RawServer
) -> None:
    things.generate(DEFAULT_POLICY)
    raw_server.script = [b"", raw_answer(b"", status="204 No Content")]
    with pytest.raises(things.errors.TransportError):
        things.call("get", raw_server)
    assert len(raw_server.requests) == 1


RULES = """
paths:
  /patient:
    post: {operationId: patient, responses: {"204": {description: Done.}}}
  /hasty:
    post: {operationId: hasty, responses: {"204": {description: Done.}}}
"""
RULES_OVERLAY = """
actions:
  - target: $.paths['/patient'].post
    update:
      x-errors:
        fields: {message: text, category: kind, correlation-id: trace}
        rules:
          - {status: [409], when: {kind: BUSY}, error: locked, retry: true}
          - {status: [409, 4XX], error: conflict}
          - {status: [500], error: server, retry: true, minimum-delay: 0.2, delay-header: X-Wait}
      x-retry: {transport: true, backoff: {initial: 0.02, multiplier: 1, maximum: 0.02}}
      x-rate-limit: {headers: {maximum: X-Most, remaining: X-Left}}
"""


def test_rules_count_for_their_operation_alone(things: Things, server: Server) -> None:
    things.generate(RULES, RULES_OVERLAY)
    busy = answer(409, {"kind": "busy", "text": "wait", "trace": "t-1"}, {"X-Left": "3"})
    done = Response("", status=204)
    server.script = [busy, done]
    assert things.call("patient") is None
    assert server.targets == ["POST /patient"] * 2
    server.script = [busy, done]
    with pytest.raises(things.errors.ConflictError) as caught:
        things.call("hasty")
    assert caught.value.category is caught.value.rate_limit is None


def test_rules_are_tried_in_order_and_name_the_fields(things: Things, server: Server) -> None:
    things.generate(RULES, RULES_OVERLAY)
    body = {"kind": "OTHER", "text": "collides", "trace": "t-1"}
    server.script = [answer(409, body, {"X-Most": "9", "X-Left": "3"})]
    with pytest.raises(things.errors.ConflictError) as caught:
        things.call("patient")
    error = caught.value
    assert (error.message, error.category, error.correlation_id) == ("collides", "OTHER", "t-1")
    assert error.rate_limit == things.errors.RateLimit(maximum=9, remaining=3)
    server.script = [answer(418, body)]
    with pytest.raises(things.errors.ConflictError):
        things.call("patient")


def test_delays_of_rules_and_headers_are_kept(things: Things, server: Server) -> None:
    things.generate(RULES, RULES_OVERLAY)
    server.script = [answer(500, {}), answer(500, {}, {"X-Wait": "300"}), Response("", status=204)]
    things.call("patient")
    assert server.gaps[0] >= 0.2
    assert server.gaps[1] >= 0.3


def test_a_rule_may_ask_for_another_attempt_when_the_connection_breaks(
    things: Things, raw_server: RawServer
) -> None:
    things.generate(RULES, RULES_OVERLAY)
    raw_server.script = [b"", raw_answer(b"", status="204 No Content")]
    things.call("patient", raw_server)
    assert len(raw_server.requests) == 2


def test_text_of_the_spec_stays_text(things: Things, server: Server) -> None:
    hostile = r"""\"\"\" + exit(1) # {{ 7 * 7 }} {% raise %} \\ \n \N{BULLET} %s {0} */ """ + "'''"
    quoted = '"' + hostile.replace("\\", "\\\\").replace('"', '\\"') + '"'
    things.generate(f"""
paths:
  /things:
    post:
      operationId: send
      summary: {quoted}
      description: {quoted}
      requestBody:
        required: true
        content:
          application/json:
            schema:
              type: object
              description: {quoted}
              properties:
                {quoted}: {{type: string, description: {quoted}}}
                kind: {{type: string, enum: [{quoted}], default: {quoted}}}
      responses:
        "200":
          description: {quoted}
          content: {{application/json: {{schema: {{type: string}}}}}}
""")
    server.script = [answer(200, hostile)]
    assert things.call("send", kind=hostile) == hostile
    assert server.requests[0].json == {"kind": hostile}
    documented: Any = things.documentation("send")
    assert "exit(1)" in documented
    assert "{{ 7 * 7 }}" in documented

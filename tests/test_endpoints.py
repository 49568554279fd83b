"""The two endpoints that the project began with: what is sent, and what answers are read as."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Any

import hubspot_upsert
import pydantic
import pytest
from hubspot_upsert.v2026_03 import models

from tests.endpoints import ENDPOINTS, ONE_INPUT, SUCCESS, Endpoint, example
from tests.servers import Server, answer

# Should anything be sent again that must not be, nobody waits for it.
pytestmark = pytest.mark.usefixtures("clock")

VALIDATION_MESSAGE = (
    'Property values were not valid: [{"isValid":false,"message":"Email address not-an-email is '
    'invalid","error":"INVALID_EMAIL","name":"email"}]'
)
LIVE_207: dict[str, Any] = {
    **SUCCESS,
    "numErrors": 1,
    "errors": [
        {
            "status": "error",
            "category": "VALIDATION_ERROR",
            "message": VALIDATION_MESSAGE,
            "context": {"objectWriteTraceId": ["p1", "p2"]},
        }
    ],
}
DUPLICATES = {
    "status": "error",
    "message": "Duplicate IDs found in batch input: [1]. IDs must be unique",
    "correlationId": "7a7d9a2e-0000-4000-8000-000000000001",
    "context": {"ids": ["1"]},
    "category": "VALIDATION_ERROR",
}


def test_the_request_is_the_documented_one(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    request = example("request.json")
    endpoint.upsert(server, request["inputs"])
    assert server.targets == [endpoint.target]
    sent = server.requests[0]
    assert json.loads(sent.get_data()) == request
    assert sent.headers["Authorization"] == "Bearer pat-secret-0123456789"
    assert sent.headers["Content-Type"] == "application/json"
    assert sent.headers["Accept"] == "application/json"
    assert sent.headers["User-Agent"] == f"hubspot-upsert/{version('hubspot-upsert')}"


def test_models_and_mappings_are_sent_alike(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    model = endpoint.version.models.SimplePublicObjectBatchInputUpsert
    endpoint.upsert(server, ONE_INPUT)
    endpoint.upsert(server, [model.model_validate(ONE_INPUT[0])])
    one = model(
        id="row-7",
        id_property="my_key",
        object_write_trace_id="trace-7",
        properties={"hs_task_subject": "Call Ada", "hs_task_body": None},
    )
    endpoint.upsert(server, (one,))
    assert [json.loads(body) for body in server.bodies] == [{"inputs": ONE_INPUT}] * 3


def test_what_is_not_given_is_not_sent(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    endpoint.upsert(server, [{"id": "1", "properties": {"name": "", "other": None}}])
    assert server.bodies == [b'{"inputs":[{"id":"1","properties":{"name":"","other":null}}]}']


REFUSED: list[tuple[object, str]] = [
    ([{"id": "1", "properties": {}, "idProprety": "email"}], "idProprety"),
    ([{"properties": {}}], "id"),
    ([{"id": "1"}], "properties"),
    ([{"id": 1, "properties": {}}], "id"),
    ([{"id": "1", "properties": {"age": 5}}], "age"),
    ([{"id": "1", "properties": {}}, None], r"inputs\.1"),
    (None, "inputs"),
    ([{"id": str(number), "properties": {}} for number in range(101)], "at most 100"),
]


def test_what_would_be_refused_is_not_sent(endpoint: Endpoint, server: Server) -> None:
    for inputs, named in REFUSED:
        with pytest.raises(pydantic.ValidationError, match=named):
            endpoint.upsert(server, inputs)
    assert server.requests == []


def test_a_hundred_inputs_are_one_request(endpoint: Endpoint, server: Server) -> None:
    server.script = [answer(200, SUCCESS)]
    endpoint.upsert(server, [{"id": str(number), "properties": {}} for number in range(100)])
    assert len(server.requests) == 1
    assert len(json.loads(server.bodies[0])["inputs"]) == 100


# What answers are read as is for pure functions, which both kinds of clients call.


@pytest.fixture(params=list(ENDPOINTS))
def called(request: pytest.FixtureRequest) -> Endpoint:
    return ENDPOINTS[request.param]


@pytest.mark.parametrize("status", [200, 201, 202, 207])
def test_every_success_is_read_alike(called: Endpoint, status: int) -> None:
    response = called.answered(status, SUCCESS)
    assert response.status == "COMPLETE"
    assert response.started_at == datetime(2026, 1, 1, tzinfo=UTC)
    (result,) = response.results
    assert result.id == "512"
    assert result.new is True
    assert result.properties == {"hs_task_subject": "Call Ada", "hs_task_body": None}
    assert result.object_write_trace_id == "trace-7"
    assert response.errors is response.num_errors is None


@pytest.mark.parametrize("name", ["v3-tasks-response.json", "2025-09-objects-response.json"])
@pytest.mark.parametrize("status", [200, 207])
def test_the_documented_answers_are_read(called: Endpoint, name: str, status: int) -> None:
    body = example(name)
    response = called.answered(status, body)
    assert json.loads(response.model_dump_json(by_alias=True, exclude_unset=True)) == body
    assert response.status == "CANCELED"
    assert response.num_errors == 10
    (error,) = response.errors
    assert type(error) is called.version.models.StandardError
    assert error.sub_category == {}
    (detail,) = error.errors
    assert type(detail) is called.version.models.ErrorDetail
    assert detail.sub_category == "<string>"
    assert detail.in_ == "<string>"
    assert "scope1" in detail.context


def test_a_live_207_is_read_and_typed(called: Endpoint) -> None:
    response = called.answered(207, LIVE_207)
    assert response.num_errors == 1
    (error,) = response.errors
    assert error.category == "VALIDATION_ERROR"
    assert error.message == VALIDATION_MESSAGE
    assert error.context == {"objectWriteTraceId": ["p1", "p2"]}
    assert error.errors is error.links is error.sub_category is error.id is None
    assert [result.object_write_trace_id for result in response.results] == ["trace-7"]


def test_answers_may_say_more_than_the_spec(called: Endpoint) -> None:
    body = {
        **LIVE_207,
        "status": "ON_HOLD",
        "later": True,
        "results": [{**SUCCESS["results"][0], "new": False, "score": 5}],
        "errors": [{"subCategory": "crm.VALIDATION", "errors": [{"context": {"a": ["b"]}}]}],
    }
    response = called.answered(207, body)
    assert response.status == "ON_HOLD"
    assert response.model_extra == {"later": True}
    assert response.results[0].new is False
    assert response.results[0].model_extra == {"score": 5}
    assert response.errors[0].sub_category == "crm.VALIDATION"
    assert response.errors[0].errors[0].context == {"a": ["b"]}


def test_an_answer_without_results_is_no_success_of_any_input(called: Endpoint) -> None:
    assert called.answered(200, {**SUCCESS, "status": "CANCELED", "results": []}).results == []


def test_a_success_that_cannot_be_read_says_so_and_is_not_sent_again(
    tasks: Endpoint, server: Server
) -> None:
    server.script = [answer(200, {"status": "COMPLETE"}), answer(200, SUCCESS)]
    with pytest.raises(hubspot_upsert.DecodingError, match="may have applied") as caught:
        tasks.upsert(server)
    assert caught.value.status == 200
    assert caught.value.text == '{"status": "COMPLETE"}'
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "body", "typed"),
    [
        (400, DUPLICATES, {"context": {"ids": ["1"]}, "category": "VALIDATION_ERROR"}),
        (409, {"message": "Contact already exists", "category": "CONFLICT"}, {"errors": None}),
        (
            400,
            {
                "status": "error",
                "message": "Property does not exist",
                "errors": [{"code": "PROPERTY_DOESNT_EXIST", "context": {"propertyName": ["x"]}}],
                "category": "VALIDATION_ERROR",
                "subCategory": "crm.PROPERTIES",
                "links": {"knowledge-base": "https://example.com/"},
            },
            {"sub_category": "crm.PROPERTIES"},
        ),
        (
            429,
            {
                "status": "error",
                "message": "You have reached your daily limit.",
                "errorType": "RATE_LIMIT",
                "correlationId": "c-2",
                "policyName": "DAILY",
                "groupName": "publicapi:private-apps",
            },
            {"error_type": "RATE_LIMIT", "policy_name": "DAILY", "category": None},
        ),
    ],
)
def test_the_body_of_an_error_is_typed(
    called: Endpoint, status: int, body: dict[str, Any], typed: dict[str, Any]
) -> None:
    with pytest.raises(hubspot_upsert.StatusError) as caught:
        called.answered(status, body)
    error = caught.value
    assert type(error.body) is models.Error
    assert {name: getattr(error.body, name) for name in typed} == typed
    assert error.body.model_dump(by_alias=True, exclude_unset=True) == body
    assert error.message == body["message"]
    assert error.category == body.get("category")
    assert error.correlation_id == body.get("correlationId")
    assert json.loads(error.text or "") == body


def test_codes_of_details_are_typed(called: Endpoint) -> None:
    body = {"errors": [{"code": "PROPERTY_DOESNT_EXIST", "in": "properties", "message": "no"}]}
    with pytest.raises(hubspot_upsert.ValidationError) as caught:
        called.answered(400, body)
    (detail,) = caught.value.body.errors
    assert (detail.code, detail.in_, detail.message) == (
        "PROPERTY_DOESNT_EXIST",
        "properties",
        "no",
    )
    assert str(caught.value) == f"{called.object_type}.batch_upsert: 400 Bad Request"

"""Spans and metrics of OpenTelemetry: one for each attempt and run, by the conventions, without values."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from package._runtime.answer import Answer
from package._runtime.attempt import Failure
from package._runtime.operation import Call
from package._runtime.security import BEARER, SecurityScheme
from package.errors import ApiError

from tests.bulk.contacts import OPERATION, contact, error_body, json_answer
from tests.bulk.server import AsyncClient, Client, ContactsServer, Upserter
from tests.runtime.emitted_client import POLICY
from tests.servers import TOKEN, kept_port

SPAN = "POST /contacts/batch/upsert"


class Telemetry:
    """What was recorded since the test began; a process has one provider, for ever."""

    def __init__(self) -> None:
        self.exporter, self.reader = InMemorySpanExporter(), InMemoryMetricReader()
        provider = TracerProvider()
        provider.add_span_processor(SimpleSpanProcessor(self.exporter))
        trace.set_tracer_provider(provider)
        metrics.set_meter_provider(MeterProvider([self.reader]))

    def spans(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def durations(self, url: str) -> dict[object, Any]:
        """Give how long requests to a server took, by the statuses of their answers."""
        port = urlsplit(url).port
        return {
            dict(key).get("http.response.status_code"): point
            for key, point in self.points("http.client.request.duration").items()
            if dict(key)["server.port"] == port
        }

    def points(self, name: str) -> dict[Any, Any]:
        """Give the points of an instrument, by their attributes."""
        data = self.reader.get_metrics_data()
        return {
            frozenset(point.attributes.items()): point
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for metric in scope.metrics
            if metric.name == name
            for point in metric.data.data_points
        }

    def everything(self) -> str:
        data = self.reader.get_metrics_data()
        spans = [span.to_json() for span in self.exporter.get_finished_spans()]
        return "".join([*spans, data.to_json() if data else ""])


@pytest.fixture(scope="module")
def provided() -> Telemetry:
    return Telemetry()


@pytest.fixture
def telemetry(provided: Telemetry) -> Iterator[Telemetry]:
    provided.exporter.clear()
    yield provided
    provided.exporter.clear()


def test_each_attempt_of_a_run_is_a_span_of_it(upserter: Upserter, telemetry: Telemetry) -> None:
    # Not one after the other: a machine that is slow for a moment sends the same batch again first.
    faults: dict[bytes, Answer | Failure] = {
        b'"0@example.com"': json_answer(429, {}),
        b'"10@example.com"': Failure("it breaks", retryable=True),
    }

    def respond(body: bytes) -> Answer | Failure | None:
        return next((faults.pop(key) for key in list(faults) if key in body), None)

    upserter.server.respond = respond
    with trace.get_tracer("application").start_as_current_span("load"):
        report = upserter.upsert(map(contact, range(25)), concurrency=1)
    (run,) = telemetry.spans(OPERATION.name)
    (load,) = telemetry.spans("load")
    assert run.parent == load.get_span_context()
    spans = telemetry.spans(SPAN)
    assert len(spans) == report.requests == 5
    assert all(span.parent == run.get_span_context() for span in spans)
    assert {span.kind for span in spans} == {trace.SpanKind.CLIENT}
    where = urlsplit(upserter.server.url)
    refused, broken, *others = sorted(
        spans, key=lambda span: str((span.attributes or {}).get("error.type", "none"))
    )
    assert dict(refused.attributes or {}) == {
        "http.request.method": "POST",
        "server.address": where.hostname,
        "server.port": where.port,
        "url.full": f"{upserter.server.url}/contacts/batch/upsert",
        "url.template": "/contacts/batch/upsert",
        "http.response.status_code": 429,
        "error.type": "429",
    }
    told = broken.attributes or {}
    assert "http.request.resend_count" not in told
    assert told["error.type"] == "RemoteProtocolError"
    assert "http.response.status_code" not in told
    well = [span.attributes or {} for span in others]
    assert [one["http.response.status_code"] for one in well] == [200] * 3
    assert Counter(one.get("http.request.resend_count") for one in well) == {1: 2, None: 1}
    assert not any("error.type" in one for one in well)
    failed = [span for span in spans if span.status.status_code is trace.StatusCode.ERROR]
    assert {*failed} == {refused, broken}
    assert dict(run.attributes or {}) == {
        "upsert.requests": 5,
        "upsert.retries": 2,
        "upsert.records.created": 25,
    }
    assert run.status.is_unset


def test_a_request_with_another_token_is_a_span_of_its_own(
    upserter: Upserter, telemetry: Telemetry
) -> None:
    expired = iter([json_answer(401, error_body("too old", "EXPIRED"))])
    upserter.server.respond = lambda body: next(expired, None)
    tokens = iter(["old", "new"])
    upserter.upsert([contact(0)], token=lambda: next(tokens))
    first, second = [span.attributes or {} for span in telemetry.spans(SPAN)]
    assert (first["http.response.status_code"], first["error.type"]) == (401, "401")
    assert "http.request.resend_count" not in first
    assert (second["http.response.status_code"], second["http.request.resend_count"]) == (200, 1)


def test_requests_and_records_are_measured(upserter: Upserter, telemetry: Telemetry) -> None:
    before = telemetry.points("upsert.records")
    # The server of an earlier test may have had the same port.
    earlier = {key: one.count for key, one in telemetry.durations(upserter.server.url).items()}
    upserter.server.faults = ["503"]
    bad = contact(30, firstname="invalid")
    upserter.upsert([*map(contact, range(25)), bad], concurrency=1)
    points = telemetry.points("upsert.records")
    for status, count in (("created", 25), ("rejected", 1)):
        key = frozenset({("upsert.operation", OPERATION.name), ("upsert.status", status)})
        assert points[key].value - (before[key].value if key in before else 0) == count
    durations = telemetry.durations(upserter.server.url)
    counts = Counter({status: point.count for status, point in durations.items()})
    assert counts - Counter(earlier) == {200: 2, 207: 1, 503: 1}
    assert durations[200].explicit_bounds[0] == 0.005
    # In seconds; a clock that stands still meanwhile says 0.
    assert 0 <= durations[200].sum < 60


def test_a_run_that_is_stopped_is_an_error(upserter: Upserter, telemetry: Telemetry) -> None:
    upserter.server.faults = ["401"]
    report = upserter.upsert(map(contact, range(25)), concurrency=1)
    assert report.stop is not None
    (run,) = telemetry.spans(OPERATION.name)
    assert run.status.status_code is trace.StatusCode.ERROR
    assert run.status.description is None


@pytest.mark.parametrize("scheme", [BEARER, SecurityScheme("legacy", "query", "key")])
def test_no_value_and_no_token_is_recorded(
    scheme: SecurityScheme,
    upserter: Upserter,
    telemetry: Telemetry,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for client in (Client, AsyncClient):
        monkeypatch.setattr(client, "_SCHEMES", (scheme,))
    upserter.server.faults = ["429", None, "before", "html"]
    upserter.upsert([contact(n, lastname="Lovelace") for n in range(40)])
    recorded = telemetry.everything()
    assert SPAN in recorded
    for secret in (TOKEN, "Lovelace", 'example.com"', "Name 7", "@"):
        assert secret not in recorded


def test_a_single_call_is_a_span(contacts_server: ContactsServer, telemetry: Telemetry) -> None:
    contacts_server.faults = ["429", "401"]
    with Client(TOKEN, base_url=contacts_server.url) as client, pytest.raises(ApiError):
        client._connection.send(Call(OPERATION, content=b'{"inputs": []}'))
    first, second = [span.attributes or {} for span in telemetry.spans(SPAN)]
    assert "http.request.resend_count" not in first
    assert second["http.request.resend_count"] == 1
    assert second["error.type"] == "401"


def test_arguments_of_a_path_are_left_out(
    contacts_server: ContactsServer, telemetry: Telemetry
) -> None:
    operation = replace(OPERATION, path="/objects/{objectType}/upsert")
    call = Call(operation, path_arguments={"objectType": "secret"}, content=b'{"inputs": []}')
    with Client(TOKEN, base_url=contacts_server.url) as client:
        client._connection.send(call)
    (span,) = telemetry.spans("POST /objects/{objectType}/upsert")
    assert (span.attributes or {})["url.full"] == f"{contacts_server.url}/objects/REDACTED/upsert"
    assert "secret" not in telemetry.everything()


def test_no_connection_is_an_error_with_a_type(telemetry: Telemetry) -> None:
    once = replace(OPERATION, policy=replace(POLICY, retry_transport=False))
    with (
        kept_port() as port,
        Client(TOKEN, base_url=f"http://127.0.0.1:{port}") as client,
        pytest.raises(ApiError),
    ):
        client._connection.send(Call(once, content=b'{"inputs": []}'))
    (span,) = telemetry.spans(SPAN)
    assert (span.attributes or {})["error.type"] == "ConnectError"


def test_who_does_not_use_it_does_not_load_it() -> None:
    program = """
import sys
from tests.bulk.server import ContactsServer, Upserter
server = ContactsServer()
report = Upserter("sync", server).upsert([{"email": "a@example.com"}])
server.close()
assert report.created == 1
assert not [name for name in sys.modules if name.startswith("opentelemetry")]
"""
    path = {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", program], env=path, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")

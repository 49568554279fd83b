"""What the client adds to bare pydantic, and to importing httpx2 and pydantic."""

from __future__ import annotations

import json
from collections.abc import Iterator

from hubspot_upsert._runtime.answer import Answer
from hubspot_upsert._runtime.operation import encode_body
from hubspot_upsert._runtime.result import conclude
from hubspot_upsert.v3 import contacts
from hubspot_upsert.v3.models import (
    BatchInputSimplePublicObjectBatchInputUpsert as BatchInput,
)
from hubspot_upsert.v3.models import BatchResponseSimplePublicUpsertObject as Response
from hubspot_upsert.v3.models import SimplePublicObjectBatchInputUpsert as Input

from tests.bench.figures import Figure, best_of, python

ROUNDS = 40


def measure_client() -> Iterator[Figure]:
    ours, bare = best_of(
        9,
        lambda: python("from hubspot_upsert.v2025_09 import Client"),
        lambda: python("import httpx2; from pydantic import BaseModel"),
    )
    yield Figure("import of Client / import of httpx2 and pydantic", ours / bare, 1.25, "x")
    body = response_body()
    answer = Answer(200, {}, body)
    operation = contacts._BATCH_UPSERT
    ours, bare = best_of(
        15,
        lambda: [conclude(operation, answer, 1, now=0.0) for _ in range(ROUNDS)],
        lambda: [Response.model_validate_json(body) for _ in range(ROUNDS)],
    )
    detail = f"{len(body)} bytes, 100 results"
    yield Figure("decoding / model_validate_json", ours / bare, 1.15, "x", detail)
    inputs = request_inputs()
    whole = BatchInput(inputs=inputs)
    size = len(whole.model_dump_json(by_alias=True, exclude_unset=True))
    ours, bare = best_of(
        15,
        lambda: [encode_body(BatchInput, {"inputs": inputs}) for _ in range(ROUNDS)],
        lambda: [whole.model_dump_json(by_alias=True, exclude_unset=True) for _ in range(ROUNDS)],
    )
    yield Figure("encoding / model_dump_json", ours / bare, 1.15, "x", f"{size} bytes, 100 inputs")


def properties(number: int) -> dict[str, str | None]:
    return {f"property_{index}": f"value {index} of {number}" for index in range(25)}


def response_body() -> bytes:
    """Return a response of 100 results and about 120 kB."""
    results = [
        {
            "id": str(number),
            "new": number % 2 == 0,
            "archived": False,
            "createdAt": "2026-01-01T00:00:00.000Z",
            "updatedAt": "2026-01-01T00:00:01.000Z",
            "objectWriteTraceId": f"trace-{number}",
            "properties": properties(number),
        }
        for number in range(100)
    ]
    times = {"startedAt": "2026-01-01T00:00:00.000Z", "completedAt": "2026-01-01T00:00:01.000Z"}
    return json.dumps({"status": "COMPLETE", **times, "results": results}).encode()


def request_inputs() -> list[Input]:
    """Return 100 inputs that are about 100 kB as JSON."""
    return [
        Input(
            id=f"person{number}@example.com",
            id_property="email",
            object_write_trace_id=f"trace-{number}",
            properties=properties(number),
        )
        for number in range(100)
    ]

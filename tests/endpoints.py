"""The endpoints that the API's documents publish, two of which the project began with."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import hubspot_upsert.v3
import hubspot_upsert.v2025_09
from hubspot_upsert._runtime.answer import Answer
from hubspot_upsert._runtime.operation import Operation
from hubspot_upsert._runtime.result import conclude
from werkzeug import Response

from tests.servers import Caller, RawServer, Server, answer

DATA = Path(__file__).parent / "data"
ONE_INPUT: list[dict[str, Any]] = [
    {
        "id": "row-7",
        "idProperty": "my_key",
        "objectWriteTraceId": "trace-7",
        "properties": {"hs_task_subject": "Call Ada", "hs_task_body": None},
    }
]
SUCCESS: dict[str, Any] = {
    "status": "COMPLETE",
    "startedAt": "2026-01-01T00:00:00.000Z",
    "completedAt": "2026-01-01T00:00:01.500Z",
    "results": [
        {
            "id": "512",
            "new": True,
            "archived": False,
            "createdAt": "2026-01-01T00:00:01Z",
            "updatedAt": "2026-01-01T00:00:01Z",
            "properties": {"hs_task_subject": "Call Ada", "hs_task_body": None},
            "objectWriteTraceId": "trace-7",
        }
    ],
}


def example(name: str) -> Any:
    """A body that the API's reference shows."""
    return json.loads((DATA / "examples" / name).read_text("utf-8"))


def published() -> list[tuple[str, str, str]]:
    """Version, object type and path of each operation that the API's documents publish."""
    with (DATA / "endpoints.csv").open(encoding="utf-8", newline="") as file:
        return [(row["version"], row["object_type"], row["path"]) for row in csv.DictReader(file)]


def an_answer(status: int, content: object, headers: Mapping[str, str] | None = None) -> Answer:
    """An answer as the pure functions of the client take it: text as it is, all else as JSON."""
    text = content if isinstance(content, str) else json.dumps(content)
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    return Answer(status, lower, text.encode())


def success() -> Response:
    return answer(200, SUCCESS)


def operations_of(version: ModuleType, object_type: str) -> list[Operation[Any]]:
    """What the methods of an object type call, as the pure functions of the client take it."""
    module = import_module(f"{version.__name__}.{object_type}")
    return [one for one in vars(module).values() if isinstance(one, Operation)]


@dataclass(frozen=True)
class Endpoint:
    """An object type of one version, called through one kind of client.

    Attributes:
        version: The package of the version.
        object_type: The client's attribute.
        target: The method and path that a call leads to.
        arguments: What its method takes besides the inputs.
        kind: "sync" or "async".
    """

    version: ModuleType
    object_type: str
    target: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    kind: str = "sync"

    @property
    def operation(self) -> Operation[Any]:
        """What it calls, as the pure functions of the client take it."""
        found = operations_of(self.version, self.object_type)
        return next(one for one in found if one.name.endswith(".batch_upsert"))

    def answered(
        self, status: int, content: object, headers: Mapping[str, str] | None = None
    ) -> Any:
        """Give what a call comes to whose only attempt was answered so, or raise its error."""
        return conclude(self.operation, an_answer(status, content, headers), 1, now=time.time())

    def upsert(self, server: Server | RawServer, inputs: object = ONE_INPUT, **options: Any) -> Any:
        """Upsert records through a client with these options."""
        return Caller(self.kind, self.version.Client, self.version.AsyncClient).call(
            lambda client: getattr(client, self.object_type).batch_upsert(
                inputs=inputs, **self.arguments
            ),
            **{"base_url": server.url, **options},
        )


ENDPOINTS = {
    "v3-tasks": Endpoint(hubspot_upsert.v3, "tasks", "POST /crm/v3/objects/tasks/batch/upsert"),
    "2025-09-tasks": Endpoint(
        hubspot_upsert.v2025_09, "tasks", "POST /crm/objects/2025-09/tasks/batch/upsert"
    ),
    "2025-09-objects": Endpoint(
        hubspot_upsert.v2025_09,
        "objects",
        "POST /crm/objects/2025-09/2-123456%2Fx/batch/upsert",
        {"object_type": "2-123456/x"},
    ),
}

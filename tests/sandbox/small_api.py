"""A small API that the sandbox serves, so that tests can tell what it does from what it was told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx2
from package.sandbox.application import create_application
from package.sandbox.connections import Connections
from package.sandbox.contract import Contract
from package.sandbox.faults import Faults, parse_schedule
from package.sandbox.limits import Limits
from package.sandbox.listening import Listener
from package.sandbox.options import Default, Options
from package.sandbox.properties import from_json
from package.sandbox.starting import bind, url_of
from package.sandbox.state import State
from package.sandbox.store import Store

PEOPLE = "/people/batch/upsert"
HEADERS = {"Authorization": "Bearer a-token-of-tests"}

RESULT: dict[str, Any] = {
    "type": "object",
    "required": ["id", "properties"],
    "properties": {
        "id": {"type": "string"},
        "new": {"type": "boolean"},
        "trace": {"type": "string"},
        "stage": {"type": "string", "enum": ["DONE", "PENDING"]},
        "properties": {"type": "object", "additionalProperties": {"type": "string"}},
    },
}
BATCH: dict[str, Any] = {
    "type": "object",
    "required": ["status", "results"],
    "properties": {
        "status": {"type": "string", "enum": ["COMPLETE", "CANCELED"]},
        "results": {"type": "array", "items": {"$ref": "#/$defs/Result"}},
        "errors": {"type": "array", "items": {"type": "object"}},
    },
}
ROLES = {
    "inputs": "inputs",
    "key": "id",
    "results": "results",
    "key_property": "by",
    "properties": "properties",
    "trace_id": "trace",
    "errors": "errors",
    "created": "new",
}


def _operation(resource: str, path: str, **others: Any) -> dict[str, Any]:
    return {
        "version": "2025-01",
        "package": "v2025_01",
        "resource": resource,
        "label": resource,
        "name": "batch_upsert",
        "method": "POST",
        "path": path,
        "integers": [],
        "scopes": [],
        "request": None,
        "maximum": 100,
        "responses": {"200": BATCH, "207": BATCH},
        "upsert": ROLES,
        "behaviour": 0,
        "policy": 0,
        **others,
    }


CONTRACT: dict[str, Any] = {
    "versions": ["2025-01"],
    "schemas": {"Result": RESULT},
    "operations": [
        _operation("people", PEOPLE, scopes=[["people.write"], ["all.read", "all.write"]]),
        _operation("deals", "/objects/0-3/batch/upsert"),
        _operation(
            "objects",
            "/objects/{objectType}/batch/upsert",
            upsert={**ROLES, "object_type": "objectType"},
        ),
    ],
    "policies": [
        {
            "fields": {"message": "message", "correlation_id": "correlationId"},
            "rate_limit_headers": {
                "maximum": "X-Limit",
                "remaining": "X-Left",
                "interval_milliseconds": "X-Interval",
                "daily_maximum": "X-Daily",
                "daily_remaining": "X-Daily-Left",
            },
            "statuses": {"server": [502, 503]},
        }
    ],
    "behaviours": [
        {
            "answers": {
                "refused-input": {
                    "status": 207,
                    "body": {"traces": []},
                    "values": {"/traces": "{trace_ids}"},
                }
            },
            "batch": {"status": "COMPLETE"},
            "result": {"id": "{record_id}", "stage": "DONE"},
            "limits": {"burst": 100, "burst-seconds": 10, "daily": 1000, "lock-seconds": 30},
            "properties": {"email": {"type": "email", "unique": True}, "name": {}},
        }
    ],
}


@dataclass
class SmallApi:
    """The running sandbox of the small API."""

    url: str
    state: State
    client: httpx2.Client
    listener: Listener

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request as it is."""
        return self.client.request(method, f"{self.url}{path}", **options)

    def upsert(
        self, *emails: str, path: str = PEOPLE, headers: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Upsert people by their emails, each with a trace id of its own."""
        body = {"inputs": inputs(emails)}
        return self.ask("POST", path, json=body, headers={**HEADERS, **(headers or {})})

    def body(self, path: str) -> Any:
        """Read something back."""
        answer = self.ask("GET", f"/_sandbox{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()


def inputs(emails: Sequence[str]) -> list[dict[str, Any]]:
    return [
        {"id": email, "by": "email", "trace": f"t{number}", "properties": {"name": f"N{number}"}}
        for number, email in enumerate(emails)
    ]


@contextmanager
def small_api(options: Options | None = None, port: int = 0) -> Iterator[SmallApi]:
    """Run the sandbox for the small API, on a free port unless another one is given."""
    options = options or Options()
    contract = Contract(CONTRACT)
    behaviour = contract.behaviour
    burst, daily = options.burst_limit, options.daily_limit
    store = Store(options.database)
    for object_type, properties in contract.built_in.items():
        store.declare(object_type, [from_json(*each) for each in properties.items()])
    state = State(
        contract=contract,
        store=store,
        limits=Limits(
            burst=behaviour.burst if isinstance(burst, Default) else burst,
            burst_seconds=behaviour.burst_seconds,
            daily=behaviour.daily if isinstance(daily, Default) else daily,
            lock_after=options.lock_after,
            lock_seconds=behaviour.lock_seconds,
        ),
        faults=Faults(None if options.faults is None else parse_schedule(options.faults)),
        options=options,
    )
    connections = Connections()
    bound = bind("127.0.0.1", port)
    url = url_of(bound)
    listener = Listener(create_application(state, connections), connections, bound)
    try:
        with httpx2.Client(timeout=60) as client:
            yield SmallApi(url, state, client, listener)
    finally:
        listener.ask_to_stop()
        listener.wait()
        store.close()

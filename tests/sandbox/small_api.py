"""A small API that the sandbox serves, so that tests can tell what it does from what it was told."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2
from package.sandbox import Sandbox

PEOPLE = "/people/batch/upsert"
EVERYWHERE = "0.0.0.0"  # noqa: S104 -- where a port is free for a moment of a test
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
        "upsert": 0,
        "behaviour": 0,
        "policy": 0,
        **others,
    }


THING: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "gone": {"type": "boolean"},
        "values": {"type": "object", "additionalProperties": {"type": "string"}},
        "past": {"type": "object", "additionalProperties": {"type": "array"}},
    },
}
THINGS: dict[str, Any] = {
    "type": "object",
    "required": ["things"],
    "properties": {
        "things": {"type": "array", "items": {"$ref": "#/$defs/Thing"}},
        "problems": {"type": "array", "items": {"type": "object"}},
        "count": {"type": "integer"},
        "more": {"type": "object"},
    },
}
WORDS: dict[str, Any] = {
    "object-type": "type",
    "id": "key",
    "inputs": "of",
    "id-property": "by",
    "properties": "values",
    "history": "past",
    "history-entry": {"was": "{value}"},
    "archived": "gone",
    "results": "things",
    "errors": "problems",
    "limit": "most",
    "usual-limit": 2,
    "maximum-limit": 5,
    "after": "from",
    "next-page": {"more": {"from": "{after}", "link": "{link}"}},
    "computed": {
        "number": {"type": "number", "value": "{record_id}"},
        "born": {"type": "datetime", "value": "{created_at}"},
    },
    "usual-properties": {"people": ["name", "number", "nothing"], "*": ["number"]},
    "search": {
        "groups": "any",
        "filters": "all",
        "property": "what",
        "operator": "how",
        "operators": {
            "IS": "equal",
            "NOT": "unequal",
            "LESS": "below",
            "UPTO": "at-most",
            "MORE": "above",
            "FROM": "at-least",
            "RANGE": "between",
            "ONE_OF": "among",
            "NONE_OF": "not-among",
            "SET": "has",
            "UNSET": "has-not",
            "WORD": "has-word",
            "NO_WORD": "has-no-word",
        },
        "value": "one",
        "values": "several",
        "high-value": "to",
        "sorts": "order",
        "direction": "way",
        "descending": "DOWN",
        "descending-prefix": "!",
        "query": "text",
        "maximum-results": 12,
    },
}
NO_RECORD = {"status": 404, "body": {"message": ""}, "values": {"/message": "{detail}"}}
SOME_MISSING = {"status": 207, "body": {"ids": []}, "values": {"/ids": "{ids}"}}


def _on_records(
    action: str,
    method: str,
    path: str,
    behaviour: int,
    *,
    status: str = "200",
    schema: Any = THINGS,
) -> dict[str, Any]:
    query = ["values", "past", "gone", "by", "most", "from"]
    return _operation(
        "objects",
        path,
        method=method,
        name=action,
        query=query if method == "GET" else ["gone"],
        responses={status: schema},
        upsert=None,
        behaviour=behaviour,
    )


ACTIONS = [
    _on_records("list", "GET", "/objects/{type}", 1),
    _on_records("read", "GET", "/objects/{type}/{key}", 2, schema=THING),
    _on_records("archive", "DELETE", "/objects/{type}/{key}", 3, status="204", schema=None),
    _on_records("batch-read", "POST", "/objects/{type}/read", 4),
    _on_records("batch-archive", "POST", "/objects/{type}/archive", 5, status="204", schema=None),
    _on_records("search", "POST", "/objects/{type}/search", 6),
]


def _behaviour(action: str, **others: Any) -> dict[str, Any]:
    return {
        "records": {"action": action, **WORDS, **({"id": "id"} if "batch" in action else {})},
        "result": {"id": "{record_id}", "gone": "{archived}"},
        **others,
    }


CONTRACT: dict[str, Any] = {
    "versions": ["2025-01"],
    "schemas": {"Result": RESULT, "Thing": THING},
    "operations": [
        _operation("people", PEOPLE, scopes=[["people.write"], ["all.read", "all.write"]]),
        _operation("deals", "/objects/0-3/batch/upsert"),
        _operation(
            "objects",
            "/objects/{objectType}/batch/upsert",
            upsert=1,
        ),
        *ACTIONS,
    ],
    "upserts": [ROLES, {**ROLES, "object_type": "objectType"}],
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
                },
                "account-moving": {**NO_RECORD, "status": 503},
            },
            "batch": {"status": "COMPLETE"},
            "result": {"id": "{record_id}", "stage": "DONE"},
            "limits": {"burst": 100, "burst-seconds": 10, "daily": 1000, "lock-seconds": 30},
        },
        _behaviour("list"),
        _behaviour("read", answers={"unknown-record": NO_RECORD}),
        _behaviour("archive"),
        _behaviour("batch-read", answers={"unknown-inputs": SOME_MISSING}),
        _behaviour("batch-archive"),
        _behaviour(
            "search",
            batch={"count": "{total}"},
            **{"own-limit": {"name": "search", "requests": 40, "seconds": 1}},
        ),
    ],
}


PROPERTIES = Path(__file__).with_name("properties")
"""What every account has there."""


class SmallApi(Sandbox):
    """The sandbox of the small API, and a client that asks it."""

    def start(self) -> None:
        super().start()
        self.http = httpx2.Client(timeout=60)
        # For limits no time passes, however slow a machine is.
        limits, now, today = self._run().account.limits, time.monotonic(), datetime.now(UTC).date()
        limits.clock, limits.today = lambda: now, lambda: today

    def stop(self) -> None:
        self.http.close()
        super().stop()

    def ask(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """Send a request; below `/_sandbox` as JSON, unless it says otherwise."""
        if path.startswith("/_sandbox"):
            options["headers"] = {"Content-Type": "application/json", **options.get("headers", {})}
        return self.http.request(method, f"{self.url}{path}", **options)

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

"""Overlays before and after, and the changes that they are: what OpenAPI cannot say."""

from __future__ import annotations

from tests.diffing.kinds import ADDITIVE, BREAKING, NONE
from tests.diffing.specs import Found


def upsert(**fields: str) -> dict[str, object]:
    return {
        "target": "$.paths.*.post",
        "update": {"x-upsert": {"inputs": "inputs", "key": "id", "results": "results", **fields}},
    }


def errors(*rules: dict[str, object], **more: object) -> dict[str, object]:
    return {"target": "$.paths.*.post", "update": {"x-errors": {"rules": list(rules)}, **more}}


POLICIES: dict[str, tuple[list[dict[str, object]], list[dict[str, object]], list[Found]]] = {
    "upsert gained": ([], [upsert()], [("upsert-changed", "", ADDITIVE, NONE)]),
    "upsert lost": ([upsert()], [], [("upsert-changed", "", BREAKING, NONE)]),
    "key of the upsert changed": (
        [upsert()],
        [upsert(key="label")],
        [("upsert-changed", "key", BREAKING, NONE)],
    ),
    "created gained": (
        [upsert()],
        [upsert(created="state")],
        [("upsert-changed", "created", ADDITIVE, NONE)],
    ),
    "exception changed": (
        [errors({"status": [423], "error": "locked"})],
        [errors({"status": [423], "error": "conflict"})],
        [("error-class-changed", "423", BREAKING, NONE)],
    ),
    "exception for one more status": (
        [errors({"status": [423], "error": "locked"})],
        [errors({"status": [423], "error": "locked"}, {"status": [400], "error": "validation"})],
        [("error-class-changed", "400", ADDITIVE, NONE)],
    ),
    "exception told twice": (
        [errors({"status": ["5XX"], "error": "server"})],
        [errors({"status": [503], "error": "server"}, {"status": ["5XX"], "error": "server"})],
        [],
    ),
    "retried from now on": (
        [errors({"status": [503], "error": "server"})],
        [errors({"status": [503], "error": "server", "retry": True})],
        [("retry-changed", "503", ADDITIVE, NONE)],
    ),
    "not retried any more": (
        [errors({"status": [503], "error": "server", "retry": True})],
        [errors({"status": [503], "error": "server"})],
        [("retry-changed", "503", BREAKING, NONE)],
    ),
    "field of errors told": (
        [errors({"status": [503], "error": "server"})],
        [
            {
                "target": "$.paths.*.post",
                "update": {
                    "x-errors": {
                        "rules": [{"status": [503], "error": "server"}],
                        "fields": {"message": "message"},
                    },
                    "x-rate-limit": {"headers": {"remaining": "X-Remaining"}},
                },
            }
        ],
        [
            ("error-field-changed", "message", ADDITIVE, NONE),
            ("rate-limit-header-changed", "remaining", ADDITIVE, NONE),
        ],
    ),
    "longer backoff": (
        [errors({"status": [503], "error": "server"})],
        [errors({"status": [503], "error": "server"}, **{"x-retry": {"backoff": {"maximum": 60}}})],
        [("retry-delay-changed", "backoff", NONE, NONE)],
    ),
}

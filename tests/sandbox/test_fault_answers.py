"""Faults in the words of the API, and the requests that they fit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from hubspot_upsert.sandbox import Sandbox, SandboxError

UPSERT = "/crm/v3/objects/contacts/batch/upsert"
BODY = {"inputs": [{"id": "a@example.com", "idProperty": "email", "properties": {}}]}


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as running:
        yield running


def ask(sandbox: Sandbox, user: str = "mine", method: str = "POST", path: str = UPSERT) -> Any:
    headers = {"Authorization": f"Bearer {user}"}
    body = BODY if method == "POST" else None
    return httpx2.request(method, sandbox.url + path, json=body, headers=headers, timeout=60)


@pytest.mark.parametrize(
    ("fault", "status", "category"),
    [
        ("bad-request", 400, "VALIDATION_ERROR"),
        ("expired-token", 401, "EXPIRED_AUTHENTICATION"),
        ("forbidden", 403, "MISSING_SCOPES"),
        ("conflict", 409, "CONFLICT"),
    ],
)
def test_an_error_of_the_api(sandbox: Sandbox, fault: str, status: int, category: str) -> None:
    sandbox.fail(fault)
    answer = ask(sandbox)
    assert (answer.status_code, answer.json()["category"]) == (status, category)
    assert re.search(r"\{[a-z_]+\}", answer.text) is None  # No placeholder is left.
    assert sandbox.count("contacts") == 0
    assert ask(sandbox, "another").status_code == 200


def test_a_token_has_expired_until_it_changes(sandbox: Sandbox) -> None:
    sandbox.fail("expired-token")
    sandbox.fail("created-status")
    assert [ask(sandbox, "first").status_code for _ in range(3)] == [401, 401, 401]
    # The other fault has waited for a token that is accepted.
    assert [ask(sandbox, "second").status_code for _ in range(2)] == [201, 200]
    assert [one.situation for one in sandbox.requests][:3] == ["expired-token"] * 3
    sandbox.reset()
    assert ask(sandbox, "first").status_code == 200


def test_a_batch_that_was_cancelled_waits_for_an_upsert(sandbox: Sandbox) -> None:
    sandbox.fail("cancelled")
    assert ask(sandbox, method="GET", path="/crm/v3/properties/contacts").status_code == 200
    answer = ask(sandbox)
    assert (answer.status_code, answer.json()["status"]) == (200, "CANCELED")
    assert answer.json()["results"] == []
    assert sandbox.count("contacts") == 0
    assert [one.fault for one in sandbox.requests] == [None, "cancelled"]
    assert ask(sandbox).json()["status"] == "COMPLETE"


def test_a_fault_that_would_wait_for_ever_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="'conflict' fits no request for properties, only some"):
        sandbox.fail("conflict", resource="properties")

"""The emitted sandbox: it serves every operation of every version, and its page says so."""

from __future__ import annotations

import httpx2
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.sandbox.contract import load_contract

TOKEN = {"Authorization": "Bearer a-token-of-tests"}


def test_every_operation_is_served_and_remembered() -> None:
    operations = load_contract().operations
    assert len({operation.version for operation in operations}) >= 3
    with (
        Sandbox(Options(burst_limit=None, create_properties=True)) as sandbox,
        httpx2.Client(timeout=60) as client,
    ):
        for operation in operations:
            path = operation.path
            for name in operation.arguments:
                path = path.replace(f"{{{name}}}", "1")
            refused = client.request(operation.method, sandbox.url + path, json={})
            assert refused.status_code == 401, path
            answer = client.request(operation.method, sandbox.url + path, json={}, headers=TOKEN)
            # Some bodies have fields that are required; what is refused is refused in a body.
            assert answer.status_code in {200, 201, 204, 400}, (path, answer.text)
            if answer.status_code == 400:
                assert answer.json()["message"], path
            for header in operation.rate_limit_headers.values():
                assert (header.lower() in answer.headers) is ("daily" in header.lower()), header
            entry = sandbox.requests[-1]
            # Two resources may share a path; then it is one of them.
            assert entry.path == path
            assert entry.operation is not None
            assert entry.operation.startswith(f"{operation.version} ")
        state = client.get(f"{sandbox.url}/_sandbox/state").json()
        assert state["versions"] == list(load_contract().versions)
        assert {operation.label for operation in operations if operation.roles} >= {
            one["object_type"] for one in state["objects"]
        }
        page = client.get(sandbox.url)
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "default-src 'none'" in page.headers["content-security-policy"]

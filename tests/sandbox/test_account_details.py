"""What the sandbox tells of a token and its account, through the client."""

from __future__ import annotations

import httpx2
import pytest
from hubspot_upsert import AuthenticationError
from hubspot_upsert.sandbox import Options, Sandbox
from hubspot_upsert.v2026_03 import Client

SCOPES = frozenset({"crm.objects.contacts.write", "tickets"})


@pytest.mark.parametrize(
    ("scopes", "shown"), [(SCOPES, sorted(SCOPES)), (frozenset[str](), []), (None, None)]
)
def test_a_token_and_its_scopes(scopes: frozenset[str] | None, shown: list[str] | None) -> None:
    with (
        Sandbox(Options(tokens={"mine": scopes})) as sandbox,
        Client("mine", base_url=sandbox.url) as client,
    ):
        found = client.account.private_app_token(token_key="mine")
        account = client.account.details()
        with pytest.raises(AuthenticationError):
            client.account.private_app_token(token_key="other")
        assert [one.body for one in sandbox.requests if one.method == "POST"] == [None, None]
    assert found.hub_id == account.portal_id
    assert found.scopes is not None
    if shown is None:  # It has all scopes that any operation needs.
        assert set(found.scopes) > SCOPES
    else:
        assert found.scopes == shown


@pytest.mark.parametrize("limit", [5, None])
def test_what_is_used_of_the_day(limit: int | None) -> None:
    with (
        Sandbox(Options(daily_limit=limit, clock="2026-03-01T12:00:00Z")) as sandbox,
        Client("mine", base_url=sandbox.url) as client,
    ):
        assert client.rate_limit is None
        client.account.details()
        usage = client.account.daily_usage()
        told = client.rate_limit
    found = [(each.usage_limit, each.current_usage) for each in usage.results or []]
    assert found == ([] if limit is None else [(limit, 2)])
    daily = None if told is None else (told.daily_maximum, told.daily_remaining)
    assert daily == ((None, None) if limit is None else (limit, limit - 2))


@pytest.mark.parametrize("body", ["", "[]", "{}", '{"tokenKey": 7}'])
def test_a_request_that_names_no_token(body: str) -> None:
    headers = {"Authorization": "Bearer mine", "Content-Type": "application/json"}
    with (
        Sandbox() as sandbox,
        httpx2.Client(base_url=sandbox.url, headers=headers, timeout=60) as client,
    ):
        answer = client.post("/oauth/v2/private-apps/get/access-token-info", content=body)
    assert answer.status_code == 400
    assert answer.json()["category"] == "VALIDATION_ERROR"

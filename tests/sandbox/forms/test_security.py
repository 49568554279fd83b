"""Who may ask for what, by the security schemes that are declared."""

from __future__ import annotations

from typing import Any

import pytest

from tests.sandbox.forms.conftest import Api, Serve
from tests.sandbox.forms.test_requests import item

ITEMS = {"items": [item("a")]}
ACCOUNT = {"Authorization": "Basic YW5uOnM6Yw=="}
KEYED = {"params": {"api key": "k-1"}}


@pytest.mark.parametrize(
    ("path", "right"),
    [
        ("/nothing", {"headers": {}}),
        ("/by_account", {"headers": ACCOUNT}),
        ("/by_key", KEYED),
        ("/by_token", {"headers": {"Authorization": "Acme-Token t-1"}}),
        ("/by_several", {"headers": {"X-Key": "k", "Cookie": "a=b; sid=s"}}),
        ("/by_several", KEYED),
    ],
)
def test_the_declared_schemes_let_in(api: Api, path: str, right: dict[str, Any]) -> None:
    sent = {**right, "headers": {"Authorization": "", **right.get("headers", {})}}
    answer = api.ask("POST", path, ITEMS, **sent)
    assert answer.status_code == 204, answer.text


@pytest.mark.parametrize(
    ("path", "headers", "told"),
    [
        ("/by_account", {"Authorization": "Bearer t"}, "'Basic <user:password in Base64>'; it is"),
        ("/by_account", {"Authorization": "Basic YW5u"}, "it is missing"),
        ("/by_key", {}, "The query api key must be '<token>'; it is missing."),
        ("/by_token", {"Authorization": "Bearer t"}, "must be 'Acme-Token <token>'"),
        (
            "/by_several",
            {"X-Key": "k"},
            "X-Key must be '<token>' and cookie sid must be '<token>' or",
        ),
    ],
)
def test_nothing_else_does(api: Api, path: str, headers: dict[str, str], told: str) -> None:
    answer = api.ask("POST", path, ITEMS, headers=headers)
    assert answer.status_code == 401
    assert told in answer.json()["errors"][0]["detail"]
    assert api.records(path[1:]) == []


def test_only_accepted_tokens_do_if_there_are_any(serve: Serve) -> None:
    api = serve("--token", "ann:s:c", "--token", "k-1")
    assert api.ask("POST", "/by_account", ITEMS, headers=ACCOUNT).status_code == 204
    assert api.ask("POST", "/by_key", ITEMS, **KEYED).status_code == 204
    other = api.ask("POST", "/by_key", ITEMS, params={"api key": "k-2"})
    assert other.status_code == 401
    assert "none of the tokens of this sandbox" in other.text
    both = {"X-Key": "k-1", "Cookie": "sid=unknown"}
    assert api.ask("POST", "/by_several", ITEMS, headers=both).status_code == 401


def test_no_token_is_shown(api: Api) -> None:
    api.ask("POST", "/by_key?debug=1", ITEMS, **KEYED)
    shown = api.ask("GET", "/_sandbox/requests/1").text
    assert "k-1" not in shown
    assert "/by_key?" in shown
    assert '"token_id":null' not in shown


def test_an_expired_token_opens_nothing(api: Api) -> None:
    expired = {"Sandbox-Fault": "expired-token"}
    assert api.ask("POST", "/by_key", ITEMS, **KEYED, headers=expired).status_code == 401
    assert api.ask("POST", "/by_key", ITEMS, **KEYED).status_code == 401
    assert api.ask("POST", "/by_key", ITEMS, params={"api key": "k-2"}).status_code == 204

"""What clients of the scenario `security` are given, and what commands find for them in the environment."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.scenarios import Scenario
from tests.servers import RawServer, Server, answer, raw_answer

SECRET = "pat-secret-0123456789"
OF_BASIC = f"user:{SECRET}"
ENCODED = base64.b64encode(OF_BASIC.encode()).decode()


@pytest.fixture
def api(scenario: Callable[[str], Scenario], server: Server) -> Scenario:
    server.script = [answer(204)]
    return scenario("security")


def got(server: Server) -> dict[str, str]:
    request = server.requests[-1]
    names = ("Authorization", "X-Api-Key", "Cookie")
    found = {name: request.headers[name] for name in names if name in request.headers}
    query = server.targets[-1].partition("?")[2]
    return found | ({"query": query} if query else {})


@pytest.mark.parametrize(
    ("version", "tokens", "method", "sent"),
    [
        (
            "v1",
            [{"key": "k", "app": "a", "legacy": "q"}],
            "create",
            {"X-Api-Key": "Key k", "Cookie": "app=a"},
        ),
        ("v1", [{"account": OF_BASIC}], "create", {"Authorization": f"Basic {ENCODED}"}),
        ("v1", [{"oauth": lambda: "o"}], "create", {"Authorization": "Own-oauthtoken o"}),
        ("v1", [{"key": "k", "legacy": "q r".replace(" ", "")}], "find", {"query": "api%20key=qr"}),
        ("v1", [{"key": "k"}], "find", {}),
        ("v1", [{"key": "k"}], "clear", {}),
        ("v2", ["k"], "create", {"X-Api-Key": "k"}),
        ("v2", ["k"], "find", {"X-Api-Key": "k"}),
        ("v3", [], "create", {}),
        ("v3", ["t"], "create", {"Authorization": "Bearer t"}),
    ],
)
def test_each_operation_is_sent_what_it_needs(
    api: Scenario,
    server: Server,
    version: str,
    tokens: list[Any],
    method: str,
    sent: dict[str, str],
) -> None:
    with api.module(version).Client(*tokens, base_url=server.url) as client:
        getattr(client.things, method)()
    assert got(server) == sent


def test_a_token_url_of_the_specification(api: Scenario) -> None:
    client = api.module("v1.client").Client
    assert client.TOKEN_URLS == {"oauth": "https://id.example.com/token"}
    source = api.module("oauth").ClientCredentialsSource
    url = client.TOKEN_URLS["oauth"]
    assert url in repr(source(url, client_id="app", client_secret=SECRET))


OWN = "SCENARIO_SECURITY_"
NONE_GIVEN = "there is no token"


def opened(api: Scenario, server: Server, version: str, **options: Any) -> Any:
    """Open the client of the command line."""
    given = {"token_variable": "ACCESS_TOKEN", "base_url": server.url, "allow_plain_http": False}
    return api.module("_cli.connection").open_client(
        SimpleNamespace(package=version), **given | options
    )


@pytest.mark.parametrize(
    ("version", "variables", "sent"),
    [
        (
            "v1",
            {f"{OWN}KEY": f" {SECRET}\n", f"{OWN}APP": "a"},
            {"X-Api-Key": f"Key {SECRET}", "Cookie": "app=a"},
        ),
        ("v1", {f"{OWN}ACCOUNT": OF_BASIC}, {"Authorization": f"Basic {ENCODED}"}),
        ("v2", {"ACCESS_TOKEN": SECRET}, {"X-Api-Key": SECRET}),
        ("v3", {}, {}),
        ("v3", {"ACCESS_TOKEN": SECRET}, {"Authorization": f"Bearer {SECRET}"}),
    ],
)
def test_commands_take_tokens_from_variables(
    api: Scenario,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    variables: dict[str, str],
    sent: dict[str, str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with opened(api, server, version) as client:
        client.things.create()
    assert got(server) == sent
    tokens = api.module("_cli.tokens").CommandTokens(
        SimpleNamespace(package=version), "ACCESS_TOKEN"
    )
    hidden = api.module("_cli.findings")
    finding = hidden.Finding("token", hidden.State.OK, " ".join(variables.values()))
    assert SECRET not in "".join(hidden.lines_of(finding, [*tokens.secrets])) + repr(tokens)


def test_commands_get_tokens_for_an_app(
    api: Scenario, server: Server, raw_server: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw_server.script = [raw_answer(json.dumps({"access_token": "given"}).encode())]
    monkeypatch.setattr(
        api.module("v1.client").Client, "TOKEN_URLS", {"oauth": f"{raw_server.url}/token"}
    )
    for name, value in (("ID", "app"), ("SECRET", SECRET)):
        monkeypatch.setenv(f"{OWN}OAUTH_CLIENT_{name}", value)
    monkeypatch.setenv(f"{OWN}OAUTH_SCOPES", "write")
    with opened(api, server, "v1") as client:
        client.things.create()
    assert got(server) == {"Authorization": "Own-oauthtoken given"}
    assert parse_qs(raw_server.requests[0].partition(b"\r\n\r\n")[2].decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["write"],
        "client_id": ["app"],
        "client_secret": [SECRET],
    }


@pytest.mark.parametrize(
    ("version", "variables", "options", "told"),
    [
        ("v1", {}, {"token_variable": "MINE"}, "--token-variable is for one token"),
        ("v1", {f"{OWN}ACCOUNT": SECRET}, {}, "the token must be 'user:password'"),
        ("v2", {}, {}, f"{NONE_GIVEN}: set the environment variable ACCESS_TOKEN"),
        ("v2", {}, {"token_variable": SECRET}, "not the token itself"),
    ],
)
def test_what_commands_cannot_do(
    api: Scenario,
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    variables: dict[str, str],
    options: dict[str, Any],
    told: str,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(api.module("_cli.errors").BadInput) as caught:
        opened(api, server, version, **options)
    assert told in str(caught.value)
    assert SECRET not in str(caught.value)


def test_an_operation_tells_which_variables_it_lacks(api: Scenario, server: Server) -> None:
    with opened(api, server, "v1") as client:
        client.things.clear()
        with pytest.raises(ValueError, match="needs a token") as caught:
            client.things.create()
    told = api.module("_cli.advice").in_flags(str(caught.value))
    assert "a token: set the environment variable " in told
    for name in ("APP with ", "KEY, or ", "OAUTH"):
        assert f"{OWN}{name}" in told
    assert "client" not in told


def test_a_dry_run_needs_no_token(api: Scenario, server: Server) -> None:
    for version in ("v1", "v2", "v3"):
        with opened(api, server, version, needs_token=False) as client:
            assert client.things is not None

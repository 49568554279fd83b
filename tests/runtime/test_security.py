"""What meets a security scheme stands where the scheme says, over real sockets, and is shown nowhere else."""

from __future__ import annotations

import asyncio
import base64
import logging
import pickle
import urllib.parse
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from package import errors
from package._runtime.attempt import Deadline
from package._runtime.client import OpenAsyncClient, OpenSyncClient
from package._runtime.operation import Call, Operation, Request, no_content
from package._runtime.policy import ErrorPolicy, ErrorRule
from package._runtime.request_maker import RequestMaker
from package._runtime.security import BASIC, BEARER, Security, SecurityScheme, Token, Tokens

from tests.runtime import emitted_client
from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import POLICY
from tests.runtime.test_secrets import failures, shown
from tests.servers import TOKEN, Caller, RawServer, Server, answer, raw_answer, silent

PASSWORD = f"user:{TOKEN}"
ENCODED = base64.b64encode(PASSWORD.encode()).decode()
KEY = SecurityScheme("key", "header", "X-Api-Key")
QUERY = SecurityScheme("legacy", "query", "api key")
COOKIE = SecurityScheme("session", "cookie", "session")
OWN = SecurityScheme("own", "header", "Authorization", "Own-oauthtoken")
PREFIXED = SecurityScheme("prefixed", "header", "authorization", "Key")


@dataclass(frozen=True)
class Case:
    """A scheme, a token for it, and where that has to stand. Tracebacks show it, so it shows no token."""

    scheme: SecurityScheme
    token: str = field(default=TOKEN, repr=False)
    header: tuple[str, str] | None = field(default=None, repr=False)
    query: str = field(default="", repr=False)

    def caller(self, kind: str, transport: str | None = None) -> UpsertCaller:
        """Calls with the token, which is no variable of any function."""
        caller = callers(self.scheme, kind=kind, transport=transport)
        sync, asynchronous = caller._client, caller._async_client
        caller._client = lambda _, **options: sync(self.token, **options)
        caller._async_client = lambda _, **options: asynchronous(self.token, **options)
        return caller


CASES = [
    Case(BEARER, header=("Authorization", f"Bearer {TOKEN}")),
    Case(OWN, header=("Authorization", f"Own-oauthtoken {TOKEN}")),
    Case(PREFIXED, header=("Authorization", f"Key {TOKEN}")),
    Case(KEY, header=("X-Api-Key", TOKEN)),
    Case(replace(KEY, prefix="Key"), header=("X-Api-Key", f"Key {TOKEN}")),
    Case(COOKIE, header=("Cookie", f"session={TOKEN}")),
    Case(BASIC, PASSWORD, header=("Authorization", f"Basic {ENCODED}")),
    Case(QUERY, query=f"api%20key={TOKEN}"),
    Case(QUERY, "secret-+&=/?#", query="api%20key=secret-%2B%26%3D%2F%3F%23"),
]
each_scheme = pytest.mark.parametrize(
    "case",
    [pytest.param(one, id=f"{one.scheme.name} {number}") for number, one in enumerate(CASES)],
)


def callers(*schemes: SecurityScheme, kind: str, transport: str | None = None) -> UpsertCaller:
    """Calls through clients that have these schemes."""
    caller = UpsertCaller(kind, transport)
    own = {"_SCHEMES": schemes}
    Caller.__init__(
        caller,
        kind,
        type("Client", (emitted_client.Client,), own),
        type("AsyncClient", (emitted_client.AsyncClient,), own),
    )
    return caller


def is_leaking(text: str) -> bool:
    return "secret-" in urllib.parse.unquote(text) or ENCODED[4:-4] in text


def ask(security: Security | None, policy: ErrorPolicy = POLICY) -> Any:
    """Give what asks for something that needs this."""
    operation = Operation(
        "things.ask", "GET", "/things", {"2XX": no_content}, None, policy, security=security
    )
    call = Call(operation, query={"a": 1})
    return lambda client: client._connection.send(call)


def got(server: Server) -> dict[str, str]:
    """Return what the last request has of what tokens can stand in."""
    request = server.requests[-1]
    names = ("Authorization", "X-Api-Key", "Cookie")
    found = {name: request.headers[name] for name in names if name in request.headers}
    return found | {"query": server.targets[-1].partition("?")[2]}


@each_scheme
def test_a_token_stands_where_its_scheme_says(
    case: Case, kind: str, transport: str | None, server: Server
) -> None:
    caller = callers(case.scheme, kind=kind, transport=transport)
    token = case.token
    for given in (token, lambda: token, {case.scheme.name: token}):
        caller.upsert(server, token=given)
        expected = {} if case.header is None else dict([case.header])
        assert got(server) == {**expected, "query": case.query}


@each_scheme
def test_no_error_log_or_pickle_of_one_shows_it(
    case: Case,
    kind: str,
    transport: str | None,
    server: Server,
    raw_server: RawServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    caller = case.caller(kind, transport)
    for url, error, budget in failures(server, raw_server):
        with pytest.raises(error) as caught:
            caller.upsert(server, base_url=url, time_budget=budget)
        assert not is_leaking(shown(caught.value) + repr(caught.value) + repr(vars(caught.value)))
        assert not is_leaking(repr(pickle.dumps(caught.value)))
    # The test's server logs what it is asked, as servers do.
    own = [one.getMessage() for one in caplog.records if one.name != "werkzeug"]
    assert own
    assert not is_leaking("".join(own))


@each_scheme
def test_no_log_shows_it_where_there_is_a_proxy(
    case: Case,
    kind: str,
    transport: str | None,
    raw_server: RawServer,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    for name in ("HTTP_PROXY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("http_proxy", raw_server.url)
    raw_server.script = [raw_answer()]
    caplog.set_level(logging.DEBUG)
    caller = case.caller(kind, transport)
    caller.upsert(raw_server, base_url="http://api.example.com", allow_plain_http=True)
    sent = raw_server.requests[0].split(b"\r\n")
    assert is_leaking(sent[0].decode()) == bool(case.query)
    assert not is_leaking("".join(one.getMessage() for one in caplog.records))


@each_scheme
def test_bugs_and_cancellation_do_not_show_it(case: Case, kind: str, server: Server) -> None:
    class Broken(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
        def handle_request(self, request: httpx2.Request) -> httpx2.Response:
            raise ZeroDivisionError(repr(request))

        async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
            return self.handle_request(request)

    with pytest.raises(ZeroDivisionError, match="POST") as caught:
        case.caller(kind).upsert(server, transport=Broken())
    assert not is_leaking(shown(caught.value))


def test_a_cancelled_request_does_not_show_its_url(raw_server: RawServer) -> None:
    raw_server.script = [silent]
    caller = callers(QUERY, kind="async")

    async def action(client: Any) -> None:
        async with asyncio.timeout(0.1):
            await client.contacts.get(contact_id="1")

    with pytest.raises(TimeoutError) as caught:
        caller.call(action, base_url=raw_server.url)
    assert not is_leaking(shown(caught.value))


@each_scheme
def test_clients_requests_and_tokens_do_not_show_it(case: Case) -> None:
    own = {"_SCHEMES": (case.scheme,)}
    client = type("Client", (emitted_client.Client,), own)(case.token)
    tokens = client._connection._credentials.tokens(None)
    made = RequestMaker(client._connection.configuration).make(
        Request("GET", "https://api.example.com/x", ()), tokens, Deadline(None)
    )
    assert not is_leaking(repr([client, vars(client), tokens, [*tokens], made]))


BAD = {
    "basic": ["secret-", "secret-:\n", "user:secret-\0", ""],
    "session": ["secret-;a=b", 'secret-"', "secret-,", "secret-\\", "secret- 1"],
    "key": ["secret- 1", "secret-\r\nX-Evil: 1", "secret-é", ""],
    "legacy": ["secret- 1", "secret-\n", ""],
}


@pytest.mark.parametrize(
    ("scheme", "token"),
    [(one, token) for one in (BASIC, COOKIE, KEY, QUERY) for token in BAD[one.name]],
)
def test_what_cannot_stand_there_is_refused_without_showing_it(
    scheme: SecurityScheme, token: str, kind: str, server: Server
) -> None:
    caller = callers(scheme, kind=kind)
    for given in (token, lambda: token, {scheme.name: token}):
        with pytest.raises(ValueError, match="the token must") as caught:
            caller.upsert(server, token=given)
        assert "secret-" not in str(caught.value)
    assert server.requests == []


def test_several_at_once(kind: str, transport: str | None, server: Server) -> None:
    session = replace(COOKIE, name="other", parameter="other")
    caller = callers(BEARER, KEY, QUERY, COOKIE, session, kind=kind, transport=transport)
    tokens = {"bearer": "b", "key": lambda: "k", "legacy": "q", "session": "s", "other": "o"}
    needed = (("bearer", "key", "legacy", "session", "other"),)
    caller.call(ask(needed), token=tokens, base_url=server.url)
    assert got(server) == {
        "Authorization": "Bearer b",
        "X-Api-Key": "k",
        "Cookie": "session=s; other=o",
        "query": "a=1&api%20key=q",
    }


@pytest.mark.parametrize(
    ("tokens", "sent"),
    [
        ({"key": "k", "bearer": "b"}, {"X-Api-Key": "k"}),
        ({"bearer": "b", "session": "s"}, {"Authorization": "Bearer b"}),
        ({"session": "s", "legacy": "q"}, {"Cookie": "session=s", "query": "a=1&api%20key=q"}),
    ],
)
def test_the_first_alternative_that_can_be_met_is_sent(
    tokens: dict[str, str], sent: dict[str, str], kind: str, server: Server
) -> None:
    caller = callers(BEARER, KEY, QUERY, COOKIE, kind=kind)
    security = (("key",), ("bearer",), ("session", "legacy"))
    caller.call(ask(security), token=tokens, base_url=server.url)
    assert got(server) == {"query": "a=1", **sent}


def test_operations_get_what_they_need_and_no_more(kind: str, server: Server) -> None:
    caller = callers(BEARER, KEY, kind=kind)
    for security, sent in (
        ((), {}),
        (((),), {}),
        ((("legacy",), ()), {}),
        ((("key",), ()), {"X-Api-Key": "k"}),
        ((("bearer",),), {"Authorization": "Bearer b"}),
    ):
        caller.call(ask(security), token={"key": "k", "bearer": "b"}, base_url=server.url)
        assert got(server) == {"query": "a=1", **sent}


def test_what_is_missing_is_said_before_anything_is_sent(kind: str, server: Server) -> None:
    caller = callers(BEARER, KEY, COOKIE, kind=kind)
    needed = "needs a token for 'key' with 'session', or 'bearer'; give it to the client"
    with pytest.raises(ValueError, match=needed):
        caller.call(
            ask((("key", "session"), ("bearer",))), token={"key": TOKEN}, base_url=server.url
        )
    assert server.requests == []


@pytest.mark.parametrize(
    ("token", "error", "told"),
    [
        (TOKEN, TypeError, "give a mapping of their names to tokens: 'bearer', 'key'"),
        (None, TypeError, "give a mapping"),
        ({TOKEN: "x"}, ValueError, "by the names of security schemes: 'bearer', 'key'"),
        ({"key": 5}, TypeError, "must be a str"),
    ],
)
def test_what_several_schemes_cannot_be_given(
    token: object, error: type[Exception], told: str, kind: str
) -> None:
    with pytest.raises(error, match=told) as caught:
        callers(BEARER, KEY, kind=kind).call(lambda client: None, token=token)
    assert "secret-" not in str(caught.value)


class OpenClient(OpenSyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "open/1.0"


class OpenAsync(OpenAsyncClient):
    _BASE_URL = OpenClient._BASE_URL
    _USER_AGENT = OpenClient._USER_AGENT


def test_a_client_that_needs_no_token(kind: str, server: Server) -> None:
    client = {"sync": OpenClient, "async": OpenAsync}[kind]

    async def call_async(opened: Any) -> None:
        async with opened:
            await ask(None)(opened)

    for tokens, sent in (((), {}), ((TOKEN,), {"Authorization": f"Bearer {TOKEN}"})):
        opened: Any = client(*tokens, base_url=server.url)
        if kind == "async":
            asyncio.run(call_async(opened))
        else:
            with opened:
                ask(None)(opened)
        assert got(server) == {"query": "a=1", **sent}


@pytest.mark.parametrize("client", [OpenClient, OpenAsync])
def test_a_client_that_needs_no_token_does_not_show_the_one_it_has(client: Any) -> None:
    for options in ({"base_url": "x"}, {"time_budget": 0}):
        with pytest.raises(ValueError) as caught:
            client(TOKEN, **options)
        assert not is_leaking(shown(caught.value))


def test_a_client_with_several_tokens_travels_in_a_pickle(server: Server) -> None:
    kind: Any = Travelling
    client = kind({"key": "k", "legacy": "q"}, base_url=server.url)
    client = pickle.loads(pickle.dumps(client))
    ask((("key", "legacy"),))(client)
    client.close()
    assert got(server) == {"X-Api-Key": "k", "query": "a=1&api%20key=q"}


class Travelling(emitted_client.Client):
    _SCHEMES = (KEY, QUERY)


def no_rule_of_expiry() -> ErrorPolicy:
    rules = (ErrorRule((401,), errors.AuthenticationError),)
    return replace(POLICY, rules=rules)


def test_each_401_may_tell_of_an_expired_token_where_nothing_else_does(
    kind: str, server: Server
) -> None:
    tokens = iter(["old", "new"])
    server.script = [answer(401, {}), answer()]
    caller = callers(KEY, kind=kind)
    caller.call(ask(None, no_rule_of_expiry()), token=lambda: next(tokens), base_url=server.url)
    assert [one.headers["X-Api-Key"] for one in server.requests] == ["old", "new"]
    server.script = [answer(401, {})]
    with pytest.raises(errors.AuthenticationError):
        caller.call(ask(None, no_rule_of_expiry()), token=TOKEN, base_url=server.url)
    assert len(server.requests) == 3


def test_one_of_several_tokens_is_renewed(kind: str, server: Server) -> None:
    server.script = [answer(401, {"category": "EXPIRED"}), answer()]

    def renewing(*, rejected: bool = False) -> str:
        return "new" if rejected else "old"

    tokens: dict[str, Any] = {"key": "k", "bearer": renewing}
    caller = callers(BEARER, KEY, kind=kind)
    caller.call(ask((("key", "bearer"),)), token=tokens, base_url=server.url)
    sent = [(one.headers["X-Api-Key"], one.headers["Authorization"]) for one in server.requests]
    assert sent == [("k", "Bearer old"), ("k", "Bearer new")]


@pytest.mark.parametrize("url", ["https://evil.test/x", "http://api.example.com/x"])
@each_scheme
def test_it_is_attached_for_its_own_origin_only(case: Case, url: str) -> None:
    requests = RequestMaker(emitted_client.Client(TOKEN)._connection.configuration)
    with pytest.raises(RuntimeError, match="elsewhere") as caught:
        requests.make(
            Request("GET", url, ()), Tokens([Token(case.token, case.scheme)]), Deadline(None)
        )
    assert not is_leaking(shown(caught.value))

"""Tokens that expire: their source is asked once more, and one that refreshes them asks their endpoint."""

from __future__ import annotations

import asyncio
import base64
import json
import logging
import pickle
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import FrameType
from typing import Any
from urllib.parse import parse_qs

import pytest
from package import errors, oauth
from package._runtime.policy import Backoff
from package.oauth import (
    AsyncClientCredentialsSource,
    AsyncRefreshTokenSource,
    ClientCredentialsSource,
    RefreshTokenSource,
)
from werkzeug import Response

from tests.runtime.conftest import UpsertCaller
from tests.runtime.emitted_client import AsyncClient, Client
from tests.runtime.test_secrets import shown
from tests.servers import PATIENCE, RawServer, Server, answer, free_port, raw_answer

EXPIRED = answer(401, {"message": "it expired 7 seconds ago", "category": "EXPIRED"})
SECRETS: dict[str, Any] = {"client_id": "app", "client_secret": "hush-1", "refresh_token": "hush-2"}


def sent(server: Server) -> list[str]:
    return [request.headers["Authorization"] for request in server.requests]


NO_SECONDS: tuple[object, ...] = ("soon", "", "nan", True, [1800], {}, 10**400)


def granted(number: int, **more: Any) -> bytes:
    return raw_answer(json.dumps({"access_token": f"token-{number}", **more}).encode())


def source_for(kind: str, url: str, **more: Any) -> Any:
    source = RefreshTokenSource if kind.startswith("sync") else AsyncRefreshTokenSource
    return source(url, **SECRETS, **more)


@pytest.mark.parametrize("takes_rejected", [True, False])
def test_the_source_of_an_expired_token_is_asked_once_more(
    caller: UpsertCaller, server: Server, takes_rejected: bool
) -> None:
    asked: list[bool] = []

    def renewing(*, rejected: bool = False) -> str:
        asked.append(rejected)
        return "new" if True in asked else "old"

    given = iter(["old", "new"])
    server.script = [EXPIRED, answer()]
    token: Callable[[], str] = renewing if takes_rejected else lambda: next(given)
    assert caller.upsert(server, token=token).status == "COMPLETE"
    assert sent(server) == ["Bearer old", "Bearer new"]
    assert asked == ([False, False, True] if takes_rejected else [])


@pytest.mark.parametrize("token", ["fixed", lambda: "fixed", lambda rejected=False: "fixed"])
def test_the_same_token_is_not_sent_again(caller: UpsertCaller, server: Server, token: Any) -> None:
    server.script = [EXPIRED]
    with pytest.raises(errors.AuthenticationError, match="expired 7 seconds ago"):
        caller.upsert(server, token=token)
    assert sent(server) == ["Bearer fixed"]


def test_a_token_that_is_refused_for_other_reasons_or_twice_is_an_error(
    caller: UpsertCaller, server: Server
) -> None:
    numbers = iter(range(9))
    for script, requests in (([answer(401, {"category": "INVALID"})], 1), ([EXPIRED], 2)):
        server.script, before = script, len(server.requests)
        with pytest.raises(errors.AuthenticationError):
            caller.upsert(server, token=lambda: f"token-{next(numbers)}")
        assert len(server.requests) == before + requests


def test_a_refresh_token_gives_access_tokens(
    caller: UpsertCaller, server: Server, raw_server: RawServer, kind: str
) -> None:
    raw_server.script = [
        raw_answer(b"{}", status="503 Busy"),
        granted(1, expires_in=1800, refresh_token="hush-3"),
        granted(2, expires_in=1800),
    ]
    server.script = [answer(), EXPIRED, answer()]
    source = source_for(kind, raw_server.url, fields={"scope": "crm"})
    caller.upsert(server, token=source)
    caller.upsert(server, token=source)
    assert sent(server) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    forms = [parse_qs(one.partition(b"\r\n\r\n")[2].decode()) for one in raw_server.requests]
    expected = {"grant_type": ["refresh_token"], "client_id": ["app"], "scope": ["crm"]}
    for form, refresh_token in zip(forms, ["hush-2", "hush-2", "hush-3"], strict=True):
        secrets = {"client_secret": ["hush-1"], "refresh_token": [refresh_token]}
        assert form == {**expected, **secrets}
    assert all(b"authorization" not in one.lower() for one in raw_server.requests)


@pytest.mark.parametrize("lasts", [1800, "1800", " 1.8e3 "])
def test_a_token_is_replaced_before_it_expires_and_kept_if_that_fails(
    caller: UpsertCaller,
    server: Server,
    raw_server: RawServer,
    kind: str,
    lasts: object,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    now = 1000.0
    monkeypatch.setattr(oauth, "time", type("Clock", (), {"monotonic": lambda: now}))
    raw_server.script = [
        granted(1, expires_in=lasts),
        raw_answer(b"{}", status="400 No"),
        granted(2, expires_in=lasts),
    ]
    source = source_for(kind, raw_server.url)
    for now in (1000.0, 2400.0, 2600.0, 2610.0, 2640.0):  # noqa: B007 - the clock reads it.
        caller.upsert(server, token=source)
    assert sent(server) == [f"Bearer token-{number}" for number in (1, 1, 1, 1, 2)]
    assert len(raw_server.requests) == 3
    assert "still the old one" in caplog.text
    assert "hush" not in caplog.text
    assert "token-" not in "".join(
        one.getMessage() for one in caplog.records if one.name == "package"
    )


@pytest.mark.parametrize(
    "more", [{}, {"expires_in": None}, {"expires_in": "0"}, {"expires_in": -1}]
)
def test_a_token_whose_end_is_not_told_is_used_until_it_is_refused(
    caller: UpsertCaller,
    server: Server,
    raw_server: RawServer,
    kind: str,
    more: dict[str, Any],
) -> None:
    raw_server.script = [granted(1, **more), granted(2, **more)]
    server.script = [answer(), answer(), EXPIRED, answer()]
    source = source_for(kind, raw_server.url)
    for _ in range(3):
        caller.upsert(server, token=source)
    assert sent(server) == [f"Bearer token-{number}" for number in (1, 1, 1, 2)]


@pytest.mark.parametrize(
    ("step", "error", "told"),
    [
        (
            raw_answer(
                b'{"status": "BAD_REFRESH_TOKEN", "message": "unknown refresh token"}',
                status="400 Bad",
            ),
            errors.AuthenticationError,
            r"^token refresh: 400 unknown refresh token \(category BAD_REFRESH_TOKEN\)$",
        ),
        (
            raw_answer(
                b'{"error": "invalid_grant", "error_description": "it was revoked"}',
                status="400 Bad",
            ),
            errors.AuthenticationError,
            r"^token refresh: 400 it was revoked \(category invalid_grant\)$",
        ),
        (raw_answer(b'{"refresh_token": "hush-3"}'), errors.DecodingError, "no access_token"),
        *(
            (granted(1, expires_in=lasts), errors.DecodingError, "expires_in is no number")
            for lasts in NO_SECONDS
        ),
        (raw_answer(b"<html>", status="502 Bad"), errors.ServerError, "502"),
        (b"", errors.TransportError, "disconnected"),
    ],
)
def test_what_the_token_endpoint_does_not_give_is_a_typed_error_without_secrets(
    caller: UpsertCaller,
    server: Server,
    raw_server: RawServer,
    kind: str,
    step: bytes,
    error: type[errors.ApiError],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    raw_server.script = [step]
    # There is no time for another attempt, however much there is for the first one.
    policy = replace(oauth._POLICY, backoff=Backoff(initial=600, multiplier=1, maximum=600))
    monkeypatch.setattr(oauth, "_REFRESH", replace(oauth._REFRESH, policy=policy))
    with pytest.raises(error, match=told) as caught:
        caller.upsert(server, token=source_for(kind, raw_server.url))
    assert "hush" not in repr(vars(caught.value))
    assert server.requests == []


def test_many_threads_share_one_refresh(server: Server, raw_server: RawServer) -> None:
    raw_server.script = [granted(1), granted(2), granted(3)]
    barrier = threading.Barrier(8)
    old = {"Bearer token-1"}
    with Client(RefreshTokenSource(raw_server.url, **SECRETS), base_url=server.url) as client:

        def call(_: int) -> None:
            barrier.wait()
            client.contacts.get(contact_id="1")

        _expire(server, old)
        with ThreadPoolExecutor(8) as threads:
            list(threads.map(call, range(8)))
    assert set(sent(server)) == {"Bearer token-1", "Bearer token-2"}
    assert len(raw_server.requests) == 2


class Lock:
    """A lock that tells when a thread has to wait for it."""

    def __init__(self) -> None:
        self._lock, self.is_waited_for = threading.RLock(), threading.Event()

    def acquire(self, blocking: bool = True) -> bool:
        if self._lock.acquire(blocking=False):
            return True
        self.is_waited_for.set()
        return self._lock.acquire(blocking)

    def release(self) -> None:
        self._lock.release()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(self, *_: object) -> None:
        self.release()


def ask_twice(source: Any, moment: int, *, rejected: bool) -> bool:
    """Ask for a token, and once more in another thread when that has come to a step.

    Returns:
        Whether it took so many steps.
    """
    ready, go_on, lock = threading.Event(), threading.Event(), Lock()
    source._lock = lock
    steps = 0

    def ask() -> None:
        if rejected:
            source()
        ready.set()
        go_on.wait(PATIENCE)
        source(rejected=rejected)

    def trace(frame: FrameType, event: str, _: object) -> Any:
        nonlocal steps
        if frame.f_code not in {oauth._SyncSource.__call__.__code__, oauth._Source._take.__code__}:
            return None
        steps += 1
        if steps == moment:
            go_on.set()
            while thread.is_alive() and not lock.is_waited_for.wait(0.001):
                pass
        return trace

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert ready.wait(PATIENCE)
    if rejected:
        source()
    before = sys.gettrace()
    sys.settrace(trace)
    try:
        source(rejected=rejected)
    finally:
        sys.settrace(before)
        go_on.set()
    thread.join(PATIENCE)
    assert not thread.is_alive()
    return steps >= moment


@pytest.mark.parametrize("rejected", [False, True])
def test_two_threads_share_one_refresh_whenever_the_second_one_comes(
    raw_server: RawServer, rejected: bool
) -> None:
    count, moment, is_a_step = 2 if rejected else 1, 0, True
    while is_a_step:
        moment += 1
        raw_server.script = [granted(1), granted(2), granted(3)]
        raw_server.requests.clear()
        source = RefreshTokenSource(raw_server.url, **SECRETS)
        is_a_step = ask_twice(source, moment, rejected=rejected)
        assert len(raw_server.requests) == count, f"at step {moment}"
        assert source() == f"token-{count}"
    assert moment > 10


@pytest.mark.parametrize("asks_ahead", [False, True])
def test_a_source_that_is_interrupted_when_it_may_refresh_does_so_later(
    raw_server: RawServer, asks_ahead: bool
) -> None:
    class InterruptedLock(Lock):
        def acquire(self, blocking: bool = True) -> bool:
            super().acquire(blocking)
            raise KeyboardInterrupt

    raw_server.script = [granted(1), granted(2)]
    source = RefreshTokenSource(raw_server.url, **SECRETS)
    if asks_ahead:
        source()
        source._held = source._held._replace(renewed_from=0.0)
    lock = InterruptedLock()
    source._lock = lock  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        source()
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(Lock.acquire, lock, False).result(PATIENCE)


def test_a_source_leaves_the_lock_to_the_thread_that_refreshes(raw_server: RawServer) -> None:
    raw_server.script = [granted(1)]
    source = RefreshTokenSource(raw_server.url, **SECRETS)
    source()
    source._held = source._held._replace(renewed_from=0.0)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(source._lock.acquire).result(PATIENCE)
        assert source() == "token-1"
        assert not source._lock.acquire(blocking=False)


def test_many_tasks_share_one_refresh_in_each_loop(server: Server, raw_server: RawServer) -> None:
    raw_server.script = [granted(1), granted(2), granted(3)]
    source = AsyncRefreshTokenSource(raw_server.url, **SECRETS)

    async def run() -> None:
        async with AsyncClient(source, base_url=server.url) as client:
            await asyncio.gather(*(client.contacts.get(contact_id="1") for _ in range(8)))

    _expire(server, {"Bearer token-1"})
    asyncio.run(run())
    assert len(raw_server.requests) == 2
    _expire(server, {"Bearer token-2"})
    asyncio.run(run())
    assert len(raw_server.requests) == 3


def _expire(server: Server, tokens: set[str]) -> None:
    """Refuse some tokens."""

    class Script(list[Response]):
        def __len__(self) -> int:
            return 1

        def __getitem__(self, _: Any) -> Any:
            is_old = server.requests[-1].headers["Authorization"] in tokens
            return EXPIRED if is_old else answer(200, {"id": "7"})

    server.script = Script()


def own_source(kind: str, url: str, **more: Any) -> Any:
    source = ClientCredentialsSource if kind == "sync" else AsyncClientCredentialsSource
    return source(url, client_id="app:1", client_secret="hush-1 é", **more)


@pytest.mark.parametrize("scopes", ["read write", ["read", "write"], ()])
@pytest.mark.parametrize("login", ["form", "basic"])
def test_an_app_gets_tokens_of_its_own(
    caller: UpsertCaller,
    server: Server,
    raw_server: RawServer,
    kind: str,
    login: str,
    scopes: Any,
) -> None:
    raw_server.script = [granted(1, expires_in=1800, refresh_token="hush-3"), granted(2)]
    server.script = [answer(), EXPIRED, answer()]
    source = own_source(
        kind, raw_server.url, scopes=scopes, login=login, fields={"audience": "crm"}
    )
    caller.upsert(server, token=source)
    caller.upsert(server, token=source)
    assert sent(server) == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    expected = {"grant_type": ["client_credentials"], "audience": ["crm"]}
    if scopes:
        expected["scope"] = ["read write"]
    for one in raw_server.requests:
        head, _, body = one.partition(b"\r\n\r\n")
        if login == "form":
            expected |= {"client_id": ["app:1"], "client_secret": ["hush-1 é"]}
            assert b"authorization" not in head.lower()
        else:
            encoded = base64.b64encode(b"app%3A1:hush-1+%C3%A9")
            assert b"Authorization: Basic " + encoded in head
        assert parse_qs(body.decode()) == expected


@pytest.mark.parametrize("login", ["form", "basic"])
def test_an_app_that_is_refused_is_told_so_without_its_secret(
    caller: UpsertCaller, server: Server, raw_server: RawServer, kind: str, login: str
) -> None:
    raw_server.script = [raw_answer(b'{"error": "invalid_client"}', status="401 No")]
    source = own_source(kind, raw_server.url, login=login)
    with pytest.raises(errors.AuthenticationError, match="invalid_client") as caught:
        caller.upsert(server, token=source)
    for text in (shown(caught.value), repr(vars(caught.value)), repr(source), repr(vars(source))):
        assert "hush" not in text
        assert base64.b64encode(b"app%3A1:hush-1").decode()[:-4] not in text
    assert len(raw_server.requests) == 1
    assert server.requests == []


@pytest.mark.parametrize("kind", ["sync", "async"])
@pytest.mark.parametrize(
    ("url", "login", "told"),
    [
        ("http://api.example.com/token", "basic", "without encryption"),
        ("https://api.example.com/token", "header", "login must be 'form' or 'basic'"),
    ],
)
def test_what_an_app_cannot_be_given(kind: str, url: str, login: str, told: str) -> None:
    with pytest.raises(ValueError, match=told) as caught:
        own_source(kind, url, login=login)
    report = shown(caught.value).replace('client_secret="hush-1 é"', "")
    assert "hush" not in report


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_source_shows_no_secret_and_cannot_be_pickled(kind: str) -> None:
    source = source_for(kind, f"http://127.0.0.1:{free_port()}/token")
    assert "hush" not in repr(source)
    with pytest.raises(TypeError, match="function that makes one"):
        pickle.dumps(source)
    with pytest.raises(
        ValueError, match=r"^url .* would send the token without encryption"
    ) as caught:
        source_for(kind, "http://api.example.com/token")
    assert "hush" not in str(caught.value)
    # It takes no such argument.
    assert "allow_plain_http" not in str(caught.value)

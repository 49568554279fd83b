"""Access tokens of OAuth apps, which last for minutes, from what lasts (RFC 6749).

    Client(RefreshTokenSource(url, client_id="...", client_secret="...", refresh_token="..."))
    Client(ClientCredentialsSource(url, client_id="...", client_secret="...", scopes=["..."]))

A source asks the token endpoint when a token is first needed, some time before it expires, and when the API
says that it has expired; only then, if the endpoint does not say how long a token lasts. However many threads
or tasks use it, one of them asks, and the others wait, or go on with the token that there is.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, NoReturn, cast
from urllib.parse import quote_plus, urlencode

from ._runtime.configuration import DEFAULT_TIMEOUT, Configuration, configure
from ._runtime.connection import AsyncConnection, Connection
from ._runtime.credentials import Credentials
from ._runtime.fork import ForkSafe
from ._runtime.operation import Call, Operation
from ._runtime.policy import Backoff, ErrorFields, ErrorPolicy, ErrorRule, RateLimitHeaders
from ._runtime.pool import AsyncPool, Pool
from ._runtime.security import BASIC, Hidden
from .errors import ApiError, AuthenticationError, DecodingError, RateLimitError, ServerError

if TYPE_CHECKING:
    import asyncio

__all__ = [
    "AsyncClientCredentialsSource",
    "AsyncRefreshTokenSource",
    "ClientCredentialsSource",
    "RefreshTokenSource",
]

_LOGGER = logging.getLogger(__name__.partition(".")[0])

_AHEAD = 300.0
"""Seconds before its end that a token is replaced, but never before half of its time is over."""

_PAUSE = 30.0
"""Seconds before the next try to replace a token that is still good."""

_NO_FIELDS: Mapping[str, str] = MappingProxyType({})
_USER_AGENT = "oauth-refresh/1.0"

# Asking twice does no harm: each answer has a token that is good.
_POLICY = ErrorPolicy(
    rules=(
        ErrorRule((400, 401, 403), AuthenticationError),
        ErrorRule((429,), RateLimitError, retry=True, minimum_delay=1.0),
        ErrorRule((408, "5XX"), ServerError, retry=True),
    ),
    backoff=Backoff(initial=0.5, multiplier=2.0, maximum=5.0),
    fields=ErrorFields(message="message", category="category"),
    rate_limit_headers=RateLimitHeaders(),
    retry_transport=True,
)


class _Grant:
    """What a token endpoint gives: tokens, and the seconds that the access token lasts."""

    def __init__(self, content: bytes) -> None:
        fields = _object(json.loads(content))
        if not isinstance(fields.get("access_token"), str):
            raise ValueError("it has no access_token")
        self.access_token: str = fields["access_token"]
        renewed = fields.get("refresh_token")
        self.refresh_token = renewed if isinstance(renewed, str) else None
        self.lasts = _seconds(fields.get("expires_in"))


_REFRESH: Operation[_Grant] = Operation(
    name="token refresh",
    method="POST",
    path="",
    responses={"2XX": _Grant},
    error=json.loads,
    policy=_POLICY,
)


class _Form(Hidden):
    """What the token endpoint is sent, which holds secrets.

    Args:
        fields: The fields of the form.
        login: The id of the app and its secret, `id:secret`, if they are sent as user name and password.
    """

    __slots__ = ("login",)
    _value: dict[str, str]

    def __init__(self, fields: dict[str, str], login: Hidden | None = None) -> None:
        super().__init__(fields)
        self.login = login

    def content(self) -> bytes:
        return urlencode(self._value).encode()

    def credentials(self) -> Credentials:
        return Credentials() if self.login is None else Credentials((BASIC,), self.login._value)

    def renew(self, refresh_token: str | None) -> None:
        """Send another refresh token from now on, if one was sent."""
        if refresh_token and "refresh_token" in self._value:
            self._value["refresh_token"] = refresh_token


class _Held(NamedTuple):
    """The token that there is, with all that is known of it: who has this has what belongs together.

    Attributes:
        number: How many tokens there were, this one included.
        token: The token; None before the first one.
        renewed_from: When it is to be replaced.
        ends: When it expires.
    """

    number: int = 0
    token: str | None = None
    renewed_from: float = -math.inf
    ends: float = -math.inf

    def is_good(self, *, rejected: bool) -> bool:
        """Tell whether it can be used, and need not be replaced yet."""
        return not rejected and time.monotonic() < self.renewed_from

    def must_wait(self, *, rejected: bool) -> bool:
        """Tell whether there is nothing to go on with until there is another one."""
        return rejected or self.token is None or time.monotonic() >= self.ends


class _Source(ForkSafe):
    """What all sources know and decide."""

    def __init__(self, url: str, form: _Form, time_budget: float) -> None:
        self._form = form
        try:
            self._configuration: Configuration = configure(
                base_url=url,
                timeout=DEFAULT_TIMEOUT,
                limits=None,
                time_budget=time_budget,
                user_agent=_USER_AGENT,
                allow_plain_http=False,
            )
        except ValueError as error:
            # There is no way around encryption for secrets that last.
            told = str(error).partition(", or pass allow_plain_http")[0]
            raise ValueError(told.replace("base_url", "url")) from None
        self._held = _Held()
        self.after_fork()
        super().__init__()

    def __repr__(self) -> str:
        # Reports of a failed constructor show sources that have no set-up yet.
        configuration = getattr(self, "_configuration", None)
        url = None if configuration is None else configuration.base_url
        return f"{type(self).__name__}({url!r}, …)"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"a {type(self).__name__} holds secrets and cannot be pickled or copied; give the client a "
            "function that makes one where it is used"
        )

    def _call(self) -> Call[_Grant]:
        content_type = "application/x-www-form-urlencoded"
        return Call(_REFRESH, content=self._form.content(), content_type=content_type)

    def _take(self, grant: _Grant) -> None:
        self._form.renew(grant.refresh_token)
        ends = time.monotonic() + grant.lasts
        renewed_from = ends - min(_AHEAD, grant.lasts / 2)
        self._held = _Held(self._held.number + 1, grant.access_token, renewed_from, ends)
        _LOGGER.info("a new access token is there, and lasts for %g s", grant.lasts)

    def _failed(self, error: ApiError, *, must_wait: bool) -> None:
        """Raise what went wrong, unless the token that there is will do."""
        problem = _explained(error)
        if must_wait:
            raise problem from None
        self._held = self._held._replace(renewed_from=time.monotonic() + _PAUSE)
        _LOGGER.warning("the access token is still the old one: %s", problem)

    def _current(self) -> tuple[int, str]:
        held = self._held
        if held.token is None:
            raise RuntimeError("there is no token, though it was waited for")
        return held.number, held.token


class _RefreshToken(_Source):
    """A source that has a refresh token; see `RefreshTokenSource` for the arguments."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        client_secret: str,
        refresh_token: str,
        fields: Mapping[str, str] = _NO_FIELDS,
        time_budget: float = 30.0,
    ) -> None:
        form = _Form(
            {
                "grant_type": "refresh_token",
                "client_id": client_id,
                "client_secret": client_secret,
                "refresh_token": refresh_token,
                **fields,
            }
        )
        del client_secret, refresh_token, fields  # Tracebacks may show variables.
        super().__init__(url, form, time_budget)


class _ClientCredentials(_Source):
    """A source that needs nobody's leave; see `ClientCredentialsSource` for the arguments."""

    def __init__(
        self,
        url: str,
        *,
        client_id: str,
        client_secret: str,
        scopes: str | Iterable[str] = (),
        fields: Mapping[str, str] = _NO_FIELDS,
        login: Literal["form", "basic"] = "form",
        time_budget: float = 30.0,
    ) -> None:
        if login not in ("form", "basic"):
            del client_secret, fields
            raise ValueError("login must be 'form' or 'basic'")
        scope = scopes if isinstance(scopes, str) else " ".join(scopes)
        sent = {"grant_type": "client_credentials", "scope": scope}
        if login == "form":
            sent |= {"client_id": client_id, "client_secret": client_secret}
        # RFC 6749, 2.3.1: encoded as in a form, so that a colon in an id ends nothing.
        password = Hidden(f"{quote_plus(client_id)}:{quote_plus(client_secret)}")
        form = _Form(
            {name: value for name, value in {**sent, **fields}.items() if value},
            password if login == "basic" else None,
        )
        del client_secret, fields, sent  # Tracebacks may show variables.
        super().__init__(url, form, time_budget)


class _SyncSource(_Source):
    def after_fork(self) -> None:
        """Begin anew in a forked process, with the token that there is."""
        self._lock = threading.RLock()
        self._given = threading.local()

    def __call__(self, *, rejected: bool = False) -> str:
        """Give the current token.

        Args:
            rejected: Whether the API does not accept the one that this thread was given last.

        Raises:
            AuthenticationError: The token endpoint refuses the refresh token, or the app.
            ApiError: It cannot be reached, or its answer cannot be used.
        """
        seen = self._held
        # If another thread has got a new one meanwhile, the rejected token is not the current one.
        rejected = rejected and getattr(self._given, "number", 0) == seen.number
        if not seen.is_good(rejected=rejected):
            must_wait = seen.must_wait(rejected=rejected)
            try:
                if self._lock.acquire(blocking=must_wait):
                    # Another one may have got it, or have tried in vain, since it was looked at.
                    held = self._held
                    if held.number == seen.number and not held.is_good(rejected=rejected):
                        self._refresh(must_wait=must_wait)
            finally:
                # Also if Ctrl-C came when it was taken and nothing said so yet.
                try:
                    self._lock.release()
                except RuntimeError:
                    pass  # It is another thread's, or nobody's.
        self._given.number, token = self._current()
        return token

    def _refresh(self, *, must_wait: bool) -> None:
        pool = Pool(self._configuration)
        try:
            self._take(
                Connection(self._configuration, self._form.credentials(), pool).send(self._call())
            )
        except ApiError as error:
            self._failed(error, must_wait=must_wait)
        finally:
            pool.close()


class _AsyncSource(_Source):
    def after_fork(self) -> None:
        """Begin anew in a forked process, with the token that there is."""
        self._refreshing: asyncio.Task[None] | None = None

    async def __call__(self, *, rejected: bool = False) -> str:
        """Give the current token: as `RefreshTokenSource`."""
        held = self._held
        if not held.is_good(rejected=rejected):
            import asyncio  # Whoever awaits has loaded it by now.

            must_wait, task = held.must_wait(rejected=rejected), self._refreshing
            is_new = task is None or task.done() or task.get_loop() != asyncio.get_running_loop()
            if task is None or is_new:
                task = asyncio.create_task(self._refresh(must_wait=must_wait))
                self._refreshing = task
            if is_new or must_wait:
                # Whoever began it may be cancelled, and others wait for it, too.
                await asyncio.shield(task)
        return self._current()[1]

    async def _refresh(self, *, must_wait: bool) -> None:
        pool = AsyncPool(self._configuration)
        connection = AsyncConnection(self._configuration, self._form.credentials(), pool)
        try:
            self._take(await connection.send(self._call()))
        except ApiError as error:
            self._failed(error, must_wait=must_wait)
        finally:
            await pool.aclose()


class RefreshTokenSource(_RefreshToken, _SyncSource):
    """Gives a `Client` its tokens; see the module. Threads may share it.

    It holds secrets: it shows none of them and cannot be pickled.

    Args:
        url: The token endpoint.
        client_id: The id of the app.
        client_secret: Its secret.
        refresh_token: The refresh token of the account. If an answer has another one, that is used from
            then on, for as long as this object lives.
        fields: Further fields of the form that is sent.
        time_budget: Seconds that asking may take, all attempts included.

    Raises:
        ValueError: The URL cannot be used. The message says what to do, and shows no secret.
    """


class AsyncRefreshTokenSource(_RefreshToken, _AsyncSource):
    """Gives an `AsyncClient` its tokens: as `RefreshTokenSource`, to the tasks of an event loop."""


class ClientCredentialsSource(_ClientCredentials, _SyncSource):
    """Gives a `Client` tokens of the app itself (RFC 6749, 4.4), and new ones before they expire.

    It holds secrets: it shows none of them and cannot be pickled. Threads may share it.

    Args:
        url: The token endpoint, such as one of the `TOKEN_URLS` that the specification names.
        client_id: The id of the app.
        client_secret: Its secret.
        scopes: What the token is to be good for, as a list or with spaces between; none for what the
            endpoint gives by itself.
        fields: Further fields of the form that is sent, such as an audience.
        login: Where id and secret are sent: in the form, or as user name and password (RFC 6749, 2.3.1).
        time_budget: Seconds that asking may take, all attempts included.

    Raises:
        ValueError: The URL or `login` cannot be used. The message says what to do, and shows no secret.
    """


class AsyncClientCredentialsSource(_ClientCredentials, _AsyncSource):
    """Gives an `AsyncClient` its tokens: as `ClientCredentialsSource`, to the tasks of an event loop."""


def _seconds(value: object) -> float:
    """Read how long a token lasts: a number, which some write as text, or nothing (RFC 6749, 5.1).

    What is not more than zero is taken for nothing: no token is expired before it is given.
    """
    if value is None:
        return math.inf
    try:
        seconds = float(value) if isinstance(value, (int, float, str)) else math.nan
    except (ValueError, OverflowError):
        seconds = math.nan
    if math.isnan(seconds) or isinstance(value, bool):
        raise ValueError("its expires_in is no number of seconds")
    return seconds if seconds > 0 else math.inf


def _object(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", value) if isinstance(value, dict) else {}


def _explained(error: ApiError) -> ApiError:
    """Add what the error body says in the words of RFC 6749, and leave out what may hold a token."""
    if isinstance(error, DecodingError):
        error.text = None
    body = _object(error.body)
    for name in ("error", "status"):
        if error.category is None and isinstance(body.get(name), str):
            error.category = body[name]
    if isinstance(body.get("error_description"), str):
        error.message = body["error_description"]
    return error

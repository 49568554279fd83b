"""The bases of clients and of resources, which group the operations of one kind of object.

The emitted subclasses add the base URL, the resources and their methods.
"""

from __future__ import annotations

from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypedDict, TypeVar

import httpx2

from ..errors import RateLimit
from .configuration import (
    DEFAULT_TIME_BUDGET,
    DEFAULT_TIMEOUT,
    Configuration,
    configure,
    reconfigure,
)
from .connection import AsyncConnection, Connection
from .credentials import AsyncTokenSource, Credentials, TokenSource
from .fork import with_cached_properties
from .operation import UNSET, Unset
from .pool import AsyncPool, Pool
from .security import BEARER, SecurityScheme

if TYPE_CHECKING:
    import typing_extensions
    from typing_extensions import Unpack

    SourceT = typing_extensions.TypeVar("SourceT", default=TokenSource)
    AsyncSourceT = typing_extensions.TypeVar("AsyncSourceT", default=AsyncTokenSource)
else:
    SourceT = TypeVar("SourceT")
    AsyncSourceT = TypeVar("AsyncSourceT")

ConnectionT = TypeVar("ConnectionT", Connection, AsyncConnection)


class _Options(TypedDict, total=False):
    base_url: str | None
    timeout: float | httpx2.Timeout | None
    limits: httpx2.Limits | None
    time_budget: float | None
    allow_plain_http: bool


class ClientOptions(_Options, total=False):
    """What a synchronous client takes beside tokens: see `SyncClient`."""

    transport: httpx2.BaseTransport | Literal["fast"] | None


class AsyncClientOptions(_Options, total=False):
    """What an asynchronous client takes beside tokens: see `SyncClient`."""

    transport: httpx2.AsyncBaseTransport | Literal["fast"] | None


class _Client(Generic[ConnectionT]):
    _BASE_URL: ClassVar[str]
    _USER_AGENT: ClassVar[str]
    _SCHEMES: ClassVar[tuple[SecurityScheme, ...]] = (BEARER,)

    _connection: ConnectionT

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        with_cached_properties(cls)

    def __repr__(self) -> str:
        # Reports of a failed constructor show clients that have no connection yet.
        connection = getattr(self, "_connection", None)
        base_url = None if connection is None else connection.configuration.base_url
        return f"{type(self).__name__}(base_url={base_url!r})"

    @property
    def rate_limit(self) -> RateLimit | None:
        """What the last answer said about rate limits, but for bulk upserts; None if that was nothing."""
        return self._connection.rate_limit

    def _configured(
        self,
        *,
        base_url: str | None = None,
        timeout: float | httpx2.Timeout | None = DEFAULT_TIMEOUT,
        limits: httpx2.Limits | None = None,
        transport: object = None,
        time_budget: float | None = DEFAULT_TIME_BUDGET,
        allow_plain_http: bool = False,
    ) -> Configuration:
        return configure(
            base_url=base_url if base_url is not None else self._BASE_URL,
            timeout=timeout,
            limits=limits,
            time_budget=time_budget,
            user_agent=self._USER_AGENT,
            allow_plain_http=allow_plain_http,
            transport=transport,
        )

    def with_options(
        self,
        *,
        time_budget: float | Unset | None = UNSET,
        timeout: float | httpx2.Timeout | Unset | None = UNSET,
    ) -> Self:
        """Give a client with other times that shares connections and token with this one.

        Closing it leaves this client open; closing this client closes both.

        Args:
            time_budget: As for the constructor; what is not given stays as it is.
            timeout: As for the constructor; what is not given stays as it is.

        Returns:
            The other client.

        Raises:
            ValueError: A time cannot be used. The message says what to do.
        """
        # Not a copy: the resources that this client keeps would send through its own connection.
        other = object.__new__(type(self))
        other._connection = self._connection.with_configuration(
            reconfigure(self._connection.configuration, time_budget=time_budget, timeout=timeout)
        )
        return other


class SyncClient(_Client[Connection], Generic[SourceT]):
    """Base of synchronous clients. A client may be used by several threads, and by forked processes.

    Use it as a context manager, or call `close` when done.

    A process that is forked opens connections of its own, has a limit of its own, and closes only what
    is its own.

    It can be pickled, to be used by other processes: its settings and the token, but no connections,
    which are opened when they are needed. A pickle of a client with a fixed token holds that token,
    readable for whoever gets hold of the pickle. A function avoids that, such as one that reads the
    token from the environment: what is pickled is how to find it. A client that came from a pickle
    closes its connections when nothing refers to it any more.

    Args:
        token: The token, or a function that gives the current one before each attempt, and another one
            if that has expired: `credentials.TokenSource` says how, and `oauth.RefreshTokenSource` is
            one for OAuth apps. For http basic it is `user:password`. Where an API has several security
            schemes, a mapping of their names to such tokens or functions, as far as there are any.
        base_url: Where the API is, if not where it usually is.
        timeout: Seconds that connecting, sending and each wait for data may take in one attempt,
            as a `httpx2.Timeout` if they differ, or None for no limit but the time budget.
        limits: How many connections there may be, or None for what httpx2 thinks right.
        transport: What sends requests instead of httpx2's own transport: "fast" for libcurl, which takes
            less CPU time and needs the extra `fast`, or a transport of httpx2, which the client closes,
            and which a process that is forked cannot use.
        time_budget: Seconds that a call may take in all, with further attempts and the delays
            between them; None for no limit, which means trying for as long as it makes sense.
        allow_plain_http: Whether http may be used to reach other machines than this one.

    Raises:
        TypeError: The token is neither text nor a function.
        ValueError: An argument cannot be used. The message says what to do, and does not show the
            token.
        ImportError: The extra `fast` is not installed.
    """

    def __init__(
        self,
        token: SourceT,
        *,
        base_url: str | None = None,
        timeout: float | httpx2.Timeout | None = DEFAULT_TIMEOUT,
        limits: httpx2.Limits | None = None,
        transport: httpx2.BaseTransport | Literal["fast"] | None = None,
        time_budget: float | None = DEFAULT_TIME_BUDGET,
        allow_plain_http: bool = False,
    ) -> None:
        credentials = Credentials(self._SCHEMES, token)
        del token  # Before anything can fail: tracebacks may show variables.
        self._open(
            credentials,
            base_url=base_url,
            timeout=timeout,
            limits=limits,
            transport=transport,
            time_budget=time_budget,
            allow_plain_http=allow_plain_http,
        )

    def _open(self, credentials: Credentials, **options: Unpack[ClientOptions]) -> None:
        credentials.check()
        configuration, transport = self._configured(**options), options.get("transport")
        pool = Pool(configuration, None if isinstance(transport, str) else transport)
        self._connection = Connection(configuration, credentials, pool)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections and refuse further calls, also from clients that share them."""
        self._connection.close()


class AsyncClientBase(_Client[AsyncConnection], Generic[AsyncSourceT]):
    """Base of asynchronous clients. A client may be used by several event loops, and by forked processes.

    Use it as an asynchronous context manager, or await `aclose` when done. Each event loop has its own
    connections, which `asyncio.run` closes at its end, so that one client serves any number of runs; but
    a transport that was given serves all of them.

    It can be pickled as `SyncClient` can, token included; but also where it came from a pickle, `aclose`
    must be awaited.

    Args and what is raised are those of `SyncClient`, but for two: a function that gives the token may
    be asynchronous, and so is the transport.
    """

    def __init__(
        self,
        token: AsyncSourceT,
        *,
        base_url: str | None = None,
        timeout: float | httpx2.Timeout | None = DEFAULT_TIMEOUT,
        limits: httpx2.Limits | None = None,
        transport: httpx2.AsyncBaseTransport | Literal["fast"] | None = None,
        time_budget: float | None = DEFAULT_TIME_BUDGET,
        allow_plain_http: bool = False,
    ) -> None:
        credentials = Credentials(self._SCHEMES, token)
        del token  # Before anything can fail: tracebacks may show variables.
        self._open(
            credentials,
            base_url=base_url,
            timeout=timeout,
            limits=limits,
            transport=transport,
            time_budget=time_budget,
            allow_plain_http=allow_plain_http,
        )

    def _open(self, credentials: Credentials, **options: Unpack[AsyncClientOptions]) -> None:
        credentials.check()
        configuration, transport = self._configured(**options), options.get("transport")
        pool = AsyncPool(configuration, None if isinstance(transport, str) else transport)
        self._connection = AsyncConnection(configuration, credentials, pool)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections and refuse further calls, also from clients that share them."""
        await self._connection.aclose()


class OpenSyncClient(SyncClient[Any], Generic[SourceT]):
    """Base of synchronous clients that may have no token: as `SyncClient`."""

    def __init__(self, token: SourceT | None = None, **options: Unpack[ClientOptions]) -> None:
        credentials = Credentials(self._SCHEMES, {} if token is None else token)
        del token  # As above.
        self._open(credentials, **options)


class OpenAsyncClient(AsyncClientBase[Any], Generic[AsyncSourceT]):
    """Base of asynchronous clients that may have no token: as `AsyncClientBase`."""

    def __init__(
        self, token: AsyncSourceT | None = None, **options: Unpack[AsyncClientOptions]
    ) -> None:
        credentials = Credentials(self._SCHEMES, {} if token is None else token)
        del token  # As above.
        self._open(credentials, **options)


class SyncResource:
    """Base of the resources of a synchronous client, whose connection sends the calls."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


class AsyncResource:
    """Base of the resources of an asynchronous client, whose connection sends the calls."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

"""The bases of clients. The emitted subclasses add the base URL and the resources."""

from __future__ import annotations

from types import TracebackType
from typing import ClassVar, Self

import httpx2

from .async_connection import AsyncConnection, AsyncPool
from .configuration import DEFAULT_TIME_BUDGET, DEFAULT_TIMEOUT, configure, reconfigure
from .connection import Connection, Pool
from .credentials import AsyncCredential, AsyncTokenSource, Credential, TokenSource
from .operation import UNSET, Unset


class SyncClient:
    """Base of synchronous clients. A client may be used by several threads.

    Use it as a context manager, or call `close` when done.

    It can be pickled, to be used by other processes: its settings and the token, but no connections,
    which are opened when they are needed. A pickle of a client with a fixed token holds that token,
    readable for whoever gets hold of the pickle. A function avoids that, such as one that reads the
    token from the environment: what is pickled is how to find it. A client that came from a pickle
    closes its connections when nothing refers to it any more.

    Args:
        token: The bearer token, or a function that gives the current one before each attempt.
        base_url: Where the API is, if not where it usually is.
        timeout: Seconds that connecting, sending and each wait for data may take in one attempt,
            as a `httpx2.Timeout` if they differ, or None for no limit but the time budget.
        limits: How many connections there may be, or None for what httpx2 thinks right.
        transport: What sends requests instead of httpx2's own transport. The client closes it.
        time_budget: Seconds that a call may take in all, with further attempts and the delays
            between them; None for no limit, which means trying for as long as it makes sense.
        allow_plain_http: Whether http may be used to reach other machines than this one.

    Raises:
        TypeError: The token is neither text nor a function.
        ValueError: An argument cannot be used. The message says what to do, and does not show the
            token.
    """

    _BASE_URL: ClassVar[str]
    _USER_AGENT: ClassVar[str]

    def __init__(
        self,
        token: TokenSource,
        *,
        base_url: str | None = None,
        timeout: float | httpx2.Timeout | None = DEFAULT_TIMEOUT,
        limits: httpx2.Limits | None = None,
        transport: httpx2.BaseTransport | None = None,
        time_budget: float | None = DEFAULT_TIME_BUDGET,
        allow_plain_http: bool = False,
    ) -> None:
        credential = Credential(token)
        del token  # Before anything can fail: tracebacks may show variables.
        credential.check()
        configuration = configure(
            base_url=base_url if base_url is not None else self._BASE_URL,
            timeout=timeout,
            limits=limits,
            time_budget=time_budget,
            user_agent=self._USER_AGENT,
            allow_plain_http=allow_plain_http,
        )
        self._connection = Connection(configuration, credential, Pool(configuration, transport))

    def __repr__(self) -> str:
        # Reports of a failed constructor show clients that have no connection yet.
        connection = getattr(self, "_connection", None)
        base_url = None if connection is None else connection.configuration.base_url
        return f"{type(self).__name__}(base_url={base_url!r})"

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


class AsyncClientBase:
    """Base of asynchronous clients. A client belongs to the event loop that first uses it.

    Use it as an asynchronous context manager, or await `aclose` when done.

    It can be pickled as `SyncClient` can, token included; but also where it came from a pickle, `aclose`
    must be awaited.

    Args:
        token: The bearer token, or a function that gives the current one before each attempt; it
            may be asynchronous.
        base_url: Where the API is, if not where it usually is.
        timeout: Seconds that connecting, sending and each wait for data may take in one attempt,
            as a `httpx2.Timeout` if they differ, or None for no limit but the time budget.
        limits: How many connections there may be, or None for what httpx2 thinks right.
        transport: What sends requests instead of httpx2's own transport. The client closes it.
        time_budget: Seconds that a call may take in all, with further attempts and the delays
            between them; None for no limit, which means trying for as long as it makes sense.
        allow_plain_http: Whether http may be used to reach other machines than this one.

    Raises:
        TypeError: The token is neither text nor a function.
        ValueError: An argument cannot be used. The message says what to do, and does not show the
            token.
    """

    _BASE_URL: ClassVar[str]
    _USER_AGENT: ClassVar[str]

    def __init__(
        self,
        token: AsyncTokenSource,
        *,
        base_url: str | None = None,
        timeout: float | httpx2.Timeout | None = DEFAULT_TIMEOUT,
        limits: httpx2.Limits | None = None,
        transport: httpx2.AsyncBaseTransport | None = None,
        time_budget: float | None = DEFAULT_TIME_BUDGET,
        allow_plain_http: bool = False,
    ) -> None:
        credential = AsyncCredential(token)
        del token  # Before anything can fail: tracebacks may show variables.
        credential.check()
        configuration = configure(
            base_url=base_url if base_url is not None else self._BASE_URL,
            timeout=timeout,
            limits=limits,
            time_budget=time_budget,
            user_agent=self._USER_AGENT,
            allow_plain_http=allow_plain_http,
        )
        pool = AsyncPool(configuration, transport)
        self._connection = AsyncConnection(configuration, credential, pool)

    def __repr__(self) -> str:
        # Reports of a failed constructor show clients that have no connection yet.
        connection = getattr(self, "_connection", None)
        base_url = None if connection is None else connection.configuration.base_url
        return f"{type(self).__name__}(base_url={base_url!r})"

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

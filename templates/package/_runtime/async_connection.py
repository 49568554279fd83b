"""Sends calls and waits for their answers, asynchronously. Otherwise like `connection`."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import aclosing
from typing import Any, TypeVar, cast

import httpx2
from tenacity import AsyncRetrying

from .answer import Outcome, conclude
from .configuration import Configuration
from .credentials import AsyncCredential, PickledCredential, Token
from .deadline import Deadline
from .exchange import RequestMaker, begin_body, end_body
from .failures import (
    TRANSPORT_FAILURES,
    client_is_closed,
    failure_from,
    not_picklable,
    without_frames,
)
from .operation import Call
from .request import Request, build_request
from .retrying import Schedule
from .transports import async_transport_for

T = TypeVar("T")


class AsyncPool:
    """The transport, and with it the open connections. Built when it is first needed.

    It belongs to the event loop that uses it first, so it needs no lock.

    Args:
        configuration: How to build it.
        transport: What sends requests instead of httpx2's own transport.
    """

    def __init__(
        self, configuration: Configuration, transport: httpx2.AsyncBaseTransport | None
    ) -> None:
        self._configuration = configuration
        self._transport = transport
        self._open: httpx2.AsyncBaseTransport | None = None
        self._is_closed = False
        self._shared: dict[Callable[[], object], object] = {}

    def transport(self) -> httpx2.AsyncBaseTransport:
        """Give the transport.

        Raises:
            RuntimeError: The pool is closed.
        """
        if self._is_closed:
            raise client_is_closed()
        if self._open is None:
            self._open = self._transport or async_transport_for(self._configuration)
        return self._open

    def shared(self, kind: Callable[[], T]) -> T:
        """Give the one object of a class that all who use the pool share, made when first asked for."""
        if kind not in self._shared:
            self._shared[kind] = kind()
        return cast("T", self._shared[kind])

    def check_picklable(self) -> None:
        """Check that a new pool can take the place of this one, wherever a pickle is loaded.

        Raises:
            TypeError: It is closed, or has a transport of its own.
        """
        if self._is_closed or self._transport is not None:
            raise not_picklable(is_closed=self._is_closed)

    async def aclose(self) -> None:
        """Close all connections. Closing twice does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        transport = self._open or self._transport
        if transport is not None:
            await transport.aclose()


class AsyncConnection:
    """Sends calls to one API with one credential.

    Args:
        configuration: How to send them.
        credential: Where the token comes from.
        pool: The open connections.
        owns_pool: Whether closing this closes the pool.
    """

    def __init__(
        self,
        configuration: Configuration,
        credential: AsyncCredential,
        pool: AsyncPool,
        *,
        owns_pool: bool = True,
    ) -> None:
        self.configuration = configuration
        self._credential = credential
        self._pool = pool
        self._owns_pool = owns_pool
        self._is_closed = False
        self._requests = RequestMaker(configuration)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._is_closed:
            raise not_picklable(is_closed=True)
        self._pool.check_picklable()
        return _reopened, (self.configuration, PickledCredential(self._credential))

    def with_configuration(self, configuration: Configuration) -> AsyncConnection:
        """Give a connection that shares credential and pool, but does not close the pool.

        Args:
            configuration: The other connection's own, for the same base URL.
        """
        return AsyncConnection(configuration, self._credential, self._pool, owns_pool=False)

    def shared(self, kind: Callable[[], T]) -> T:
        """Give the one object of a class that is shared by all connections with this one's pool.

        Args:
            kind: The class, which takes no arguments.
        """
        return self._pool.shared(kind)

    async def send(self, call: Call[T]) -> T:
        """Make a call, in as many attempts as it takes and the time budget allows.

        Args:
            call: What to call.

        Returns:
            The decoded body of the answer.

        Raises:
            ApiError: The call failed; see `errors`.
            ValueError: An argument or the token cannot be sent.
            RuntimeError: The client is closed.
        """
        request = build_request(self.configuration.base_url, call)
        schedule = Schedule(call.operation, Deadline(self.configuration.time_budget))
        outcome: Outcome = await AsyncRetrying(**schedule.options())(
            self._attempt, request, schedule
        )
        return conclude(call.operation, outcome, schedule.attempts, now=time.time())

    async def aclose(self) -> None:
        """Refuse further calls, and close the pool if it belongs to this connection."""
        self._is_closed = True
        if self._owns_pool:
            await self._pool.aclose()

    async def attempt(
        self, request: Request, deadline: Deadline, *, may_start: Callable[[], bool]
    ) -> Outcome | None:
        """Make one attempt, without another one if it fails.

        Args:
            request: What to send.
            deadline: When it must be over.
            may_start: Asked when all is ready to be sent, and there is no way back.

        Returns:
            What came of it; None if it was not to start.

        Raises:
            ValueError: The token cannot be sent.
            RuntimeError: The client is closed.
            Exception: Whatever the function that gives the token raises.
        """
        if self._is_closed:
            raise client_is_closed()
        transport = self._pool.transport()
        token = await self._credential.async_token()
        if not may_start():
            return None
        # The timeouts of the HTTP library begin anew with each byte that comes.
        import asyncio  # Whoever awaits has loaded it by now; importing this package need not.

        limit = asyncio.timeout(deadline.end())
        try:
            async with limit:
                return await self._exchange(transport, request, token, deadline)
        except TimeoutError as error:
            if limit.expired():
                return deadline.missed()
            raise without_frames(error) from None
        except TRANSPORT_FAILURES as error:
            return failure_from(error)
        except BaseException as error:
            raise without_frames(error) from None

    async def _attempt(self, request: Request, schedule: Schedule) -> Outcome:
        outcome = await self.attempt(request, schedule.deadline, may_start=schedule.may_start)
        return outcome if outcome is not None else schedule.last_outcome()

    async def _exchange(
        self,
        transport: httpx2.AsyncBaseTransport,
        request: Request,
        token: Token,
        deadline: Deadline,
    ) -> Outcome:
        response = await transport.handle_async_request(
            self._requests.make(request, token, deadline)
        )
        try:
            headers, body = begin_body(response)
            if body.defect is None and not response.is_stream_consumed:
                async with aclosing(response.aiter_raw()) as chunks:
                    async for chunk in chunks:
                        body.add(chunk)
                        if body.defect is not None:
                            break
        finally:
            await response.aclose()
        return end_body(response, headers, body)


def _reopened(configuration: Configuration, credential: AsyncCredential) -> AsyncConnection:
    return AsyncConnection(configuration, credential, AsyncPool(configuration, None))

"""Sends calls and waits for their answers, asynchronously. Otherwise like `connection`."""

from __future__ import annotations

import time
from contextlib import aclosing
from typing import TypeVar

import httpx2
from tenacity import AsyncRetrying

from .answer import Answer, Outcome, conclude
from .configuration import Configuration, client_options
from .credentials import AsyncCredential, BearerAuth, Token, origin_of
from .deadline import Deadline
from .failures import TRANSPORT_FAILURES, client_is_closed, failure_from, without_frames
from .operation import Call
from .request import Request, build_request
from .retrying import Schedule

T = TypeVar("T")


class AsyncPool:
    """The HTTP client, and with it the open connections. Built when it is first needed.

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
        self._client: httpx2.AsyncClient | None = None
        self._is_closed = False

    def client(self) -> httpx2.AsyncClient:
        """Give the HTTP client.

        Raises:
            RuntimeError: The pool is closed.
        """
        if self._is_closed:
            raise client_is_closed()
        if self._client is None:
            options = client_options(self._configuration)
            self._client = httpx2.AsyncClient(transport=self._transport, **options)
        return self._client

    async def aclose(self) -> None:
        """Close all connections. Closing twice does nothing."""
        if self._is_closed:
            return
        self._is_closed = True
        if self._client is not None:
            await self._client.aclose()
        elif self._transport is not None:
            await self._transport.aclose()


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
        self._origin = origin_of(httpx2.URL(configuration.base_url))

    def with_configuration(self, configuration: Configuration) -> AsyncConnection:
        """Give a connection that shares credential and pool, but does not close the pool.

        Args:
            configuration: The other connection's own, for the same base URL.
        """
        return AsyncConnection(configuration, self._credential, self._pool, owns_pool=False)

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

    async def _attempt(self, request: Request, schedule: Schedule) -> Outcome:
        if self._is_closed:
            raise client_is_closed()
        client = self._pool.client()
        token = await self._credential.async_token()
        if not schedule.may_start():
            return schedule.last_outcome()
        try:
            return await self._exchange(client, request, token, schedule.deadline)
        except TRANSPORT_FAILURES as error:
            return failure_from(error)
        except BaseException as error:
            raise without_frames(error) from None

    async def _exchange(
        self, client: httpx2.AsyncClient, request: Request, token: Token, deadline: Deadline
    ) -> Outcome:
        http_request = client.build_request(
            request.method,
            request.url,
            headers=request.headers,
            content=request.content,
            timeout=deadline.limit(self.configuration.timeout),
        )
        auth = BearerAuth(token, self._origin)
        response = await client.send(http_request, stream=True, auth=auth)
        body, defect, is_late = bytearray(), None, False
        try:
            async with aclosing(response.aiter_bytes()) as chunks:
                async for chunk in chunks:
                    if is_late:  # Only now is it clear that the answer was not complete in time.
                        return deadline.missed()
                    body += chunk
                    is_late = not deadline.allows(0.0)
        except httpx2.DecodingError as error:
            defect = str(error)
        finally:
            await response.aclose()
        return Answer(response.status_code, dict(response.headers), bytes(body), defect)

"""Sends calls with a client's credentials and waits for their answers, with and without an event loop."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, ClassVar, Generic, Self, TypeVar, cast

import httpx2
from tenacity import AsyncRetrying, Retrying

from ..errors import RateLimit
from .answer import Answer, AnswerReader
from .attempt import (
    CONNECTING,
    LEAVING,
    TRANSPORT_FAILURES,
    Attempt,
    Deadline,
    Failure,
    failure_from,
    without_frames,
)
from .configuration import Configuration
from .credentials import Credentials
from .operation import Call, Request, build_request
from .pool import AsyncPool, Pool, client_is_closed, not_picklable
from .request_maker import RequestMaker
from .result import conclude
from .retry import Schedule
from .security import Security, Tokens
from .telemetry import record_of

T = TypeVar("T")
_UNAUTHORIZED = 401

PoolT = TypeVar("PoolT", Pool, AsyncPool)


class _Connection(Generic[PoolT]):
    """Sends calls to one API with the credentials of a client.

    Args:
        configuration: How to send them.
        credentials: Where tokens come from.
        pool: The open connections.
        owns_pool: Whether closing this closes the pool.

    Attributes:
        rate_limit: What the last answer to `send` said about rate limits; None if that was nothing.
    """

    _POOL: ClassVar[type[Pool | AsyncPool]]

    def __init__(
        self,
        configuration: Configuration,
        credentials: Credentials,
        pool: PoolT,
        *,
        owns_pool: bool = True,
    ) -> None:
        self.configuration = configuration
        self._credentials = credentials
        self._pool: PoolT = pool
        self._owns_pool = owns_pool
        self._is_closed = False
        self._requests = RequestMaker(configuration)
        self.rate_limit: RateLimit | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        if self._is_closed:
            raise not_picklable(is_closed=True)
        self._pool.check_picklable()
        return _reopened, (type(self), self.configuration, self._credentials.pickled())

    def with_configuration(self, configuration: Configuration) -> Self:
        """Give a connection that shares credentials and pool, but does not close the pool.

        Args:
            configuration: The other connection's own, for the same base URL.
        """
        return type(self)(configuration, self._credentials, self._pool, owns_pool=False)

    def require(self, security: Security | None) -> None:
        """Check that there are tokens for what an operation needs.

        Raises:
            ValueError: There are none.
        """
        self._credentials.require(security)

    def shared(self, kind: Callable[[], T]) -> T:
        """Give the one object of a class that is shared by all connections with this one's pool.

        Args:
            kind: The class, which takes no arguments.
        """
        return self._pool.shared(kind)

    def _begin(self, call: Call[T]) -> tuple[Request, Schedule]:
        request = build_request(self.configuration.base_url, call)
        return request, Schedule(call.operation, Deadline(self.configuration.time_budget))

    def _end(self, call: Call[T], attempt: Attempt, schedule: Schedule) -> T:
        if isinstance(attempt, Answer):
            self.rate_limit = call.operation.policy.rate_limit(attempt)
        return conclude(call.operation, attempt, schedule.attempts, now=time.time())

    def _failure(self, error: httpx2.RequestError | httpx2.InvalidURL, request: Request) -> Failure:
        trusts_environment = self.configuration.trusts_environment
        return failure_from(error, request.url, trusts_environment=trusts_environment)


class Connection(_Connection[Pool]):
    """Sends calls, and lets the thread wait for their answers."""

    _POOL = Pool

    def send(self, call: Call[T]) -> T:
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
        request, schedule = self._begin(call)
        attempt: Attempt = self._attempt(request, schedule)
        if not _is_success(attempt):
            made = [attempt]

            def next_attempt() -> Attempt:
                return made.pop() if made else self._attempt(request, schedule)

            attempt = Retrying(**schedule.options())(next_attempt)
        return self._end(call, attempt, schedule)

    def close(self) -> None:
        """Refuse further calls, and close the pool if it belongs to this connection."""
        self._is_closed = True
        if self._owns_pool:
            self._pool.close()

    def prepare(self) -> None:
        """Do what takes long before a first request: load the HTTP library and the certificates.

        Raises:
            RuntimeError: The client is closed.
        """
        self._pool.transport()

    def attempt(
        self,
        request: Request,
        deadline: Deadline,
        *,
        may_start: Callable[[], bool],
        may_leave: Callable[[], bool] | None = None,
    ) -> Attempt | None:
        """Make one attempt, without another one if it fails.

        Args:
            request: What to send.
            deadline: When it must be over.
            may_start: Asked when all is ready to be sent, and there is no way back.
            may_leave: Asked when there is a connection, which may have taken a while, and nothing has
                been sent; it may wait. Not all transports ask.

        Returns:
            What came of it; None if it was not to start, or to leave.

        Raises:
            ValueError: The token cannot be sent.
            RuntimeError: The client is closed.
            Exception: Whatever the function that gives the token raises.
        """
        if self._is_closed:
            raise client_is_closed()
        transport = self._pool.transport()
        tokens = self._credentials.tokens(request.security)
        attempt = self._recorded(transport, request, tokens, deadline, may_start, may_leave)
        if _is_token_expired(request, attempt):
            others = self._credentials.others(tokens)
            if others is not None:
                request = replace(request, resends=request.resends + 1)
                again = self._recorded(transport, request, others, deadline, may_start, may_leave)
                return again or attempt
        return attempt

    def _recorded(
        self,
        transport: httpx2.BaseTransport,
        request: Request,
        tokens: Tokens,
        deadline: Deadline,
        may_start: Callable[[], bool],
        may_leave: Callable[[], bool] | None,
    ) -> Attempt | None:
        record = record_of(request)
        if record is None:
            if not may_start():
                return None
            return self._send(transport, request, tokens, deadline, may_leave)
        with record:
            if not may_start():
                return None
            record.begin()
            return record.came(self._send(transport, request, tokens, deadline, may_leave))

    def _send(
        self,
        transport: httpx2.BaseTransport,
        request: Request,
        tokens: Tokens,
        deadline: Deadline,
        may_leave: Callable[[], bool] | None,
    ) -> Attempt | None:
        def trace(event: str, info: Mapping[str, Any]) -> None:
            if may_leave is not None and _is_leaving(event, info) and not may_leave():
                raise _StaysError

        try:
            # What is sent is no local variable here: tracebacks show those, and a key may stand in the URL.
            return self._exchange(
                transport,
                self._requests.make(request, tokens, deadline, trace if may_leave else None),
                deadline,
            )
        except _StaysError:
            return None
        except TRANSPORT_FAILURES as error:
            return self._failure(error, request)
        except BaseException as error:
            raise without_frames(error) from None

    def _attempt(self, request: Request, schedule: Schedule) -> Attempt:
        if schedule.attempts:
            request = replace(request, resends=schedule.attempts)
        attempt = self.attempt(request, schedule.deadline, may_start=schedule.may_start)
        return attempt if attempt is not None else schedule.last()

    def _exchange(
        self, transport: httpx2.BaseTransport, request: httpx2.Request, deadline: Deadline
    ) -> Attempt:
        response = transport.handle_request(request)
        is_late = False
        try:
            reader = AnswerReader(response)
            if reader.wants_more:
                # Not by way of the response, which divides and counts what comes.
                for chunk in cast("httpx2.SyncByteStream", response.stream):
                    if is_late:  # Only now is it clear that the answer was not complete in time.
                        return deadline.missed()
                    reader.add(chunk)
                    if not reader.wants_more:
                        break
                    is_late = not deadline.allows(0.0)
        finally:
            response.close()
        return reader.answer()


class AsyncConnection(_Connection[AsyncPool]):
    """As `Connection`, in an event loop, which has other things to do meanwhile."""

    _POOL = AsyncPool

    async def send(self, call: Call[T]) -> T:
        """Make a call: as `Connection.send`."""
        request, schedule = self._begin(call)
        attempt: Attempt = await self._attempt(request, schedule)
        if not _is_success(attempt):
            made = [attempt]

            async def next_attempt() -> Attempt:
                return made.pop() if made else await self._attempt(request, schedule)

            attempt = await AsyncRetrying(**schedule.options())(next_attempt)
        return self._end(call, attempt, schedule)

    async def aclose(self) -> None:
        """Refuse further calls, and close the pool if it belongs to this connection."""
        self._is_closed = True
        if self._owns_pool:
            await self._pool.aclose()

    async def prepare(self) -> None:
        """Do what takes long before a first request: as `Connection.prepare`."""
        await self._pool.transport()

    async def attempt(
        self,
        request: Request,
        deadline: Deadline,
        *,
        may_start: Callable[[], bool],
        may_leave: Callable[[], Awaitable[bool]] | None = None,
        on_connecting: Callable[[bool], None] | None = None,
    ) -> Attempt | None:
        """Make one attempt: as `Connection.attempt`.

        Args:
            request: As there.
            deadline: As there.
            may_start: As there.
            may_leave: As there.
            on_connecting: Told when a connection is being made, and when the request leaves on it: until
                then nothing of it has been sent. Not all transports tell.
        """
        if self._is_closed:
            raise client_is_closed()
        transport = await self._pool.transport()
        tokens = await self._credentials.async_tokens(request.security)
        asked = (may_start, may_leave, on_connecting)
        attempt = await self._recorded(transport, request, tokens, deadline, *asked)
        if _is_token_expired(request, attempt):
            others = await self._credentials.others_async(tokens)
            if others is not None:
                request = replace(request, resends=request.resends + 1)
                again = await self._recorded(transport, request, others, deadline, *asked)
                return again or attempt
        return attempt

    async def _recorded(
        self,
        transport: httpx2.AsyncBaseTransport,
        request: Request,
        tokens: Tokens,
        deadline: Deadline,
        may_start: Callable[[], bool],
        may_leave: Callable[[], Awaitable[bool]] | None,
        on_connecting: Callable[[bool], None] | None,
    ) -> Attempt | None:
        record = record_of(request)
        if record is None:
            if not may_start():
                return None
            return await self._send(transport, request, tokens, deadline, may_leave, on_connecting)
        with record:
            if not may_start():
                return None
            record.begin()
            return record.came(
                await self._send(transport, request, tokens, deadline, may_leave, on_connecting)
            )

    async def _send(
        self,
        transport: httpx2.AsyncBaseTransport,
        request: Request,
        tokens: Tokens,
        deadline: Deadline,
        may_leave: Callable[[], Awaitable[bool]] | None,
        on_connecting: Callable[[bool], None] | None,
    ) -> Attempt | None:
        # The timeouts of the HTTP library begin anew with each byte that comes.
        import asyncio  # Whoever awaits has loaded it by now; importing this package need not.

        is_connecting = False

        async def trace(event: str, info: Mapping[str, Any]) -> None:
            nonlocal is_connecting
            if event == CONNECTING:
                is_connecting = True
            elif _is_leaving(event, info):
                if may_leave is not None and not await may_leave():
                    raise _StaysError
                is_connecting = False
            else:
                return
            if on_connecting is not None:
                on_connecting(is_connecting)

        limit = asyncio.timeout(deadline.end())
        try:
            wants_trace = may_leave is not None or on_connecting is not None
            async with limit:
                return await self._exchange(
                    transport,
                    self._requests.make(request, tokens, deadline, trace if wants_trace else None),
                )
        except _StaysError:
            return None
        except TimeoutError as error:
            if limit.expired():
                return deadline.missed(in_doubt=not is_connecting)
            raise without_frames(error) from None
        except TRANSPORT_FAILURES as error:
            return self._failure(error, request)
        except BaseException as error:
            raise without_frames(error) from None

    async def _attempt(self, request: Request, schedule: Schedule) -> Attempt:
        if schedule.attempts:
            request = replace(request, resends=schedule.attempts)
        attempt = await self.attempt(request, schedule.deadline, may_start=schedule.may_start)
        return attempt if attempt is not None else schedule.last()

    async def _exchange(
        self, transport: httpx2.AsyncBaseTransport, request: httpx2.Request
    ) -> Attempt:
        response = await transport.handle_async_request(request)
        try:
            reader = AnswerReader(response)
            if reader.wants_more:
                async for chunk in cast("httpx2.AsyncByteStream", response.stream):
                    reader.add(chunk)
                    if not reader.wants_more:
                        break
        finally:
            await response.aclose()
        return reader.answer()


def _is_success(attempt: Attempt) -> bool:
    """Tell whether an attempt is the last one in any case, as nearly all are: tenacity takes its time."""
    return isinstance(attempt, Answer) and attempt.is_success


def _is_token_expired(request: Request, attempt: Attempt | None) -> bool:
    if not isinstance(attempt, Answer) or attempt.is_success or request.policy is None:
        return False
    rule = request.policy.rule_for(attempt)
    if rule is not None and rule.expired_token:
        return True
    # Where nothing tells an expired token from a wrong one, each that is refused may have expired.
    return attempt.status == _UNAUTHORIZED and not request.policy.knows_expired_tokens


class _StaysError(Exception):
    """The request is not to leave."""


def _is_leaving(event: str, info: Mapping[str, Any]) -> bool:
    # A proxy is asked for a connection first.
    return event == LEAVING and info["request"].method != b"CONNECT"


def _reopened(kind: Any, configuration: Configuration, credentials: Credentials) -> Any:
    return kind(configuration, credentials, kind._POOL(configuration, closes_itself=True))

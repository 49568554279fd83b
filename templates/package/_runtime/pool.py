"""Where clients open their connections: nothing else makes what sends requests, or closes it.

That is libcurl if it was asked for, httpx2's client where there may be a proxy, and otherwise one of the two
transports on httpcore2.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar, cast
from urllib.request import getproxies

import httpx2

from .configuration import Configuration
from .fork import ForkSafe, leave_to_parent

if TYPE_CHECKING:
    import ssl

    from .event_loops import PerEventLoop

T = TypeVar("T")
TransportT = TypeVar("TransportT", httpx2.BaseTransport, httpx2.AsyncBaseTransport)


class _Pool(ForkSafe, Generic[TransportT]):
    """The transport, and with it the open connections. Built when it is first needed.

    A process that is forked opens its own.

    Args:
        configuration: How to build it.
        transport: What sends requests instead of httpx2's own transport.
        closes_itself: Whether it is closed when nothing uses it any more, if that can be done without
            waiting. Where a client came from a pickle, nobody may know that there is one to be closed.
    """

    def __init__(
        self,
        configuration: Configuration,
        transport: TransportT | None = None,
        *,
        closes_itself: bool = False,
    ) -> None:
        self._configuration = configuration
        self._transport: TransportT | None = transport
        self._closes_itself = closes_itself
        self._lock = threading.Lock()
        self._is_closed = False
        self._is_inherited = False
        self._has_checked_certificates = False
        self._shared: dict[Callable[[], object], object] = {}
        super().__init__()

    def shared(self, kind: Callable[[], T]) -> T:
        """Give the one object of a class that all who use the pool share, made when first asked for."""
        with self._lock:
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

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._is_inherited = True

    def _given(self) -> TransportT | None:
        """Give the transport that the caller gave, if there is one.

        Raises:
            RuntimeError: The pool is closed, or the transport is another process's.
        """
        if self._is_closed:
            raise client_is_closed()
        if self._transport is not None and self._is_inherited:
            raise RuntimeError(
                "the transport of this client was given to it before the process was forked, and its "
                "connections are the parent's; make a client with a transport in the child"
            )
        return self._transport

    def _check_certificates(self) -> None:
        # libcurl looks at them when it is connected, and does not say which file it could not read.
        trusts = self._configuration.trusts_environment and os.environ.get("SSL_CERT_FILE")
        if trusts and not self._has_checked_certificates:
            self._configuration.trusted_certificates()
        self._has_checked_certificates = True

    def _end(self) -> bool:
        """Give out no transport any more, and tell whether it was given out until now."""
        with self._lock:
            was_closed, self._is_closed = self._is_closed, True
        return not was_closed


class Pool(_Pool[httpx2.BaseTransport]):
    """The open connections of synchronous clients. Threads may share it."""

    _open: httpx2.BaseTransport | None = None
    _finalizer: weakref.finalize[..., Any] | None = None

    def transport(self) -> httpx2.BaseTransport:
        """Give the transport.

        Raises:
            RuntimeError: The pool is closed, or has a transport that is another process's.
        """
        with self._lock:
            given = self._given()
            if given is None and self._open is None:
                self._open = self._build(self._configuration)
            return cast("httpx2.BaseTransport", given or self._open)

    def close(self) -> None:
        """Close all connections. Closing twice does nothing."""
        if not self._end():
            return
        # Only now: another thread may have been building one.
        transport = self._open or (None if self._is_inherited else self._transport)
        if transport is not None:
            transport.close()

    def after_fork(self) -> None:
        super().after_fork()
        if self._open is not None:
            leave_to_parent(self._open)  # Closing it could say goodbye to the parent's server.
            self._open = None
        if self._finalizer is not None:
            self._finalizer.detach()

    def _build(self, configuration: Configuration) -> httpx2.BaseTransport:
        transport: httpx2.BaseTransport
        if configuration.is_fast:
            from .curl_transport import CurlTransport  # With a library that not all have installed.

            self._check_certificates()
            transport = CurlTransport(configuration)
        elif _may_need_proxy(configuration):
            transport = _ThroughClient(configuration)
        else:
            from .transport import (
                DeadlineTransport,  # With what httpx2 loads when it is first used.
            )

            transport = DeadlineTransport(configuration)
        if self._closes_itself:
            self._finalizer = weakref.finalize(self, transport.close)
        return transport


class AsyncPool(_Pool[httpx2.AsyncBaseTransport]):
    """The open connections of asynchronous clients. Each event loop has its own."""

    _loops: PerEventLoop[httpx2.AsyncBaseTransport] | None = None
    _context: ssl.SSLContext | None = None

    async def transport(self) -> httpx2.AsyncBaseTransport:
        """Give the transport of the running event loop: as `Pool.transport`."""
        with self._lock:
            given = self._given()
            if given is not None:
                return given
            loops = self._loops
            if loops is None:
                from .event_loops import PerEventLoop  # With asyncio, which has been loaded by now.

                loops = self._loops = PerEventLoop(self._build, _close)
        return await loops.get()

    async def aclose(self) -> None:
        """Close all connections. Closing twice does nothing.

        Those of other event loops are closed by these, as soon as they get to it.
        """
        given = None if self._is_inherited else self._transport
        if not self._end():
            return
        if given is not None:
            await given.aclose()
        if self._loops is not None:
            await self._loops.aclose(everywhere=True)

    def after_fork(self) -> None:
        super().after_fork()
        self._context = None  # It has locks, too.

    def _build(self) -> httpx2.AsyncBaseTransport:
        configuration = self._configuration
        with self._lock:
            if configuration.is_fast:
                from .curl_transport import AsyncCurlTransport

                self._check_certificates()
                return AsyncCurlTransport(configuration)
            if (
                self._context is None
            ):  # Event loops come and go; what certificates are trusted stays.
                self._context = configuration.trusted_certificates()
            if _may_need_proxy(configuration):
                return _ThroughAsyncClient(configuration, self._context)
            from .async_transport import PooledTransport

            return PooledTransport(configuration, self._context)


async def _close(transport: httpx2.AsyncBaseTransport) -> None:
    await transport.aclose()


def client_is_closed() -> RuntimeError:
    """Give the exception that says that a closed client was used."""
    return RuntimeError("the client is closed; make a new one")


def not_picklable(*, is_closed: bool) -> TypeError:
    """Give the exception that says why a client cannot be pickled.

    Args:
        is_closed: Whether it is closed; otherwise it has a transport of its own.
    """
    if is_closed:
        return TypeError("a closed client cannot be pickled; pickle it before it is closed")
    return TypeError(
        "a client with a transport of its own cannot be pickled, for its pickle holds settings only; "
        "make such a client where it is used"
    )


def _may_need_proxy(configuration: Configuration) -> bool:
    # Which requests go through it is for the client of httpx2 to know.
    return configuration.trusts_environment and any(
        getproxies().get(scheme) for scheme in ("http", "https", "all")
    )


class _ThroughClient(httpx2.BaseTransport):
    def __init__(self, configuration: Configuration) -> None:
        # A redirect may lead to another host, and turns a POST into a GET.
        self._client = httpx2.Client(
            verify=configuration.trusted_certificates(),
            limits=configuration.limits,
            follow_redirects=False,
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        return self._client.send(request, stream=True)

    def close(self) -> None:
        self._client.close()


class _ThroughAsyncClient(httpx2.AsyncBaseTransport):
    def __init__(self, configuration: Configuration, context: ssl.SSLContext) -> None:
        self._client = httpx2.AsyncClient(
            verify=context,
            limits=configuration.limits,
            follow_redirects=False,
        )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        return await self._client.send(request, stream=True)

    async def aclose(self) -> None:
        await self._client.aclose()

"""Sends requests through connections of httpcore2, in an event loop of asyncio.

Its own network serves other kinds of event loops, too, which takes a third of the CPU time of a request.
"""

from __future__ import annotations

import asyncio
import select
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from functools import partial
from itertools import chain, zip_longest
from typing import Any, TypeAlias

import httpcore2
import httpx2

from .configuration import Configuration
from .persistent_connections import PersistentConnections, take_place_async
from .transport import failures_of_httpx2, origin_of_httpcore2, request_of_httpcore2

# A request that is no larger is sent at once, head and body together, when its answer is waited for.
_HELD_BYTES = 65536

# Some addresses of a host may be silent: after so many seconds the next one is tried as well.
_STAGGER = 0.25

_Opened: TypeAlias = "tuple[asyncio.StreamReader, asyncio.StreamWriter]"


class PooledTransport(httpx2.AsyncBaseTransport):
    """Sends the requests of an asynchronous connection.

    Args:
        configuration: How to send them.
        context: What certificates are trusted.
    """

    def __init__(self, configuration: Configuration, context: ssl.SSLContext) -> None:
        limits = configuration.limits
        make = partial(
            httpcore2.AsyncHTTPConnection,
            origin_of_httpcore2(configuration.base_url),
            ssl_context=context,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(),
        )
        self._connections = PersistentConnections(make, limits.max_keepalive_connections)
        places = limits.max_connections
        self._places = None if places is None else asyncio.Semaphore(places)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, of which the answer is then read by the same task."""
        timeout = request.extensions.get("timeout", {}).get("pool")
        await take_place_async(self._places, timeout)
        connection, expired = self._connections.take()
        release = partial(self._release, connection)
        try:
            for one in expired:
                await one.aclose()
            with failures_of_httpx2():
                received = await connection.handle_async_request(request_of_httpcore2(request))
            body = _Body(received, release)
            return httpx2.Response(received.status, headers=received.headers, stream=body)
        except BaseException:
            await release()
            raise

    async def aclose(self) -> None:
        """Close all connections."""
        for connection in self._connections.close():
            await connection.aclose()

    async def _release(self, connection: httpcore2.AsyncHTTPConnection) -> None:
        try:
            if not self._connections.give_back(connection):
                await connection.aclose()
        finally:
            if self._places is not None:
                self._places.release()


class _Body(httpx2.AsyncByteStream):
    def __init__(
        self, received: httpcore2.Response, release: Callable[[], Awaitable[None]]
    ) -> None:
        self._received = received
        self._release: Callable[[], Awaitable[None]] | None = release

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with failures_of_httpx2():
            async for chunk in self._received.aiter_stream():
                yield chunk

    async def aclose(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            try:
                await self._received.aclose()
            finally:
                await release()


class _Network(httpcore2.AsyncNetworkBackend):
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        local = None if local_address is None else (local_address, 0)
        try:
            async with asyncio.timeout(timeout):
                reader, writer = await _connect(host, port, local)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("") from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        for option in socket_options or ():
            writer.get_extra_info("socket").setsockopt(*option)
        return _Stream(reader, writer)


async def _connect(host: str, port: int, local: tuple[str, int] | None) -> _Opened:
    """Connect to the address of a host that answers first (RFC 8305).

    asyncio can do that itself, but if it is cancelled when the connection is just there, it forgets it open.
    """
    kind = socket.SOCK_STREAM
    try:  # Without a thread, where there is nobody to ask.
        found = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_NUMERICHOST)
    except socket.gaierror:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=kind)
    by_family: dict[int, list[str]] = {}
    for family, _, _, _, address in found:
        by_family.setdefault(family, []).append(str(address[0]))
    left = [one for one in chain(*zip_longest(*by_family.values())) if one is not None]
    tried: set[asyncio.Task[_Opened]] = set()
    pending: set[asyncio.Task[_Opened]] = set()
    errors: dict[str, OSError] = {}
    try:
        while left or pending:
            if left:
                opening = asyncio.open_connection(left.pop(0), port, local_addr=local)
                pending.add(task := asyncio.create_task(opening))
                tried.add(task)
            pause = _STAGGER if left else None
            done, pending = await asyncio.wait(
                pending, timeout=pause, return_when=asyncio.FIRST_COMPLETED
            )
            for task in done:
                error = task.exception()
                if error is None:
                    tried.discard(task)
                    return task.result()
                if not isinstance(error, OSError):
                    raise error
                errors.setdefault(str(error), error)
    finally:
        for task in tried:
            task.cancel()
            task.add_done_callback(_discard)
    if len(errors) == 1:
        raise errors.popitem()[1]
    raise OSError(", ".join(errors))


def _discard(task: asyncio.Task[_Opened]) -> None:
    if not task.cancelled() and task.exception() is None:
        task.result()[1].transport.abort()


class _Stream(httpcore2.AsyncNetworkStream):
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        # What the event loop has not yet been told. Windows cannot ask.
        self._poll = select.poll() if hasattr(select, "poll") else None
        if self._poll is not None:
            self._poll.register(writer.get_extra_info("socket"), select.POLLIN)
        self._held: list[bytes] = []
        self._held_bytes = 0

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        if self._held:
            await self._send(timeout)
        try:
            async with asyncio.timeout(timeout):
                return await self._reader.read(max_bytes)
        except TimeoutError as error:
            raise httpcore2.ReadTimeout("") from error
        except OSError as error:
            raise httpcore2.ReadError(str(error)) from error

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._held.append(buffer)
        self._held_bytes += len(buffer)
        if self._held_bytes > _HELD_BYTES:
            await self._send(timeout)

    async def _send(self, timeout: float | None) -> None:
        held, self._held, self._held_bytes = self._held, [], 0
        try:
            self._writer.write(b"".join(held))
            if self._writer.transport.get_write_buffer_size():
                async with asyncio.timeout(timeout):
                    await self._writer.drain()
        except TimeoutError as error:
            raise httpcore2.WriteTimeout("") from error
        except OSError as error:
            raise httpcore2.WriteError(str(error)) from error

    async def aclose(self) -> None:
        self._writer.transport.abort()
        await asyncio.sleep(0)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        try:
            async with asyncio.timeout(timeout):
                await self._writer.start_tls(ssl_context, server_hostname=server_hostname)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout("") from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        return self

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            return self._reader.at_eof() or (self._poll is not None and bool(self._poll.poll(0)))
        names = {"client_addr": "sockname", "server_addr": "peername"}
        return self._writer.get_extra_info(names.get(info, info))

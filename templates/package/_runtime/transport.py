"""Sends requests through connections of httpcore2, and gives up when time is up, whatever keeps coming.

The timeouts of the HTTP libraries begin anew with each byte, and before an answer has a body, nobody else has
a say: a server could go on with headers or provisional answers for ever. Tasks can be cancelled, threads
cannot. So the network that they use is one that knows the deadline.
"""

from __future__ import annotations

import contextlib
import math
import ssl
import threading
import weakref
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import httpcore2
import httpx2

from .attempt import Deadline
from .configuration import Configuration
from .fork import ForkSafe
from .persistent_connections import PersistentConnections, take_place

T = TypeVar("T")

# Written at once. Whoever takes in a little at a time has no more than this before time is looked at.
_PIECE_BYTES = 65536
_FAILURES = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    httpcore2.UnsupportedProtocol,
)


class DeadlineTransport(ForkSafe, httpx2.BaseTransport):
    """Sends the requests of a synchronous connection.

    Args:
        configuration: How to send them.
    """

    def __init__(self, configuration: Configuration) -> None:
        limits = configuration.limits
        self._current = _Current()
        self._network = _Network(self._current)
        make = partial(
            httpcore2.HTTPConnection,
            origin_of_httpcore2(configuration.base_url),
            ssl_context=configuration.trusted_certificates(),
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=self._network,
        )
        self._connections = PersistentConnections(make, limits.max_keepalive_connections)
        places = limits.max_connections
        self._places = None if places is None else threading.BoundedSemaphore(places)
        super().__init__()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, of which the answer is then read by the same thread."""
        self._current.deadline = request.extensions.get("deadline")
        take_place(self._places, request.extensions.get("timeout", {}).get("pool"))
        connection, expired = self._connections.take()
        release = partial(self._release, connection)
        try:
            for one in expired:
                one.close()
            with failures_of_httpx2():
                received = connection.handle_request(request_of_httpcore2(request))
            body = _Body(received, release)
            return httpx2.Response(received.status, headers=received.headers, stream=body)
        except BaseException:
            release()
            raise

    def close(self) -> None:
        """Close all connections."""
        for connection in self._connections.close():
            connection.close()

    def after_fork(self) -> None:
        # Only the sockets, of which the parent has its own: its server is told nothing, and learns of it
        # when the parent closes them. The pool has locks that may be taken for ever.
        for stream in list(self._network.streams):
            stream.close()

    def _release(self, connection: httpcore2.HTTPConnection) -> None:
        try:
            if not self._connections.give_back(connection):
                connection.close()
        finally:
            if self._places is not None:
                self._places.release()


class _Body(httpx2.SyncByteStream):
    def __init__(self, received: httpcore2.Response, release: Callable[[], None]) -> None:
        self._received = received
        self._release: Callable[[], None] | None = release

    def __iter__(self) -> Iterator[bytes]:
        with failures_of_httpx2():
            yield from self._received.iter_stream()

    def close(self) -> None:
        release, self._release = self._release, None
        if release is not None:
            try:
                self._received.close()
            finally:
                release()


def origin_of_httpcore2(url: str) -> httpcore2.Origin:
    """Give the origin of a URL as httpcore2 has it."""
    return httpcore2.URL(url).origin


def request_of_httpcore2(request: httpx2.Request) -> httpcore2.Request:
    """Give a request of httpx2 as httpcore2 has it."""
    url = request.url
    return httpcore2.Request(
        request.method,
        httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
        headers=request.headers.raw,
        content=request.read(),
        extensions=request.extensions,
    )


@contextlib.contextmanager
def failures_of_httpx2() -> Generator[None]:
    """Raise what httpcore2 raises as the exception of httpx2 that has the same name."""
    try:
        yield
    except _FAILURES as error:
        names = [kind.__name__ for kind in type(error).__mro__]
        failure = next(getattr(httpx2, name) for name in names if hasattr(httpx2, name))
        raise failure(str(error)) from error


class _Current(threading.local):
    """The deadline of what the thread is sending."""

    deadline: Deadline | None = None

    def bound(
        self,
        act: Callable[[float | None], T],
        timeout: float | None,
        late: type[httpcore2.TimeoutException],
    ) -> T:
        """Do something that takes a timeout, for no longer than there is time.

        Args:
            act: What to do.
            timeout: Seconds that it may take, or None for no limit but the deadline.
            late: What it raises if it takes too long.

        Returns:
            What it returns.
        """
        deadline = self.deadline
        left = math.inf if deadline is None else deadline.left()
        if deadline is None or left == math.inf or (timeout is not None and timeout < left):
            return act(timeout)
        with contextlib.suppress(late):
            if left > 0:
                return act(left)
        raise late(deadline.missed().reason)


class _Network(httpcore2.NetworkBackend):
    def __init__(self, current: _Current) -> None:
        self._network = httpcore2.SyncBackend()
        self._current = current
        self.streams: weakref.WeakSet[httpcore2.NetworkStream] = weakref.WeakSet()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._current.bound(
            lambda seconds: self._network.connect_tcp(
                host, port, seconds, local_address, socket_options
            ),
            timeout,
            httpcore2.ConnectTimeout,
        )
        return _Stream(stream, self._current, self.streams)


class _Stream(httpcore2.NetworkStream):
    def __init__(
        self,
        stream: httpcore2.NetworkStream,
        current: _Current,
        streams: weakref.WeakSet[httpcore2.NetworkStream],
    ) -> None:
        self._stream = stream
        self._current = current
        self._streams = streams
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._write_timeout: float | None = None
        streams.add(stream)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        # A server may have answered before it had all of the request, and closed the connection then.
        with contextlib.suppress(httpcore2.WriteError):
            self._send()
        act = partial(self._stream.read, max_bytes)
        return self._current.bound(act, timeout, httpcore2.ReadTimeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        # A request that is no larger than a piece is sent at once, head and body together, when its answer
        # is waited for.
        self._held.append(buffer)
        self._held_bytes += len(buffer)
        self._write_timeout = timeout
        if self._held_bytes > _PIECE_BYTES:
            self._send()

    def _send(self) -> None:
        content, self._held, self._held_bytes = b"".join(self._held), [], 0
        for start in range(0, len(content), _PIECE_BYTES):
            act = partial(self._stream.write, content[start : start + _PIECE_BYTES])
            self._current.bound(act, self._write_timeout, httpcore2.WriteTimeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        act = partial(self._stream.start_tls, ssl_context, server_hostname)
        stream = self._current.bound(act, timeout, httpcore2.ConnectTimeout)
        return _Stream(stream, self._current, self._streams)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

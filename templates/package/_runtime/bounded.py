"""Sends requests through a pool of httpcore2, and gives up when time is up, whatever keeps coming.

The timeouts of the HTTP libraries begin anew with each byte, and before an answer has a body, nobody else has
a say: a server could go on with headers or provisional answers for ever. Tasks can be cancelled, threads
cannot. So the network that the pool uses is one that knows the deadline.
"""

from __future__ import annotations

import contextlib
import math
import ssl
import threading
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import Any, TypeVar

import httpcore2
import httpx2

from .configuration import Configuration, trusts_environment
from .deadline import Deadline

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


class BoundedTransport(httpx2.BaseTransport):
    """Sends the requests of a synchronous connection.

    Args:
        configuration: How to send them.
    """

    def __init__(self, configuration: Configuration) -> None:
        limits = configuration.limits
        self._current = _Current()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=trusts_environment(configuration)),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(self._current),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, of which the answer is then read by the same thread."""
        self._current.deadline = request.extensions.get("deadline")
        url = request.url
        sent = httpcore2.Request(
            request.method,
            httpcore2.URL(
                scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
            ),
            headers=request.headers.raw,
            content=request.read(),
            extensions=request.extensions,
        )
        with _failures_of_httpx2():
            received = self._pool.handle_request(sent)
        return httpx2.Response(received.status, headers=received.headers, stream=_Body(received))

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()


class _Body(httpx2.SyncByteStream):
    def __init__(self, received: httpcore2.Response) -> None:
        self._received = received

    def __iter__(self) -> Iterator[bytes]:
        with _failures_of_httpx2():
            yield from self._received.iter_stream()

    def close(self) -> None:
        self._received.close()


@contextlib.contextmanager
def _failures_of_httpx2() -> Generator[None]:
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
        return _Stream(stream, self._current)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, current: _Current) -> None:
        self._stream = stream
        self._current = current

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        act = partial(self._stream.read, max_bytes)
        return self._current.bound(act, timeout, httpcore2.ReadTimeout)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE_BYTES):
            act = partial(self._stream.write, buffer[start : start + _PIECE_BYTES])
            self._current.bound(act, timeout, httpcore2.WriteTimeout)

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
        return _Stream(stream, self._current)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

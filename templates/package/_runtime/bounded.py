"""httpx2's own transport, but for one thing: it gives up when time is up, whatever keeps coming.

The timeouts of the HTTP library begin anew with each byte, and before an answer has a body, nobody else has
a say: a server could go on with headers or provisional answers for ever. Tasks can be cancelled, threads
cannot.
"""

from __future__ import annotations

import math
import ssl
import threading
from collections.abc import Iterable
from typing import Any

import httpcore2
import httpx2

from .configuration import Configuration, trusts_environment
from .deadline import Deadline


class BoundedTransport(httpx2.HTTPTransport):
    """Sends the requests of a synchronous connection.

    Args:
        configuration: How to send them.
    """

    def __init__(self, configuration: Configuration) -> None:
        context = httpx2.create_ssl_context(trust_env=trusts_environment(configuration))
        limits = configuration.limits
        super().__init__(verify=context, limits=limits)
        self._current = _Current()
        # The same again, as httpx2 has no parameter for the network.
        self._pool = httpcore2.ConnectionPool(
            ssl_context=context,
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Network(self._current),
        )

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request, of which the answer is then read by the same thread."""
        self._current.deadline = request.extensions.get("deadline")
        return super().handle_request(request)


class _Current(threading.local):
    """The deadline of what the thread is sending."""

    deadline: Deadline | None = None


class _Network(httpcore2.SyncBackend):
    def __init__(self, current: _Current) -> None:
        self._current = current

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        stream = super().connect_tcp(host, port, timeout, local_address, socket_options)
        return _Stream(stream, self._current)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, stream: httpcore2.NetworkStream, current: _Current) -> None:
        self._stream = stream
        self._current = current

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        deadline = self._current.deadline
        left = math.inf if deadline is None else deadline.left()
        if deadline is None or left == math.inf or (timeout is not None and timeout < left):
            return self._stream.read(max_bytes, timeout)
        try:
            if left > 0:
                return self._stream.read(max_bytes, left)
        except httpcore2.ReadTimeout:
            pass
        raise httpcore2.ReadTimeout(deadline.missed().reason)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore2.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, timeout)
        return _Stream(stream, self._current)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

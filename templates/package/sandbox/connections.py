"""The open connections, so that they can be ended the hard way."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys

Address = tuple[str, int]
"""The other end of a connection, `scope["client"]` in ASGI."""

# Windows has smaller fields in its `struct linger`.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)


class Connections:
    """The open connections of a server, by their other end. Belongs to the server's event loop."""

    def __init__(self) -> None:
        self._transports: dict[Address, asyncio.WriteTransport] = {}

    def opened(self, client: Address, transport: asyncio.WriteTransport) -> None:
        """Remember a connection.

        Args:
            client: Its other end.
            transport: What sends through it.
        """
        self._transports[client] = transport

    def closed(self, client: Address, transport: asyncio.WriteTransport) -> None:
        """Forget a connection.

        Args:
            client: Its other end.
            transport: What sent through it.
        """
        if self._transports.get(client) is transport:
            del self._transports[client]

    def reset(self, client: Address | None) -> None:
        """Reset a connection, so that the other end gets an error and nothing that was not sent yet.

        Args:
            client: Its other end. Nothing happens if that has gone already.
        """
        transport = self._find(client)
        if transport is None:
            return
        # Closing a socket that does not linger is what sends a reset instead of an end.
        connection: socket.socket | None = transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
        transport.abort()

    def cut(self, client: Address | None) -> None:
        """End a connection after what was sent so far, complete or not.

        Args:
            client: Its other end. Nothing happens if that has gone already.
        """
        transport = self._find(client)
        if transport is not None:
            transport.close()

    def _find(self, client: Address | None) -> asyncio.WriteTransport | None:
        transport = None if client is None else self._transports.get(client)
        return None if transport is None or transport.is_closing() else transport

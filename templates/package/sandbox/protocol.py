"""HTTP/1.1 on one connection: h11 reads and writes it, and an ASGI application answers."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
import struct
import sys
from collections.abc import MutableMapping
from email.utils import formatdate
from http import HTTPStatus
from typing import Any
from urllib.parse import unquote

import h11
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Scope

_LOGGER = logging.getLogger(__name__.partition(".")[0])
_KEEP_ALIVE_SECONDS = 60
_INCOMPLETE_SECONDS = 30
"""How long a request may take to arrive, and an answer to be taken in."""
_MOST_UNREAD = 16 * 1024 * 1024
_MOST_LINGERING = 4 * _MOST_UNREAD
_LINGER_SECONDS = 1
_READ_BYTES = 65536
_LARGEST_HEAD = 65536
# Windows has smaller fields in its `struct linger`.
_NO_LINGER = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)

EXTENSION = "sandbox"
"""Where an application finds in the `extensions` of its scope the `connection`, to end it the hard way."""


class HttpConnection:
    """Answers the requests of one connection, one after the other.

    Attributes:
        is_idle: Whether no request waits for its answer.
    """

    def __init__(
        self,
        application: ASGIApp,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.is_idle = True
        self._application = application
        self._reader = reader
        self._writer = writer
        self._is_last = False
        self._seconds_to_first_byte: float = _INCOMPLETE_SECONDS
        self._deadline: float | None = None
        self._method = b""
        self._length = 0
        self._head = b""
        self._fault: h11.RemoteProtocolError | None = None
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=_LARGEST_HEAD)

    def end_soon(self) -> None:
        """Answer no request but the one that is being answered."""
        self._is_last = True

    def abort(self) -> None:
        """Send nothing any more."""
        self._writer.transport.abort()

    def reset(self) -> None:
        """Reset the connection, so that the other end gets an error and nothing that was not sent yet."""
        if not self._writer.is_closing():
            # Closing a socket that does not linger is what sends a reset instead of an end.
            connection: socket.socket = self._writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            self.abort()

    def cut(self) -> None:
        """End the connection after what was sent so far, complete or not."""
        self._writer.close()

    async def close(self) -> None:
        """Send what is left to be sent, and end the connection."""
        self._writer.close()
        with contextlib.suppress(OSError):
            async with asyncio.timeout(_INCOMPLETE_SECONDS):
                await self._writer.wait_closed()
        self.abort()  # Nothing, unless the other end takes in nothing.

    async def serve(self) -> None:
        """Answer requests until one of both sides wants no more."""
        try:
            while (request := await self._next_request()) is not None:
                self.is_idle = False
                await self._answer(request)
                self.is_idle = True
                if not await self._goes_on():
                    break
        except h11.RemoteProtocolError as error:
            if self._http.our_state in {h11.IDLE, h11.SEND_RESPONSE}:
                await self._say(error.error_status_hint, str(error))
        await self._linger()

    async def _next_request(self) -> h11.Request | None:
        if not self._http.trailing_data[0]:
            try:
                async with asyncio.timeout(self._seconds_to_first_byte):
                    await self._read()
            except TimeoutError:
                return None
        self._seconds_to_first_byte = _KEEP_ALIVE_SECONDS
        self._deadline = asyncio.get_running_loop().time() + _INCOMPLETE_SECONDS
        event = await self._next_event()
        return event if isinstance(event, h11.Request) else None

    async def _next_event(self) -> h11.Event | None:
        """Return what comes next; nothing when that belongs to a request for which it is too early."""
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                return None
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            try:
                async with asyncio.timeout_at(self._deadline):
                    await self._read()
            except TimeoutError:
                line = f"the request was not complete after {_INCOMPLETE_SECONDS:g} s"
                raise h11.RemoteProtocolError(line, HTTPStatus.REQUEST_TIMEOUT) from None

    async def _read(self) -> bytes:
        try:
            data = await self._reader.read(_READ_BYTES)
        except OSError:
            data = b""
        self._http.receive_data(data)
        return data

    async def _answer(self, request: h11.Request) -> None:
        self._method = request.method
        self._length = int(dict(request.headers).get(b"content-length", 0))
        try:
            await self._application(self._scope(request), self._receive, self._send)
        except ClientDisconnect:
            pass  # It went while it sent its body, which is no error.
        except Exception:
            _LOGGER.exception("%r %r failed", request.method, request.target)
        if self._http.our_state is h11.SEND_RESPONSE:
            if self._fault is not None:
                await self._say(self._fault.error_status_hint, str(self._fault))
            else:
                await self._say(HTTPStatus.INTERNAL_SERVER_ERROR, "see the log of the server")

    async def _goes_on(self) -> bool:
        """Get ready for another request, if there may be one."""
        unread = 0
        while self._http.our_state is h11.DONE and self._http.their_state is h11.SEND_BODY:
            # Nobody wanted the body, but it comes before what is next.
            event = await self._next_event()
            unread += len(event.data) if isinstance(event, h11.Data) else 0
            if unread > _MOST_UNREAD:
                return False
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            return not self._is_last
        return False

    async def _linger(self) -> None:
        """Take in what still comes, for ending a connection before that resets it, answer and all."""
        with contextlib.suppress(OSError):  # Of which a `TimeoutError` is one.
            self._writer.write_eof()
            async with asyncio.timeout(_LINGER_SECONDS):
                taken = 0
                while taken <= _MOST_LINGERING and (data := await self._reader.read(_READ_BYTES)):
                    taken += len(data)

    def _scope(self, request: h11.Request) -> Scope:
        raw_path, _, query = request.target.partition(b"?")
        server = self._writer.get_extra_info("sockname")
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": request.http_version.decode("ascii"),
            "method": request.method.decode("ascii"),
            "scheme": "http",
            "path": unquote(raw_path.decode("ascii")),
            "raw_path": raw_path,
            "query_string": query,
            "root_path": "",
            "headers": list(request.headers),
            "server": server and server[:2],
            "extensions": {EXTENSION: {"connection": self}},
        }

    async def _receive(self) -> MutableMapping[str, Any]:
        is_answered = self._http.our_state not in {h11.SEND_RESPONSE, h11.SEND_BODY}
        if self._http.their_state is h11.SEND_BODY and not is_answered:
            try:
                event = await self._next_event()
            except h11.RemoteProtocolError as error:
                self._fault = error
                return {"type": "http.disconnect"}
            data = bytes(event.data) if isinstance(event, h11.Data) else b""
            return {"type": "http.request", "body": data, "more_body": isinstance(event, h11.Data)}
        while not is_answered and await self._read():
            pass  # Whoever sends the next request already is still there.
        return {"type": "http.disconnect"}

    async def _send(self, message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self._start(message["status"], [*message.get("headers", ())])
            return
        body: bytes = b"" if self._method == b"HEAD" else message.get("body", b"")
        await self._write(h11.Data(data=body))
        if not message.get("more_body", False):
            await self._write(h11.EndOfMessage())

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        # A client that waits to be asked for its body may send it or not, now that nobody asks.
        self._is_last = self._is_last or self._http.they_are_waiting_for_100_continue
        # Nor is there a next request after a body that nobody wants and that is too large to wait for.
        is_large = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE or self._length > _MOST_UNREAD
        if is_large and self._http.their_state is h11.SEND_BODY:
            self._is_last = True
        headers.append((b"date", formatdate(usegmt=True).encode()))
        if self._is_last:
            headers.append((b"connection", b"close"))
        try:
            reason = HTTPStatus(status).phrase.encode()
        except ValueError:
            reason = b""
        response = h11.Response(status_code=status, headers=headers, reason=reason)
        # Sent with what comes first of the body, which wakes a client once and not twice.
        self._head = self._http.send(response) or b""

    async def _say(self, status: int, line: str) -> None:
        """Answer with a line of text, and no other request after that."""
        self._is_last = True
        body = f"{line}\n".encode()
        length = str(len(body)).encode()
        self._start(status, [(b"content-type", b"text/plain"), (b"content-length", length)])
        await self._send({"type": "http.response.body", "body": body})

    async def _write(self, event: h11.Event) -> None:
        data = self._head + (self._http.send(event) or b"")
        self._head = b""
        if data and not self._writer.is_closing():  # Or else there is nobody to write to.
            self._writer.write(data)
            try:
                async with asyncio.timeout(_INCOMPLETE_SECONDS):
                    await self._writer.drain()
            except TimeoutError:
                self.abort()
            except OSError:
                pass

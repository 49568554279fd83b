"""How an answer travels: at once, slowly, in part, or not at all."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from .connections import Connections
from .faults import Fault

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

_USUAL_SECONDS = 1.0
# Often enough that it is the whole that takes too long, and no single wait for data.
_PIECES_PER_SECOND = 10


async def deliver(
    body: bytes,
    status: int,
    headers: Mapping[str, str],
    fault: Fault | None,
    scope: Scope,
    receive: Receive,
    send: Send,
    connections: Connections,
) -> None:
    """Send an answer in the way that a fault wants it. Kinds that are not about that change nothing.

    The request should have been read by then: a client that still sends may take a reset for an end.

    Args:
        body: The body.
        status: The status.
        headers: All headers but `Content-Length`.
        fault: What goes wrong, if anything.
        scope: What ASGI says about the request.
        receive: Tells when the client has gone.
        send: Where the answer goes.
        connections: Where a connection can be ended.
    """
    kind = None if fault is None else fault.kind
    seconds = _USUAL_SECONDS if fault is None or fault.seconds is None else fault.seconds
    client = None if scope["client"] is None else (scope["client"][0], scope["client"][1])
    if kind in {"reset-before", "reset-after"}:
        connections.reset(client)
        await _until_gone(receive)
        return
    if kind == "slow-first-byte" and not await _is_there_after(seconds, receive):
        return
    await send(_start(status, headers, len(body)))
    if kind == "truncated-body":
        await send(_part(body[: len(body) // 2], more=True))
        connections.cut(client)
        await _until_gone(receive)
        return
    if kind == "slow-body":
        await send(_part(b"", more=True))  # The headers are not what is slow.
        pieces = _pieces(body, math.ceil(seconds * _PIECES_PER_SECOND))
        for piece in pieces:
            if not await _is_there_after(seconds / len(pieces), receive):
                return
            await send(_part(piece, more=True))
        body = b""
    await send(_part(body, more=False))


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _is_there_after(seconds: float, receive: Receive) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await _until_gone(receive)
            return False
    return True


def _pieces(body: bytes, count: int) -> list[bytes]:
    size = math.ceil(len(body) / max(1, count)) or 1
    return [body[start : start + size] for start in range(0, len(body), size)]


def _start(status: int, headers: Mapping[str, str], length: int) -> MutableMapping[str, Any]:
    fields = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()
    ]
    fields.append((b"content-length", b"%d" % length))
    return {"type": "http.response.start", "status": status, "headers": fields}


def _part(body: bytes, *, more: bool) -> MutableMapping[str, Any]:
    return {"type": "http.response.body", "body": body, "more_body": more}

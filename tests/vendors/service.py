"""A service on a real socket, and what goes wrong with any: what the services of all vendors share."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from tests.servers import PATIENCE

S = TypeVar("S", bound="Service")

PROXY = "<html><body><h1>Bad Gateway</h1></body></html>"
INSTEAD = {
    "unavailable": PlainTextResponse("upstream connect error", 503),
    "busy": PlainTextResponse("slow down", 429, {"Retry-After": "0"}),
    "page": HTMLResponse("<html><body>Welcome to our network</body></html>", 200),
}
"""Faults that come instead of what is asked."""
AFTERWARDS = ("gateway", "cut")
"""Faults that come after it was done: the page of a gateway, and an answer that ends in its middle."""
ANY = "*"
"""Whatever method a request has."""


@dataclass(frozen=True)
class Asked:
    """A request that came."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> Any:
        """Its JSON."""
        return json.loads(self.content)


class Service:
    """Answers requests in a thread of its own.

    Attributes:
        url: Where it is reached.
        asked: The requests that came.
    """

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self._held: dict[str, int] = {}
        self._faults: dict[str, list[str | None]] = {}
        self._application = Starlette(routes=self.routes())
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        # What a client breaks off, or a fault cuts, is no error of the server.
        configured = uvicorn.Config(
            self._answer,
            log_config=None,
            log_level="critical",
            lifespan="off",
            ws="none",
            http="h11",
            interface="asgi3",
            # Nobody who was slow to ask again finds the connection closed.
            timeout_keep_alive=int(PATIENCE),
        )
        self._server = uvicorn.Server(configured)
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, daemon=True
        )
        self._thread.start()

    def routes(self) -> list[Route]:
        """What it answers."""
        raise NotImplementedError

    def fail(self, *kinds: str | None, method: str = "POST") -> None:
        """Let the next requests with a method meet these faults; None is no fault."""
        self._faults.setdefault(method, []).extend(kinds)

    def hold(self, after: int, method: str = "POST") -> None:
        """Do what requests with a method ask for, and answer only so many of them until `release`.

        Args:
            after: How many are answered.
            method: The method; ANY counts them all.
        """
        self._held[method] = after

    def release(self) -> None:
        """Answer what was held."""
        self._held.clear()

    def sent(self, method: str = "POST") -> list[Asked]:
        """The requests with a method."""
        return [one for one in self.asked if one.method == method]

    def wait_for(self, requests: int, method: str = "POST") -> None:
        """Wait until so many requests with a method have come."""
        end = time.monotonic() + PATIENCE
        while len(self.sent(method)) < requests:
            assert time.monotonic() < end, "they did not come"
            time.sleep(0.005)

    def close(self) -> None:
        self.release()
        self._server.should_exit = self._server.force_exit = True
        self._thread.join(PATIENCE)
        self._socket.close()

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        content = await request.body()
        path, query = scope["path"], scope["query_string"].decode()
        self.asked.append(Asked(request.method, path, query, dict(request.headers), content))
        number, place = len(self.sent(request.method)), len(self.asked)
        faults = self._faults.get(request.method)
        fault = faults.pop(0) if faults else None
        if fault in INSTEAD:
            await INSTEAD[fault](scope, receive, send)
            return
        sent: list[Message] = []

        async def again() -> Message:
            return {"type": "http.request", "body": content, "more_body": False}

        async def keep(message: Message) -> None:
            sent.append(message)

        await self._application({**scope, "fault": fault}, again, keep)
        while number > self._held.get(request.method, number) or place > self._held.get(ANY, place):
            await asyncio.sleep(0.005)
        if fault == "gateway":
            await HTMLResponse(PROXY, 502)(scope, receive, send)
        elif fault == "cut":
            start, body = sent
            await send(start)
            half = body["body"][: len(body["body"]) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
        else:
            for message in sent:
                await send(message)


@contextlib.contextmanager
def running(kind: type[S]) -> Iterator[S]:
    """Run a service for a while."""
    service = kind()
    try:
        yield service
    finally:
        service.close()


def to_answer(body: object, status: int = 200, media_type: str = "application/json") -> Response:
    """Answer with JSON."""
    return Response(json.dumps(body), status, media_type=media_type)

"""The HTTP server: uvicorn in a thread, with connections that can be reset and a prompt end."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Callable
from typing import cast

import uvicorn
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.protocols.http.h11_impl import H11Protocol

from .connections import Connections

# So that those who are being answered at once get their answer, and slow ones are not waited for.
_GRACE_SECONDS = 0.25
_KEEP_ALIVE_SECONDS = 60


class Listener:
    """Answers requests in a thread of its own, from when it is made until it is stopped.

    Args:
        application: What answers.
        connections: Where the open connections are kept.
        bound: The socket that listens; it is closed in the end.
    """

    def __init__(
        self, application: ASGIApp, connections: Connections, bound: socket.socket
    ) -> None:
        config = uvicorn.Config(
            _tolerant(application),
            loop="asyncio",
            http=_protocol(connections),
            ws="none",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            access_log=False,
            # It would replace the other end of a connection by what a header says.
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
            workers=1,
        )
        self._bound = bound
        self._ready = threading.Event()
        self._failure: BaseException | None = None
        self._server = _Server(config, self._ready.set)
        # Not one that keeps a program alive that forgot to stop it.
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        self._thread.start()
        try:
            self._ready.wait()
        except BaseException:  # Such as Ctrl-C.
            self.ask_to_stop()
            self.wait()
            raise
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def ask_to_stop(self) -> None:
        """Let the server stop soon. May be called from anywhere, also from a handler of signals."""
        self._server.ask_to_stop()

    def wait(self) -> None:
        """Wait until the server has stopped. Handlers of signals run meanwhile."""
        while self._thread.is_alive():
            # On Windows, waiting without a limit would keep them from running.
            self._thread.join(0.5)

    def _run(self) -> None:
        try:
            # Of this kind on every platform and whatever others set, for its sockets can be reset.
            with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
                runner.run(self._server.serve(sockets=[self._bound]))
        except BaseException as error:
            if self._ready.is_set():
                raise
            self._failure = error
        finally:
            self._bound.close()
            self._ready.set()


class _Server(uvicorn.Server):
    """A server that wakes up when it shall stop, and ends what takes long."""

    def __init__(self, config: uvicorn.Config, when_ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._when_ready = when_ready
        self._woken = asyncio.Event()
        self._event_loop: asyncio.AbstractEventLoop | None = None

    def ask_to_stop(self) -> None:
        self.should_exit = True
        if self._event_loop is not None:
            with contextlib.suppress(RuntimeError):  # It has stopped already.
                self._event_loop.call_soon_threadsafe(self._woken.set)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._event_loop = asyncio.get_running_loop()
        self._when_ready()

    async def main_loop(self) -> None:
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                # The `Date` header is brought up to date each second.
                await asyncio.wait_for(self._woken.wait(), 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await self._wait_for_tasks()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        # An answer on its way notices that its connection has gone, and ends.
        await self._wait_for_tasks()
        for task in self.server_state.tasks:
            task.cancel()
        # What was closed and aborted tells so in the next rounds of the loop.
        while self.server_state.connections:
            await asyncio.sleep(0)

    async def _wait_for_tasks(self) -> None:
        tasks = list(self.server_state.tasks)
        if tasks:
            await asyncio.wait(tasks, timeout=_GRACE_SECONDS)


def _protocol(connections: Connections) -> type[H11Protocol]:
    class Protocol(H11Protocol):
        """HTTP on a connection that is remembered for as long as it is open."""

        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            # uvicorn asks for more than asyncio promises; what a server of TCP gives is that.
            stream = cast("asyncio.Transport", transport)
            super().connection_made(stream)
            connections.opened(self.client, stream)

        def connection_lost(self, exc: Exception | None) -> None:
            connections.closed(self.client, self.transport)
            super().connection_lost(exc)

    return Protocol


def _tolerant(application: ASGIApp) -> ASGIApp:
    """Make an application that takes it for no error when a client goes while it sends its body."""

    async def tolerant(scope: Scope, receive: Receive, send: Send) -> None:
        with contextlib.suppress(ClientDisconnect):
            await application(scope, receive, send)

    return tolerant

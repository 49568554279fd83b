"""The server: accepts connections in a thread of its own, and ends them promptly when it shall stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from typing import cast

from starlette.types import ASGIApp

from .connections import Address, Connections
from .protocol import HttpConnection

# So that those who are being answered at once get their answer, and slow ones are not waited for.
_GRACE_SECONDS = 0.25
_PAUSE_SECONDS = 0.1
_FULL = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""What says that this process, or the machine, can have no more connections for now."""


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
        self._application = application
        self._connections = connections
        self._bound = bound
        self._stopping = asyncio.Event()
        self._open: dict[asyncio.Task[None], HttpConnection | None] = {}
        # Of this kind on every platform and whatever others set, for its sockets can be reset. Made here,
        # so that it can be told to stop from the beginning.
        self._loop = asyncio.SelectorEventLoop()
        # Not one that keeps a program alive that forgot to stop it.
        self._thread = threading.Thread(target=self._run, name="sandbox", daemon=True)
        try:
            self._thread.start()
        except BaseException:
            self._loop.close()
            raise

    def ask_to_stop(self) -> None:
        """Let the server stop soon. May be called from anywhere, also from a handler of signals."""
        with contextlib.suppress(RuntimeError):  # It has stopped already.
            self._loop.call_soon_threadsafe(self._stopping.set)

    def wait(self) -> None:
        """Wait until the server has stopped. Handlers of signals run meanwhile."""
        while self._thread.is_alive():
            # On Windows, waiting without a limit would keep them from running.
            self._thread.join(0.5)

    def _run(self) -> None:
        with (
            contextlib.closing(self._bound),
            asyncio.Runner(loop_factory=lambda: self._loop) as runner,
        ):
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._bound.setblocking(False)
        self._loop.add_reader(self._bound, self._accept)
        await self._stopping.wait()
        self._loop.remove_reader(self._bound)
        # Who came before the end gets an end, and no reset.
        self._accept()
        self._bound.close()
        for task, connection in self._open.items():
            if connection is not None:
                connection.end_soon()
                if connection.is_idle:
                    task.cancel()
        await self._wait(_GRACE_SECONDS)
        for task, connection in self._open.items():
            if connection is not None:
                connection.abort()
            task.cancel()
        await self._wait(None)

    async def _wait(self, seconds: float | None) -> None:
        if self._open:
            await asyncio.wait(self._open, timeout=seconds)

    def _accept(self) -> None:
        # The loop calls again for as long as there is something to accept.
        with contextlib.suppress(OSError):
            while True:
                try:
                    accepted, address = self._bound.accept()
                except OSError as error:
                    if error.errno in _FULL and not self._stopping.is_set():
                        # To ask at once again would take all time until a connection ends.
                        self._loop.remove_reader(self._bound)
                        self._loop.call_later(_PAUSE_SECONDS, self._accept_again)
                    raise
                task = self._loop.create_task(self._talk(accepted, (address[0], address[1])))
                self._open[task] = None
                task.add_done_callback(self._open.pop)

    def _accept_again(self) -> None:
        if not self._stopping.is_set():
            self._loop.add_reader(self._bound, self._accept)

    async def _talk(self, accepted: socket.socket, client: Address) -> None:
        try:
            server = accepted.getsockname()
            reader, writer = await asyncio.open_connection(sock=accepted)
        except OSError:  # Whoever it was has gone.
            accepted.close()
            return
        connection = HttpConnection(
            self._application, reader, writer, client, (server[0], server[1])
        )
        self._connections.opened(client, writer.transport)
        try:
            if not self._stopping.is_set():
                self._open[cast("asyncio.Task[None]", asyncio.current_task())] = connection
                await connection.serve()
        finally:
            self._connections.closed(client, writer.transport)
            await connection.close()

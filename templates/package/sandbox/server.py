"""The server: accepts connections in a thread of its own, and ends them promptly when it shall stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import threading
from typing import cast

from starlette.types import ASGIApp

from .errors import SandboxError
from .protocol import HttpConnection

_HIGHEST_PORT = 65535
# Who listens on all addresses is reached at one.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}
# So that those who are being answered at once get their answer, and slow ones are not waited for.
_GRACE_SECONDS = 0.25
_PAUSE_SECONDS = 0.1
_FULL = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM))
"""What says that this process, or the machine, can have no more connections for now."""


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address.

    Args:
        host: A name or address of this machine.
        port: The port; 0 for any that is free.

    Returns:
        The socket. From now on connections are taken, and wait to be answered.

    Raises:
        SandboxError: That is not possible.
    """
    if not 0 <= port <= _HIGHEST_PORT:
        raise SandboxError(f"port {port} does not exist; choose one from 1 to {_HIGHEST_PORT}")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = found[0]
        bound = socket.create_server((str(address[0]), port), family=family)
        # asyncio does this only for sockets that say that they are TCP, which those of create_server do
        # not. Without it, an answer in two parts waits 40 ms for an acknowledgement.
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except OSError as error:
        raise SandboxError(_why_not_bound(host, port, error)) from None
    except UnicodeError:
        raise SandboxError(f"{host!r} is no name of a host") from None


def _why_not_bound(host: str, port: int, error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"there is no host {host!r}; listen on 127.0.0.1, or on a name of this machine"
    if error.errno == errno.EADDRINUSE:
        return f"port {port} of {host} is in use; stop what listens there, or choose another port"
    if error.errno == errno.EACCES:
        return f"port {port} of {host} may not be used; choose one above 1023"
    if error.errno == errno.EADDRNOTAVAIL:
        return f"{host} is no address of this machine; listen on 127.0.0.1"
    return f"cannot listen on port {port} of {host}: {error.strerror or error}"


class Server:
    """Answers requests in a thread of its own, from when it is made until it is stopped.

    Args:
        application: What answers.
        bound: The socket that listens; it is closed in the end.

    Attributes:
        url: Where it is reached from this machine, such as `http://127.0.0.1:54321`.
    """

    def __init__(self, application: ASGIApp, bound: socket.socket) -> None:
        address: tuple[str, int] = bound.getsockname()
        host, port = _REACHED_AT.get(address[0], address[0]), address[1]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        self._application = application
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
                    accepted, _ = self._bound.accept()
                except OSError as error:
                    if error.errno in _FULL and not self._stopping.is_set():
                        # To ask at once again would take all time until a connection ends.
                        self._loop.remove_reader(self._bound)
                        self._loop.call_later(_PAUSE_SECONDS, self._accept_again)
                    raise
                task = self._loop.create_task(self._talk(accepted))
                self._open[task] = None
                task.add_done_callback(self._open.pop)

    def _accept_again(self) -> None:
        if not self._stopping.is_set():
            self._loop.add_reader(self._bound, self._accept)

    async def _talk(self, accepted: socket.socket) -> None:
        try:
            reader, writer = await asyncio.open_connection(sock=accepted)
        except OSError:  # Whoever it was has gone.
            accepted.close()
            return
        connection = HttpConnection(self._application, reader, writer)
        try:
            if not self._stopping.is_set():
                self._open[cast("asyncio.Task[None]", asyncio.current_task())] = connection
                await connection.serve()
        finally:
            await connection.close()

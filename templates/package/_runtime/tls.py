"""Connections by TLS, which hold off forks while they are made, but not while they wait for the server."""

from __future__ import annotations

import math
import selectors
import ssl
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from .fork import ForkHold

T = TypeVar("T")


def hold_off_forks(context: ssl.SSLContext) -> None:
    """Have the connections that are made with a context hold off forks.

    On macOS, those that trust the certificates of the system do not: it cannot be forked there anyway.

    Args:
        context: What certificates are trusted.
    """
    context.sslobject_class = _Object
    context.sslsocket_class = _Socket


class _Object(ssl.SSLObject):
    """For event loops, which make a connection step by step and wait for the server themselves."""

    def do_handshake(self) -> None:
        with ForkHold():
            super().do_handshake()
        # With what it first sends, a server makes new keys known. What is read later need not pay for it.
        vars(self)["read"] = self._read_first

    def _read_first(self, size: int = 1024, buffer: Any = None) -> Any:
        with ForkHold():
            content = super().read(size, buffer)
        vars(self).pop("read", None)
        return content


class _Socket(ssl.SSLSocket):
    """For threads."""

    def do_handshake(self, block: bool = False) -> None:
        self._in_steps(super().do_handshake)
        vars(self)["read"] = self._read_first

    def _read_first(self, size: int = 1024, buffer: Any = None) -> Any:
        read: Any = vars(ssl.SSLSocket)[
            "read"
        ]  # Not for callers any more: sockets call it themselves.
        content = self._in_steps(partial(read, self, size, buffer))
        vars(self).pop("read", None)
        return content

    def _in_steps(self, act: Callable[[], T]) -> T:
        timeout = self.gettimeout()
        ends = time.monotonic() + (math.inf if timeout is None else timeout)
        self.settimeout(0)
        try:
            while True:
                try:
                    with ForkHold():
                        return act()
                except ssl.SSLWantReadError:
                    self._wait(selectors.EVENT_READ, ends)
                except ssl.SSLWantWriteError:
                    self._wait(selectors.EVENT_WRITE, ends)
        finally:
            self.settimeout(timeout)

    def _wait(self, event: int, ends: float) -> None:
        left = ends - time.monotonic()
        with selectors.DefaultSelector() as selector:
            selector.register(self, event)
            if not selector.select(None if left == math.inf else max(0.0, left)):
                raise TimeoutError("timed out")

"""Ctrl-C while a run is under way: a wish to stop, and not an exception in the middle of something."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType, TracebackType


class Interrupts:
    """Passes Ctrl-C on to a function for as long as the context lasts.

    It leaves handlers of others alone, and does nothing outside the main thread, which is where signals
    arrive.

    Args:
        tell: Called in the main thread, between any two steps of it, and so must not wait for anything.
    """

    def __init__(self, tell: Callable[[], None]) -> None:
        self._tell = tell
        self._is_installed = False

    def __enter__(self) -> None:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        ):
            signal.signal(signal.SIGINT, self._handle)
            self._is_installed = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_installed:
            self._is_installed = False
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        self._tell()

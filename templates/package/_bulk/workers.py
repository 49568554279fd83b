"""Threads that send parts."""

from __future__ import annotations

import threading
import time
from queue import SimpleQueue
from typing import NamedTuple

from .._runtime.answer import Outcome as AttemptOutcome
from .._runtime.connection import Connection
from .._runtime.deadline import Deadline
from .batching import Part
from .conductor import Course
from .sending import attempt_deadline, request_for


class Result(NamedTuple):
    """What came of a part.

    Attributes:
        part: The part.
        outcome: What came of the attempt; None if it was not made.
        error: What kept it from being made.
    """

    part: Part
    outcome: AttemptOutcome | None
    error: BaseException | None = None


class Workers:
    """Sends parts in threads, of which there are as many as there are parts at once.

    The threads do not keep the process alive: after a second Ctrl-C nobody waits for them.

    Args:
        connection: Sends requests.
        course: What to send, and with whose permits.
        deadline: When the run must be over.
        results: Where the result of each part is put.
    """

    def __init__(
        self,
        connection: Connection,
        course: Course,
        deadline: Deadline,
        results: SimpleQueue[Result | None],
    ) -> None:
        self._connection = connection
        self._course = course
        self._deadline = deadline
        self._results = results
        self._parts: SimpleQueue[Part | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._halted = threading.Event()
        # Whether a part is sent is decided by whoever has it. A signal may arrive while the main thread
        # has it, and wants it again.
        self._lock = threading.RLock()

    def send(self, part: Part, in_flight: int) -> None:
        """Have a part sent.

        Args:
            part: The part.
            in_flight: How many parts are being sent, this one included.
        """
        if len(self._threads) < in_flight:
            thread = threading.Thread(target=self._work, name="upsert", daemon=True)
            self._threads.append(thread)
            thread.start()
        self._parts.put(part)

    def halt(self) -> None:
        """Send nothing that is not being sent, and wait for no permit and no delay any more."""
        with self._lock:
            self._halted.set()

    def end(self, *, wait: bool) -> None:
        """End the threads.

        Args:
            wait: Whether to wait for their end, which comes at once if none has a part.
        """
        self.halt()
        for _ in self._threads:
            self._parts.put(None)
        if wait:
            for thread in self._threads:
                thread.join()

    def _work(self) -> None:
        while (part := self._parts.get()) is not None:
            try:
                result = Result(part, self._send(part))
            except BaseException as error:
                result = Result(part, None, error)
            self._results.put(result)
            del part, result  # Lest they live until there is a next one.

    def _send(self, part: Part) -> AttemptOutcome | None:
        course = self._course
        if not self._pause(part.delay) or not self._pause(course.limiter.reserve()):
            return None
        deadline = attempt_deadline(course, part, self._deadline)

        def may_start() -> bool:
            with self._lock:
                part.sent = not self._halted.is_set() and deadline.allows(0.0)
                part.began = time.monotonic()
                return part.sent

        request = request_for(course, part)
        return self._connection.attempt(request, deadline, may_start=may_start)

    def _pause(self, seconds: float) -> bool:
        """Wait, and tell whether to go on then; at once if there is not that much time."""
        if seconds <= 0:
            return not self._halted.is_set()
        return self._deadline.allows(seconds) and not self._halted.wait(seconds)

"""How far a run has come."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple, TypeAlias

from .outcomes import Outcome, Status

_WINDOW = 10.0
"""The seconds over which the rate is measured: long enough to be steady, short enough to be news."""


class Progress(NamedTuple):
    """How far a run has come, mostly in numbers of records or requests.

    Attributes:
        read: Records read from the input.
        done: Records whose outcome was given.
        created: Records of these that were created.
        updated: Records that were updated.
        written: Records that were written, where the API does not say which of both.
        unchanged: Records that a state knows to be accepted as they are.
        rejected: Records that were rejected.
        unknown: Records that nobody knows about.
        not_sent: Records that were not sent.
        requests: Requests sent.
        in_flight: Requests sent of which there is no answer yet.
        elapsed: Seconds since the run began.
        rate: Records done in a second, over the last ten seconds.
        retries: Requests that sent again what an earlier one had not brought to its end.
        waits_for: What it waits for longer than usual, in words, such as "status 423, attempt 1, next in
            2 s", or a job that writes records; empty if all goes well.
    """

    read: int
    done: int
    created: int
    updated: int
    written: int
    unchanged: int
    rejected: int
    unknown: int
    not_sent: int
    requests: int
    in_flight: int
    elapsed: float
    rate: float
    retries: int = 0
    waits_for: str = ""


ProgressCallback: TypeAlias = Callable[[Progress], None]


class Tally:
    """Counts outcomes as they come.

    Attributes:
        counts: How many there were of each status; duplicates that were merged are among them.
        merged: How many duplicates were merged into another record.
        remembered: How many a journal remembered.
        warnings: How many warnings they hold.
    """

    def __init__(self) -> None:
        self.counts: dict[Status, int] = dict.fromkeys(Status, 0)
        self.merged = 0
        self.remembered = 0
        self.warnings = 0

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.counts[outcome.status] += 1
        if outcome.merged_into is not None:
            self.merged += 1
        if outcome.remembered:
            self.remembered += 1
        if outcome.warnings:
            self.warnings += len(outcome.warnings)

    @property
    def done(self) -> int:
        """How many outcomes there were."""
        return sum(self.counts.values())


class ProgressMeter:
    """Counts outcomes and tells a callback how far a run has come, but not all the time.

    What the callback raises goes to whoever calls `tell`.

    Args:
        callback: Whom to tell.
        clock: Gives the time in seconds.
        interval: The least number of seconds between two times that it is told.

    Attributes:
        tally: What became of the records so far.
    """

    def __init__(
        self,
        callback: ProgressCallback,
        *,
        clock: Callable[[], float] = time.monotonic,
        interval: float = 0.1,
    ) -> None:
        self.tally = Tally()
        self._callback = callback
        self._clock = clock
        self._interval = interval
        self._began = clock()
        self._due = self._began
        self._past: deque[tuple[float, int]] = deque([(self._began, 0)])

    def tell(
        self,
        *,
        read: int,
        requests: int,
        in_flight: int,
        retries: int = 0,
        waits_for: Callable[[float], str] = lambda now: "",
        final: bool = False,
    ) -> None:
        """Tell the callback, if it is time to.

        Args:
            read: How many records were read.
            requests: How many requests were sent.
            in_flight: How many of these were not answered.
            retries: How many of the requests were retries.
            waits_for: Says at a moment of the clock what it waits for.
            final: Whether it is the last time, which is never too early.
        """
        now = self._clock()
        if now < self._due and not final:
            return
        self._due = now + self._interval
        done = self.tally.done
        self._callback(
            Progress(
                read=read,
                done=done,
                **{status.name.lower(): count for status, count in self.tally.counts.items()},
                requests=requests,
                in_flight=in_flight,
                elapsed=now - self._began,
                rate=self._rate(now, done),
                retries=retries,
                waits_for=waits_for(now),
            )
        )

    def _rate(self, now: float, done: int) -> float:
        past = self._past
        # The last one before the window stays: what is measured is never shorter than the window.
        while len(past) > 1 and past[1][0] <= now - _WINDOW:
            past.popleft()
        since, before = past[0]
        past.append((now, done))
        return (done - before) / (now - since) if now > since else 0.0

"""Reads a source of records, a few at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

_QUICK, _SLOW = 0.001, 0.005
"""Seconds. Nothing else is done while a source is being read, so a slow one is read record by record."""


class Chunk(NamedTuple):
    """Some records of a source.

    Attributes:
        records: The records, in order.
        has_ended: Whether no record follows.
        failure: What the source raised, if it did; no record follows then, either.
    """

    records: list[Mapping[str, Any]]
    has_ended: bool = False
    failure: BaseException | None = None


class Reader:
    """Reads a source in pieces, larger ones if it is quick.

    Attributes:
        is_waiting: Whether it waits for the source. What a handler of signals raises then is taken for a
            failure of the source; at any other moment, what was read would be lost.

    Args:
        source: The records.
        clock: Gives the time in seconds.
    """

    def __init__(
        self,
        source: Iterator[Mapping[str, Any]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self._clock = clock
        self._size = 1
        self.is_waiting = False

    def read(self, wanted: int) -> Chunk:
        """Read the next records.

        Args:
            wanted: How many records at most.

        Returns:
            Records, possibly fewer than wanted although more follow.
        """
        count = min(wanted, self._size)
        records: list[Mapping[str, Any]] = []
        began = self._clock()
        try:
            try:
                self.is_waiting = True
                # What was read before the source fails stays in the list.
                records.extend(islice(self._source, count))
            finally:
                self.is_waiting = False
        except BaseException as error:
            # If it was a signal that came last, it came before the line above.
            self.is_waiting = False
            return Chunk(records, has_ended=True, failure=error)
        took = self._clock() - began
        if took < _QUICK:
            self._size *= 2
        elif took > _SLOW:
            self._size = max(1, self._size // 2)
        return Chunk(records, has_ended=len(records) < count)


async def read_async(source: AsyncIterator[Mapping[str, Any]], wanted: int) -> Chunk:
    """Read the next records of an asynchronous source.

    Args:
        source: The records.
        wanted: How many records at most.

    Returns:
        As many as wanted, unless the source ends or fails. It counts as ended when this is cancelled.
    """
    records: list[Mapping[str, Any]] = []
    try:
        while len(records) < wanted:
            records.append(await anext(source))
    except (StopAsyncIteration, asyncio.CancelledError):
        return Chunk(records, has_ended=True)
    except Exception as error:
        return Chunk(records, has_ended=True, failure=error)
    return Chunk(records)

"""Where records come from, and how they are read, a few at a time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from ..errors import Documented
from .outcomes import Problem
from .records import iterate

UNREADABLE_RECORD = "UNREADABLE_RECORD"

_QUICK, _SLOW = 0.001, 0.005
"""Seconds. Nothing else is done while a source is being read, so a slow one is read record by record."""


class UnreadableRecord(dict[str, Any]):
    """What a source gives in the place of a record that it cannot read, which is rejected then.

    Whoever reads records from somewhere can yield it, so that the run goes on and the report names it.

    Args:
        message: What is wrong with it.

    Attributes:
        problem: The same, as its outcome says it.
    """

    def __init__(self, message: str) -> None:
        super().__init__()
        self.problem = Problem(None, UNREADABLE_RECORD, message)


class StartBeyondEnd(Documented, ValueError, page="bulk"):
    """The source ends before the record that was to be the first one.

    Where it ends just there is no mistake: that is where a run goes on that was stopped after the last one.

    Args:
        start_at: The index of that record.
        count: How many records there are.
    """

    def __init__(self, start_at: int, count: int) -> None:
        records = "1 record" if count == 1 else f"{count:,} records"
        super().__init__(f"start_at is {start_at:,}, counted from 0, and there are {records}")


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


class SourceReader:
    """Reads a source in pieces, larger ones if it is quick.

    Attributes:
        is_waiting: Whether it waits for the source. What a handler of signals raises then is taken for a
            failure of the source; at any other moment, what was read would be lost.

    Args:
        records: The records.
        start_at: The index of the first one that is given.
        clock: Gives the time in seconds.

    Raises:
        TypeError: The records are no iterable of mappings.
    """

    def __init__(
        self,
        records: Iterable[Mapping[str, Any]],
        start_at: int = 0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        source = iterate(records)
        self._source = _from_index(source, start_at) if start_at else source
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


def _from_index(source: Iterator[Mapping[str, Any]], start_at: int) -> Iterator[Mapping[str, Any]]:
    count = sum(1 for _ in islice(source, start_at))
    if count < start_at:
        raise StartBeyondEnd(start_at, count)
    yield from source


def from_index_async(
    records: AsyncIterable[Mapping[str, Any]], start_at: int
) -> AsyncIterator[Mapping[str, Any]]:
    """Leave out the first records of an asynchronous source."""
    return _after(records, start_at) if start_at else aiter(records)


async def _after(
    records: AsyncIterable[Mapping[str, Any]], start_at: int
) -> AsyncIterator[Mapping[str, Any]]:
    count = 0
    async for record in records:
        if count < start_at:
            count += 1
        else:
            yield record
    if count < start_at:
        raise StartBeyondEnd(start_at, count)


async def read_async(source: AsyncIterator[Mapping[str, Any]], wanted: int) -> Chunk:
    """Read the next records of an asynchronous source.

    Args:
        source: The records.
        wanted: How many records at most.

    Returns:
        As many as wanted, unless the source ends or fails; a cancellation is a failure, too.
    """
    records: list[Mapping[str, Any]] = []
    try:
        while len(records) < wanted:
            records.append(await anext(source))
    except StopAsyncIteration:
        return Chunk(records, has_ended=True)
    except (Exception, asyncio.CancelledError) as error:
        return Chunk(records, has_ended=True, failure=error)
    return Chunk(records)

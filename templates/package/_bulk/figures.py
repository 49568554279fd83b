"""What a run takes: time, requests, and keys of many records, taken down while it goes on.

However long it lasts, what is kept has the same size.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pydantic import TypeAdapter

from .._runtime.answer import Answer
from .._runtime.attempt import Attempt
from .batch import Part

_TOO_MANY_REQUESTS = 429
_MOST_INTERVALS = 120
_FIRST_INTERVAL = 0.05
_SLOWEST = 10

_FEW_KEYS = 10_000
_LISTED_KEYS = 5
_LEAST_RECORDS = 10
_LEAST_SHARE = 0.005
"""A batch has a hundred records, and two batches with the same key are not under way at the same time: a
key in every second batch begins to slow the run down."""


@dataclass
class FrequentKey:
    """A key that many records have.

    Attributes:
        key: The key, in the form in which keys are compared.
        records: How many records have it, or a little less: at most one for each 10,000 of the run.
    """

    key: str
    records: int


@dataclass
class Interval:
    """What happened in one interval of a run.

    Attributes:
        records: How many outcomes were given.
        requests: How many requests were answered, or failed.
        refused: How many of these were answered with 429, too many requests.
    """

    records: int = 0
    requests: int = 0
    refused: int = 0

    def __iadd__(self, other: Interval) -> Interval:
        self.records += other.records
        self.requests += other.requests
        self.refused += other.refused
        return self


@dataclass
class SlowBatch:
    """A batch, or a part of one, that took long.

    Attributes:
        first: The index of its first record.
        records: How many records were sent in it.
        seconds: How long all attempts took, with the delays between them that the API asked for.
        attempts: How many attempts there were.
        status: The status of the last answer; None if there was none.
    """

    first: int
    records: int
    seconds: float
    attempts: int
    status: int | None


@dataclass
class Figures:
    """What a run took.

    Times of requests are sums: what four requests that were under way at once took is four times as
    much as the clock shows.

    Attributes:
        concurrency: How many requests there may have been under way.
        elapsed: Seconds from the beginning to the end, or until now.
        records: How many outcomes were given.
        refused: How many requests were answered with 429, too many requests.
        sending: Seconds from the sending of a request to its answer.
        waiting: Seconds in which a request waited for a permit of the limiter.
        delayed: Seconds in which a request waited for another attempt.
        interval: The length in seconds of each of `intervals`.
        intervals: What happened when.
        slowest: The batches that took longest, the slowest first.
        keys: The keys that strikingly many records have, the most frequent first. Records that share a key
            are sent one after the other.
        questions: How many requests asked about jobs that write records.
    """

    concurrency: int = 1
    elapsed: float = 0.0
    records: int = 0
    refused: int = 0
    sending: float = 0.0
    waiting: float = 0.0
    delayed: float = 0.0
    interval: float = 0.0
    intervals: list[Interval] = field(default_factory=list[Interval])
    slowest: list[SlowBatch] = field(default_factory=list[SlowBatch])
    keys: list[FrequentKey] = field(default_factory=list[FrequentKey])
    questions: int = 0

    @property
    def rate(self) -> float:
        """How many outcomes were given in a second."""
        return self.records / self.elapsed if self.elapsed > 0 else 0.0

    def share(self, seconds: float) -> float:
        """Give a sum of times of requests as a share, up to 1, of the time that there was for them."""
        available = self.elapsed * self.concurrency
        return min(1.0, seconds / available) if available > 0 else 0.0


def figures_as_json(figures: Figures) -> dict[str, Any]:
    """Give figures as a JSON object that `figures_from_json` understands."""
    return asdict(figures)


def figures_from_json(fields: object) -> Figures:
    """Give the figures that a JSON object stands for.

    Args:
        fields: What `figures_as_json` gave, possibly written and read meanwhile.

    Raises:
        ValueError: It stands for none.
    """
    return TypeAdapter(Figures).validate_python(fields)


class Timeline:
    """Counts what happens in intervals of equal length, which doubles when there are too many.

    Attributes:
        interval: The length of an interval in seconds.
        intervals: The intervals, from the beginning.
    """

    def __init__(self) -> None:
        self.interval = _FIRST_INTERVAL
        self.intervals: list[Interval] = []

    def at(self, seconds: float) -> Interval:
        """Give the interval of a moment, to be counted in.

        Args:
            seconds: Seconds since the beginning.
        """
        while (place := int(max(0.0, seconds) / self.interval)) >= _MOST_INTERVALS:
            pairs = self.intervals[::2]
            for one, other in zip(pairs, self.intervals[1::2], strict=False):
                one += other
            self.intervals, self.interval = pairs, 2 * self.interval
        while len(self.intervals) <= place:
            self.intervals.append(Interval())
        return self.intervals[place]


class Recorder:
    """Takes down what happens in a run.

    Args:
        concurrency: How many requests may be under way.
        clock: Gives the time in seconds.
    """

    def __init__(self, concurrency: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began: float | None = None
        self._ended: float | None = None
        self._timeline = Timeline()
        self._slowest: dict[tuple[int, int, int], SlowBatch] = {}
        self._figures = Figures(concurrency)

    def begin(self) -> None:
        """Start the clock."""
        self._began = self._clock()

    def end(self) -> None:
        """Stop the clock."""
        self._ended = self._clock()

    def answered(self, part: Part, attempt: Attempt | None, took: float) -> None:
        """Note what came of a part that was sent, before anything else is made of it.

        Args:
            part: The part.
            attempt: What came of it; None if that was not waited for.
            took: The seconds that it took.
        """
        figures, status = self._figures, attempt.status if isinstance(attempt, Answer) else None
        interval = self._timeline.at(self._elapsed())
        interval.requests += part.requests
        figures.sending += took
        figures.waiting += part.waited
        figures.delayed += part.delay
        figures.questions += part.requests if part.job is not None else 0
        if status == _TOO_MANY_REQUESTS:
            interval.refused += 1
            figures.refused += 1
        self._note_slow(part, status, part.spent + part.delay + took)

    def gave(self, outcomes: int) -> None:
        """Note that some outcomes were given."""
        if outcomes:
            self._figures.records += outcomes
            self._timeline.at(self._elapsed()).records += outcomes

    def figures(self, keys: Iterable[FrequentKey] = ()) -> Figures:
        """Give what was taken down so far.

        Args:
            keys: The most frequent keys.
        """
        by_time = sorted(self._slowest.values(), key=lambda one: -one.seconds)
        return replace(
            self._figures,
            elapsed=self._elapsed(),
            interval=self._timeline.interval,
            intervals=[replace(one) for one in self._timeline.intervals],
            slowest=by_time,
            keys=list(keys),
        )

    def _elapsed(self) -> float:
        if self._began is None:
            return 0.0
        return (self._clock() if self._ended is None else self._ended) - self._began

    def _note_slow(self, part: Part, status: int | None, seconds: float) -> None:
        place = (part.batch.number, part.start, part.stop)
        slowest = self._slowest
        if len(slowest) >= _SLOWEST and place not in slowest:
            quickest = min(slowest, key=lambda one: slowest[one].seconds)
            if slowest[quickest].seconds >= seconds:
                return
            del slowest[quickest]
        first = part.batch.first_index + part.batch.positions[part.start]
        slowest[place] = SlowBatch(first, len(part), seconds, part.attempt, status)


class KeyCounts:
    """Finds the keys that many records have, in little memory however many keys there are.

    After each 10,000 keys every count is lowered by one, and what is at zero then is forgotten
    (the algorithm of Misra and Gries). A count is never too high, and never too low by more than that.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._until_lowered = _FEW_KEYS

    def add(self, keys: Sequence[str]) -> None:
        """Count some keys."""
        self._counts.update(keys)
        self._until_lowered -= len(keys)
        if self._until_lowered <= 0:
            self._until_lowered += _FEW_KEYS
            lowered = {key: count - 1 for key, count in self._counts.items() if count > 1}
            self._counts = Counter(lowered)

    def most_frequent(self, records: int, *, besides: int = 0) -> list[FrequentKey]:
        """Give the keys that strikingly many records have.

        Args:
            records: How many records there are.
            besides: How many records of each key were not counted.
        """
        found = ((key, count + besides) for key, count in self._counts.most_common(_LISTED_KEYS))
        least = max(_LEAST_RECORDS, _LEAST_SHARE * records)
        return [
            FrequentKey(key.rpartition("\0")[2], count) for key, count in found if count >= least
        ]

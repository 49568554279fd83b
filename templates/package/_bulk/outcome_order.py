"""The order in which the outcomes of a run are given: that of the source, whatever is answered first."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from .batch import Batch
from .duplicates import KeyIndex, same_id_warning
from .outcomes import Outcome, Status
from .setup import Options

_STATUSES = tuple(Status)
_UNDONE = (Status.UNKNOWN, Status.NOT_SENT)


class OutcomeOrder:
    """The batches of which outcomes are still to be given.

    Args:
        options: What the caller of the run wants.

    Attributes:
        records: How many records they have.
        resume_at: The index of the first record with an outcome that was not done; None if all were.
    """

    def __init__(self, options: Options) -> None:
        self.records = 0
        self.resume_at: int | None = None
        self._batches: deque[Batch] = deque()
        # The status of each record, by index, for the later ones that are merged into it.
        is_merged = options.duplicates == "first"
        self._statuses = bytearray(options.start_at) if is_merged else None
        self._ids = KeyIndex()
        self._keys = KeyIndex() if options.repeats_keys else None

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[Batch]:
        return iter(self._batches)

    def append(self, batch: Batch) -> None:
        """Add the batch that follows."""
        self._batches.append(batch)
        self.records += len(batch.records)

    def take(self) -> list[Outcome]:
        """Give the outcomes of the first batches, as far as all is known of them, each once."""
        given: list[Outcome] = []
        while self._batches and not self._batches[0].undecided:
            batch = self._batches.popleft()
            self.records -= len(batch.records)
            for position, first in batch.repeats.items():
                self._repeat(batch, position, first)
            outcomes = [batch.outcomes[position] for position in range(len(batch.records))]
            self._compare_ids(batch, outcomes)
            self._note(outcomes)
            given.extend(outcomes)
        return given

    def _repeat(self, batch: Batch, position: int, first: int) -> None:
        if first >= batch.first_index:
            status = batch.outcomes[first - batch.first_index].status
        else:
            status = Status.UNKNOWN if self._statuses is None else _STATUSES[self._statuses[first]]
        batch.outcomes[position] = batch.outcome(position, status, merged_into=first)

    def _compare_ids(self, batch: Batch, outcomes: Sequence[Outcome]) -> None:
        """Warn of records that have the id of an earlier one with another key."""
        if self._keys is None and len(batch.positions) == len(outcomes):
            ids = [one.id for one in outcomes if one.id is not None]
            if len(ids) == len(outcomes) and self._ids.claim_all(ids, batch.first_index):
                return  # As nearly always.
        for key, position in zip(batch.keys, batch.positions, strict=True):
            one = outcomes[position]
            if one.id is None:
                continue
            is_repeated = self._keys is not None and self._keys.claim(key, one.index) != one.index
            first = self._ids.claim(one.id, one.index)
            if first != one.index and not is_repeated:
                one.warnings += (same_id_warning(first, one.id),)

    def _note(self, outcomes: Iterable[Outcome]) -> None:
        if self._statuses is not None:
            self._statuses.extend(_STATUSES.index(outcome.status) for outcome in outcomes)
        if self.resume_at is None:
            undone = (one.index for one in outcomes if one.status in _UNDONE)
            self.resume_at = next(undone, None)

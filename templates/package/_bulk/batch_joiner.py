"""Batches of which little is left to be sent, joined so that requests are full."""

from __future__ import annotations

from .batch import Batch

_MOST_JOINED = 10_000
"""How many records a batch that is joined of several may hold: so many unchanged ones are passed over to
fill a request."""


class BatchJoiner:
    """Joins batches of which little is left to be sent, so that requests are full all the same.

    Args:
        maximum: The most records in one request.
        room: The most bytes of the inputs of one; None for any number.
    """

    def __init__(self, maximum: int, room: int | None = None) -> None:
        self._maximum, self._room = maximum, room
        self._waiting: list[Batch] = []
        self._keys: set[str] = set()
        self._records = self._bytes = 0

    def add(self, batch: Batch) -> list[Batch]:
        """Add the next batch.

        Args:
            batch: The batch, without the inputs that need not be sent.

        Returns:
            Batches to be sent, in order.
        """
        ended: list[Batch] = []
        fits = (
            len(self._keys) + len(batch.keys) <= self._maximum
            and self._records + len(batch.records) <= _MOST_JOINED
            and self._keys.isdisjoint(batch.keys)
            and (self._room is None or self._bytes + len(batch.content) <= self._room)
        )
        if not fits:
            ended += self.close()
        self._waiting.append(batch)
        self._keys.update(batch.keys)
        self._records += len(batch.records)
        self._bytes += len(batch.content)
        # With nothing to be sent, there is nothing to wait for either.
        if not self._keys or len(self._keys) >= self._maximum:
            ended += self.close()
        return ended

    def close(self) -> list[Batch]:
        """Give the batch that waited for others, if there is one."""
        waiting, self._waiting = self._waiting, []
        self._keys, self._records, self._bytes = set(), 0, 0
        return [Batch.joined(waiting)] if len(waiting) > 1 else waiting

"""Refusals of records one by one, which say together what each does not: that it is about all records."""

from __future__ import annotations

from .batch import Batch
from .outcomes import Problem

OF_EACH = "the API says so of each record alone"
MEND_COMMON = (
    "mend what all records have in common, such as the object type, the id property or a value, and run "
    "it again"
)

_SAME_IN_A_ROW = 20
"""After so many, the next million will be refused as well. Requests of more records tell by the first."""


class SameRefusals:
    """Counts how many records in a row were refused for the same reason, each in a batch of its own."""

    def __init__(self) -> None:
        self._told: tuple[Problem, ...] | None = None
        self._count = 0

    def add(self, batch: Batch) -> bool:
        """Add a batch that was refused, and tell whether there are so many that all will be.

        Args:
            batch: Any batch, of which nothing is left to be sent.
        """
        told = batch.told_alone(0) if len(batch.positions) == 1 else None
        self._count = self._count + 1 if told is not None and told == self._told else 1
        self._told = told
        return self._count >= _SAME_IN_A_ROW

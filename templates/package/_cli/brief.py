"""The report of a run whose outcomes are not kept."""

from __future__ import annotations

from .._bulk.outcomes import Outcome, Status
from .._bulk.report import UpsertReport

_KEPT = 10


class BriefReport(UpsertReport):
    """Counts all outcomes, and keeps only the first that say what went wrong.

    Printed, it is the same table.
    """

    def add(self, outcome: Outcome) -> None:
        """Count an outcome, and keep it if it is one of the first of its kind."""
        self._tally.add(outcome)
        status = outcome.status
        if status in {Status.REJECTED, Status.UNKNOWN} and self.counts[status] <= _KEPT:
            self.outcomes.append(outcome)

    @property
    def records(self) -> int:
        """How many records there are."""
        return self._tally.done

"""What the command shows: a progress bar on a terminal while it runs, and a report when it is done."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..bulk import Outcome, Progress, Status, UpsertReport
from .columns import SourceRecord, UnreadableRow
from .rows import TEXT_COLUMN

if TYPE_CHECKING:
    from rich.console import RenderableType

FAILED = frozenset({Status.REJECTED, Status.UNKNOWN})
"""The statuses of records that the report shows, and that a file of rejected records holds."""

_STEPS = 1000
_KEPT = 100
"""How many records that were rejected, and how many that nobody knows about, are kept for the page."""


class BriefReport(UpsertReport):
    """Counts all outcomes, and keeps only the first that say what went wrong.

    Printed, it is the same table.
    """

    place_name = "line"

    def add(self, outcome: Outcome) -> None:
        """Count an outcome, and keep it if it is one of the first of its kind."""
        super().add(outcome)
        if outcome.status not in FAILED or self.counts[outcome.status] > _KEPT:
            self.outcomes.pop()

    @property
    def records(self) -> int:
        """How many records there are."""
        return sum(self.counts.values())

    def place_of(self, outcome: Outcome) -> int:
        """Give the line of a record in its file."""
        record = outcome.record
        if isinstance(record, (SourceRecord, UnreadableRow)):
            return record.row.line
        return outcome.index

    def values_of(self, outcome: Outcome) -> Mapping[str, Any]:
        """Give what a page shows of a record: of one that cannot be read, its text."""
        record = outcome.record
        if isinstance(record, UnreadableRow):
            return {TEXT_COLUMN: record.row.text} if record.row.text else record.row.values
        return record


@contextmanager
def progress_bar(
    title: str, fraction: Callable[[], float | None]
) -> Generator[Callable[[Progress], None] | None, None, None]:
    """Show how far a run has come, on standard error if that is a terminal.

    Args:
        title: What is going on.
        fraction: Tells how much of the input was read, from 0 to 1; None if nobody knows.

    Yields:
        What is to be told about the progress; None if nothing is shown.
    """
    if not sys.stderr.isatty():
        yield None
        return
    # Only here: it takes longer to import than all the rest, and logs have no use for it.
    from rich.console import Console
    from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar
    from rich.text import Text

    class BarWithNews(Bar):
        news = ""

        def get_renderables(self) -> Iterator[RenderableType]:
            yield from super().get_renderables()
            if self.news:
                # A line of its own: beside the bar, a narrow terminal would cut it off.
                yield Text(f"  {self.news}", style="yellow")

    bar = BarWithNews(
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[counts]}", markup=False),
        TimeElapsedColumn(),
        console=Console(stderr=True),
        transient=True,
        # Refreshed when there is news: a thread of its own would only take time from the work.
        auto_refresh=False,
    )
    with bar:
        task = bar.add_task(title, total=None, counts="")

        def show(progress: Progress) -> None:
            read, bar.news = fraction(), progress.waits_for
            bar.update(
                task,
                total=None if read is None else _STEPS,
                completed=0 if read is None else int(read * _STEPS),
                counts=counts_of(progress),
                refresh=True,
            )

        yield show


def counts_of(progress: Progress) -> str:
    """Say in a few words what was done, and how fast."""
    parts = [f"{progress.done:,} records"]
    for count, what in (
        (progress.unchanged, "unchanged"),
        (progress.rejected, "rejected"),
        (progress.unknown, "unknown"),
        (progress.not_sent, "not sent"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    parts.append(f"{progress.rate:,.0f}/s")
    return ", ".join(parts)

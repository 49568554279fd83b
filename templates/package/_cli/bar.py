"""A progress bar on a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager

from .._bulk.progress import Progress, ProgressCallback

_STEPS = 1000


@contextmanager
def progress_bar(
    title: str, fraction: Callable[[], float | None]
) -> Generator[ProgressCallback | None, None, None]:
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

    bar = Bar(
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
            read = fraction()
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
        (progress.rejected, "rejected"),
        (progress.unknown, "unknown"),
        (progress.not_sent, "not sent"),
    ):
        if count:
            parts.append(f"{count:,} {what}")
    parts.append(f"{progress.rate:,.0f}/s")
    return ", ".join(parts)

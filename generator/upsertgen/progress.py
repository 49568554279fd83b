"""A progress bar on standard error, shared by the commands that take long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

Progress: TypeAlias = Callable[[str, int, int], None]
"""Told what is going on: the stage, how many steps are done, and how many there are."""


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show a progress bar on a terminal; elsewhere nothing, for logs."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    state: dict[str, Any] = {}

    def show(stage: str, done: int, total: int) -> None:
        # rich is imported when there is something to show: a run in which nothing changed is over sooner.
        if "bar" not in state:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
            told = TextColumn("{task.description}")
            state["bar"] = Bar(told, *columns, console=Console(stderr=True), transient=True)
            state["bar"].start()
            state["task"] = state["bar"].add_task(stage, total=total)
        state["bar"].update(state["task"], description=stage, completed=done, total=total)

    try:
        yield show
    finally:
        if "bar" in state:
            state["bar"].stop()

"""A destination for dlt: what a pipeline loads is upserted."""

from __future__ import annotations

import hashlib
import importlib
import logging
import os
import threading
from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any, TypeAlias

from .._bulk.outcomes import Outcome, outcome_as_json, to_json
from .._runtime.extras import install_command
from .._runtime.fork import ForkSafe
from ..bulk import RejectedRecords, Status, UpsertReport, UpsertStopped

Upsert: TypeAlias = Callable[[list[dict[str, Any]]], UpsertReport]
"""What upserts the rows of a table, such as `partial(client.items.upsert, id_property="number")`."""

_LOGGER = logging.getLogger(__name__.partition(".")[0])
_BATCH = 5000


def upsert_destination(
    tables: Mapping[str, Upsert],
    *,
    name: str = "upsert",
    rejects: str | os.PathLike[str] | None = None,
    fail_on_rejections: bool = True,
    batch_size: int = _BATCH,
) -> Any:
    """Make a destination of dlt, to be given to `dlt.pipeline`.

        destination = upsert_destination(
            {"items": partial(client.items.upsert, id_property="number", limiter=limiter)}
        )

    Rows of a table become records as they are, with their columns as properties, and whatever write
    disposition the table has. What dlt does again after a failure is upserted again, which does no harm.

    Args:
        tables: By the name of each table what upserts its rows, and reports.
        name: The name of the destination.
        rejects: A file for the records that were rejected or that nobody knows about, and what is wrong
            with them, as JSON Lines. They are added to what it holds; a batch that dlt tries again may
            add some twice.
        fail_on_rejections: Whether such records fail the load, once all rows of the file that dlt made
            for it were upserted. dlt keeps what it did not load, and loads it again before anything new,
            until `dlt pipeline NAME abort-packages` gives it up. Otherwise they are only logged, as a
            warning, and written to `rejects`.
        batch_size: How many rows are upserted at once. When dlt tries again after what passes by itself,
            in the same process, it goes on with the batch that was not done.

    Returns:
        The destination. When it loads, it raises `DestinationTerminalException`, or
        `DestinationTransientException` where dlt should try again.

    Raises:
        ImportError: dlt is not installed. The message says how to install it.
    """
    dlt = _import_dlt("dlt")
    loader = _Loader(
        tables, None if rejects is None else Path(rejects), fail_on_rejections, batch_size
    )

    def load(path: Any, table: Any) -> None:
        loader.load(str(path), table["name"], table["columns"])

    return dlt.destination(
        load,
        name=name,
        # The path of a file: of its batches nobody would know which is the last.
        batch_size=0,
        loader_file_format="typed-jsonl",
        naming_convention="direct",
        skip_dlt_columns_and_tables=True,
        max_table_nesting=0,
        # What comes later in a table is to be written later, lest old values replace new ones.
        loader_parallelism_strategy="table-sequential",
    )


@dataclass
class _Progress:
    """How far a file was upserted: its rows, those that were not written, and what was said of the first."""

    rows: int = 0
    unwritten: int = 0
    first: str = ""


class _Loader(ForkSafe):
    """Upserts the rows of files. Several threads may load at the same time."""

    def __init__(
        self, tables: Mapping[str, Upsert], rejects: Path | None, fails: bool, batch_size: int
    ) -> None:
        if batch_size < 1:
            raise ValueError(
                "batch_size must be at least 1: it is how many rows are upserted at once"
            )
        self._tables = dict(tables)
        self._batch_size = batch_size
        self._begun: dict[bytes, _Progress] = {}
        self._json: Any = _import_dlt("dlt.common.json").json
        self._storage: Any = _import_dlt("dlt.common.storages").FileStorage
        self._rejects = rejects
        self._fails = fails
        exceptions = _import_dlt("dlt.common.destination.exceptions")
        self._terminal: type[Exception] = exceptions.DestinationTerminalException
        self._transient: type[Exception] = exceptions.DestinationTransientException
        self._lock = threading.Lock()
        super().__init__()

    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def load(self, path: str, table: str, columns: Container[str]) -> None:
        """Upsert the rows of a file. What is terminal would not go better if it were done again."""
        upsert = self._tables.get(table)
        if upsert is None:
            known = ", ".join(map(repr, self._tables)) or "none"
            raise self._terminal(
                f"the table {table!r} has no object type to be upserted to; add it to the tables of the "
                f"destination, which are {known}"
            )
        with Path(path).open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").digest()
        progress = self._begun.pop(digest, None) or _Progress()
        rows = islice(self._rows(path, columns), progress.rows, None)
        while batch := list(islice(rows, self._batch_size)):
            try:
                self._upsert(upsert, batch, table, progress)
            except self._transient:
                # Whoever tries again goes on from here.
                self._begun[digest] = progress
                raise
        if progress.unwritten and self._fails:
            counts = f"{progress.unwritten:,} of {progress.rows:,} rows were not written"
            raise self._terminal(f"the table {table!r}: {counts}; {progress.first}")

    def _rows(self, path: str, columns: Container[str]) -> Iterator[dict[str, Any]]:
        with self._storage.open_zipsafe_ro(path) as file:
            for line in file:
                read: Any = self._json.typed_loads(line)
                rows: list[dict[str, Any]] = [read] if hasattr(read, "items") else read
                for row in rows:
                    yield {name: value for name, value in row.items() if name in columns}

    def _upsert(
        self, upsert: Upsert, rows: list[dict[str, Any]], table: str, progress: _Progress
    ) -> None:
        try:
            report = upsert(rows)
        except (RuntimeError, TypeError, ValueError) as error:
            # The call is wrong, or the client closed.
            raise self._terminal(f"the table {table!r}: {error}") from error
        try:
            report.raise_for_rejections()
        except UpsertStopped as error:
            cause = report.stop.error if report.stop is not None else None
            # What the properties of the account do not allow does not pass by itself.
            is_refused = report.stop is not None and bool(report.stop.problems)
            is_passing = not is_refused and (cause is None or cause.may_pass)
            kind = self._transient if is_passing else self._terminal
            # dlt shows the whole chain, and the message says it all.
            raise kind(f"the table {table!r}: {error}") from None
        except RejectedRecords as error:
            first = progress.rows
            told = f"{error}{self._write(report, table, first)}"
            if first:
                told = f"rows from {first:,} on: {told}"
            progress.first = progress.first or told
            progress.unwritten += report.rejected + report.unknown
            if not self._fails:
                _LOGGER.warning("the table %r: %s", table, told)
        progress.rows += len(rows)

    def _write(self, report: UpsertReport, table: str, first: int) -> str:
        if self._rejects is None:
            return ""
        lines = [
            f"{to_json({'table': table, **outcome_as_json(_in_file(outcome, first))})}\n"
            for outcome in report.having(Status.REJECTED, Status.UNKNOWN)
        ]
        with self._lock, self._rejects.open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        return f"; they are in {self._rejects}"


def _in_file(outcome: Outcome, first: int) -> Outcome:
    merged = outcome.merged_into
    merged = None if merged is None else merged + first
    return replace(outcome, index=outcome.index + first, merged_into=merged)


def _import_dlt(module: str) -> Any:
    try:
        # Its types are unknown unless it is installed.
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "dlt":
            raise
        problem = f"upsert_destination needs the library dlt: {install_command('dlt')}"
    raise ImportError(problem)

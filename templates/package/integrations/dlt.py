"""A destination for dlt: what a pipeline loads is upserted."""

from __future__ import annotations

import importlib
import logging
import os
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, TypeAlias

from .. import errors
from .._bulk.outcomes import Status
from .._bulk.report import RejectedRecords, UpsertReport, UpsertStopped
from .._bulk.serialization import outcome_as_json, to_json

Upsert: TypeAlias = Callable[[list[dict[str, Any]]], UpsertReport]
"""What upserts the rows of a table, such as `partial(client.contacts.upsert, id_property="email")`."""

_LOGGER = logging.getLogger(__name__.partition(".")[0])
_BATCH = 5000
_MAY_PASS = (
    errors.AccountMovingError,
    errors.LockedError,
    errors.RateLimitError,
    errors.ServerError,
    errors.TransportError,
)


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
            {"people": partial(client.contacts.upsert, id_property="email", limiter=limiter)}
        )

    Rows of a table become records as they are, with their columns as properties, and whatever write
    disposition the table has. What dlt does again after a failure is upserted again, which does no harm.

    Args:
        tables: By the name of each table what upserts its rows, and reports.
        name: The name of the destination.
        rejects: A file for the records that were rejected or that nobody knows about, and what is wrong
            with them, as JSON Lines. They are added to what it holds; a batch that dlt tries again may
            add some twice.
        fail_on_rejections: Whether such records fail the load, once the batch that they are in was
            upserted. dlt keeps what it did not load, and loads it again before anything new, until
            `dlt pipeline NAME abort-packages` gives it up. Otherwise they are only logged, as a warning,
            and written to `rejects`.
        batch_size: How many rows are upserted at once. dlt remembers which of them were.

    Returns:
        The destination. When it loads, it raises `DestinationTerminalException`, or
        `DestinationTransientException` where dlt should try again.

    Raises:
        ImportError: dlt is not installed. The message says how to install it.
    """
    dlt = _import_dlt("dlt")
    loader = _Loader(tables, None if rejects is None else Path(rejects), fail_on_rejections)

    def load(items: Any, table: Any) -> None:
        loader.load(items, table["name"])

    return dlt.destination(
        load,
        name=name,
        batch_size=batch_size,
        loader_file_format="typed-jsonl",
        naming_convention="direct",
        skip_dlt_columns_and_tables=True,
        max_table_nesting=0,
        # What comes later in a table is to be written later, lest old values replace new ones.
        loader_parallelism_strategy="table-sequential",
    )


class _Loader:
    """Upserts batches. Several threads may load at the same time.

    Args:
        tables: By the name of each table what upserts its rows.
        rejects: The file for rejected records.
        fails: Whether rejected records fail the load.
    """

    def __init__(self, tables: Mapping[str, Upsert], rejects: Path | None, fails: bool) -> None:
        self._tables = dict(tables)
        self._rejects = rejects
        self._fails = fails
        exceptions = _import_dlt("dlt.common.destination.exceptions")
        self._terminal: type[Exception] = exceptions.DestinationTerminalException
        self._transient: type[Exception] = exceptions.DestinationTransientException
        self._lock = threading.Lock()

    def load(self, rows: list[dict[str, Any]], table: str) -> None:
        """Upsert some rows of a table.

        Args:
            rows: The rows.
            table: The name of the table.

        Raises:
            DestinationTerminalException: It did not go well, and would not if it were done again.
            DestinationTransientException: It may go better next time.
        """
        upsert = self._tables.get(table)
        if upsert is None:
            known = ", ".join(map(repr, self._tables)) or "none"
            raise self._terminal(
                f"the table {table!r} has no object type to be upserted to; add it to the tables of the "
                f"destination, which are {known}"
            )
        try:
            report = upsert(rows)
        except (
            RuntimeError,
            TypeError,
            ValueError,
        ) as error:  # The call is wrong, or the client closed.
            raise self._terminal(f"the table {table!r}: {error}") from error
        try:
            report.raise_for_rejections()
        except UpsertStopped as error:
            cause = report.stop and report.stop.error
            is_passing = cause is None or isinstance(cause, _MAY_PASS)
            kind = self._transient if is_passing else self._terminal
            # dlt shows the whole chain, and the message says it all.
            raise kind(f"the table {table!r}: {error}") from None
        except RejectedRecords as error:
            where = self._write(report, table)
            if self._fails:
                raise self._terminal(f"the table {table!r}: {error}{where}") from None
            _LOGGER.warning("the table %r: %s%s", table, error, where)

    def _write(self, report: UpsertReport, table: str) -> str:
        if self._rejects is None:
            return ""
        lines = [
            f"{to_json({'table': table, **outcome_as_json(outcome)})}\n"
            for outcome in report.having(Status.REJECTED, Status.UNKNOWN)
        ]
        with self._lock, self._rejects.open("a", encoding="utf-8", newline="\n") as file:
            file.writelines(lines)
        return f"; they are in {self._rejects}"


def _import_dlt(module: str) -> Any:
    try:
        # Its types are unknown unless it is installed.
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "dlt":
            raise
        package = __name__.partition(".")[0]
        distribution = next(
            iter(packages_distributions().get(package, ())), package.replace("_", "-")
        )
        problem = f"upsert_destination needs the library dlt: pip install '{distribution}[dlt]'"
    raise ImportError(problem)

"""What emitted resources call to upsert any number of records.

Cheap to import: everything that is needed to do it is loaded when it is first done.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeAlias, TypedDict, Unpack

from .._runtime.operation import Operation
from .roles import Roles

if TYPE_CHECKING:
    from .._runtime.async_connection import AsyncConnection
    from .._runtime.connection import Connection
    from .duplicates import Duplicates
    from .limiter import RateLimiter
    from .progress import ProgressCallback
    from .report import UpsertReport
    from .streams import AsyncOutcomeStream, OutcomeStream

Records: TypeAlias = Iterable[Mapping[str, Any]]
"""Records: each maps names of properties, the id property's among them, to values.

Values may be text, numbers, bools, dates, datetimes with a time zone, and lists of these. None and
not-a-number are left out, an empty text clears.
"""

AsyncRecords: TypeAlias = Records | AsyncIterable[Mapping[str, Any]]
"""Records that may have to be waited for."""

_NO_ARGUMENTS: Mapping[str, object] = MappingProxyType({})


@dataclass(frozen=True)
class BulkOperation:
    """An operation that upserts many records.

    Attributes:
        operation: The operation, which takes one batch.
        roles: Which fields of its bodies play which part.
        version: The API version; journals tell versions apart by it.
    """

    operation: Operation[Any]
    roles: Roles
    version: str = ""


class IterUpsertOptions(TypedDict, total=False):
    """The options of `iter_upsert`. All may be left out."""

    duplicates: Duplicates
    """What to do about several records with the same key: "error" (the default) rejects all but the
    first of the run, "first" merges them into it, "last" and "merge" send the last one, or the values of
    all, of each batch."""

    concurrency: int
    """How many requests may be in flight; 4 unless told otherwise."""

    limiter: RateLimiter | None
    """Gives a permit for each request. Without one, all bulk upserts of a client share a limiter that
    follows what the API's answers say."""

    time_budget: float | None
    """Seconds that all of it may take; no limit unless told. What is not sent by then is not sent at
    all. Within it, a request is tried again for as long as the client's own time budget says."""

    journal: str | os.PathLike[str] | None
    """A file that is told each batch before and after it is sent. The same call with the same records
    and journal sends only what is not known to be done."""

    progress: ProgressCallback | None
    """Called with a `Progress`, at most ten times a second and at the end."""


class UpsertOptions(IterUpsertOptions, total=False):
    """The options of `upsert`. All may be left out."""

    dry_run: bool
    """Whether only to plan: nothing is sent, and outcomes say what would be rejected or merged."""


def upsert(
    connection: Connection,
    bulk: BulkOperation,
    records: Records,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[UpsertOptions],
) -> UpsertReport:
    """Create or update any number of records.

    The source is read no further ahead than what is in flight. When the run is stopped, by an error that
    every record would meet, its time budget or Ctrl-C, nothing more is sent, what is in flight is waited
    for, and the source is read to its end, so that each record has an outcome. A second Ctrl-C neither
    waits nor reads.

    Args:
        connection: Sends the requests.
        bulk: What to call.
        records: The records.
        id_property: The property that finds records, if there are properties.
        path_arguments: The value of each path parameter.
        options: See `UpsertOptions`.

    Returns:
        What became of each record.

    Raises:
        TypeError: The records are no iterable of mappings, or there is no such option.
        ValueError: An argument cannot be used. Nothing was read.
        Exception: What the source, the journal, the limiter, the token or the callback raised. What was
            in flight has been waited for, and `attached.report_of` gives the report.
    """
    from .plan import Options
    from .starting import sync_driver

    driver = sync_driver(connection, bulk, records, id_property, path_arguments, Options(**options))
    return driver.report()


def iter_upsert(
    connection: Connection,
    bulk: BulkOperation,
    records: Records,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[IterUpsertOptions],
) -> OutcomeStream:
    """Create or update any number of records, in constant memory. Otherwise like `upsert`.

    What is raised is raised after the outcomes of all records that were read; Ctrl-C too.

    Args:
        connection: Sends the requests.
        bulk: What to call.
        records: The records.
        id_property: The property that finds records, if there are properties.
        path_arguments: The value of each path parameter.
        options: See `IterUpsertOptions`.

    Returns:
        What became of each record, as it becomes known, in the order of the records.

    Raises:
        TypeError: As for `upsert`.
        ValueError: As for `upsert`.
    """
    from .plan import Options
    from .starting import sync_driver
    from .streams import OutcomeStream

    driver = sync_driver(connection, bulk, records, id_property, path_arguments, Options(**options))
    return OutcomeStream(driver)


async def upsert_async(
    connection: AsyncConnection,
    bulk: BulkOperation,
    records: AsyncRecords,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[UpsertOptions],
) -> UpsertReport:
    """Create or update any number of records, asynchronously. Otherwise like `upsert`.

    When its task is cancelled, it does not wait for what is in flight, which is then unknown, and it
    returns the report instead of raising. A second cancellation ends the reading of the source as well.

    Args:
        connection: Sends the requests.
        bulk: What to call.
        records: The records.
        id_property: The property that finds records, if there are properties.
        path_arguments: The value of each path parameter.
        options: See `UpsertOptions`.

    Returns:
        What became of each record.

    Raises:
        TypeError: As for `upsert`.
        ValueError: As for `upsert`.
        Exception: As for `upsert`.
    """
    from .plan import Options
    from .starting import async_driver

    driver = async_driver(
        connection, bulk, records, id_property, path_arguments, Options(**options)
    )
    return await driver.report()


def iter_upsert_async(
    connection: AsyncConnection,
    bulk: BulkOperation,
    records: AsyncRecords,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[IterUpsertOptions],
) -> AsyncOutcomeStream:
    """Create or update any number of records, asynchronously, in constant memory.

    Otherwise like `iter_upsert`; but when the task that waits for an outcome is cancelled, it neither
    waits nor gives further outcomes.

    Args:
        connection: Sends the requests.
        bulk: What to call.
        records: The records.
        id_property: The property that finds records, if there are properties.
        path_arguments: The value of each path parameter.
        options: See `IterUpsertOptions`.

    Returns:
        What became of each record, as it becomes known, in the order of the records.

    Raises:
        TypeError: As for `upsert`.
        ValueError: As for `upsert`.
    """
    from .plan import Options
    from .starting import async_driver
    from .streams import AsyncOutcomeStream

    driver = async_driver(
        connection, bulk, records, id_property, path_arguments, Options(**options)
    )
    return AsyncOutcomeStream(driver)

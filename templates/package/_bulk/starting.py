"""From the arguments of a bulk upsert to what drives it, checked before anything is read or sent."""

from __future__ import annotations

import math
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from .._runtime.async_connection import AsyncConnection
from .._runtime.configuration import Configuration
from .._runtime.connection import Connection
from .._runtime.operation import Call
from .._runtime.request import build_request
from .async_driver import AsyncDriver, Source
from .conductor import Course
from .journal import JournalHeader
from .limiter import LocalRateLimiter, RateLimiter
from .plan import Options, Plan, check_id_property
from .sync_driver import SyncDriver

if TYPE_CHECKING:
    from .operation import AsyncRecords, BulkOperation, Records

T = TypeVar("T")


def sync_driver(
    connection: Connection,
    bulk: BulkOperation,
    records: Records,
    id_property: str | None,
    path_arguments: Mapping[str, object],
    options: Options,
) -> SyncDriver:
    """Make what drives a run; see `operation.upsert` for the arguments and what is raised."""
    limiter = options.limiter or connection.shared(LocalRateLimiter)
    course = _course(connection.configuration, bulk, id_property, path_arguments, options, limiter)
    return SyncDriver(connection, course, _iterator(records))


def async_driver(
    connection: AsyncConnection,
    bulk: BulkOperation,
    records: AsyncRecords,
    id_property: str | None,
    path_arguments: Mapping[str, object],
    options: Options,
) -> AsyncDriver:
    """Make what drives a run; see `operation.upsert_async` for the arguments and what is raised."""
    limiter = options.limiter or connection.shared(LocalRateLimiter)
    course = _course(connection.configuration, bulk, id_property, path_arguments, options, limiter)
    source: Source = aiter(records) if isinstance(records, AsyncIterable) else _iterator(records)
    return AsyncDriver(connection, course, source)


def _course(
    configuration: Configuration,
    bulk: BulkOperation,
    id_property: str | None,
    path_arguments: Mapping[str, object],
    options: Options,
    limiter: RateLimiter,
) -> Course:
    check_id_property(bulk.roles, id_property)
    call = Call(
        bulk.operation, path_arguments=path_arguments, content=b"", content_type="application/json"
    )
    request = build_request(configuration.base_url, call)
    patience = configuration.time_budget
    plan = Plan(
        operation=bulk.operation,
        roles=bulk.roles,
        id_property=id_property,
        duplicates=options.duplicates,
        concurrency=options.concurrency,
        patience=math.inf if patience is None else patience,
        time_budget=options.time_budget,
        dry_run=options.dry_run,
    )
    header = JournalHeader(
        operation=bulk.operation.name,
        version=bulk.version,
        path=request.url.removeprefix(configuration.base_url),
        id_property=id_property,
        maximum=bulk.roles.maximum,
        duplicates=options.duplicates,
        base_url=configuration.base_url,
    )
    return Course(plan, options, limiter, request, header)


def _iterator(records: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    # Both can be iterated over, and neither gives records.
    if isinstance(records, (str, bytes, Mapping)):
        raise TypeError(
            "records must be an iterable of mappings, such as a list of dicts; for a single record, "
            "give a list with that record"
        )
    return iter(records)

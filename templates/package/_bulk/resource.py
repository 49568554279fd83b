"""What emitted resources call to upsert any number of records, and the bases that do it for most of them.

Cheap to import: everything that is needed to do it is loaded when it is first done.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import update_wrapper
from types import FunctionType, MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, TypeAlias, TypedDict, Unpack

from .._runtime.client import AsyncResource, SyncResource
from .._runtime.operation import Call, Operation
from .._runtime.roles import Roles
from .jobs import JobOperations
from .request_body import Arguments, RequestBody

if TYPE_CHECKING:
    from datetime import tzinfo

    from .._properties.files import ObjectProperties
    from .._runtime.connection import AsyncConnection, Connection
    from .async_driver import AsyncOutcomeStream
    from .duplicates import Duplicates
    from .limiter import RateLimiter
    from .progress import ProgressCallback
    from .property_check import UnknownOptions
    from .report import UpsertReport
    from .setup import RunSetup
    from .sync_driver import OutcomeStream
    from .values import Null

Records: TypeAlias = Iterable[Mapping[str, Any]]
"""Records: each maps names of properties, the id property's among them, to values.

Values may be text, numbers, bools, dates, datetimes with a time zone, lists of these, and what has a plain
text, such as a UUID. None and not-a-number are missing: see the option `null`. An empty text or list clears.
Rows of databases and tables, data classes, named tuples and models of pydantic are records as well.
"""

AsyncRecords: TypeAlias = Records | AsyncIterable[Mapping[str, Any]]
"""Records that may have to be waited for."""

_NO_ARGUMENTS: Mapping[str, object] = MappingProxyType({})
_NO_OTHERS = Arguments()


@dataclass(frozen=True)
class BulkOperation:
    """An operation that upserts many records.

    Attributes:
        operation: The operation, which takes one batch.
        roles: Which fields of its bodies play which part.
        version: The API version; journals tell versions apart by it.
        keys: The unique properties that every account has, as far as the specification names any.
        aliases: What else object types are called, by their names.
        jobs: What tells of the jobs that write the records, if the roles have a job that operations tell of.
        body: What the body of a request is made of besides records.
        record: The type of an input, which records are checked against; None if all that an input holds
            is text.
        constants: What each input holds, whatever the record.
    """

    operation: Operation[Any]
    roles: Roles
    version: str = ""
    keys: tuple[str, ...] = ()
    aliases: Mapping[str, tuple[str, ...]] = field(
        default_factory=dict[str, tuple[str, ...]], hash=False
    )
    jobs: JobOperations | None = field(default=None, hash=False)
    body: RequestBody = field(default_factory=RequestBody)
    record: Any = field(default=None, hash=False)
    constants: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)


class UpsertOptions(TypedDict, total=False):
    """The options of `upsert` and `iter_upsert`. All may be left out."""

    duplicates: Duplicates
    """What to do about several records with the same key: "error" (the default) rejects all but the
    first of the run, "first" merges them into it, "last" and "merge" send the last one, or the values of
    all, of each batch."""

    null: Null
    """What to do about a value that is missing (None, not-a-number, or a list of nothing else): "leave" the
    property as it is (the default), or "clear" it."""

    timezone: str | tzinfo | None
    """The time zone of datetimes that have none, or its name. Without it, records with such are rejected."""

    properties: ObjectProperties | str | os.PathLike[str] | None
    """The properties of the account, or the file or folder that holds them. Records that do not fit are
    rejected before a request is spent on them, with the codes of the API."""

    unknown_options: UnknownOptions
    """What to do about a value that is none of the options in `properties`: "reject" the record (the
    default), or "send" it, as the account may have new ones."""

    convert: bool
    """Whether values become what `properties` take, such as labels of options their values, and dates
    text. Otherwise a value whose text would mean something else is rejected."""

    locale: str | None
    """How numbers and dates in texts are written that are converted, such as "de"."""

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

    state: str | os.PathLike[str] | None
    """A file that remembers, as digests, what was accepted for each key. Records that are sent as they
    were accepted last are `unchanged`, and not sent. It knows nothing of what is changed in any other
    way, and one file is for one account, object type and id property."""

    full: bool
    """Whether to send what is unchanged as well, and make the state anew."""

    progress: ProgressCallback | None
    """Called with a `Progress`, at most ten times a second and at the end."""

    start_at: int
    """The index of the first record that is sent, such as the `resume_at` of a run that was stopped. Those
    before it are read, and have no outcome."""

    retry_rejected: bool
    """Whether records that a journal knows as rejected are sent again; otherwise their outcomes say that
    these are remembered."""

    only_failed: bool
    """Whether only records are sent that a journal knows as rejected or unknown."""

    dry_run: bool
    """Whether only to plan: nothing is sent, and outcomes say what would be rejected or merged."""


def upsert(
    connection: Connection,
    bulk: BulkOperation,
    records: Records,
    arguments: Arguments = _NO_OTHERS,
    /,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[UpsertOptions],
) -> UpsertReport:
    """Do what `BulkMethods.upsert` says, whatever the operation takes.

    Args:
        connection: Sends the requests.
        bulk: What to call.
        records: The records.
        arguments: What a request takes besides, outside of the path.
        id_property: The property that finds records, if there are properties.
        path_arguments: The value of each path parameter.
        options: See `UpsertOptions`.

    Returns:
        What became of each record.

    Raises:
        TypeError: As for `BulkMethods.upsert`.
        ValueError: As for `BulkMethods.upsert`.
        Exception: As for `BulkMethods.upsert`.
    """
    from .sync_driver import SyncDriver

    setup = _setup("upsert", connection, bulk, arguments, id_property, path_arguments, options)
    return SyncDriver(connection, setup, records).report()


def iter_upsert(
    connection: Connection,
    bulk: BulkOperation,
    records: Records,
    arguments: Arguments = _NO_OTHERS,
    /,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[UpsertOptions],
) -> OutcomeStream:
    """Do what `BulkMethods.iter_upsert` says. Otherwise like `upsert`."""
    from .sync_driver import OutcomeStream, SyncDriver

    setup = _setup("iter_upsert", connection, bulk, arguments, id_property, path_arguments, options)
    return OutcomeStream(SyncDriver(connection, setup, records))


async def upsert_async(
    connection: AsyncConnection,
    bulk: BulkOperation,
    records: AsyncRecords,
    arguments: Arguments = _NO_OTHERS,
    /,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[UpsertOptions],
) -> UpsertReport:
    """Do what `BulkMethods.upsert` says, asynchronously. Otherwise like `upsert`."""
    from .async_driver import AsyncDriver

    setup = _setup("upsert", connection, bulk, arguments, id_property, path_arguments, options)
    return await AsyncDriver(connection, setup, records).report()


def iter_upsert_async(
    connection: AsyncConnection,
    bulk: BulkOperation,
    records: AsyncRecords,
    arguments: Arguments = _NO_OTHERS,
    /,
    *,
    id_property: str | None = None,
    path_arguments: Mapping[str, object] = _NO_ARGUMENTS,
    **options: Unpack[UpsertOptions],
) -> AsyncOutcomeStream:
    """Do what `BulkMethods.iter_upsert` says, asynchronously. Otherwise like `upsert`."""
    from .async_driver import AsyncDriver, AsyncOutcomeStream

    setup = _setup("iter_upsert", connection, bulk, arguments, id_property, path_arguments, options)
    return AsyncOutcomeStream(AsyncDriver(connection, setup, records))


class BulkMethods:
    """What the bulk methods do, however they wait: the bases below inherit what is said of them."""

    _BULK: ClassVar[BulkOperation]
    """What is called for each batch."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        for name in ("upsert", "iter_upsert") if "_BULK" in cls.__dict__ else ():
            if name not in cls.__dict__:
                setattr(cls, name, _with_keys(getattr(cls, name), name, cls._BULK.keys))

    def upsert(self, records: Any, *, id_property: str, **options: Unpack[UpsertOptions]) -> Any:
        """Create or update any number of records, and report what became of each.

        They are sent in batches; what may be sent again is, and a batch that is refused because of some
        of its records is divided until these are alone.

        Little of the source is read ahead: what is in flight, waits for another attempt, or is
        unchanged. When the run is stopped, by an error that every record would meet or its time budget,
        nothing more is sent, what is in flight is waited for, and the source is read to its end, so that
        each record has an outcome. After Ctrl-C
        nothing is read, either; a second Ctrl-C does not wait. When the task of an asynchronous upsert
        is cancelled, it does not wait for what is in flight, which is then unknown.

        Args:
            records: The records: mappings of the names of properties to their values. For an
                asynchronous client they may be an asynchronous iterable.
            id_property: The property, with unique values, that finds a record: one that every account
                has, which the help of an object type names, or one of the account's own.
            options: All may be left out; `bulk.UpsertOptions` says more of each.
                duplicates: Records with the same key: "error" (the default), "first", "last", "merge".
                null: Values that are missing: "leave" (the default) or "clear" the property.
                timezone: The time zone of datetimes that have none.
                properties: The account's properties, or their file: what does not fit is not sent.
                unknown_options: What is no known option: "reject" (the default) or "send" it.
                convert: Whether values become what the properties take.
                locale: How texts are written that are converted.
                concurrency: How many requests may be in flight.
                limiter: Gives a permit for each request.
                time_budget: Seconds that all of it may take.
                journal: A file to resume from.
                state: A file that remembers what was accepted, so that only what differs is sent.
                full: Whether to send what is unchanged as well.
                progress: Called with a `Progress`.
                start_at: The index of the first record that is sent.
                retry_rejected: Whether to send again what a journal knows as rejected.
                only_failed: Whether to send only what a journal knows as rejected or unknown.
                dry_run: Whether only to plan.

        Returns:
            One outcome for each record, in their order.

        Raises:
            TypeError: The records are no iterable of mappings, or there is no such option; nothing was
                sent.
            ValueError: An argument has a value that cannot be used; nothing was read: `PropertiesError`
                if that are the properties, or the id property is no unique one of them. Or `start_at` is
                beyond the end of the records (`bulk.StartBeyondEnd`); nothing was sent.
            Exception: What the source, the journal, the limiter, the token or the callback raised. What
                was in flight has been waited for, and `bulk.report_of` gives the report.
            BaseException: Ctrl-C (KeyboardInterrupt) and cancellation (asyncio.CancelledError), when all
                is in order, with the report as `error.report`. Where a timeout makes TimeoutError of
                it, `bulk.report_of` finds the report.
        """
        raise NotImplementedError

    def iter_upsert(
        self, records: Any, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> Any:
        """Create or update any number of records, and give the outcome of each as soon as it is known.

        As `upsert`, in little memory however many records there are. Close what is returned, or use it
        in a `with` statement (`async with` for an asynchronous client), if not all outcomes are taken.
        What is raised is raised after the outcomes of all records that were read; Ctrl-C too. But when
        the task that waits for an outcome is cancelled, nothing is waited for, and no outcome follows:
        the report that the exception carries has those that are left.

        Args:
            records: The records: mappings of the names of properties to their values. For an
                asynchronous client they may be an asynchronous iterable.
            id_property: The property, with unique values, that finds a record.
            options: As for `upsert`.

        Returns:
            The outcomes, in the order of the records.

        Raises:
            TypeError: As for `upsert`.
            ValueError: As for `upsert`.
            Exception: As for `upsert`.
        """
        raise NotImplementedError


class UpsertResource(BulkMethods, SyncResource):
    """Base of the object types of a synchronous client whose records the caller finds by a property."""

    def upsert(
        self, records: Records, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> UpsertReport:
        return upsert(self._connection, self._BULK, records, id_property=id_property, **options)

    def iter_upsert(
        self, records: Records, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> OutcomeStream:
        return iter_upsert(
            self._connection, self._BULK, records, id_property=id_property, **options
        )


class AsyncUpsertResource(BulkMethods, AsyncResource):
    """Base of the object types of an asynchronous client whose records are found by a property."""

    async def upsert(
        self, records: AsyncRecords, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> UpsertReport:
        return await upsert_async(
            self._connection, self._BULK, records, id_property=id_property, **options
        )

    def iter_upsert(
        self, records: AsyncRecords, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> AsyncOutcomeStream:
        return iter_upsert_async(
            self._connection, self._BULK, records, id_property=id_property, **options
        )


def _with_keys(method: FunctionType, name: str, keys: tuple[str, ...]) -> FunctionType:
    """Copy a bulk method for an object type, so that its help names the keys of that."""
    copy = FunctionType(method.__code__, method.__globals__, name, None, method.__closure__)
    update_wrapper(copy, method)
    copy.__kwdefaults__ = method.__kwdefaults__
    del vars(copy)["__wrapped__"]  # Otherwise `help` looks there.
    said = getattr(BulkMethods, name).__doc__
    if said:  # Python leaves docstrings out where it is told to.
        summary, rest = said.split("\n\n", 1)
        copy.__doc__ = f"{summary}\n\n        {_told(keys)}\n\n{rest}"
    return copy


def _told(keys: tuple[str, ...]) -> str:
    own = "a property of the account's own whose values are unique"
    if keys:
        return f"Records are found by {', '.join(map('`{}`'.format, keys))}, or by {own}."
    return f"Records are found by {own}: none is known that\n        every account has."


def _setup(
    method: str,
    connection: Connection | AsyncConnection,
    bulk: BulkOperation,
    arguments: Arguments,
    id_property: str | None,
    path_arguments: Mapping[str, object],
    options: UpsertOptions,
) -> RunSetup:
    from .setup import Options, RunSetup

    query, headers, fields = arguments
    call = Call(bulk.operation, path_arguments, query, headers, b"", bulk.body.media_type)
    return RunSetup.of(
        connection,
        bulk.operation,
        bulk.roles,
        bulk.version,
        id_property,
        call,
        Options.of(method, options),
        bulk.aliases,
        bulk.body,
        fields,
        bulk.jobs,
        bulk.record,
        bulk.constants,
    )

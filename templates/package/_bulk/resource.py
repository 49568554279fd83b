"""The bases of object types whose records are found by a property that the caller names.

Cheap to import, as `operation` is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Unpack

from .._runtime.resource import AsyncResource, SyncResource
from .operation import (
    AsyncRecords,
    BulkOperation,
    IterUpsertOptions,
    Records,
    UpsertOptions,
    iter_upsert,
    iter_upsert_async,
    upsert,
    upsert_async,
)

if TYPE_CHECKING:
    from .report import UpsertReport
    from .streams import AsyncOutcomeStream, OutcomeStream


class UpsertResource(SyncResource):
    """Base of the object types of a synchronous client that upsert any number of records."""

    _BULK: ClassVar[BulkOperation]
    """What is called for each batch."""

    def upsert(
        self, records: Records, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> UpsertReport:
        """Create or update any number of records, and report what became of each.

        They are sent in batches; what may be sent again is, and a batch that is refused because of some
        of its records is divided until these are alone.

        Args:
            records: The records: mappings of the names of properties to their values.
            id_property: The property, with unique values, that finds a record.
            options: See `UpsertOptions`.

        Returns:
            One outcome for each record, in their order.

        Raises:
            TypeError: An option is of a wrong type; nothing was sent.
            ValueError: An option has a wrong value; nothing was sent.
        """
        return upsert(self._connection, self._BULK, records, id_property=id_property, **options)

    def iter_upsert(
        self, records: Records, *, id_property: str, **options: Unpack[IterUpsertOptions]
    ) -> OutcomeStream:
        """Create or update any number of records, and give the outcome of each as soon as it is known.

        As `upsert`, in little memory however many records there are. Close what is returned, or use
        it in a `with` statement, if not all outcomes are taken.

        Args:
            records: The records: mappings of the names of properties to their values.
            id_property: The property, with unique values, that finds a record.
            options: See `IterUpsertOptions`.

        Returns:
            The outcomes, in the order of the records.

        Raises:
            TypeError: An option is of a wrong type; nothing was sent.
            ValueError: An option has a wrong value; nothing was sent.
        """
        return iter_upsert(
            self._connection, self._BULK, records, id_property=id_property, **options
        )


class AsyncUpsertResource(AsyncResource):
    """Base of the object types of an asynchronous client that upsert any number of records."""

    _BULK: ClassVar[BulkOperation]
    """What is called for each batch."""

    async def upsert(
        self, records: AsyncRecords, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> UpsertReport:
        """Create or update any number of records, and report what became of each.

        They are sent in batches; what may be sent again is, and a batch that is refused because of some
        of its records is divided until these are alone.

        Args:
            records: The records: mappings of the names of properties to their values. They may be an
                asynchronous iterable.
            id_property: The property, with unique values, that finds a record.
            options: See `UpsertOptions`.

        Returns:
            One outcome for each record, in their order.

        Raises:
            TypeError: An option is of a wrong type; nothing was sent.
            ValueError: An option has a wrong value; nothing was sent.
        """
        return await upsert_async(
            self._connection, self._BULK, records, id_property=id_property, **options
        )

    def iter_upsert(
        self, records: AsyncRecords, *, id_property: str, **options: Unpack[IterUpsertOptions]
    ) -> AsyncOutcomeStream:
        """Create or update any number of records, and give the outcome of each as soon as it is known.

        As `upsert`, in little memory however many records there are. Close what is returned, or use
        it in an `async with` statement, if not all outcomes are taken.

        Args:
            records: The records: mappings of the names of properties to their values. They may be an
                asynchronous iterable.
            id_property: The property, with unique values, that finds a record.
            options: See `IterUpsertOptions`.

        Returns:
            The outcomes, in the order of the records.

        Raises:
            TypeError: An option is of a wrong type; nothing was sent.
            ValueError: An option has a wrong value; nothing was sent.
        """
        return iter_upsert_async(
            self._connection, self._BULK, records, id_property=id_property, **options
        )

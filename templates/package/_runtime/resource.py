"""The bases of resources, which group the operations of one kind of object."""

from __future__ import annotations

from .async_connection import AsyncConnection
from .connection import Connection


class SyncResource:
    """Base of the resources of a synchronous client.

    Args:
        connection: Sends the calls.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection


class AsyncResource:
    """Base of the resources of an asynchronous client.

    Args:
        connection: Sends the calls.
    """

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

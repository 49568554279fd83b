"""A running sandbox, for tests and for the command line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, TypeVar
from urllib.parse import quote

from .._properties.declarations import from_json
from .._runtime.security import BEARER, SecurityScheme
from .account import Account, Options, record_json
from .errors import NotFoundError, SandboxError, StoreError, how_to_install
from .request_log import RequestEntry
from .seeding import seed, seed_of

if TYPE_CHECKING:
    from .guard import Guard
    from .server import Server
    from .store import Record, Snapshot
    from .worker import Worker

C = TypeVar("C")

_OPENS_NOTHING_ELSE = "sandbox-token"
_PAGE = 1000


@dataclass(frozen=True)
class _Running:
    """What there is from start to stop."""

    account: Account
    guard: Guard
    worker: Worker
    server: Server


class Sandbox:
    """A sandbox in a thread of this process, on a real socket.

    Use it as a context manager, or call `start` and `stop`. Without a database, every start begins
    with no records.

    Args:
        options: How it is set up; None for what is usual.
        host: The address to listen on.
        port: The port to listen on; 0 for any that is free.
    """

    def __init__(
        self, options: Options | None = None, *, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        self.options = options if options is not None else Options()
        self._host = host
        self._port = port
        self._running: _Running | None = None

    def __repr__(self) -> str:
        where = "not running" if self._running is None else self.url
        return f"<{type(self).__name__} {where}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:54321`; the base URL for clients.

        Raises:
            SandboxError: It is not running.
        """
        return self._run().server.url

    @property
    def admin_token(self) -> str | None:
        """What requests below `/_sandbox` need as their bearer token; None if they need none.

        Raises:
            SandboxError: It is not running.
        """
        return self._run().guard.admin_token

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach it.

        Raises:
            SandboxError: It is not running.
        """
        return self._run().guard.is_local

    @property
    def page_url(self) -> str:
        """Where a browser finds the page, with the token that it needs.

        Raises:
            SandboxError: It is not running.
        """
        token = self.admin_token
        return f"{self.url}/" if token is None else f"{self.url}/#token={quote(token, safe='')}"

    def start(self) -> None:
        """Start to listen. When this returns, requests are answered.

        Raises:
            SandboxError: The address cannot be listened on, the database or the declared properties
                or the records to begin with cannot be used, a package is not installed, or it is running
                already.
        """
        if self._running is not None:
            raise SandboxError(f"the sandbox is running already, at {self.url}")
        try:
            # Only here, because they are slow to import and may not be installed.
            from .application import create_application
            from .guard import Guard
            from .server import Server, bind
            from .worker import Worker
        except ModuleNotFoundError as error:
            told = how_to_install(error)
            if told is None:
                raise
            raise told from None
        with contextlib.ExitStack() as undo:
            bound = undo.enter_context(bind(self._host, self._port))
            options, address = self.options, bound.getsockname()[0]
            guard = Guard(self._host, address, options.allowed_hosts, options.admin_token)
            account = Account(options)
            undo.callback(account.store.close)
            for object_type, file in map(seed_of, options.seeds):
                seed(account, object_type, file)
            worker = Worker()
            undo.callback(worker.stop)
            server = Server(create_application(account, guard, worker), bound)
            self._running = _Running(account, guard, worker, server)
            undo.pop_all()

    def stop(self) -> None:
        """Stop listening, and end what is still being answered. Stopping twice does nothing."""
        running, self._running = self._running, None
        if running is not None:
            running.server.ask_to_stop()
            try:
                running.server.wait()
            finally:
                running.worker.stop()
                running.account.store.close()

    def ask_to_stop(self) -> None:
        """Let `wait` return soon. May be called from anywhere, also from a handler of signals."""
        running = self._running  # Another thread may be stopping it.
        if running is not None:
            running.server.ask_to_stop()

    def wait(self) -> None:
        """Wait until somebody asked to stop. The sandbox then answers no more; `stop` it.

        Raises:
            SandboxError: It is not running.
        """
        self._run().server.wait()

    def client(
        self, kind: Callable[..., C], token: str | Mapping[str, str] | None = None, **options: Any
    ) -> C:
        """Make a client that points here. Whoever asks for it closes it.

        Args:
            kind: The client's class, of any version, synchronous or asynchronous.
            token: Its token, or one for each security scheme; None for the first ones that are accepted.
            options: Further arguments of the class.

        Returns:
            The client.

        Raises:
            SandboxError: It is not running.
        """
        if token is None:
            schemes: tuple[SecurityScheme, ...] = getattr(kind, "_SCHEMES", ())
            tokens = {one.name: self._token(one) for one in schemes}
            token = tokens if len(tokens) > 1 else next(iter(tokens.values()), self._token())
        return kind(token, base_url=self.url, **options)

    def _token(self, scheme: SecurityScheme = BEARER) -> str:
        accepted = (one for one in self.options.tokens if ":" in one or not scheme.is_basic)
        return next(
            accepted, f"user:{_OPENS_NOTHING_ELSE}" if scheme.is_basic else _OPENS_NOTHING_ELSE
        )

    def declare(self, object_type: str, **properties: Mapping[str, Any] | None) -> None:
        """Declare properties, such as `declare("tasks", my_key={"unique": True}, note={})`.

        Args:
            object_type: What has them.
            properties: By name what is not as usual: `type`, `unique`, `read_only`, `options`, `multiple`.

        Raises:
            SandboxError: A declaration makes no sense, or contradicts what is stored.
        """
        account = self._run().account
        label = account.label_of(object_type)
        try:
            account.store.declare(label, [from_json(*each) for each in properties.items()])
        except (StoreError, ValueError) as error:
            raise SandboxError(f"{label}: {error}") from error

    def seed(self, object_type: str, source: str | Path | Iterable[Mapping[str, Any]]) -> int:
        """Create records, or change those that have the same value of a unique property: all, or none.

        Values are checked as those of requests are, but read-only ones may be given. `requests`, limits
        and faults know nothing of it.

        Args:
            object_type: What they are.
            source: The records, each its values by property; or a file of them: CSV, JSON or JSON Lines.
                Empty cells of a CSV file and None are no values.

        Returns:
            How many records they were.

        Raises:
            SandboxError: The file cannot be read, or a record is wrong; the message says which.
        """
        return seed(self._run().account, object_type, source)

    def snapshot(self) -> Snapshot:
        """Give the records and declared properties as they are now, to be restored later."""
        return self._run().account.store.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Put records and declared properties back, remove requests and faults, and count anew.

        Args:
            snapshot: What `snapshot` gave, of this sandbox or another one.
        """
        self._run().account.restore(snapshot)

    def records(self, object_type: str) -> list[dict[str, Any]]:
        """Give all records of an object type, in the order in which they were created.

        Args:
            object_type: Its name.

        Raises:
            SandboxError: There is no such object type.
        """
        store, label = self._run().account.store, self._type(object_type)
        found: list[Record] = []
        while page := store.page(label, after=found[-1].id if found else 0, limit=_PAGE):
            found += page
        return [record_json(record) for record in found]

    def record(
        self, object_type: str, id: str, id_property: str | None = None
    ) -> dict[str, Any] | None:
        """Give a record.

        Args:
            object_type: Its object type.
            id: Its id, or its value of `id_property`.
            id_property: A property with unique values; None for the record's own id.

        Returns:
            The record, or None if there is none.

        Raises:
            SandboxError: There is no such object type, or it has no such property with unique values.
        """
        account, label = self._run().account, self._type(object_type)
        try:
            return record_json(account.record(label, id, id_property))
        except NotFoundError:
            return None

    def count(self, object_type: str) -> int:
        """Count the records of an object type.

        Args:
            object_type: Its name.

        Raises:
            SandboxError: There is no such object type.
        """
        return self._run().account.store.count(self._type(object_type))

    def fail(self, fault: str, *, times: int = 1, resource: str | None = None) -> None:
        """Let something go wrong with the next requests.

        Args:
            fault: What, such as `reset-after` or `server;status=503`.
            times: For how many requests.
            resource: The resource whose requests meet it, such as `items`; None for any.

        Raises:
            SandboxError: There is no such fault or resource.
        """
        self._run().account.add_fault(fault, times, resource)

    def lock(self, seconds: float | None = None) -> None:
        """Lock the account.

        Args:
            seconds: For how long; None for as long as the API does.
        """
        self._run().account.limits.lock(seconds)

    @property
    def requests(self) -> list[RequestEntry]:
        """The last requests, what they sent and what became of them, oldest first.

        At least 200 are remembered, and `Options.keep_bodies` of them with their bodies.
        """
        return list(self._run().account.requests.entries())

    def reset(self) -> None:
        """Remove all records, requests and faults, and start to count anew. Properties stay."""
        self._run().account.reset()

    def _run(self) -> _Running:
        if self._running is None:
            raise SandboxError(
                "the sandbox is not running; start it, or use it in a with statement"
            )
        return self._running

    def _type(self, asked: str) -> str:
        account = self._run().account
        try:
            return account.known_type(asked)
        except NotFoundError:
            if account.options.create_properties:
                return asked  # It comes to be with its first record.
            raise

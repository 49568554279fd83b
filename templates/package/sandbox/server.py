"""A running sandbox, for tests and for the command line."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self, TypeVar

from .connections import Connections
from .faults import FaultError, parse_fault
from .installation import how_to_install
from .options import Options
from .starting import SandboxError, bind, new_state, url_of

if TYPE_CHECKING:
    from .listening import Listener
    from .state import RequestEntry, State
    from .store import Record

__all__ = ["Sandbox", "SandboxError"]

C = TypeVar("C")

_OPENS_NOTHING_ELSE = "sandbox-token"
_PAGE = 1000
_NOT_FOUND = 404


@dataclass(frozen=True)
class _Running:
    """What there is from start to stop."""

    url: str
    state: State
    listener: Listener


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
        where = "not running" if self._running is None else self._running.url
        return f"<{type(self).__name__} {where}>"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Where it listens, such as `http://127.0.0.1:54321`; the base URL for clients.

        Raises:
            SandboxError: It is not running.
        """
        return self._run().url

    def start(self) -> None:
        """Start to listen. When this returns, requests are answered.

        Raises:
            SandboxError: The address cannot be listened on, the database or the declared properties
                cannot be used, a package is not installed, or it is running already.
        """
        if self._running is not None:
            raise SandboxError(f"the sandbox is running already, at {self._running.url}")
        with contextlib.ExitStack() as undo:
            bound = undo.enter_context(bind(self._host, self._port))
            url = url_of(bound)
            try:
                # Only here, because they are slow to import and may not be installed.
                from .application import create_application
                from .listening import Listener
            except ModuleNotFoundError as error:
                line = how_to_install(error)
                if line is None:
                    raise
                raise SandboxError(line) from None
            state = new_state(self.options)
            undo.callback(state.store.close)
            connections = Connections()
            listener = Listener(create_application(state, connections), connections, bound)
            self._running = _Running(url, state, listener)
            undo.pop_all()

    def stop(self) -> None:
        """Stop listening, and end what is still being answered. Stopping twice does nothing."""
        running, self._running = self._running, None
        if running is not None:
            running.listener.ask_to_stop()
            try:
                running.listener.wait()
            finally:
                running.state.store.close()

    def ask_to_stop(self) -> None:
        """Let `wait` return soon. May be called from anywhere, also from a handler of signals."""
        if self._running is not None:
            self._running.listener.ask_to_stop()

    def wait(self) -> None:
        """Wait until somebody asked to stop. The sandbox then answers no more; `stop` it.

        Raises:
            SandboxError: It is not running.
        """
        self._run().listener.wait()

    def client(self, kind: Callable[..., C], token: str | None = None, **options: Any) -> C:
        """Make a client that points here. Whoever asks for it closes it.

        Args:
            kind: The client's class, of any version, synchronous or asynchronous.
            token: Its token; None for the first one that is accepted.
            options: Further arguments of the class.

        Returns:
            The client.

        Raises:
            SandboxError: It is not running.
        """
        if token is None:
            token = next(iter(self.options.tokens), _OPENS_NOTHING_ELSE)
        return kind(token, base_url=self.url, **options)

    def declare(self, object_type: str, **properties: Mapping[str, Any] | None) -> None:
        """Declare properties, such as `declare("tasks", my_key={"unique": True}, note={})`.

        Args:
            object_type: What has them.
            properties: By name what is not as usual: `type`, `unique`, `read_only`, `options`, `multiple`.

        Raises:
            SandboxError: A declaration makes no sense, or contradicts what is stored.
        """
        from .properties import from_json
        from .store import StoreError

        state = self._run().state
        object_type = state.contract.object_types.get(object_type, object_type)
        try:
            state.store.declare(object_type, [from_json(*each) for each in properties.items()])
        except (StoreError, ValueError) as error:
            raise SandboxError(f"{object_type}: {error}") from error

    def records(self, object_type: str) -> list[dict[str, Any]]:
        """Give all records of an object type, in the order in which they were created.

        Args:
            object_type: Its name.

        Raises:
            SandboxError: There is no such object type.
        """
        from .readback import record_body

        store, object_type = self._run().state.store, self._type(object_type)
        found: list[Record] = []
        while page := store.page(object_type, after=found[-1].id if found else 0, limit=_PAGE):
            found += page
        return [record_body(record) for record in found]

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
        from .inputs import Problem
        from .readback import find_record, record_body

        state = self._run().state
        try:
            return record_body(find_record(state, self._type(object_type), id, id_property))
        except Problem as problem:
            if problem.status == _NOT_FOUND:
                return None
            raise SandboxError(problem.message) from None

    def count(self, object_type: str) -> int:
        """Count the records of an object type.

        Args:
            object_type: Its name.

        Raises:
            SandboxError: There is no such object type.
        """
        return self._run().state.store.count(self._type(object_type))

    def fail(self, fault: str, *, times: int = 1, resource: str | None = None) -> None:
        """Let something go wrong with the next requests.

        Args:
            fault: What, such as `reset-after` or `server;status=503`.
            times: For how many requests.
            resource: The resource whose requests meet it, such as `contacts`; None for any.

        Raises:
            SandboxError: There is no such fault or resource.
        """
        from .properties import expected

        state = self._run().state
        known = {operation.resource for operation in state.contract.operations}
        if resource is not None and resource not in known:
            raise SandboxError(f"there is no resource {resource!r}; {expected(resource, known)}")
        try:
            state.faults.add(parse_fault(fault), times=times, operation=resource)
        except FaultError as error:
            raise SandboxError(str(error)) from None

    def lock(self, seconds: float | None = None) -> None:
        """Lock the account.

        Args:
            seconds: For how long; None for as long as the API does.
        """
        self._run().state.limits.lock(seconds)

    @property
    def requests(self) -> list[RequestEntry]:
        """The last requests and what became of them, oldest first."""
        return list(self._run().state.requests)

    def reset(self) -> None:
        """Remove all records, requests and faults, and start to count anew. Properties stay."""
        self._run().state.reset()

    def _run(self) -> _Running:
        if self._running is None:
            raise SandboxError(
                "the sandbox is not running; start it, or use it in a with statement"
            )
        return self._running

    def _type(self, asked: str) -> str:
        from .inputs import Problem
        from .readback import known_type

        state = self._run().state
        try:
            return known_type(state, asked)
        except Problem as problem:
            if state.options.create_properties:
                return asked  # It comes to be with its first record.
            raise SandboxError(problem.message) from None

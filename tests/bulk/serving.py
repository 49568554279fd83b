"""The simulated server on a real socket, and clients for it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from package._bulk.operation import (
    AsyncRecords,
    IterUpsertOptions,
    Records,
    UpsertOptions,
    iter_upsert,
    iter_upsert_async,
    upsert,
    upsert_async,
)
from package._bulk.report import UpsertReport
from package._bulk.streams import AsyncOutcomeStream, OutcomeStream
from package._runtime.answer import Answer
from package._runtime.client import AsyncClientBase, SyncClient
from package._runtime.resource import AsyncResource, SyncResource
from typing_extensions import Unpack

from tests.bulk.contacts import BULK, Contacts

TOKEN = "pat-secret-0123456789"
PATIENCE = 60.0


class ContactsServer:
    """Answers as `Contacts` does.

    Attributes:
        contacts: What is stored, and what was asked for.
        faults: The fault of each request, in order; none when they are used up.
        hold: While this is clear, requests wait before they are answered.
        arrived: Counts the requests.
        respond: Answers in place of `contacts` if it returns something.
    """

    def __init__(self) -> None:
        self.contacts = Contacts()
        self.faults: list[str | None] = []
        self.hold = threading.Event()
        self.hold.set()
        self.arrived = threading.Semaphore(0)
        self.respond: Callable[[bytes], Answer | None] = lambda body: None
        self.paths: list[str] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.paths.append(self.path)
                outer.arrived.release()
                outer.hold.wait(PATIENCE)
                with outer._lock:
                    fault = outer.faults.pop(0) if outer.faults else None
                    given = outer.respond(body) or outer.contacts.answer(body, fault)
                if not isinstance(given, Answer):
                    self.close_connection = True
                    return
                head = f"HTTP/1.1 {given.status} X\r\nContent-Length: {len(given.content)}\r\n"
                more = "".join(f"{name}: {value}\r\n" for name, value in given.headers.items())
                self.wfile.write(f"{head}{more}\r\n".encode() + given.content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.handle_error = lambda request, client_address: None  # type: ignore[method-assign]
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def wait_for(self, requests: int) -> None:
        """Wait until so many further requests have arrived."""
        for _ in range(requests):
            assert self.arrived.acquire(timeout=PATIENCE), "the request did not come"

    def close(self) -> None:
        self.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


class Resource(SyncResource):
    def upsert(
        self, records: Records, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> UpsertReport:
        return upsert(self._connection, BULK, records, id_property=id_property, **options)

    def iter_upsert(
        self, records: Records, *, id_property: str, **options: Unpack[IterUpsertOptions]
    ) -> OutcomeStream:
        return iter_upsert(self._connection, BULK, records, id_property=id_property, **options)


class AsyncContactsResource(AsyncResource):
    async def upsert(
        self, records: AsyncRecords, *, id_property: str, **options: Unpack[UpsertOptions]
    ) -> UpsertReport:
        return await upsert_async(
            self._connection, BULK, records, id_property=id_property, **options
        )

    def iter_upsert(
        self, records: AsyncRecords, *, id_property: str, **options: Unpack[IterUpsertOptions]
    ) -> AsyncOutcomeStream:
        return iter_upsert_async(
            self._connection, BULK, records, id_property=id_property, **options
        )


class Client(SyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def contacts(self) -> Resource:
        return Resource(self._connection)


class AsyncClient(AsyncClientBase):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def contacts(self) -> AsyncContactsResource:
        return AsyncContactsResource(self._connection)

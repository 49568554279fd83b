"""The simulated server on a real socket, clients for it, and upserts through either kind of them."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from itertools import islice
from types import MappingProxyType
from typing import Any

from package._bulk.outcomes import Outcome
from package._bulk.report import UpsertReport
from package._bulk.resource import AsyncUpsertResource, UpsertResource
from package._runtime.answer import Answer
from package._runtime.attempt import Failure
from package._runtime.client import AsyncClientBase, SyncClient

from tests.bulk.contacts import BULK, Contacts
from tests.servers import PATIENCE, TOKEN, ThreadedServer


class ContactsServer:
    """Answers as `Contacts` does.

    Attributes:
        contacts: What is stored, and what was asked for.
        faults: The fault of each request, in order; none when they are used up.
        hold: While this is clear, requests wait before they are answered.
        arrived: Counts the requests.
        in_flight: How many have arrived, and are not answered.
        latency: The seconds until it answers.
        respond: Answers in place of `contacts` if it returns something; a failure breaks the connection.
    """

    def __init__(self) -> None:
        self.contacts = Contacts()
        self.faults: list[str | None] = []
        self.hold = threading.Event()
        self.hold.set()
        self.arrived = threading.Semaphore(0)
        self.in_flight = 0
        self.latency = 0.0
        self.respond: Callable[[bytes], Answer | Failure | None] = lambda body: None
        self.paths: list[str] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer._lock:
                    outer.paths.append(self.path)
                    outer.in_flight += 1
                outer.arrived.release()
                outer.hold.wait(PATIENCE)
                time.sleep(outer.latency)
                with outer._lock:
                    outer.in_flight -= 1
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

        self._server = ThreadedServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.start()

    def wait_for(self, requests: int) -> None:
        """Wait until so many further requests have arrived."""
        for _ in range(requests):
            assert self.arrived.acquire(timeout=PATIENCE), "the request did not come"

    def wait_for_in_flight(self, requests: int) -> None:
        """Wait until so many requests are in flight at once."""
        end = time.monotonic() + PATIENCE
        while self.in_flight < requests:
            assert time.monotonic() < end, f"only {self.in_flight} are in flight"
            time.sleep(0.005)

    def wait_for_the_end_of_all(self) -> None:
        """Wait until all that was sent by those who have ended is done."""
        self._server.wait_for_the_end_of_all()

    def close(self) -> None:
        self.hold.set()
        self._server.close()


class ContactsResource(UpsertResource):
    _BULK = BULK


class AsyncContactsResource(AsyncUpsertResource):
    _BULK = BULK


class Client(SyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def contacts(self) -> ContactsResource:
        return ContactsResource(self._connection)


class AsyncClient(AsyncClientBase):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def contacts(self) -> AsyncContactsResource:
        return AsyncContactsResource(self._connection)


class Upserter:
    """Upserts through one kind of client, with records from one kind of iterable.

    Attributes:
        kind: "sync", "async", or "async source": an asynchronous iterable.
        server: Where it sends to.
    """

    def __init__(self, kind: str, server: ContactsServer) -> None:
        self.kind, self.server = kind, server

    def upsert(
        self,
        records: Iterable[Any],
        *,
        token: Any = TOKEN,
        client_options: Mapping[str, Any] = MappingProxyType({}),
        **options: Any,
    ) -> UpsertReport:
        if self.kind == "sync":
            with Client(token, base_url=self.server.url, **client_options) as client:
                return client.contacts.upsert(records, id_property="email", **options)

        async def run() -> UpsertReport:
            async with AsyncClient(token, base_url=self.server.url, **client_options) as client:
                given = slowly(records) if self.kind == "async source" else records
                return await client.contacts.upsert(given, id_property="email", **options)

        return asyncio.run(run())

    def take(
        self,
        records: Iterable[Any],
        count: int | None,
        *,
        taken: list[Outcome] | None = None,
        **options: Any,
    ) -> list[Outcome]:
        """Take some outcomes, or all, and close the stream.

        Args:
            records: The records.
            count: How many outcomes to take; None for all.
            taken: Where to put them; they are there also if the stream raises.
            options: Those of the stream.
        """
        taken = [] if taken is None else taken
        if self.kind == "sync":
            with (
                Client(TOKEN, base_url=self.server.url) as client,
                client.contacts.iter_upsert(records, id_property="email", **options) as stream,
            ):
                taken.extend(islice(stream, count))
                return taken

        async def run() -> list[Outcome]:
            given = slowly(records) if self.kind == "async source" else records
            async with (
                AsyncClient(TOKEN, base_url=self.server.url) as client,
                client.contacts.iter_upsert(given, id_property="email", **options) as stream,
            ):
                async for one in stream:
                    taken.append(one)
                    if len(taken) == count:
                        break
                return taken

        return asyncio.run(run())


async def slowly(records: Iterable[Any]) -> AsyncIterator[Any]:
    for number, record in enumerate(records):
        if number % 7 == 0:
            await asyncio.sleep(0)
        yield record

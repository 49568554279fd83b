"""A server whose answers tell what they answer, over plain HTTP or TLS, and a client for it."""

from __future__ import annotations

import json
import random
import ssl
import threading
from functools import cached_property
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import trustme
from package._bulk.resource import AsyncUpsertResource, UpsertResource
from package._runtime.client import AsyncClientBase, SyncClient

from tests.bulk.contacts import BULK
from tests.runtime.emitted_client import AsyncContacts, Contacts
from tests.servers import PATIENCE, ThreadedServer


class EchoServer:
    """Answers each contact that is asked for with its id, and each record with the id `id_of(email)`.

    Args:
        certificate: Where to put the certificate of who signed that of the server; None for plain HTTP.

    Attributes:
        url: Where it is.
        senders: For each connection, the tokens that came through it.
        traces: All trace ids, in the order in which they came.
        requests: How many requests with records came.
    """

    def __init__(self, certificate: Path | None = None) -> None:
        self.senders: list[set[str]] = []
        self._open = 0
        self._changed = threading.Condition()
        self.traces: list[str] = []
        self.requests = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def setup(self) -> None:
                super().setup()
                self.tokens: set[str] = set()
                outer.senders.append(self.tokens)
                outer._count(1)

            def finish(self) -> None:
                super().finish()
                outer._count(-1)

            def do_GET(self) -> None:
                self.give({"id": self.path.split("/")[2]})

            def do_POST(self) -> None:
                outer._count_request()
                inputs = json.loads(self.rfile.read(int(self.headers["Content-Length"])))["inputs"]
                outer.traces += [one["objectWriteTraceId"] for one in inputs]
                results = [
                    {
                        "id": id_of(one["id"]),
                        "new": True,
                        "objectWriteTraceId": one["objectWriteTraceId"],
                    }
                    for one in inputs
                ]
                random.shuffle(results)
                self.give({"status": "COMPLETE", "results": results})

            def give(self, body: object) -> None:
                self.tokens.add(str(self.headers["Authorization"]))
                content = json.dumps(body).encode()
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(content), content)
                )

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadedServer(Handler)
        if certificate is not None:
            authority = trustme.CA()
            authority.cert_pem.write_to_path(str(certificate))
            context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if certificate is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}"
        self._server.start()

    def wait_for_connections(self, count: int) -> None:
        """Wait until so many connections are open."""
        with self._changed:
            told = f"{self._open} connections are open, and not {count}"
            assert self._changed.wait_for(lambda: self._open == count, PATIENCE), told

    def _count_request(self) -> None:
        with self._changed:
            self.requests += 1

    def _count(self, change: int) -> None:
        with self._changed:
            self._open += change
            self._changed.notify_all()

    def close(self) -> None:
        self._server.close()


def id_of(email: str) -> str:
    return f"id-of-{email}"


class BulkContacts(UpsertResource, Contacts):
    _BULK = BULK


class AsyncBulkContacts(AsyncUpsertResource, AsyncContacts):
    _BULK = BULK


class Client(SyncClient):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def contacts(self) -> BulkContacts:
        return BulkContacts(self._connection)


class AsyncClient(AsyncClientBase):
    _BASE_URL = "https://api.example.com"
    _USER_AGENT = "test/1.0"

    @cached_property
    def contacts(self) -> AsyncBulkContacts:
        return AsyncBulkContacts(self._connection)

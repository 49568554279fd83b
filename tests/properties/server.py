"""A server of this machine that lists properties as an account does, and knows nothing of the sandbox."""

from __future__ import annotations

import json
import re
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.properties.exports import CONTACTS, listing, row
from tests.servers import TOKEN, ThreadedServer

_PATH = re.compile(r"/crm/(?:v3/properties|properties/[\d-]+)/([^/]+)")


class PropertiesServer:
    """Lists the properties of an account.

    Attributes:
        url: Where it is.
        rows: What is listed, by object type.
        archived: What is listed as archived.
        sensitive: What is listed by the sensitivity that is asked for.
        refused: The status and body that an object type is refused with.
        queries: The object type and the query of each request.
        answers: What is answered at other paths: the status, the body, and headers.
        bodies: What was sent to them.
    """

    def __init__(self) -> None:
        self.rows: dict[str, list[dict[str, Any]]] = {
            "contacts": CONTACTS,
            "deals": [row("amount", "number", "number"), row("dealname")],
            "2-123": [row("plate", hasUniqueValue=True)],
        }
        self.archived: dict[str, list[dict[str, Any]]] = {}
        self.sensitive: dict[tuple[str, str], list[dict[str, Any]]] = {}
        self.refused: dict[str, tuple[int, Any]] = {}
        self.queries: list[tuple[str, dict[str, str]]] = []
        self.answers: dict[str, tuple[int, Any, dict[str, str]]] = {}
        self.bodies: list[bytes] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                address = urlsplit(self.path)
                found = _PATH.fullmatch(unquote(address.path))
                query = dict(parse_qsl(address.query))
                authorization = self.headers["Authorization"]
                status, body = 404, None
                headers: dict[str, str] = {}
                if authorization != f"Bearer {TOKEN}":
                    status, body = 401, {"category": "INVALID_AUTHENTICATION", "message": "no"}
                elif found is not None:
                    status, body = outer._answer(found[1], query)
                elif address.path in outer.answers:
                    status, body, headers = outer.answers[address.path]
                content = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def do_POST(self) -> None:
                outer.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.do_GET()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadedServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.start()

    def close(self) -> None:
        self._server.close()

    def _answer(self, object_type: str, query: dict[str, str]) -> tuple[int, Any]:
        self.queries.append((object_type, query))
        if object_type in self.refused:
            return self.refused[object_type]
        if object_type not in self.rows:
            message = f"Unable to infer object type from: {object_type}"
            return 400, {"status": "error", "message": message, "category": "VALIDATION_ERROR"}
        rows = self.rows
        if query.get("archived") == "true":
            rows = self.archived
        elif "dataSensitivity" in query:
            level = query["dataSensitivity"]
            return 200, listing(self.sensitive.get((object_type, level), []))
        return 200, listing(rows.get(object_type, []))

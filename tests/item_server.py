"""A shop on a real socket whose API takes items in several forms; it knows nothing of the client."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import unquote, urlsplit

from tests.servers import ThreadedServer


class ItemServer:
    """Stores items by their keys, and refuses what its API does not take.

    Attributes:
        stored: The items, by key.
        requests: Method, path with query, and body of each request, as it came.
        headers: The headers of each.
        faults: The statuses of the answers to the next requests, which are not looked at.
    """

    def __init__(self) -> None:
        self.stored: dict[str, Any] = {}
        self.requests: list[tuple[str, str, bytes]] = []
        self.headers: list[dict[str, str]] = []
        self.faults: list[int] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self._answer()

            def do_PUT(self) -> None:
                self._answer()

            def do_PATCH(self) -> None:
                self._answer()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer._lock:
                    outer.requests.append((self.command, self.path, body))
                    outer.headers.append(dict(self.headers.items()))
                    told = outer._told(self.command, self.path, self.headers["Content-Type"], body)
                    status = 204 if told is None else 400
                    if outer.faults:
                        status = outer.faults.pop(0)
                content = b"" if told is None else json.dumps({"message": told}).encode()
                length = "" if status == 204 else f"Content-Length: {len(content)}\r\n"
                head = f"HTTP/1.1 {status} X\r\n{length}\r\n"
                self.wfile.write(head.encode() + (b"" if status == 204 else content))

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadedServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.start()

    def close(self) -> None:
        self._server.close()

    def _told(self, method: str, target: str, media_type: str, body: bytes) -> str | None:
        """Store what came, or say why not."""
        if self.faults:
            return "not now"
        way = [unquote(one) for one in urlsplit(target).path.split("/")[1:]]
        most, kind, items = 1, "application/json", list[Any]()
        match method, way:
            case "POST", [_, "items"]:
                most, items = 7, json.loads(body)["data"]["attributes"]["items"]
            case "PATCH", [_, "items", "lines"]:
                kind, most = "application/x-ndjson", 1000
                items = [json.loads(one) for one in body.decode().split("\n") if one]
                if not body.endswith(b"\n"):
                    return "the last line does not end"
            case "POST", [_, "items", "list"]:
                most, items = 3, json.loads(body)
            case "PUT", [_, "items", number] if number.isdecimal():
                kind, items = "application/merge-patch+json", [{"id": number, **json.loads(body)}]
            case "PUT", ["orders"]:
                most, items = 2, json.loads(body)["orders"]
            case _:
                return f"there is no {method} {target}"
        if media_type != kind:
            return f"{media_type} is not {kind}"
        if not 0 < len(items) <= most:
            return f"{len(items)} items"
        for one in items:
            self.stored[one.get("id") or one["code"]] = one
        return None

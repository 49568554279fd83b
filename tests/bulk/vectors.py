"""A store of vectors on a real socket, which knows nothing of the client but what its requests hold."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.servers import ThreadedServer


class VectorServer:
    """Stores vectors by their ids, and refuses what its API does not take.

    Args:
        maximum: The most vectors of a request.
        maximum_bytes: The most bytes of one.

    Attributes:
        stored: The vectors, by id.
        sizes: How many bytes each request had.
        counts: How many vectors each request had.
        refused: What was wrong with requests.
        faults: The status of the answers to the next requests, which are not looked at.
    """

    def __init__(self, maximum: int, maximum_bytes: int) -> None:
        self.stored: dict[str, Any] = {}
        self.sizes: list[int] = []
        self.counts: list[int] = []
        self.refused: list[str] = []
        self.faults: list[int] = []
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with outer._lock:
                    status, answer = outer._answered(body, maximum, maximum_bytes)
                content = json.dumps(answer).encode()
                head = f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n"
                self.wfile.write(head.encode() + content)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadedServer(Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._server.start()

    def _answered(self, body: bytes, maximum: int, most: int) -> tuple[int, object]:
        if self.faults:
            return self.faults.pop(0), {"message": "not now"}
        vectors = json.loads(body)["vectors"]
        self.sizes.append(len(body))
        self.counts.append(len(vectors))
        if len(body) > most or len(vectors) > maximum:
            self.refused.append(f"{len(body)} bytes, {len(vectors)} vectors")
            return 413, {"message": self.refused[-1]}
        for one in vectors:
            if not isinstance(one["id"], str) or not all(
                isinstance(number, (int, float)) for number in one["values"]
            ):
                self.refused.append(json.dumps(one))
                return 400, {"message": self.refused[-1]}
            self.stored[one["id"]] = one
        return 200, {"results": [{"id": one["id"]} for one in vectors]}

    def close(self) -> None:
        self._server.close()

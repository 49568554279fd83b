"""A server that answers an upsert as quickly as Python can: `python -m tests.bench.quick_server`.

It reads no JSON. Its answer is ready but for the trace ids, which it copies from the request.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_TRACE_ID = re.compile(rb'"objectWriteTraceId":"([^"]*)"')
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_BEGIN = (
    b'{"status":"COMPLETE","startedAt":"2026-01-01T00:00:00.000Z",'
    b'"completedAt":"2026-01-01T00:00:01.000Z","results":['
)
_RESULT = (
    b'{"id":"10001","new":true,"archived":false,"createdAt":"2026-01-01T00:00:00.000Z",'
    b'"updatedAt":"2026-01-01T00:00:01.000Z","properties":{"email":"someone@example.com",'
    b'"firstname":"Ada","lastname":"Lovelace"},"objectWriteTraceId":"%b"}'
)
_END = b"]}"


def answer(body: bytes) -> bytes:
    """Give the body that says that all inputs of a request created a record."""
    return _BEGIN + b",".join([_RESULT % each for each in _TRACE_ID.findall(body)]) + _END


class _Protocol(asyncio.Protocol):
    def __init__(self) -> None:
        self._received = bytearray()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        received = self._received
        received += data
        end = received.find(b"\r\n\r\n")
        if end < 0:
            return
        length = _LENGTH.search(received, 0, end)
        stop = end + 4 + int(length[1] if length else 0)
        if len(received) < stop:
            return
        body = answer(bytes(received[end + 4 : stop]))
        del received[:stop]
        if self._transport is not None:
            self._transport.write(_HEAD % len(body) + body)


async def _serve() -> None:
    server = await asyncio.get_running_loop().create_server(_Protocol, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def quick_server() -> Iterator[str]:
    """Run it in a process of its own, and give its address."""
    command = [sys.executable, "-m", "tests.bench.quick_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve())

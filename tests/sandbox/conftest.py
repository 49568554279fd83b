"""What these tests share: the sandbox of a small API."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

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
def without_complaints(page: Browser) -> Iterator[None]:
    page.complaints.clear()
    yield
    # What the page does about answers that are none is what tests look at.
    failed = "Failed to load resource: "
    assert [one for one in page.complaints if not one.startswith(failed)] == []

"""What tests of properties share: an account that lists them, and the commands about them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.properties.command_runs import PropertiesCommand
from tests.properties.server import PropertiesServer
from tests.servers import TOKEN


@pytest.fixture
def account() -> Iterator[PropertiesServer]:
    server = PropertiesServer()
    yield server
    server.close()


@pytest.fixture
def in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)


@pytest.fixture
def properties(in_folder: None, capsys: pytest.CaptureFixture[str]) -> PropertiesCommand:
    """The commands, without an account."""
    return PropertiesCommand(capsys)


@pytest.fixture
def command(
    in_folder: None, capsys: pytest.CaptureFixture[str], account: PropertiesServer
) -> PropertiesCommand:
    """The commands, with an account."""
    return PropertiesCommand(capsys, account.url)

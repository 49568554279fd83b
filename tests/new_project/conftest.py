"""A folder to begin a project in, and the command that does."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.command_line import Outcome, upsertgen
from tests.new_project.documents import Document

Begin: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "acme"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def begin(folder: Path) -> Begin:
    """Begins a project from a document, with flags: `begin(document, "--force")`."""

    def run(one: Document | str | None = None, *flags: str) -> Outcome:
        if one is None:
            return upsertgen("init", *flags)
        text = one if isinstance(one, str) else json.dumps(one, indent=1)
        (folder / "openapi.json").write_text(text, "utf-8", "surrogatepass")
        return upsertgen("init", "--from", "openapi.json", *flags)

    return run

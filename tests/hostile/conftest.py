"""What tests of writing share: a project whose output is behind its specs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.cli.conftest import generated
from tests.cli.project import spec
from tests.command_line import write_files

__all__ = ["generated"]


@pytest.fixture
def project(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project in which a spec has changed and one is new, as the current folder."""
    folder = tmp_path / "project"
    shutil.copytree(generated, folder)
    change_specs(folder)
    monkeypatch.chdir(folder)
    return folder


def change_specs(folder: Path) -> None:
    """Change a spec of the project and write another one."""
    text = (folder / "specs/v1/contacts.yaml").read_text("utf-8").replace("/upsert:", "/batch:")
    write_files(
        folder, {"specs/v1/contacts.yaml": text, "specs/v1/deals.yaml": spec("deals", "v1")}
    )

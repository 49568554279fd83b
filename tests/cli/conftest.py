"""What the tests of the command line share."""

from __future__ import annotations

import contextlib
import shutil
from pathlib import Path

import pytest

from tests.cli.project import PROJECT
from tests.command_line import upsertgen, write_files
from tests.conftest import Once


@pytest.fixture(scope="session")
def generated(once: Once) -> Path:
    """The project with its output, for copies."""

    def make(folder: Path) -> None:
        # Its names are recorded, as after a release.
        write_files(folder, {**PROJECT, "specs/names.lock.yaml": "versions: {}\n"})
        with contextlib.chdir(folder):
            outcome = upsertgen("generate")
        assert outcome.code == 0, outcome.err

    return once("project", make)


@pytest.fixture
def project(generated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project with its output, as the current folder."""
    folder = tmp_path / "project"
    shutil.copytree(generated, folder)
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def fresh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project without output, as the current folder."""
    folder = tmp_path / "fresh"
    write_files(folder, PROJECT)
    monkeypatch.chdir(folder)
    return folder

"""The pages for maintainers, each followed in a small project with a released version."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import Once
from tests.docs.guides import GUIDES, follow
from tests.docs.maintained_project import IDENTITY, write_project

FOLDER = GUIDES.parent / "maintaining"


@pytest.fixture(scope="session")
def written(once: Once) -> Path:
    """The project, for copies."""

    def write(folder: Path) -> None:
        (folder / "project").mkdir()
        with pytest.MonkeyPatch.context() as patch:
            for name, value in IDENTITY.items():
                patch.setenv(name, value)
            write_project(folder / "project")

    return once("maintained", write)


@pytest.fixture
def project(written: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    return Path(shutil.copytree(written / "project", tmp_path / "project"))


@pytest.mark.parametrize("page", ["overlays", "renames"])
def test_a_page_leads_where_it_says(page: str, project: Path) -> None:
    follow((FOLDER / f"{page}.md").read_text("utf-8"), project, {})


def test_a_new_version_is_released_and_committed_as_a_whole(project: Path) -> None:
    follow((FOLDER / "new-version.md").read_text("utf-8"), project, {})
    said = subprocess.run(
        ["git", "status", "--short"], cwd=project, check=True, capture_output=True, text=True
    )
    assert said.stdout.split() == ["??", "changes.html", "??", "collection.zip"]

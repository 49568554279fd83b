"""Killed at any point, all folders are as before or complete, and the next run heals what is left."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import pytest
from upsertgen.configuration import Settings, read_configuration
from upsertgen.importing import settings as import_settings
from upsertgen.run import exclusive_run

from tests.command_line import contents, upsertgen, write_files
from tests.hostile.conftest import change_specs
from tests.hostile.kill_points import DIES, SCENARIOS
from tests.test_release import LABEL, unreleased

__all__ = ["unreleased"]

ROOT = Path(__file__).parents[2]
PATIENCE = 300.0


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.large)])
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_between_system_calls(scenario: str, every: int, tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.hostile.kill_points", scenario, str(tmp_path), str(every)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    assert int(run.stdout) > 20


_DAY = "2026-11-21"
"""The day of every import, which is written down: midnight might come between two that are compared."""
_DIES = f"""
import datetime, sys, types
import upsertgen.release, upsertgen.importing, upsertgen.diff, upsertgen.emit, upsertgen.ir
from upsertgen.importing import settings
day = datetime.date.fromisoformat(sys.argv.pop(1))
settings.datetime = types.SimpleNamespace(date=types.SimpleNamespace(today=lambda: day))
{DIES}"""


def _parts(found: dict[str, bytes], top: str) -> dict[str, bytes]:
    """Return the files of a folder as a reader sees them, who passes what is hidden by."""
    return {
        path: text
        for path, text in found.items()
        if path.startswith(top) and ".upsertgen.staged/" not in path
    }


@pytest.fixture(scope="module")
def ungenerated(generated: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project whose specs have changed, with files of users in its output."""
    folder = tmp_path_factory.mktemp("ungenerated")
    shutil.copytree(generated, folder / "project")
    users = {"notes.txt": "mine", ".venv/lib/more.py": "x = 1\n"}
    write_files(folder / "project/generated", users)
    change_specs(folder / "project")
    return folder


@pytest.mark.parametrize(
    ("command", "every"),
    [
        ("generate", 6),
        ("import", 3),
        ("release", 24),
        pytest.param("generate", 1, marks=pytest.mark.large),
        pytest.param("import", 1, marks=pytest.mark.large),
        pytest.param("release", 2, marks=pytest.mark.large),
    ],
)
def test_a_command_is_all_or_nothing(
    unreleased: Path,
    ungenerated: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    every: int,
) -> None:
    origin, arguments = ungenerated, [command]
    if command != "generate":
        origin = unreleased
        arguments += ["../published/collection", "--api-version", LABEL]
    before = contents(origin / "project")
    day = SimpleNamespace(today=lambda: date.fromisoformat(_DAY))
    monkeypatch.setattr(import_settings, "datetime", SimpleNamespace(date=day))
    shutil.copytree(origin, tmp_path / "whole")
    monkeypatch.chdir(tmp_path / "whole" / "project")
    assert upsertgen(*arguments).code == 0
    after = contents(tmp_path / "whole" / "project")
    point, seen = 0, {"before": 0, "after": 0}
    while True:
        copy = tmp_path / str(point)
        shutil.copytree(origin, copy)
        monkeypatch.chdir(copy / "project")
        run = subprocess.run(
            [sys.executable, "-c", _DIES, _DAY, str(point), *arguments],
            capture_output=True,
            timeout=PATIENCE,
        )
        now = contents(copy / "project")
        for top in ("generated/", "specs/", "pyproject.toml"):
            assert _parts(now, top) in (_parts(before, top), _parts(after, top)), point
        if run.returncode == 0:
            assert now == after
            break
        assert run.returncode == -signal.SIGKILL, run.stderr
        with exclusive_run(Path("pyproject.toml"), _settings, lambda *_: None):
            now = contents(copy / "project")
            assert now in (before, after), point
        seen["before" if now == before else "after"] += 1
        # And the command can be given again.
        again = upsertgen(*arguments)
        assert again.code == 0, again.err
        assert contents(copy / "project") == after
        shutil.rmtree(copy)
        point += every
    assert all(seen.values()), seen


def _settings() -> Settings:
    return read_configuration(Path("pyproject.toml"))

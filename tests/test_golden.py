"""What is committed under generated/ is what the generator makes of specs/, wherever it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from upsertgen.write.manifest import MANIFEST

from tests.conftest import Once

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "generated"
CONFIGURATION = ROOT / "pyproject.toml"
# Left beside the generated files by Python and by pip when it installs them.
_NOT_GENERATED = ("__pycache__", ".egg-info", ".dist-info")


def files(folder: Path) -> dict[str, bytes]:
    """Return the contents of every file of a folder, by its path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not any(one in path.as_posix() for one in _NOT_GENERATED)
    }


def command(*arguments: str | Path) -> list[str]:
    program = Path(sys.executable).with_name("upsertgen")
    return [str(program), "generate", "--config", str(CONFIGURATION), *map(str, arguments)]


def regenerate(folder: Path, seed: int, jobs: int) -> Path:
    """Return the output of a run in another folder.

    Args:
        folder: An empty folder.
        seed: The hash seed.
        jobs: How many processes format at once.
    """
    subprocess.run(
        command("--output", folder / "output", "--jobs", str(jobs)),
        cwd=folder,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return folder / "output"


@pytest.fixture(scope="module")
def regenerated(once: Once) -> Path:
    return once("regenerated", lambda folder: regenerate(folder, 4711, 2)) / "output"


def test_regenerating_gives_what_is_committed(regenerated: Path) -> None:
    # That was written with a hash seed of chance.
    assert_committed(regenerated)


@pytest.mark.large
@pytest.mark.parametrize(("seed", "jobs"), [(0, 1), (1, 2), (2, 3)])
def test_regenerating_any_way_gives_what_is_committed(tmp_path: Path, seed: int, jobs: int) -> None:
    assert_committed(regenerate(tmp_path, seed, jobs))


def assert_committed(output: Path) -> None:
    found, committed = files(output), files(GENERATED)
    missing, surplus = committed.keys() - found.keys(), found.keys() - committed.keys()
    differing = {path for path in found.keys() & committed.keys() if found[path] != committed[path]}
    stale = sorted(missing | surplus | differing)
    if stale:
        pytest.fail(f"generated/ is stale, run 'make': {', '.join(stale)}", pytrace=False)


def test_a_run_that_changes_nothing_is_idle(regenerated: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(regenerated, output)
    times = {path: path.stat().st_mtime_ns for path in output.rglob("*")}
    run = subprocess.run(
        [
            *(sys.executable, "-X", "importtime"),
            *("-m", "upsertgen", *command("--output", output)[1:]),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if "|" in line}
    assert "upsertgen.run" in imported
    slow = ("black", "datamodel_code_generator", "jinja2", "openapi_spec_validator")
    assert {name for name in imported if name.partition(".")[0] in slow} == set()
    assert run.stdout == ""
    written = [path for path in files(output) if not path.endswith(MANIFEST)]
    assert f"{len(written)} files are up to date." in run.stderr
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == times

"""What is committed under generated/ is what the generator makes of specs/, wherever it runs."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
GENERATED = ROOT / "generated"
CONFIGURATION = ROOT / "pyproject.toml"
# By hash seed, how many processes format at once.
JOBS = {"0": "1", "4711": "2"}

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


@pytest.fixture(scope="module")
def regenerated(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The output of two runs at the same time, by their hash seed, each in a folder of its own."""
    outputs: dict[str, Path] = {}
    running: list[subprocess.Popen[str]] = []
    for seed, jobs in JOBS.items():
        folder = tmp_path_factory.mktemp("elsewhere")
        outputs[seed] = folder / "output"
        running.append(
            subprocess.Popen(
                command("--output", outputs[seed], "--jobs", jobs),
                cwd=folder,
                env={**os.environ, "PYTHONHASHSEED": seed},
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for process in running:
        _, errors = process.communicate()
        assert process.returncode == 0, errors
    return outputs


@pytest.mark.parametrize("seed", JOBS)
def test_regenerating_gives_what_is_committed(regenerated: dict[str, Path], seed: str) -> None:
    found, committed = files(regenerated[seed]), files(GENERATED)
    missing, surplus = committed.keys() - found.keys(), found.keys() - committed.keys()
    differing = {path for path in found.keys() & committed.keys() if found[path] != committed[path]}
    stale = sorted(missing | surplus | differing)
    if stale:
        pytest.fail(f"generated/ is stale, run 'make': {', '.join(stale)}", pytrace=False)


def test_a_run_that_changes_nothing_is_idle(regenerated: dict[str, Path], tmp_path: Path) -> None:
    output = tmp_path / "output"
    shutil.copytree(regenerated["0"], output)
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
    assert f"{len(files(output)) - 1} files are up to date." in run.stderr
    assert {path: path.stat().st_mtime_ns for path in output.rglob("*")} == times

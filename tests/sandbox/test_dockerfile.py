"""The Dockerfile of the distribution: what it copies is there, and what it starts is the sandbox."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

GENERATED = Path(__file__).parents[2] / "generated"
TEXT = (GENERATED / "Dockerfile").read_text("utf-8")
PATIENCE = 600.0


def _docker_answers() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    return subprocess.run([docker, "info"], capture_output=True, check=False).returncode == 0


def test_what_is_copied_is_all_that_the_installation_needs() -> None:
    copied = [name for line in re.findall(r"^COPY (.*)$", TEXT, re.M) for name in line.split()[:-1]]
    assert sorted(copied) == ["README.md", "hubspot_upsert", "pyproject.toml"]
    assert all((GENERATED / name).exists() for name in copied)


def test_it_starts_the_sandbox_for_other_machines() -> None:
    (command,) = re.findall(r"^ENTRYPOINT (.*)$", TEXT, re.M)
    assert " ".join(json.loads(command)) == "python -m hubspot_upsert.sandbox --host 0.0.0.0"


@pytest.mark.skipif(not _docker_answers(), reason="no docker answers on this machine")
def test_it_is_built_and_tells_its_options() -> None:
    subprocess.run(
        ["docker", "build", "--tag", "upsert-sandbox", str(GENERATED)], check=True, timeout=PATIENCE
    )
    run = ["docker", "run", "--rm", "upsert-sandbox", "--help"]
    done = subprocess.run(run, check=True, capture_output=True, text=True, timeout=PATIENCE)
    assert "--allow-host" in done.stdout

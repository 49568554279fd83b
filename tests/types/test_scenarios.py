"""Mypy accepts the expected output of each scenario."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from tests.scenarios import NAMES, Scenario
from tests.types.checkers import run_mypy


def test_mypy_finds_nothing_in_any_scenario(
    scenario: Callable[[str], Scenario], tmp_path: Path
) -> None:
    # The runtime is the same everywhere, so scenarios that differ in one version alone share it.
    shared = tmp_path / "shared"
    packages = ["shared"]
    for name in NAMES:
        folder = scenario(name).folder
        if name in ("policies", "upserts", "versions"):
            packages.append(name)
            shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
            continue
        if not shared.exists():
            # They name the versions, and are looked at in the other packages.
            checked_once = ("testing.py", "sandbox")
            shutil.copytree(
                folder, shared, ignore=shutil.ignore_patterns("v1", *checked_once, "__pycache__")
            )
        shutil.copytree(folder / "v1", shared / name, ignore=shutil.ignore_patterns("__pycache__"))
    names = (f"--package={package}" for package in packages)
    assert run_mypy(tmp_path, "--strict", "--config-file", "", *names) == []

"""Runs of the type checkers, and what they find."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[2]


class Finding(NamedTuple):
    """An error that a type checker tells."""

    path: Path
    line: int
    message: str


def run_mypy(folder: Path, *arguments: str | Path) -> list[Finding]:
    """Return what mypy finds.

    Args:
        folder: Where it runs.
        arguments: What it is to check, and its options.
    """
    # The cache is that of the project, so that libraries are read once.
    options = ("--output", "json", "--no-error-summary", "--cache-dir", ROOT / ".mypy_cache")
    found = [json.loads(line) for line in _output(folder, "mypy", *options, *arguments)]
    return [
        Finding(folder / one["file"], one["line"], one["message"])
        for one in found
        if one["severity"] == "error"
    ]


def run_pyright(folder: Path, settings: Mapping[str, Any], files: int) -> list[Finding]:
    """Return what pyright finds.

    Args:
        folder: Where its settings are written to, and it runs.
        settings: What it is to check, relative to the folder, and how.
        files: How many files that has to be: pyright passes over what it does not find.
    """
    (folder / "pyrightconfig.json").write_text(json.dumps(settings), "utf-8")
    lines = _output(folder, "pyright", "--outputjson", "--pythonpath", sys.executable)
    report: dict[str, Any] = json.loads("\n".join(lines))
    assert report["summary"]["filesAnalyzed"] == files
    return [
        Finding(Path(one["file"]), one["range"]["start"]["line"] + 1, one["message"])
        for one in report["generalDiagnostics"]
    ]


def _output(folder: Path, module: str, *arguments: str | Path) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=folder,
        check=False,
        capture_output=True,
        text=True,
    )
    # Both return 0 if there are no errors, 1 if there are, and more if they could not do their work.
    assert done.returncode in (0, 1), done.stdout + done.stderr
    return done.stdout.splitlines()

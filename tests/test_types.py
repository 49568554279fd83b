"""Type checkers accept the generated package and code that uses it well, and refuse each misuse."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parent.parent
CONSUMER = ROOT / "tests" / "consumer"
MISUSE = CONSUMER / "misuse.py"
GENERATED = ROOT / "generated" / "hubspot_upsert"


class Finding(NamedTuple):
    """What a type checker has to say about a line."""

    path: Path
    line: int
    message: str


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, subprocess.Popen[str]]]:
    """Both type checkers, each at work on the package, its use and its misuse."""
    folder = tmp_path_factory.mktemp("types")
    settings = json.loads((CONSUMER / "pyrightconfig.json").read_text("utf-8"))
    # Pyright takes paths that are relative to its configuration.
    here = os.path.relpath(CONSUMER, folder)
    settings["include"] = [f"{here}/{path}" for path in [*settings["include"], MISUSE.name]]
    settings["extraPaths"] = [f"{here}/{path}" for path in settings["extraPaths"]]
    del settings["venvPath"], settings["venv"]
    configuration = folder / "pyrightconfig.json"
    configuration.write_text(json.dumps(settings), "utf-8")
    commands = {
        "mypy": [
            *("mypy", "--config-file", str(CONSUMER / "mypy.ini"), "--output", "json"),
            *("--cache-dir", str(ROOT / ".mypy_cache")),
            *(str(GENERATED), str(CONSUMER / "use.py"), str(MISUSE)),
        ],
        "pyright": [
            *("pyright", "--project", str(configuration), "--outputjson"),
            *("--pythonpath", sys.executable),
        ],
    }
    processes = {
        name: subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name, command in commands.items()
    }
    yield processes
    for process in processes.values():
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def mypy(running: dict[str, subprocess.Popen[str]]) -> list[Finding]:
    output, problem = running["mypy"].communicate()
    assert running["mypy"].returncode == 1, output + problem
    found = [json.loads(line) for line in output.splitlines()]
    return [
        Finding(ROOT / one["file"], one["line"], one["message"])
        for one in found
        if one["severity"] == "error"
    ]


@pytest.fixture(scope="module")
def pyright(running: dict[str, subprocess.Popen[str]]) -> list[Finding]:
    output, problem = running["pyright"].communicate()
    assert running["pyright"].returncode == 1, output + problem
    report: dict[str, Any] = json.loads(output)
    assert report["summary"]["filesAnalyzed"] == len(list(GENERATED.rglob("*.py"))) + 2
    return [
        Finding(Path(one["file"]), one["range"]["start"]["line"] + 1, one["message"])
        for one in report["generalDiagnostics"]
    ]


@pytest.fixture(params=["mypy", "pyright"])
def findings(request: pytest.FixtureRequest) -> list[Finding]:
    found: list[Finding] = request.getfixturevalue(request.param)
    return found


def test_the_package_and_its_use_have_no_errors(findings: list[Finding]) -> None:
    assert [one for one in findings if one.path.name != MISUSE.name] == []


def test_each_misuse_is_an_error(findings: list[Finding]) -> None:
    lines = MISUSE.read_text("utf-8").splitlines()
    marked = {number for number, line in enumerate(lines, 1) if line.endswith("# misuse")}
    found = {one.line for one in findings if one.path.name == MISUSE.name}
    assert len(marked) > 40
    assert {number: lines[number - 1] for number in marked - found} == {}
    assert {number: lines[number - 1] for number in found - marked} == {}


def test_nothing_is_silenced() -> None:
    for path in [*GENERATED.rglob("*.py"), *CONSUMER.glob("*.py")]:
        assert not re.search(r"type: *ignore|pyright: *\w|noqa", path.read_text("utf-8")), path

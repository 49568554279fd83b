"""Type checkers accept what is generated and code that uses it well, and refuse each misuse."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.public_names.project import Project, renamed
from tests.scenarios import NAMES, Scenario

ROOT = Path(__file__).parents[2]
CONSUMER = ROOT / "tests" / "consumer"
MISUSE = CONSUMER / "misuse.py"
GENERATED = ROOT / "generated" / "hubspot_upsert"


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


# Code that uses the committed package.


@pytest.fixture(scope="module")
def mypy() -> list[Finding]:
    return run_mypy(
        *(ROOT, "--config-file", CONSUMER / "mypy.ini", GENERATED, CONSUMER / "use.py", MISUSE)
    )


@pytest.fixture(scope="module")
def pyright(tmp_path_factory: pytest.TempPathFactory) -> list[Finding]:
    folder = tmp_path_factory.mktemp("types")
    settings = json.loads((CONSUMER / "pyrightconfig.json").read_text("utf-8"))
    # Pyright takes paths that are relative to its configuration.
    here = os.path.relpath(CONSUMER, folder)
    settings["include"] = [f"{here}/{path}" for path in [*settings["include"], MISUSE.name]]
    settings["extraPaths"] = [f"{here}/{path}" for path in settings["extraPaths"]]
    del settings["venvPath"], settings["venv"]
    return run_pyright(folder, settings, len(list(GENERATED.rglob("*.py"))) + 2)


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


# Old names of what was renamed.

OLD_NAMES = """\
from PACKAGE.v1 import Client as OldClient
from PACKAGE.v1.models import Answer as OldAnswer
from PACKAGE.v1.people import People as OldestPeople
from PACKAGE.v2 import AsyncClient, Client
from PACKAGE.v2.models import Human, Outcome, Person, Result
from PACKAGE.v2.people import People
from PACKAGE.v2.typed_dicts import PersonDict


def use(client: Client, old: OldClient) -> Client:
    record: PersonDict = {"id": "7", "called": "Al"}
    person: Human = Person(id="7")
    people: People = client.people
    oldest: OldestPeople = people
    response: OldAnswer = oldest.batch_upsert(inputs=[record, person], rehearsal=True)
    result: Result = response.results[0]
    outcome: Outcome = result
    name: str | None = person.nick_name
    text: str = response.status
    print(name, text, outcome)
    return old


async def wait(client: AsyncClient) -> str:
    return (await client.people.batch_upsert(inputs=[])).status
"""
OTHER_NAMES = """\
from PACKAGE.v1.models import Answers
from PACKAGE.v2 import Client
from PACKAGE.v2.models import Persons
from PACKAGE.v2.people import Persons as Others

__all__ = ["Answers", "Others", "Persons"]


def misuse(client: Client) -> None:
    client.people.batch_upsert(inputs=7)
"""
LINES = {1, 3, 4, 10}
"""Where the errors of the misuse are."""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose output holds the use and the misuse of its package."""
    project = renamed(tmp_path_factory.mktemp("renamed"))
    for name, text in (("use", OLD_NAMES), ("misuse", OTHER_NAMES)):
        text = text.replace("PACKAGE", project.package)
        (project.output / f"{name}.py").write_text(text, "utf-8")
    return project


def assert_told(findings: list[Finding]) -> None:
    assert [one for one in findings if one.path.name != "misuse.py"] == []
    assert {one.line for one in findings} == LINES


def test_mypy_knows_old_names_and_no_others(project: Project) -> None:
    files = (project.package, "use.py", "misuse.py")
    assert_told(run_mypy(project.output, "--strict", "--config-file", "", *files))


def test_pyright_knows_old_names_and_no_others(project: Project) -> None:
    # All but what is generated for installers.
    files = len(list((project.output / project.package).rglob("*.py"))) + 2
    # That they are deprecated is looked at in test_deprecation.py.
    settings = {"typeCheckingMode": "strict", "reportDeprecated": False}
    assert_told(run_pyright(project.output, settings, files))


# What is expected of each scenario.


OWN = (
    "deprecated",
    "jobs",
    "policies",
    "upsert_records",
    "upsert_requests",
    "upserts",
    "versions",
)
"""The scenarios that differ in more than one version."""


def test_mypy_finds_nothing_in_any_scenario(
    scenario: Callable[[str], Scenario], tmp_path: Path
) -> None:
    # The runtime is the same everywhere, so scenarios that differ in one version alone share it.
    shared = tmp_path / "shared"
    packages = ["shared"]
    for name in NAMES:
        folder = scenario(name).folder
        if name in OWN:
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

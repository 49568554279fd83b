"""What `make` sets up: the targets, and the versions of dependencies."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.command_line import write_files
from tests.tools import bare_systems, constraints, rerun

ROOT = Path(__file__).parent.parent
INTEGRATIONS = frozenset(
    "apache-airflow dagster dask distributed dlt hubspot-api-client pandas polars pyspark sqlalchemy".split()
)
"""What only `make test-integrations` installs, which takes the newest versions."""


def test_constraints_are_names_and_versions_that_the_distributions_allow() -> None:
    lines = (ROOT / "tests" / "constraints.txt").read_text("utf-8").splitlines()
    pinned: dict[str, str] = {}
    for line in lines:
        match = re.fullmatch(r"([a-z0-9-]+)==([\w.]+)", line)
        assert match is not None, line
        pinned[match[1]] = match[2]
    for requirement in constraints.requirements():
        name = canonicalize_name(requirement.name)
        exact = any(one.operator == "==" for one in requirement.specifier)
        if name not in INTEGRATIONS and not exact:
            assert name in pinned, f"{requirement}: make constraints"
            assert requirement.specifier.contains(pinned[name]), requirement


def test_each_dependency_has_a_lowest_version() -> None:
    found = constraints.lowest()
    assert {"httpx2", "pydantic", "click", "jinja2"} <= found.keys()


def test_help_has_one_line_for_each_target() -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "help"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    makefile = (ROOT / "Makefile").read_text("utf-8")
    (phony,) = re.findall(r"^\.PHONY: (.*)$", makefile, flags=re.MULTILINE)
    assert sorted(re.findall(r"^  make ([a-z-]+) +\w", told, flags=re.MULTILINE)) == sorted(
        phony.split()
    )


def test_a_dependency_without_a_lowest_version_is_refused(tmp_path: Path) -> None:
    project = tmp_path / "pyproject.toml"
    project.write_text(
        '[project]\ndependencies = ["click>=8.1", "rich<99"]\n[build-system]\nrequires = []\n'
    )
    with pytest.raises(ValueError, match=r"rich<99 has no lower bound"):
        constraints.lowest([project])


def test_the_lowest_version_is_what_all_distributions_allow(tmp_path: Path) -> None:
    projects = [tmp_path / "one.toml", tmp_path / "other.toml"]
    for project, dependency in zip(projects, ("Click>=8.1", "click>=8.2,<9"), strict=True):
        project.write_text(
            f'[project]\ndependencies = ["{dependency}"]\n[build-system]\nrequires = ["a==1"]\n'
        )
    assert constraints.lowest(projects) == {"click": Version("8.2"), "a": Version("1")}


def test_bare_systems_say_what_they_need(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [row.outcome for row in bare_systems.work_in("bookworm", ["make"])] == ["not made"]
    told = capsys.readouterr().err
    assert "need root" in told or "apt-get install debootstrap" in told


def test_a_bare_system_knows_of_ci_and_has_nothing_else_of_this_machine(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without `CI`, Hypothesis would draw by chance there; with more, what works there says less."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name in ("CI", "PIP_RETRIES", "https_proxy", "PYTHONPATH", "PIP_TARGET", "CIRCLE"):
        monkeypatch.setenv(name, "of this machine")
    seen: dict[str, str] = {}

    def run(_: object, env: dict[str, str], **__: object) -> subprocess.CompletedProcess[str]:
        seen.update(env)
        return subprocess.CompletedProcess("", 0)

    monkeypatch.setattr(subprocess, "run", run)
    assert bare_systems.run(tmp_path, "make test") == 0
    inherited = {name for name, value in seen.items() if value == "of this machine"}
    assert inherited == {"CI", "PIP_RETRIES", "https_proxy"}


_CHANCE = """
from pathlib import Path
import pytest

def test_that_is_steady():
    with Path("steady").open("a") as file:
        file.write("x")

def test_that_is_unsteady():
    is_first = Path("first").exists()
    Path("first").unlink(missing_ok=True)
    assert not is_first

@pytest.mark.parametrize("number", range(12))
def test_that_may_be_broken(number):
    assert number not in range(int(Path("broken").read_text()))
"""


@pytest.mark.parametrize(("broken", "fails_once"), [(0, True), (1, True), (11, False)])
def test_what_failed_is_run_once_more_alone(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    broken: int,
    fails_once: bool,
) -> None:
    files = {"test_chance.py": _CHANCE, "broken": str(broken)} | (
        {"first": ""} if fails_once else {}
    )
    monkeypatch.chdir(write_files(tmp_path, files))
    assert rerun.main(["-q", "-n", "1", "test_chance.py"]) == int(broken > 0)
    # What passed is not run again, and what so many tests say is no chance.
    assert (tmp_path / "steady").read_text() == "x"
    is_again = broken < rerun.MOST and (fails_once or broken > 0)
    told = capfd.readouterr().out
    assert ("once more, alone" in told) == is_again
    unsteady = ["test_chance.py::test_that_is_unsteady"] if fails_once and not broken else []
    assert rerun.unsteady_tests(tmp_path) == unsteady
    assert ("UNSTEADY" in told) == bool(unsteady)


def test_what_was_unsteady_on_a_bare_system_is_told_at_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(_: Path, command: str) -> int:
        if command.endswith("PYTEST=tests.tools.rerun"):
            name = f"{bare_systems.CHECKOUT}/{rerun.CACHE}/unsteady.json"
            write_files(tmp_path, {name: '["tests/test_a.py::test_b"]'})
        return 0

    write_files(tmp_path, {"usr/lib/python3.13/os.py": ""})
    monkeypatch.setattr(bare_systems, "prepare", lambda _: tmp_path)
    monkeypatch.setattr(bare_systems, "clone", lambda _: None)
    monkeypatch.setattr(bare_systems, "run", run)
    assert bare_systems.main(["trixie"]) == 0
    told = [line for line in capsys.readouterr().out.splitlines() if "UNSTEADY" in line]
    assert told == [f"UNSTEADY: trixie, make test: {rerun.TOLD}: tests/test_a.py::test_b"]


def test_suites_are_names_and_no_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bare_systems, "KEPT_IN", tmp_path / "kept")
    for word in ("/", "..", "", ":newest", str(tmp_path), "trixie:bogus"):
        with pytest.raises(SystemExit) as stopped:
            bare_systems.main([word])
        assert stopped.value.code == 2
    assert not (tmp_path / "kept").exists()


def test_a_bare_system_is_made_at_the_third_attempt(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    codes = [1, 1, 0]

    def debootstrap(*_: object, **__: object) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess("", codes.pop(0), "", "404 Not Found")

    monkeypatch.setattr(bare_systems, "KEPT_IN", tmp_path / "kept")
    monkeypatch.setattr(bare_systems, "PAUSES", (0, 0))
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _: "debootstrap")
    monkeypatch.setattr(subprocess, "run", debootstrap)
    monkeypatch.setattr(shutil, "copyfile", lambda *_: None)
    folder = bare_systems.prepare("trixie")
    # Nothing is left of those that failed.
    assert list((tmp_path / "kept").iterdir()) == [folder]
    codes += [1, 1, 1]
    with pytest.raises(bare_systems.Unavailable, match="404 Not Found"):
        bare_systems.prepare("forky")


@pytest.mark.parametrize("failures", [2, 3])
def test_ci_installs_again_what_broke_off(tmp_path: Path, failures: int) -> None:
    """Here pip fails as often as the file says, one letter each time."""
    left = write_files(tmp_path, {"left": "x" * failures}) / "left"
    lines = ("#!/bin/sh", f'x=$(cat "{left}")', f'printf %s "${{x#?}}" > "{left}"', 'test -z "$x"')
    python = write_files(tmp_path, {"venv/bin/python": "\n".join(lines)}) / "venv/bin/python"
    python.chmod(0o755)
    done = subprocess.run(
        ["make", f"VENV={tmp_path}/venv", "AGAIN=.ci/again", f"{tmp_path}/venv/upsertgen"],
        cwd=ROOT,
        env={**os.environ, "PAUSES": "0 0"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode == 0) == (failures < 3), done.stderr


@pytest.mark.parametrize("file", ["README.md", "Makefile"])
def test_the_example_of_one_test_selects_some(file: str) -> None:
    text = (ROOT / file).read_text("utf-8")
    examples = set(re.findall(r'make test PYTEST_ARGUMENTS="([^"]+)"', text))
    assert examples
    for example in examples:
        subprocess.run(
            [sys.executable, "-m", "pytest", "--collect-only", "-q", *shlex.split(example)],
            cwd=ROOT,
            check=True,
            capture_output=True,
        )

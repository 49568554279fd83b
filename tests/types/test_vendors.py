"""Type checkers accept what is generated for other vendors and its use, and refuse each misuse."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.types.test_type_checkers import Finding, run_mypy, run_pyright
from tests.vendors.project import VERSIONS, Project, generate


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The packages of all vendors, beside code that uses each."""
    folder = tmp_path_factory.mktemp("vendors")
    for name in VERSIONS:
        project = Project(name, folder / f"{name}_project")
        generate(name, project.folder)
        (project.output / project.package).rename(folder / project.package)
        (project.folder / "use.py").rename(folder / f"use_{name}.py")
    return folder


def assert_told(folder: Path, findings: list[Finding]) -> None:
    marked = {
        (f"use_{name}.py", number)
        for name in VERSIONS
        for number, line in enumerate((folder / f"use_{name}.py").read_text().splitlines(), 1)
        if line.endswith("# misuse")
    }
    found = {(one.path.name, one.line): one.message for one in findings}
    assert {place: found[place] for place in found.keys() - marked} == {}
    assert marked - found.keys() == set()


def test_mypy_knows_each_misuse_and_finds_no_other_error(folder: Path) -> None:
    packages = [f"{name}_upsert" for name in VERSIONS]
    files = [f"use_{name}.py" for name in VERSIONS]
    assert_told(folder, run_mypy(folder, "--strict", "--config-file", "", *packages, *files))


def test_pyright_knows_each_misuse_and_finds_no_other_error(folder: Path) -> None:
    # What is the same in each package is checked where it comes from.
    names = [f"{name}_upsert/{version}" for name, version in VERSIONS.items()]
    files = sum(len(list((folder / name).rglob("*.py"))) for name in names) + len(names)
    include = [*names, *(f"use_{name}.py" for name in VERSIONS)]
    assert_told(
        folder, run_pyright(folder, {"typeCheckingMode": "strict", "include": include}, files)
    )

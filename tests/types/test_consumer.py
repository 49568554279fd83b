"""Type checkers accept the generated package and code that uses it well, and refuse each misuse."""

from __future__ import annotations

import json
import os
import re

import pytest

from tests.types.checkers import ROOT, Finding, run_mypy, run_pyright

CONSUMER = ROOT / "tests" / "consumer"
MISUSE = CONSUMER / "misuse.py"
GENERATED = ROOT / "generated" / "hubspot_upsert"


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

"""Settings are added to a `pyproject.toml` that is there, and nothing else of it changes."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest
from upsertgen.errors import InvalidInput
from upsertgen.new_project.files import pyproject

SETTINGS = {
    "specs": "specs",
    "package": "crm",
    "distribution": "crm",
    "distribution-version": "1.0",
}
BUILT = '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n'


def added(before: str, *, with_hook: bool, force: bool = True) -> str:
    return pyproject(
        before,
        Path("pyproject.toml"),
        SETTINGS,
        ("batch/upsert",),
        with_hook=with_hook,
        force=force,
    )


def holds(data: Any, other: Any) -> bool:
    """Return whether data has everything that other data has; lists may be longer."""
    if isinstance(other, dict):
        return all(key in data and holds(data[key], value) for key, value in other.items())
    return bool(data[: len(other)] == other if isinstance(other, list) else data == other)


@pytest.mark.parametrize("with_hook", [False, True])
@pytest.mark.parametrize(
    "before",
    [
        "",
        "tool = {}\n",
        "tool.black.line-length = 3\n",
        '# mine\n[tool.black]\nx = 1 # too\n\n[project]\nname = "a"\nversion = "1"\n\n[tool.ruff]\ny = 2\n',
        "[tool]\nblack = {a = 1}\n",
        '[tool.upsertgen]\njobs = 1\n[project]\nname = "x"\n[tool.upsertgen.import]\nexclude = ["a"]\n',
        "[tool]\nupsertgen = {jobs = 1}\n",
        '[tool.hatch]\nx = 1\n[project]\nname = "a"\n[tool.hatch.build]\ny = 1\n',
        '[tool.hatch.build.hooks.vcs]\nversion-file = "a"\n',
        BUILT,
        f"{BUILT}[tool.hatch.build.hooks]\nupsertgen = {{}}\n",
        "[tool.a]\r\nx = 1\r\n",
    ],
)
def test_what_is_there_stays(before: str, with_hook: bool) -> None:
    text = added(before, with_hook=with_hook)
    data = tomllib.loads(text)
    assert holds(data, tomllib.loads(before))
    section = data["tool"]["upsertgen"]
    assert holds(section, SETTINGS)
    assert holds(section["import"], {"select": ["batch/upsert"]})
    hooks = data["tool"].get("hatch", {}).get("build", {}).get("hooks", {})
    assert "upsertgen" in hooks or not with_hook
    assert "upsertgen" in data.get("build-system", {}).get("requires", []) or not with_hook
    assert all(line in text for line in before.splitlines() if "#" in line)


@pytest.mark.parametrize(
    ("before", "wrong"),
    [
        ("tool = 3\n", "tool is 3"),
        ("[[tool]]\na = 1\n", "tool is "),
        ("[tool]\nupsertgen = 3\n", "tool.upsertgen is 3"),
        ("project = 1\n", "project is 1"),
        ("build-system = 1\n", "build-system is 1"),
        ("[tool.hatch]\nbuild = 1\n", "tool.hatch.build is 1"),
        ("= 1\n", "this is not TOML"),
        ('[build-system]\nbuild-backend = "other"\n', "the project is built by 'other'"),
    ],
)
def test_what_cannot_be_added_to_is_told(before: str, wrong: str) -> None:
    with pytest.raises(InvalidInput, match=r"pyproject\.toml:1:1: ") as caught:
        added(before, with_hook=True)
    assert wrong in str(caught.value)


def test_a_new_file_holds_the_settings_alone() -> None:
    assert added("", with_hook=False).startswith("[tool.upsertgen]\n")


def test_settings_are_replaced_only_on_demand() -> None:
    with pytest.raises(InvalidInput, match=r"has a \[tool.upsertgen\] already"):
        added("[tool.upsertgen]\n", with_hook=False, force=False)

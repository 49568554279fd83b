"""The workflow that releases: its steps, run one by one in a small repository, without network and GitHub."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.command_line import upsertgen, write_files
from tests.docs.guides import GUIDES, ROOT, File, steps
from tests.docs.maintained_project import IDENTITY, git
from tests.downstream_project import STOCK
from tests.servers import PROGRAM_PATIENCE

PAGE = GUIDES.parent / "maintaining" / "release-workflow.md"
PROJECT = {
    "pyproject.toml": '[tool.upsertgen]\npackage = "stock_upsert"\njobs = 1\n',
    "specs/v1/items.yaml": STOCK,
    ".gitignore": "dist/\nsite/\n.cache/\n",
}
NOTES = '#!/bin/sh\necho "$0 $*" >> asked.txt\n'
TAG = "v0.1.0"


def workflow() -> dict[str, Any]:
    (file,) = [step for step in steps(PAGE.read_text("utf-8")) if isinstance(step, File)]
    assert file.name == ".github/workflows/release.yml"
    read: dict[str, Any] = yaml.safe_load(file.text)
    return read


def commands() -> dict[str, str]:
    """Return the shell commands of each step, by its name."""
    (job,) = workflow()["jobs"].values()
    return {step["name"]: step["run"] for step in job["steps"] if "run" in step}


class Runner:
    """Runs steps as GitHub does, in a folder; `gh` and `make` only note what they are asked."""

    def __init__(self, folder: Path, programs: Path) -> None:
        self._folder = folder
        self._variables = folder / "variables.txt"
        self._variables.touch()
        programs.mkdir()
        for name in ("gh", "make"):
            (programs / name).write_text(NOTES, "utf-8")
            (programs / name).chmod(0o755)
        self._path = os.pathsep.join([str(programs), os.environ["PATH"]])

    def run(self, script: str, variables: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """Run the commands of one step."""
        given = dict(line.split("=", 1) for line in self._variables.read_text().splitlines())
        # Without a network, nothing can be made for the build alone.
        script = script.replace("-m build ", "-m build --no-isolation ")
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script],
            cwd=self._folder,
            env={
                **os.environ,
                **given,
                **variables,
                "GITHUB_ENV": str(self._variables),
                "PATH": self._path,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=PROGRAM_PATIENCE,
        )


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose first release is committed."""
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    folder = tmp_path / "repository"
    write_files(folder, PROJECT)
    with contextlib.chdir(folder):
        done = upsertgen("release")
    assert done.code == 0, done.err
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Release 0.1.0")
    (folder / ".venv").symlink_to(Path(sys.executable).parent.parent)
    return folder


@pytest.fixture
def runner(repository: Path, tmp_path: Path) -> Iterator[Runner]:
    yield Runner(repository, tmp_path / "programs")


def test_all_steps_lead_to_a_release_with_its_files(repository: Path, runner: Runner) -> None:
    for name, script in commands().items():
        done = runner.run(script, {"GITHUB_REF_NAME": TAG})
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
    built = {path.name for path in (repository / "dist").iterdir()}
    files = {"stock_upsert-0.1.0-py3-none-any.whl", "stock_upsert-0.1.0.tar.gz"}
    assert built == files | {"SHA256SUMS", "docs-0.1.0.tar.gz"}
    sums = (repository / "dist" / "SHA256SUMS").read_text("utf-8")
    assert {line.split()[1] for line in sums.splitlines()} == files
    with tarfile.open(repository / "dist" / "docs-0.1.0.tar.gz") as archive:
        assert "site/index.html" in archive.getnames()
    notes = (repository / "notes.md").read_text("utf-8")
    assert (
        notes.strip() == "The first release. From here on, no public name goes without a word here."
    )
    *made, attached = (repository / "asked.txt").read_text("utf-8").splitlines()
    assert [line.rpartition("/")[2] for line in made] == ["make check", "make test"]
    words = attached.rpartition("/gh ")[2]
    assert words.startswith(f"release create {TAG} dist/")
    assert all(f"dist/{name}" in words for name in built)


def step_about(what: str) -> str:
    (script,) = [script for name, script in commands().items() if what in name]
    return script


def test_another_tag_is_no_release(runner: Runner) -> None:
    assert runner.run(step_about("tag is the version"), {"GITHUB_REF_NAME": "v0.2.0"}).returncode


def test_what_no_release_recorded_is_none(repository: Path, runner: Runner) -> None:
    spec = repository / "specs" / "v1" / "items.yaml"
    spec.write_text(spec.read_text("utf-8").replace("maxItems: 50", "maxItems: 60"), "utf-8")
    done = runner.run(step_about("tag is the version"), {"GITHUB_REF_NAME": TAG})
    assert done.returncode
    assert "Next: the same without --dry-run." in done.stdout


def test_the_targets_that_it_makes_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    made = re.findall(r"^make (.*)$", step_about("Check and test"), re.MULTILINE)
    assert made
    assert set(made) <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_it_may_write_no_more_than_it_has_to() -> None:
    read = workflow()
    assert read["permissions"] == {"contents": "read"}
    (job,) = read["jobs"].values()
    assert job["permissions"] == {"contents": "write"}

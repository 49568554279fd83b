"""What the page about installing says, done with a git repository, an index and an environment of tests."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from tests.docs.guides import GUIDES, ROOT, Command, File, Shell, steps
from tests.servers import PROGRAM_PATIENCE, kept_port

PAGE = GUIDES.parent / "install.md"
TEXT = PAGE.read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "generated" / "pyproject.toml").read_text("utf-8"))["project"]
VERSION = PROJECT["version"]
ADDRESS = "https://git.example.com/crm/upsertgen.git"
IN_THE_CLONE = ("pyproject.toml", "README.md", "generator", "templates", "generated")
PIP = """\
#!/bin/sh
# The pip of these tests, for this environment: it reaches what it is told to, and nothing else.
unset PIP_CONSTRAINT PIP_BUILD_CONSTRAINT PIP_EXTRA_INDEX_URL PIP_FIND_LINKS PIP_INDEX_URL
export PIP_CONFIG_FILE=/dev/null PIP_NO_CACHE_DIR=1 NO_PROXY='*'
# Git finds the server of the page where the clone is.
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0='url.{clone}.insteadOf' GIT_CONFIG_VALUE_0='{address}'
word="$1"
shift
case "$word" in
    install) set -- --ignore-installed --no-compile "$@" ;;
    wheel) set -- --no-index "$@" ;;
esac
set -- --disable-pip-version-check --python '{ours}' "$word" --no-deps --no-build-isolation "$@"
exec '{python}' -m pip "$@"
"""


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    subprocess.run(
        ["git", *who, "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=false", *words],
        cwd=folder,
        check=True,
        capture_output=True,
        timeout=PROGRAM_PATIENCE,
    )


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone with one commit, and the tag that the page names."""
    folder = tmp_path / "clone"
    folder.mkdir()
    unwanted = shutil.ignore_patterns("__pycache__", ".venv", "site", "*.egg-info")
    for name in IN_THE_CLONE:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            shutil.copy(ROOT / name, folder / name)
    (folder / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "constraints.txt", folder / "tests")
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "Everything")
    git(folder, "tag", f"v{VERSION}")
    return folder


class Environment:
    """An environment into which the page installs; what is needed besides is there."""

    def __init__(self, folder: Path, clone: Path) -> None:
        venv.create(folder, with_pip=False)
        paths = {"base": str(folder), "platbase": str(folder)}
        (self._packages,) = folder.glob("lib/*/site-packages")
        (self._packages / "others.pth").write_text(sysconfig.get_path("purelib"))
        self.bin = Path(sysconfig.get_path("scripts", vars=paths))
        pip = self.bin / "pip"
        values = {"clone": clone.as_uri(), "address": ADDRESS, "python": sys.executable}
        pip.write_text(PIP.format(ours=self.bin / "python", **values), "utf-8")
        pip.chmod(0o755)

    def clear(self) -> None:
        """Remove what was installed."""
        for path in [*self._packages.glob("hubspot_upsert*"), *self._packages.glob("upsertgen*")]:
            shutil.rmtree(path)
        for name in ("hubspot-upsert", "upsertgen"):
            (self.bin / name).unlink(missing_ok=True)

    def has(self, distribution: str) -> bool:
        """Whether a distribution is installed, as a package and a command."""
        package = distribution.replace("-", "_")
        return (self._packages / package).is_dir() and (self.bin / distribution).is_file()


@pytest.fixture
def environment(tmp_path: Path, clone: Path) -> Environment:
    return Environment(tmp_path / "venv", clone)


@pytest.fixture
def port() -> Iterator[int]:
    with kept_port() as port:
        yield port


def here(text: str) -> str:
    """Put what this test has in the places of what a reader has."""
    for shown, used in (
        ("1.4.0", VERSION),
        # Without a network, nothing can be made for the build alone.
        ("python -m build ", "python -m build --no-isolation "),
    ):
        text = text.replace(shown, used)
    return text


@pytest.mark.large
def test_each_way_to_install_leads_to_the_client(
    clone: Path, environment: Environment, port: int
) -> None:
    installed: list[Command] = []
    with Shell(clone, {"8092": port}, environment.bin) as shell:
        for step in steps(here(TEXT)):
            if isinstance(step, File):
                shell.save(step)
                continue
            if step.installs:
                environment.clear()
            code, said = shell.run(step)
            came = f"line {step.line}: $ {step.text}\ncame, with {code}:\n{said}"
            assert code == 0, came
            assert not step.shown or step.printed_by(said), came
            if step.installs:
                name = "upsertgen" if "'upsertgen @" in step.text else "hubspot-upsert"
                assert environment.has(name), came
                installed.append(step)
        # A file that was changed since its hash was taken is refused.
        environment.clear()
        (wheel,) = (clone / "wheels").glob("*.whl")
        wheel.write_bytes(wheel.read_bytes() + b"\0")
        (hashed,) = [one for one in installed if "--require-hashes" in one.text]
        code, said = shell.run(hashed)
        assert code != 0, said
        assert "DO NOT MATCH THE HASHES" in said
        assert not environment.has("hubspot-upsert")
    for way in ("@ git+https:", "dist/", "--find-links", "--index-url", "--require-hashes", "./"):
        assert any(way in command.text for command in installed), way


def test_the_dependency_that_is_shown_is_the_address_that_was_tried() -> None:
    files = {step.name: step.text for step in steps(TEXT) if isinstance(step, File)}
    (dependency,) = tomllib.loads(files["nightly-load/pyproject.toml"])["project"]["dependencies"]
    requirement = Requirement(dependency)
    assert requirement.name == PROJECT["name"]
    assert f"{requirement.name} @ {requirement.url}" in TEXT
    assert requirement.extras <= set(PROJECT["optional-dependencies"])


def test_the_page_names_each_extra_and_each_python() -> None:
    rows = re.findall(r"^\| `(\w+)` \|", TEXT, re.MULTILINE)
    assert rows == list(PROJECT["optional-dependencies"])
    (versions,) = re.findall(r"^\| Python \| (.*?) \|$", TEXT, re.MULTILINE)
    prefix = "Programming Language :: Python :: "
    assert versions.split(", ") == [
        one.removeprefix(prefix) for one in PROJECT["classifiers"] if one.startswith(prefix)
    ]

"""Projects of different APIs, installed side by side into one environment, and used from there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

from tests.command_line import write_files
from tests.downstream_project import STOCK
from tests.servers import PROGRAM_PATIENCE, Server

ROOT = Path(__file__).parent.parent
PYPROJECT = """\
[build-system]
requires = ["hatchling", "upsertgen"]
build-backend = "hatchling.build"

[project]
name = "NAME"
version = "1.2.0"
dynamic = ["dependencies", "optional-dependencies", "scripts", "entry-points"]

[tool.hatch.build.hooks.upsertgen]

[tool.hatch.metadata.hooks.upsertgen]

[tool.upsertgen]
package = "PACKAGE"
jobs = 1
"""
NOTHING_IN_BULK = STOCK.replace(
    "      x-upsert: {inputs: rows, key: sku, results: rows, created: created}\n", ""
)
TESTS = """\
def test_each_has_its_own(
    hubspot_upsert_sandbox, hubspot_upsert_v3_client, stock_upsert_sandbox, stock_upsert_v1_client
):
    stock_upsert_v1_client.items.batch_upsert(rows=[{"sku": "a"}])
    hubspot_upsert_v3_client.contacts.batch_upsert(
        inputs=[{"id": "a@example.com", "idProperty": "email", "properties": {}}]
    )
    assert [one.path for one in stock_upsert_sandbox.requests] == ["/items/upsert"]
    assert len(hubspot_upsert_sandbox.requests) == 1


def test_the_short_names_are_those_of_one(upsert_sandbox, hubspot_upsert_sandbox, upsert_v3_client):
    assert upsert_sandbox is hubspot_upsert_sandbox
    assert upsert_v3_client
"""


class Environment:
    """A virtual environment that finds what these tests have installed, and what is installed into it."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder, with_pip=False)
        paths = {"base": str(folder), "platbase": str(folder)}
        (found,) = folder.glob("lib/*/site-packages")
        (found / "others.pth").write_text(
            f"{sysconfig.get_path('purelib')}\n{ROOT / 'generator'}\n"
        )
        self.bin = Path(sysconfig.get_path("scripts", vars=paths))

    def install(self, *what: str | Path) -> None:
        pip = (
            "-m",
            "pip",
            "--disable-pip-version-check",
            "--python",
            self.bin / "python",
            "install",
        )
        options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--no-compile")
        done = self._run(sys.executable, *pip, *options, *what)
        assert done.returncode == 0, done.stdout + done.stderr

    def run(
        self,
        program: str,
        *arguments: str | Path,
        cwd: Path | None = None,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.CompletedProcess[str]:
        return self._run(self.bin / program, *arguments, cwd=cwd, variables=variables)

    @staticmethod
    def _run(
        *words: str | Path,
        cwd: Path | None = None,
        variables: Mapping[str, str] = MappingProxyType({}),
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, words)),
            cwd=cwd,
            env={**os.environ, **variables},
            capture_output=True,
            text=True,
            check=False,
            timeout=PROGRAM_PATIENCE,
        )


def project(folder: Path, name: str, more: str = "", spec: str = STOCK) -> Path:
    package = name.replace("-", "_")
    text = PYPROJECT.replace("NAME", name).replace("PACKAGE", package)
    return write_files(folder / name, {"pyproject.toml": text + more, "specs/v1/items.yaml": spec})


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the client of this repository, and with that of another API."""
    folder = tmp_path_factory.mktemp("both")
    environment = Environment(folder / "venv")
    environment.install(ROOT / "generated", project(folder, "stock-upsert"))
    return environment


def pytest_run(environment: Environment, folder: Path, text: str) -> str:
    write_files(folder, {"test_both.py": text})
    done = environment.run("python", "-m", "pytest", "-q", "-p", "no:cacheprovider", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_two_distributions_have_fixtures_of_their_own(both: Environment, tmp_path: Path) -> None:
    said = pytest_run(both, tmp_path, TESTS)
    assert "2 passed" in said
    assert "warning" not in said


@pytest.mark.large
def test_names_that_two_distributions_claim_are_told(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    claiming = project(tmp_path, "stock-upsert", 'fixture-prefix = "upsert"\n')
    environment.install(ROOT / "generated", claiming)
    said = pytest_run(environment, tmp_path / "tests", TESTS.partition("\n\n\n")[0])
    told = "hubspot-upsert and stock-upsert both bring pytest the fixtures upsert_sandbox_options, "
    assert told in said
    assert "1 passed" in said


@pytest.mark.large
def test_each_command_prefers_a_token_of_its_own(
    both: Environment, tmp_path: Path, server: Server
) -> None:
    write_files(tmp_path, {"items.csv": "sku\na\n"})
    words = ("items", tmp_path / "items.csv", "--api-version", "v1", "--base-url", server.url)
    tokens = {"ACCESS_TOKEN": "of-another", "STOCK_UPSERT_ACCESS_TOKEN": "of-stock"}
    for variables in (tokens, {"ACCESS_TOKEN": "the-only-one"}):
        both.run("stock-upsert", *words, variables=variables)
    sent = [request.headers["Authorization"] for request in server.requests]
    assert sent[0] == "Bearer of-stock"
    assert sent[-1] == "Bearer the-only-one"


@pytest.mark.large
def test_both_commands_and_sandboxes_are_there(both: Environment) -> None:
    assert "v1  items" in both.run("stock-upsert", "--list").stdout
    assert "contacts" in both.run("hubspot-upsert", "--list").stdout
    asked = both.run("python", "-m", "stock_upsert.sandbox", "--help")
    assert "python -m stock_upsert.sandbox" in asked.stdout


@pytest.mark.large
def test_an_editable_install_is_whole(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    # Without these, hatchling needs a library that only an isolated build has.
    more = '[tool.hatch.build]\ndev-mode-dirs = ["."]\n'
    folder = project(tmp_path, "stock-upsert", more)
    environment.install("--editable", folder)
    assert "v1  items" in environment.run("stock-upsert", "--list").stdout
    hint = "from stock_upsert._runtime.extras import distribution; print(distribution())"
    assert environment.run("python", "-c", hint).stdout == "stock-upsert\n"
    where = environment.run("python", "-c", "import stock_upsert; print(stock_upsert.__file__)")
    assert Path(where.stdout.strip()).is_relative_to(folder / "generated")


@pytest.mark.large
def test_a_distribution_without_bulk_methods_has_no_command(tmp_path: Path) -> None:
    environment = Environment(tmp_path / "venv")
    environment.install(project(tmp_path, "stock-upsert", spec=NOTHING_IN_BULK))
    assert not (environment.bin / "stock-upsert").exists()
    done = environment.run("python", "-m", "stock_upsert", "--help")
    assert done.returncode == 2
    assert re.fullmatch(
        r"stock-upsert: there is nothing to do from the command line: .*\n", done.stderr
    )

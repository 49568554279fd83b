"""Type checkers tell who uses what is deprecated, by the spec or by a rename, and nobody else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.public_names.project import Project, renamed
from tests.scenarios import Scenario
from tests.types.test_type_checkers import Finding, run_mypy, run_pyright

BY_SPEC = """\
from deprecated.v1 import Client as Older
from deprecated.v2 import AsyncClient, Client, models
from deprecated.v2.models import Input


def use(client: Client, older: Older) -> None:
    client.people.batch_upsert(inputs=[])  # deprecated
    client.people.upsert([], id_property="email").raise_for_rejections()  # deprecated
    client.people.iter_upsert([], id_property="email")  # deprecated
    print(client.people.count(shop="a"))
    print(client.people.count(shop="a", kinds=["b"]))  # deprecated
    print(Input(id="1", values={}, origin={"system": "x"}).trace)  # misuse
    print(models.Origin(system="x"))  # deprecated
    older.people.batch_upsert(inputs=[], dry_run=True)
    older.people.upsert([], id_property="email").raise_for_rejections()


async def use_asynchronously(client: AsyncClient) -> None:
    await client.people.batch_upsert(inputs=[])  # deprecated
    (await client.people.upsert([], id_property="email")).raise_for_rejections()  # deprecated
    client.people.iter_upsert([], id_property="email")  # deprecated
    print(await client.people.count(shop="a"))
    print(await client.people.count(shop="a", kinds=["b"]))  # deprecated
    await client.people.count(kinds=["b"])  # misuse
"""
BY_RENAME = """\
from PACKAGE import v1
from PACKAGE.v2 import AsyncClient, Client
from PACKAGE.v2.models import Answer, Human


def use(client: Client, human: Human) -> Answer:
    print(v1.Client("token"))  # deprecated
    people = client.people  # deprecated
    people.batch_upsert(inputs=[], rehearsal=True)  # deprecated
    people.batch_upsert(inputs=[], dry_run=True)  # deprecated
    people.upsert_many(inputs=[], dry_run=True)  # deprecated
    print(human.nick_name)  # deprecated
    people.upsert_many(inputs=[], dry_run=7)  # misuse
    return client.humans.upsert_many(inputs=[human], rehearsal=True)


async def use_asynchronously(client: AsyncClient) -> str:
    await client.humans.batch_upsert(inputs=[])  # deprecated
    await client.humans.upsert_many(inputs=[], dry_run=True)  # deprecated
    answer = await client.humans.upsert_many(inputs=[])
    print(v1.AsyncClient("token"))  # deprecated
    print(answer.status)  # deprecated
    return answer.state
"""


@pytest.fixture(scope="module")
def by_spec(
    scenario: Callable[[str], Scenario], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("by_spec")
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(scenario("deprecated").folder, folder / "deprecated", ignore=ignored)
    (folder / "use.py").write_text(BY_SPEC, "utf-8")
    return folder, "deprecated"


@pytest.fixture(scope="module")
def by_rename(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    project: Project = renamed(tmp_path_factory.mktemp("by_rename"))
    text = BY_RENAME.replace("PACKAGE", project.package)
    (project.output / "use.py").write_text(text, "utf-8")
    return project.output, project.package


def check_with_mypy(folder: Path, package: str) -> list[Finding]:
    options = ("--strict", "--enable-error-code", "deprecated", "--config-file", "")
    return run_mypy(folder, *options, package, "use.py")


def check_with_pyright(folder: Path, package: str) -> list[Finding]:
    files = len(list((folder / package).rglob("*.py"))) + 1
    return run_pyright(folder, {"strict": ["**"]}, files)


@pytest.mark.parametrize("check", [check_with_mypy, check_with_pyright])
@pytest.mark.parametrize("given", ["by_spec", "by_rename"])
def test_uses_of_what_is_deprecated_are_told(
    check: Callable[[Path, str], list[Finding]], given: str, request: pytest.FixtureRequest
) -> None:
    folder, package = request.getfixturevalue(given)
    found = check(folder, package)
    lines = (folder / "use.py").read_text("utf-8").splitlines()
    marks = {"deprecated": set[int](), "misuse": set[int]()}
    for one in found:
        if one.path.name == "use.py":
            marks["deprecated" if "is deprecated" in one.message else "misuse"].add(one.line)
        else:
            # Where a class is a part of another one.
            assert "is deprecated in the specification of the API" in one.message, one
    for mark, told in marks.items():
        wanted = {n for n, line in enumerate(lines, 1) if line.endswith(f"# {mark}")}
        assert {n: lines[n - 1] for n in told} == {n: lines[n - 1] for n in wanted}

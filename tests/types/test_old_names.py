"""Type checkers know the old names of what was renamed, and no others."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.renaming import Project, renamed
from tests.types.checkers import Finding, run_mypy, run_pyright

USE = """\
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
MISUSE = """\
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
    return renamed(tmp_path_factory.mktemp("renamed"))


@pytest.fixture
def output(project: Project) -> Path:
    """The folder of the generated package, with the use and misuse of it."""
    for name, text in (("use", USE), ("misuse", MISUSE)):
        text = text.replace("PACKAGE", project.package)
        (project.output / f"{name}.py").write_text(text, "utf-8")
    return project.output


def assert_told(findings: list[Finding]) -> None:
    assert [one for one in findings if one.path.name != "misuse.py"] == []
    assert {one.line for one in findings} == LINES


def test_mypy(project: Project, output: Path) -> None:
    files = (project.package, "use.py", "misuse.py")
    assert_told(run_mypy(output, "--strict", "--config-file", "", *files))


def test_pyright(project: Project, output: Path) -> None:
    # All but what is generated for installers.
    files = len(list((output / project.package).rglob("*.py"))) + 2
    assert_told(run_pyright(output, {"strict": ["**"]}, files))

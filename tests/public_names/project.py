"""A small project whose specs rename things, and its distribution."""

from __future__ import annotations

import contextlib
import importlib
import itertools
import sys
from pathlib import Path
from typing import Any

from tests.command_line import Outcome, upsertgen, write_files

_NUMBERS = itertools.count(1)

PEOPLE = """\
openapi: 3.0.3
info: {title: People, version: v1}
servers:
  - url: https://api.example.com
paths:
  /people/batch:
    post:
      operationId: batch_upsert
      parameters:
        - {name: dry_run, in: query, schema: {type: boolean}}
      requestBody:
        required: true
        content: {application/json: {schema: {$ref: "schemas.yaml#/components/schemas/Batch"}}}
      responses:
        "200":
          description: The people.
          content: {application/json: {schema: {$ref: "schemas.yaml#/components/schemas/Answer"}}}
"""
SCHEMAS = """\
openapi: 3.0.3
info: {title: Shared, version: v1}
paths: {}
components:
  schemas:
    Batch:
      type: object
      required: [inputs]
      properties:
        inputs: {type: array, items: {$ref: "#/components/schemas/Person"}}
    Person:
      type: object
      required: [id]
      properties:
        id: {type: string}
        nickName: {type: string}
    Answer:
      type: object
      required: [results, status]
      properties:
        results: {type: array, items: {$ref: "#/components/schemas/Result"}}
        status: {type: string}
    Result:
      type: object
      required: [id]
      properties:
        id: {type: string}
        new: {type: boolean}
"""
LOCK = "specs/names.lock.yaml"
_RENAMES = (
    "v1 -> v2",
    "v2.people -> v2.humans",
    "v2.people.batch_upsert -> v2.humans.upsert_many",
    "v2.people.batch_upsert(dry_run) -> v2.humans.upsert_many(rehearsal)",
    "v2.pets.Pets -> v2.pets.PETS",
    "v2.models.Person -> v2.models.Human",
    "v2.models.Person.nick_name -> v2.models.Human.called",
    "v2.models.Result -> v2.models.Outcome",
    "v2.models.Answer.status -> v2.models.Answer.state",
)


class Project:
    """Specs and settings in the current folder.

    Attributes:
        package: The name of the generated package.
        version: The version of the distribution; `declare` writes it to the settings.

    Args:
        folder: The current folder.
        versions: The API versions, with the same specs.
        package: The name of the generated package; by default one that no other project has.
    """

    def __init__(self, folder: Path, *versions: str, package: str | None = None) -> None:
        self.package = package or f"renaming_{next(_NUMBERS)}"
        self._folder = folder
        self.version = "1.0"
        for version in versions or ("v1",):
            self.write(version, "people.yaml", PEOPLE)
            self.write(version, "schemas.yaml", SCHEMAS)
        self.declare()

    def write(self, version: str, name: str, text: str) -> None:
        write_files(self._folder, {f"specs/{version}/{name}": text})

    def add_pets(self, version: str = "v1") -> None:
        """Add an object type `pets`, which is as `people` is."""
        self.write(version, "pets.yaml", PEOPLE.replace("people", "pets"))

    def remove(self, version: str) -> None:
        """Remove all specs of a version."""
        for file in (self._folder / "specs" / version).iterdir():
            file.unlink()

    def edit(self, file: str, *changes: tuple[str, str]) -> None:
        """Replace each text, which has to be there, by another."""
        path = self._folder / "specs" / file
        text = path.read_text("utf-8")
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        path.write_text(text, "utf-8")

    def move(self, old: str, new: str) -> None:
        (self._folder / "specs" / old).rename(self._folder / "specs" / new)

    def declare(self, *renames: str) -> None:
        """Declare renames, such as `v1.people -> v1.humans until 2.0`, and no others."""
        text = f'[tool.upsertgen]\npackage = "{self.package}"\n'
        text += f'distribution-version = "{self.version}"\n'
        for rename in renames:
            old, _, rest = rename.partition(" -> ")
            new, _, until = rest.partition(" until ")
            text += f'\n[[tool.upsertgen.renames]]\nfrom = "{old}"\n'
            text += f'to = "{new}"\n' if new else ""
            text += f'until = "{until}"\n' if until else ""
        write_files(self._folder, {"pyproject.toml": text})

    def append(self, text: str) -> None:
        """Append to the settings what a run has printed."""
        path = self._folder / "pyproject.toml"
        path.write_text(path.read_text("utf-8") + text, "utf-8")

    def generate(self, *arguments: str) -> Outcome:
        return upsertgen("generate", "--jobs", "1", *arguments)

    def generated(self, *arguments: str) -> Outcome:
        """Generate without a problem."""
        outcome = self.generate(*arguments)
        assert outcome.code == 0, outcome.err
        return outcome

    def released(self, *arguments: str) -> Outcome:
        """Release what there is, without a problem; the first release begins the record of names."""
        outcome = upsertgen("release", *arguments)
        assert outcome.code == 0, outcome.err
        return outcome

    @property
    def lock(self) -> str:
        return (self._folder / LOCK).read_text("utf-8")

    @lock.setter
    def lock(self, text: str) -> None:
        (self._folder / LOCK).write_text(text, "utf-8")

    def place(self, text: str) -> str:
        """Return where the first line of the lock with a text stands, without the column."""
        lines = self.lock.splitlines()
        return f"{LOCK}:{next(n for n, line in enumerate(lines, 1) if text in line)}:"

    @property
    def output(self) -> Path:
        """The folder of the distribution."""
        return self._folder / "generated"

    def module(self, name: str) -> Any:
        """Import a module of the distribution."""
        output = str(self.output)
        if output not in sys.path:
            # Left there when the test is over: modules of the package are imported when first used.
            sys.path.append(output)
        importlib.invalidate_caches()
        return importlib.import_module(f"{self.package}.{name}")


def renamed(folder: Path) -> Project:
    """Return a project, in an empty folder, that has renamed one public name of each kind."""
    schemas = (
        ("Person", "Human"),
        ("nickName", "called"),
        ("Result", "Outcome"),
        ("status", "state"),
    )
    with contextlib.chdir(folder):
        project = Project(folder, "v1", "v2")
        for version in ("v1", "v2"):
            project.add_pets(version)
        project.released()
        project.remove("v1")
        project.move("v2/people.yaml", "v2/humans.yaml")
        project.move("v2/pets.yaml", "v2/PETS.yaml")
        project.edit("v2/humans.yaml", ("batch_upsert", "upsert_many"), ("dry_run", "rehearsal"))
        project.edit("v2/schemas.yaml", *schemas)
        project.declare(*_RENAMES)
        project.generated()
    return project

"""Object types and versions that were renamed: what people type, and files that hold the old names."""

from __future__ import annotations

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from upsertgen.emit.old_names import with_old_object_types
from upsertgen.ir.tree import Api
from upsertgen.public_name import Aliases
from upsertgen.spec_text import SpecText

from tests.public_names.project import Project
from tests.scenarios import FOLDER
from tests.servers import TOKEN

SPECS = FOLDER / "deprecated" / "specs"
UNIQUE = {"email": {"unique": True}, "name": {}}
TYPE = "'people' is deprecated, and gone in version 2.0 of this package: it is called 'humans' now"
VERSION = "'v1' is deprecated: it is called 'v2' now"
BY_SPEC = "the specification of the API calls the upsert of humans deprecated"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("old_types")


@pytest.fixture(scope="module")
def project(folder: Path) -> Project:
    """A project that has renamed, and a database and properties that were written before."""
    with contextlib.chdir(folder):
        project = Project(folder, "v1", "v2", package="before_renames")
        for file in (*SPECS.glob("v*/*.yaml"), *SPECS.glob("overlays/*.yaml")):
            project.write(file.parent.name, file.name, file.read_text("utf-8"))
        project.generated()
        with sandbox(project, folder / "crm.sqlite") as running:
            running.declare("people", **UNIQUE)
            running.seed("people", [{"email": "a", "name": "Al"}])
        files = folder / "properties"
        files.mkdir()
        told = {"object_type": "people", "api_version": "v1", "properties": UNIQUE}
        (files / "people.yaml").write_text(json.dumps(told), "utf-8")
        (folder / "people.csv").write_text("email,name\na,Bo\nb,Cy\n", "utf-8")
        project.package = "after_renames"
        project.remove("v1")
        project.move("v2/people.yaml", "v2/humans.yaml")
        project.declare("v1 -> v2", "v2.people -> v2.humans until 2.0")
        project.generated()
    return project


def sandbox(project: Project, database: Path) -> Any:
    module = project.module("sandbox")
    return module.Sandbox(module.Options(database=database))


@pytest.mark.parametrize(
    ("asked", "label", "told"),
    [
        ("people", "v2", [TYPE, BY_SPEC]),
        ("humans", "v1", [VERSION, BY_SPEC]),
        ("humans", "v2", [BY_SPEC]),
    ],
)
def test_the_command_takes_old_names_and_warns(
    project: Project,
    folder: Path,
    asked: str,
    label: str,
    told: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ACCESS_TOKEN", TOKEN)
    monkeypatch.chdir(folder)
    catalogue = project.module("_cli.catalogue").CATALOGUE
    with sandbox(project, folder / "crm.sqlite") as running:
        # The folder of properties has a file with the old name, and the database records.
        arguments = [asked, "people.csv", "--id-property", "email", "--properties", "properties"]
        where = ["--api-version", label, "--base-url", running.url]
        code = project.module("_cli.entry").run_command(catalogue, [*arguments, *where])
        out, err = capsys.readouterr()
        assert err.splitlines() == [f"{catalogue.program}: {one}" for one in told]
        assert code == 0, out
        for name in ("people", "humans"):
            records = running.records(name)
            assert [one["properties"]["name"] for one in records] == ["Bo", "Cy"]


def test_a_program_reads_properties_and_resumes_journals_that_have_the_old_name(
    project: Project, folder: Path
) -> None:
    with (
        sandbox(project, folder / "crm.sqlite") as running,
        running.client(project.module("v2").Client, TOKEN) as client,
        pytest.warns(DeprecationWarning, match=r"v2\.humans\.upsert is deprecated"),
    ):
        records = [{"email": "a", "name": "Al"}]
        report = client.humans.upsert(
            records, id_property="email", properties=folder / "properties"
        )
    assert [one.status for one in report.outcomes] == ["updated"]


def test_a_database_with_both_names_is_refused(
    project: Project, folder: Path, tmp_path: Path
) -> None:
    module = project.module("sandbox.store")
    with module.Store(tmp_path / "both.sqlite") as store:
        for name in ("people", "humans"):
            store.declare(name, [])
            store.write([module.Change(name, {}, {})], "2026-01-02T03:04:05Z")
    with (
        pytest.raises(
            project.module("sandbox").SandboxError, match="people and humans, which are one"
        ),
        sandbox(project, tmp_path / "both.sqlite"),
    ):
        pass


def test_aliases_stay_in_the_order_of_the_tree() -> None:
    """What a file is proven by has other texts in it, which have another order."""
    aliases = (
        (SpecText("tickets"), (SpecText("ticket"),)),
        (SpecText("deals"), (SpecText("deal"),)),
    )
    api = Api(versions=(), aliases=aliases)
    assert with_old_object_types(api, Aliases()).aliases == aliases

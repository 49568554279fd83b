"""Releases of what stands since the last one: the record of names begins, and the changelog tells each."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.command_line import snapshot, upsertgen, write_files
from tests.public_names.project import LOCK, Project

CHANGELOG = Path("generated/CHANGELOG.md")
RECORD = Path("specs/releases.yaml")
CORRECTION = """\
overlay: 1.0.0
info: {title: Corrections, version: "1"}
actions:
  - target: $.components.schemas.Result.properties
    description: Results say <b>who</b> [owns](https://example.com) them.
    update: {owner: {type: string}}
"""
FREE = "free-names = true\n"


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project after its first release."""
    folder = tmp_path_factory.mktemp("first")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Project(folder, package="people_client").released()
    return folder


@pytest.fixture
def project(first: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project after its first release, in the current folder."""
    shutil.copytree(first, tmp_path / "project")
    monkeypatch.chdir(tmp_path / "project")
    return Project(tmp_path / "project", package="people_client")


@pytest.fixture
def new(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project before its first release, in the current folder."""
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, package="people_client")


def commit() -> None:
    for arguments in (
        ("init", "--quiet"),
        ("add", "--all"),
        ("-c", "user.name=A", "-c", "user.email=a@example.com", "commit", "--quiet", "-m", "x"),
    ):
        subprocess.run(["git", *arguments], check=True)


def version() -> str:
    (line,) = (one for one in Path("pyproject.toml").read_text().splitlines() if "n-version" in one)
    return line.split('"')[1]


def told(version: str) -> str:
    """Return what the changelog says of a release."""
    _, _, text = CHANGELOG.read_text("utf-8").partition(f"### Version {version}\n")
    assert text
    return text.partition("\n### ")[0].partition("\n## ")[0]


def test_names_are_free_until_the_first_release(new: Project) -> None:
    outcome = new.generated()
    free = (
        "public names are not recorded, and may change, until 'upsertgen release' makes the first"
    )
    assert f"note: {LOCK}: {free}" in outcome.err
    new.move("v1/people.yaml", "v1/humans.yaml")
    new.edit("v1/schemas.yaml", ("status", "state"))
    new.generated()
    assert not Path(LOCK).exists()
    outcome = new.released()
    assert "1.0 is the first release: its public names are kept from now on.\n" in outcome.err
    assert {f"created  {LOCK}", f"created  {RECORD}"} <= set(outcome.out.splitlines())
    assert "note: " not in outcome.err
    assert told("1.0").strip().startswith("The first release.")
    assert new.generate("--check").code == 0
    new.move("v1/humans.yaml", "v1/people.yaml")
    assert new.generate().code == 2


def test_a_lock_that_is_there_binds_without_a_release(project: Project) -> None:
    RECORD.unlink()
    project.edit("v1/schemas.yaml", ("status", "state"))
    assert project.generate().code == 2


def test_a_distribution_before_1_0_may_leave_its_names_free(new: Project) -> None:
    new.version = "0.9.0"
    new.declare()
    new.append(FREE)
    new.released()
    assert not Path(LOCK).exists()
    before = shutil.copytree("specs", "before")
    new.edit("v1/schemas.yaml", ("status", "state"))
    outcome = new.released("--since", str(before))
    assert "distribution-version: 0.9.0 -> 0.10.0" in outcome.err
    assert "note: " not in outcome.err
    new.version = "1.0.0"
    new.declare()
    new.append(FREE)
    outcome = new.generate()
    assert outcome.code == 2
    assert (
        "pyproject.toml:4:1: free-names is True; expected false from distribution-version 1.0 on"
        in (outcome.err)
    )


def test_a_lock_is_kept_up_to_date_while_names_are_free(project: Project) -> None:
    project.version = "0.9.0"
    project.declare()
    project.append(FREE)
    project.edit("v1/schemas.yaml", ("status", "state"))
    project.generated()
    assert "Answer: [results, state]" in project.lock


def test_nothing_new(project: Project) -> None:
    before = snapshot(Path())
    outcome = project.released()
    assert outcome.err == "Nothing has changed since 1.0, and everything is up to date.\n"
    assert snapshot(Path()) == before


def test_a_release_of_what_was_done_by_hand(project: Project, tmp_path: Path) -> None:
    commit()
    project.add_pets()
    project.move("v1/people.yaml", "v1/humans.yaml")
    project.declare("v1.people -> v1.humans until 2.0")
    project.write("overlays", "corrections.yaml", CORRECTION)
    before = snapshot(Path("specs"))
    outcome = project.released("--dry-run")
    assert "1.1.0 follows 1.0; what changed needs this bump at least: minor.\n" in outcome.err
    assert "distribution-version: 1.0 -> 1.1.0\nNothing was written. Next: " in outcome.err
    assert (snapshot(Path("specs")), version()) == (before, "1.0")
    outcome = project.released()
    assert "distribution-version: 1.0 -> 1.1.0\nNext: review these files" in outcome.err
    assert version() == "1.1.0"
    brought = told("1.1.0")
    assert "A **minor** version at least: something is deprecated" in brought
    assert "- `v1.people` is called `v1.humans` now; the old name works, and warns.\n" in brought
    assert "##### pets\n\n- Object type added (callers additive, wire additive)\n" in brought
    assert "field `results[].owner` added" in brought
    assert r"Results say \<b\>who\</b\> \[owns\](https\://example.com) them." in brought
    # Elsewhere, without a history, it says the same.
    shutil.copytree(".", tmp_path / "copy", ignore=shutil.ignore_patterns(".git", "generated"))
    with contextlib.chdir(tmp_path / "copy"):
        project.generated()
    assert (tmp_path / "copy" / CHANGELOG).read_bytes() == CHANGELOG.read_bytes()
    # What came before is not told again.
    commit()
    project.version = "1.1.0"
    project.declare("v1.people -> v1.humans until 2.0")
    project.write("v1", "dogs.yaml", Path("specs/v1/pets.yaml").read_text().replace("pets", "dogs"))
    assert "1.2.0 follows 1.1.0" in project.released().err
    assert ("##### dogs" in told("1.2.0"), "people" in told("1.2.0")) == (True, False)
    assert told("1.1.0") == brought


def test_a_version_and_a_method_that_come(project: Project) -> None:
    commit()
    for name in ("people.yaml", "schemas.yaml"):
        project.write("v2", name, Path("specs/v1", name).read_text())
    people = Path("specs/v1/people.yaml").read_text()
    path = people.partition("paths:\n")[2].replace("/people/batch", "/people/many")
    people += path.replace("batch_upsert", "write_many")
    project.write("v1", "people.yaml", people)
    project.released()
    brought = told("1.1.0")
    assert "\n#### v1\n" in brought
    assert "\n#### v2 is new\n" in brought
    assert "\n- `write_many`: Method added (callers additive, wire additive)\n" in brought


def test_what_is_retired_breaks_callers(project: Project) -> None:
    commit()
    project.add_pets()
    Path("specs/v1/people.yaml").unlink()
    project.declare("v1.people")
    assert "distribution-version: 1.0 -> 2.0.0" in project.released().err
    assert "- `v1.people` is gone.\n" in told("2.0.0")
    assert "A **major** version at least: something breaks for callers." in told("2.0.0")


@pytest.mark.parametrize(
    ("raised", "after"), [("2.0", "2.0"), ("1.1rc1", "1.1rc1"), ("1.0.1", "1.1.0")]
)
def test_a_version_that_somebody_raised(project: Project, raised: str, after: str) -> None:
    commit()
    project.add_pets()
    project.version = raised
    project.declare()
    project.released()
    assert version() == after
    assert "Object type added" in told(after)


def test_a_version_that_is_raised_although_nothing_changed(project: Project) -> None:
    project.version = "1.0.1"
    project.declare()
    project.released()
    assert told("1.0.1").strip() == "Nothing of the API changed."


def test_specs_of_the_last_release_that_nobody_knows(project: Project) -> None:
    before = shutil.copytree("specs", "before")
    project.add_pets()
    files = snapshot(Path())
    outcome = upsertgen("release")
    assert outcome.code == 2
    assert outcome.problems == [
        f"{RECORD}:1:1: the specs have changed since 1.0 was released, and git has no commit with the specs "
        "of that release; expected a commit that holds this record and the specs of its last release; name "
        "what holds them with --since, a git revision or a folder"
    ]
    assert snapshot(Path()) == files
    # A commit of the record alone is none that holds the specs.
    commit()
    assert upsertgen("release").problems == outcome.problems
    assert "1.1.0 follows 1.0" in project.released("--since", str(before)).err


def test_a_revision_that_is_named(project: Project) -> None:
    commit()
    project.add_pets()
    assert "1.1.0 follows 1.0" in project.released("--since", "HEAD", "--dry-run").err
    outcome = upsertgen("release", "--since", "v9")
    assert outcome.code == 2
    assert outcome.err.startswith("--since:1:1: the specs in specs cannot be read at 'v9'")


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (("--api-version", "v1"), "--api-version says what to import, and there is no SOURCE"),
        (("--map", "a=b"), "--map says what to import, and there is no SOURCE"),
        (("published",), "--api-version is missing"),
    ],
)
def test_options_without_a_source(arguments: tuple[str, ...], wrong: str) -> None:
    outcome = upsertgen("release", *arguments)
    assert outcome.code == 2
    assert wrong in outcome.err


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "releases: {}",
        "releases: [{version: 1}]",
        "releases: [{version: x y, bump: none, specs: a}]",
        "releases: [{version: '1', bump: huge, specs: a}]",
        "releases: [{version: '1', bump: none, specs: a, changes: [1]}]",
        "releases: [{version: '1', bump: none, specs: a, renames: {a: 1}}]",
        "releases: [",
        "\0",
    ],
)
def test_a_record_that_somebody_broke(project: Project, text: str) -> None:
    write_files(Path(), {RECORD.as_posix(): text})
    for command in ("generate", "release"):
        outcome = upsertgen(command)
        assert outcome.code == 2
        (problem,) = outcome.problems
        assert problem.startswith(f"{RECORD}:")
        assert "; expected a record as 'upsertgen release' writes it; restore it" in problem

"""Public names are recorded, and a run in which one would vanish says which rename to declare."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import snapshot, upsertgen
from tests.public_names.project import LOCK, Project

RECORDED = """\
versions:
  v1:
    objects:
      people: {class: People, methods: {batch_upsert: METHOD}}
    models:
      Answer: [results, status]
      Batch: [inputs]
      Person: [id, nick_name]
      Result: [id, new]
    typed_dicts:
      - BatchDict
      - PersonDict
""".replace("METHOD", '{call: "POST /people/batch", parameters: [dry_run, inputs]}')


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a project whose names are recorded."""
    folder = tmp_path_factory.mktemp("finished")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        Project(folder).released()
    return folder


@pytest.fixture
def project(finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project whose names are recorded."""
    shutil.copytree(finished, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return Project(tmp_path, package=next(Path("generated").glob("*/_runtime")).parent.name)


@pytest.fixture
def versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A project of two versions whose names are recorded."""
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, "v1", "v2")
    project.released()
    return project


def refused(project: Project, *told: str, declares: str = "") -> str:
    """Check that a run is refused for one reason and changes nothing; return what it prints to paste."""
    before = snapshot(Path())
    outcome = project.generate()
    assert outcome.code == 2
    assert snapshot(Path()) == before
    (problem,) = outcome.problems
    for words in (*told, "; expected "):
        assert words in problem
    assert outcome.out == declares
    return outcome.out


def pasted(old: str, new: str) -> str:
    return f'\n[[tool.upsertgen.renames]]\nfrom = "{old}"\nto = "{new}"\n'


def test_names_are_recorded_and_new_ones_added(project: Project) -> None:
    assert project.lock.partition("versions:\n")[2] == RECORDED.partition("\n")[2]
    project.add_pets()
    outcome = project.generated()
    row = 'pets: {class: Pets, methods: {batch_upsert: {call: "POST /pets/batch", parameters: '
    assert row in project.lock
    assert (
        f"changed  {LOCK}: new: v1.pets, v1.pets.Pets, v1.pets.batch_upsert, "
        "v1.pets.batch_upsert(dry_run) and 1 more"
    ) in outcome.out
    assert project.generated().out == ""


def test_a_check_says_that_the_record_is_stale(project: Project) -> None:
    project.lock = project.lock.replace("      - PersonDict\n", "")
    before = snapshot(Path())
    outcome = project.generate("--check")
    assert outcome.code == 1
    assert outcome.out == f"changed  {LOCK}: new: v1.typed_dicts.PersonDict\n"
    assert "run 'upsertgen generate'" in outcome.err
    difference = project.generate("--diff").out
    assert difference.endswith("       - BatchDict\n+      - PersonDict\n")
    assert snapshot(Path()) == before
    project.generated()
    assert project.generate("--check").code == 0


def test_a_record_that_is_gone_is_made_anew(project: Project) -> None:
    lock = project.lock
    Path(LOCK).unlink()
    assert project.generate("--check").code == 1
    assert project.generated().out == f"created  {LOCK}: names were not recorded\n"
    assert project.lock == lock


def test_a_selection_records_nothing_and_yet_refuses(project: Project) -> None:
    lock = project.lock
    project.add_pets()
    project.generated("--object", "people")
    assert project.lock == lock
    project.generated()
    assert "pets" in project.lock
    Path("specs/v1/pets.yaml").unlink()
    assert project.generate("--object", "people").code == 2


def test_a_run_in_which_nothing_changed_reads_neither_specs_nor_record(project: Project) -> None:
    program = [sys.executable, "-X", "importtime", "-m", "upsertgen", "generate"]
    run = subprocess.run(program, check=True, capture_output=True, text=True)
    imported = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines() if "|" in line}
    assert "upsertgen.run" in imported
    ours = {f"upsertgen.public_names.{name}" for name in ("check", "record")}
    assert (ours | {"black", "jinja2"}) & imported == set()
    assert "are up to date." in run.stderr
    project.lock = project.lock.replace("[id, new]", "[id]")
    assert project.generate("--check").code == 1


def test_an_object_type_that_is_gone(project: Project) -> None:
    project.add_pets()
    project.generated()
    Path("specs/v1/people.yaml").unlink()
    refused(project, "object type v1.people would vanish;", "or no 'to' if it is retired")
    project.declare("v1.people")
    project.generated()
    assert project.lock.endswith('retired:\n  - "v1.people"\n')
    assert project.generate("--check").code == 0
    project.declare()
    project.generated()
    assert "people" not in project.lock.replace("[dry_run", "")


# The change in a file, or of its name; the row of the record and the column; the old and the new name.
LEVELS = {
    "object type": ("file people humans", "people: 7", "v1.people", "v1.humans"),
    "class": ("file people PEOPLE", "people: 16", "v1.people.People", "v1.people.PEOPLE"),
    "method": (
        "people batch_upsert upsert_many",
        "people: 41",
        "v1.people.batch_upsert",
        "v1.people.upsert_many",
    ),
    "parameter": (
        "people dry_run rehearsal",
        "people: 41",
        "v1.people.batch_upsert(dry_run)",
        "v1.people.batch_upsert(rehearsal)",
    ),
    "model": ("schemas Result Outcome", "Result: 7", "v1.models.Result", "v1.models.Outcome"),
    "model with a typed dict": (
        "schemas Person Human",
        "Person: 7",
        "v1.models.Person",
        "v1.models.Human",
    ),
    "field": (
        "schemas status state",
        "Answer: 7",
        "v1.models.Answer.status",
        "v1.models.Answer.state",
    ),
}


@pytest.mark.parametrize("level", LEVELS)
def test_a_name_that_changes_is_refused_until_that_is_declared(
    project: Project, level: str
) -> None:
    change, place, old, new = LEVELS[level]
    file, before, after = change.split()
    row, column = place.split()
    if file == "file":
        project.move(f"v1/{before}.yaml", f"v1/{after}.yaml")
    else:
        project.edit(f"v1/{file}.yaml", (before, after))
    told = (
        f"{project.place(row)}{column}: the {level.partition(' with')[0]} {old} would vanish, ",
        f"and seems to be called {new} now",
        f"declare 'from = \"{old}\"' with 'to = \"{new}\"' under [[tool.upsertgen.renames]]",
    )
    project.append(refused(project, *told, declares=pasted(old, new)))
    project.generated()
    assert project.lock.endswith(f'aliases:\n  "{old}": "{new}"\n')
    assert project.generate("--check").code == 0


def test_a_version_that_is_retired(versions: Project) -> None:
    versions.add_pets()
    versions.generated()
    versions.remove("v1")
    told = (versions.place("v1:"), "the API version v1 would vanish, and seems to be called v2 now")
    versions.append(refused(versions, *told, declares=pasted("v1", "v2")))
    # What the other version has not got is lost all the same.
    refused(versions, versions.place("pets:"), "the object type v1.pets would vanish;")
    versions.declare("v1 -> v2", "v1.pets")
    versions.generated()
    assert versions.lock.endswith('aliases:\n  "v1": "v2"\nretired:\n  - "v1.pets"\n')


def test_a_field_that_versions_share_is_reported_once(versions: Project) -> None:
    for version in ("v1", "v2"):
        versions.edit(f"{version}/schemas.yaml", ("status", "state"))
    declares = pasted("v1.models.Answer.status", "v1.models.Answer.state")
    versions.append(refused(versions, versions.place("Answer:"), declares=declares))
    versions.generated()


def test_an_alias_outlives_its_declaration_only_if_that_said_until_when(project: Project) -> None:
    project.move("v1/people.yaml", "v1/humans.yaml")
    project.declare("v1.people -> v1.humans until 2.0")
    project.generated()
    assert Path("generated", project.package, "v1/people.py").exists()
    project.declare()
    refused(
        project,
        project.place('"v1.people"'),
        "the old name v1.people of v1.humans would vanish",
        "with 'until = \"1.0\"' if it is to end now",
    )
    project.version = "2.0"
    project.declare("v1.people -> v1.humans until 2.0")
    assert "v1/people.py: nothing emits it any more" in project.generated().out
    assert project.lock.endswith('retired:\n  - "v1.people"\n')
    project.declare()
    project.generated()
    assert "v1.people" not in project.lock
    assert not Path("generated", project.package, "_runtime/deprecation.py").exists()


@pytest.mark.parametrize(
    ("rename", "told"),
    [
        ("v1.people -> v1.humans", "but there is an object type of that name"),
        ("v1.peopel -> v1.people", "did you mean 'v1.people'?"),
        ("v1.models.Batch.gone", "no field was ever called v1.models.Batch.gone"),
        ("v1.people.", "'v1.people.' is no public name"),
        ("v1.models", "'v1.models' is no public name"),
        ("v1.class", "'v1.class' is no public name"),
        ("v0 -> v1.people", "v0 stands for an API version, and v1.people for an object type"),
    ],
)
def test_a_rename_that_means_nothing(project: Project, rename: str, told: str) -> None:
    project.declare(rename)
    refused(project, "pyproject.toml:5:1: ", told)


@pytest.mark.parametrize(
    ("rename", "told"),
    [
        ("v1.people -> v1.human", "no object type is called v1.human; "),
        ("v1.people -> v2.people", "which stands somewhere else; expected a name in v1"),
        ("v1.people -> v1.peoples", "did you mean 'v1.humans'?"),
    ],
)
def test_a_rename_to_nothing(versions: Project, rename: str, told: str) -> None:
    versions.move("v1/people.yaml", "v1/humans.yaml")
    versions.declare(rename)
    if "humans" in told:
        versions.declare(rename.replace("peoples", "humens"))
    refused(versions, "pyproject.toml:5:1: ", told)


SETTINGS = {
    'renames = "v1"': "the setting renames is 'v1'",
    '[[tool.upsertgen.renames]]\nto = "v1"': "a rename says nothing of the old name",
    '[[tool.upsertgen.renames]]\nfrom = 1\nto = "v1"': "from of a rename is 1",
    '[[tool.upsertgen.renames]]\nfrom = "v0"\nuntill = "2"': "did you mean 'until'?",
    '[[tool.upsertgen.renames]]\nfrom = "v0"\nto = "v1"\nuntil = "soon"': "until of a rename is 'soon'",
    '[[tool.upsertgen.renames]]\nfrom = "v0"\nuntil = "2"': "leaves no alias that could end",
}


@pytest.mark.parametrize("text", SETTINGS)
def test_a_rename_that_is_written_wrongly(project: Project, text: str) -> None:
    project.append(text)
    refused(project, "pyproject.toml:4:1: ", SETTINGS[text])


def test_two_renames_of_one_name(project: Project) -> None:
    project.declare("v1.gone", "v1.gone -> v1.people")
    refused(project, "pyproject.toml:8:1: two renames say what became of v1.gone")


BROKEN: dict[str | bytes, tuple[str, str]] = {
    b"\xff": (":1:1: ", "the name lock cannot be read: it is not UTF-8"),
    "versions: [": (":", "this is not YAML"),
    "": (":1:1: ", "the document is empty"),
    "version: {}": (":1:1: ", "unknown field 'version'; expected only versions, aliases, retired"),
    "versions: 3": (":1:1: ", "has no mapping in versions"),
    "versions:\n  v1: []": (":2:3: ", "has no mapping in versions.v1"),
    "versions:\n  v1:\n    models: {Error: 1}": (
        ":3:14: ",
        "no list of names in versions.v1.models.Error",
    ),
    "versions:\n  v1:\n    models: {Error: [a b]}": (":3:14: ", "no list of names"),
    "versions:\n  v1:\n    models: {not one: []}": (":3:14: ", "has no Python name"),
    "versions: {}\naliases: {v1.people: 2}": (":2:11: ", "new public name in aliases.v1.people"),
    "versions: {}\nversions: {}": (":2:1: ", "stands twice"),
    "<<<<<<< ours\nversions: {}\n=======\n": (":", "this is not YAML"),
}


@pytest.mark.parametrize("text", BROKEN)
def test_a_record_that_somebody_broke(project: Project, text: str | bytes) -> None:
    Path(LOCK).write_bytes(text if isinstance(text, bytes) else text.encode())
    place, told = BROKEN[text]
    refused(project, f"{LOCK}{place}", told, "delete the file to record all names anew")


def test_validate_refuses_what_generate_refuses(project: Project) -> None:
    assert upsertgen("validate").code == 0
    project.edit("v1/schemas.yaml", ("status", "state"))
    outcome = upsertgen("validate")
    assert outcome.code == 2
    assert "v1.models.Answer.status would vanish" in outcome.err


def test_names_that_yaml_takes_for_something_else(project: Project) -> None:
    project.edit(
        "v1/people.yaml", ("name: dry_run", 'name: "on"'), ("/people/batch", "/people: #/é/batch")
    )
    project.edit("v1/schemas.yaml", ("status", '"null"'))
    project.declare(
        "v1.people.batch_upsert(dry_run) -> v1.people.batch_upsert(on)",
        "v1.models.Answer.status -> v1.models.Answer.null",
    )
    project.generated()
    assert 'parameters: [inputs, "on"]' in project.lock
    assert 'Answer: ["null", results]' in project.lock
    assert project.generate("--check").code == 0

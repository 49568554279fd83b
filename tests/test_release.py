"""`upsertgen release`: a published API version to a change that can be reviewed, or to no change at all."""

from __future__ import annotations

import contextlib
import copy
import json
import os
import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from upsertgen.configuration import with_setting
from upsertgen.distribution_version import bumped
from upsertgen.errors import InvalidInput
from upsertgen.write import transaction

from tests.command_line import Outcome, contents, upsertgen, write_files
from tests.conftest import Once
from tests.importing.documents import NOTED, document
from tests.importing.published_documents import Document

PYPROJECT = """\
# What this project is.
[tool.upsertgen]
specs = "specs"
output = "generated"
package = "things_client"
distribution-version = "1.4.2"   # raised by releases
jobs = 1

[tool.upsertgen.import]
select = ["batch/upsert"] # as published
"""
OVERLAY = """\
overlay: 1.0.0
info: {title: Corrections, version: "1"}
actions:
  - target: $.components.schemas.Input
    description: Inputs have a size.
    x-documents: ["v1/*"]
    update: {properties: {size: {type: integer}}}
"""
LABEL = "2026-09"


def with_field(name: str = "things", field: str = "colour") -> Document:
    """Return a document in which inputs have one more field."""
    one = document(name)
    one["components"]["schemas"]["Input"]["properties"][field] = {"type": "string"}
    return one


OTHERS = with_field("others", "weight")


def publish(folder: Path, label: str = LABEL, **documents: Document) -> None:
    """Publish a collection in place of the one before."""
    shutil.rmtree(folder, ignore_errors=True)
    for name, one in documents.items():
        path = f"collection/Group/{name}/Rollouts/7/{label}/{name}.json"
        write_files(folder, {path: json.dumps(one, indent=1)})


def release(*arguments: str) -> Outcome:
    return upsertgen("release", "../published/collection", "--api-version", LABEL, *arguments)


def version() -> str:
    data = tomllib.loads(Path("pyproject.toml").read_text("utf-8"))
    return str(data["tool"]["upsertgen"]["distribution-version"])


def reviewed(outcome: Outcome) -> list[str]:
    """Return the files that a release asks to review; those that are many in a folder as their number."""
    assert outcome.err.endswith("Next: review these files, and commit them together.\n")
    return re.findall(r"^(?:created|changed|removed) +(.+)$", outcome.out, re.MULTILINE)


def differing(before: dict[str, bytes], after: dict[str, bytes]) -> list[str]:
    return sorted(
        path for path in before.keys() | after.keys() if before.get(path) != after.get(path)
    )


def everything(folder: Path) -> tuple[dict[str, bytes], list[Path]]:
    """Return the files of a folder, and its folders."""
    return contents(folder), sorted(path for path in folder.rglob("*") if path.is_dir())


def assert_green() -> None:
    validate = upsertgen("validate")
    assert validate.code == 0, validate.err
    check = upsertgen("generate", "--check")
    assert check.code == 0, check.out + check.err


def write_unreleased(folder: Path) -> None:
    """Write a project with one API version and its output, beside what is published of the next one."""
    write_files(
        folder / "project",
        {"pyproject.toml": PYPROJECT, "specs/overlays/corrections.yaml": OVERLAY},
    )
    publish(folder / "first", "v1", things=document())
    publish(folder / "published", things=with_field(), others=OTHERS)
    with contextlib.chdir(folder / "project"):
        for arguments in (("import", "../first/collection", "--api-version", "v1"), ("generate",)):
            outcome = upsertgen(*arguments)
            assert outcome.code == 0, outcome.err


@pytest.fixture(scope="session")
def unreleased(once: Once) -> Path:
    """The project before the release, for copies."""
    return once("unreleased", write_unreleased)


@pytest.fixture(scope="module")
def released(unreleased: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Outcome]:
    """The project after the release, and what the release said."""
    folder = tmp_path_factory.mktemp("released") / "all"
    shutil.copytree(unreleased, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder / "project")
        outcome = release()
    assert outcome.code == 0, outcome.err
    return folder, outcome


@pytest.fixture
def project(unreleased: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the project before the release, as the current folder."""
    shutil.copytree(unreleased, tmp_path / "all")
    monkeypatch.chdir(tmp_path / "all" / "project")
    return tmp_path / "all" / "project"


def test_a_release_says_what_has_to_be_said_about_the_specs(project: Path) -> None:
    write_files(project, {"specs/overlays/more.yaml": NOTED})
    outcome = release()
    assert outcome.code == 0, outcome.err
    assert outcome.err.startswith("note: specs/overlays/more.yaml:5:58: 'nullable' beside $ref")


@pytest.fixture
def afterwards(
    released: tuple[Path, Outcome], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A copy of the project after the release, as the current folder."""
    shutil.copytree(released[0], tmp_path / "all")
    monkeypatch.chdir(tmp_path / "all" / "project")
    return tmp_path / "all" / "project"


def test_a_release_does_everything(afterwards: Path) -> None:
    assert {path.name for path in (afterwards / "specs" / LABEL).iterdir()} == {
        "others.yaml",
        "schemas.yaml",
        "things.yaml",
    }
    assert (afterwards / "generated/things_client/v2026_09/others.py").is_file()
    assert (afterwards / "pyproject.toml").read_text("utf-8") == PYPROJECT.replace("1.4.2", "1.5.0")
    generated = tomllib.loads((afterwards / "generated/pyproject.toml").read_text("utf-8"))
    assert generated["project"]["version"] == "1.5.0"
    text = (afterwards / "generated/CHANGELOG.md").read_text("utf-8")
    assert "### Version 1.5.0\n\nThe first release." in text
    assert f"- API version {LABEL} imported.\n" in text
    assert "others" in text
    assert_green()


def test_a_release_says_what_it_did(released: tuple[Path, Outcome], unreleased: Path) -> None:
    folder, outcome = released
    assert outcome.err.splitlines() == [
        "1.5.0 is the first release: its public names are kept from now on.",
        "distribution-version: 1.4.2 -> 1.5.0",
        "Next: review these files, and commit them together.",
    ]
    files = reviewed(outcome)
    many = "6 files in generated/things_client/v2026_09"
    expected = differing(contents(unreleased / "project"), contents(folder / "project"))
    new = [one for one in expected if one.startswith("generated/things_client/v2026_09/")]
    assert len(new) == 6
    assert sorted(files) == sorted([*(set(expected) - {*new}), many])
    assert {
        "generated/.upsertgen.json",
        "generated/CHANGELOG.md",
        "pyproject.toml",
        "specs/2026-09/things.yaml",
        "specs/names.lock.yaml",
        "specs/provenance.yaml",
    } <= set(files)
    assert re.search(r"^created +specs/2026-09/things.yaml$", outcome.out, re.MULTILINE)
    assert re.search(r"^changed +pyproject.toml$", outcome.out, re.MULTILINE)


def test_the_same_release_again_changes_nothing(afterwards: Path) -> None:
    before = everything(afterwards)
    again = release()
    assert again.code == 0, again.err
    assert again.err == f"{LABEL} is what SOURCE publishes, and everything is up to date.\n"
    assert everything(afterwards) == before


def test_a_field_that_comes_is_a_minor_version(afterwards: Path) -> None:
    one = with_field()
    one["components"]["schemas"]["Input"]["properties"]["shape"] = {"type": "string"}
    publish(afterwards.parent / "published", things=one, others=OTHERS)
    outcome = release()
    assert "distribution-version: 1.5.0 -> 1.6.0\n" in outcome.err
    # A version that was there is compared with itself, as the last release had it.
    assert f"{LABEL}\n" in outcome.out
    assert "field inputs[].shape added" in outcome.out
    assert f"specs/{LABEL}/others.yaml" not in reviewed(outcome)
    assert_green()


@pytest.mark.parametrize(("before", "after"), [("1.5.0", "2.0.0"), ("0.5.3", "0.6.0")])
def test_a_field_that_goes_breaks_callers(afterwards: Path, before: str, after: str) -> None:
    for file in ("pyproject.toml", "specs/releases.yaml"):
        text = Path(file).read_text("utf-8").replace("1.5.0", before)
        Path(file).write_text(text, "utf-8")
    text = Path("pyproject.toml").read_text("utf-8")
    publish(afterwards.parent / "published", things=document(), others=OTHERS)
    untouched = everything(afterwards)
    refused = release()
    assert refused.code == 2
    assert "the field v2026_09.models.ThingsInput.colour would vanish" in refused.err
    assert everything(afterwards) == untouched
    retired = '[[tool.upsertgen.renames]]\nfrom = "v2026_09.models.ThingsInput.colour"\n'
    Path("pyproject.toml").write_text(f"{text}\n{retired}", "utf-8")
    outcome = release()
    assert outcome.code == 0, outcome.err
    assert f"distribution-version: {before} -> {after}\n" in outcome.err
    assert version() == after
    assert_green()


def test_a_killed_release_that_was_undone_is_told(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: Any) -> None:
        os._exit(9)

    with monkeypatch.context() as patch:
        patch.setattr(transaction, "way_to", kill)
        child = os.fork()
        if not child:
            try:
                release()
            finally:
                # Else this process would go on with the tests as well.
                os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    outcome = release()
    assert outcome.code == 0, outcome.err
    undone = "note: what a run that was killed had begun in {} was undone"
    assert undone.format("specs") in outcome.err.splitlines()
    assert outcome.err.endswith("Next: review these files, and commit them together.\n")


def test_an_older_version_is_compared_with_the_one_before_it(afterwards: Path) -> None:
    publish(afterwards.parent / "published", "2026-03", things=document())
    outcome = upsertgen("release", "../published/collection", "--api-version", "2026-03")
    assert outcome.code == 0, outcome.err
    assert "v1" in outcome.out
    assert_green()


def test_the_first_release_of_a_project(
    unreleased: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(unreleased / "published", tmp_path / "published")
    write_files(tmp_path / "project", {"pyproject.toml": PYPROJECT})
    monkeypatch.chdir(tmp_path / "project")
    outcome = release()
    assert outcome.code == 0, outcome.err
    assert "distribution-version" not in outcome.err
    assert "pyproject.toml" not in reviewed(outcome)
    assert version() == "1.4.2"
    assert_green()


def test_corrections_may_wait_for_the_version(project: Path) -> None:
    action = OVERLAY.partition("actions:\n")[2].replace("v1/*", f"{LABEL}/*")
    with (project / "specs/overlays/corrections.yaml").open("a", encoding="utf-8") as file:
        file.write(action)
    outcome = release()
    assert outcome.code == 0, outcome.err
    assert version() == "1.5.0"
    assert_green()


def test_a_link_inside_the_specs_folder_stays_one(project: Path) -> None:
    link = project / "specs/overlays/again.yaml"
    link.symlink_to("../overlays/corrections.yaml")
    assert upsertgen("validate").code == 0
    outcome = release()
    assert outcome.code == 0, outcome.err
    assert link.is_symlink()


def test_the_ends_of_lines_stay(project: Path) -> None:
    text = PYPROJECT.replace("\n", "\r\n")
    (project / "pyproject.toml").write_bytes(text.encode())
    assert release().code == 0
    assert (project / "pyproject.toml").read_bytes() == text.replace("1.4.2", "1.5.0").encode()


def test_a_configuration_elsewhere(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project.parent)
    source = ("published/collection", "--api-version", LABEL)
    outcome = upsertgen("release", *source, "--config", "project/pyproject.toml")
    assert outcome.code == 0, outcome.err
    files = reviewed(outcome)
    assert "project/pyproject.toml" in files
    assert f"project/specs/{LABEL}/things.yaml" in files


def test_without_a_configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outcome = release()
    assert outcome.code == 2
    assert outcome.problems == [
        "pyproject.toml:1:1: there is no [tool.upsertgen] here or above; expected a pyproject.toml whose "
        "settings can be changed; add [tool.upsertgen] to it, or name it with --config"
    ]
    assert not list(tmp_path.iterdir())


# What fails, and leaves everything as it was.


@pytest.fixture
def untouched(project: Path) -> Iterator[Path]:
    before = everything(project)
    yield project
    assert everything(project) == before


def test_a_broken_document(untouched: Path) -> None:
    path = untouched.parent / "published/collection/Group/others/Rollouts/7/2026-09/others.json"
    path.write_text('{"openapi": "3.0.1",\n "paths": [}', "utf-8")
    outcome = release()
    assert outcome.code == 2
    assert "others.json:2:" in outcome.err
    assert "nothing was written" in outcome.err


def test_a_type_that_no_client_can_have(untouched: Path) -> None:
    one = document()
    one["components"]["schemas"]["Input"]["properties"]["id"] = {"type": "strange"}
    publish(untouched.parent / "published", things=one)
    outcome = release()
    assert outcome.code == 2
    assert "strange" in outcome.err


def test_a_version_that_has_no_next(project: Path) -> None:
    text = PYPROJECT.replace("1.4.2", "1.4.2rc1")
    (project / "pyproject.toml").write_text(text, "utf-8")
    before = everything(project)
    outcome = release()
    assert outcome.code == 2
    assert "distribution-version is '1.4.2rc1'" in outcome.err
    assert everything(project) == before


def test_a_name_that_would_vanish(afterwards: Path) -> None:
    publish(afterwards.parent / "published", things=with_field())
    before = everything(afterwards)
    refused = release()
    assert refused.code == 2
    assert f"specs/{LABEL}/others.yaml:9:5: SOURCE has no POST" in refused.err
    outcome = release("--drop", "others")
    assert outcome.code == 2
    assert "v2026_09.others would vanish" in outcome.err
    assert "[[tool.upsertgen.renames]]" in outcome.out
    assert everything(afterwards) == before


def test_a_step_that_cannot_be_done(untouched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    show, shown = transaction._show, list[Path]()

    def fail(area: Path, plan: Any) -> None:
        if area.name == ".generated.upsertgen":
            # The last step: by now the others are done.
            assert (untouched / "specs" / LABEL).is_dir()
            assert version() == "1.5.0"
            shown.append(area)
            raise OSError(28, "No space left on device", "x.py")
        show(area, plan)

    monkeypatch.setattr(transaction, "_show", fail)
    outcome = release()
    assert outcome.code == 2
    assert "x.py: No space left on device" in outcome.err
    assert shown


def test_specs_that_were_broken_before(afterwards: Path) -> None:
    path = Path(shutil.copytree("specs", "before")) / LABEL / "others.yaml"
    path.write_text(path.read_text("utf-8").replace("type: string", "type: strange"), "utf-8")
    before = everything(afterwards)
    outcome = release("--since", "before")
    assert outcome.code == 2
    assert outcome.problems
    assert all(one.startswith(f"before/{LABEL}/others.yaml:") for one in outcome.problems)
    assert everything(afterwards) == before


def test_being_stopped_in_the_middle(untouched: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []
    complete = transaction._complete

    def stop(head: Path) -> None:
        complete(head)
        if not seen:
            # By now the output is written.
            seen.extend(contents(untouched))
            raise KeyboardInterrupt

    monkeypatch.setattr(transaction, "_complete", stop)
    outcome = release()
    assert outcome.code == 2
    assert "stopped; nothing was written" in outcome.err
    assert "generated/things_client/v2026_09/others.py" in seen


# Parts.


@pytest.mark.parametrize(
    ("version", "bump", "after"),
    [
        ("1.4.2", "none", "1.4.2"),
        ("1.4.2", "patch", "1.4.3"),
        ("1.4.2", "minor", "1.5.0"),
        ("1.4.2", "major", "2.0.0"),
        ("0.4.2", "major", "0.5.0"),
        ("0.4.2", "minor", "0.5.0"),
        ("0.4.2", "patch", "0.4.3"),
        ("1", "minor", "1.1.0"),
        ("1.9", "patch", "1.9.1"),
        ("9.99.9", "minor", "9.100.0"),
        ("1.4.2rc1", "none", "1.4.2rc1"),
    ],
)
def test_bumped(version: str, bump: str, after: str) -> None:
    assert bumped(version, bump) == after


@pytest.mark.parametrize("version", ["1.4.2rc1", "1.0.post1", "1.2.3.4", "1.0.dev0"])
def test_versions_that_are_not_bumped(version: str) -> None:
    with pytest.raises(InvalidInput, match="of which the next version is not plain"):
        bumped(version, "minor")


def with_version(pyproject: str, version: str) -> str:
    return with_setting(pyproject.encode(), "distribution-version", version).decode()


def test_with_version_keeps_comments_and_layout() -> None:
    assert with_version(PYPROJECT, "2.0.0") == PYPROJECT.replace("1.4.2", "2.0.0")
    windows = PYPROJECT.replace("\n", "\r\n")
    assert with_version(windows, "2.0.0") == windows.replace("1.4.2", "2.0.0")
    odd = "[ tool.upsertgen ]\n\n  'distribution-version'='1'#c\n\n\n[x]\ny = [ 1,\n 2 ]  # z\n"
    assert with_version(odd, "2") == odd.replace("'1'", '"2"')


@pytest.mark.parametrize(
    "text",
    [
        '[tool.upsertgen]\npackage = "a" # c\n\n[tool.upsertgen.import]\nselect = ["x"]\n',
        '[tool.upsertgen.import]\nselect = ["x"]\n',
        '[tool.upsertgen]\n[tool.b]\nx = 1\n[project]\nname = "a"\n[tool.upsertgen.import]\na = 1\n',
        'tool.upsertgen = {package = "a"} # c\n',
    ],
)
def test_with_version_adds_it(text: str) -> None:
    expected = copy.deepcopy(tomllib.loads(text))
    expected["tool"]["upsertgen"]["distribution-version"] = "2.0"
    changed = with_version(text, "2.0")
    assert tomllib.loads(changed) == expected
    kept = [line for line in text.splitlines() if line and "{" not in line]
    assert [line for line in changed.splitlines() if line in kept] == kept

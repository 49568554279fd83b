"""generate: what it writes, --check, --diff, selections, and what it does with files it finds."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.cli.project import PYPROJECT, spec
from tests.command_line import contents, snapshot, upsertgen, write_files

_CONTACTS = "generated/my_client/v2026_03/contacts.py"


def test_the_first_run_writes_everything_and_the_second_nothing(fresh: Path) -> None:
    first = upsertgen("generate", "--verbose")
    assert first.code == 0
    lines = first.out.splitlines()
    assert f"created  {_CONTACTS}: there is no manifest of an earlier run of everything" in lines
    assert first.err.splitlines()[1:] == [
        f"{len(lines)} created, 0 unchanged. "
        "Next: review generated, and commit it together with the specs."
    ]
    before = snapshot(fresh)
    second = upsertgen("generate")
    assert (second.code, second.out) == (0, "")
    assert second.err == f"{len(lines)} files are up to date.\n"
    assert snapshot(fresh) == before


def test_check_and_diff_write_nothing(fresh: Path) -> None:
    before = snapshot(fresh)
    check = upsertgen("generate", "--check")
    assert check.code == 1
    # Files that are alike are told in one line, and each where that is asked for.
    first = check.out.splitlines()[0]
    why = "there is no manifest of an earlier run of everything"
    assert re.fullmatch(f"created  [0-9]+ files in generated: {why}", first)
    every = upsertgen("generate", "--check", "--verbose")
    assert f"created  generated/CHANGELOG.md: {why}" in every.out.splitlines()
    assert every.err == check.err
    assert check.err.endswith(
        "Nothing was written: run 'upsertgen generate' to bring the output up to date.\n"
    )
    diff = upsertgen("generate", "--diff")
    assert diff.code == 0
    assert "--- /dev/null\n+++ b/my_client/v2026_03/contacts.py\n" in diff.out
    note, *told, _ = diff.err.splitlines()
    assert note.startswith("note: ")
    assert told == check.out.splitlines()
    both = upsertgen("generate", "--check", "--diff")
    assert (both.code, both.out) == (1, diff.out)
    assert snapshot(fresh) == before
    assert upsertgen("generate").code == 0
    assert upsertgen("generate", "--check").code == 0
    assert upsertgen("generate", "--check", "--diff").out == ""


def test_a_diff_can_be_applied(project: Path) -> None:
    path = project / _CONTACTS
    path.write_text(path.read_text("utf-8").replace("def batch_upsert", "def upsert", 1), "utf-8")
    (project / "generated/my_client/py.typed").unlink()
    diff = upsertgen("generate", "--diff")
    assert "-    def upsert(" in diff.out and "+    def batch_upsert(" in diff.out
    assert f"changed  {_CONTACTS}: it was edited by hand" in diff.err
    assert "created  generated/my_client/py.typed: it was deleted" in diff.err


def test_from_a_folder_below(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "specs" / "v1")
    before = snapshot(project)
    assert upsertgen("generate").code == 0
    assert snapshot(project) == before
    write_files(project, {"specs/v1/deals.yaml": spec("deals", "v1")})
    outcome = upsertgen("generate")
    assert f"created  {project / 'generated/my_client/v1/deals.py'}: it is new" in outcome.out
    write_files(project, {"specs/v1/deals.yaml": "openapi: 2"})
    outcome = upsertgen("validate")
    assert outcome.err.startswith(f"{project / 'specs/v1/deals.yaml'}:1:10: ")


def test_one_version_and_object_type_only(fresh: Path) -> None:
    outcome = upsertgen("generate", "--version", "2026-03", "--object", "contacts")
    assert outcome.code == 0
    written = [path for path in contents(fresh / "generated") if path != ".upsertgen.json"]
    assert written == ["my_client/v2026_03/contacts.py"]
    assert upsertgen("generate", "--object", "contacts", "--check").code == 1
    assert upsertgen("generate", "--version", "v1", "--object", "contacts").code == 0
    assert upsertgen("generate", "--object", "contacts", "--check").code == 0
    assert upsertgen("generate", "--check").code == 1
    rest = upsertgen("generate")
    assert "2 unchanged" in rest.err
    assert not any("contacts.py" in line for line in rest.out.splitlines())
    whole = contents(fresh / "generated")
    shutil.rmtree(fresh / "generated")
    assert upsertgen("generate").code == 0
    assert contents(fresh / "generated") == whole


def test_a_selection_leaves_the_rest_stale(project: Path) -> None:
    for path in ("specs/v1/contacts.yaml", "specs/2026-03/contacts.yaml"):
        text = (project / path).read_text("utf-8")
        (project / path).write_text(text.replace("/upsert:", "/batch:"), "utf-8")
    outcome = upsertgen("generate", "--version", "v1")
    assert outcome.code == 0
    assert all("/v1/" in line for line in outcome.out.splitlines())
    assert outcome.out.startswith("changed  generated/my_client/v1/contacts.py: spec v1/contacts.y")
    check = upsertgen("generate", "--check")
    assert check.code == 1
    assert f"changed  {_CONTACTS}: spec 2026-03/contacts.yaml changed" in check.out
    assert "/v1/" not in check.out
    assert upsertgen("generate").code == 0
    assert upsertgen("generate", "--check").code == 0


def test_an_object_type_of_another_version(project: Path) -> None:
    outcome = upsertgen("generate", "--version", "v1", "--object", "line_items")
    assert outcome.code == 2
    assert "no object type is called 'line_items'; expected one of contacts" in outcome.err


def test_one_template_can_be_replaced(project: Path) -> None:
    write_files(
        project, {"own/README.md.jinja": "Generated by upsertgen: {{ settings.package }}\n"}
    )
    outcome = upsertgen("generate", "--templates", "own")
    assert outcome.code == 0
    assert outcome.out == "changed  generated/README.md: template README.md.jinja changed\n"
    assert (project / "generated/README.md").read_text() == "Generated by upsertgen: my_client\n"
    assert upsertgen("generate").out == outcome.out


def test_the_number_of_jobs_does_not_matter(fresh: Path) -> None:
    assert upsertgen("generate", "--jobs", "1", "--output", "one").code == 0
    assert upsertgen("generate", "--jobs", "4", "--output", "four").code == 0
    assert contents(fresh / "one") == contents(fresh / "four")


def test_what_is_not_emitted_any_more_is_removed(project: Path) -> None:
    write_files(project, {"generated/notes.txt": "mine"})
    write_files(project, {"generated/my_client/v1/more.py": "x = 1\n"})
    (project / "specs/2026-03/line-items.yaml").unlink()
    shutil.rmtree(project / "specs/v1")
    # With the record of public names, none may vanish.
    (project / "specs/names.lock.yaml").unlink()
    outcome = upsertgen("generate")
    assert outcome.code == 0
    gone = [line for line in outcome.out.splitlines() if line.startswith("removed")]
    assert "removed  generated/my_client/v1/contacts.py: spec v1/contacts.yaml is gone" in gone
    assert "removed  generated/my_client/v1/client.py: nothing emits it any more" in gone
    assert (
        "removed  generated/my_client/v2026_03/line_items.py: spec 2026-03/line-items.yaml is gone"
        in gone
    )
    assert [path.name for path in (project / "generated/my_client/v1").iterdir()] == ["more.py"]
    assert (project / "generated/notes.txt").read_text() == "mine"
    assert upsertgen("generate", "--check").code == 0


@pytest.mark.parametrize(
    "manifest",
    [
        None,
        b"",
        b"{",
        b"[]",
        b"\xff",
        b"{}",
        b'{"format": 2}',
        b'{"format": 1, "inputs": {"specs": 1}, "outputs": {}}',
        b'{"format": 1, "inputs": null, "outputs": {"a": 1}}',
        b"[" * 100_000,
    ],
)
def test_a_manifest_that_is_missing_or_corrupt_heals(project: Path, manifest: bytes | None) -> None:
    path = project / "generated/.upsertgen.json"
    whole = contents(project / "generated")
    path.unlink()
    if manifest is not None:
        path.write_bytes(manifest)
    check = upsertgen("generate", "--check")
    assert (check.code, check.out) == (1, "")
    assert "the manifest of their inputs is stale" in check.err
    outcome = upsertgen("generate")
    assert (outcome.code, outcome.out) == (0, "")
    assert "the manifest of their inputs is written" in outcome.err
    assert contents(project / "generated") == whole


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("specs", 1),
        ("templates", []),
        ("tools", "black"),
        ("settings", None),
        ("generator", 5),
    ],
)
def test_a_manifest_of_wrong_types_heals(project: Path, name: str, value: object) -> None:
    path = project / "generated/.upsertgen.json"
    before = path.read_bytes()
    data = json.loads(before)
    data["inputs"][name] = value
    path.write_text(json.dumps(data))
    assert upsertgen("generate").code == 0
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    "elsewhere", ["../victim.py", "my_client/../../victim.py", "/victim.py", "no\0path"]
)
def test_a_manifest_cannot_make_a_run_remove_files_elsewhere(project: Path, elsewhere: str) -> None:
    victim = project / "victim.py"
    victim.write_text("mine")
    if elsewhere == "/victim.py":
        elsewhere = str(victim)
    path = project / "generated/.upsertgen.json"
    data = json.loads(path.read_bytes())
    data["outputs"][elsewhere] = data["outputs"]["README.md"]
    path.write_text(json.dumps(data))
    assert upsertgen("generate").code == 0
    assert victim.read_text() == "mine"


def test_a_file_that_is_no_text_any_more(project: Path) -> None:
    whole = (project / _CONTACTS).read_bytes()
    (project / _CONTACTS).write_bytes(b"\xff\xfe")
    outcome = upsertgen("generate")
    assert outcome.out == f"changed  {_CONTACTS}: it was edited by hand\n"
    assert (project / _CONTACTS).read_bytes() == whole


def test_several_versions_of_a_project_do_not_mix(fresh: Path) -> None:
    assert upsertgen("generate").code == 0
    write_files(fresh, {"pyproject.toml": PYPROJECT.replace("my_client", "your_client")})
    outcome = upsertgen("generate")
    assert outcome.code == 0
    # Folders go when they are empty.
    assert not (fresh / "generated/my_client").exists()
    assert (fresh / "generated/your_client/v1/contacts.py").is_file()

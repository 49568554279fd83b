"""`upsertgen import` as it is typed."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest

from tests.command_line import upsertgen, write_files
from tests.importing.documents import NOTED, document, tree

run = partial(upsertgen, "import")


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tree(tmp_path, things=document("things"), others=document("others"))
    (tmp_path / "pyproject.toml").write_text(
        '[tool.upsertgen]\nspecs = "my-specs"\n[tool.upsertgen.import]\nexclude = ["others"]\n'
        'pattern = "Rollouts/{rollout}/{version}/{type}"\nselect = ["batch/upsert"]\n'
        'type-parameter = "objectType"\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_import_says_what_it_did() -> None:
    outcome = run("collection", "--api-version", "v1")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "imported: 1 operation of 1 object type",
        "  things  POST /things/v1/things/batch/upsert",
        "not imported:",
        "  1 document: excluded by 'others'",
        "created  my-specs/provenance.yaml",
        "created  my-specs/v1/schemas.yaml",
        "created  my-specs/v1/things.yaml",
    ]
    assert outcome.err == (
        "2 created, 0 unchanged. Next: review my-specs/v1, then 'upsertgen generate'.\n"
    )
    again = run("collection", "--api-version", "v1")
    assert again.err == "2 unchanged.\n"


def test_what_has_to_be_said_about_the_specs_is_said(project: Path) -> None:
    write_files(project / "my-specs", {"overlays/corrections.yaml": NOTED})
    outcome = run("collection", "--api-version", "v1")
    assert outcome.code == 0
    assert outcome.err.startswith(
        "note: my-specs/overlays/corrections.yaml:5:58: 'nullable' beside"
    )


def test_a_report_is_narrow_and_groups_files(project: Path) -> None:
    names = [f"{'parts_of_many_things_' * 2}{letter}" for letter in "abcdef"]
    for number, rollout in enumerate(("7", "8")):
        write_files(
            project,
            {
                f"large/Group of {name} things/{name}/Rollouts/{rollout}/v1/{name}.json": json.dumps(
                    {**document(name), "tags": [{"name": str(number)}]}
                )
                for name in names
            },
        )
    outcome = run("large", "--api-version", "v1")
    assert outcome.code == 0, outcome.err
    assert max(map(len, outcome.out.splitlines())) <= 120
    assert " ".join(outcome.out.split()).count("; newer in Group of parts") == len(names)
    assert "created  7 files in my-specs/v1\n" in outcome.out


def test_a_dry_run_writes_nothing(project: Path) -> None:
    outcome = run("collection", "--api-version", "v1", "--dry-run")
    assert outcome.code == 0
    assert "Nothing was written." in outcome.err
    assert not (project / "my-specs").exists()


def test_flags_override_settings(project: Path) -> None:
    outcome = run("collection", "--api-version", "v1", "--exclude", "things", "--specs", "specs")
    assert outcome.code == 0
    assert (project / "specs/v1/others.yaml").is_file()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--api-version", "../v1"), "--api-version: the version is called '../v1'"),
        (("--api-version", "overlays"), "--api-version: the version is called 'overlays'"),
        (
            ("--api-version", "v1", "--from-version", "v0"),
            "--from-version: no API version is called 'v0'",
        ),
        (("--api-version", "v1", "--pattern", "{"), "the pattern is '{'"),
    ],
)
def test_wrong_arguments_are_located(arguments: tuple[str, ...], expected: str) -> None:
    outcome = run("collection", *arguments)
    assert outcome.code == 2
    assert expected in outcome.problems[0]


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("--api-version", "v1", "--map", "deals"),
        ("--api-version", "v1", "--descriptions", "some"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert run("collection", *arguments).code == 2


def test_the_constant_of_a_type_can_be_given(project: Path) -> None:
    one = document("{objectType}")
    (project / "deals.json").write_text(json.dumps(one), encoding="utf-8")
    assert run("deals.json", "--api-version", "v1", "--map", "deals=0-3").code == 0
    assert 'enum: ["0-3"]' in (project / "my-specs/v1/deals.yaml").read_text("utf-8")
    assert run("deals.json", "--api-version", "v1", "--generic", "deals").code == 0
    assert "enum" not in (project / "my-specs/v1/deals.yaml").read_text("utf-8")


def test_help_teaches() -> None:
    out = run("--help").out
    for word in (
        "--from-version",
        "--pattern",
        "{rollout}",
        "provenance.yaml",
        "Exit codes",
        "most-scopes",
    ):
        assert word in out

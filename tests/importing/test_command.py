"""`upsertgen import` as it is typed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.importing.documents import document, tree
from tests.importing.running import run


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    tree(tmp_path, things=document("things"), others=document("others"))
    (tmp_path / "pyproject.toml").write_text(
        '[tool.upsertgen]\nspecs = "my-specs"\n[tool.upsertgen.import]\nexclude = ["others"]\n'
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_an_import_says_what_it_did() -> None:
    outcome = run("collection", "--api-version", "v1")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "things  POST /things/v1/things/batch/upsert  "
        "from Group/things/Rollouts/7/v1/things.json (rollout 7)",
        "excluded: 1 document by 'others'",
        "created  my-specs/provenance.yaml",
        "created  my-specs/v1/schemas.yaml",
        "created  my-specs/v1/things.yaml",
        "2 created, 0 unchanged.",
    ]
    again = run("collection", "--api-version", "v1")
    assert again.out.splitlines()[-1] == "2 unchanged."


def test_a_dry_run_writes_nothing(project: Path) -> None:
    outcome = run("collection", "--api-version", "v1", "--dry-run")
    assert outcome.code == 0
    assert "Nothing was written." in outcome.out
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

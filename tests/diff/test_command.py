"""The command: what it compares, how it reports, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result
from upsertgen.commands.diff import FORMATS, diff_command
from upsertgen.errors import InvalidInput

from tests.diff.compared_specs import (
    NARROWER,
    SPECS,
    UNCHANGED,
    WIDER,
    Compare,
    Edit,
    add_version,
    between,
    diff,
    diff_json,
    write_specs,
)
from tests.inventory import LABELS


def problem(outcome: Result) -> str:
    assert isinstance(outcome.exception, InvalidInput), outcome.output
    return str(outcome.exception)


@pytest.fixture
def folders(compare: Compare) -> tuple[Path, Path]:
    return compare.specs(), compare.specs(WIDER)


def test_two_folders(folders: tuple[Path, Path]) -> None:
    report = diff_json(*between(*folders))
    assert (report["old"], report["new"]) == tuple(map(str, folders))
    assert [one["place"] for one in report["comparisons"][0]["changes"]] == ["results[].url"]
    assert report["suggested_bump"] == "minor"
    assert report["side_by_side"] is False


def test_all_versions_of_a_folder_one_after_another() -> None:
    report = diff_json("--specs", SPECS)
    pairs = [(one["old"], one["new"]) for one in report["comparisons"]]
    assert pairs == list(pairwise(LABELS))
    assert report["suggested_bump"] == "minor"
    assert report["suggested_bump_if_old_is_removed"] == "major"


def git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    specs = write_specs(folder / "project/specs")
    git(folder, "init", "--quiet")
    git(folder, "config", "user.email", "somebody@example.com")
    git(folder, "config", "user.name", "Somebody")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "First")
    git(folder, "tag", "first")
    return write_specs(specs, WIDER)


def test_the_working_tree_against_a_revision(repository: Path) -> None:
    for revision in ("HEAD", "first"):
        report = diff_json("--revision", revision, "--specs", repository)
        assert (report["old"], report["new"]) == (revision, "working tree")
        assert [one["place"] for one in report["comparisons"][0]["changes"]] == ["results[].url"]
    write_specs(repository)
    assert diff("--revision", "first", "--specs", repository, "--fail-on", "any").exit_code == 0


def test_a_revision_is_read_from_its_own_repository(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    assert diff("--revision", "first", "--specs", repository).exit_code == 0


@pytest.mark.parametrize("revision", ["nowhere", "--output=/tmp/x", "first:project", ""])
def test_a_revision_that_is_none_is_a_located_problem(repository: Path, revision: str) -> None:
    text = problem(diff(f"--revision={revision}", "--specs", repository))
    assert text.startswith("--revision:1:1: the specs in ")
    assert "a commit, branch or tag" in text


def test_a_problem_of_a_revision_says_which_file_of_it(repository: Path) -> None:
    (repository / "v1/things.json").write_text("{]")
    git(repository, "commit", "--quiet", "--all", "--message", "Broken")
    write_specs(repository)
    text = problem(diff("--revision", "HEAD", "--specs", repository))
    assert text.startswith(f"HEAD:{repository.as_posix()}/v1/things.json:1:")


def test_a_folder_without_repository_is_a_located_problem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path))
    folder = write_specs(tmp_path / "specs")
    assert "not a git repository" in problem(diff("--revision", "HEAD", "--specs", folder))
    nowhere = diff("--revision", "HEAD", "--specs", tmp_path / "none")
    assert "no such specs folder" in problem(nowhere)


def test_versions_that_do_not_exist_are_located_problems(folders: tuple[Path, Path]) -> None:
    text = problem(diff("v3", "v9", "--specs", SPECS))
    assert text == (
        "OLD NEW:1:1: no API version is called 'v9'; "
        f"expected one of {', '.join(LABELS)}; choose one"
    )
    assert "'v7'" in problem(diff(*between(*folders), "--api-version", "v7"))
    assert "only one API version is named" in problem(diff("v3", "--specs", SPECS))
    assert "only one API version to compare" in problem(diff("--specs", folders[0]))


def test_one_version_of_two_folders(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        add_version(folder, "v2")
    assert len(diff_json(*between(*folders))["comparisons"]) == 2
    (only,) = diff_json(*between(*folders), "--api-version", "v2")["comparisons"]
    assert only["new"] == "v2"


@pytest.mark.parametrize(
    "arguments",
    [
        "--old-specs a",
        "--old-specs a --new-specs b --revision c",
        "v1 v2 --revision c",
        "v1 v2 --api-version v1",
        "v1 v2 --fail-on disaster",
        "v1 v2 --format poem",
    ],
)
def test_usage_that_says_two_things_is_refused(arguments: str) -> None:
    assert diff(*arguments.split()).exit_code == 2


@pytest.mark.parametrize(
    ("edit", "failing"),
    [
        (UNCHANGED, set()),
        ({"result": {"number": {"format": "int64"}}}, {"any"}),
        (WIDER, {"additive", "any"}),
        ({"operation": {"deprecated": True}}, {"deprecated", "additive", "any"}),
        (NARROWER, {"breaking", "deprecated", "additive", "any"}),
    ],
)
def test_fail_on_looks_at_callers_and_any_at_everything(
    compare: Compare, edit: Edit, failing: set[str]
) -> None:
    arguments = between(compare.specs(), compare.specs(edit))
    for level in ("breaking", "deprecated", "additive", "any"):
        assert diff(*arguments, "--fail-on", level).exit_code == int(level in failing)
    assert diff(*arguments).exit_code == 0


def test_json_is_what_its_schema_says(folders: tuple[Path, Path]) -> None:
    outcome = diff("--json-schema")
    assert outcome.exit_code == 0
    validator = jsonschema_rs.validator_for(json.loads(outcome.output))
    reports = [diff_json("--specs", SPECS), diff_json(*between(*folders))]
    add_version(folders[1], "v2")
    reports += [diff_json(*between(*folders)), diff_json(*between(folders[1], folders[0]))]
    for report in reports:
        assert [error.message for error in validator.iter_errors(report)] == []
    reports[0]["comparisons"][0]["changes"][0]["kind"] = "guess"
    assert not validator.is_valid(reports[0])


@pytest.mark.parametrize("form", FORMATS)
def test_the_report_goes_to_a_file(tmp_path: Path, folders: tuple[Path, Path], form: str) -> None:
    path = tmp_path / "report"
    outcome = diff(*between(*folders), "--format", form, "--output", path)
    assert (outcome.exit_code, outcome.stdout) == (0, "")
    assert "results[].url" in path.read_text()
    assert path.read_text() == diff(*between(*folders), "--format", form).stdout


def test_a_table_on_a_terminal(folders: tuple[Path, Path]) -> None:
    import pty

    ours, theirs = pty.openpty()
    code = "from upsertgen.commands.diff import diff_command; diff_command()"
    environment = {**os.environ, "COLUMNS": "110", "TERM": "xterm-256color"}
    program = [sys.executable, "-c", code, *between(*folders)]
    subprocess.run(program, stdout=theirs, env=environment, check=True)
    os.close(theirs)
    shown = ""
    # Where the other side is closed, Linux raises an error instead of an end.
    with os.fdopen(ours, encoding="utf-8", errors="replace") as terminal, suppress(OSError):
        for line in terminal:
            shown += line
    assert "results[].url" in shown and "\x1b[" in shown and "─" in shown


def test_help_teaches_with_examples() -> None:
    text = CliRunner().invoke(diff_command, ["--help"], terminal_width=100).output
    for example in (
        "upsertgen diff 2025-09 2026-03",
        "upsertgen diff --revision main",
        "--old-specs ../before/specs",
        "--format html --output changes.html",
    ):
        assert example in text


def test_asking_for_help_imports_nothing_slow() -> None:
    code = (
        "import sys; from upsertgen.commands.diff import diff_command\n"
        "try: diff_command(['--help'])\n"
        "except SystemExit: pass\n"
        "print([one for one in ('yaml', 'jinja2', 'rich', 'upsertgen.ir') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"

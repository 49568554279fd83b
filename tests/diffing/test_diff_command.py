"""The command: what it compares, how it reports, and how it ends."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import jsonschema_rs
import pytest
from click.testing import CliRunner, Result
from upsertgen.commands.diffing import diff_command
from upsertgen.errors import InvalidInput

from tests.diffing.specs import SPECS, Spec, diff, diff_json, unchanged, write_specs
from tests.inventory import LABELS


def wider(spec: Spec) -> None:
    spec.result["url"] = {"type": "string"}


def narrower(spec: Spec) -> None:
    spec.result.pop("number")


def problem(outcome: Result) -> str:
    assert isinstance(outcome.exception, InvalidInput), outcome.output
    return str(outcome.exception)


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path]:
    return write_specs(tmp_path / "old"), write_specs(tmp_path / "new", wider)


def between(folders: tuple[Path, Path]) -> tuple[str, str, str, str]:
    return "--old-specs", str(folders[0]), "--new-specs", str(folders[1])


def test_two_folders(folders: tuple[Path, Path]) -> None:
    report = diff_json(*between(folders))
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


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    write_specs(folder / "project/specs")

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(folder), *arguments], check=True, capture_output=True)

    git("init", "--quiet")
    git("config", "user.email", "somebody@example.com")
    git("config", "user.name", "Somebody")
    git("add", ".")
    git("commit", "--quiet", "--message", "First")
    git("tag", "first")
    write_specs(folder / "project/specs", wider)
    return folder / "project/specs"


def test_the_working_tree_against_a_revision(repository: Path) -> None:
    for revision in ("HEAD", "first"):
        report = diff_json("--revision", revision, "--specs", repository)
        assert (report["old"], report["new"]) == (revision, "working tree")
        assert [one["place"] for one in report["comparisons"][0]["changes"]] == ["results[].url"]
    write_specs(repository, unchanged)
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
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", str(repository), *arguments], check=True, capture_output=True)

    (repository / "v1/things.json").write_text("{]")
    git("commit", "--quiet", "--all", "--message", "Broken")
    write_specs(repository, unchanged)
    text = problem(diff("--revision", "HEAD", "--specs", repository))
    assert text.startswith(f"HEAD:{repository.as_posix()}/v1/things.json:1:")


def test_a_folder_without_repository_is_a_located_problem(tmp_path: Path) -> None:
    folder = write_specs(tmp_path / "specs")
    environment = {"GIT_CEILING_DIRECTORIES": str(tmp_path)}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GIT_CEILING_DIRECTORIES", environment["GIT_CEILING_DIRECTORIES"])
        assert "not a git repository" in problem(diff("--revision", "HEAD", "--specs", folder))
    assert "no such specs folder" in problem(
        diff("--revision", "HEAD", "--specs", tmp_path / "none")
    )


def test_versions_that_do_not_exist_are_located_problems(folders: tuple[Path, Path]) -> None:
    text = problem(diff("v3", "v9", "--specs", SPECS))
    assert text == (
        "OLD NEW:1:1: no API version is called 'v9'; "
        f"expected one of {', '.join(LABELS)}; choose one"
    )
    assert "'v7'" in problem(diff(*between(folders), "--api-version", "v7"))
    assert "only one API version is named" in problem(diff("v3", "--specs", SPECS))
    assert "only one API version to compare" in problem(diff("--specs", folders[0]))


def test_one_version_of_two_folders(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        (folder / "v2").mkdir()
        (folder / "v2/things.json").write_text((folder / "v1/things.json").read_text())
    assert len(diff_json(*between(folders))["comparisons"]) == 2
    (only,) = diff_json(*between(folders), "--api-version", "v2")["comparisons"]
    assert only["new"] == "v2"


@pytest.mark.parametrize(
    "arguments",
    [
        ("--old-specs", "a"),
        ("--old-specs", "a", "--new-specs", "b", "--revision", "c"),
        ("v1", "v2", "--revision", "c"),
        ("v1", "v2", "--api-version", "v1"),
        ("v1", "v2", "--fail-on", "disaster"),
        ("v1", "v2", "--format", "poem"),
    ],
)
def test_usage_that_says_two_things_is_refused(arguments: tuple[str, ...]) -> None:
    assert diff(*arguments).exit_code == 2


def test_fail_on_looks_at_callers_and_any_at_everything(tmp_path: Path) -> None:
    old = write_specs(tmp_path / "old")
    levels = {
        "same": (unchanged, []),
        "wire": (lambda s: s.result["number"].update(format="int64"), ["any"]),
        "additive": (wider, ["additive", "any"]),
        "breaking": (narrower, ["breaking", "additive", "any"]),
    }
    for name, (edit, failing) in levels.items():
        new = write_specs(tmp_path / name, edit)
        codes = {
            level: diff(*between((old, new)), "--fail-on", level).exit_code
            for level in ("breaking", "additive", "any")
        }
        assert codes == {level: int(level in failing) for level in codes}, name
        assert diff(*between((old, new))).exit_code == 0


def test_json_is_what_its_schema_says(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    outcome = diff("--json-schema")
    assert outcome.exit_code == 0
    schema = json.loads(outcome.output)
    validator = jsonschema_rs.validator_for(schema)
    reports = [
        diff_json("v3", "2025-09", "2026-03", "--specs", SPECS),
        diff_json(*between(folders)),
    ]
    (folders[1] / "v2").mkdir()
    (folders[1] / "v2/things.json").write_text((folders[1] / "v1/things.json").read_text())
    reports += [diff_json(*between(folders)), diff_json(*between((folders[1], folders[0])))]
    for report in reports:
        assert [error.message for error in validator.iter_errors(report)] == []
    reports[0]["comparisons"][0]["changes"][0]["kind"] = "guess"
    assert not validator.is_valid(reports[0])


def test_the_report_goes_to_a_file(tmp_path: Path, folders: tuple[Path, Path]) -> None:
    for form in ("terminal", "markdown", "json", "html"):
        path = tmp_path / f"report.{form}"
        outcome = diff(*between(folders), "--format", form, "--output", path)
        assert outcome.exit_code == 0
        assert outcome.stdout == ""
        assert "results[].url" in path.read_text()
        assert path.read_text() == diff(*between(folders), "--format", form).stdout


def test_a_table_on_a_terminal(folders: tuple[Path, Path]) -> None:
    import pty

    ours, theirs = pty.openpty()
    code = "from upsertgen.commands.diffing import diff_command; diff_command()"
    environment = {**os.environ, "COLUMNS": "110", "TERM": "xterm-256color"}
    done = subprocess.run(
        [sys.executable, "-c", code, *between(folders)], stdout=theirs, env=environment, check=True
    )
    os.close(theirs)
    text = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:
            break
        if not part:
            break
        text += part
    os.close(ours)
    assert done.returncode == 0
    shown = text.decode()
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
        "import sys; from upsertgen.commands.diffing import diff_command\n"
        "try: diff_command(['--help'])\n"
        "except SystemExit: pass\n"
        "print([one for one in ('yaml', 'jinja2', 'rich', 'upsertgen.ir') if one in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]"

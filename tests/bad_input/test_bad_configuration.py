"""Settings, folders and flags that make no sense."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.bad_input.cases import CARET, CONTACTS, PROJECT, Case, carets, whole
from tests.command_line import snapshot, upsertgen, write_files

_SETTINGS = [
    whole(
        "an unknown setting",
        "pyproject.toml",
        '[tool.upsertgen]\nspecs = "specs"\n‸spec = "specs"\n',
        "the setting 'spec' is not known",
        "expected one of specs, output, templates, package",
        "did you mean 'specs'?",
    ),
    whole(
        "a misspelt setting, with an underscore",
        "pyproject.toml",
        '[tool.upsertgen]\n‸distribution_version = "1"\n',
        "did you mean 'distribution-version'?",
    ),
    whole(
        "a number for text",
        "pyproject.toml",
        "[tool.upsertgen]\n‸package = 3\n",
        "the setting package is 3; expected text in quotes",
    ),
    whole(
        "text for a number",
        "pyproject.toml",
        '[project]\njobs = 1\n[tool.upsertgen]\n‸jobs = "2"\n[tool.other]\njobs = 1\n',
        "the setting jobs is '2'; expected a whole number",
    ),
    whole(
        "a package that is no name",
        "pyproject.toml",
        '[tool.upsertgen]\n‸"package" = "My-Client"\n',
        "package is 'My-Client'; expected a Python name in lower case",
    ),
    whole(
        "a package that is a keyword",
        "pyproject.toml",
        '[tool.upsertgen]\n‸package = "class"\n',
        "package is 'class'",
        "no keyword",
    ),
    whole(
        "a version that is none",
        "pyproject.toml",
        '[tool.upsertgen]\n‸distribution-version = "one"\n',
        "expected a version such as 1.2.0",
    ),
    whole(
        "no jobs",
        "pyproject.toml",
        "[tool.upsertgen]\n‸jobs = 0\n",
        "expected a number from 1 to 64",
    ),
    whole(
        "no table",
        "pyproject.toml",
        "[tool]\n‸upsertgen = 3\n".replace(CARET, ""),
        "[tool.upsertgen] is no table",
        at="1:1",
    ),
    whole(
        "no TOML",
        "pyproject.toml",
        "[tool.upsertgen]\npackage = ‸my_client\n",
        "this is not TOML: Invalid value",
        "expected a pyproject.toml; correct the syntax",
    ),
    whole("no UTF-8", "pyproject.toml", b"# caf\xe9\n", "this is not UTF-8", at="1:1"),
]


@pytest.mark.parametrize("case", _SETTINGS)
def test_settings(case: Case, check: Callable[[Case], None]) -> None:
    check(case)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project that is in order, as the current folder."""
    write_files(tmp_path, {**PROJECT, "pyproject.toml": "[tool.upsertgen]\n"})
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _refused(folder: Path, arguments: list[str], place: str, *told: str) -> None:
    before = snapshot(folder)
    outcome = upsertgen("generate", *arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert len(outcome.problems) == 1
    assert outcome.problems[0].startswith(f"{place}: ")
    for words in told:
        assert words in outcome.problems[0]
    assert snapshot(folder) == before


@pytest.mark.parametrize(
    ("arguments", "place", "told"),
    [
        (["--config", "none.toml"], "none.toml:1:1", "the file cannot be read: No such file"),
        (["--config", "other.toml"], "other.toml:1:1", "there is no table [tool.upsertgen]"),
        (["--specs", "none"], "none:1:1", "there is no such specs folder"),
        (["--specs", "pyproject.toml"], "pyproject.toml:1:1", "there is no such specs folder"),
        (["--specs", "empty"], "empty:1:1", "the specs folder holds no spec files"),
        (["--templates", "none"], "none:1:1", "there is no such templates folder"),
        (["--package", "My-Client"], "--package", "package is 'My-Client'"),
        (["--output", "specs"], "--output", "contain each other; expected a folder of its own"),
        (["--output", "specs/v1/more"], "--output", "contain each other"),
        (["--output", "."], "--output", "contain each other"),
        (["--version", "v2"], "--version", "no API version is called 'v2'; expected one of v1"),
        (["--object", "contact"], "--object", "did you mean 'contacts'?"),
        (["--object", "schemas"], "--object", "no object type is called 'schemas'"),
    ],
)
def test_flags(project: Path, arguments: list[str], place: str, told: str) -> None:
    (project / "empty").mkdir()
    (project / "other.toml").write_text("[project]\n")
    _refused(project, arguments, place, told)


def test_an_unknown_selection_is_refused_although_everything_is_up_to_date(project: Path) -> None:
    assert upsertgen("generate", "--jobs", "1").code == 0
    _refused(project, ["--version", "v2"], "--version", "no API version is called 'v2'")


def test_an_example_that_is_not_there(project: Path) -> None:
    outcome = upsertgen("generate", "--example", "deals")
    assert outcome.code == 2
    assert "there is no example for the object type 'deals'" in outcome.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["generate", "--colour"],
        ["generate", "contacts"],
        ["generate", "--jobs", "many"],
        ["generate", "--jobs", "0"],
        ["generate", "--specs"],
        ["validate", "--output", "x"],
        ["genrate"],
    ],
)
def test_usage(project: Path, arguments: list[str]) -> None:
    outcome = upsertgen(*arguments)
    assert outcome.code == 2
    assert outcome.out == ""
    assert "Error: " in outcome.err


def test_files_that_no_folder_of_a_version_holds(project: Path) -> None:
    write_files(project, {"specs/deals.yaml": "a: 1", "specs/v1/more/deals.json": "{}"})
    write_files(
        project, {"specs/README.md": "", "specs/.hidden/x.yaml": "", "specs/v1/.x.yaml": ""}
    )
    outcome = upsertgen("validate")
    assert outcome.code == 2
    assert [one.partition("; ")[0] for one in outcome.problems] == [
        "specs/deals.yaml:1:1: the file stands in no folder, and is not read",
        "specs/v1/more/deals.json:1:1: the file stands too deep, and is not read",
    ]


@pytest.mark.parametrize("command", ["generate", "validate", "list"])
def test_a_file_that_cannot_be_read(
    project: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    # Root may read everything, so the file system is made to refuse.
    opened = os.open

    def refuse(path: Any, *arguments: Any, **named: Any) -> int:
        if str(path) == CONTACTS:
            raise PermissionError(13, "Permission denied", str(path))
        return opened(path, *arguments, **named)

    monkeypatch.setattr(os, "open", refuse)
    outcome = upsertgen(command)
    assert outcome.code == 2
    assert outcome.problems == [
        f"{CONTACTS}:1:1: the file cannot be read: Permission denied; expected a readable file; "
        "check its permissions"
    ]


def test_a_folder_that_cannot_be_read(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    iterdir = Path.iterdir

    def refuse(path: Path) -> object:
        if path.as_posix() == "specs/v1":
            raise PermissionError(13, "Permission denied", str(path))
        return iterdir(path)

    monkeypatch.setattr(Path, "iterdir", refuse)
    outcome = upsertgen("generate")
    assert outcome.code == 2
    assert outcome.problems[0].startswith("specs/v1:1:1: the folder cannot be read: Permission")


def test_control_characters_of_a_spec_do_not_reach_the_terminal(project: Path) -> None:
    text = PROJECT[CONTACTS].replace("  title: Contacts", '  "\\e[31mtitle\\n": Contacts')
    write_files(project, {CONTACTS: text})
    outcome = upsertgen("validate")
    assert outcome.code == 2
    assert "\\x1b[31mtitle" in outcome.err
    assert "\x1b" not in outcome.err


def test_carets_count_characters() -> None:
    assert carets("a‸b\nü‸ü‸") == ["1:2", "2:2", "2:3"]

"""Folders and flags that make no sense."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest

from tests.bad_input.project import CONTACTS, PROJECT, carets
from tests.command_line import snapshot, upsertgen, write_files


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


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        *[
            (f'{key} = "{text}"', "expected a path without control characters")
            for key in ("specs", "output", "templates")
            for text in (r"a\u0000b", r"a\nb", r"\u001b[31m", "")
        ],
        *[
            (f'{key} = "{text}"', "expected at most 1000 characters, and 255 bytes between two '/'")
            for key in ("specs", "output", "templates")
            for text in ("a" * 256, "é" * 128, "a/" * 600)
        ],
        *[
            (f'package = "{name}"\ndistribution = "other"', "expected another name than those of")
            for name in ("datetime", "json", "site", "compression", "pydantic", "httpx2", "pytest")
        ],
        (f'package = "{"a" * 101}"\ndistribution = "a"', "at most 100 characters"),
        (f'distribution = "{"a" * 101}"', "at most 100 characters"),
        *[
            (f'distribution = "{name}"', "expected another name than those of the distributions")
            for name in ("pydantic", "Pydantic.Core", "pydantic-core")
        ],
        *[
            (f'fixture-prefix = "{text}"', "lower-case letters, digits and '_', at most 100")
            for text in ("", "1a", "A", "a-b", "a" * 101)
        ],
        *[
            (f'description = "{text}"', "expected one line of at most 512 characters")
            for text in (r"a\u0000b", r"a\nb", r"a\u2028b", "a" * 513)
        ],
    ],
)
def test_settings(project: Path, setting: str, told: str) -> None:
    write_files(project, {"pyproject.toml": f"[tool.upsertgen]\n{setting}\n", "file": ""})
    _refused(project, [], "pyproject.toml:2:1", told)


@pytest.mark.parametrize(
    "path", ["/etc/passwd", "/dev/null", "/proc/x", "/proc/nowhere/x", "pyproject.toml", "file/x"]
)
def test_an_output_that_is_no_place_for_a_folder(project: Path, path: str) -> None:
    write_files(project, {"pyproject.toml": f'[tool.upsertgen]\noutput = "{path}"\n', "file": ""})
    before = {one.path for one in os.scandir(project)}
    for arguments, place in (([], "pyproject.toml:2:1"), (["--output", path], "--output")):
        outcome = upsertgen("generate", *arguments)
        assert outcome.code == 2
        assert len(outcome.problems) == 1
        assert outcome.problems[0].startswith(f"{place}: the folder '{path}' cannot be written: ")
        assert "expected a folder that is there or can be made" in outcome.problems[0]
    assert {one.path for one in os.scandir(project)} == before


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        (r'output = "a\u0000b.py"', r"output is 'a\x00b.py'"),
        (r'files = ["a\u0000b.yaml"]', r"files is ['a\x00b.yaml']"),
        ('files = [""]', "files is ['']"),
    ],
)
def test_settings_of_properties(project: Path, setting: str, told: str) -> None:
    write_files(project, {"pyproject.toml": f"[tool.upsertgen.properties]\n{setting}\n"})
    outcome = upsertgen("properties")
    assert outcome.code == 2
    expected = "expected a path without control characters; correct the value"
    assert outcome.problems == [f"pyproject.toml:2:1: the setting {told}; {expected}"]


def test_no_package_can_be_called_as_what_it_imports(project: Path) -> None:
    root = Path(__file__).parents[2] / "templates"
    imported = {
        name.partition(".")[0]
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        for name in (
            [one.name for one in node.names]
            if isinstance(node, ast.Import)
            else [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
        )
    }
    assert {"pydantic", "httpx2"} <= imported
    for name in sorted(imported - {"__future__"}):
        _refused(
            project, ["--package", name, "--distribution", "other"], "--package", "another name"
        )


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

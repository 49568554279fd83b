"""What --help teaches, that every setting is a flag, and what settings may be."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from upsertgen import __version__
from upsertgen.configuration import Settings, find_configuration, read_configuration
from upsertgen.errors import InvalidInput
from upsertgen.renames import is_version

from tests.command_line import upsertgen

# Renames are a table of their own, and what is true or false is for a file that is reviewed.
_NO_FLAGS = ("renames", "free_names", "docs")
_SETTINGS = [one.name.replace("_", "-") for one in fields(Settings) if one.name not in _NO_FLAGS]


@pytest.mark.parametrize("command", ["generate", "list", "validate"])
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_each_command_shows_examples_settings_and_exit_codes(command: str, flag: str) -> None:
    outcome = upsertgen(command, flag)
    assert outcome.code == 0
    lines = outcome.out.splitlines()
    assert f"Usage: upsertgen {command} [OPTIONS]" in lines[0]
    examples = lines[lines.index("  Examples:") + 1 :]
    assert examples[0] == f"    upsertgen {command}"
    assert examples[1].startswith(f"    upsertgen {command} --")
    text = " ".join(outcome.out.split())
    assert "Settings stand in [tool.upsertgen] of the nearest pyproject.toml" in text
    assert "Exit codes: 0 done, 1 --check found something stale, 2 bad input or usage." in text
    assert "--specs PATH" in text and "--config PATH" in text
    assert "\b" not in outcome.out and "\\b" not in outcome.out


def test_every_setting_is_a_flag_with_its_default() -> None:
    text = " ".join(upsertgen("generate", "--help").out.split())
    for name in _SETTINGS:
        assert f" --{name} " in text
        default = getattr(Settings(), name.replace("-", "_"))
        if default:
            assert f"[default: {default}]" in text


def test_the_commands_and_a_usual_day() -> None:
    outcome = upsertgen("--help")
    assert outcome.code == 0
    for line in (
        "    specs/2025-09/contacts.yaml",
        "    upsertgen validate                  is every spec in order?",
        "    upsertgen generate --check          is the output up to date? (for CI)",
    ):
        assert line in outcome.out.splitlines()


@pytest.mark.parametrize("flag", ["--version", "-V"])
def test_version(flag: str) -> None:
    assert upsertgen(flag).out == f"upsertgen, version {__version__}\n"


@pytest.mark.parametrize(
    ("given", "meant"),
    [("gen", "generate"), ("validte", "validate"), ("l", "list"), ("xyz", None), ("", None)],
)
def test_a_command_that_is_not_there(given: str, meant: str | None) -> None:
    outcome = upsertgen(given)
    assert outcome.code == 2
    hint = f" Did you mean {meant!r}?" if meant else ""
    assert outcome.err.splitlines()[-1] == f"Error: No such command {given!r}.{hint}"


def test_settings_stand_in_the_nearest_file_that_has_some(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    (tmp_path / "pyproject.toml").write_text('[tool.upsertgen]\nspecs = "api"\n')
    (tmp_path / "a" / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert find_configuration(inner) == tmp_path / "pyproject.toml"
    (inner / "pyproject.toml").write_text("[tool.upsertgen]\n")
    assert find_configuration(inner) == inner / "pyproject.toml"
    monkeypatch.chdir(inner)
    settings = read_configuration(tmp_path / "pyproject.toml", {})
    # A path is relative to the file that names it, wherever the command is run.
    assert settings.specs == tmp_path / "api"
    monkeypatch.chdir(tmp_path)
    assert read_configuration(tmp_path / "pyproject.toml", {}).specs == Path("api")


def test_flags_override_settings(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(
        '[tool.upsertgen]\nspecs = "api"\noutput = "out"\npackage = "one"\njobs = 3\n'
        'distribution-version = "2.0"\ndescription = "One."\nexample = "a"\ntemplates = "own"\n'
    )
    settings = read_configuration(path, {"package": "two", "example": None, "specs": Path("x")})
    assert settings == Settings(
        specs=Path("x"),
        output=tmp_path / "out",
        templates=tmp_path / "own",
        package="two",
        distribution="two",
        distribution_version="2.0",
        description="One.",
        example="a",
        jobs=3,
    )
    with pytest.raises(InvalidInput, match="--package: package is 'X'"):
        read_configuration(path, {"package": "X"})


def test_without_a_file_there_are_defaults() -> None:
    settings = read_configuration(None)
    assert settings == Settings(distribution="upsert-client")


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        *[(one, True) for one in ("1.2.0", "2026.03", "1", "1.0rc1", "1.0.post1", "1!2.0+local")],
        *[(one, False) for one in ("one", "", "1.0\n", " 1.0", "1.0-", "1.0.po\u017ft1")],
    ],
)
def test_versions_are_what_pep_440_says(text: str, is_one: bool) -> None:
    assert is_version(text) == is_one

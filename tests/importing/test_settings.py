"""`[tool.upsertgen.import]`, and the flags that override it."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from upsertgen.commands.import_specs import import_command
from upsertgen.commands.release import release_command
from upsertgen.configuration import read_configuration
from upsertgen.errors import InvalidInput
from upsertgen.importing import ImportSettings, read_import_settings

from tests.importing.published_documents import ROOT


def settings(folder: Path, text: str) -> ImportSettings:
    path = folder / "pyproject.toml"
    path.write_text(f"[tool.upsertgen]\npackage = 'a'\n[tool.upsertgen.import]\n{text}\n")
    assert read_configuration(path).package == "a"
    return read_import_settings(path)


def test_every_setting_is_also_a_flag() -> None:
    for command in (import_command, release_command):
        flags = {flag for parameter in command.params for flag in parameter.opts}
        assert {f"--{one.name.replace('_', '-')}" for one in fields(ImportSettings)} <= flags


def test_a_wrong_flag_is_refused_as_a_wrong_setting_is() -> None:
    with pytest.raises(InvalidInput, match="most-scopes is 0"):
        ImportSettings().with_flags({"most_scopes": 0})


def test_the_project_is_configured() -> None:
    found = read_import_settings(ROOT / "pyproject.toml")
    assert found.generic == ("objects", "custom_objects")
    assert found.select == ("batch/upsert",)


def test_all_settings(tmp_path: Path) -> None:
    text = """
        select = ["batch/upsert", "sync"]
        generic = ["objects"]
        exclude = ["test"]
        pattern = "{version}/{type}.json"
        map = { deals = "0-3", "line-items" = "items" }
        type-parameter = "kind"
        most-scopes = 3
        names = "path"
    """
    assert settings(tmp_path, text) == ImportSettings(
        ("batch/upsert", "sync"),
        ("objects",),
        ("test",),
        "{version}/{type}.json",
        {"deals": "0-3", "line-items": "items"},
        "kind",
        3,
        "path",
    )


def test_flags_override_settings(tmp_path: Path) -> None:
    found = settings(tmp_path, 'generic = ["a"]\nmap = { a = "1", b = "2" }').with_flags(
        {"generic": ("b",), "map": {"b": "3"}, "select": (), "pattern": None}
    )
    assert found == ImportSettings(generic=("b",), map={"a": "1", "b": "3"})


def test_defaults() -> None:
    assert read_import_settings(None) == ImportSettings()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("selects = []", "the setting 'selects' is not known"),
        ('select = "batch"', "the setting select is 'batch'; expected a list of strings"),
        ("select = [1]", "the setting select is [1]"),
        ('select = ["a b/c"]', "select has 'a b/c'"),
        ('select = ["SEND /a"]', "select has 'SEND /a'"),
        ('select = ["/"]', "select has '/'"),
        ('names = "title"', "names is 'title'; expected one of operationId, path"),
        ("map = { a = 1 }", "expected a table of strings"),
        ("most-scopes = 0", "most-scopes is 0"),
        ("most-scopes = true", "expected a whole number"),
        ('type-parameter = "a b"', "type-parameter is 'a b'"),
        ('pattern = "{"', "the pattern is '{'"),
        ("generic = [", "pyproject.toml"),
    ],
)
def test_wrong_settings_are_located(text: str, expected: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text(f"[tool.upsertgen.import]\n{text}\n")
    with pytest.raises(InvalidInput) as raised:
        read_import_settings(path)
    assert expected in str(raised.value)
    assert "pyproject.toml" in str(raised.value)

"""templates: which there are, and one's own in the place of a single one."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.project import PYPROJECT
from tests.command_line import snapshot, upsertgen, write_files

_NAME = "package/version/resource.py.jinja"
_OURS = Path(__file__).parents[2] / "templates" / _NAME


def test_a_template_that_is_ejected_changes_what_is_emitted(project: Path) -> None:
    assert f"  {_NAME}" in upsertgen("templates", "list").out.splitlines()
    outcome = upsertgen("templates", "eject", _NAME)
    assert (outcome.code, outcome.out) == (0, f"created  templates/{_NAME}\n")
    assert "upsertgen generate --diff" in outcome.err
    assert f"* {_NAME}" in upsertgen("templates", "list").out.splitlines()
    own = project / "templates" / _NAME
    assert own.read_bytes() == _OURS.read_bytes()
    # Nothing but the setting has changed, and nothing that is emitted.
    settings = (project / "pyproject.toml").read_text("utf-8")
    assert settings.replace('templates = "templates"\n', "") == PYPROJECT
    assert upsertgen("generate", "--check").code == 0
    own.write_text(own.read_text("utf-8") + "\n# My own.\n", "utf-8")
    assert "+# My own." in upsertgen("generate", "--diff").out


def test_a_folder_that_is_set_is_used(project: Path) -> None:
    write_files(project, {"pyproject.toml": f'{PYPROJECT}templates = "own"\n'})
    (project / "own").mkdir()
    assert upsertgen("templates", "eject", _NAME).code == 0
    assert (project / "own" / _NAME).read_bytes() == _OURS.read_bytes()
    assert not (project / "templates").exists()


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (
            ["package/version/resorce.py.jinja"],
            "NAME: no template is called 'package/version/resorc",
        ),
        (["../pyproject.toml"], "NAME: no template is called '../pyproject.toml'"),
        ([_NAME, "README.md.jinja"], f"templates/{_NAME}: the project has this template already"),
    ],
)
def test_what_is_not_ejected(project: Path, arguments: list[str], told: str) -> None:
    assert upsertgen("templates", "eject", _NAME).code == 0
    (project / "templates" / _NAME).write_text("{# mine #}", "utf-8")
    before = snapshot(project / "templates")
    outcome = upsertgen("templates", "eject", *arguments)
    assert outcome.code == 2
    assert outcome.problems[0].startswith(told)
    assert snapshot(project / "templates") == before
    assert upsertgen("templates", "eject", _NAME, "--force").code == 0
    assert (project / "templates" / _NAME).read_bytes() == _OURS.read_bytes()

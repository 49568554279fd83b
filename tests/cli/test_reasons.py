"""What --check says about each stale file, and `--format github` beside the file on GitHub."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from upsertgen.write.manifest import digest

from tests.cli.project import OVERLAY, PYPROJECT, spec
from tests.command_line import snapshot, upsertgen, write_files


def _stale(*arguments: str) -> dict[str, str]:
    """Return the reason for each file of the output that is stale, without the folder's name."""
    before = snapshot(Path.cwd())
    outcome = upsertgen("generate", "--check", *arguments)
    assert snapshot(Path.cwd()) == before
    assert outcome.code == (1 if outcome.out else 0)
    reasons: dict[str, str] = {}
    for line in outcome.out.splitlines():
        action, _, rest = line.partition(" ")
        path, _, reason = rest.strip().partition(": ")
        if path.startswith("generated/"):
            path = path.removeprefix("generated/").removeprefix("my_client/")
            reasons[f"{action} {path}"] = reason
    return reasons


def _edit(path: str, old: str, new: str) -> None:
    text = Path(path).read_text("utf-8")
    assert old in text
    Path(path).write_text(text.replace(old, new), "utf-8")


def _edit_manifest(digests: dict[str, str], **inputs: Any) -> None:
    """Edit the manifest as if each file had been made from something else, and some looked otherwise."""
    path = Path("generated/.upsertgen.json")
    data = json.loads(path.read_bytes())
    for name, value in inputs.items():
        old = data["inputs"][name]
        data["inputs"][name] = {**old, **value} if isinstance(value, dict) else value
    for name, output in data["outputs"].items():
        output |= {"rendered": "another", "digest": digests.get(name, output["digest"])}
    path.write_text(json.dumps(data), "utf-8")


@pytest.fixture(autouse=True)
def in_the_project(project: Path) -> None:
    """Each test edits a copy of the project."""


def test_a_spec_changed() -> None:
    _edit("specs/v1/contacts.yaml", "/upsert:", "/batch:")
    assert _stale() == {
        "changed CHANGELOG.md": "spec v1/contacts.yaml changed",
        "changed sandbox/contract.json": "spec v1/contacts.yaml changed",
        "changed v1/contacts.py": "spec v1/contacts.yaml changed",
    }


def test_a_spec_changed_that_others_refer_to() -> None:
    _edit("specs/2026-03/schemas.yaml", "id: {type: string}", "id: {type: integer}")
    stale = _stale()
    assert stale["changed v2026_03/models.py"] == "spec 2026-03/schemas.yaml changed"
    assert set(stale.values()) == {"spec 2026-03/schemas.yaml changed"}


def test_a_spec_is_new() -> None:
    write_files(Path(), {"specs/v1/deals.yaml": spec("deals", "v1")})
    stale = _stale()
    assert stale["created v1/deals.py"] == "it is new; spec v1/deals.yaml is new"
    assert stale["changed v1/client.py"] == "spec v1/deals.yaml is new"


def test_a_spec_is_gone() -> None:
    Path("specs/2026-03/line-items.yaml").unlink()
    Path("specs/names.lock.yaml").unlink()
    stale = _stale()
    assert stale["removed v2026_03/line_items.py"] == "spec 2026-03/line-items.yaml is gone"
    assert stale["changed v2026_03/client.py"] == "spec 2026-03/line-items.yaml is gone"


def test_many_specs_changed() -> None:
    specs = {f"specs/v1/type{number}.yaml": spec(f"type{number}", "v1") for number in range(9)}
    write_files(Path(), specs)
    assert _stale()["changed v1/client.py"] == (
        "spec v1/type0.yaml is new; spec v1/type1.yaml is new; spec v1/type2.yaml is new; "
        "spec v1/type3.yaml is new; and 5 more specs"
    )


def test_an_overlay_changed() -> None:
    _edit("specs/overlays/corrections.yaml", "size: {type: integer}", "size: {type: string}")
    stale = _stale()
    assert "changed v1/models.py" in stale
    assert set(stale.values()) == {"overlay overlays/corrections.yaml changed"}


def test_an_overlay_is_new() -> None:
    new = OVERLAY.replace("size", "weight").replace('"207"', '"202"')
    write_files(Path(), {"specs/overlays/more.yaml": new})
    assert set(_stale().values()) == {"overlay overlays/more.yaml is new"}


def test_an_overlay_changed_that_does_not_show() -> None:
    _edit("specs/overlays/corrections.yaml", "Records have a size.", "Records have some size.")
    outcome = upsertgen("generate", "--check")
    assert outcome.code == 1
    assert outcome.out == ""
    assert "up to date; the manifest of their inputs is stale" in outcome.err


def test_a_plain_file_of_the_templates_changed() -> None:
    write_files(Path(), {"own/package/oauth.py": "x = 1\n"})
    assert _stale("--templates", "own") == {"changed oauth.py": "template package/oauth.py changed"}


def test_a_setting_changed() -> None:
    text = PYPROJECT + 'description = "Other words."\ndistribution-version = "2.0"\n'
    write_files(Path(), {"pyproject.toml": text})
    stale = _stale()
    both = "setting description changed; setting distribution-version changed"
    assert stale["changed pyproject.toml"] == both
    assert set(stale.values()) == {both}


def test_settings_that_do_not_show_do_not_matter() -> None:
    write_files(Path(), {"pyproject.toml": PYPROJECT.replace("jobs = 1", "jobs = 2")})
    assert _stale() == {}


def test_a_tool_changed() -> None:
    path = Path("generated/my_client/v1/contacts.py")
    _edit(str(path), "class", "class ")
    # As if the other version of black had formatted it that way.
    _edit_manifest({"my_client/v1/contacts.py": digest(path.read_bytes())}, tools={"black": "1.0"})
    reason = _stale()["changed v1/contacts.py"]
    assert reason.startswith("black changed from 1.0 to ")


def test_the_generator_changed() -> None:
    _edit_manifest({}, generator="another")
    Path("generated/README.md").unlink()
    assert _stale() == {"created README.md": "it was deleted; generator changed"}


def test_edited_by_hand() -> None:
    path = "generated/my_client/v1/contacts.py"
    _edit(path, "class", "class ")
    assert _stale() == {"changed v1/contacts.py": "it was edited by hand"}
    _edit("specs/v1/contacts.yaml", "/upsert:", "/batch:")
    assert _stale() == {
        "changed CHANGELOG.md": "spec v1/contacts.yaml changed",
        "changed sandbox/contract.json": "spec v1/contacts.yaml changed",
        "changed v1/contacts.py": "it was edited by hand; spec v1/contacts.yaml changed",
    }
    assert upsertgen("generate").code == 0
    assert _stale() == {}


def test_annotations_say_the_same_beside_each_file() -> None:
    """Also of the record of names, which stands with the specs."""
    write_files(Path(), {"specs/v1/deals.yaml": spec("deals", "v1")})
    Path("generated/my_client/errors.py").unlink()
    told = upsertgen("generate", "--check", "--verbose").out.splitlines()
    check = upsertgen("generate", "--check", "--format", "github")
    assert check.code == 1
    lines = check.out.splitlines()
    assert lines == [
        f"::error file={path},title=upsertgen::{action}: {reason}"
        for action, path, reason in (re.split(r" +|: ", line, maxsplit=2) for line in told)
    ]
    assert "file=generated/my_client/errors.py,title=upsertgen::created: it was deleted" in str(
        lines
    )
    assert "file=specs/names.lock.yaml,title=upsertgen::changed: " in str(lines)
    written = upsertgen("generate", "--format", "github")
    assert (written.code, written.out) == (0, check.out)
    assert upsertgen("generate", "--check", "--format", "github").out == ""


@pytest.mark.parametrize("command", ["generate", "validate"])
def test_annotations_of_errors_in_specs(command: str) -> None:
    write_files(Path(), {"specs/v1/contacts.yaml": "a: b: c, d%"})
    outcome = upsertgen(command, "--format", "github")
    assert outcome.code == 2
    assert outcome.out.startswith(
        "::error file=specs/v1/contacts.yaml,line=1,col=5,title=upsertgen::this is not YAML: "
    )
    assert outcome.err == "upsertgen: 1 problem; nothing was written\n"


def test_characters_that_mean_something_to_github() -> None:
    output = "out,a:b%c"
    Path("generated").rename(output)
    _edit(f"{output}/my_client/v1/contacts.py", "class", "class ")
    outcome = upsertgen("generate", "--check", "--format", "github", "--output", output)
    assert outcome.out == (
        "::error file=out%2Ca%3Ab%25c/my_client/v1/contacts.py,title=upsertgen::"
        "changed: it was edited by hand\n"
    )

"""list and validate."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.command_line import snapshot, upsertgen, write_files

_LIST = """\
object type  v1             2026-03
-----------  -------------  --------------
contacts     200 207 *      200 207 *
line_items   -              200
total        1 object type  2 object types

Success statuses that the specs declare, with overlays applied; * an overlay corrected the spec.

Overlays in v1:
  specs/overlays/corrections.yaml:15:13 (1 file): Records have a size.
  specs/overlays/corrections.yaml:4:13 (1 file): Versions forget that an upsert may succeed in part.

Overlays in 2026-03:
  specs/overlays/corrections.yaml:15:13 (1 file): Records have a size.
  specs/overlays/corrections.yaml:4:13 (1 file): Versions forget that an upsert may succeed in part.
"""


def test_list(project: Path) -> None:
    before = snapshot(project)
    outcome = upsertgen("list")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == _LIST
    assert snapshot(project) == before


def test_validate(project: Path) -> None:
    before = snapshot(project)
    outcome = upsertgen("validate")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "specs: 2 API versions, 3 specs of object types, 3 operations, 4 distinct bodies; no problem. "
        "Next: 'upsertgen generate --diff' shows what they would change.\n"
    )
    assert snapshot(project) == before


@pytest.mark.parametrize("command", ["list", "validate"])
def test_problems_of_all_files(project: Path, command: str) -> None:
    write_files(project, {"specs/v1/a.yaml": "a: b: c", "specs/2026-03/b.yaml": "[]"})
    outcome = upsertgen(command)
    assert (outcome.code, outcome.out) == (2, "")
    assert [one.partition(": ")[0] for one in outcome.problems] == [
        "specs/2026-03/b.yaml:1:1",
        "specs/v1/a.yaml:1:5",
    ]
    assert outcome.err.endswith("upsertgen: 2 problems; nothing was written\n")


def test_pages_beside_the_specs_are_no_version(project: Path) -> None:
    pages = {"docs/navigation.yaml": "- title: Guides", "docs/guides/deep/data.yaml": "a: b: c"}
    write_files(project, {f"specs/{name}": text for name, text in pages.items()})
    assert upsertgen("list").out == _LIST
    assert upsertgen("validate").code == 0


def test_other_specs(project: Path) -> None:
    (project / "specs").rename(project / "api")
    assert upsertgen("validate").code == 2
    outcome = upsertgen("validate", "--specs", "api")
    assert outcome.code == 0
    assert outcome.out.startswith("api: 2 API versions")

"""Notes: what commands say about specs that are in order."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.project import PROJECT
from tests.command_line import upsertgen

_SCHEMAS = "specs/v1/schemas.yaml"
_SIZE = "        id: {type: string}\n"


@pytest.fixture
def noted(fresh: Path) -> str:
    """What is to be said about two equal lines in each of two versions, in the current folder."""
    text = str(PROJECT[_SCHEMAS])
    more = "".join(
        f"        {name}: {{$ref: '#/components/schemas/Answer', nullable: true}}\n"
        for name in ("one", "two")
    )
    for path in (_SCHEMAS, _SCHEMAS.replace("v1", "2026-03")):
        (fresh / path).write_text(text.replace(_SIZE, f"{_SIZE}{more}"))
    return (
        "'nullable' beside $ref has no effect in OpenAPI 3.0; to give it one, put the $ref into 'allOf', "
        "nullable beside that (also at 3 other places, the next is specs/2026-03/schemas.yaml:17:52)"
    )


@pytest.mark.parametrize("command", ["validate", "generate"])
def test_equal_notes_are_one(command: str, noted: str) -> None:
    outcome = upsertgen(command)
    assert outcome.code == 0
    assert outcome.err.splitlines()[0] == f"note: specs/2026-03/schemas.yaml:16:52: {noted}"


def test_notes_as_annotations(noted: str) -> None:
    outcome = upsertgen("generate", "--format", "github")
    place = "file=specs/2026-03/schemas.yaml,line=16,col=52"
    assert outcome.out.splitlines()[0] == f"::notice {place},title=upsertgen::{noted}"

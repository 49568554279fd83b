"""Hostile texts in every position of a spec: one at a time, and mixed."""

from __future__ import annotations

import os
import zlib

import pytest

from tests.hostile.corpus import CORPUS
from tests.hostile.placing import POSITIONS, TEXTS, Placement, check, mixed, open_positions, sample
from tests.hostile.project import WHOLE
from tests.hostile.running import check_emitted

_PARTS = 8
_OPEN = 40
_MIXED = 8
# Another part of all there is in each revision; the same one when a revision is tested again.
_SEED = int(
    os.environ.get("HOSTILE_SEED", "") or zlib.crc32(os.environ.get("CI_COMMIT", "").encode())
)


def test_the_corpus_is_large_and_told() -> None:
    assert len(CORPUS) >= 200
    assert len({one.text for one in CORPUS}) == len(CORPUS)
    assert all(one.attacks for one in CORPUS)


def test_the_whole_project_is_accepted() -> None:
    assert check_emitted(WHOLE) == ""
    names = [position.name for position in POSITIONS]
    assert len(set(names)) == len(names)
    # What the issue names, found by the walk and not by a list.
    for part in (
        "title",
        "description",
        "summary",
        "operationId",
        "x-sandbox",
        "x-source",
        "target",
    ):
        assert any(part in name for name in names), part


@pytest.mark.parametrize(
    "part", [0, *(pytest.param(part, marks=pytest.mark.large) for part in range(1, _PARTS))]
)
def test_every_position(part: int) -> None:
    """Each position gets a text, and each text a position; which ones rotates with the revision."""
    check(sample(_SEED, len(POSITIONS))[part::_PARTS], batch=40)


@pytest.mark.large
@pytest.mark.parametrize("part", range(2))
def test_positions_that_take_any_text(part: int) -> None:
    open_ones = open_positions()
    chosen = [open_ones[one.places[0][0] % len(open_ones)] for one in sample(_SEED + 1, 2 * _OPEN)]
    texts = [one.places[0][1] for one in sample(_SEED + 2, 2 * _OPEN)]
    placements = [Placement((pair,)) for pair in zip(chosen, texts, strict=True)]
    accepted = check(placements[part::2], batch=40)
    assert len(accepted) > _OPEN // 2
    check(mixed(_SEED, accepted, _MIXED), batch=20)


def test_every_text_in_prose() -> None:
    """Every text at once, each in the description of a field of its own, and as a default and a name."""
    properties = {
        f"field{number}": {"type": "string", "description": text, "default": text}
        for number, text in enumerate(TEXTS)
        if len(text) < 1000 and not any("\ud800" <= one <= "\udfff" for one in text)
    }
    project = WHOLE.copied()
    schema = project.files["v1/shared.json"]["components"]["schemas"]["ResultSchema"]
    schema["properties"] |= properties
    schema["properties"] |= {
        one["default"]: {"type": "string", "enum": [one["default"], "another"]}
        for one in properties.values()
        if not one["default"].isascii() or not one["default"].isalnum()
    }
    assert check_emitted(project) == ""

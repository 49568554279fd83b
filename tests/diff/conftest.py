"""What the tests of differences share."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from upsertgen.diff import sources
from upsertgen.diff.sources import Understood

from tests.diff.compared_specs import SPECS, Compare


@pytest.fixture(scope="package", autouse=True)
def real_specs_read_once() -> Iterator[None]:
    """Read the specs of this project only once, which takes longer than to compare them."""
    understand = sources.understand_folder
    known = cache(understand)

    def remembering(folder: Path) -> Understood:
        return known(folder) if folder == SPECS else understand(folder)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "understand_folder", remembering)
        yield


@pytest.fixture
def compare(tmp_path: Path) -> Compare:
    """Compare specs that are written for it."""
    return Compare(tmp_path)

"""What these tests share: the site of this project's own pages."""

from __future__ import annotations

from pathlib import Path

import pytest
from upsertgen.docs.site import build_site

from tests.conftest import Once
from tests.docs.sites import copy_real


@pytest.fixture(scope="session")
def docs(once: Once) -> Path:
    """The folder of documentation of this project, with its site."""

    def build(folder: Path) -> None:
        copy_real(folder)
        # Dead links are told by the test that looks for them, and keep nobody from looking at the rest.
        build_site(folder, strict=False)

    return once("docs", build)

"""A specs folder, and imports of one document into it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from upsertgen.importing import ImportPlan

from tests.importing.documents import single
from tests.importing.import_runs import imported
from tests.importing.published_documents import Document

Bring: TypeAlias = Callable[..., ImportPlan]
"""Imports a document, from a file of some name, as an API version: `bring(document, "things.json", "v1")`."""


@pytest.fixture
def specs(tmp_path: Path) -> Path:
    return tmp_path / "specs"


@pytest.fixture
def bring(tmp_path: Path, specs: Path) -> Bring:
    def bring(
        one: Document, name: str = "things.json", label: str = "v1", **options: Any
    ) -> ImportPlan:
        return imported(single(tmp_path, one, name), specs, label, **options)

    return bring

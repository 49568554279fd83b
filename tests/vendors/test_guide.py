"""The guide to another vendor's API, followed word by word in an empty folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.docs.guides import GUIDES, ROOT, follow
from tests.servers import kept_port

GUIDE = GUIDES.parent / "maintaining" / "another-vendor.md"
PYTHON = '#!/bin/sh\nPYTHONPATH=generated exec "{program}" "$@"\n'


def test_the_guide_leads_from_a_document_to_records_in_the_sandbox(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, programs = tmp_path / "acme", tmp_path / "programs"
    folder.mkdir()
    programs.mkdir()
    # What it makes is found where it is, for it is not installed.
    python = programs / "python"
    python.write_text(PYTHON.format(program=sys.executable), "utf-8")
    python.chmod(0o755)
    monkeypatch.setenv("UPSERTGEN", str(ROOT))
    monkeypatch.setenv("PYTHON", str(python))
    monkeypatch.setenv("INSTALL", "true")
    with kept_port() as port:
        follow(GUIDE.read_text("utf-8"), folder, {"8099": port}, programs)

"""The guide, followed word by word in an empty folder."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers import PATIENCE, kept_port

HERE = Path(__file__).parent
INSTALLED = ("python3 -m venv", "pip install")
"""How the lines begin that install what is there already."""


@pytest.fixture
def port() -> Iterator[int]:
    with kept_port() as port:
        yield port


def test_the_guide_leads_from_a_document_to_records_in_the_sandbox(
    tmp_path: Path, port: int
) -> None:
    text = (HERE / "GUIDE.md").read_text("utf-8").replace("8099", str(port))
    lines = re.findall(r"^    (.*)$|^$", text, flags=re.MULTILINE)
    script = "\n".join(
        ["trap 'kill $(jobs -p) 2>/dev/null || true' EXIT"]
        + [line for line in lines if not line.startswith(INSTALLED)]
    )
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env={
            **os.environ,
            "UPSERTGEN": str(HERE.parent.parent),
            "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
            "PYTHONPATH": "generated",
            "PYTHON": sys.executable,
            "INSTALL": "true",
        },
        capture_output=True,
        text=True,
        timeout=4 * PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert re.search(r"created +3\n", done.stdout), done.stdout
    assert re.search(r"created +250\n", done.stdout), done.stdout

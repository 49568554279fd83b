"""How long it takes to compare two API versions, from the start of the process to its end."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import Figure, best_of, python

ROOT = Path(__file__).parent.parent.parent
DIFF = "import sys; from upsertgen.commands.diffing import diff_command; diff_command(sys.argv[1:])"


def measure_diff(folder: Path) -> Iterator[Figure]:
    specs = ("--specs", str(ROOT / "specs"))
    page = str(folder / "page.html")
    plain, html = best_of(
        5,
        lambda: python(DIFF, "2025-09", "2026-03", *specs),
        lambda: python(DIFF, "2025-09", "2026-03", *specs, "--format", "html", "--output", page),
    )
    yield Figure("upsertgen diff 2025-09 2026-03", plain, 1.0, " s")
    yield Figure("the same as an HTML page", html, 1.0, " s")

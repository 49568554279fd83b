"""How long the site of the documentation takes: from nothing, and after a change of one spec."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.figures import ROOT, Figure, best_of, python, run
from tests.bench.generator import UPSERTGEN, arguments

_BUILD = """
import sys
from pathlib import Path
from upsertgen.docs.site import build_site
build_site(Path(sys.argv[1]))
"""


def measure_docs(folder: Path) -> Iterator[Figure]:
    """Build the site of this project's pages, and bring it up to date as `upsertgen docs` does."""
    specs, output = folder / "docs specs", folder / "docs output"
    shutil.copytree(ROOT / "specs", specs)
    run(UPSERTGEN, "docs", *arguments(specs, output))
    docs = output / "docs"

    def from_nothing() -> None:
        for name in ("site", ".cache"):
            shutil.rmtree(docs / name)
        python(_BUILD, str(docs))

    (full,) = best_of(3, from_nothing)
    pages = sum(1 for _ in (docs / "pages").rglob("*.md"))
    yield Figure("the site from nothing", full, 20, " s", f"{pages} pages")
    times = [_touch(specs, number, output) for number in range(4)]
    yield Figure("one spec file touched: pages and site", min(times), 3, " s")


def _touch(specs: Path, number: int, output: Path) -> float:
    """Change a description in a spec and return how long it takes until it shows, in seconds."""
    path = specs / "v3" / "contacts.yaml"
    before, _, after = path.read_text().rpartition("      description: ")
    path.write_text(f"{before}      description: Touched {number}, {after}")
    started = time.perf_counter()
    run(UPSERTGEN, "docs", *arguments(specs, output))
    taken = time.perf_counter() - started
    page = output / "docs" / "site" / "reference" / "v3" / "contacts.html"
    assert f"Touched {number}," in page.read_text("utf-8")
    return taken

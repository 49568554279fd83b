"""Run every measurement and print its figure beside its limit; exit 1 if one is above it."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from tests.bench.client import measure_client
from tests.bench.figures import Figure
from tests.bench.generator import measure_generator


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures: list[Figure] = []
        for measure in (lambda: measure_generator(Path(folder)), measure_client):
            for figure in measure():
                figures.append(figure)
                print(figure, flush=True)
    above = [figure for figure in figures if not figure.holds]
    print(f"{len(figures) - len(above)} of {len(figures)} within their limits")
    sys.exit(bool(above))


if __name__ == "__main__":
    main()

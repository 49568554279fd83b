"""Run every measurement and print its figure beside its limit; exit 1 if one is above it."""

from __future__ import annotations

import sys
import tempfile
from itertools import chain
from pathlib import Path

from tests.bench.bulk import measure_bulk
from tests.bench.client import measure_client
from tests.bench.diffing import measure_diff
from tests.bench.figures import Figure
from tests.bench.generator import measure_generator
from tests.bench.importing import measure_import
from tests.bench.sandbox import measure_sandbox


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        figures: list[Figure] = []
        place = Path(folder)
        for figure in chain(
            measure_generator(place),
            measure_client(),
            measure_import(place),
            measure_diff(place),
            measure_sandbox(),
            measure_bulk(),
        ):
            figures.append(figure)
            print(figure, flush=True)
    above = [figure for figure in figures if not figure.holds]
    print(f"{len(figures) - len(above)} of {len(figures)} within their limits")
    sys.exit(bool(above))


if __name__ == "__main__":
    main()

"""Run every measurement and print its figure beside its limit; exit 1 if one is above it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.bulk import measure_bulk
from tests.bench.client import measure_client
from tests.bench.cpu import measure_cpu
from tests.bench.docs import measure_docs
from tests.bench.faults import measure_faults
from tests.bench.figures import Figure
from tests.bench.generator import measure_generator
from tests.bench.importing import measure_import
from tests.bench.properties import measure_properties
from tests.bench.property_types import measure_property_types
from tests.bench.sandbox import measure_sandbox
from tests.bench.state import measure_state


def main() -> None:
    # Measured as it is installed: with compiled modules, which some systems do not keep.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    with tempfile.TemporaryDirectory() as folder:
        figures: list[Figure] = []
        failures = 0
        place = Path(folder)
        for measured in (
            measure_generator(place),
            measure_docs(place),
            measure_client(),
            measure_import(place),
            measure_property_types(place),
            measure_sandbox(),
            measure_bulk(),
            measure_state(place),
            measure_faults(),
            measure_properties(place),
            measure_cpu(),
        ):
            # A program that fails costs the rows after it in its own part, and no others.
            try:
                for figure in measured:
                    figures.append(figure)
                    print(figure, flush=True)
            except subprocess.CalledProcessError as error:
                failures += 1
                said = (error.stderr or "").strip() or f"exit code {error.returncode}"
                print(f"FAILED and the rest of its part left out:\n{said}", flush=True)
    above = [figure for figure in figures if not figure.holds]
    print(f"{len(figures) - len(above)} of {len(figures)} within their limits, {failures} failed")
    sys.exit(bool(above or failures))


if __name__ == "__main__":
    main()

"""Runs pytest, and what failed once more, alone.

It is for runs that ask something else than whether all tests pass at once: whether the project works on a
bare system or with other specs, or what a change did. There a test that fails by chance would be told as if
that were at fault. What fails twice is a failure. What passes the second time is unsteady, which is told
loudly and is a fault of its own. `make test` runs nothing twice.

    python -m tests.tools.rerun [ARGUMENT_OF_PYTEST ...]
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

CACHE = Path(".pytest_cache", "rerun")
MOST = 10
"""More tests than these do not fail by chance."""
TESTS_FAILED = 1
"""The exit code of pytest, which need not be installed where this is imported."""
TOLD = "failed once and passed when run again alone"


def unsteady_tests(folder: Path) -> list[str]:
    """Return the names of the tests that the last run in a folder found to be unsteady."""
    found = folder / CACHE / "unsteady.json"
    return list(json.loads(found.read_text("utf-8"))) if found.exists() else []


def main(arguments: Sequence[str]) -> int:
    """Run pytest in the current folder, and once more what failed; return the exit code of the last run."""
    cache = CACHE.absolute()
    shutil.rmtree(cache, ignore_errors=True)
    command = [sys.executable, "-m", "pytest", "-o", f"cache_dir={cache}", *arguments]
    code = subprocess.run(command).returncode
    # Anything else, such as a file that cannot be imported, is no matter of chance.
    if code != TESTS_FAILED:
        return code
    failed = sorted(json.loads((cache / "v/cache/lastfailed").read_text("utf-8")))
    if len(failed) > MOST:
        return code
    print(f"=== once more, alone: {' '.join(failed)}", flush=True)
    again = ("-n", "0", "--last-failed", "--last-failed-no-failures", "none")
    code = subprocess.run([*command, *again]).returncode
    if code == 0:
        (cache / "unsteady.json").write_text(json.dumps(failed), "utf-8")
        print("!" * 100, f"UNSTEADY: {TOLD}:", *failed, "!" * 100, sep="\n", flush=True)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

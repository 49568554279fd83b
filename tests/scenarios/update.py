"""Rewrites the expected output of the scenarios: `python -m tests.scenarios.update [NAME...]`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from upsertgen.errors import InvalidInput

from . import FOLDER, NAMES, compared, expected, generate


def update(name: str) -> bool:
    """Rewrite what one scenario expects; return whether anything changed."""
    with tempfile.TemporaryDirectory() as folder:
        files = compared(name, generate(name, Path(folder)))
    if files == expected(name):
        return False
    shutil.rmtree(FOLDER / name / "expected", ignore_errors=True)
    for path, text in files.items():
        target = FOLDER / name / "expected" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return True


def main() -> None:
    """Rewrite the scenarios that the command line names, or all."""
    for name in sys.argv[1:] or NAMES:
        try:
            changed = update(name)
        except InvalidInput as error:
            sys.exit(f"{name}:\n{error}")
        if changed:
            print(f"changed  {FOLDER.relative_to(Path.cwd()) / name / 'expected'}")


if __name__ == "__main__":
    main()

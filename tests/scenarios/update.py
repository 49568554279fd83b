"""Rewrites the expected output of the scenarios: `python -m tests.scenarios.update [NAME...]`."""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from upsertgen.errors import InvalidInput

from . import FOLDER, NAMES, expected, generate, modules


def update(name: str) -> bool:
    """Rewrite what one scenario expects; return whether anything changed."""
    before = expected(name)
    with tempfile.TemporaryDirectory() as folder:
        files = modules(generate(name, Path(folder)))
    wanted = {path: text for path, text in files.items() if not before or path in before}
    shutil.rmtree(FOLDER / name / "expected", ignore_errors=True)
    for path, text in wanted.items():
        target = FOLDER / name / "expected" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, "utf-8")
    return wanted != before


def main() -> None:
    """Rewrite the scenarios that the command line names, or all that expect something."""
    for name in sys.argv[1:] or [name for name in NAMES if expected(name)]:
        try:
            changed = update(name)
        except InvalidInput as error:
            sys.exit(f"{name}:\n{error}")
        if changed:
            print(f"changed  {FOLDER.relative_to(Path.cwd()) / name / 'expected'}")


if __name__ == "__main__":
    main()

"""Fail when a file has more than 500 lines and does not say why.

A file says why in a comment `long because: …` among its first ten lines. What is generated is as long
as the specs make it, and is not looked at.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

LIMIT = 500
REASON = "long because:"
GENERATED = ("generated/", "specs/.schemas/", "tests/scenarios/")


def too_long(root: Path) -> list[str]:
    """Return the tracked files of a repository that are too long without a reason, with their length."""
    names = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=root,
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    found: list[str] = []
    for name in names:
        path = root / name
        if name.startswith(GENERATED) or not path.is_file():
            continue
        content = path.read_bytes()
        # Git takes it for no text, too: a picture, say.
        if b"\0" in content:
            continue
        lines = content.splitlines()
        reason = any(REASON.encode() in line for line in lines[:10])
        if len(lines) > LIMIT and not reason:
            found.append(
                f"{name}: {len(lines)} lines, more than {LIMIT}; split it, or say '{REASON} …'"
            )
    return found


if __name__ == "__main__":
    problems = too_long(Path(__file__).parent.parent.parent)
    print("\n".join(problems) or f"no file above {LIMIT} lines without a reason")
    sys.exit(bool(problems))

"""The record of public names, which stands with the specs and is written together with the output."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upsertgen.write import Change


@contextmanager
def replaced(change: Change | None) -> Iterator[None]:
    """Replace a file in one step once what is done meanwhile has succeeded, and else leave it as it is.

    Args:
        change: What is to happen to it; nothing to do nothing.

    Raises:
        OSError: It cannot be written. That shows before anything else is done.
    """
    if change is None or change.after is None:
        yield
        return
    target = Path(change.path)
    temporary = target.with_name(f".{target.name}.upsertgen")
    try:
        temporary.write_bytes(change.after.encode())
        yield
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)

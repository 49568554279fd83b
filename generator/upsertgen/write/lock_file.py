"""The record of public names, which stands with the specs and is written together with the output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Problem
from upsertgen.write import Change
from upsertgen.write.locking import locked


@contextmanager
def replaced(change: Change | None) -> Iterator[None]:
    """Replace a file in one step once what is done meanwhile has succeeded, and else leave it as it is.

    A run that is killed in between leaves output that is complete and a record that the next run completes.

    Args:
        change: What is to happen to it; nothing to do nothing.

    Raises:
        InvalidInput: Somebody else has changed it since.
        OSError: It cannot be written. That shows before anything else is done.
    """
    if change is None or change.after is None:
        yield
        return
    target = Path(change.path)
    temporary = _temporary(target)
    # What a run left that was killed may be anything; opened for writing, a link would be followed.
    with _alone(temporary):
        try:
            _refuse_other(target, change.before)
            temporary.write_bytes(change.after.encode())
            yield
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)


def heal_record(target: Path) -> None:
    """Remove what a run left beside the record that was killed."""
    temporary = _temporary(target)
    if os.path.lexists(temporary):
        with _alone(temporary):
            temporary.unlink()


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}.upsertgen")


@contextmanager
def _alone(temporary: Path) -> Iterator[None]:
    """Keep other runs from the file, which may write other output from the same specs."""
    while True:
        if temporary.is_symlink():
            temporary.unlink()
        temporary.touch()
        with locked(temporary):
            # Another run may have put it into its place meanwhile, and this one would hold another lock.
            if os.path.lexists(temporary):
                yield
                return


def _refuse_other(target: Path, before: str | None) -> None:
    now = target.read_text("utf-8") if target.is_file() else None
    if now != before:
        raise InvalidInput(
            [
                Problem(
                    Location(target.as_posix()),
                    "another run has changed the record of public names meanwhile",
                    "one change at a time",
                    "run the command again",
                )
            ]
        )

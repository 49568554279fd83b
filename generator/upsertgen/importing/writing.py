"""Files in memory to a specs folder: what differs, and writing all of it or nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

_TEMPORARY = ".upsertgen"


@dataclass(frozen=True)
class FileChange:
    """One file of a specs folder that is to change.

    Attributes:
        path: Its path in the folder, with `/`.
        before: Its contents now, or nothing when there is no such file.
        after: Its contents as they should be, or nothing when it should not be there.
    """

    path: str
    before: str | None
    after: str | None

    @property
    def action(self) -> str:
        """What happens to the file: `created`, `changed` or `removed`."""
        if self.after is None:
            return "removed"
        return "created" if self.before is None else "changed"


def changes_of(
    folder: Path, files: Mapping[str, str], removed: Iterable[str]
) -> tuple[FileChange, ...]:
    """Return what has to change in a folder, sorted by path.

    Args:
        folder: The specs folder; it need not exist.
        files: Files as they should be, by path.
        removed: Files that should not be there.
    """
    changes = [FileChange(path, _text(folder / path), text) for path, text in files.items()]
    changes += [FileChange(path, _text(folder / path), None) for path in removed]
    changed = (one for one in changes if one.before != one.after)
    return tuple(sorted(changed, key=lambda one: one.path))


def apply_changes(folder: Path, changes: Iterable[FileChange]) -> None:
    """Write changes; when one of them fails, the folder is as it was.

    Raises:
        OSError: A file cannot be written.
    """
    changes = list(changes)
    staged: list[Path] = []
    made: list[Path] = []
    done: list[FileChange] = []
    try:
        for change in changes:
            if change.after is not None:
                target = folder / change.path
                made += _make(target.parent)
                temporary = target.with_name(f".{target.name}{_TEMPORARY}")
                staged.append(temporary)
                temporary.write_bytes(change.after.encode())
        for change in changes:
            done.append(change)
            target = folder / change.path
            if change.after is None:
                target.unlink()
            else:
                target.with_name(f".{target.name}{_TEMPORARY}").replace(target)
    except BaseException:
        _undo(folder, done)
        for temporary in staged:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
        for path in reversed(made):
            with contextlib.suppress(OSError):
                path.rmdir()
        raise


def _undo(folder: Path, changes: Iterable[FileChange]) -> None:
    for change in changes:
        target = folder / change.path
        # What cannot be put back was not replaced either, most likely: the first error is the one to tell.
        with contextlib.suppress(OSError):
            if change.before is None:
                target.unlink(missing_ok=True)
            else:
                target.write_bytes(change.before.encode("utf-8", "surrogateescape"))


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it; return the ones that were not there, outermost first."""
    missing = [one for one in (folder, *folder.parents) if not one.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing[::-1]


def _text(path: Path) -> str | None:
    """Return the text of a file; what is no text counts as changed, and is written over."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return None

"""Files in memory to a specs folder: what differs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from upsertgen.write.transaction import FolderChange


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


def folder_change(folder: Path, changes: Iterable[FileChange]) -> FolderChange:
    """Return changes as what is to be written; what goes comes first."""
    changes = sorted(changes, key=lambda one: one.after is not None)
    files = {one.path: one.after.encode() if one.after is not None else None for one in changes}
    return FolderChange(folder, files)


def _text(path: Path) -> str | None:
    """Return the text of a file; what is no text counts as changed, and is written over."""
    try:
        return path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return None

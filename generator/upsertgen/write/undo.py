"""What a release has to put back when it is killed between its steps.

Specs, output and `pyproject.toml` each change in one step, but not all three at once. Before each step the
release notes what was there and what will be. The next run that writes finds the notes, and puts back
whatever is still as the release left it; what somebody has changed since stays.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from upsertgen.configuration import Settings
from upsertgen.write.file_names import name_fault
from upsertgen.write.locking import hold, release
from upsertgen.write.manifest import digest
from upsertgen.write.switching import switch

_FOLDER = ".upsertgen.undo"
_NOTES = "notes.json"
SPECS, OUTPUT, CONFIGURATION = "specs", "output", "configuration"


class UndoNotes:
    """Notes of a release that is under way.

    Args:
        configuration: The `pyproject.toml` of the project, beside which they stand.
    """

    def __init__(self, configuration: Path) -> None:
        self._folder = _folder(configuration)
        self._notes: list[tuple[str, str, str | None, str | None]] = []
        self._locked: int | None = None

    def note(self, place: str, root: Path, files: Mapping[str, bytes | None]) -> None:
        """Note what is about to change.

        Args:
            place: `SPECS`, `OUTPUT` or `CONFIGURATION`.
            root: The folder.
            files: What files will hold, by their path there; nothing for what will be gone.

        Raises:
            OSError: It cannot be noted.
        """
        if self._locked is None:
            self._folder.mkdir(exist_ok=True)
            self._locked = hold(self._folder)
        for path, after in files.items():
            before = root / path
            kept: str | None = None
            if before.is_file():
                kept = str(len(self._notes))
                (self._folder / kept).write_bytes(before.read_bytes())
            self._notes.append((place, path, kept, digest(after) if after is not None else None))
        draft = self._folder / "draft"
        draft.write_text(json.dumps(self._notes), "utf-8")
        draft.replace(self._folder / _NOTES)

    def forget(self) -> None:
        """Remove the notes: the release is done, or undone."""
        _forget(self._folder)
        release(self._locked)


def notes_of(configuration: Path) -> Path:
    """Return where the notes of a release stand, which keeps them locked while it is under way."""
    return _folder(configuration)


def is_unfinished(configuration: Path) -> bool:
    """Return whether a release is under way, or was killed."""
    folder = _folder(configuration)
    return folder.is_dir() and not folder.is_symlink()


def undo_unfinished(configuration: Path, settings: Settings) -> None:
    """Put back what a release changed that was killed. Call it with the notes locked.

    Args:
        configuration: The `pyproject.toml` of the project.
        settings: Where its specs and output are.

    Raises:
        OSError: Something cannot be put back.
    """
    folder = _folder(configuration)
    roots = {SPECS: settings.specs, OUTPUT: settings.output, CONFIGURATION: configuration.parent}
    notes = _read(folder / _NOTES, configuration.name)
    for place, root in roots.items():
        files: dict[str, bytes | None] = {}
        for of, path, kept, after in notes:
            if of == place and _digest(root / path) == after:
                files[path] = (folder / kept).read_bytes() if kept is not None else None
        if place == CONFIGURATION and files:
            replace_file(configuration, files[configuration.name] or b"")
        elif files:
            switch(root, files)
    _temporary(configuration).unlink(missing_ok=True)
    _forget(folder)


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file in one step.

    Raises:
        OSError: It cannot be written, and is as it was.
    """
    temporary = _temporary(path)
    try:
        temporary.unlink(missing_ok=True)
        temporary.write_bytes(content)
        with suppress(FileNotFoundError):
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def _temporary(path: Path) -> Path:
    return path.with_name(f".{path.name}.upsertgen")


def _folder(configuration: Path) -> Path:
    return configuration.absolute().parent / _FOLDER


def _forget(folder: Path) -> None:
    # Without its list nothing is undone any more, whatever of the rest is left.
    (folder / _NOTES).unlink(missing_ok=True)
    shutil.rmtree(folder, ignore_errors=True)


def _read(path: Path, configuration: str) -> list[tuple[str, str, str | None, str | None]]:
    """Return notes that are whole, and that name nothing but files of the project; else none."""
    try:
        data: Any = json.loads(path.read_text("utf-8"))
        notes = [(place, one, kept, after) for place, one, kept, after in data]
    except (OSError, ValueError, TypeError, RecursionError):
        return []
    for place, one, kept, after in notes:
        inside = isinstance(one, str) and (
            one == configuration if place == CONFIGURATION else name_fault(one) is None
        )
        sound = kept is None or (isinstance(kept, str) and kept.isdecimal())
        if not (inside and sound and (after is None or isinstance(after, str))):
            return []
    return notes


def _digest(path: Path) -> str | None:
    return digest(path.read_bytes()) if path.is_file() and not path.is_symlink() else None

"""One file of a specs folder: what may stand there, and its contents.

A specs folder may come from anybody. A link in it could lead to a file that is none of its business, and
opening a pipe or a device never ends; so only plain files below the folder itself are read.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Problem
from upsertgen.limits import LIMITS, Limits

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class UnreadableFile(Exception):
    """A file that is not read.

    Attributes:
        problem: Why not.
    """

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def read_spec_file(path: Path, limits: Limits = LIMITS, root: Path | None = None) -> bytes:
    """Return the contents of a file of a specs folder.

    Args:
        path: The file.
        limits: How large it may be.
        root: The folder that a link must not leave; nothing where that has been looked at.

    Raises:
        UnreadableFile: It is no plain file, is too large, or cannot be read.
    """
    wrong_place = wrong_link(path, root.resolve()) if root and path.is_symlink() else None
    if wrong_place is not None:
        raise UnreadableFile(wrong_place)
    try:
        # A pipe without a writer would be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            wrong = _kind(os.fstat(descriptor).st_mode)
            if wrong:
                raise _unreadable(path, f"this is {wrong}", "a plain file", "remove it")
            content = file.read(limits.file + 1)
    except OSError as error:
        wrong = _kind_of(path)
        if wrong:
            raise _unreadable(path, f"this is {wrong}", "a plain file", "remove it") from None
        raise _unreadable(
            path,
            f"the file cannot be read: {error.strerror}",
            "a readable file",
            "check its permissions",
        ) from None
    if len(content) > limits.file:
        raise _unreadable(
            path,
            f"the file has more than {limits.file // 2**20} MB",
            "a spec of ordinary size",
            "check whether this is the right file",
        )
    return content


def spec_text(path: Path, root: Path) -> str:
    """Return the text of a file of a specs folder.

    Args:
        path: The file.
        root: The folder, which a link must not leave.

    Raises:
        InvalidInput: It is no plain file, is too large, cannot be read, or is not UTF-8.
    """
    try:
        return read_spec_file(path, root=root).decode("utf-8-sig")
    except UnreadableFile as error:
        raise InvalidInput([error.problem]) from None
    except UnicodeDecodeError:
        place = Location(path.as_posix())
        problem = Problem(place, "this is not UTF-8", "text in UTF-8", "save the file as UTF-8")
        raise InvalidInput([problem]) from None


def wrong_name(path: Path, limits: Limits = LIMITS) -> Problem | None:
    """Return what is wrong with the name of a file or folder, if anything is."""
    if not path.name.isprintable():
        wrong, expected = "the name has characters that cannot be shown", "printable characters"
    elif len(path.name) > limits.name:
        wrong = f"the name has more than {limits.name} characters"
        expected = "a name such as contacts.yaml"
    else:
        return None
    return Problem(Location(path.as_posix()), wrong, expected, "rename it")


def wrong_link(path: Path, root: Path) -> Problem | None:
    """Return what is wrong with a symbolic link in a specs folder, if anything is.

    Args:
        path: The link.
        root: The specs folder, resolved.
    """
    shown = Location(path.as_posix())
    try:
        target = path.resolve(strict=True)
    except (OSError, RuntimeError) as error:
        # Python 3.11 and 3.12 raise a RuntimeError for a loop.
        reason = error.strerror if isinstance(error, OSError) else "it leads back to itself"
        return Problem(
            shown, f"the link leads nowhere: {reason}", "a file of the specs folder", "remove it"
        )
    if target != root and root not in target.parents:
        return Problem(
            shown,
            "the link leads out of the specs folder",
            "files inside the specs folder",
            "put a copy of the file in its place",
        )
    if target.is_dir() and (
        target == path.parent.resolve() or target in path.parent.resolve().parents
    ):
        return Problem(
            shown, "the link leads to a folder that contains it", "a tree of folders", "remove it"
        )
    return None


def _kind_of(path: Path) -> str:
    try:
        return _kind(path.stat().st_mode)
    except OSError:
        return ""


def _kind(mode: int) -> str:
    """Return what something is that is no plain file."""
    if stat.S_ISREG(mode):
        return ""
    return next((kind for is_one, kind in _KINDS if is_one(mode)), "no plain file")


def _unreadable(path: Path, wrong: str, expected: str, mend: str) -> UnreadableFile:
    return UnreadableFile(Problem(Location(path.as_posix()), wrong, expected, mend))

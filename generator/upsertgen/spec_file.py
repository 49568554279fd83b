"""One file of a specs folder: what may stand there, and its contents.

A specs folder may come from anybody. A link in it could lead to a file that is none of its business, and
opening a pipe or a device never ends; so only plain files below the folder itself are read.
"""

from __future__ import annotations

import os
import stat
from itertools import accumulate
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, Problem
from upsertgen.limits import LIMITS

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_spec_file(path: Path, root: Path | None = None) -> bytes:
    """Return the contents of a file of a specs folder.

    Args:
        path: The file.
        root: The folder that a link must not leave; nothing where that has been looked at.

    Raises:
        InvalidInput: It is no plain file, is too large, or cannot be read.
    """
    wrong_place = wrong_link(path, root.resolve()) if root and path.is_symlink() else None
    if wrong_place is not None:
        raise InvalidInput([wrong_place])
    content = b""
    try:
        # A pipe without a writer would be waited for.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            kind = _kind(os.fstat(descriptor).st_mode)
            if not kind:
                content = file.read(LIMITS.file + 1)
    except OSError as error:
        kind = _kind_of(path)
        if not kind:
            wrong, mend = f"the file cannot be read: {error.strerror}", "check its permissions"
            raise _unreadable(path, wrong, "a readable file", mend) from None
    if kind:
        raise _unreadable(path, f"this is {kind}", "a plain file", "remove it")
    if len(content) > LIMITS.file:
        raise _unreadable(
            path,
            f"the file has more than {LIMITS.file // 2**20} MB",
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
    except UnicodeDecodeError:
        wrong, mend = "this is not UTF-8", "save the file as UTF-8"
        raise _unreadable(path, wrong, "text in UTF-8", mend) from None


def wrong_name(path: Path) -> Problem | None:
    """Return what is wrong with the name of a file or folder, if anything is."""
    if not path.name.isprintable():
        wrong, expected = "the name has characters that cannot be shown", "printable characters"
    elif len(path.name) > LIMITS.name:
        wrong = f"the name has more than {LIMITS.name} characters"
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
    step = path
    while step.is_symlink():
        if _leaves(step, root):
            # Where the folder is copied to, by `release` or git, it would lead somewhere else.
            return Problem(
                shown,
                "the link leads through what is outside the specs folder",
                "a relative link that stays inside the specs folder",
                f"let it lead to {os.path.relpath(target, path.parent.resolve())}",
            )
        step = Path(os.path.normpath(step.parent.resolve() / step.readlink()))
    if target.is_dir() and (
        target == path.parent.resolve() or target in path.parent.resolve().parents
    ):
        return Problem(
            shown, "the link leads to a folder that contains it", "a tree of folders", "remove it"
        )
    return None


def _leaves(link: Path, root: Path) -> bool:
    """Tell whether the target of a link in a folder is given by a way through what is outside the folder."""
    given = link.readlink()
    depth = len(link.parent.resolve().relative_to(root).parts)
    steps = (-1 if part == ".." else 1 for part in given.parts)
    return given.is_absolute() or min(accumulate(steps, initial=depth)) < 0


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


def _unreadable(path: Path, wrong: str, expected: str, mend: str) -> InvalidInput:
    return InvalidInput.at(Location(path.as_posix()), wrong, expected, mend)

"""The specs to compare: folders, or what a git revision has of one."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from upsertgen.errors import InvalidInput, Location, Problem, Problems, printable, quoted
from upsertgen.ir import understand
from upsertgen.ir.tree import Api
from upsertgen.public_names.causes import explained
from upsertgen.specs import Specs, read
from upsertgen.specs.references import check_references
from upsertgen.specs.validation import validate_document

_OF_HOOKS = frozenset(("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX"))


@dataclass(frozen=True)
class Understood:
    """A specs folder, understood twice.

    Attributes:
        published: As published, without overlays; nothing where overlays are what makes it readable.
        corrected: As corrected by the overlays, which is what clients are made from.
        unread: Why it cannot be read as published.
    """

    published: Api | None
    corrected: Api
    unread: tuple[Problem, ...] = ()


def understand_folder(folder: Path) -> Understood:
    """Read a specs folder once and understand it twice.

    Raises:
        InvalidInput: With every problem of the first stage that found any.
    """
    published: list[Api] = []
    unread: list[Problem] = []

    def keep(specs: Specs) -> None:
        problems = Problems()
        try:
            for document in specs.documents.values():
                validate_document(document, problems)
            check_references(specs, problems)
            problems.raise_if_any()
            # Formats such as int32 matter on the wire only, so here alone they tell bodies apart.
            published.append(understand(specs, wire_formats=True))
        except InvalidInput as error:
            unread.extend(error.problems)

    with explained(folder):
        corrected = understand(read(folder, keep))
    return Understood(published[0] if published else None, corrected, tuple(unread))


def understand_revision(folder: Path, revision: str) -> Understood:
    """Understand what a specs folder was at a revision of the git repository that holds it.

    Raises:
        InvalidInput: There is no such revision, it has no such folder, or its specs have problems.
    """
    with folder_at(folder, revision, "--revision") as copy:
        understood = understand_folder(copy)
        place = f"{revision}:{folder.as_posix()}"
        unread = tuple(one.of(place, copy.as_posix()) for one in understood.unread)
        return replace(understood, unread=unread)


@contextmanager
def folder_at(folder: Path, revision: str, flag: str) -> Iterator[Path]:
    """Lay out what a specs folder was at a revision of the git repository that holds it, for a while.

    Args:
        folder: The folder.
        revision: A commit, branch or tag.
        flag: What names the revision.

    Yields:
        The copy. Problems of it that are raised meanwhile are told as those of the revision.

    Raises:
        InvalidInput: There is no such revision, or it has no such folder.
    """
    verify = ("rev-parse", "--verify", "--quiet", "--end-of-options")
    commit = _git(folder, revision, flag, *verify, f"{revision}^{{commit}}")
    archive = _git(
        folder, revision, flag, "archive", "--format=tar", commit.decode("ascii").strip()
    )
    with tempfile.TemporaryDirectory(prefix="upsertgen-") as temporary:
        copy = Path(temporary) / folder.resolve().name
        copy.mkdir()
        _unpack(archive, copy)
        place = f"{revision}:{folder.as_posix()}"
        try:
            yield copy
        except InvalidInput as error:
            problems = (one.of(place, copy.as_posix()) for one in error.problems)
            raise InvalidInput(problems, error.remedy) from None


def last_change(folder: Path, file: str) -> str | None:
    """Return the commit that changed a file of a folder last, if a git repository holds it."""
    try:
        found = _git(folder, "HEAD", "", "log", "-1", "--format=%H", "--", file)
    except InvalidInput:
        return None
    return found.decode("ascii").strip() or None


def _unpack(archive: bytes, folder: Path) -> None:
    """Write the files of an archive. Links and whatever else is no file stay away."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as files:
        for member in files:
            parts = PurePosixPath(member.name).parts
            content = files.extractfile(member) if member.isreg() else None
            if content is not None and parts and ".." not in parts and not parts[0].startswith("/"):
                path = folder.joinpath(*parts)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content.read())


def _git(folder: Path, revision: str, flag: str, *arguments: str) -> bytes:
    if not folder.is_dir():
        raise InvalidInput.at(
            Location(folder.as_posix()),
            "there is no such specs folder",
            "the folder that the revision is to be compared with",
            "name it with --specs",
        )
    # Variables such as GIT_DIR, which git sets for hooks, would mean another repository.
    environment = {key: os.environ[key] for key in os.environ.keys() - _OF_HOOKS}
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(folder), *arguments],  # noqa: S607
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
            env={**environment, "LC_ALL": "C"},
        )
    except OSError as error:
        reason = f"git cannot be run: {error.strerror}"
    else:
        if done.returncode == 0:
            return done.stdout
        said = printable(done.stderr.decode("utf-8", "replace").strip().replace("\n", "; "))
        reason = said or "git knows no such commit"
    raise InvalidInput.at(
        Location(flag),
        f"the specs in {folder.as_posix()} cannot be read at {quoted(revision)} ({reason})",
        "a commit, branch or tag that has this folder",
        "choose another revision, or compare with a folder that holds the specs as they were",
    )

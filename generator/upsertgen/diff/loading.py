"""The specs to compare: folders, or what a git revision has of one."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from upsertgen.errors import InvalidInput, Location, Problem, Problems, printable, quoted
from upsertgen.ir import understand
from upsertgen.ir.tree import Api
from upsertgen.specs import Specs, read
from upsertgen.specs.references import check_references
from upsertgen.specs.validation import validate_document


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
            check_references(specs.documents, problems)
            problems.raise_if_any()
            # Formats such as int32 matter on the wire only, so here alone they tell bodies apart.
            published.append(understand(specs, wire_formats=True))
        except InvalidInput as error:
            unread.extend(error.problems)

    corrected = understand(read(folder, keep))
    return Understood(published[0] if published else None, corrected, tuple(unread))


def understand_revision(folder: Path, revision: str) -> Understood:
    """Understand what a specs folder was at a revision of the git repository that holds it.

    Raises:
        InvalidInput: There is no such revision, it has no such folder, or its specs have problems.
    """
    commit = _git(
        folder,
        revision,
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        f"{revision}^{{commit}}",
    )
    archive = _git(folder, revision, "archive", "--format=tar", commit.decode("ascii").strip())
    with tempfile.TemporaryDirectory(prefix="upsertgen-") as temporary:
        copy = Path(temporary) / folder.resolve().name
        copy.mkdir()
        _unpack(archive, copy)
        place = f"{revision}:{folder.as_posix()}"
        try:
            understood = understand_folder(copy)
        except InvalidInput as error:
            raise InvalidInput(one.of(place, copy.as_posix()) for one in error.problems) from None
        unread = tuple(one.of(place, copy.as_posix()) for one in understood.unread)
        return replace(understood, unread=unread)


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


def _git(folder: Path, revision: str, *arguments: str) -> bytes:
    if not folder.is_dir():
        raise InvalidInput(
            [
                Problem(
                    Location(folder.as_posix()),
                    "there is no such specs folder",
                    "the folder that the revision is to be compared with",
                    "name it with --specs",
                )
            ]
        )
    # Variables such as GIT_DIR, which git sets for hooks, would mean another repository.
    environment = {
        key: value
        for key, value in os.environ.items()
        if key not in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX")
    }
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
    raise InvalidInput(
        [
            Problem(
                Location("--revision"),
                f"the specs in {folder.as_posix()} cannot be read at {quoted(revision)} ({reason})",
                "a commit, branch or tag that has this folder",
                "choose another revision, or compare two folders with --old-specs and --new-specs",
            )
        ]
    )

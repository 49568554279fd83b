"""Where published documents come from: a file, a folder tree, or an archive of one.

A source is asked twice: for the names of what it holds, and then for the contents of what was chosen from
the names, one document at a time. Nothing is unpacked to disk, and no link is followed.
"""

from __future__ import annotations

import os
import stat
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path, PurePosixPath
from typing import TypeAlias

from upsertgen.errors import InvalidInput, Location
from upsertgen.importing.archive import ENDINGS, OTHER_ENDINGS, Member, WrongArchive, members
from upsertgen.inputs import SPEC_ENDINGS

_HIDDEN = ("__MACOSX",)
_Members: TypeAlias = Generator[tuple[str, int | None, Callable[[int], bytes] | None]]
"""Of each member its name, its size if that is told, and what reads as many bytes of a plain file."""


@dataclass(frozen=True)
class Limits:
    """How much a source may be, so that a broken or hostile one ends in a message and not in a full machine.

    The published collections that are known stay a factor of ten below.

    Attributes:
        document: Bytes of one document.
        total: Bytes of all documents that are read.
        unpacked: Bytes of an archive when it is unpacked, with all that is no document.
        members: Files of a folder tree or archive.
    """

    document: int = 32 * 2**20
    total: int = 256 * 2**20
    unpacked: int = 2**29
    members: int = 50_000


class Source(ABC):
    """Published documents, by name.

    Attributes:
        shown: The source, as messages and the provenance name it: never an absolute path of a machine.
        single: Whether it is one document, and not a collection.
        unread: Links to documents and archives that it holds, once it was asked for names.

    Args:
        path: The file or folder.
        shown: The same, as messages name it.
        limits: How much it may hold.
    """

    single = False

    def __init__(self, path: Path, shown: str, limits: Limits) -> None:
        self.shown = shown
        self.unread: list[str] = []
        self._path = path
        self._limits = limits

    def place(self, name: str) -> str:
        """Return a document as messages name it."""
        return self.shown if self.single else f"{self.shown}/{name}"

    def names(self) -> list[str]:
        """Return the names of all documents, sorted: paths within the source, with `/`.

        Raises:
            InvalidInput: The source cannot be read, is too large, or has a member whose name leads out of it.
        """
        names: dict[str, None] = {}
        self.unread = []
        with closing(self._members(None)) as found:
            for count, (name, _, read) in enumerate(found, 1):
                if count > self._limits.members:
                    raise InvalidInput.at(
                        Location(self.shown, 0),
                        f"it holds more than {self._limits.members} files",
                        "a collection of published documents",
                        "name the part of it that matters",
                    )
                if name in names:
                    raise InvalidInput.at(
                        Location(self.place(name), 0),
                        "the archive holds this document twice",
                        "each document once",
                        "pack the folder again",
                    )
                if read is not None and _is_document(name):
                    names[name] = None
                elif _is_document(name) or (read is not None and _is_archive(name)):
                    self.unread.append(name)
        return sorted(names)

    def documents(self, names: Collection[str]) -> Generator[tuple[str, bytes]]:
        """Yield the names and contents of some documents, in an order that suits the source.

        Raises:
            InvalidInput: One cannot be read, or is too large, or all are.
        """
        total, limits = 0, self._limits
        with closing(self._members(names)) as found:
            for name, size, read in found:
                if read is None or name not in names:
                    continue
                # What its header says comes first: it need not be read to be too large.
                content = read(limits.document + 1) if (size or 0) <= limits.document else None
                if content is None or len(content) > limits.document:
                    raise self._too_large(self.place(name))
                total += len(content)
                if total > limits.total:
                    raise InvalidInput.at(
                        Location(self.shown, 0),
                        f"its documents have more than {_megabytes(limits.total)}",
                        "a collection of published documents",
                        "name the part of it that matters",
                    )
                yield name, content

    def _too_large(self, place: str) -> InvalidInput:
        return InvalidInput.at(
            Location(place, 0),
            f"the document has more than {_megabytes(self._limits.document)}",
            "an OpenAPI document of ordinary size",
            "check whether this is the right file",
        )

    def beside(self, name: str) -> bytes | None:
        """Return the contents of a document that another one refers to; nothing if there is none.

        Args:
            name: Its path, as the other one is named.

        Raises:
            InvalidInput: It cannot be read, or is too large.
        """
        if name not in self._names_beside:
            return None
        return next((content for _, content in self.documents([name])), None)

    def place_beside(self, name: str) -> str:
        """Return a document that another one refers to as messages name it."""
        return self.place(name)

    @cached_property
    def _names_beside(self) -> frozenset[str]:
        return frozenset(self.names())

    @abstractmethod
    def _members(self, names: Collection[str] | None) -> _Members:
        """Yield all members, or at least some, in an order that is always the same."""


def open_source(text: str, limits: Limits) -> Source:
    """Return a source.

    Args:
        text: A file, a folder, a `.zip`, `.tar.gz` or `.tgz`.
        limits: How much it may be.

    Raises:
        InvalidInput: There is no such source.
    """
    kinds = "a document, a folder tree, a .zip or .tar.gz"
    if "://" in text:
        raise InvalidInput.at(
            Location("SOURCE", 0),
            "this is an address, and nothing is fetched",
            kinds,
            "fetch it, look at it, and import the file: curl -o FILE URL --fail",
        )
    path = Path(text)
    shown = path.name or path.resolve().name if path.is_absolute() else path.as_posix()
    if path.is_dir():
        return _Folder(path, shown, limits)
    if not path.is_file():
        raise InvalidInput.at(
            Location(shown, 0), "there is no such file or folder", kinds, "correct SOURCE"
        )
    if path.name.lower().endswith(ENDINGS):
        return _Archive(path, shown, limits)
    if path.name.lower().endswith(OTHER_ENDINGS):
        raise InvalidInput.at(
            Location(shown, 0),
            "archives of this kind are not read",
            kinds,
            "pack it as one of these",
        )
    return _File(path, shown, limits)


def _is_document(name: str) -> bool:
    """Return whether a file may be a document, by its name: its ending, and that it is not hidden."""
    parts = name.split("/")
    return name.lower().endswith(SPEC_ENDINGS) and not any(
        part.startswith(".") or part in _HIDDEN for part in parts
    )


class _File(Source):
    """One document, whatever its name."""

    single = True

    def names(self) -> list[str]:
        return [self._path.name]

    def beside(self, name: str) -> bytes | None:
        path = self._path.parent / name
        if not path.is_file() or not path.resolve().is_relative_to(self._path.parent.resolve()):
            return None
        content = _read_file(path, self.place_beside(name), self._limits.document + 1)
        if len(content) > self._limits.document:
            raise self._too_large(self.place_beside(name))
        return content

    def place_beside(self, name: str) -> str:
        return (PurePosixPath(self.shown).parent / name).as_posix()

    def _members(self, names: Collection[str] | None) -> _Members:
        yield self._path.name, None, partial(_read_file, self._path, self.shown)


class _Folder(Source):
    """A folder tree; links are passed over."""

    def _members(self, names: Collection[str] | None) -> _Members:
        for name in sorted(names) if names is not None else self._walk():
            path = self._path / name
            read = partial(_read_file, path, self.place(name))
            yield name, None, None if path.is_symlink() else read

    def _walk(self) -> Iterator[str]:
        for folder, subfolders, files in os.walk(self._path, onerror=self._unreadable):
            subfolders[:] = sorted(one for one in subfolders if not one.startswith("."))
            for file in files:
                yield Path(folder, file).relative_to(self._path).as_posix()

    def _unreadable(self, error: OSError) -> None:
        name = Path(error.filename or self._path)
        inside = name.relative_to(self._path).as_posix() if name != self._path else ""
        raise InvalidInput.at(
            Location(f"{self.shown}/{inside}".rstrip("/"), 0),
            f"the folder cannot be read ({error.strerror})",
            "a folder",
            "check its permissions",
        )


class _Archive(Source):
    """An archive of a folder tree, which is read from front to back; links are passed over."""

    def _members(self, names: Collection[str] | None) -> _Members:
        found = members(self._path, self._limits.unpacked)
        with closing(found):
            for one in self._explained(found):
                yield one.name, one.size, partial(self._read, one) if one.size is not None else None

    def _explained(self, found: Iterator[Member]) -> Iterator[Member]:
        try:
            yield from found
        except WrongArchive as error:
            raise self._located(error) from None

    def _read(self, member: Member, size: int) -> bytes:
        try:
            return member.read(size)
        except WrongArchive as error:
            raise self._located(error) from None

    def _located(self, error: WrongArchive) -> InvalidInput:
        place = self.place(error.member) if error.member else self.shown
        return InvalidInput.at(Location(place, 0), error.wrong, error.expected, error.mend)


def _read_file(path: Path, shown: str, size: int) -> bytes:
    try:
        # A pipe without a writer would be waited for, and a device never ends.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = file.read(size) if plain else None
    except OSError as error:
        raise InvalidInput.at(
            Location(shown, 0),
            f"the file cannot be read ({error.strerror})",
            "a file",
            "check its permissions",
        ) from None
    if content is None:
        raise InvalidInput.at(
            Location(shown, 0), "this is no plain file", "a document", "remove it from the source"
        )
    return content


def _megabytes(count: int) -> str:
    return f"{count / 2**20:.0f} MB" if count >= 2**20 else f"{count} bytes"


def _is_archive(name: str) -> bool:
    return name.lower().endswith((*ENDINGS, *OTHER_ENDINGS))

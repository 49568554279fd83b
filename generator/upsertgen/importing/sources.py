"""Where published documents come from: a file, a folder tree, an archive of one, or an address.

A source is asked twice: for the names of what it holds, and then for the contents of what was chosen from
the names, one document at a time. Nothing is unpacked to disk, and no link is followed.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

from upsertgen.errors import quoted
from upsertgen.importing.limits import Limits, megabytes, refused
from upsertgen.inputs import SPEC_ENDINGS

_HIDDEN = ("__MACOSX",)


class Source(Protocol):
    """Published documents, by name.

    Attributes:
        shown: The source, as messages and the provenance name it: never an absolute path of a machine.
        single: Whether it is one document, and not a collection.
    """

    shown: str
    single: bool

    def names(self) -> list[str]:
        """Return the names of all documents: paths within the source, with `/`."""
        ...

    def documents(self, names: Collection[str]) -> Generator[tuple[str, bytes]]:
        """Yield the names and contents of some documents, in an order that suits the source."""
        ...


@contextmanager
def open_source(text: str, limits: Limits) -> Iterator[Source]:
    """Open a source, and close it afterwards.

    Args:
        text: A file, a folder, a `.zip`, `.tar.gz` or `.tgz`, or an address.
        limits: How much it may be.

    Raises:
        InvalidInput: There is no such source, or it is more than it may be.
    """
    from upsertgen.importing.archives import TarSource, ZipSource

    if "://" in text:
        from upsertgen.importing.download import download

        shown, name, content = download(text, limits)
        yield _Memory(shown, name, content)
        return
    path = Path(text)
    shown = path.name or path.resolve().name if path.is_absolute() else path.as_posix()
    if path.is_dir():
        yield FolderSource(path, shown, limits)
    elif not path.is_file():
        raise refused(
            shown,
            "there is no such file or folder",
            "a document, a folder tree, a .zip or .tar.gz, or an https address",
            "correct SOURCE",
        )
    elif path.name.lower().endswith(".zip"):
        yield ZipSource(path, shown, limits)
    elif path.name.lower().endswith((".tar.gz", ".tgz")):
        yield TarSource(path, shown, limits)
    else:
        yield _Memory(shown, path.name, read_file(path, shown, limits))


def is_document(name: str) -> bool:
    """Return whether a file may be a document, by its name: its ending, and that it is not hidden."""
    parts = name.split("/")
    return name.endswith(SPEC_ENDINGS) and not any(
        part.startswith(".") or part in _HIDDEN for part in parts
    )


def read_file(path: Path, shown: str, limits: Limits) -> bytes:
    """Return the contents of a document.

    Raises:
        InvalidInput: It cannot be read, or is too large.
    """
    try:
        # A pipe without a writer would be waited for, and a device never ends.
        descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as file:
            plain = stat.S_ISREG(os.fstat(descriptor).st_mode)
            content = file.read(limits.document + 1) if plain else None
    except OSError as error:
        raise refused(
            shown, f"the file cannot be read ({error.strerror})", "a file", "check its permissions"
        ) from None
    if content is None:
        raise refused(shown, "this is no plain file", "a document", "remove it from the source")
    return within(content, shown, limits)


def within(content: bytes, shown: str, limits: Limits) -> bytes:
    """Return the contents of a document if they are no more than a document may be.

    Raises:
        InvalidInput: They are.
    """
    if len(content) > limits.document:
        raise refused(
            shown,
            f"the document has more than {megabytes(limits.document)}",
            "an OpenAPI document of ordinary size",
            "check whether this is the right file",
        )
    return content


def too_many(shown: str, limits: Limits) -> Exception:
    """Return the error for a source with more files than it may have."""
    return refused(
        shown,
        f"it holds more than {limits.members} files",
        "a collection of published documents",
        "name the part of it that matters",
    )


class _Memory:
    """One document that was read already."""

    single = True

    def __init__(self, shown: str, name: str, content: bytes) -> None:
        self.shown = shown
        self._name = name
        self._content = content

    def names(self) -> list[str]:
        return [self._name]

    def documents(self, names: Collection[str]) -> Generator[tuple[str, bytes]]:
        if self._name in names:
            yield self._name, self._content


class FolderSource:
    """A folder tree.

    Args:
        path: The folder.
        shown: The folder, as messages name it.
        limits: How much it may hold.
    """

    single = False

    def __init__(self, path: Path, shown: str, limits: Limits) -> None:
        self.shown = shown
        self._path = path
        self._limits = limits

    def names(self) -> list[str]:
        """Return the paths of all documents below the folder, sorted; links are passed over."""
        names: list[str] = []
        seen = 0
        for folder, subfolders, files in os.walk(self._path, onerror=self._unreadable):
            subfolders[:] = sorted(one for one in subfolders if not one.startswith("."))
            seen += len(files)
            if seen > self._limits.members:
                raise too_many(self.shown, self._limits)
            for file in files:
                path = Path(folder, file)
                name = path.relative_to(self._path).as_posix()
                if is_document(name) and not path.is_symlink():
                    names.append(name)
        return sorted(names)

    def documents(self, names: Collection[str]) -> Generator[tuple[str, bytes]]:
        """Yield names and contents, sorted by name."""
        read = 0
        for name in sorted(names):
            content = read_file(self._path / name, f"{self.shown}/{name}", self._limits)
            read += len(content)
            if read > self._limits.total:
                raise refused(
                    self.shown,
                    f"its documents have more than {megabytes(self._limits.total)}",
                    "a collection of published documents",
                    "name the part of it that matters",
                )
            yield name, content

    def _unreadable(self, error: OSError) -> None:
        name = Path(error.filename or self._path)
        inside = name.relative_to(self._path).as_posix() if name != self._path else ""
        raise refused(
            f"{self.shown}/{inside}".rstrip("/"),
            f"the folder cannot be read ({error.strerror})",
            "a folder",
            "check its permissions",
        )


def file_name(address: str) -> str:
    """Return the last part of an address, which names the document.

    Raises:
        InvalidInput: It has none.
    """
    name = urlsplit(address).path.rstrip("/").rpartition("/")[2]
    if not name:
        raise refused(
            address,
            f"the address {quoted(address)} names no document",
            "an address that ends in the name of an object type, such as https://example.com/contacts.json",
            "give the address of one document",
        )
    return name

"""Archives of a folder tree, read member by member and never unpacked to disk.

An archive tells how large its members are, and need not tell the truth: what counts is what was read.
"""

from __future__ import annotations

import gzip
import io
import tarfile
import zipfile
import zlib
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

from upsertgen.errors import quoted
from upsertgen.importing.limits import Limits, megabytes, refused
from upsertgen.importing.sources import is_document, too_many, within

_UNREADABLE = (
    EOFError,
    NotImplementedError,
    OSError,
    RuntimeError,
    tarfile.TarError,
    UnicodeError,
    ValueError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers of archives raise for archives that are broken, encrypted or of an unknown kind."""


class ZipSource:
    """A `.zip` of a folder tree.

    Args:
        path: The archive.
        shown: The archive, as messages name it.
        limits: How much it may hold.
    """

    single = False

    def __init__(self, path: Path, shown: str, limits: Limits) -> None:
        self.shown = shown
        self._path = path
        self._limits = limits

    def names(self) -> list[str]:
        """Return the names of all documents, sorted.

        Raises:
            InvalidInput: The archive is broken, too large, or has a member whose name leads out of it.
        """
        names: set[str] = set()
        with _explained(self.shown), zipfile.ZipFile(self._path) as archive:
            members = archive.infolist()
            if len(members) > self._limits.members:
                raise too_many(self.shown, self._limits)
            for member in members:
                name = _checked(member.filename, self.shown)
                if not member.is_dir() and is_document(name):
                    names.add(name)
        return sorted(names)

    def documents(self, names: Collection[str]) -> Generator[tuple[str, bytes]]:
        """Yield names and contents, in the order of the archive."""
        read = 0
        with _explained(self.shown), zipfile.ZipFile(self._path) as archive:
            for member in archive.infolist():
                name = _checked(member.filename, self.shown)
                if name not in names or member.is_dir():
                    continue
                with archive.open(member) as file:
                    content = file.read(self._limits.document + 1)
                read += len(content)
                if read > self._limits.total:
                    raise _too_large(self.shown, self._limits)
                yield name, within(content, f"{self.shown}/{name}", self._limits)


class TarSource:
    """A `.tar.gz` of a folder tree, read from front to back.

    Args:
        path: The archive.
        shown: The archive, as messages name it.
        limits: How much it may hold.
    """

    single = False

    def __init__(self, path: Path, shown: str, limits: Limits) -> None:
        self.shown = shown
        self._path = path
        self._limits = limits

    def names(self) -> list[str]:
        """Return the names of all documents, sorted; links are passed over.

        Raises:
            InvalidInput: The archive is broken, too large, or has a member whose name leads out of it.
        """
        names: set[str] = set()
        with self._open() as archive:
            for count, member in enumerate(archive):
                if count >= self._limits.members:
                    raise too_many(self.shown, self._limits)
                name = _checked(member.name, self.shown)
                if member.isreg() and is_document(name):
                    names.add(name)
        return sorted(names)

    def documents(self, names: Collection[str]) -> Generator[tuple[str, bytes]]:
        """Yield names and contents, in the order of the archive."""
        with self._open() as archive:
            for member in archive:
                name = _checked(member.name, self.shown)
                if name not in names or not member.isreg():
                    continue
                file = archive.extractfile(member)
                content = file.read(self._limits.document + 1) if file is not None else b""
                yield name, within(content, f"{self.shown}/{name}", self._limits)

    @contextmanager
    def _open(self) -> Iterator[tarfile.TarFile]:
        with (
            _explained(self.shown),
            gzip.open(self._path) as unpacked,
            tarfile.open(
                fileobj=_Counted(unpacked, self.shown, self._limits), mode="r|"
            ) as archive,
        ):
            yield archive


class _Counted(io.RawIOBase):
    """What an archive unpacks to, as far as it may go."""

    def __init__(self, file: gzip.GzipFile, shown: str, limits: Limits) -> None:
        super().__init__()
        self._file = file
        self._shown = shown
        self._limits = limits
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self._read += len(content)
        if self._read > self._limits.total:
            raise _too_large(self._shown, self._limits)
        return content


def _checked(name: str, shown: str) -> str:
    """Return the name of a member without a leading `./`.

    Raises:
        InvalidInput: The name leads out of the archive, or does not show what it is.
    """
    name = name.removeprefix("./")
    parts = name.rstrip("/").split("/")
    drive = len(name) > 1 and name[1] == ":"
    if name.startswith("/") or ".." in parts or "\\" in name or drive or not name.isprintable():
        raise refused(
            shown,
            f"the archive has a member called {quoted(name)}",
            "members whose names are plain paths inside the archive",
            "do not trust this archive; pack the folder again",
        )
    return name


@contextmanager
def _explained(shown: str) -> Iterator[None]:
    """Turn what readers of archives raise into a located problem."""
    try:
        yield
    except _UNREADABLE as error:
        raise refused(
            shown,
            f"the archive cannot be read ({error or type(error).__name__})",
            "a .zip or .tar.gz that is complete and not encrypted",
            "fetch it again",
        ) from None


def _too_large(shown: str, limits: Limits) -> Exception:
    return refused(
        shown,
        f"the archive unpacks to more than {megabytes(limits.total)}",
        "a collection of published documents",
        "name a smaller one",
    )

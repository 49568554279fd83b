"""Archives of published documents: what they hold, one member at a time, without trusting them.

An archive tells how large its members are, and need not tell the truth; a few bytes of it may stand for
years of work. So a header is looked at before what it describes is read or skipped, and what is read is
counted.
"""

from __future__ import annotations

import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO

ENDINGS = (".zip", ".tar.gz", ".tgz")
"""How the names of archives end that can be read."""

OTHER_ENDINGS = (".tar", ".gz", ".bz2", ".tbz2", ".xz", ".txz", ".lzma", ".zst", ".7z", ".rar")
"""How those end that cannot."""

_DIRECTORY = 8 * 2**20
"""Bytes of the directory of a zip: 50,000 members take some 5 MB. In memory it is ten times as large."""

_EXTENSION = 16 * 2**10
"""Bytes of an extension of a header of a tar: a name takes some hundreds, and attributes as many."""

_EXTENSIONS = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_DIGITS = 10
"""Digits of the length of a record of an extension, and more."""

_PIECE = 2**14
"""What is read at once."""

_GZIP = 16 + zlib.MAX_WBITS
_MOST_STREAMS = 100_000
_LONGEST_NAME = 1000
_SPECIAL = (stat.S_IFIFO, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFSOCK)
_READ = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_UNIX = 3
_ENCRYPTED = 1


class WrongArchive(Exception):
    """An archive is broken, or not to be trusted.

    Attributes:
        wrong: What is wrong, as a clause without a full stop.
        member: The member that it is about, if it is about one.
        expected: What was expected instead.
        mend: What to do about it.
    """

    def __init__(
        self,
        wrong: str,
        member: str = "",
        expected: str = "an archive of plain files and folders",
        mend: str = "do not trust this archive; pack the folder again",
    ) -> None:
        super().__init__(wrong)
        self.wrong = wrong
        self.member = member
        self.expected = expected
        self.mend = mend


@dataclass(frozen=True)
class Member:
    """A member of an archive.

    Attributes:
        name: Its path within the archive.
        size: How large it is, as its header says; nothing for what is no plain file, such as a link.
        read: Reads as many of its bytes. To be called before the next member is asked for, and once.
    """

    name: str
    size: int | None
    read: Callable[[int], bytes]


def members(path: Path, most: int) -> Generator[Member]:
    """Yield the members of an archive, in its order.

    Args:
        path: The archive, whose name ends in one of `ENDINGS`.
        most: How many bytes it may unpack to.

    Raises:
        WrongArchive: It is broken, or not to be trusted.
    """
    found = _zip(path) if path.name.lower().endswith(".zip") else _tar(path, most)
    with _explained(""):
        yield from found


@contextmanager
def _explained(member: str) -> Iterator[None]:
    """Tell whatever a library raises about an archive as what it means: the archive is wrong."""
    try:
        yield
    except WrongArchive:
        raise
    except Exception as error:
        wrong = f"the archive cannot be read ({error or type(error).__name__})"
        expected = "a .zip or .tar.gz that is complete and not encrypted"
        raise WrongArchive(wrong, member, expected, "fetch it again") from error


def _zip(path: Path) -> Generator[Member]:
    with _ZipFile(path) as file, zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            # What stands behind a NUL is cut off in `filename`.
            name = member.orig_filename
            is_unix = member.create_system == _UNIX
            kind = stat.S_IFMT(member.external_attr >> 16) if is_unix else 0
            if kind in _SPECIAL:
                raise _special(name)
            is_plain = not member.is_dir() and kind != stat.S_IFLNK
            size = member.file_size if is_plain else None
            yield Member(_checked(name), size, partial(_zip_member, archive, member))


def _zip_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, size: int) -> bytes:
    with _explained(member.filename):
        if member.flag_bits & _ENCRYPTED:
            raise WrongArchive("the member is encrypted", member.filename)
        if member.compress_type not in _READ:
            # Of others Python unpacks as much at once as there is.
            raise WrongArchive(
                f"the member is compressed by method {member.compress_type}",
                member.filename,
                "members that are stored or deflated",
                "pack the folder again, with the defaults of zip",
            )
        with archive.open(member) as file:
            return _read(file, size)


class _ZipFile(io.FileIO):
    """The file of a zip, of whose directory no more is read than an honest one has."""

    def read(self, size: int | None = -1, /) -> bytes:
        # The directory is the only thing that is read as a whole.
        if size is not None and size > _DIRECTORY:
            raise WrongArchive(f"its directory has more than {_DIRECTORY // 2**20} MB")
        return super().read(size)


def _tar(path: Path, most: int) -> Generator[Member]:
    """Yield the members of a tar: `tarfile` reads its headers, and what they describe is read here.

    The library itself trusts headers: it skips for years, and reads extensions of any length.
    """
    with path.open("rb") as file:
        unpacked = _Unpacked(file, most)
        extension: dict[str, str] = {}
        while (header := _header(unpacked)) is not None:
            if header.type in _EXTENSIONS:
                extension |= _extension(header.type, _short(unpacked, header.size))
                continue
            name = _checked(extension.get("path", header.name))
            size = int(extension.get("size", header.size))
            if not 0 <= size <= most:
                raise WrongArchive(f"its header says that it has {_bytes(size)}", name)
            is_sparse = any(key.startswith("GNU.sparse.") for key in extension)
            extension = {}
            if header.isreg() and not (is_sparse or header.type == tarfile.GNUTYPE_SPARSE):
                content = _Content(unpacked, size)
                yield Member(name, size, partial(_tar_member, name, content))
                content.skip()
                unpacked.exactly(-size % tarfile.BLOCKSIZE)
            elif header.isdir() or header.issym() or header.islnk():
                yield Member(name, None, lambda _: b"")
            else:
                raise _special(name)


def _header(unpacked: _Unpacked) -> tarfile.TarInfo | None:
    """Return the next header, or nothing at the end of the archive, behind which nothing may come."""
    block = unpacked.read(tarfile.BLOCKSIZE)
    if any(block):
        block += unpacked.exactly(tarfile.BLOCKSIZE - len(block))
        return tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
    while block:
        if any(block):
            raise WrongArchive("something stands behind its end")
        block = unpacked.read(_PIECE)
    return None


def _short(unpacked: _Unpacked, size: int) -> bytes:
    """Return the content of an extension of a header."""
    if not 0 <= size <= _EXTENSION:
        raise WrongArchive(f"the extension of a header has {_bytes(size)}")
    return unpacked.exactly(size + -size % tarfile.BLOCKSIZE)[:size]


def _extension(kind: bytes, content: bytes) -> dict[str, str]:
    """Return what an extension says of the member behind it: keys and values, as POSIX writes them."""
    if kind == tarfile.GNUTYPE_LONGNAME:
        return {"path": content.rstrip(b"\0").decode("utf-8", "surrogateescape")}
    if kind != tarfile.XHDTYPE:
        # It holds for all members, or says where a link leads to.
        return {}
    found: dict[str, str] = {}
    while content.rstrip(b"\0"):
        length = int(content[:_DIGITS].partition(b" ")[0])
        record, content = content[:length], content[length:]
        key, _, value = record.partition(b" ")[2].partition(b"=")
        if length < 1 or not record.endswith(b"\n"):
            raise ValueError("an extension of a header is damaged")
        found[key.decode("utf-8", "replace")] = value[:-1].decode("utf-8", "surrogateescape")
    return found


def _tar_member(name: str, content: _Content, size: int) -> bytes:
    with _explained(name):
        return content.read(size)


class _Content:
    """The content of a member of a tar, which is read once and from its beginning."""

    def __init__(self, unpacked: _Unpacked, size: int) -> None:
        self._unpacked = unpacked
        self._left = size

    def read(self, size: int) -> bytes:
        """Return as many bytes, or all."""
        content = self._unpacked.exactly(min(size, self._left))
        self._left -= len(content)
        return content

    def skip(self) -> None:
        """Pass over what is left."""
        while self._left:
            self.read(_PIECE)


class _Unpacked:
    """What a gzip file unpacks to.

    Args:
        file: The file.
        most: How many bytes there may be.
    """

    def __init__(self, file: IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self._decoder = zlib.decompressobj(_GZIP)
        self._packed = b""
        self._streams = 1
        self._total = 0

    def exactly(self, size: int) -> bytes:
        """Return so many bytes.

        Raises:
            EOFError: There are less.
        """
        pieces: list[bytes] = []
        while size:
            piece = self.read(min(size, _PIECE))
            if not piece:
                raise EOFError("it ends within a member")
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def read(self, size: int) -> bytes:
        """Return at most so many bytes, and none at the end.

        Raises:
            EOFError: The file ends too early.
            WrongArchive: There are more than there may be.
            zlib.error: The file is damaged.
        """
        while True:
            if not self._packed:
                self._packed = self._file.read(_PIECE)
                if not self._packed and not self._decoder.eof:
                    raise EOFError("it ends too early")
                if not self._packed:
                    return b""
            if self._decoder.eof and not self._begin():
                continue
            content = self._decoder.decompress(self._packed, size)
            self._packed = self._decoder.unconsumed_tail or self._decoder.unused_data
            if content:
                break
        self._total += len(content)
        if self._total > self._most:
            raise WrongArchive(
                f"the archive unpacks to more than {_bytes(self._most)}",
                expected="a collection of published documents",
                mend="name a smaller one",
            )
        return content

    def _begin(self) -> bool:
        """Begin with another part, if there is one: some writers fill up the last block with zeros."""
        self._packed = self._packed.lstrip(b"\0")
        if self._packed:
            self._streams += 1
            self._decoder = zlib.decompressobj(_GZIP)
        if self._streams > _MOST_STREAMS:
            raise WrongArchive(f"it consists of more than {_MOST_STREAMS} parts")
        return bool(self._packed)


def _read(file: IO[bytes], size: int) -> bytes:
    """Return as many bytes of a file, or all."""
    pieces: list[bytes] = []
    while size > 0 and (piece := file.read(min(size, _PIECE))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)


def _checked(name: str) -> str:
    """Return the name of a member without a leading `./`.

    Raises:
        WrongArchive: The name leads out of the archive, or does not show what it is.
    """
    name = name.removeprefix("./")
    parts = name.rstrip("/").split("/")
    drive = len(name) > 1 and name[1] == ":"
    leads_out = name.startswith("/") or ".." in parts or "\\" in name or drive
    if leads_out or not name.isprintable() or len(name) > _LONGEST_NAME:
        shown = repr(name[:60]) + ("…" if len(name) > 60 else "")
        raise WrongArchive(
            f"the archive has a member called {shown}",
            expected="members whose names are plain paths inside the archive",
        )
    return name


def _special(name: str) -> WrongArchive:
    return WrongArchive("it is sparse, or no file, folder or link", name)


def _bytes(count: int) -> str:
    if count >= 10**15:
        return "more bytes than there are"
    return f"{count // 2**20} MB" if count >= 2**20 else f"{count} bytes"

"""What a file holds, by its first bytes: opened, and decompressed if it is compressed.

Names of files are often wrong about that, and standard input has none.
"""

from __future__ import annotations

import gzip
import importlib
import io
import os
import sys
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any, cast

from .errors import BadInput, how_to_install

STANDARD_INPUT = "-"

_GZIP, _ZSTANDARD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_WORKBOOK = "save the sheet as 'CSV UTF-8' and give that file"
_NOT_READ = {
    b"PK\x03\x04": f"an Excel workbook, or another ZIP archive; {_WORKBOOK}, or unpack the archive",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": f"an old Excel workbook; {_WORKBOOK}",
    b"BZh": "compressed with bzip2; give it decompressed: bzcat FILE | … -",
    b"\xfd7zXZ\x00": "compressed with xz; give it decompressed: xzcat FILE | … -",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive; unpack it first",
    b"PAR1": "Parquet; give --format parquet",
}
_ENCODINGS = {
    # The longer ones first: UTF-32 begins as UTF-16 does.
    b"\xff\xfe\x00\x00": "utf-32",
    b"\x00\x00\xfe\xff": "utf-32",
    b"\xff\xfe": "utf-16",
    b"\xfe\xff": "utf-16",
}
_LOOKED_AT = 8
_AGAIN = "get it again, until '{} -t FILE' finds it whole"
_COMPRESSIONS = (".gz", ".zst", ".zstd")


def name_of(path: str) -> str:
    """Tell what to call a file in messages."""
    return "standard input" if path == STANDARD_INPUT else path


def without_compression(path: str) -> str:
    """Leave out the end of a name that says how the file is compressed."""
    pure = Path(path)
    return str(pure.with_suffix("")) if pure.suffix.lower() in _COMPRESSIONS else path


class Content(ExitStack):
    """The bytes of a file or of standard input. A context manager.

    Args:
        path: The path of the file, or `-` for standard input.

    Attributes:
        name: What to call it in messages.
        stream: Its bytes, decompressed.
        encoding: The encoding that its first bytes show, if they show one.
        errors: What reading the stream raises; `failure` says what it means.

    Raises:
        BadInput: It cannot be opened, or holds what cannot be read; the message says what to do.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.name = name_of(path)
        self._again = ""
        self.errors: tuple[type[Exception], ...] = (OSError, EOFError, zlib.error)
        try:
            self._file = cast("io.BufferedReader", self._opened(path))
            self._size = os.fstat(self._file.fileno()).st_size
            first = self._file.peek(_LOOKED_AT)[:_LOOKED_AT]
            self.stream = self._decompressed(first)
            if self.stream is not self._file:
                first = self.stream.peek(_LOOKED_AT)[:_LOOKED_AT]
            for signature, what in _NOT_READ.items():
                if first.startswith(signature):
                    raise BadInput(f"{self.name}: this is {what}")
            self.encoding = _encoding_of(first)
        except BaseException as error:
            self.close()
            if isinstance(error, self.errors):
                raise self.failure(error) from None
            raise

    def fraction(self) -> float | None:
        """Tell how much of the file was read, from 0 to 1; None if nobody knows."""
        if not (self._size and self._file.seekable()):
            return None
        return min(1.0, self._file.tell() / self._size)

    def failure(self, error: Exception, line: int = 0) -> BadInput:
        """Say what kept the next bytes from being read.

        Args:
            error: What was raised, one of `errors`.
            line: The last line that was read as a whole; 0 for none.
        """
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        if isinstance(error, EOFError):
            told = f"the file is cut off: the end of what was compressed is missing; {self._again}"
        elif not isinstance(error, OSError) or isinstance(error, gzip.BadGzipFile):
            told = f"it is compressed, and cannot be decompressed: {told}; {self._again}"
        return BadInput(f"{self.name}: {f'after line {line:,}: ' if line else ''}{told}")

    def _opened(self, path: str) -> IO[bytes]:
        # Whoever reads standard input does not own it.
        return (
            sys.stdin.buffer
            if path == STANDARD_INPUT
            else self.enter_context(Path(path).open("rb"))
        )

    def _decompressed(self, first: bytes) -> io.BufferedReader:
        if first.startswith(_GZIP):
            self._again = _AGAIN.format("gzip")
            made: Any = gzip.GzipFile(fileobj=self._file)
        elif first.startswith(_ZSTANDARD):
            self._again = _AGAIN.format("zstd")
            zstandard = self._zstandard()
            self.errors = (*self.errors, zstandard.ZstdError)
            made = zstandard.ZstdFile(self._file)
        else:
            return self._file
        return self.enter_context(io.BufferedReader(made))

    def _zstandard(self) -> Any:
        # Its types are unknown unless it is installed.
        module = "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
        try:
            return importlib.import_module(module)
        except ModuleNotFoundError as error:
            line = how_to_install(error)
            if line is None:
                raise
            raise BadInput(f"{self.name}: it is compressed with Zstandard: {line}") from None


def _encoding_of(first: bytes) -> str | None:
    for mark, encoding in _ENCODINGS.items():
        if first.startswith(mark):
            return encoding
    # Without a mark: text of these formats begins with ASCII, whose other bytes are zero.
    if len(first) >= 4 and first[1] == first[3] == 0 < first[0]:
        return "utf-16-le"
    return "utf-16-be" if len(first) >= 4 and first[0] == first[2] == 0 < first[1] else None

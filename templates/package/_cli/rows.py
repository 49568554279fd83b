"""What a row of a file is, and what all kinds of files that rows are read from have in common.

A row that cannot be read is a row, too: it says what is wrong with it, and the next one is read. Only what
is wrong with all of a file is a `BadInput`.
"""

from __future__ import annotations

import codecs
import io
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any, NamedTuple

from .content import Content, name_of
from .errors import BadInput

TEXT_COLUMN = "rejected: text"
"""The column of a file of rejected records for what fits no column of its own: the row as it was read."""

PROBLEM_COLUMNS = (
    *(f"rejected: {what}" for what in ("line", "status", "property", "code", "message")),
    TEXT_COLUMN,
)
"""The columns that a file of rejected records has besides its own. They are never sent."""


KEEPING = "upsert.keeping"
"""How text is decoded so that what cannot be decoded can be written as it was."""


def _keep(error: UnicodeError) -> tuple[str | bytes, int]:
    encoding = str(getattr(error, "encoding", ""))
    if not encoding.replace("-", "").startswith(("utf16", "utf32")):
        return codecs.lookup_error("surrogateescape")(error)
    # Single bytes have no place among their units, but halves of characters have.
    try:
        return codecs.lookup_error("surrogatepass")(error)
    except UnicodeDecodeError as left:  # The end of a file that was cut off.
        return "".join(chr(0xDC00 + byte) for byte in left.object[left.start : left.end]), left.end


codecs.register_error(KEEPING, _keep)


def not_to_be_sent(value: object) -> dict[str, str]:
    """Give what stands in a file of rejected records for a value that is no text and cannot be sent.

    Its text alone would be sent when the file is read again.
    """
    return {"cannot be sent": str(value)}


class Row(NamedTuple):
    """A row of a file.

    Attributes:
        line: The number of the line at which it begins; of the row itself in Parquet. From 1.
        values: What it holds, by column; nothing if its text has no columns.
        problem: What is wrong with it, if it cannot be used.
        text: The text of a row whose text has no columns, without the line break at its end.
        cells: What it holds, if columns share a name, in their order.
    """

    line: int
    values: dict[str, Any]
    problem: str | None = None
    text: str | None = None
    cells: Sequence[str] | None = None


class Source(ExitStack, ABC):
    """A file that is being read. A context manager; iterate over it once.

    Attributes:
        name: What to call it in messages.
        columns: The names of its columns; None if each row may have others.
    """

    def __init__(self, path: str) -> None:
        super().__init__()
        self.name = name_of(path)
        self.columns: tuple[str, ...] | None = None

    @abstractmethod
    def __iter__(self) -> Iterator[Row]:
        """Give the rows.

        Raises:
            BadInput: What follows cannot be read.
        """

    @abstractmethod
    def fraction(self) -> float | None:
        """Tell how much of the file was read, from 0 to 1; None if nobody knows."""


class TextSource(Source):
    """A file of text.

    Attributes:
        encoding: How its text is encoded, with the mark at its beginning, if it has one.

    Args:
        path: Its path, or `-` for standard input.
        encoding: How the caller says that its text is encoded.

    Raises:
        BadInput: It cannot be opened, or is no text in this encoding.
    """

    def __init__(self, path: str, encoding: str) -> None:
        super().__init__(path)
        self._content = self.enter_context(Content(path))
        try:
            self.encoding = self._checked(codecs.lookup(encoding).name)
            self._file = io.TextIOWrapper(
                self._content.stream,
                encoding=self.encoding,
                errors=KEEPING,
                newline="",
            )
        except LookupError:
            self.close()
            raise BadInput(f"{encoding!r} is no encoding; try utf-8, cp1252 or utf-16") from None
        except BaseException:
            self.close()
            raise
        # Whoever reads standard input does not own it.
        self.callback(self._file.detach)

    def fraction(self) -> float | None:
        return self._content.fraction()

    def _checked(self, given: str) -> str:
        found = self._content.encoding
        if found is not None and found != given:
            raise BadInput(
                f"{self.name}: its first bytes are those of {found}, not of {given}; "
                f"give --encoding {found}"
            )
        if given not in {"utf-8", "utf-8-sig"}:
            return given
        # The mark that some programs put at the beginning is no part of the first name.
        has_mark = self._content.stream.peek(3).startswith(codecs.BOM_UTF8)
        return "utf-8-sig" if has_mark else "utf-8"

    def _lines(self) -> Iterator[str]:
        number = 0
        try:
            for line in self._file:
                number += 1
                yield line
        except UnicodeError as error:  # Not all encodings can be kept.
            raise BadInput(
                f"{self.name}: line {number + 1}: this is not {self.encoding}: {error}; "
                "give its --encoding"
            ) from None
        except self._content.errors as error:
            raise self._content.failure(error, number) from None

    def _undecodable(self, text: str) -> str | None:
        """Say what of a text could not be decoded, if anything."""
        if text.isascii():
            return None
        try:
            text.encode()
        except UnicodeEncodeError as error:
            byte = ord(text[error.start]) - 0xDC00
            what = f"the byte 0x{byte:02x}" if 0 <= byte <= 0xFF else "half a character"
            encoding = self.encoding.removesuffix("-sig")
            other = "utf-8" if encoding == "cp1252" else "cp1252"
            return f"{what} is not {encoding}; give its --encoding, such as {other}"
        return None

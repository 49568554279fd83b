"""The body of an answer, which may grow only so far."""

from __future__ import annotations

import zlib

LARGEST_BODY = 16 * 2**20
"""Bytes that the body of an answer may have, compressed or not. Real ones have far fewer."""

_MOST_CONTAINERS = 100_000
_MOST_VALUES = 1_000_000
_BEGINNING = 2**16

_TOO_LARGE = f"it is larger than {LARGEST_BODY // 2**20} MiB"
_TOO_INTRICATE = (
    f"it has more than {_MOST_CONTAINERS:,} lists and objects or {_MOST_VALUES:,} values"
)
_CUT_OFF = "it is compressed, and cut off"

_COMPRESSED = frozenset({"gzip", "x-gzip", "deflate"})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


class Body:
    """Collects the body of an answer, and decompresses it bit by bit.

    Not httpx2, for which a few bytes may become any number, or none for as long as somebody sends them.

    Args:
        encoding: The value of `Content-Encoding`. What is not known is taken as it comes.
        length: The value of `Content-Length`.

    Attributes:
        defect: Why it cannot be read, or None if there is no reason so far. Nothing more is needed
            then.
    """

    def __init__(self, encoding: str | None, length: str | None) -> None:
        self.defect: str | None = None
        self._chunks: list[bytes] = []
        self._room = LARGEST_BODY
        self._received = 0
        self._decompressor = None
        if encoding is not None and encoding.strip().lower() in _COMPRESSED:
            self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
        # The HTTP library has refused what is no number.
        if length is not None and length.isdecimal() and int(length[:20]) > LARGEST_BODY:
            self.defect = _TOO_LARGE

    def add(self, chunk: bytes) -> None:
        """Take what was received next."""
        self._received += len(chunk)
        if self._decompressor is not None:
            try:
                chunk = self._decompressor.decompress(chunk, self._room + 1)
            except zlib.error as error:
                self.defect = str(error)
                return
        if len(chunk) > self._room or self._received > LARGEST_BODY:
            self.defect = _TOO_LARGE
            chunk = chunk[:_BEGINNING]
        self._room -= len(chunk)
        self._chunks.append(chunk)

    def end(self) -> bytes:
        """Give all of it, or the beginning if there is a defect."""
        content = b"".join(self._chunks)
        self._chunks.clear()
        if self.defect is None and self._received and self._decompressor is not None:
            self.defect = None if self._decompressor.eof else _CUT_OFF
        if self.defect is None and _is_intricate(content):
            self.defect = _TOO_INTRICATE
        return content if self.defect is None else content[:_BEGINNING]


def _is_intricate(content: bytes) -> bool:
    # Parsed, an empty list takes a hundred times the three bytes that it has here.
    if len(content) < _MOST_CONTAINERS:
        return False
    containers = content.count(b"[") + content.count(b"{")
    return containers > _MOST_CONTAINERS or content.count(b",") > _MOST_VALUES

"""An answer of the server, read within limits."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, cast

from .fork import with_cached_properties

if TYPE_CHECKING:
    import httpx2

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


@with_cached_properties
@dataclass(frozen=True)
class Answer:
    """A complete answer of the server, whatever its status.

    Attributes:
        status: The HTTP status.
        headers: The headers, with names in lower case. Not part of the representation.
        content: The body, decompressed; the beginning of it if there is a defect. Not part of the
            representation.
        defect: Why the body was not read to its end or cannot be decompressed, or None.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    content: bytes = field(repr=False)
    defect: str | None = None

    @property
    def is_success(self) -> bool:
        """Whether the server accepted the request."""
        return 200 <= self.status < 300

    @cached_property
    def data(self) -> object:
        """What the body says; None if it is no JSON."""
        try:
            return json.loads(self.content)
        except (ValueError, RecursionError):
            return None

    @property
    def fields(self) -> Mapping[str, object]:
        """The fields of the body; none if it is no JSON object."""
        data: object = self.data
        return cast("dict[str, object]", data) if isinstance(data, dict) else {}


class AnswerReader:
    """Reads an answer: its headers at once, and its body bit by bit, which may grow only so far.

    Not httpx2, for which a few bytes may become any number, or none for as long as somebody sends them.
    An encoding that is not known is taken as it comes.

    Args:
        response: The answer, of which the body may not be there yet.
    """

    def __init__(self, response: httpx2.Response) -> None:
        self._status = response.status_code
        self._headers = headers = _headers(response)
        self._defect: str | None = None
        self._chunks: list[bytes] = []
        self._room = LARGEST_BODY
        self._received = 0
        self._decompressor = None
        self._is_whole = response.is_stream_consumed
        if self._is_whole:
            # A transport of the caller's may give what it has read, and has decompressed then.
            self.add(response.content)
            return
        if headers.get("content-encoding", "").strip().lower() in _COMPRESSED:
            self._decompressor = zlib.decompressobj(_GZIP_OR_ZLIB)
        length = headers.get("content-length", "")
        # The HTTP library has refused what is no number.
        if length.isdecimal() and int(length[:20]) > LARGEST_BODY:
            self._defect = _TOO_LARGE

    @property
    def wants_more(self) -> bool:
        """Whether more of the body is needed, as far as there is more."""
        return self._defect is None and not self._is_whole

    def add(self, chunk: bytes) -> None:
        """Take what was received next of the body."""
        self._received += len(chunk)
        if self._decompressor is not None:
            try:
                chunk = self._decompressor.decompress(chunk, self._room + 1)
            except zlib.error as error:
                self._defect = str(error)
                return
        if len(chunk) > self._room or self._received > LARGEST_BODY:
            self._defect = _TOO_LARGE
            chunk = chunk[:_BEGINNING]
        self._room -= len(chunk)
        self._chunks.append(chunk)

    def answer(self) -> Answer:
        """Give the answer, once its body was received as far as it is needed."""
        content = b"".join(self._chunks)
        self._chunks.clear()
        defect = self._defect
        if defect is None and self._received and self._decompressor is not None:
            defect = None if self._decompressor.eof else _CUT_OFF
        if defect is None and _is_intricate(content):
            defect = _TOO_INTRICATE
        shown = content if defect is None else content[:_BEGINNING]
        return Answer(self._status, self._headers, shown, defect)


def _headers(response: httpx2.Response) -> dict[str, str]:
    headers: dict[str, str] = {}
    # Not by way of httpx2, which goes through all of them for each.
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _is_intricate(content: bytes) -> bool:
    # Parsed, an empty list takes a hundred times the three bytes that it has here.
    if len(content) < _MOST_CONTAINERS:
        return False
    containers = content.count(b"[") + content.count(b"{")
    return containers > _MOST_CONTAINERS or content.count(b",") > _MOST_VALUES

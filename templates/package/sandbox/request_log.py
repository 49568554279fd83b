"""What was sent and what became of it: the last requests, so that a test or a person can look at them."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple, TypeAlias

from .errors import NotFoundError

REMEMBERED = 200
"""How many requests are remembered at least."""
KEPT_BODIES = 100
"""How many of the last requests are usually kept with their bodies."""
LONGEST_BODY = 2**20
"""How many bytes of a body are kept."""

Effect: TypeAlias = Literal["created", "updated", "refused"]
"""What was done with a record."""


@dataclass(frozen=True)
class Body:
    """What was sent or answered.

    Attributes:
        content: Its bytes, of which the first `LONGEST_BODY` are kept.
        size: How many there were.
    """

    content: bytes
    size: int

    @property
    def is_complete(self) -> bool:
        """Whether all of it is kept."""
        return self.size == len(self.content)

    @property
    def text(self) -> str:
        """What is kept of it, as text."""
        return self.content.decode(errors="replace")

    def json(self) -> Any:
        """Give the JSON value that it is.

        Raises:
            ValueError: It is no JSON, or not kept as a whole.
        """
        if not self.is_complete:
            raise ValueError(f"of {self.size} bytes, the first {len(self.content)} are kept")
        try:
            return json.loads(self.content)
        except RecursionError as error:
            raise ValueError("it is nested too deeply to be read") from error

    def as_json(self) -> dict[str, Any]:
        """Give the body as a JSON object: with its value in `json`, or in `text` if it is no JSON."""
        described: dict[str, Any] = {"size": self.size, "complete": self.is_complete}
        try:
            return {**described, "json": self.json()}
        except ValueError:
            return {**described, "text": self.text}


class RecordOutcome(NamedTuple):
    """What became of one record of a request.

    Attributes:
        effect: What was done with it.
        key: What it was found by, as it was sent.
        id: The id of the record; None if it was refused.
        trace_id: Its trace id; None if it has none.
        problems: Why it was refused, in the words of the answer.
    """

    effect: Effect
    key: str
    id: str | None = None
    trace_id: str | None = None
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class RequestEntry:
    """What became of a request. A test may assert on all of it, but for words that are `chosen`.

    Attributes:
        at: When it came, as ISO 8601 in UTC.
        method: The HTTP method.
        path: The path and the query, as they came.
        status: The status of the answer; None if the connection was reset instead.
        operation: What was asked for, such as "2026-03 items.batch_upsert"; None for an unknown path.
        situation: Why it was refused as a whole; None if it was not.
        fault: The fault that befell it, as it was asked for; None if none did.
        inputs: How many records it held, as far as it was read.
        written: How many records were created, updated or archived, or properties created.
        refused: How many records were refused, each for itself, or asked for and not there.
        found: How many records or properties were answered; None if none were asked for.
        number: Counts requests from 1, since the start or the last reset.
        token_id: Tells its token from others, as `token_id` does; None if it had none.
        trace_ids: The trace ids of its records, in their order, as far as it was read.
        records: What became of each record, in their order; empty if it was refused as a whole.
        chosen: Whether the words of the answer are the sandbox's own, because those of the API are not known.
        duration: How many seconds it took until the answer was known.
        body: What was sent; None if it was not read, as for an unknown path or token, or is not kept, as
            for older requests and where it holds a token.
        answer: The body of the answer, also if a fault kept it from arriving; None if it is not kept.
    """

    at: str
    method: str
    path: str
    status: int | None
    operation: str | None = None
    situation: str | None = None
    fault: str | None = None
    inputs: int = 0
    written: int = 0
    refused: int = 0
    found: int | None = None
    number: int = 0
    token_id: str | None = None
    trace_ids: tuple[str, ...] = ()
    records: tuple[RecordOutcome, ...] = ()
    chosen: bool = False
    duration: float = 0.0
    body: Body | None = None
    answer: Body | None = None

    @property
    def outcome(self) -> str:
        """What became of it, in a few words."""
        if self.situation is not None:
            return f"nothing written: {self.situation.replace('-', ' ')}"
        if self.found is not None:
            return f"{self.found} found" + (f", {self.refused} not" if self.refused else "")
        counted = f"{self.written} written" if self.inputs else "nothing to write"
        return f"{counted}, {self.refused} refused" if self.refused else counted

    def summary(self) -> dict[str, Any]:
        """Give the entry as a JSON object, without what grows with its records."""
        left_out = {"trace_ids", "records", "body", "answer"}
        fields = {name: value for name, value in vars(self).items() if name not in left_out}
        return {**fields, "outcome": self.outcome}

    def as_json(self) -> dict[str, Any]:
        """Give the whole entry as a JSON object."""
        return {
            **self.summary(),
            "trace_ids": list(self.trace_ids),
            "records": [one._asdict() for one in self.records],
            "body": None if self.body is None else self.body.as_json(),
            "answer": None if self.answer is None else self.answer.as_json(),
        }


class RequestLog:
    """The last requests, oldest first. Threads may share it.

    Args:
        keep_bodies: How many of the last requests are kept with their bodies.
    """

    def __init__(self, keep_bodies: int = KEPT_BODIES) -> None:
        self._guard = threading.Lock()
        self._keep_bodies = keep_bodies
        self._entries: deque[RequestEntry] = deque(maxlen=max(REMEMBERED, keep_bodies))
        self._count = 0

    @property
    def count(self) -> int:
        """How many requests there were since the start or the last reset."""
        return self._count

    def add(self, entry: RequestEntry) -> None:
        """Number and keep what became of a request, and forget the oldest if there are too many."""
        with self._guard:
            self._count += 1
            self._entries.append(replace(entry, number=self._count))
            oldest = len(self._entries) - 1 - self._keep_bodies
            if oldest >= 0:
                # All before it lost their bodies when they were in its place.
                self._entries[oldest] = replace(self._entries[oldest], body=None, answer=None)

    def entries(self) -> Sequence[RequestEntry]:
        """Give what is remembered, oldest first."""
        with self._guard:
            return list(self._entries)

    def entry(self, number: int) -> RequestEntry:
        """Give the request with a number.

        Raises:
            NotFoundError: There was none, or it is forgotten.
        """
        entries = self.entries()
        if not entries:
            raise NotFoundError(f"there is no request {number}; none has come yet")
        first, last = entries[0].number, entries[-1].number
        if not first <= number <= last:
            raise NotFoundError(
                f"there is no request {number}; those from {first} to {last} are remembered"
            )
        return entries[number - first]

    def clear(self) -> None:
        """Forget all requests, and count from the beginning."""
        with self._guard:
            self._entries.clear()
            self._count = 0


def body_of(content: bytes) -> Body:
    """Give a body as it is kept."""
    return Body(content[:LONGEST_BODY], len(content))


def token_id(token: str) -> str:
    """Give what tells a token from others and does not reveal it: the start of its SHA-256."""
    return hashlib.sha256(token.encode(errors="surrogatepass")).hexdigest()[:8]

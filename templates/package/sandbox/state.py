"""What a running sandbox consists of, and what it remembers of requests."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import Any

from .contract import Contract
from .faults import Faults
from .limits import Limits
from .options import Options
from .store import Store

REMEMBERED_REQUESTS = 200
REMEMBERED_TOKENS = 5


@dataclass(frozen=True)
class RequestEntry:
    """What became of a request.

    Attributes:
        at: When it came, as ISO 8601 in UTC.
        method: The HTTP method.
        path: The path and the query, as they came.
        status: The status of the answer; None if the connection was reset instead.
        operation: What was asked for, such as "2026-03 contacts.batch_upsert"; None for an unknown path.
        situation: Why it was refused as a whole; None if it was not.
        fault: The fault that befell it, as it was asked for; None if none did.
        inputs: How many records it held, as far as it was read.
        written: How many records were created or updated.
        refused: How many records were refused, each for itself.
        number: Counts requests from 1, since the start or the last reset.
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
    number: int = 0

    @property
    def outcome(self) -> str:
        """What became of it, in a few words."""
        if self.situation is not None:
            return f"nothing written: {self.situation.replace('-', ' ')}"
        counted = f"{self.written} written" if self.inputs else "nothing to write"
        return f"{counted}, {self.refused} refused" if self.refused else counted

    def as_json(self) -> dict[str, Any]:
        """Give the entry as a JSON object."""
        return {**vars(self), "outcome": self.outcome}


@dataclass
class State:
    """What a running sandbox consists of.

    Attributes:
        contract: What the specification says.
        store: Where records are kept.
        limits: What may be asked for in which time.
        faults: What is to go wrong.
        options: How the sandbox is set up.
        requests: The last requests, oldest first.
        request_count: How many requests there were since the start or the last reset.
        tokens: The last tokens that were used, oldest first.
    """

    contract: Contract
    store: Store
    limits: Limits
    faults: Faults
    options: Options
    requests: deque[RequestEntry] = field(
        default_factory=lambda: deque[RequestEntry](maxlen=REMEMBERED_REQUESTS)
    )
    request_count: int = 0
    tokens: dict[str, None] = field(default_factory=dict[str, None])

    def remember(self, entry: RequestEntry) -> None:
        """Number and keep what became of a request, and forget the oldest if there are too many."""
        self.request_count += 1
        self.requests.append(replace(entry, number=self.request_count))

    def remember_token(self, token: str) -> None:
        """Keep a token as the last one that was used, and forget the oldest if there are too many."""
        self.tokens.pop(token, None)
        self.tokens[token] = None
        if len(self.tokens) > REMEMBERED_TOKENS:
            del self.tokens[next(iter(self.tokens))]

    def reset(self) -> None:
        """Remove all records, requests and faults, and start to count anew. Properties stay.

        Raises:
            StoreError: The database cannot be written.
        """
        self.store.reset()
        self.faults.clear()
        self.limits.reset()
        self.requests.clear()
        self.request_count = 0
        self.tokens.clear()

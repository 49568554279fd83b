"""The jobs in which an API writes the records of a request after it has answered it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Self, cast
from urllib.parse import urlsplit

from .._runtime.operation import Operation, Request

_LONGEST_NAME = 100


@dataclass(frozen=True)
class JobOperations:
    """The operations that tell of jobs, each by the one argument that it needs: the id of the job.

    Attributes:
        status: Tells how far a job is; None if a URL does.
        results: Lists the results of a job; None if its own answer holds them.
        errors: Lists the errors of a job; None if its own answer holds them.
    """

    status: Operation[Any] | None = None
    results: Operation[Any] | None = None
    errors: Operation[Any] | None = None


@dataclass(slots=True, eq=False)
class PendingJob:
    """A job of which it is not known yet what became of its records.

    Attributes:
        positions: The positions of its records in their batch, in the order in which they were sent.
        prefix: What the trace ids begin with that they were sent with.
        id: Its id, if it has one.
        url: The URL that tells of it, if there is one.
        request: What asks about it next.
        began: When it was first heard of in this run, by the driver's clock; None if that has not happened.
        asked: How many answers to questions about it there were, or failures.
        pages: The pages that are still to be read, by what they hold: "results" and "errors".
        told: What tells of its records, as far as it is known.
        in_doubt: Whether an earlier attempt to send them may have been applied.
        trouble: What to say of the last answer.
    """

    positions: tuple[int, ...]
    prefix: str
    id: str | int | None = None
    url: str | None = None
    request: Request | None = None
    began: float | None = None
    asked: int = 0
    pages: list[str] = field(default_factory=list[str])
    told: dict[str, Any] = field(default_factory=dict[str, Any])
    in_doubt: bool = False
    trouble: str = ""

    def __str__(self) -> str:
        """Name it for people. What a URL has besides its path may be secret."""
        name = str(self.id) if self.url is None else urlsplit(self.url).path
        return f"job {name[:_LONGEST_NAME]!r}"

    def as_json(self) -> dict[str, Any]:
        """Give what another run has to know of it."""
        return {
            "positions": self.positions,
            "prefix": self.prefix,
            "id": self.id,
            "url": self.url,
            "in_doubt": self.in_doubt,
        }

    @classmethod
    def from_json(cls, fields: object) -> Self:
        """Give the job that a JSON object stands for.

        Args:
            fields: What `as_json` gave, written and read meanwhile.

        Raises:
            ValueError: It stands for none.
        """
        try:
            known = cast("dict[str, Any]", fields)
            positions = tuple(int(position) for position in known["positions"])
            job = cls(positions, str(known["prefix"]), known["id"], known["url"])
            job.in_doubt = bool(known["in_doubt"])
            return job
        except (KeyError, TypeError) as error:
            raise ValueError(f"no job: {error}") from None

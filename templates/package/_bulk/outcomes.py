"""What became of each record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from ..errors import ApiError


class Status(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    WRITTEN = "written"
    """Created or updated: the API does not say which, or an answer that would have said it was lost."""

    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """It was sent, and the server gave no answer for it. It may have been written."""

    NOT_SENT = "not sent"
    """It was not written: the run was stopped before."""


class Problem(NamedTuple):
    """Why a record was rejected.

    Attributes:
        property: The property that it is about, if it is about one.
        code: A code for programs, if there is one.
        message: A sentence for people.
    """

    property: str | None
    code: str | None
    message: str


# Not frozen: there are hundreds of thousands, and frozen ones take three times as long to make.
@dataclass(slots=True)
class Outcome:
    """What became of one record.

    Attributes:
        index: The position of the record in the input, counted from 0.
        status: What became of it.
        record: The record as it was given.
        id: The id that the API gave it, if it was written and the API says so.
        problems: Why it was rejected.
        merged_into: The index of the record that was sent in the place of this duplicate.
        warnings: What the API changed or doubts, as it says it.
        reason: Why it is not known what became of it, or why it was not sent.
    """

    index: int
    status: Status
    record: Mapping[str, Any]
    id: str | None = None
    problems: tuple[Problem, ...] = ()
    merged_into: int | None = None
    warnings: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Stop:
    """Why a run was stopped before its end.

    Attributes:
        reason: What happened.
        mend: What to change before trying again.
        resume_at: The index of the first record that is not known to be done; None if there is none.
        error: The error of the API, if there was one.
    """

    reason: str
    mend: str = ""
    resume_at: int | None = None
    error: ApiError | None = None

"""What became of each record, and its form in JSON.

Records may hold what JSON has no form for. It is kept as near as JSON comes: dates, times and numbers
of other kinds as text, sets and tuples as lists, enumerations as their values, NaN as null, and
anything else as its text. What has a form in JSON comes back equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import date, time
from enum import Enum, StrEnum
from numbers import Integral
from typing import Any, NamedTuple, cast

from .. import errors
from ..errors import ApiError, RateLimit

_ERROR_FIELDS = (
    "operation",
    "message",
    "status",
    "category",
    "correlation_id",
    "text",
    "retry_after",
    "attempts",
)


class Status(StrEnum):
    """What became of a record."""

    CREATED = "created"
    UPDATED = "updated"
    WRITTEN = "written"
    """Created or updated: the API does not say which, or an answer that would have said it was lost."""

    UNCHANGED = "unchanged"
    """It was not sent: the state knows that it was accepted as it is, and nothing else since."""

    REJECTED = "rejected"
    UNKNOWN = "unknown"
    """It was sent, and an answer that would have said what became of it is missing. It may have been written,
    also if it was refused when it was sent again: then its outcome has problems."""

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
        problems: Why it was refused.
        merged_into: The index of the record that was sent in the place of this duplicate.
        warnings: What the API changed or doubts, as it says it, and that an earlier record with another
            key has the same id.
        reason: Why it is not known what became of it, or why it was not sent.
        remembered: Whether an earlier run found it out and a journal remembers it. It is equal all the same.
    """

    index: int
    status: Status
    record: Mapping[str, Any]
    id: str | None = None
    problems: tuple[Problem, ...] = ()
    merged_into: int | None = None
    warnings: tuple[Mapping[str, Any], ...] = ()
    reason: str | None = None
    remembered: bool = field(default=False, compare=False)

    @property
    def is_refused(self) -> bool:
        """Whether the API refuses it; it is unknown all the same if an earlier attempt may have stored it."""
        return self.status is Status.REJECTED or bool(self.problems)

    @property
    def is_told(self) -> bool:
        """Whether the API said what became of it, as far as it can know."""
        return self.status is not Status.UNKNOWN or bool(self.problems)


def told_of(outcome: Outcome) -> tuple[str, str, str]:
    """Say why a record was not written, as one row of a table does.

    Args:
        outcome: What became of it.

    Returns:
        Properties, codes and messages, those of several problems joined; empty for nothing.
    """
    problems = outcome.problems
    return (
        "; ".join(dict.fromkeys(each.property for each in problems if each.property)),
        "; ".join(dict.fromkeys(each.code for each in problems if each.code)),
        "; ".join(each.message for each in problems) or outcome.reason or "",
    )


@dataclass(frozen=True)
class Stop:
    """Why a run was stopped before its end.

    Attributes:
        reason: What happened.
        mend: What to change before trying again.
        resume_at: The index of the first record that is not known to be done; None if there is none.
        error: The error of the API, if there was one.
        problems: The properties that no record can be sent with, if it was stopped for these.
    """

    reason: str
    mend: str = ""
    resume_at: int | None = None
    error: ApiError | None = None
    problems: tuple[Problem, ...] = ()


def to_json(value: object) -> str:
    """Write a value as JSON, on one line.

    Args:
        value: Any value; see the module on what becomes of those that JSON has no form for.

    Returns:
        The text, which can be encoded in UTF-8.
    """
    try:
        text = json.dumps(value, default=_replacement, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError):
        # Also lone surrogates, which some programs leave behind: they have no UTF-8, but an escape.
        return json.dumps(_plain(value), default=_replacement)
    return text


def outcome_as_json(outcome: Outcome, *, with_record: bool = True) -> dict[str, Any]:
    """Give an outcome as a JSON object that `outcome_from_json` understands.

    Args:
        outcome: The outcome.
        with_record: Whether the record is part of it.

    Returns:
        The object. What is as usual is left out.
    """
    fields: dict[str, Any] = {"index": outcome.index, "status": str(outcome.status)}
    if outcome.id is not None:
        fields["id"] = outcome.id
    if outcome.problems:
        fields["problems"] = [problem._asdict() for problem in outcome.problems]
    if outcome.merged_into is not None:
        fields["merged_into"] = outcome.merged_into
    if outcome.warnings:
        fields["warnings"] = outcome.warnings
    if outcome.reason is not None:
        fields["reason"] = outcome.reason
    if outcome.remembered:
        fields["remembered"] = True
    if with_record:
        fields["record"] = _plain_record(outcome.record)
    return fields


def outcome_from_json(fields: Mapping[str, Any]) -> Outcome:
    """Give the outcome that a JSON object stands for.

    Args:
        fields: What `outcome_as_json` gave, possibly written and read meanwhile.

    Raises:
        ValueError: It stands for none.
    """
    try:
        return Outcome(
            int(fields["index"]),
            Status(fields["status"]),
            _plain_record(fields.get("record", {})),
            fields.get("id"),
            tuple(Problem(**problem) for problem in fields.get("problems", ())),
            fields.get("merged_into"),
            tuple(fields.get("warnings", ())),
            fields.get("reason"),
            bool(fields.get("remembered", False)),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no outcome: {type(error).__name__}: {error}") from None


def stop_as_json(stop: Stop) -> dict[str, Any]:
    """Give a stop as a JSON object that `stop_from_json` understands."""
    error = None
    if stop.error is not None:
        limit = stop.error.rate_limit
        error = {
            "type": type(stop.error).__name__,
            **{name: getattr(stop.error, name) for name in _ERROR_FIELDS},
            "rate_limit": None if limit is None else asdict(limit),
        }
    fields: dict[str, Any] = {
        "reason": stop.reason,
        "mend": stop.mend,
        "resume_at": stop.resume_at,
        "error": error,
    }
    if stop.problems:
        fields["problems"] = [problem._asdict() for problem in stop.problems]
    return fields


def stop_from_json(fields: Mapping[str, Any]) -> Stop:
    """Give the stop that a JSON object stands for; its error has no `body`, but the text of it.

    Args:
        fields: What `stop_as_json` gave, possibly written and read meanwhile.

    Raises:
        ValueError: It stands for none.
    """
    try:
        given = fields["error"]
        error = None if given is None else _error_from_json(given)
        problems = tuple(Problem(**problem) for problem in fields.get("problems", ()))
        return Stop(fields["reason"], fields["mend"], fields["resume_at"], error, problems)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"no stop: {type(problem).__name__}: {problem}") from None


def _plain_record(record: Any) -> Any:
    # What was rejected may be no mapping, which is why.
    return dict(cast("Mapping[str, Any]", record)) if isinstance(record, Mapping) else record


def _error_from_json(fields: Mapping[str, Any]) -> ApiError:
    name = fields["type"]
    # Errors of other modules, such as a user's own, come back as their base.
    kind: type[ApiError] = getattr(errors, name) if name in errors.__all__ else ApiError
    limit = fields["rate_limit"]
    return kind(
        **{field: fields[field] for field in _ERROR_FIELDS},
        rate_limit=None if limit is None else RateLimit(**limit),
    )


def _replacement(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(cast("Mapping[object, object]", value))
    if isinstance(value, (set, frozenset)):
        return sorted(cast("set[object]", value), key=str)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, (date, time)):
        return value.isoformat()
    if isinstance(value, Integral):  # Of numpy, for example.
        return int(value)
    if isinstance(value, (bytes, bytearray)):
        return value.decode("utf-8", errors="backslashreplace")
    return str(value)


def _plain(value: object) -> object:
    """Replace what the encoder of JSON refuses: NaN, infinities, and keys that are no text."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, Mapping):
        items = cast("Mapping[object, object]", value).items()
        return {str(key): _plain(each) for key, each in items}
    if isinstance(value, (list, tuple)):
        return [_plain(each) for each in cast("list[object]", value)]
    if isinstance(value, (set, frozenset)):
        return _plain(_replacement(cast("object", value)))
    return value

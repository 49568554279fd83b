"""Outcomes as JSON and back.

Records may hold what JSON has no form for. It is kept as near as JSON comes: dates, times and numbers
of other kinds as text, sets and tuples as lists, enumerations as their values, NaN as null, and
anything else as its text. What has a form in JSON comes back equal.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, time
from enum import Enum
from numbers import Integral
from typing import Any, cast

from .. import errors
from ..errors import ApiError, RateLimit
from .outcomes import Outcome, Problem, Status, Stop

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
    if with_record:
        fields["record"] = dict(outcome.record)
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
            dict(fields.get("record", {})),
            fields.get("id"),
            tuple(Problem(**problem) for problem in fields.get("problems", ())),
            fields.get("merged_into"),
            tuple(fields.get("warnings", ())),
            fields.get("reason"),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no outcome: {type(error).__name__}: {error}") from None


def stop_as_json(stop: Stop) -> dict[str, Any]:
    """Give a stop as a JSON object that `stop_from_json` understands."""
    fields: dict[str, Any] = {
        "reason": stop.reason,
        "mend": stop.mend,
        "resume_at": stop.resume_at,
        "error": None,
    }
    if stop.error is not None:
        error = {name: getattr(stop.error, name) for name in _ERROR_FIELDS}
        limit = stop.error.rate_limit
        fields["error"] = {
            "type": type(stop.error).__name__,
            **error,
            "rate_limit": None if limit is None else asdict(limit),
        }
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
        return Stop(fields["reason"], fields["mend"], fields["resume_at"], error)
    except (KeyError, TypeError, AttributeError) as problem:
        raise ValueError(f"no stop: {type(problem).__name__}: {problem}") from None


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

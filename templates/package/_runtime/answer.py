"""What to do about the outcome of an attempt: try again and when, return a value, or raise.

Pure decisions, the same for synchronous and asynchronous clients: time and chance are passed in.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeAlias, TypeVar, cast

from pydantic import ValidationError

from ..errors import DecodingError, StatusError, TransportError
from .headers import delay, rate_limit, retry_after
from .operation import Operation
from .policy import ErrorPolicy, ErrorRule

T = TypeVar("T")

_SHOWN_PROBLEMS = 3
_SHOWN_CHARACTERS = 200


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


@dataclass(frozen=True)
class Failure:
    """The lack of a complete answer.

    Attributes:
        reason: What happened, such as "ConnectError: connection refused".
        retryable: Whether it may go better next time.
    """

    reason: str
    retryable: bool


Outcome: TypeAlias = Answer | Failure


def delay_before_retry(
    policy: ErrorPolicy, outcome: Outcome, attempt: int, *, random: float, now: float
) -> float | None:
    """Decide whether to try again, and when.

    Args:
        policy: What errors mean.
        outcome: What came of the attempt.
        attempt: The number of the attempt, counted from 1.
        random: A random number from 0 up to but not including 1.
        now: The time, in seconds since the epoch.

    Returns:
        Seconds to wait before the next attempt, or None if there should be none.
    """
    demanded = 0.0
    if isinstance(outcome, Failure):
        if not (policy.retry_transport and outcome.retryable):
            return None
    elif is_success(outcome):
        return None
    else:
        rule = policy.rule_for(outcome.status, json_fields(outcome.content))
        if rule is None or not rule.retry:
            return None
        demanded = max(rule.minimum_delay, _asked_delay(outcome, rule, now) or 0.0)
    # Jitter spreads clients that failed together. It starts from what was demanded, so that it only
    # ever lengthens that; half of the backoff is kept free of jitter for the same reason.
    half = policy.backoff.delay(attempt) / 2
    return max(demanded, half) + random * half


def conclude(operation: Operation[T], outcome: Outcome, attempts: int, *, now: float) -> T:
    """Turn the last outcome of a call into its result.

    Args:
        operation: What was called.
        outcome: What came of the last attempt.
        attempts: How many attempts there were.
        now: The time, in seconds since the epoch.

    Returns:
        The decoded body of an answer whose status is 2xx.

    Raises:
        TransportError: There is no complete answer.
        StatusError: The status is outside 2xx; a subclass if the operation's policy names one.
        DecodingError: The status is 2xx, and the body is not what the operation promises.
    """
    if isinstance(outcome, Failure):
        raise transport_error(operation, outcome, attempts)
    if not is_success(outcome):
        raise status_error(operation, outcome, attempts, now=now)
    decode = _decoder(operation.responses, outcome.status)
    problem = outcome.defect
    if problem is None:
        try:
            return decode(outcome.content)
        except Exception as error:  # Whatever a decoder raises, the request may have been applied.
            problem = _describe(error)
    # Raised outside the handler: the original exception quotes the body.
    raise DecodingError(
        operation=operation.name,
        message=f"the body cannot be read ({problem}); the server may have applied the request",
        status=outcome.status,
        text=_decoded_text(outcome),
        rate_limit=rate_limit(outcome.headers, operation.policy.rate_limit_headers),
        attempts=attempts,
    )


def is_success(answer: Answer) -> bool:
    """Tell whether the server accepted the request."""
    return 200 <= answer.status < 300


def _decoder(responses: Mapping[str, Callable[[bytes], T]], status: int) -> Callable[[bytes], T]:
    # Servers have turned 200 into 201 without notice, so a status that is not declared counts too.
    for key in (str(status), "2XX"):
        if key in responses:
            return responses[key]
    return next(iter(responses.values()))


def transport_error(
    operation: Operation[object], failure: Failure, attempts: int
) -> TransportError:
    """Give the exception that stands for the lack of an answer.

    Args:
        operation: What was called.
        failure: What happened.
        attempts: How many attempts there were.
    """
    return TransportError(operation=operation.name, message=failure.reason, attempts=attempts)


def status_error(
    operation: Operation[object], answer: Answer, attempts: int, *, now: float
) -> StatusError:
    """Give the exception that stands for an answer whose status is outside 2xx.

    Args:
        operation: What was called.
        answer: The answer.
        attempts: How many attempts there were.
        now: The time, in seconds since the epoch.
    """
    policy = operation.policy
    fields = json_fields(answer.content)
    rule = policy.rule_for(answer.status, fields)
    error = rule.error if rule is not None else StatusError
    return error(
        operation=operation.name,
        message=_text_field(fields, policy.fields.message) or _reason(answer),
        status=answer.status,
        category=_text_field(fields, policy.fields.category),
        correlation_id=_text_field(fields, policy.fields.correlation_id),
        body=_error_body(operation.error, answer.content),
        text=_decoded_text(answer),
        retry_after=_asked_delay(answer, rule, now),
        rate_limit=rate_limit(answer.headers, policy.rate_limit_headers),
        attempts=attempts,
    )


def _asked_delay(answer: Answer, rule: ErrorRule | None, now: float) -> float | None:
    asked = [retry_after(answer.headers, now=now)]
    if rule is not None and rule.delay_header is not None:
        asked.append(delay(answer.headers, rule.delay_header))
    return max((seconds for seconds in asked if seconds is not None), default=None)


def json_fields(content: bytes) -> dict[str, object]:
    """Give the fields of a body; none if it is no JSON object."""
    try:
        parsed: object = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, object]", parsed) if isinstance(parsed, dict) else {}


def _text_field(fields: Mapping[str, object], name: str | None) -> str | None:
    value = fields.get(name) if name is not None else None
    return value if isinstance(value, str) and value else None


def _reason(answer: Answer) -> str:
    try:
        reason = f"{answer.status} {HTTPStatus(answer.status).phrase}"
    except ValueError:
        reason = f"{answer.status} without an explanation"
    return (
        reason if answer.defect is None else f"{reason}; its body cannot be read: {answer.defect}"
    )


def _error_body(decode: Callable[[bytes], object] | None, content: bytes) -> object:
    if decode is None:
        return None
    try:
        return decode(content)
    except Exception:  # An error body that is unlike its model must not hide the error.
        return None


def _decoded_text(answer: Answer) -> str:
    return answer.content.decode("utf-8", errors="replace")


def _describe(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return _shortened(f"{type(error).__name__}: {error}")
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [
        _shortened(": ".join(filter(None, [".".join(map(str, problem["loc"])), problem["msg"]])))
        for problem in problems[:_SHOWN_PROBLEMS]
    ]
    more = len(problems) - len(shown)
    return "; ".join([*shown, f"and {more} more"] if more else shown)


def _shortened(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"

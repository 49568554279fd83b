"""The result of a call: what its last attempt came to, as a value or an exception."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import TypeVar, cast

from pydantic import ValidationError

from ..errors import DecodingError, StatusError, TransportError
from .answer import Answer
from .attempt import Attempt, Failure
from .operation import Operation
from .ways import dig, steps_of

T = TypeVar("T")

_SHOWN_PROBLEMS = 3
_SHOWN_CHARACTERS = 200


def conclude(operation: Operation[T], attempt: Attempt, attempts: int, *, now: float) -> T:
    """Turn what came of a call's last attempt into its result.

    Args:
        operation: What was called.
        attempt: What came of the last attempt.
        attempts: How many attempts there were.
        now: The time, in seconds since the epoch.

    Returns:
        The decoded body of an answer whose status is 2xx.

    Raises:
        TransportError: There is no complete answer.
        StatusError: The status is outside 2xx; a subclass if the operation's policy names one.
        DecodingError: The status is 2xx, and the body is not what the operation promises.
    """
    if isinstance(attempt, Failure):
        raise transport_error(operation, attempt, attempts)
    if not attempt.is_success:
        raise status_error(operation, attempt, attempts, now=now)
    decode = _decoder(operation.responses, attempt.status)
    problem = attempt.defect
    if problem is None:
        try:
            return decode(attempt.content)
        except Exception as error:  # Whatever a decoder raises, the request may have been applied.
            problem = _describe(error)
    # Raised outside the handler: the original exception quotes the body.
    applied = "" if operation.method == "GET" else "; the server may have applied the request"
    raise DecodingError(
        operation=operation.name,
        message=f"the body cannot be read ({problem}){applied}",
        status=attempt.status,
        text=_decoded_text(attempt),
        rate_limit=operation.policy.rate_limit(attempt),
        attempts=attempts,
    )


def _decoder(responses: Mapping[str, Callable[[bytes], T]], status: int) -> Callable[[bytes], T]:
    # Servers have turned 200 into 201 without notice, so a status that is not declared counts too.
    for key in (str(status), "2XX"):
        if key in responses:
            return responses[key]
    return next(iter(responses.values()))


def transport_error(
    operation: Operation[object], failure: Failure, attempts: int
) -> TransportError:
    """Give the exception that stands for the lack of an answer, after so many attempts."""
    message = "; ".join(filter(None, [failure.reason, failure.mend]))
    return TransportError(operation=operation.name, message=message, attempts=attempts)


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
    data, rule = answer.data, policy.rule_for(answer)
    error = rule.error if rule is not None else StatusError
    return error(
        operation=operation.name,
        message=_text_at(data, policy.fields.message) or _reason(answer),
        status=answer.status,
        category=_code_at(data, policy.fields.category),
        correlation_id=_code_at(data, policy.fields.correlation_id),
        missing_scopes=_scopes(data, policy.fields.scopes),
        body=_error_body(operation.error, answer.content),
        text=_decoded_text(answer),
        retry_after=policy.asked_delay(answer, now=now),
        rate_limit=policy.rate_limit(answer),
        attempts=attempts,
    )


def _text_at(data: object, way: str | None) -> str | None:
    value = dig(data, way)
    return value if isinstance(value, str) and value else None


def _code_at(data: object, way: str | None) -> str | None:
    """Find a name for people to search for, which some servers give as a number."""
    value = dig(data, way)
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if is_number else _text_at(data, way)


def _scopes(data: object, way: str | None) -> tuple[str, ...]:
    return () if way is None else tuple(dict.fromkeys(_texts_at(data, steps_of(way))))


def _texts_at(value: object, way: Sequence[str]) -> Iterator[str]:
    """Find the texts at the end of a way, which goes through each item of the lists on it."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        if way and way[0].isdecimal():
            yield from _texts_at(dig(items, way[0]), way[1:])
            return
        for each in items:
            yield from _texts_at(each, way)
    elif way and isinstance(value, Mapping):
        yield from _texts_at(cast("Mapping[str, object]", value).get(way[0]), way[1:])
    elif not way and isinstance(value, str):
        yield value


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

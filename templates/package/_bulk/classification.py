"""What an answer, or the lack of one, means for the records that were sent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, cast

from pydantic_core import from_json

from .._runtime.answer import (
    Answer,
    Failure,
    delay_before_retry,
    is_success,
    json_fields,
    status_error,
    transport_error,
)
from .._runtime.answer import Outcome as AttemptOutcome
from .._runtime.operation import Operation
from ..errors import (
    ApiError,
    AuthenticationError,
    DailyLimitError,
    PermissionDeniedError,
)
from .outcomes import Problem
from .problems import codes_of, message_of, problems_of
from .roles import Roles, Systemic

# What these are about is in the body: one record, or several.
_ABOUT_RECORDS = frozenset({400, 409, 422})
# A body that is too large is made of records, and a smaller part of them may fit, whoever says so.
_TOO_LARGE = 413

_MENDS: tuple[tuple[type[ApiError], str], ...] = (
    (AuthenticationError, "give the client a token that is valid"),
    (PermissionDeniedError, "give the token the scopes that the operation needs"),
    (DailyLimitError, "go on when the limit of the day has been reset"),
)
_TRY_LATER = "go on later, or give the client a longer time_budget, within which it tries again"
_CHECK_CALL = "check the base URL, the API version and the arguments of the call"
_NOT_OF_THE_API = "the answer is no JSON object, so it says nothing about any of the records"
_FIND_ANSWERER = (
    "find out whether something between here and the API gave the answer, such as a proxy, and check the "
    "base URL"
)


@dataclass(frozen=True)
class Accepted:
    """The server accepted the request.

    Attributes:
        body: Its answer.
    """

    body: Mapping[str, Any]


@dataclass(frozen=True)
class Retry:
    """It may go better next time.

    Attributes:
        delay: Seconds to wait before.
        in_doubt: Whether the request may have been applied all the same.
    """

    delay: float
    in_doubt: bool


@dataclass(frozen=True)
class Split:
    """At least one of the records is bad, and nothing was written.

    Attributes:
        problems: What is wrong with it.
    """

    problems: tuple[Problem, ...]


@dataclass(frozen=True)
class Stopping:
    """Nothing more should be sent.

    Attributes:
        error: What happened.
        mend: What to change before trying again.
        in_doubt: Whether the request may have been applied all the same.
        is_late: Whether another attempt would have made sense, had there been the time.
        comment: What else there is to say of it.
    """

    error: ApiError
    mend: str
    in_doubt: bool = False
    is_late: bool = False
    comment: str = ""

    @property
    def reason(self) -> str:
        """Why, in words."""
        return f"{self.error}: {self.comment}" if self.comment else str(self.error)


@dataclass(frozen=True)
class Lost:
    """Nobody knows whether the request was applied, and trying again makes no sense.

    Attributes:
        error: What happened.
        reason: The same in words.
    """

    error: ApiError | None
    reason: str


Verdict: TypeAlias = Accepted | Retry | Split | Stopping | Lost


def classify(
    operation: Operation[object],
    roles: Roles,
    outcome: AttemptOutcome,
    *,
    attempt: int,
    time_left: float,
    random: float,
    now: float,
) -> Verdict:
    """Say what the outcome of an attempt means.

    Args:
        operation: What was called.
        roles: How its errors say what is wrong.
        outcome: What came of the attempt.
        attempt: The number of the attempt, counted from 1.
        time_left: Seconds that further attempts may take.
        random: A random number from 0 up to but not including 1.
        now: The time, in seconds since the epoch.

    Returns:
        What it means.
    """
    delay = delay_before_retry(operation.policy, outcome, attempt, random=random, now=now)
    if isinstance(outcome, Failure):
        return _for_failure(operation, outcome, attempt, delay, time_left)
    if is_success(outcome):
        return _for_success(outcome)
    error = status_error(operation, outcome, attempt, now=now)
    # A server that failed may have done its work before; one that refused did nothing.
    in_doubt = outcome.status >= 500
    if delay is not None:
        if delay < time_left:
            return Retry(delay, in_doubt)
        return Stopping(error, _TRY_LATER, in_doubt, is_late=True)
    if in_doubt:
        return Lost(error, str(error))
    fields = json_fields(outcome.content)
    systemic = _systemic(roles, outcome.status, fields)
    if systemic is not None:
        return Stopping(error, systemic.mend)
    if outcome.status == _TOO_LARGE or (fields and outcome.status in _ABOUT_RECORDS):
        return Split(problems_of(roles.error, fields) if fields else _problem_of(error))
    if outcome.status in _ABOUT_RECORDS:
        # Split down to single records, it would be taken for what is wrong with each of them.
        return Stopping(error, _FIND_ANSWERER, comment=_NOT_OF_THE_API)
    mend = next((mend for kind, mend in _MENDS if isinstance(error, kind)), _CHECK_CALL)
    return Stopping(error, mend)


def _for_failure(
    operation: Operation[object],
    failure: Failure,
    attempt: int,
    delay: float | None,
    time_left: float,
) -> Verdict:
    error = transport_error(operation, failure, attempt)
    if delay is not None and delay < time_left:
        return Retry(delay, in_doubt=True)
    if delay is not None:
        return Stopping(error, _TRY_LATER, in_doubt=True, is_late=True)
    if not failure.retryable:
        # Such as a certificate that is refused: the request did not leave.
        return Stopping(error, _CHECK_CALL)
    return Lost(error, str(error))


def _for_success(answer: Answer) -> Verdict:
    problem = answer.defect
    if problem is None:
        try:
            body: object = from_json(answer.content, cache_strings="keys")
        except ValueError as error:
            problem = str(error)
        else:
            if isinstance(body, dict):
                return Accepted(cast("dict[str, Any]", body))
            problem = "it is no JSON object"
    return Lost(None, f"the API accepted the request, but its answer cannot be read: {problem}")


def _systemic(roles: Roles, status: int, fields: Mapping[str, object]) -> Systemic | None:
    codes, message = codes_of(roles.error, fields), message_of(roles.error, fields)
    for rule in roles.systemic:
        if (
            status in rule.statuses
            and (rule.code is None or rule.code in codes)
            and (rule.message is None or rule.message in message)
        ):
            return rule
    return None


def _problem_of(error: ApiError) -> tuple[Problem, ...]:
    return (Problem(None, error.category, error.message),)

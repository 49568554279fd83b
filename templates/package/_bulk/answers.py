"""What an answer, or the lack of one, means for the records that were sent.

`classify` says what it means for the request. What an answer says of each record is told by `correlation`.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TypeAlias, cast

from .._runtime.answer import Answer
from .._runtime.attempt import Attempt, Failure
from .._runtime.operation import Operation, no_content
from .._runtime.result import status_error, transport_error
from .._runtime.retry import delay_before_retry, delay_of
from .._runtime.roles import Roles, Systemic
from .._runtime.ways import WHOLE
from ..errors import (
    ApiError,
    AuthenticationError,
    DailyLimitError,
    PermissionDeniedError,
    ServerError,
)
from .answer_body import (
    Decoder,
    codes_of,
    decode_all,
    message_of,
    problems_of,
    problems_of_refusal,
    refusal_of,
)
from .outcomes import Problem

# What these are about is in the body: one record, or several.
_ABOUT_RECORDS = frozenset({400, 409, 422})
# A body that is too large is made of records, and a smaller part of them may fit, whoever says so.
_TOO_LARGE = 413
_MULTI_STATUS = 207
# What comes with these has no body (RFC 9110, 15.3.5 and 15.3.6).
_EMPTY = frozenset({204, 205})

_MENDS: tuple[tuple[type[ApiError], str], ...] = (
    (AuthenticationError, "give the client a token that is valid"),
    (PermissionDeniedError, "give the token the scopes that the operation needs"),
    (DailyLimitError, "go on when the limit of the day has been reset"),
)
_TRY_LATER = "go on later, or give the client a longer time_budget, within which it tries again"
_CHECK_SERVER = "find out whether the server runs and can be reached from here"
_CHECK_CALL = "check the base URL, the API version and the arguments of the call"
_NOT_OF_THE_API = "the answer is no JSON object, so it says nothing about any of the records"
_FIND_ANSWERER = (
    "find out whether something between here and the API gave the answer, such as a proxy, and check the "
    "base URL"
)
_MANY_STATUSES = (
    "the API accepted the request, but with status 207, which says that it accepted parts of it, and the "
    "specification does not say how its answer tells which"
)
_UNREADABLE = "the API accepted the request, but its answer cannot be read"


@dataclass(frozen=True)
class Accepted:
    """The server accepted the request.

    Attributes:
        body: Its answer, or the part of it that is needed.
        content: All of it, as it came.
    """

    body: object
    content: bytes = field(default=b"", repr=False, compare=False)

    def whole(self) -> object:
        """Decode all of it.

        Raises:
            ValueError: Part of what is not needed cannot be decoded.
        """
        return decode_all(self.content)


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
        error: The same as an error.
    """

    problems: tuple[Problem, ...]
    error: ApiError | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Stopping:
    """Nothing more should be sent.

    Attributes:
        error: What happened.
        mend: What to change before trying again.
        in_doubt: Whether the request may have been applied all the same.
        is_late: Whether another attempt would have made sense, had there been the time.
        comment: What else there is to say of it.
        problems: The properties that no record can be sent with, if the answer names such.
    """

    error: ApiError
    mend: str
    in_doubt: bool = False
    is_late: bool = False
    comment: str = ""
    problems: tuple[Problem, ...] = ()

    @property
    def reason(self) -> str:
        """Why, in words."""
        return f"{self.error}: {self.comment}" if self.comment else str(self.error)


@dataclass(frozen=True)
class Lost:
    """Nobody knows whether the request was applied, and the API does not say that it passes.

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
    attempt: Attempt,
    *,
    number: int,
    time_left: float,
    random: float,
    now: float,
    decode: Decoder = decode_all,
    before: Attempt | None = None,
) -> Verdict:
    """Say what an attempt means.

    Args:
        operation: What was called.
        roles: How its errors say what is wrong.
        attempt: What came of it.
        number: The number of the attempt, counted from 1.
        time_left: Seconds that further attempts may take.
        random: A random number from 0 up to but not including 1.
        now: The time, in seconds since the epoch.
        decode: Decodes the body of an answer that accepts the request.
        before: What came of the attempt before, if that was tried again.

    Returns:
        What it means.
    """
    delay = delay_before_retry(operation.policy, attempt, number, random=random, now=now)
    if isinstance(attempt, Failure):
        if attempt.is_late and before is not None and delay is not None and delay >= time_left:
            # What the time left cut short says less than what made it run out.
            return classify(
                operation,
                roles,
                before,
                number=number - 1,
                time_left=time_left,
                random=random,
                now=now,
            )
        return _for_failure(operation, attempt, number, delay, time_left)
    if attempt.is_success:
        return _for_success(operation, roles, attempt, decode)
    error = status_error(operation, attempt, number, now=now)
    # A server that failed may have done its work before; one that refused did nothing.
    in_doubt = attempt.status >= 500 or isinstance(error, ServerError)
    if delay is not None:
        if delay < time_left:
            return Retry(delay, in_doubt)
        return Stopping(error, _TRY_LATER, in_doubt, is_late=True)
    if in_doubt:
        return Lost(error, str(error))
    told = refusal_of(attempt.content)
    systemic = _systemic(roles, attempt.status, told)
    if systemic is not None:
        named = tuple(
            each
            for each in problems_of(roles.error, told)
            if each.property and each.code == systemic.code
        )
        return Stopping(error, systemic.mend, problems=named)
    # Whatever the status, what the error means is no record's fault.
    mend = next((mend for kind, mend in _MENDS if isinstance(error, kind)), None)
    if mend is not None:
        return Stopping(error, mend)
    if attempt.status == _TOO_LARGE or (told and attempt.status in _ABOUT_RECORDS):
        return Split(problems_of_refusal(roles, told) if told else _problem_of(error), error)
    if attempt.status in _ABOUT_RECORDS:
        # Split down to single records, it would be taken for what is wrong with each of them.
        return Stopping(error, _FIND_ANSWERER, comment=_NOT_OF_THE_API)
    return Stopping(error, _CHECK_CALL)


def delay_before_replay(
    operation: Operation[object], number: int, *, random: float
) -> float | None:
    """Decide whether what nobody knows anything about may be sent again, and when.

    Args:
        operation: What was called.
        number: The number of the attempt, counted from 1.
        random: A random number from 0 up to but not including 1.

    Returns:
        Seconds to wait before, or None if applying a request twice may do harm. Each record has a key that
        finds it, so that it is not there twice; only the operation can tell whether that is all.
    """
    if not operation.policy.retry_transport:
        return None
    return delay_of(operation.policy, number, random=random)


def _for_failure(
    operation: Operation[object],
    failure: Failure,
    number: int,
    delay: float | None,
    time_left: float,
) -> Verdict:
    error, in_doubt = (
        transport_error(operation, replace(failure, mend=""), number),
        failure.in_doubt,
    )
    if delay is not None and delay < time_left:
        return Retry(delay, in_doubt)
    if delay is not None:
        mend = failure.mend or (_TRY_LATER if in_doubt else f"{_CHECK_SERVER}; {_TRY_LATER}")
        return Stopping(error, mend, in_doubt, is_late=True)
    if not failure.retryable or not in_doubt:
        # Such as a certificate that is refused: the request did not leave.
        return Stopping(error, failure.mend or _CHECK_CALL)
    return Lost(error, str(error))


def _for_success(
    operation: Operation[object], roles: Roles, answer: Answer, decode: Decoder
) -> Verdict:
    if roles.job is not None:  # What tells of it may be in a header.
        return Accepted({}, answer.content)
    if roles.results is None and roles.errors is None and roles.count is None:
        return _for_mere_success(operation, answer)
    problem = answer.defect
    if problem is None:
        try:
            body = decode(answer.content)
        except ValueError as error:
            problem = str(error)
        else:
            may_be_list = WHOLE in (roles.results, roles.errors)
            if isinstance(body, (dict, list) if may_be_list else dict):
                return Accepted(cast("object", body), answer.content)
            problem = f"it is no JSON object{' and no list' if may_be_list else ''}"
    return Lost(None, f"{_UNREADABLE}: {problem}")


def _for_mere_success(operation: Operation[object], answer: Answer) -> Verdict:
    """Say what a success means that tells nothing of records. It counts only if it is the API's."""
    responses, problem = operation.responses, answer.defect
    may_be_empty = answer.status in _EMPTY or no_content in responses.values()
    content = answer.content.strip()
    if problem is None and not content:
        problem = None if may_be_empty else "it is empty"
    elif problem is None:
        try:
            decode_all(content)
        except ValueError as error:
            # Where no JSON is promised, a word is as good; a page is somebody else's.
            problem = None if may_be_empty and not content.startswith(b"<") else str(error)
    if problem is not None:
        return Lost(None, f"{_UNREADABLE}: {problem}")
    if answer.status == _MULTI_STATUS and not responses.keys() & {str(_MULTI_STATUS), "2XX"}:
        return Lost(None, _MANY_STATUSES)
    return Accepted({}, answer.content)


def _systemic(roles: Roles, status: int, told: object) -> Systemic | None:
    codes, message = codes_of(roles.error, told), message_of(roles.error, told)
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

"""What an API's errors and headers mean, and which errors are worth another attempt, as data.

Everything here is immutable and hashable, and is filled in by the emitted code.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..errors import RateLimit, StatusError
from .answer import Answer
from .ways import dig

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
# The longest delay that is meant is a day. One of more than 30 days is a mistake, such as a date in
# place of seconds.
LONGEST_DELAY = 30 * 24 * 3600.0
_LATEST_SECONDS = 100_000_000_000


@dataclass(frozen=True)
class ErrorRule:
    """What to make of some of the statuses outside 2xx.

    Attributes:
        statuses: Statuses, and classes of them such as "5XX", that the rule is about.
        error: The exception that stands for them.
        when: Ways to fields of the JSON body, as "errors.0.code", and the values that they must have,
            without case.
        retry: Whether another attempt makes sense.
        minimum_delay: Seconds to wait at least before another attempt.
        delay_header: Name of a response header that says how long to wait at least.
        delay_unit: What that header holds: "seconds", "milliseconds" or "date", when to try again: as dates
            are written in HTTP or in ISO 8601, or in (milli)seconds since 1970. None: milliseconds.
        expired_token: Whether the token has expired, so that another one helps.
    """

    statuses: tuple[int | str, ...]
    error: type[StatusError]
    when: tuple[tuple[str, str], ...] = ()
    retry: bool = False
    minimum_delay: float = 0.0
    delay_header: str | None = None
    delay_unit: str | None = None
    expired_token: bool = False

    def matches(self, answer: Answer) -> bool:
        """Tell whether the rule is about an answer: its status and all else are as the rule asks."""
        status = answer.status
        if status not in self.statuses and f"{status // 100}XX" not in self.statuses:
            return False
        return all(
            (found := dig(answer.data, way)) is not None
            and str(found).casefold() == value.casefold()
            for way, value in self.when
        )

    def asked_delay(self, headers: Mapping[str, str], now: float) -> float | None:
        """Read the seconds to wait that the header of the rule asks for.

        Args:
            headers: The headers, with names in lower case.
            now: The time, in seconds since the epoch.
        """
        if self.delay_header is None:
            return None
        value = headers.get(self.delay_header.lower(), "").strip()
        if self.delay_unit == "date":
            moment = _moment(value)
            return None if moment is None else max(0.0, moment - now)
        number = _number(value)
        if number is None:
            return None
        return number if self.delay_unit == "seconds" else number / 1000


@dataclass(frozen=True)
class Backoff:
    """How the delay between attempts grows, as long as nothing asks for a longer one.

    Attributes:
        initial: Seconds before the second attempt, before jitter.
        multiplier: What each further delay is multiplied by.
        maximum: Seconds that no delay exceeds.
    """

    initial: float
    multiplier: float
    maximum: float

    def delay(self, attempt: int) -> float:
        """Give the seconds to wait after an attempt that failed, counted from 1, before jitter."""
        try:
            return min(self.maximum, self.initial * self.multiplier ** (attempt - 1))
        except OverflowError:
            return self.maximum


@dataclass(frozen=True)
class ErrorFields:
    """Ways to fields of a JSON error body, as "error.message". None: the API has no such field.

    Attributes:
        message: Says what is wrong.
        category: Names the kind of error.
        correlation_id: Identifies the request to the server's operators.
        scopes: Lists the scopes that the token lacks; the way leads through all items of lists on it.
    """

    message: str | None = None
    category: str | None = None
    correlation_id: str | None = None
    scopes: str | None = None


@dataclass(frozen=True)
class RateLimitHeaders:
    """Names of the response headers that tell rate limits. None: the API has no such header.

    Attributes:
        maximum: Requests allowed in one interval.
        remaining: Requests left in the current interval.
        interval_milliseconds: Length of the interval.
        daily_maximum: Requests allowed in one day.
        daily_remaining: Requests left today.
    """

    maximum: str | None = None
    remaining: str | None = None
    interval_milliseconds: str | None = None
    daily_maximum: str | None = None
    daily_remaining: str | None = None


@dataclass(frozen=True)
class ErrorPolicy:
    """All that is known about the errors of an API.

    Attributes:
        rules: The first one that matches an answer counts. Without a match the answer is a
            `StatusError` and is not tried again.
        backoff: How the delay between attempts grows.
        fields: Where error bodies say what.
        rate_limit_headers: Where answers tell the rate limits.
        retry_transport: Whether to try again when there was no complete answer, which is right only
            if applying a request twice does no harm.
    """

    rules: tuple[ErrorRule, ...]
    backoff: Backoff
    fields: ErrorFields
    rate_limit_headers: RateLimitHeaders
    retry_transport: bool = False

    def rule_for(self, answer: Answer) -> ErrorRule | None:
        """Find the rule that counts for an answer: the first one that matches, or None."""
        return next((rule for rule in self.rules if rule.matches(answer)), None)

    @property
    def knows_expired_tokens(self) -> bool:
        """Whether a rule tells that a token has expired."""
        return any(rule.expired_token for rule in self.rules)

    def asked_delay(self, answer: Answer, *, now: float) -> float | None:
        """Read how long the server asks to wait before the next attempt.

        Args:
            answer: The answer.
            now: The time, in seconds since the epoch; `Retry-After` may be a date.

        Returns:
            Seconds, or None if no header says so or makes sense.
        """
        asked = [_retry_after(answer.headers.get("retry-after", "").strip(), now)]
        rule = self.rule_for(answer)
        if rule is not None:
            asked.append(rule.asked_delay(answer.headers, now))
        return max(
            (seconds for seconds in asked if seconds is not None and seconds <= LONGEST_DELAY),
            default=None,
        )

    def rate_limit(self, answer: Answer) -> RateLimit | None:
        """Read what the server says about its rate limits.

        Args:
            answer: The answer.

        Returns:
            The limits, or None if the server said nothing about any of them. Values without sense are
            ignored.
        """
        headers, names = answer.headers, self.rate_limit_headers
        limit = RateLimit(
            maximum=_count(headers, names.maximum),
            remaining=_count(headers, names.remaining),
            interval=_seconds(headers, names.interval_milliseconds),
            daily_maximum=_count(headers, names.daily_maximum),
            daily_remaining=_count(headers, names.daily_remaining),
        )
        return limit if limit != RateLimit() else None


def _retry_after(value: str, now: float) -> float | None:
    seconds = _number(value)
    if seconds is not None:
        return seconds
    moment = _seconds_at(parsedate_to_datetime, value)
    return None if moment is None else max(0.0, moment - now)


def _moment(value: str) -> float | None:
    """Read a moment as seconds since the epoch, however it is written."""
    seconds = _number(value)
    if seconds is not None:
        # A time of our days has three digits more in milliseconds.
        return seconds / 1000 if seconds > _LATEST_SECONDS else seconds
    moment = _seconds_at(parsedate_to_datetime, value)
    return _seconds_at(datetime.fromisoformat, value) if moment is None else moment


def _seconds_at(read: Callable[[str], datetime], value: str) -> float | None:
    try:
        moment = read(value)
        # A date without a zone is in UTC, as all dates in HTTP are.
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


def _count(headers: Mapping[str, str], name: str | None) -> int | None:
    number = _number(headers.get(name.lower())) if name is not None else None
    return int(number) if number is not None else None


def _seconds(headers: Mapping[str, str], name: str | None) -> float | None:
    number = _number(headers.get(name.lower())) if name is not None else None
    return number / 1000 if number is not None else None


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None

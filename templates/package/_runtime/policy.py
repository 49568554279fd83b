"""What an API's errors mean and which of them are worth another attempt, as data.

Everything here is immutable and hashable, and is filled in by the emitted code.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ..errors import StatusError


@dataclass(frozen=True)
class ErrorRule:
    """What to make of some of the statuses outside 2xx.

    Attributes:
        statuses: Statuses, and classes of them such as "5XX", that the rule is about.
        error: The exception that stands for them.
        when: Names of fields of the JSON body and the values that they must have, without case.
        retry: Whether another attempt makes sense.
        minimum_delay: Seconds to wait at least before another attempt.
        delay_header: Name of a response header that holds the milliseconds to wait at least.
    """

    statuses: tuple[int | str, ...]
    error: type[StatusError]
    when: tuple[tuple[str, str], ...] = ()
    retry: bool = False
    minimum_delay: float = 0.0
    delay_header: str | None = None

    def matches(self, status: int, fields: Mapping[str, object]) -> bool:
        """Tell whether the rule is about an answer.

        Args:
            status: The status of the answer.
            fields: The fields of its JSON body; empty if that is no JSON object.

        Returns:
            Whether status and fields are what the rule asks for.
        """
        if status not in self.statuses and f"{status // 100}XX" not in self.statuses:
            return False
        return all(
            name in fields and str(fields[name]).casefold() == value.casefold()
            for name, value in self.when
        )


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
        """Give the delay after an attempt, before jitter.

        Args:
            attempt: The number of the attempt that failed, counted from 1.

        Returns:
            Seconds.
        """
        try:
            return min(self.maximum, self.initial * self.multiplier ** (attempt - 1))
        except OverflowError:
            return self.maximum


@dataclass(frozen=True)
class ErrorFields:
    """Names of the fields of a JSON error body. None: the API has no such field.

    Attributes:
        message: Says what is wrong.
        category: Names the kind of error.
        correlation_id: Identifies the request to the server's operators.
    """

    message: str | None = None
    category: str | None = None
    correlation_id: str | None = None


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
        retry_transport: Whether to try again when there was no complete answer, which is right only
            if applying a request twice does no harm.
        backoff: How the delay between attempts grows.
        fields: Where error bodies say what.
        rate_limit_headers: Where answers tell the rate limits.
    """

    rules: tuple[ErrorRule, ...]
    retry_transport: bool
    backoff: Backoff
    fields: ErrorFields
    rate_limit_headers: RateLimitHeaders

    def rule_for(self, status: int, fields: Mapping[str, object]) -> ErrorRule | None:
        """Find the rule that counts for an answer.

        Args:
            status: The status of the answer.
            fields: The fields of its JSON body; empty if that is no JSON object.

        Returns:
            The first rule that matches, or None.
        """
        return next((rule for rule in self.rules if rule.matches(status, fields)), None)

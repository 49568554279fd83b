"""What the headers of an answer say about time and limits. Values without sense are ignored."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

from ..errors import RateLimit
from .policy import RateLimitHeaders

_NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{1,15})?")
# The longest delay that is meant is a day. One of more than 30 days is a mistake, such as a date in
# place of seconds.
_LONGEST_DELAY = 30 * 24 * 3600.0


def retry_after(headers: Mapping[str, str], *, now: float) -> float | None:
    """Read how long the server asks to wait before the next attempt.

    Args:
        headers: The headers of the answer, with names in lower case.
        now: The time, in seconds since the epoch; `Retry-After` may be a date.

    Returns:
        Seconds, or None if the header is missing or makes no sense.
    """
    value = headers.get("retry-after", "").strip()
    seconds = _number(value)
    if seconds is None:
        try:
            moment = parsedate_to_datetime(value)
            # A date without a zone is in UTC, as all dates in HTTP are.
            moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
            seconds = max(0.0, moment.timestamp() - now)
        except (ValueError, TypeError, IndexError, OverflowError):
            return None
    return seconds if seconds <= _LONGEST_DELAY else None


def delay(headers: Mapping[str, str], name: str) -> float | None:
    """Read a header that holds a delay in milliseconds.

    Args:
        headers: The headers of the answer, with names in lower case.
        name: The name of the header, in any case.

    Returns:
        Seconds, or None if the header is missing or makes no sense.
    """
    seconds = _seconds(headers, name)
    return seconds if seconds is not None and seconds <= _LONGEST_DELAY else None


def rate_limit(headers: Mapping[str, str], names: RateLimitHeaders) -> RateLimit | None:
    """Read what the server says about its rate limits.

    Args:
        headers: The headers of the answer, with names in lower case.
        names: Which headers tell what.

    Returns:
        The limits, or None if the server said nothing about any of them.
    """
    limit = RateLimit(
        maximum=_count(headers, names.maximum),
        remaining=_count(headers, names.remaining),
        interval=_seconds(headers, names.interval_milliseconds),
        daily_maximum=_count(headers, names.daily_maximum),
        daily_remaining=_count(headers, names.daily_remaining),
    )
    return limit if limit != RateLimit() else None


def _count(headers: Mapping[str, str], name: str | None) -> int | None:
    number = _number(headers.get(name.lower())) if name is not None else None
    return int(number) if number is not None else None


def _seconds(headers: Mapping[str, str], name: str | None) -> float | None:
    number = _number(headers.get(name.lower())) if name is not None else None
    return number / 1000 if number is not None else None


def _number(text: str | None) -> float | None:
    text = (text or "").strip()
    return float(text) if _NUMBER.fullmatch(text) else None

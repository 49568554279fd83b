"""Moments as RFC 3339 writes them, with all that a datetime cannot hold."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from typing import Any

# The hour 24 is none of RFC 3339, and some versions of Python take it for the day that follows.
_MOMENT = re.compile(
    r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[Tt ](?P<minute>(?:[01][0-9]|2[0-3]):[0-9]{2})(?P<second>:[0-9]{2}(?:\.(?P<fraction>[0-9]+))?)?"
    r"(?P<zone>[Zz]|[+-][0-9]{2}:[0-9]{2})?)?"
)


class Timestamp(datetime):
    """A moment as an answer wrote it, where a datetime cannot hold all that was written.

    It is the datetime next before it: without what is beyond microseconds, and at the end of the second
    before a leap second. `text` is what was written, and what is written again.

    Example:
        >>> at = Timestamp.parse("2026-01-01T00:00:00.123456789Z")
        >>> at.microsecond, at.text
        (123456, '2026-01-01T00:00:00.123456789Z')
    """

    _text: str | None = None

    @property
    def text(self) -> str:
        """What was written; of a moment that was calculated from others, its ISO format."""
        return self._text or self.isoformat()

    @classmethod
    def parse(cls, text: str) -> Timestamp:
        """Read a moment of RFC 3339, which may lack its zone, its seconds, or all of its time.

        Raises:
            ValueError: It is none.
        """
        match = _MOMENT.fullmatch(text)
        if match is None:
            raise ValueError("no date and time of RFC 3339")
        second, fraction = (match["second"] or ":00")[:3], (match["fraction"] or "")[:6].ljust(
            6, "0"
        )
        if second == ":60":
            second, fraction = ":59", "999999"
        read = datetime.fromisoformat(
            f"{match['date']}T{match['minute'] or '00:00'}{second}.{fraction}"
        )
        made = cls.combine(read.date(), read.time(), _zone(match["zone"]))
        made._text = text
        return made

    def __reduce_ex__(self, protocol: Any) -> Any:
        """Keep the text in copies and pickles."""
        if self._text is None:
            return super().__reduce_ex__(protocol)
        return (Timestamp.parse, (self._text,))


def _zone(text: str | None) -> tzinfo | None:
    if text is None or text in "Zz":
        return None if text is None else UTC
    offset = timedelta(hours=int(text[1:3]), minutes=int(text[4:6]))
    return timezone(-offset if text[0] == "-" else offset)

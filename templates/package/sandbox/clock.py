"""The time in which a sandbox lives: what its clock says, and how long its answers take."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from .errors import SandboxError

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_SHIFT = re.compile(r"([+-])([0-9]{1,6})([smhd])")
_LATENCY = re.compile(
    r"([0-9]{1,6}(?:\.[0-9]{1,6})?)(ms|s)(?:(?:±|\+-)([0-9]{1,6}(?:\.[0-9]{1,6})?))?"
)
_LONGEST_LATENCY = 3600.0
# A shift leads no further, however long the sandbox runs.
_FARTHEST = timedelta(days=365 * 100)


@dataclass(frozen=True)
class Clock:
    """What records and answers take for the time.

    Attributes:
        fixed: The moment at which it stands still; None if it runs.
        shift: How far it is ahead of the real time, if it runs.
    """

    fixed: datetime | None = None
    shift: timedelta = timedelta()

    def now(self) -> datetime:
        """Give its time, in UTC."""
        return self.fixed or datetime.now(UTC) + self.shift

    def text(self) -> str:
        """Give its time as ISO 8601 with milliseconds."""
        return in_utc(self.now())


@dataclass(frozen=True)
class Latency:
    """How long an answer takes at least: as chance has it, within a spread around the usual.

    Attributes:
        seconds: The usual.
        spread: How many seconds more or less it may be.
        random: Where chance comes from.
    """

    seconds: float
    spread: float = 0.0
    random: Random = field(default_factory=lambda: Random(0), compare=False, repr=False)

    def draw(self) -> float:
        """Give the seconds for the next request."""
        return max(0.0, self.seconds + self.random.uniform(-self.spread, self.spread))


def in_utc(moment: datetime) -> str:
    """Give a moment as ISO 8601 in UTC, with milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def parse_clock(text: str) -> Clock:
    """Read how a clock is set: `2026-03-01T12:00:00Z` stands still, `+2d` or `-90m` is shifted.

    Raises:
        SandboxError: That is neither.
    """
    shifted = _SHIFT.fullmatch(text)
    if shifted is not None:
        shift = timedelta(**{_UNITS[shifted[3]]: int(shifted[1] + shifted[2])})
        if abs(shift) <= _FARTHEST:
            return Clock(shift=shift)
    else:
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            moment = None
        if moment is not None and moment.tzinfo is not None:
            return Clock(moment)
    raise SandboxError(
        "the clock must be set to a moment with its offset, such as 2026-03-01T12:00:00Z, or shifted by "
        f"up to {_FARTHEST.days} days, such as +2d or -90m; got {text!r}"
    )


def parse_latency(text: str) -> Latency:
    """Read how long answers take: `80ms`, `80ms±20` (also `80ms+-20`) or `1.5s±0.5`.

    Raises:
        SandboxError: That is none.
    """
    found = _LATENCY.fullmatch(text)
    factor = 1000 if found is not None and found[2] == "ms" else 1
    seconds = float(found[1]) / factor if found is not None else 0.0
    spread = float(found[3] or 0) / factor if found is not None else 0.0
    if found is None or not spread <= seconds <= _LONGEST_LATENCY:
        raise SandboxError(
            "the latency must be such as 80ms, 80ms±20 or 1.5s±0.5, with a spread that is no longer than it "
            f"and up to {_LONGEST_LATENCY:g}s; got {text!r}"
        )
    return Latency(seconds, spread)

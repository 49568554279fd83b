"""What can go wrong on purpose, and how that is said in a line of text."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

_PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "locked": ("retry-after",),
    "rate-limit": ("retry-after",),
    "daily-limit": ("retry-after",),
    "account-moving": ("retry-after",),
    "server": ("status", "retry-after"),
    "html-error": ("status", "retry-after"),
    "reset-before": (),
    "server-after": ("status", "retry-after"),
    "reset-after": (),
    "slow-first-byte": ("seconds",),
    "slow-body": ("seconds",),
    "truncated-body": (),
    "created-status": (),
    "unknown-fields": (),
    "unknown-enum-values": (),
    "missing-results": (),
}

KINDS: tuple[str, ...] = tuple(_PARAMETERS)
"""Every kind of fault."""

SITUATIONS: frozenset[str] = frozenset(
    {"locked", "rate-limit", "daily-limit", "account-moving", "server"}
)
"""The kinds that are answered like the situation of that name, and nothing is done."""

INSTEAD: frozenset[str] = SITUATIONS | {"html-error", "reset-before"}
"""The kinds that keep a request from being done; all others come after it was done."""

# What is left of these is for the caller to mend: trying again is not enough.
_NOT_SCHEDULED = frozenset({"daily-limit", "account-moving", "missing-results"})

_LONGEST_SECONDS = 3600.0
_LONGEST_RETRY_AFTER = 30 * 24 * 3600.0


class FaultError(ValueError):
    """A fault or a schedule cannot be read. The message is one line that says how to mend it."""


@dataclass(frozen=True)
class Fault:
    """Something that goes wrong on purpose. Its text, `str(fault)`, is what `parse_fault` reads.

    Attributes:
        kind: What goes wrong, one of `KINDS`.
        status: The status of the answer, where the kind leaves a choice.
        seconds: How long the answer takes, where it is slow.
        retry_after: The seconds of the answer's `Retry-After`, if it is to have one.
    """

    kind: str
    status: int | None = None
    seconds: float | None = None
    retry_after: float | None = None

    def __str__(self) -> str:
        given = {"status": self.status, "seconds": self.seconds, "retry-after": self.retry_after}
        parts = [f"{name}={value:g}" for name, value in given.items() if value is not None]
        return ";".join([self.kind, *parts])


@dataclass(frozen=True)
class Schedule:
    """Faults by chance, of which a seed decides: the same requests meet the same faults again.

    Attributes:
        seed: Decides which requests meet which faults.
        rate: How likely a fault is, from 0 to 1.
        kinds: What may happen, each as likely as the others.
        seconds: How long slow answers take, or None for as long as they usually do.
    """

    seed: int
    rate: float
    kinds: tuple[str, ...] = tuple(kind for kind in KINDS if kind not in _NOT_SCHEDULED)
    seconds: float | None = None

    def draw(self, random: Random) -> Fault | None:
        """Give the fault of the next request, if it meets one.

        Args:
            random: Where chance comes from. Each request takes as many numbers from it as any other,
                in ways that all versions of Python share.
        """
        happens, which = random.random() < self.rate, random.random()
        if not happens:
            return None
        kind = self.kinds[int(which * len(self.kinds))]
        return Fault(kind, seconds=self.seconds if "seconds" in _PARAMETERS[kind] else None)


def parse_fault(text: str) -> Fault:
    """Read a fault, such as `reset-after`, `server;status=503` or `slow-body;seconds=0.5`.

    Args:
        text: One of `KINDS`, and after semicolons what that kind leaves open: `status`, `seconds` or
            `retry-after`.

    Returns:
        The fault.

    Raises:
        FaultError: That is none.
    """
    kind, *parts = (part.strip() for part in text.split(";"))
    _check_kind(kind)
    values = _read_pairs(parts, _PARAMETERS[kind], f"the fault {kind!r}")
    status = _number(values, "status", 400, 599, whole=True)
    return Fault(
        kind,
        status=None if status is None else int(status),
        seconds=_number(values, "seconds", 0, _LONGEST_SECONDS),
        retry_after=_number(values, "retry-after", 0, _LONGEST_RETRY_AFTER),
    )


def parse_schedule(text: str) -> Schedule:
    """Read a schedule, such as `seed=7,rate=0.1` or `seed=7,rate=0.1,kinds=locked+reset-after`.

    Args:
        text: `seed`, a whole number; `rate`, from 0 to 1; and, if need be, `kinds`, of `KINDS`, joined
            by `+`, or `all`, instead of all that trying again mends; and `seconds` for slow answers.

    Returns:
        The schedule.

    Raises:
        FaultError: That is none.
    """
    parts = [part.strip() for part in text.split(",")]
    values = _read_pairs(parts, ("seed", "rate", "kinds", "seconds"), "a schedule of faults")
    seed = _number(values, "seed", 0, 2**53, whole=True)
    rate = _number(values, "rate", 0, 1)
    if seed is None or rate is None:
        missing = "seed" if seed is None else "rate"
        raise FaultError(
            f"a schedule of faults needs {missing}, as in 'seed=7,rate=0.1'; got {text!r}"
        )
    schedule = Schedule(int(seed), rate, seconds=_number(values, "seconds", 0, _LONGEST_SECONDS))
    if "kinds" not in values:
        return schedule
    kinds = KINDS if values["kinds"] == "all" else tuple(values["kinds"].split("+"))
    for kind in kinds:
        _check_kind(kind)
    return replace(schedule, kinds=kinds)


def _check_kind(kind: str) -> None:
    if kind not in _PARAMETERS:
        raise FaultError(f"there is no fault {kind!r}; {_hint(kind, KINDS)}")


def _hint(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = difflib.get_close_matches(name, known, 1)
    return f"did you mean {near[0]!r}?" if near else f"there are {', '.join(known)}"


def _read_pairs(parts: Iterable[str], known: Sequence[str], what: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in parts:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in known:
            hint = _hint(name, known) if known else "it takes nothing"
            raise FaultError(f"{what} does not take {name!r}; {hint}")
        if not equals or not value:
            raise FaultError(f"{what} needs a value for {name!r}, as in '{name}=1'")
        if name in values:
            raise FaultError(f"{what} takes {name!r} only once")
        values[name] = value
    return values


def _number(
    values: Mapping[str, str], name: str, least: float, most: float, *, whole: bool = False
) -> float | None:
    text = values.get(name)
    if text is None:
        return None
    try:
        number = float(int(text)) if whole else float(text)
    except (ValueError, OverflowError):
        number = math.nan
    if not least <= number <= most:
        kind = "a whole number" if whole else "a number"
        raise FaultError(f"{name} must be {kind} from {least:g} to {most:.16g}; got {text!r}")
    return number

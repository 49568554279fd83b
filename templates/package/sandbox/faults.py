"""Faults on demand: how they are written, and which request meets which one.

A request asks for one in its header, a test queues some, or a schedule lets a seed decide.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random

from .._runtime.policy import LONGEST_DELAY
from .errors import FaultError, hint

FAULT_HEADER = "sandbox-fault"
"""The header of a request that asks for a fault."""

CANCELLED = "cancelled"
"""The kind that is answered as a success of which nothing was done."""

REFUSED_RECORDS = "refused-records"
"""The kind by which every other record of a request is refused, beginning with the first."""

FAILED_JOB, LOST_JOB, SLOW_JOB = "failed-job", "lost-job", "slow-job"
"""The kinds that befall the job that a request begins."""

PARAMETERS: Mapping[str, tuple[str, ...]] = {
    "bad-request": (),
    "expired-token": (),
    "forbidden": (),
    "conflict": (),
    CANCELLED: (),
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
    REFUSED_RECORDS: (),
    FAILED_JOB: (),
    LOST_JOB: (),
    SLOW_JOB: ("seconds",),
}
"""What each kind of fault leaves open."""

KINDS: tuple[str, ...] = tuple(PARAMETERS)
"""Every kind of fault."""

SITUATIONS: Mapping[str, str] = {
    "bad-request": "invalid-body",
    "expired-token": "expired-token",
    "forbidden": "missing-scope",
    "conflict": "conflict",
    "locked": "locked",
    "rate-limit": "rate-limit",
    "daily-limit": "daily-limit",
    "account-moving": "account-moving",
    "server": "server",
}
"""The kinds that are answered like a situation, and which that is; nothing is done."""

INSTEAD: frozenset[str] = frozenset({*SITUATIONS, CANCELLED, "html-error", "reset-before"})
"""The kinds that keep a request from being done; all others come after it was done."""

# What is left of these is for the caller to mend: trying again is not enough.
_NOT_SCHEDULED = frozenset(
    "bad-request expired-token forbidden conflict cancelled daily-limit account-moving "
    "missing-results refused-records failed-job lost-job".split()
)

_HTML_STATUS = 502
_USUAL_STATUS = 503
_LONGEST_SECONDS = 3600.0


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
        return Fault(kind, seconds=self.seconds if "seconds" in PARAMETERS[kind] else None)


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
    values = _read_pairs(parts, PARAMETERS[kind], f"the fault {kind!r}")
    status = _number(values, "status", 400, 599, whole=True)
    return Fault(
        kind,
        status=None if status is None else int(status),
        seconds=_number(values, "seconds", 0, _LONGEST_SECONDS),
        retry_after=_number(values, "retry-after", 0, LONGEST_DELAY),
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
    if kind not in PARAMETERS:
        expected = hint(kind, KINDS, "there are")
        raise FaultError(f"there is no fault {kind!r}; {expected}")


def _read_pairs(parts: Iterable[str], known: Sequence[str], what: str) -> dict[str, str]:
    values: dict[str, str] = {}
    for part in parts:
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if name not in known:
            expected = hint(name, known, "there are") if known else "it takes nothing"
            raise FaultError(f"{what} does not take {name!r}; {expected}")
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


@dataclass(frozen=True)
class Pending:
    """A fault that waits for requests.

    Attributes:
        fault: What goes wrong.
        times: For how many requests.
        resource: The resource whose requests meet it, or None for any.
    """

    fault: Fault
    times: int = 1
    resource: str | None = None


class Faults:
    """Which request meets which fault. Threads may share it.

    Args:
        schedule: What happens by chance, if anything.
    """

    def __init__(self, schedule: Schedule | None = None) -> None:
        self._guard = threading.Lock()
        self._pending: list[Pending] = []
        self._schedule = schedule
        self._restart()

    def add(self, pending: Pending) -> None:
        """Let the next requests meet a fault, after those that were added before.

        Raises:
            FaultError: It is for less than one request.
        """
        if pending.times < 1:
            raise FaultError(f"times must be 1 or more; got {pending.times}")
        with self._guard:
            self._pending.append(pending)

    def choose(
        self,
        header: str | None,
        resource: str,
        statuses: Sequence[int] = (),
        fits: Callable[[str], bool] = lambda _: True,
        *,
        is_known: bool = True,
    ) -> Fault | None:
        """Give the fault that a request meets, if any.

        The header of the request comes first, then what was added, then the schedule. The schedule
        counts all requests, so that those with a header of their own do not shift the faults of others.

        Args:
            header: The request's `FAULT_HEADER`, if it has one.
            resource: What it is for.
            statuses: Of which a failing server has one, if the fault names none.
            fits: Tells whether a kind of fault can befall it. What was added waits for a request that it
                fits, and what the schedule gives one that it does not fit is left out.
            is_known: Whether its token is accepted; what was added waits for a request of which it is.

        Returns:
            The fault, with a status where its kind needs one, or None.

        Raises:
            FaultError: The header cannot be read, or asks for what does not fit.
        """
        asked = None if header is None else parse_fault(header)
        if asked is not None and not fits(asked.kind):
            raise FaultError(
                f"{asked.kind!r} does not fit this request; ask for it in one of an upsert"
            )
        with self._guard:
            drawn = None if self._schedule is None else self._schedule.draw(self._random)
            if drawn is not None and not fits(drawn.kind):
                drawn = None
            waiting = self._next_pending(resource, fits) if asked is None and is_known else None
            fault = asked or waiting or drawn
            if fault is None or fault.status is not None:
                return fault
            if fault.kind == "html-error":
                return replace(fault, status=_HTML_STATUS)
            if fault.kind in {"server", "server-after"}:
                failing = [status for status in statuses if status >= 500] or [_USUAL_STATUS]
                status = failing[int(self._random_status.random() * len(failing))]
                return replace(fault, status=status)
            return fault

    def pending(self) -> list[Pending]:
        """Give what was added and has not happened yet."""
        with self._guard:
            return list(self._pending)

    def clear(self) -> None:
        """Drop what was added, and start the schedule, if there is one, from its beginning."""
        with self._guard:
            self._pending.clear()
            self._restart()

    def _restart(self) -> None:
        seed = 0 if self._schedule is None else self._schedule.seed
        self._random = Random(seed)
        # Of its own, so that statuses for queued faults do not shift the schedule.
        self._random_status = Random(seed)

    def _next_pending(self, resource: str, fits: Callable[[str], bool]) -> Fault | None:
        for index, pending in enumerate(self._pending):
            if pending.resource in {None, resource} and fits(pending.fault.kind):
                if pending.times > 1:
                    self._pending[index] = replace(pending, times=pending.times - 1)
                else:
                    del self._pending[index]
                return pending.fault
        return None

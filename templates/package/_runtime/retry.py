"""Whether and when another attempt is made, the same for synchronous and asynchronous clients."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from random import SystemRandom
from typing import TypedDict, cast

from tenacity import RetryCallState

from .answer import Answer
from .attempt import Attempt, Deadline, Failure
from .operation import Operation
from .policy import ErrorPolicy

_LOGGER = logging.getLogger(__name__.partition(".")[0])
# Forked processes share the state of any other generator, and would all wait equally long.
_CHANCE = SystemRandom()


def delay_before_retry(
    policy: ErrorPolicy, attempt: Attempt, number: int, *, random: float, now: float
) -> float | None:
    """Decide whether to try again, and when. Pure: time and chance are passed in.

    Args:
        policy: What errors mean.
        attempt: What came of the attempt.
        number: The number of the attempt, counted from 1.
        random: A random number from 0 up to but not including 1.
        now: The time, in seconds since the epoch.

    Returns:
        Seconds to wait before the next attempt, or None if there should be none.
    """
    demanded = 0.0
    if isinstance(attempt, Failure):
        if not (policy.retry_transport and attempt.retryable):
            return None
    elif attempt.is_success:
        return None
    else:
        rule = policy.rule_for(attempt)
        if rule is None or not rule.retry:
            return None
        demanded = max(rule.minimum_delay, policy.asked_delay(attempt, now=now) or 0.0)
    return delay_of(policy, number, random=random, demanded=demanded)


def delay_of(policy: ErrorPolicy, number: int, *, random: float, demanded: float = 0.0) -> float:
    """Give the seconds to wait after an attempt, if another one is to be made.

    Args:
        policy: What errors mean.
        number: The number of the attempt, counted from 1.
        random: A random number from 0 up to but not including 1.
        demanded: The seconds that the server asks to wait at least.
    """
    # Jitter spreads clients that failed together. It starts from what was demanded, so that it only
    # ever lengthens that; half of the backoff is kept free of jitter for the same reason.
    half = policy.backoff.delay(number) / 2
    return max(demanded, half) + random * half


def reason_of(attempt: Attempt) -> str:
    """Say in a few words why an attempt failed."""
    if not isinstance(attempt, Answer):
        return attempt.reason
    return f"status {attempt.status}{' that leaves records in doubt' if attempt.is_success else ''}"


def log_retry(operation: Operation[object], number: int, attempt: Attempt, delay: float) -> None:
    """Log that a request is sent again.

    Args:
        operation: What is called.
        number: The number of the attempt that failed, counted from 1.
        attempt: What came of it.
        delay: Seconds until the next one.
    """
    _LOGGER.info(
        "%s: attempt %d: %s; trying again in %.2f s",
        operation.name,
        number,
        reason_of(attempt),
        delay,
    )


class RetryOptions(TypedDict):
    """Arguments that `tenacity.Retrying` and `tenacity.AsyncRetrying` share."""

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool]
    before_sleep: Callable[[RetryCallState], None]
    retry_error_callback: Callable[[RetryCallState], Attempt]


class Schedule:
    """Decides after each attempt of one call whether and when the next one takes place.

    Args:
        operation: What is called.
        deadline: When the call must be over.

    Attributes:
        deadline: When the call must be over.
        attempts: How many attempts were started.
    """

    def __init__(self, operation: Operation[object], deadline: Deadline) -> None:
        self.deadline = deadline
        self.attempts = 0
        self._operation = operation
        self._delay = 0.0
        self._last: Attempt | None = None

    def may_start(self) -> bool:
        """Tell whether there is time to start an attempt, and count it if so."""
        if not self.deadline.allows(0.0):
            return False
        self.attempts += 1
        return True

    def last(self) -> Attempt:
        """Give what the call comes to when there is no time to start the next attempt.

        Returns:
            What came of the attempt before, which says more than that time ran out.
        """
        return self._last or self.deadline.missed()

    def options(self) -> RetryOptions:
        """Give what makes tenacity follow this schedule and return what came of the last attempt."""
        return RetryOptions(
            retry=self._wants_another,
            wait=lambda _: self._delay,
            stop=lambda _: not self.deadline.allows(self._delay),
            before_sleep=self._log,
            retry_error_callback=lambda _: self.last(),
        )

    def _wants_another(self, state: RetryCallState) -> bool:
        if state.outcome is None or state.outcome.failed:
            return False  # What an attempt raises is not for this package to handle.
        attempt = cast("Attempt", state.outcome.result())
        policy, number = self._operation.policy, state.attempt_number
        delay = delay_before_retry(
            policy, attempt, number, random=_CHANCE.random(), now=time.time()
        )
        self._delay = delay or 0.0
        # What the time budget cut short says less than what made it run out.
        is_cut_short = isinstance(attempt, Failure) and attempt.is_late
        if self._last is None or not is_cut_short or self.deadline.allows(self._delay):
            self._last = attempt
        return delay is not None

    def _log(self, state: RetryCallState) -> None:
        log_retry(self._operation, state.attempt_number, self.last(), self._delay)

"""The loop of attempts, as far as it is the same for synchronous and asynchronous clients."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from random import SystemRandom
from typing import TypedDict, cast

from tenacity import RetryCallState

from .answer import Answer, Outcome, delay_before_retry
from .deadline import Deadline
from .operation import Operation

_LOGGER = logging.getLogger(__name__.partition(".")[0])
# Forked processes share the state of any other generator, and would all wait equally long.
_CHANCE = SystemRandom()


class RetryOptions(TypedDict):
    """Arguments that `tenacity.Retrying` and `tenacity.AsyncRetrying` share."""

    retry: Callable[[RetryCallState], bool]
    wait: Callable[[RetryCallState], float]
    stop: Callable[[RetryCallState], bool]
    before_sleep: Callable[[RetryCallState], None]
    retry_error_callback: Callable[[RetryCallState], Outcome]


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
        self._last_outcome: Outcome | None = None

    def may_start(self) -> bool:
        """Tell whether there is time to start an attempt, and count it if so."""
        if not self.deadline.allows(0.0):
            return False
        self.attempts += 1
        return True

    def last_outcome(self) -> Outcome:
        """Give what the call comes to when there is no time to start the next attempt.

        Returns:
            What came of the attempt before, which says more than that time ran out.
        """
        return self._last_outcome or self.deadline.missed()

    def options(self) -> RetryOptions:
        """Give what makes tenacity follow this schedule and return the last outcome."""
        return RetryOptions(
            retry=self._wants_another,
            wait=lambda _: self._delay,
            stop=lambda _: not self.deadline.allows(self._delay),
            before_sleep=self._log,
            retry_error_callback=lambda _: self.last_outcome(),
        )

    def _wants_another(self, state: RetryCallState) -> bool:
        if state.outcome is None or state.outcome.failed:
            return False  # What an attempt raises is not for this package to handle.
        self._last_outcome = outcome = cast("Outcome", state.outcome.result())
        delay = delay_before_retry(
            self._operation.policy,
            outcome,
            state.attempt_number,
            random=_CHANCE.random(),
            now=time.time(),
        )
        self._delay = delay or 0.0
        return delay is not None

    def _log(self, state: RetryCallState) -> None:
        outcome = self.last_outcome()
        _LOGGER.info(
            "%s: attempt %d: %s; trying again in %.2f s",
            self._operation.name,
            state.attempt_number,
            f"status {outcome.status}" if isinstance(outcome, Answer) else outcome.reason,
            self._delay,
        )

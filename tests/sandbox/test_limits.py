"""Limits: what is counted, for whom and for how long."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from package.sandbox.limits import Limits, RateLimitState
from package.sandbox.record_words import OwnLimit


class Time:
    """A clock and a calendar that stand still until they are moved."""

    def __init__(self) -> None:
        self.seconds = 1000.0
        self.day = date(2026, 3, 1)

    def limits(self, **changes: Any) -> Limits:
        usual = {
            "burst": None,
            "burst_seconds": 10.0,
            "daily": None,
            "lock_after": None,
            "lock_seconds": 2.0,
        }
        return Limits(**{**usual, **changes}, clock=lambda: self.seconds, today=lambda: self.day)


def test_without_limits_everything_is_admitted() -> None:
    limits = Time().limits()
    limits.wrote(1_000_000)
    assert {limits.admit("a") for _ in range(1000)} == {None}
    assert limits.remaining("a") == RateLimitState()


def test_the_window_rolls() -> None:
    time = Time()
    limits = time.limits(burst=2)
    assert limits.admit("a") is None
    time.seconds += 6
    assert limits.admit("a") is None
    assert limits.admit("a") == "rate-limit"
    time.seconds += 4  # The first request is ten seconds old, the second four.
    assert limits.admit("a") is None
    assert limits.admit("a") == "rate-limit"


def test_what_is_refused_does_not_count() -> None:
    time = Time()
    limits = time.limits(burst=1, daily=3)
    limits.admit("a")
    for _ in range(5):
        time.seconds += 1
        assert limits.admit("a") == "rate-limit"
    time.seconds += 5
    assert limits.admit("a") is None
    assert limits.remaining("a").daily_remaining == 1


def test_a_limit_of_some_requests_is_that_of_all_tokens() -> None:
    time = Time()
    limits, own = time.limits(burst=1, daily=5), OwnLimit(name="search", requests=2, seconds=1)
    assert [limits.admit(token, own) for token in "aba"] == [None, None, "rate-limit"]
    assert [limits.admit(token) for token in "aba"] == [None, None, "rate-limit"]
    time.seconds += 1
    assert [limits.admit("a", own) for _ in range(2)] == [None, "daily-limit"]
    limits.reset()
    assert [limits.admit("a", own) for _ in range(3)] == [None, None, "rate-limit"]
    unlimited = time.limits()
    assert {unlimited.admit("a", own) for _ in range(9)} == {None}


def test_all_tokens_share_the_day_and_the_next_one_is_new() -> None:
    time = Time()
    limits = time.limits(daily=2)
    assert limits.admit("a") is None
    assert limits.admit("b") is None
    assert limits.admit("c") == "daily-limit"
    time.day += timedelta(days=1)
    assert limits.remaining("c").daily_remaining == 2
    assert limits.admit("c") is None


def test_what_remains() -> None:
    time = Time()
    limits = time.limits(burst=3, daily=5)
    limits.admit("a")
    limits.admit("b")
    assert limits.remaining("a") == RateLimitState(3, 2, 10_000, 5, 3)
    time.seconds += 10
    assert limits.remaining("a") == RateLimitState(3, 3, 10_000, 5, 3)


def test_many_records_within_a_second_lock_the_account() -> None:
    time = Time()
    limits = time.limits(lock_after=150)
    limits.wrote(100)
    time.seconds += 1
    limits.wrote(100)
    assert limits.admit("a") is None  # Never more than 150 within one second.
    time.seconds += 0.5
    limits.wrote(51)
    assert limits.admit("a") == "locked"
    assert limits.admit("b") == "locked"
    assert limits.locked_seconds() == 2.0
    time.seconds += 2
    assert limits.admit("a") is None
    assert limits.locked_seconds() == 0.0


def test_a_lock_by_hand() -> None:
    time = Time()
    limits = time.limits()
    limits.lock(30)
    limits.lock()  # Shorter: the longer one stays.
    time.seconds += 29
    assert limits.admit("a") == "locked"
    time.seconds += 1
    assert limits.admit("a") is None


def test_a_locked_account_is_told_before_a_spent_day_and_a_spent_window() -> None:
    limits = Time().limits(burst=1, daily=1)
    limits.admit("a")
    assert limits.admit("a") == "daily-limit"
    limits.lock()
    assert limits.admit("a") == "locked"


def test_reset_forgets_everything() -> None:
    limits = Time().limits(burst=1, daily=1, lock_after=1)
    limits.admit("a")
    limits.wrote(1)
    limits.lock()
    limits.reset()
    limits.wrote(1)
    assert limits.remaining("a") == RateLimitState(1, 1, 10_000, 1, 1)
    assert limits.admit("a") is None


def test_a_lock_lasts_as_long_as_asked_whatever_the_clock_says() -> None:
    time = Time()
    for start in range(1, 40_000, 97):
        time.seconds = start + 0.1
        limits = time.limits()
        limits.lock(3600)
        assert limits.locked_seconds() == 3600

"""The limiter of one process: how permits are spaced, and what is learned from answers."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from package._bulk.limiter import LocalRateLimiter, RateLimiter
from package.errors import RateLimit

from tests.bulk.account import Account, Time, most_in_window

LIMITS = {
    "requests": st.integers(1, 400),
    "seconds": st.floats(0.1, 100),
}
# Two moments that are a window apart may be a little less apart as numbers.
EXACTLY = 1 - 1e-9


def moments(limiter: RateLimiter, clock: Time, pauses: list[float]) -> list[float]:
    """When permits become valid that are asked for after pauses."""
    valid = []
    for pause in pauses:
        clock.now += pause
        valid.append(clock.now + limiter.reserve())
    return valid


@given(**LIMITS, pauses=st.lists(st.floats(0, 0.2), min_size=1, max_size=600))
def test_never_more_in_a_window_than_allowed(
    requests: int, seconds: float, pauses: list[float]
) -> None:
    clock = Time()
    limiter = LocalRateLimiter(requests, seconds, clock=clock)
    valid = moments(limiter, clock, [pause * seconds for pause in pauses])
    assert valid == sorted(valid)
    assert most_in_window(valid, seconds * EXACTLY) <= requests


@given(**LIMITS)
def test_at_least_97_percent_are_used(requests: int, seconds: float) -> None:
    clock = Time()
    limiter = LocalRateLimiter(requests, seconds, clock=clock)
    valid = moments(limiter, clock, [0.0] * (20 * requests))
    assert valid[-1] - valid[0] <= 20 * seconds / 0.97


@given(
    **LIMITS,
    lower=st.integers(1, 50),
    before=st.lists(st.floats(0, 0.1), min_size=20, max_size=200),
    after=st.lists(st.floats(0, 0.1), min_size=1, max_size=200),
)
def test_a_limit_that_gets_lower_holds_for_what_was_sent_before(
    requests: int, seconds: float, lower: int, before: list[float], after: list[float]
) -> None:
    clock = Time()
    limiter = LocalRateLimiter(requests, seconds, clock=clock)
    valid = moments(limiter, clock, [pause * seconds for pause in before])
    limiter.observe(RateLimit(maximum=lower, interval=seconds))
    allowed = min(requests, lower)
    for moment in moments(limiter, clock, [pause * seconds for pause in after]):
        valid.append(moment)
        assert sum(one > moment - seconds * EXACTLY for one in valid) <= allowed


def test_permits_are_spread_over_the_window() -> None:
    clock = Time(0)
    valid = moments(LocalRateLimiter(190, 10, clock=clock), clock, [0.0] * 187)
    assert most_in_window(valid, 1) <= 21
    assert most_in_window(valid, 10 + 0.2) <= 190


def test_late_permits_are_caught_up_within_limits() -> None:
    clock = Time()
    limiter = LocalRateLimiter(1000, 10, clock=clock)
    assert moments(limiter, clock, [0.0] * 10) == [clock.now] * 10
    assert limiter.reserve() > 0


def test_without_knowledge_there_is_no_limit() -> None:
    limiter = LocalRateLimiter(clock=Time())
    limiter.observe(None)
    limiter.observe(RateLimit(maximum=190, remaining=0))  # In how many seconds?
    limiter.observe(RateLimit(daily_maximum=1, daily_remaining=0))
    assert [limiter.reserve() for _ in range(1000)] == [0.0] * 1000


@pytest.mark.parametrize("said", [RateLimit(0, 0, 10.0), RateLimit(190, 190, 0.0)])
def test_limits_without_sense_stop_nothing(said: RateLimit) -> None:
    clock = Time()
    limiter = LocalRateLimiter(clock=clock)
    limiter.observe(said)
    assert moments(limiter, clock, [0.0] * 3)[-1] <= clock.now + 30


@pytest.mark.parametrize(
    ("maximum", "seconds", "workers"),
    [(190, 10.0, 4), (190, 10.0, 32), (100, 10.0, 16), (1000, 1.0, 400), (38, 2.0, 16)],
)
@pytest.mark.parametrize("tells", [True, False])
def test_alone_it_is_never_refused_and_uses_97_percent(
    maximum: int, seconds: float, workers: int, tells: bool
) -> None:
    account = Account(maximum=maximum, seconds=seconds)
    account.work(LocalRateLimiter(maximum, seconds, clock=account.clock), workers, tells=tells)
    account.run(20 * seconds)
    assert account.refused == []
    assert account.accepted_since(10 * seconds) >= 0.97 * 10 * maximum


@pytest.mark.parametrize("seconds", [1.0, 10.0, 100.0])
def test_finds_out_the_limit_from_the_first_answers(seconds: float) -> None:
    account = Account(seconds=seconds)
    account.work(LocalRateLimiter(clock=account.clock), 64)
    account.run(3 * seconds)
    assert account.refused == []
    account.run(10 * seconds)
    assert account.accepted_since(10 * seconds) >= 0.97 * 10 * 190


def test_leaves_room_for_others_and_takes_it_back() -> None:
    account = Account()
    account.others(rate=10, start=50, end=250)
    account.work(LocalRateLimiter(clock=account.clock), 8)
    account.run(150)
    refused = len(account.refused)
    account.run(100)
    # Others use 100 of 190, and 90 are left: in 100 s there are 900.
    assert 0.85 * 900 <= account.accepted_since(100) <= 900
    assert len(account.refused) - refused <= 0.02 * 900
    account.run(100)
    assert account.accepted_since(50) >= 0.97 * 5 * 190


@pytest.mark.parametrize("workers", [4, 8, 32])
@pytest.mark.parametrize(("at_once", "seconds"), [(1, 10 / 95), (10, 10 / 9.5), (95, 10.0)])
def test_is_hardly_refused_while_others_use_half(
    workers: int, at_once: int, seconds: float
) -> None:
    account = Account()
    account.others(rate=1 / seconds, start=0, end=300, at_once=at_once)
    account.work(LocalRateLimiter(clock=account.clock), workers)
    account.run(300)
    assert len(account.refused) < 0.01 * len(account.accepted)
    assert account.accepted_since(200) >= 0.8 * 20 * 95


def test_leaves_room_for_others_in_a_share_of_its_own() -> None:
    account = Account()
    account.others(rate=15, start=0, end=200)
    account.work(LocalRateLimiter(9.5, 1, clock=account.clock), 8)
    account.run(200)
    assert 0.7 * 400 <= account.accepted_since(100) <= 400


def test_a_permit_that_comes_late_is_given_back() -> None:
    account = Account()
    limiter = LocalRateLimiter(190, 10, clock=account.clock)
    valid = moments(limiter, account.clock, [0.0] * 40)
    account.clock.now = valid[20] + 0.11
    assert not limiter.give_back(0.09)
    assert limiter.give_back(0.11)
    # It was never sent, and so is no request of others.
    known, before = limiter._permits, 0.11 + 1e-6
    assert known.used(10, account.clock.now) - known.used(10, account.clock.now - before) == 2
    step = valid[-1] - valid[-2]
    assert limiter.reserve() == pytest.approx(valid[-1] + step - account.clock.now)
    assert not LocalRateLimiter(clock=account.clock).give_back(1000.0)


def test_threads_share_a_limiter() -> None:
    clock = Time()
    limiter = LocalRateLimiter(190, 10, clock=clock)
    start = threading.Barrier(8)

    def take() -> list[float]:
        start.wait()
        waits = []
        for number in range(500):
            waits.append(limiter.reserve())
            if not number % 10:
                limiter.observe(RateLimit(maximum=190, remaining=190, interval=10))
        return waits

    with ThreadPoolExecutor(8) as threads:
        futures = [threads.submit(take) for _ in range(8)]
        waits = sorted(wait for future in futures for wait in future.result())
    alone = LocalRateLimiter(190, 10, clock=clock)
    assert waits == pytest.approx([alone.reserve() for _ in range(4000)])


def test_asynchronous_code_gets_the_same_permits() -> None:
    clock = Time()
    limiter, other = (LocalRateLimiter(10, 10, clock=clock) for _ in range(2))
    assert [asyncio.run(limiter.reserve_async()) for _ in range(5)] == [
        other.reserve() for _ in range(5)
    ]


def test_copies_have_permits_of_their_own() -> None:
    limiter = LocalRateLimiter(1, 1000)
    for other in (pickle.loads(pickle.dumps(limiter)), copy.deepcopy(limiter)):
        assert isinstance(other, RateLimiter)
        assert other.reserve() == 0
        assert other.reserve() > 900
    assert limiter.reserve() == 0


@pytest.mark.parametrize(
    ("requests", "seconds", "problem"),
    [
        (190, None, "both requests and seconds"),
        (None, 10, "both requests and seconds"),
        (0, 10, "requests must be at least 1, not 0"),
        (float("nan"), 10, "requests must be at least 1"),
        (190, 0, "seconds must be above 0, not 0"),
        (190, float("inf"), "seconds must be above 0"),
    ],
)
def test_refuses_numbers_out_of_range(
    requests: float | None, seconds: float | None, problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        LocalRateLimiter(requests, seconds)

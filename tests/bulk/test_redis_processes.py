"""The limiter that several processes share: several processes with several threads each, and a real Redis."""

from __future__ import annotations

import math
import multiprocessing
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any, TypeVar

import pytest
from package._bulk import redis_limiter
from package._bulk.limiter import pace_for
from package._bulk.redis_limiter import RedisRateLimiter

from tests.bulk.account import most_in_window
from tests.bulk.redis_server import RedisServer
from tests.runtime.echo_server import Client, EchoServer
from tests.servers import PATIENCE, TOKEN

T = TypeVar("T")

_barrier: Barrier | None = None


def in_fleet(
    processes: int, threads: int, work: Callable[..., T], limiter: RedisRateLimiter, *arguments: Any
) -> list[list[T]]:
    """Give what work gives in each thread of each process, which begin at the same time."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes + 1)
    with ProcessPoolExecutor(
        processes, mp_context=context, initializer=_remember, initargs=(barrier,)
    ) as pool:
        given = (threads, work, limiter, *arguments)
        futures = [pool.submit(_in_threads, *given) for _ in range(processes)]
        barrier.wait(PATIENCE)
        return [future.result() for future in futures]


def _remember(barrier: Barrier) -> None:
    global _barrier
    _barrier = barrier
    redis_limiter._TIMEOUT = PATIENCE


def _in_threads(
    threads: int, work: Callable[..., T], limiter: RedisRateLimiter, *arguments: Any
) -> list[T]:
    assert _barrier is not None
    _barrier.wait(PATIENCE)
    with ThreadPoolExecutor(threads) as pool, limiter:
        futures = [pool.submit(work, limiter, *arguments) for _ in range(threads)]
        return [future.result() for future in futures]


def _reserve(limiter: RedisRateLimiter, permits: int) -> list[float]:
    """Give when permits are valid by the clock that all processes of a machine share."""
    return [time.monotonic() + limiter.reserve() for _ in range(permits)]


@dataclass(frozen=True)
class Permit:
    """A permit by the clock that all processes of a machine share.

    Attributes:
        asked: When it was asked for.
        told: When it was had.
        wait: How many seconds it was to be waited for then; too few by what the answer took too long,
            if that was before Redis gave it.
        used: When something was sent with it, if anything was.
    """

    asked: float
    told: float
    wait: float
    used: float | None

    @property
    def earliest(self) -> float:
        """The earliest moment that it may have been valid from, wherever the machine paused."""
        return self.asked + self.wait

    @property
    def latest(self) -> float:
        """The latest such moment."""
        return self.told + self.wait + (self.told - self.asked)


def _send(limiter: RedisRateLimiter, seconds: float, patience: float) -> list[Permit]:
    """Send as much as a limiter allows for some seconds, and give all permits that it took.

    Like a client, it uses no permit that is too old, nor one of which the machine hides how old it is.
    """
    end, permits = time.monotonic() + seconds, list[Permit]()
    while True:
        asked = time.monotonic()
        wait = limiter.reserve()
        told = time.monotonic()
        is_over = told + wait > end
        if not is_over:
            time.sleep(max(0.0, told + wait - time.monotonic()))
        now = time.monotonic()
        is_late = limiter.give_back(now - told - wait) or told - asked > patience
        permits.append(Permit(asked, told, wait, None if is_over or is_late else now))
        if is_over:
            return permits


def test_processes_get_different_permits(empty_redis: RedisServer) -> None:
    # Permits so far apart that the test does not last as long.
    window = 1_000_000.0
    with RedisRateLimiter("account", empty_redis.url, requests=10, seconds=window) as limiter:
        limiter.reserve()
        given = in_fleet(2, 4, _reserve, limiter, 10)
    moments = [moment for process in given for thread in process for moment in thread]
    taken = sorted(round((moment - min(moments)) / (window / 9.74)) for moment in moments)
    assert taken == list(range(2 * 4 * 10))


@pytest.mark.large
@pytest.mark.parametrize(
    ("requests", "seconds", "duration", "threads"),
    [(38, 2.0, 3.0, 2), (190, 10.0, 12.0, 8)],
    ids=["2s", "10s"],
)
def test_processes_share_a_limit(
    empty_redis: RedisServer, requests: int, seconds: float, duration: float, threads: int
) -> None:
    limiter = RedisRateLimiter("account", empty_redis.url, requests=requests, seconds=seconds)
    patience = pace_for(requests, seconds).patience
    given = in_fleet(4, threads, _send, limiter, duration, patience)
    permits = sorted(
        (one for process in given for thread in process for one in thread),
        key=lambda permit: permit.earliest,
    )
    used = sorted(one.used for one in permits if one.used is not None)
    assert most_in_window(used, seconds) <= requests
    # Whoever has to wait gets the next one, and all together what is allowed but for 3 %.
    latest = permits[0].latest
    for one in permits:
        if one.wait:
            assert one.earliest <= latest + seconds / (0.97 * requests)
        latest = max(latest, one.latest)
    # Whoever asks first is served first, in whichever process, so that all get the same.
    for one in permits:
        later = [other.latest for other in permits if other.asked > one.told]
        assert one.earliest < min(later, default=math.inf)


class _Watched(RedisRateLimiter):
    """Remembers how long the last permit of a thread took to come."""

    took = threading.local()

    def reserve(self) -> float:
        asked = time.monotonic()
        wait = super().reserve()
        self.took.seconds = time.monotonic() - asked
        return wait


def _upsert(limiter: _Watched, url: str, patience: float) -> tuple[set[str], int, list[float]]:
    """Give what became of records, how many requests left, and when.

    But not when those left that had a permit of which the machine hides how old it is. And a server would
    tell when it looked at requests: after a pause it finds several at once.
    """
    name = multiprocessing.current_process().name
    records = ({"email": f"{name}-{number}@example.com"} for number in range(950))
    send, left = ssl.SSLSocket.send, list[tuple[float, float]]()

    def stamped(connection: ssl.SSLSocket, data: Any, flags: int = 0) -> int:
        if bytes(data[:5]) == b"POST ":
            left.append((time.monotonic(), limiter.took.seconds))
        return send(connection, data, flags)

    with (
        pytest.MonkeyPatch.context() as patch,
        Client(TOKEN, base_url=url) as client,
    ):
        patch.setattr(ssl.SSLSocket, "send", stamped)
        report = client.contacts.upsert(
            records, id_property="email", limiter=limiter, concurrency=8
        )
    statuses = {str(one.status) for one in report.outcomes}
    return statuses, len(left), [moment for moment, took in left if took <= patience]


@pytest.mark.large
def test_requests_of_processes_that_begin_at_once_keep_to_the_limit(
    empty_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They connect by TLS first, and in the middle Redis loses its data."""
    certificate = tmp_path / "authority.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    patience = pace_for(190, 10).patience
    with closing(EchoServer(certificate)) as echo, closing(empty_redis.client()) as client:
        limiter = _Watched("account", empty_redis.url, requests=190, seconds=10)
        loss = threading.Timer(12, client.flushall)
        loss.start()
        given = [one for (one,) in in_fleet(4, 1, _upsert, limiter, echo.url, patience)]
        loss.join()
    assert [(statuses, count) for statuses, count, _ in given] == [({"created"}, 95)] * 4
    assert echo.requests == 4 * 95
    moments = sorted(moment for _, _, some in given for moment in some)
    assert most_in_window(moments, 10.0) <= 190

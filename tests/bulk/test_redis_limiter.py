"""The limiter that several processes share, with a real Redis."""

from __future__ import annotations

import asyncio
import gc
import itertools
import math
import multiprocessing
import pickle
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.synchronize import Barrier
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import pytest
import redis
import redis.asyncio
from package._bulk import redis_limiter
from package._bulk.limiter import Permits, RateLimiter, RateLimiterError, pace_for
from package._bulk.redis_limiter import RedisRateLimiter
from package.errors import RateLimit

from tests.bulk.account import most_in_window
from tests.bulk.command_runs import wait_until
from tests.bulk.redis_server import RedisServer
from tests.runtime.echo_server import Client, EchoServer
from tests.servers import PATIENCE, TOKEN

T = TypeVar("T")

# Permits so far apart that nothing in a test lasts as long: what is given when can be told for sure.
WINDOW = 1_000_000.0
SLOW = {"requests": 10.0, "seconds": WINDOW}
STEP = WINDOW / 9.74


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for Redis as long as it takes: who asks anew gets another permit, and the first one is lost."""
    monkeypatch.setattr(redis_limiter, "_TIMEOUT", PATIENCE)


@pytest.fixture
def server(shared_redis: RedisServer) -> Iterator[RedisServer]:
    with closing(shared_redis.client()) as client:
        client.flushall()
    yield shared_redis
    gc.collect()  # What was left open warns here, and not in another test.


@pytest.fixture
def limiter(server: RedisServer) -> Iterator[RedisRateLimiter]:
    with RedisRateLimiter("account", server.url, **SLOW) as limiter:
        yield limiter


def connections(server: RedisServer) -> int:
    """How many there are beside the one that asks."""
    with closing(server.client()) as client:
        return len([one for one in client.client_list() if one["cmd"] != "client|list"])


def shift(server: RedisServer, seconds: float) -> None:
    """Let all permits of the only limiter be valid so much later."""
    with closing(server.client()) as client:
        (key,) = client.keys()
        moments = [int(moment) + int(seconds * 1e6) for moment in client.lrange(key, 0, -1)]
        client.delete(key)
        client.rpush(key, *moments)


# Several processes with several threads each


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


def test_processes_get_different_permits(server: RedisServer) -> None:
    with RedisRateLimiter("account", server.url, **SLOW) as limiter:
        limiter.reserve()
        given = in_fleet(2, 4, _reserve, limiter, 10)
    moments = [moment for process in given for thread in process for moment in thread]
    taken = sorted(round((moment - min(moments)) / STEP) for moment in moments)
    assert taken == list(range(2 * 4 * 10))


@pytest.mark.large
@pytest.mark.parametrize(
    ("requests", "seconds", "duration", "threads"),
    [(38, 2.0, 3.0, 2), (190, 10.0, 12.0, 8)],
    ids=["2s", "10s"],
)
def test_processes_share_a_limit(
    server: RedisServer, requests: int, seconds: float, duration: float, threads: int
) -> None:
    limiter = RedisRateLimiter("account", server.url, requests=requests, seconds=seconds)
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


def _upsert(limiter: RedisRateLimiter, url: str) -> set[str]:
    name = multiprocessing.current_process().name
    records = ({"email": f"{name}-{number}@example.com"} for number in range(950))
    with Client(TOKEN, base_url=url) as client:
        report = client.contacts.upsert(
            records, id_property="email", limiter=limiter, concurrency=8
        )
    return {str(one.status) for one in report.outcomes}


@pytest.mark.large
def test_requests_of_processes_that_begin_at_once_keep_to_the_limit(
    server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They connect by TLS first, and in the middle Redis loses its data."""
    certificate = tmp_path / "authority.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with closing(EchoServer(certificate)) as echo, closing(server.client()) as client:
        limiter = RedisRateLimiter("account", server.url, requests=190, seconds=10)
        loss = threading.Timer(12, client.flushall)
        loss.start()
        statuses = in_fleet(4, 1, _upsert, limiter, echo.url)
        loss.join()
    assert statuses == [[{"created"}]] * 4
    assert len(echo.moments) == 4 * 95
    assert most_in_window(sorted(echo.moments), 10.0) <= 190


# One process


def test_permits_are_those_of_the_local_limiter(server: RedisServer) -> None:
    for requests in (1.0, 10.0, 190.0):
        limiter = RedisRateLimiter(f"{requests}", server.url, requests=requests, seconds=WINDOW)
        permits, begun = Permits(), time.monotonic()
        pace = pace_for(requests, WINDOW)
        for _ in range(300):
            elapsed = time.monotonic() - begun
            assert limiter.reserve() == pytest.approx(permits.take(pace, elapsed), abs=PATIENCE)
        limiter.close()


def test_a_limit_that_gets_lower_holds_for_what_was_sent_before(server: RedisServer) -> None:
    with RedisRateLimiter("account", server.url, requests=1000, seconds=WINDOW) as limiter:
        for _ in range(20):
            limiter.reserve()
        limiter.observe(RateLimit(maximum=10, interval=WINDOW))
        assert limiter.reserve() > WINDOW


def test_learns_from_answers(server: RedisServer) -> None:
    with RedisRateLimiter("account", server.url, requests=190, seconds=WINDOW) as limiter:
        limiter.observe(RateLimit(maximum=100, remaining=100, interval=WINDOW))
        waits = [limiter.reserve() for _ in range(3)]
        assert waits[2] - waits[1] == pytest.approx(WINDOW / 97.4, abs=PATIENCE)
        # One permit of this limiter is valid, so that 49 requests are those of others.
        for _ in range(50):
            limiter.observe(RateLimit(maximum=100, remaining=50, interval=WINDOW))
        waits = [limiter.reserve() for _ in range(3)]
        assert waits[2] - waits[1] == pytest.approx(WINDOW / 97.4 / 0.53, rel=0.05)


def test_takes_its_own_requests_for_its_own(server: RedisServer) -> None:
    with (
        RedisRateLimiter("account", server.url, requests=300, seconds=WINDOW) as one,
        RedisRateLimiter("account", server.url, requests=300, seconds=WINDOW) as other,
        RedisRateLimiter("account", server.url, requests=300, seconds=WINDOW) as third,
    ):
        for limiter in [one, other] * 30:
            limiter.reserve()
        shift(server, -0.25 * WINDOW)  # By now they are all used.
        third.reserve()
        third.observe(RateLimit(maximum=300, remaining=240, interval=WINDOW))
        waits = [third.reserve() for _ in range(20)]
        assert waits[-1] - waits[-2] == pytest.approx(WINDOW / (0.974 * 300), abs=PATIENCE)


def test_names_do_not_disturb_each_other(server: RedisServer) -> None:
    with (
        RedisRateLimiter("one", server.url, **SLOW) as one,
        RedisRateLimiter("other", server.url, **SLOW) as other,
        RedisRateLimiter("one", server.url, **SLOW) as again,
    ):
        assert one.reserve() == 0
        assert other.reserve() == 0
        assert again.reserve() == pytest.approx(STEP, abs=PATIENCE)


def test_can_be_pickled_with_a_url(limiter: RedisRateLimiter) -> None:
    limiter.reserve()
    with pickle.loads(pickle.dumps(limiter)) as copy:
        assert isinstance(copy, RateLimiter)
        assert copy.reserve() == pytest.approx(STEP, abs=PATIENCE)


def test_takes_a_synchronous_client(server: RedisServer) -> None:
    with closing(redis.Redis.from_url(server.url, socket_timeout=PATIENCE)) as client:
        limiter = RedisRateLimiter("account", client, **SLOW)
        assert limiter.reserve() == 0
        assert asyncio.run(limiter.reserve_async()) == pytest.approx(STEP, abs=PATIENCE)
        limiter.close()
        assert client.ping()
        with pytest.raises(TypeError, match="only if it was made with a URL"):
            pickle.dumps(limiter)


def test_refuses_an_asynchronous_client() -> None:
    client: object = redis.asyncio.Redis()
    with pytest.raises(TypeError, match="give a URL or a synchronous client"):
        RedisRateLimiter("account", client, **SLOW)  # type: ignore[arg-type]


def test_only_the_clock_of_redis_counts(
    limiter: RedisRateLimiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits = []
    for wrong in (0.0, 1e6, -1e6, 0.0):
        fake = SimpleNamespace(
            time=lambda wrong=wrong: time.time() + wrong,
            monotonic=lambda wrong=wrong: time.monotonic() + wrong,
            sleep=time.sleep,
        )
        monkeypatch.setattr(redis_limiter, "time", fake)
        waits.append(limiter.reserve())
    assert waits == pytest.approx([0, STEP, 2 * STEP, 3 * STEP], abs=PATIENCE)


def test_a_process_that_knows_nothing_lets_others_restore_what_redis_lost(
    server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        RedisRateLimiter("account", server.url, **SLOW) as known,
        RedisRateLimiter("account", server.url, **SLOW) as new,
        closing(server.client()) as client,
    ):
        taken = [known.reserve() for _ in range(3)]
        client.flushall()
        fake = SimpleNamespace(
            monotonic=time.monotonic, sleep=lambda _: taken.append(known.reserve())
        )
        monkeypatch.setattr(redis_limiter, "time", fake)
        taken.append(new.reserve())
    assert taken == pytest.approx([0, STEP, 2 * STEP, 3 * STEP, 4 * STEP], abs=PATIENCE)


def test_survives_that_the_clock_of_redis_is_set_back(server: RedisServer) -> None:
    with RedisRateLimiter("account", server.url, requests=10, seconds=1000) as limiter:
        for _ in range(3):
            limiter.reserve()
        shift(server, 3600)
        assert limiter.reserve() < 1000


def test_keys_expire(server: RedisServer) -> None:
    with (
        RedisRateLimiter("account", server.url, requests=10, seconds=0.2) as limiter,
        closing(server.client()) as client,
    ):
        expired = client.info("stats")["expired_keys"]
        for _ in range(3):
            limiter.reserve()
        wait_until(lambda: client.dbsize() == 0)
        assert client.info("stats")["expired_keys"] > expired
        with RedisRateLimiter("slow", server.url, **SLOW) as slow:
            slow.reserve()
        assert 0.9 * WINDOW < client.ttl(client.keys()[0]) <= 1.1 * WINDOW


def test_event_loops_one_after_the_other(server: RedisServer, limiter: RedisRateLimiter) -> None:
    async def take(count: int) -> list[float]:
        return await asyncio.gather(*(limiter.reserve_async() for _ in range(count)))

    waits = [*asyncio.run(take(50)), limiter.reserve(), *asyncio.run(take(50))]
    assert len({round(wait / STEP) for wait in waits}) == 101
    assert connections(server) == 1
    limiter.close()
    assert connections(server) == 0


def test_event_loops_at_the_same_time(server: RedisServer, limiter: RedisRateLimiter) -> None:
    async def take() -> list[float]:
        async with limiter:
            return [await limiter.reserve_async() for _ in range(10)]

    with ThreadPoolExecutor(4) as threads:
        futures = [threads.submit(asyncio.run, take()) for _ in range(4)]
        waits = [wait for future in futures for wait in future.result()]
    assert len({round(wait / STEP) for wait in waits}) == 40
    assert connections(server) == 0


def test_a_cancelled_task_leaves_nothing_behind(
    server: RedisServer, limiter: RedisRateLimiter
) -> None:
    async def cancel() -> None:
        tasks = [asyncio.create_task(limiter.reserve_async()) for _ in range(20)]
        await asyncio.sleep(0.001)
        for task in tasks[::2]:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        kept = [one for one in results if isinstance(one, float)]
        assert len(kept) >= 10
        assert await limiter.reserve_async() > max(kept)

    asyncio.run(cancel())
    assert connections(server) == 0


def take(limiter: RedisRateLimiter, kind: str) -> float:
    return limiter.reserve() if kind == "sync" else asyncio.run(limiter.reserve_async())


def test_goes_on_after_a_restart(own_redis: RedisServer, kind: str) -> None:
    with RedisRateLimiter("account", own_redis.url, **SLOW, patience=PATIENCE) as limiter:
        before = [take(limiter, kind) for _ in range(3)]
        own_redis.stop()
        later = threading.Timer(0.3, own_redis.start)
        later.start()
        try:
            after = take(limiter, kind)
        finally:
            later.join()
        assert after == pytest.approx(before[-1] + STEP, abs=PATIENCE)


@pytest.mark.parametrize("loses", ["all", "the last ones"])
def test_nobody_gets_a_permit_twice_when_redis_loses_its_data(
    server: RedisServer, loses: str
) -> None:
    with (
        RedisRateLimiter("account", server.url, **SLOW) as one,
        RedisRateLimiter("account", server.url, **SLOW) as other,
        RedisRateLimiter("account", server.url, **SLOW) as third,
        closing(server.client()) as client,
    ):
        limiters = [one, other, third]
        waits = [limiter.reserve() for limiter in limiters]
        key = client.keys()[0]
        copy = client.dump(key) or b""
        waits += [limiter.reserve() for limiter in [*limiters, *limiters[::-1]]]
        client.flushall()
        if loses == "the last ones":
            client.restore(key, 0, copy)
        waits += [limiter.reserve() for limiter in [*limiters, *limiters]]
    steps = [later - earlier for earlier, later in itertools.pairwise(sorted(waits))]
    assert min(steps) > STEP - PATIENCE
    assert max(waits) < (len(waits) + len(limiters)) * STEP


def test_a_permit_that_comes_late_is_given_back(
    server: RedisServer, limiter: RedisRateLimiter
) -> None:
    waits = [limiter.reserve() for _ in range(3)]
    assert not limiter.give_back(0.0099 * WINDOW)
    assert limiter.give_back(0.0101 * WINDOW)
    waits.append(limiter.reserve())
    assert waits[3] == pytest.approx(3 * STEP, abs=PATIENCE)
    with closing(server.client()) as client:
        known = [int(moment) for moment in client.lrange(client.keys()[0], 0, -1)]
    # The first one is forgotten, and at the end is the moment of the one that follows.
    steps = [(later - earlier) / 1e6 for earlier, later in itertools.pairwise(known)]
    assert steps == pytest.approx([STEP] * 3, abs=PATIENCE)


def test_says_where_redis_is_missing(own_redis: RedisServer, kind: str) -> None:
    url = own_redis.url.replace("redis://", "redis://someone:secret@")
    with RedisRateLimiter("account", own_redis.url, **SLOW, patience=0.3) as limiter:
        take(limiter, kind)
        own_redis.stop()
        with pytest.raises(RateLimiterError, match=r"'account'.*127\.0\.0\.1.*check that it runs"):
            take(limiter, kind)
        own_redis.start()
        assert take(limiter, kind) > 0
    with RedisRateLimiter("account", url, **SLOW, patience=0.3) as limiter:
        with pytest.raises(RateLimiterError, match="check how it is set up") as caught:
            take(limiter, kind)
        assert "secret" not in f"{caught.value}{limiter!r}"


def test_does_not_wait_for_ever(
    own_redis: RedisServer, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redis_limiter, "_TIMEOUT", 0.2)
    with RedisRateLimiter("account", own_redis.url, **SLOW, patience=PATIENCE) as limiter:
        take(limiter, kind)  # There is a connection, however long the machine pauses.
        own_redis.freeze()
        monkeypatch.setattr(limiter, "_configuration", (*limiter._configuration[:-1], 0.3))
        with pytest.raises(RateLimiterError, match="check that it runs"):
            take(limiter, kind)


def test_says_what_redis_refuses(server: RedisServer, limiter: RedisRateLimiter, kind: str) -> None:
    with closing(server.client()) as client:
        client.set("rate-limiter:account", "something else")
    with pytest.raises(RateLimiterError, match=r"WRONGTYPE.*check how it is set up"):
        take(limiter, kind)


def test_says_how_to_install_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(RateLimiterError, match=r'pip install "package\[redis\]"'):
        RedisRateLimiter("account", "redis://localhost", **SLOW)


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "redis://host:secret"])
def test_refuses_what_is_no_url(url: str) -> None:
    with pytest.raises(ValueError, match="must be like redis://host:6379/0") as caught:
        RedisRateLimiter("account", url, **SLOW)
    assert "secret" not in str(caught.value)
    assert caught.value.__context__ is None


def test_refuses_numbers_out_of_range() -> None:
    with pytest.raises(ValueError, match="requests must be at least 1"):
        RedisRateLimiter("account", "redis://localhost", requests=0, seconds=1)
    with pytest.raises(ValueError, match="seconds must be above 0"):
        RedisRateLimiter("account", "redis://localhost", requests=1, seconds=0)

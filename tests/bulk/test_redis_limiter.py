"""The limiter that several processes share, with a real Redis."""

from __future__ import annotations

import asyncio
import itertools
import pickle
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from types import SimpleNamespace
from typing import TypeVar

import pytest
import redis
import redis.asyncio
from package._bulk import redis_limiter
from package._bulk.limiter import Permits, RateLimiter, RateLimiterError, pace_for
from package._bulk.redis_limiter import RedisRateLimiter
from package.errors import RateLimit

from tests.bulk.command_runs import wait_until
from tests.bulk.redis_server import RedisServer
from tests.servers import PATIENCE

T = TypeVar("T")

# Permits so far apart that nothing in a test lasts as long: what is given when can be told for sure.
WINDOW = 1_000_000.0
SLOW = {"requests": 10.0, "seconds": WINDOW}
STEP = WINDOW / 9.74

pytestmark = pytest.mark.usefixtures("patient_limiter")


@pytest.fixture
def server(empty_redis: RedisServer) -> RedisServer:
    return empty_redis


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

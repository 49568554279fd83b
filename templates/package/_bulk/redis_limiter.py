"""Keeps requests of several processes and machines below one rate, through Redis."""

from __future__ import annotations

import asyncio
import importlib
import math
import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import urlsplit

from .._runtime.event_loops import PerEventLoop
from .._runtime.fork import ForkSafe
from ..errors import RateLimit
from .limiter import Allowance, Pace, PunctualRateLimiter, RateLimiterError

if TYPE_CHECKING:
    from redis import Redis

_PREFIX = "rate-limiter:"
# A permit takes far less than a millisecond, so that few connections serve any number of threads.
_CONNECTIONS = 8
_TIMEOUT = 2.0
_PAUSE = 0.1
# In so many seconds one of those who know what Redis has lost asks for a permit.
_GRACE = 0.25
_DAY = 86_400.0
# The same as `Permits.take` and `Permits.used`, in microseconds. The key is a list of the permits'
# moments, with the moment of the following permit at its end.
_SCRIPT = """
local key, maximum, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local interval, tolerance = tonumber(ARGV[3]), tonumber(ARGV[4])
local counted = tonumber(ARGV[5])
-- What was known when this process asked last: the moment of the following permit, and by then.
local known, idle, ahead = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local used_then, pending_then = tonumber(ARGV[9]), tonumber(ARGV[10])
local insists = ARGV[11] == '1'
local kept = math.max(window, counted)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local following = tonumber(redis.call('RPOP', key) or 0)
local function permit(index)
  return tonumber(redis.call('LINDEX', key, index))
end
local oldest = permit(0)
if oldest and oldest > now + window + interval then -- The clock of Redis was set back.
  redis.call('DEL', key)
  oldest, following = nil, 0
end
local is_recent = now < known - interval + kept
if following == 0 and not is_recent and not insists then -- Others may know what was lost, if it was.
  return {}
end
if following < known and is_recent then
  -- Redis has lost its data, or has older ones.
  if not oldest then
    for number = 1 - used_then, pending_then do
      local moment = now - idle + number * interval
      if moment > now - kept then redis.call('RPUSH', key, string.format('%.0f', moment)) end
    end
    oldest = permit(0)
  end
  following = now + ahead
end
while oldest and oldest <= now - kept do
  redis.call('LPOP', key)
  oldest = permit(0)
end

local count = redis.call('LLEN', key)
local function until_moment(moment)
  local low, high = 0, count
  while low < high do
    local middle = math.floor((low + high) / 2)
    if permit(middle) <= moment then low = middle + 1 else high = middle end
  end
  return low
end
for number = 12, #ARGV do -- Permits that are given back, by how long ago they were valid.
  local moment = now - tonumber(ARGV[number])
  local place = until_moment(moment)
  local before, after = permit(place - 1), permit(place)
  if place == 0 or (after and after - moment < moment - before) then before = after end
  if before and math.abs(before - moment) <= interval then
    count = count - redis.call('LREM', key, 1, string.format('%.0f', before))
  end
end

local due = math.max(following, now)
local moment = math.max(now, due - tolerance)
if count >= maximum then
  moment = math.max(moment, permit(count - maximum) + window)
end
following = math.max(due, moment) + interval

local valid = until_moment(now)
local used = valid - until_moment(now - counted)

redis.call('RPUSH', key, string.format('%.0f', moment), string.format('%.0f', following))
redis.call('PEXPIRE', key, math.ceil((math.max(following, moment + kept) - now) / 1000))
return {moment - now, used, count - valid, now, following - now}
"""


class _Reply(NamedTuple):
    """What Redis said last, and when it was asked.

    Attributes:
        asked: When it was asked, by the clock of the process.
        used: How many permits had become valid in the last window.
        pending: How many had been given that were not valid yet.
        following: The moment of the following permit, in microseconds by the clock of Redis; 0 if it was
            never asked.
        ahead: The microseconds until then, with those that others may have been given since.
    """

    asked: float = -math.inf
    used: int = 0
    pending: int = 0
    following: int = 0
    ahead: int = 0


class RedisRateLimiter(ForkSafe, PunctualRateLimiter):
    """Keeps the requests of all processes and machines that use the same name below one limit.

    Permits come at even intervals, in the order in which they were asked for, whoever asks. Each
    takes one round trip. Only the clock of Redis counts. Otherwise it is like `LocalRateLimiter`.

    If Redis loses its data, as in a restart, the permits go on where they must have been by what this
    process knows, later rather than sooner. A process that knows nothing asks again a moment later if
    Redis knows nothing, either.
    While Redis is away nobody gets a permit, and after `patience`, or when it refuses, `reserve` raises
    `RateLimiterError`. `observe` does not ask Redis.

    It can be pickled if it was made with a URL. Connections are opened when they are needed, those of
    an event loop, or of a process that is forked, separately. `close` and `aclose` close them;
    `asyncio.run` does so for its own loop.

    Args:
        name: Whose limit it is, such as the name of an account or an app.
        server: The URL of Redis, or a synchronous client, which is not closed.
        requests: How many requests there may be in any window.
        seconds: The length of a window.
        patience: How many seconds Redis may stay away before this is an error.

    Raises:
        RateLimiterError: The library `redis` is not installed.
        ValueError: A number is out of range, or the URL is none.
        TypeError: The client is not synchronous.
    """

    def __init__(
        self,
        name: str,
        server: str | Redis,
        *,
        requests: float,
        seconds: float,
        patience: float = 3.0,
    ) -> None:
        self._configuration = name, server, requests, seconds, patience
        self._library = _import_redis("redis")
        if not isinstance(server, str):
            if isinstance(server, _import_redis("redis.asyncio").Redis):
                raise TypeError(
                    "give a URL or a synchronous client of Redis; both serve async code too"
                )
            self._client: Any = server
        self.after_fork()
        self._loops: PerEventLoop[Any] = PerEventLoop(self._client_of_loop, _disconnect)
        super().__init__()

    def __repr__(self) -> str:
        name, _, requests, seconds, _ = self._configuration
        return (
            f"{type(self).__name__}({name!r}, {self._place()!r}, "
            f"requests={requests!r}, seconds={seconds!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        name, server, requests, seconds, patience = self._configuration
        if not isinstance(server, str):
            raise TypeError("a RedisRateLimiter can be pickled only if it was made with a URL")
        made = partial(type(self), requests=requests, seconds=seconds, patience=patience)
        return made, (name, server)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def after_fork(self) -> None:
        _, server, requests, seconds, _ = self._configuration
        self._allowance = Allowance(requests, seconds)
        self._lock = threading.Lock()
        self._last = _Reply()
        self._quickest = math.inf
        self._given_back: list[float] = []
        if isinstance(server, str):  # A client of the caller's looks after itself.
            self._client = self._library.Redis(connection_pool=_pool(self._library, server))

    def reserve(self) -> float:
        begun = time.monotonic()
        insists = False
        while True:
            asked, pace, arguments = self._question(insists)
            try:
                reply = self._client.eval(_SCRIPT, 1, *arguments)
            except self._library.RedisError as error:
                self._check_patience(error, begun)
                time.sleep(_PAUSE)
            else:
                if reply:
                    return self._answered(reply, asked, pace)
                time.sleep(_GRACE)
                insists = True

    async def reserve_async(self) -> float:
        if not isinstance(self._configuration[1], str):
            return await asyncio.to_thread(self.reserve)
        begun = time.monotonic()
        client = await self._loops.get()
        insists = False
        while True:
            asked, pace, arguments = self._question(insists)
            try:
                reply = await client.eval(_SCRIPT, 1, *arguments)
            except self._library.RedisError as error:
                self._check_patience(error, begun)
                await asyncio.sleep(_PAUSE)
            else:
                if reply:
                    return self._answered(reply, asked, pace)
                await asyncio.sleep(_GRACE)
                insists = True

    def observe(self, rate_limit: RateLimit | None, *, refused: bool = False) -> None:
        with self._lock:
            # What all processes used is known from the last permit, and what they had reserved by
            # then has become valid since, at the pace of the day.
            pace, last = self._allowance.pace, self._last
            since = (time.monotonic() - last.asked) / pace.interval
            self._allowance.learn(rate_limit, last.used + min(last.pending, since), refused=refused)

    def close(self) -> None:
        """Close the connections outside of event loops. They are opened again if needed."""
        if isinstance(self._configuration[1], str):
            self._client.connection_pool.disconnect()

    async def aclose(self) -> None:
        """Close the connections of the running event loop, and those outside of event loops."""
        await self._loops.aclose()
        self.close()

    def give_back(self, late: float) -> bool:
        with self._lock:
            is_late = late > self._allowance.pace.patience
            if is_late:
                self._given_back.append(
                    time.monotonic() - late
                )  # Redis is told with the next question.
        return is_late

    def _question(self, insists: bool) -> tuple[float, Pace, tuple[str, ...]]:
        with self._lock:
            pace, last, now = self._allowance.pace, self._last, time.monotonic()
            given_back, self._given_back = self._given_back, []
        numbers = (
            pace.maximum,
            math.ceil(pace.window * 1e6),
            math.ceil(pace.interval * 1e6),
            math.floor(pace.tolerance * 1e6),
            math.ceil(pace.counted * 1e6),
            last.following,
            math.ceil(min(now - last.asked, _DAY) * 1e6),
            last.ahead,
            last.used,
            last.pending,
            int(insists),
            *(math.ceil((now - moment) * 1e6) for moment in given_back),
        )
        return now, pace, (_PREFIX + self._configuration[0], *map(str, numbers))

    def _answered(self, reply: list[int], asked: float, pace: Pace) -> float:
        wait, used, pending, now, ahead = reply
        with self._lock:
            # If Redis loses its data, others may have been given permits since: so many as there were
            # before in as much time, and between this question and the one before.
            interval, last = math.ceil(pace.interval * 1e6), self._last
            others = (now + ahead - last.following) // interval - 1 if last.following else 0
            ahead_at_most = ahead + max(0, min(others, pending)) * interval
            self._last = _Reply(asked, used, pending + 1, now + ahead, ahead_at_most)
            # What took longer than it must have happened after Redis had answered, most of all.
            took = time.monotonic() - asked
            self._quickest = min(self._quickest, took)
            return max(0.0, wait / 1e6 - (took - self._quickest))

    def _check_patience(self, error: Exception, begun: float) -> None:
        name, _, _, _, patience = self._configuration
        away = self._library.ConnectionError, self._library.TimeoutError
        is_away = isinstance(error, away) and not isinstance(
            error, self._library.AuthenticationError
        )
        # A replica that is about to take over refuses to write.
        may_pass = is_away or isinstance(error, self._library.exceptions.ReadOnlyError)
        if may_pass and time.monotonic() + _PAUSE < begun + patience:
            return
        raise RateLimiterError(
            f"the rate limiter {name!r} gets no permits from Redis at {self._place()} "
            f"({type(error).__name__}: {error}); "
            + ("check that it runs and can be reached" if is_away else "check how it is set up")
        ) from error

    def _place(self) -> str:
        # A URL may hold a password.
        server = self._configuration[1]
        if not isinstance(server, str):
            return "the given client"
        parts = urlsplit(server)
        if parts.scheme == "unix":
            return parts.path
        return f"{parts.hostname or 'localhost'}:{parts.port or 6379}"

    def _client_of_loop(self) -> Any:
        library = _import_redis("redis.asyncio")
        return library.Redis(connection_pool=_pool(library, str(self._configuration[1])))


async def _disconnect(client: Any) -> None:
    await client.connection_pool.disconnect()


def _pool(library: Any, url: str) -> Any:
    # Trying again is up to this module: what the library does by itself differs between versions.
    retry = importlib.import_module(f"{library.__name__}.retry").Retry
    backoff = importlib.import_module("redis.backoff").NoBackoff
    try:
        return library.BlockingConnectionPool.from_url(
            url,
            max_connections=_CONNECTIONS,
            timeout=None,
            socket_timeout=_TIMEOUT,
            socket_connect_timeout=_TIMEOUT,
            retry=retry(backoff(), 0),
        )
    except ValueError:
        # What the library says about it may quote a password.
        problem = "the URL of Redis must be like redis://host:6379/0"
    raise ValueError(problem)


def _import_redis(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        package = __name__.partition(".")[0].replace("_", "-")
        raise RateLimiterError(
            "RedisRateLimiter needs the library redis, version 5 or later: "
            f'pip install "{package}[redis]"'
        ) from None

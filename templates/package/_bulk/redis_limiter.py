"""Keeps requests of several processes and machines below one rate, through Redis."""

from __future__ import annotations

import asyncio
import importlib
import math
import threading
import time
from collections.abc import AsyncGenerator
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from ..errors import RateLimit
from .limiter import RateLimiterError
from .pacing import Allowance, Pace

if TYPE_CHECKING:
    from redis import Redis

_PREFIX = "rate-limiter:"
# A permit takes far less than a millisecond, so that few connections serve any number of threads.
_CONNECTIONS = 8
_TIMEOUT = 2.0
_PAUSE = 0.1
# The same as `Permits.take` and `Permits.used`, in microseconds. The key is a list of the permits'
# moments, with the moment of the following permit at its end.
_SCRIPT = """
local key, maximum, window = KEYS[1], tonumber(ARGV[1]), tonumber(ARGV[2])
local interval, tolerance = tonumber(ARGV[3]), tonumber(ARGV[4])
local counted, ahead = tonumber(ARGV[5]), tonumber(ARGV[6])
local kept = math.max(window, counted)
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local following = tonumber(redis.call('RPOP', key) or now + ahead)
local function permit(index)
  return tonumber(redis.call('LINDEX', key, index))
end
local oldest = permit(0)
if oldest and oldest > now + window + interval then -- The clock of Redis was set back.
  redis.call('DEL', key)
  oldest, following = nil, now + ahead
end
while oldest and oldest <= now - kept do
  redis.call('LPOP', key)
  oldest = permit(0)
end

local count = redis.call('LLEN', key)
local due = math.max(following, now)
local moment = math.max(now, due - tolerance)
if count >= maximum then
  moment = math.max(moment, permit(count - maximum) + window)
end
following = math.max(due, moment) + interval

local function until_moment(moment)
  local low, high = 0, count
  while low < high do
    local middle = math.floor((low + high) / 2)
    if permit(middle) <= moment then low = middle + 1 else high = middle end
  end
  return low
end
local valid = until_moment(now)
local used = valid - until_moment(now - counted)

redis.call('RPUSH', key, string.format('%.0f', moment), string.format('%.0f', following))
redis.call('PEXPIRE', key, math.ceil((math.max(following, moment + kept) - now) / 1000))
return {moment - now, used, count - valid}
"""


class RedisRateLimiter:
    """Keeps the requests of all processes and machines that use the same name below one limit.

    Permits come at even intervals, in the order in which they were asked for, whoever asks. Each
    takes one round trip. Only the clock of Redis counts. Otherwise it is like `LocalRateLimiter`.

    If Redis loses its data, as in a restart, the permits go on where this process knows them to be.
    While Redis is away nobody gets a permit.

    It can be pickled if it was made with a URL. Connections are opened when they are needed, those of
    an event loop separately. `close` and `aclose` close them; `asyncio.run` does so for its own loop.

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
        self._allowance = Allowance(requests, seconds)
        self._lock = threading.Lock()
        self._used, self._pending, self._asked, self._until = 0, 0, -math.inf, -math.inf
        self._loops: WeakKeyDictionary[asyncio.AbstractEventLoop, AsyncGenerator[Any]] = (
            WeakKeyDictionary()
        )
        if isinstance(server, str):
            self._client: Any = self._library.Redis(connection_pool=_pool(self._library, server))
        elif isinstance(server, _import_redis("redis.asyncio").Redis):
            raise TypeError(
                "give a URL or a synchronous client of Redis; both serve async code too"
            )
        else:
            self._client = server

    def __repr__(self) -> str:
        name, _, requests, seconds, _ = self._configuration
        return (
            f"{type(self).__name__}({name!r}, {self._place()!r}, "
            f"requests={requests!r}, seconds={seconds!r})"
        )

    def __reduce__(self) -> tuple[Any, ...]:
        if not isinstance(self._configuration[1], str):
            raise TypeError("a RedisRateLimiter can be pickled only if it was made with a URL")
        return _rebuild, (type(self), *self._configuration)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def reserve(self) -> float:
        """Take a permit for one request. It cannot be given back.

        Returns:
            Seconds to wait before sending the request.

        Raises:
            RateLimiterError: Redis stays away for longer than `patience`, or refuses.
        """
        begun = time.monotonic()
        while True:
            asked, pace, arguments = self._question()
            try:
                reply = self._client.eval(_SCRIPT, 1, *arguments)
            except self._library.RedisError as error:
                self._check_patience(error, begun)
            else:
                return self._answered(reply, asked, pace)
            time.sleep(_PAUSE)

    async def reserve_async(self) -> float:
        """Do what `reserve` does without blocking the event loop."""
        if not isinstance(self._configuration[1], str):
            return await asyncio.to_thread(self.reserve)
        begun = time.monotonic()
        client = await self._client_of_loop(self._configuration[1])
        while True:
            asked, pace, arguments = self._question()
            try:
                reply = await client.eval(_SCRIPT, 1, *arguments)
            except self._library.RedisError as error:
                self._check_patience(error, begun)
            else:
                return self._answered(reply, asked, pace)
            await asyncio.sleep(_PAUSE)

    def observe(self, rate_limit: RateLimit | None, *, refused: bool = False) -> None:
        """Learn from an answer. This does not ask Redis.

        Args:
            rate_limit: What it says about limits; None for nothing.
            refused: Whether the server refused the request because there were too many.
        """
        with self._lock:
            # What all processes used is known from the last permit, and what they had reserved by
            # then has become valid since, at the pace of the day.
            pace = self._allowance.pace
            since = (time.monotonic() - self._asked) / pace.interval
            self._allowance.learn(
                rate_limit, self._used + min(self._pending, since), refused=refused
            )

    def close(self) -> None:
        """Close the connections outside of event loops. They are opened again if needed."""
        if isinstance(self._configuration[1], str):
            self._client.connection_pool.disconnect()

    async def aclose(self) -> None:
        """Close the connections of the running event loop, and those outside of event loops."""
        with self._lock:
            connections = self._loops.pop(asyncio.get_running_loop(), None)
        if connections is not None:
            await connections.aclose()
        self.close()

    def _question(self) -> tuple[float, Pace, tuple[str, ...]]:
        with self._lock:
            pace, now = self._allowance.pace, time.monotonic()
            ahead = max(0.0, self._until - now)
        numbers = (
            pace.maximum,
            math.ceil(pace.window * 1e6),
            math.ceil(pace.interval * 1e6),
            math.floor(pace.tolerance * 1e6),
            math.ceil(pace.counted * 1e6),
            math.ceil(ahead * 1e6),
        )
        return now, pace, (_PREFIX + self._configuration[0], *map(str, numbers))

    def _answered(self, reply: list[int], asked: float, pace: Pace) -> float:
        wait, used, pending = reply[0] / 1e6, reply[1], reply[2] + 1
        with self._lock:
            self._used, self._pending, self._asked = used, pending, asked
            self._until = max(self._until, asked + wait + pace.interval)
        return wait

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

    async def _client_of_loop(self, url: str) -> Any:
        loop = asyncio.get_running_loop()
        with self._lock:
            connections = self._loops.get(loop)
            if connections is None:
                connections = self._loops[loop] = _connections(url)
        # This suspends nothing, so that tasks do not get into each other.
        return await connections.asend(None)


async def _connections(url: str) -> AsyncGenerator[Any]:
    # An event loop that ends closes its asynchronous generators, and with this one the connections.
    library = _import_redis("redis.asyncio")
    pool = _pool(library, url)
    client = library.Redis(connection_pool=pool)
    try:
        while True:
            yield client
    finally:
        await pool.disconnect()


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


def _rebuild(
    limiter: type[RedisRateLimiter],
    name: str,
    server: str,
    requests: float,
    seconds: float,
    patience: float,
) -> RedisRateLimiter:
    return limiter(name, server, requests=requests, seconds=seconds, patience=patience)

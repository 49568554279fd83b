"""How a client is set up, checked before anything is sent."""

from __future__ import annotations

import ipaddress
import math
from dataclasses import dataclass

import httpx2

from .operation import UNSET, Unset

DEFAULT_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
DEFAULT_TIME_BUDGET = 60.0
"""Seconds that a call may take, all attempts and the delays between them included."""


@dataclass(frozen=True)
class Configuration:
    """A checked set-up; `configure` makes it.

    Attributes:
        base_url: Where the API is, without a slash at the end.
        timeout: How long one attempt may wait for what.
        limits: How many connections there may be.
        time_budget: Seconds that a call may take in all, or None for no limit.
        user_agent: The value of the `User-Agent` header.
        allow_plain_http: Whether the token may be sent without encryption.
    """

    base_url: str
    timeout: httpx2.Timeout
    limits: httpx2.Limits
    time_budget: float | None
    user_agent: str
    allow_plain_http: bool


def configure(
    *,
    base_url: str,
    timeout: float | httpx2.Timeout | None,
    limits: httpx2.Limits | None,
    time_budget: float | None,
    user_agent: str,
    allow_plain_http: bool,
) -> Configuration:
    """Check a set-up.

    Args:
        base_url: Where the API is: absolute, http or https, possibly below a path.
        timeout: Seconds that connecting, sending and each wait for data may take, as a
            `httpx2.Timeout` if they differ, or None for no limit other than the time budget.
        limits: How many connections there may be, or None for what httpx2 thinks right.
        time_budget: Seconds that a call may take in all, or None for no limit.
        user_agent: The value of the `User-Agent` header.
        allow_plain_http: Whether http may be used to reach other machines than this one.

    Returns:
        The set-up.

    Raises:
        ValueError: Something of it cannot be used. The message says what to do.
    """
    return Configuration(
        base_url=_checked_base_url(base_url, allow_plain_http=allow_plain_http),
        timeout=_checked_timeout(timeout),
        limits=(
            limits
            if limits is not None
            else httpx2.Limits(max_connections=100, max_keepalive_connections=20)
        ),
        time_budget=_checked_time_budget(time_budget),
        user_agent=user_agent,
        allow_plain_http=allow_plain_http,
    )


def reconfigure(
    configuration: Configuration,
    *,
    time_budget: float | Unset | None,
    timeout: float | httpx2.Timeout | Unset | None,
) -> Configuration:
    """Change the times of a set-up.

    Args:
        configuration: What to start from; it stays as it is.
        time_budget: As for `configure`; `UNSET` keeps what is there.
        timeout: As for `configure`; `UNSET` keeps what is there.

    Returns:
        The changed set-up.

    Raises:
        ValueError: A time cannot be used. The message says what to do.
    """
    return configure(
        base_url=configuration.base_url,
        timeout=configuration.timeout if timeout is UNSET else timeout,
        limits=configuration.limits,
        time_budget=configuration.time_budget if time_budget is UNSET else time_budget,
        user_agent=configuration.user_agent,
        allow_plain_http=configuration.allow_plain_http,
    )


def trusts_environment(configuration: Configuration) -> bool:
    """Tell whether proxies and certificates that the environment names are used.

    Without encryption, a proxy would see the token, which is not meant to leave this machine.
    """
    return configuration.base_url.startswith("https://") or configuration.allow_plain_http


def _checked_base_url(base_url: str, *, allow_plain_http: bool) -> str:
    try:
        url = httpx2.URL(base_url)
    except (httpx2.InvalidURL, TypeError):
        url = httpx2.URL("")
    if url.scheme not in {"http", "https"} or not url.host:
        raise ValueError("base_url must be absolute, such as 'https://api.example.com'")
    if url.userinfo:
        raise ValueError("base_url must not hold a user name or password; pass the token instead")
    if url.query or url.fragment or "?" in base_url or "#" in base_url:
        raise ValueError(
            "base_url must not have a query or fragment; leave out '?', '#' and the rest"
        )
    if url.scheme == "http" and not allow_plain_http and not _is_this_machine(url.host):
        raise ValueError(
            f"base_url {str(url)!r} would send the token without encryption; use https, or pass "
            "allow_plain_http=True if the network in between can be trusted"
        )
    return str(url).rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _checked_timeout(timeout: float | httpx2.Timeout | None) -> httpx2.Timeout:
    checked = httpx2.Timeout(timeout)
    for seconds in checked.as_dict().values():
        if seconds is not None and not seconds > 0:
            raise ValueError("timeout must be more than 0 seconds, or None for no limit")
    return checked


def _checked_time_budget(time_budget: float | None) -> float | None:
    if time_budget is not None and not (math.isfinite(time_budget) and time_budget > 0):
        raise ValueError("time_budget must be more than 0 seconds, or None for no limit")
    return time_budget

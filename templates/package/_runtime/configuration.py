"""How a client is set up, checked before anything is sent."""

from __future__ import annotations

import ipaddress
import math
import os
from dataclasses import dataclass, replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

import httpx2

from .extras import install_command
from .fork import ForkHold
from .operation import UNSET, Unset

if TYPE_CHECKING:
    import ssl

DEFAULT_TIMEOUT = httpx2.Timeout(30.0, connect=5.0)
DEFAULT_TIME_BUDGET = 60.0
"""Seconds that a call may take, all attempts and the delays between them included."""
FAST: Final = "fast"
"""The transport that takes less CPU time, and the extra that installs what it needs."""


@dataclass(frozen=True)
class Configuration:
    """A checked set-up; `configure` makes it.

    Attributes:
        base_url: Where the API is: absolute, http or https, possibly below a path, without a slash at
            the end.
        timeout: How long one attempt may wait for what.
        limits: How many connections there may be.
        time_budget: Seconds that a call may take in all, or None for no limit.
        user_agent: The value of the `User-Agent` header.
        allow_plain_http: Whether the token may be sent without encryption.
        is_fast: Whether libcurl sends requests instead of httpx2.
    """

    base_url: str
    timeout: httpx2.Timeout
    limits: httpx2.Limits
    time_budget: float | None
    user_agent: str
    allow_plain_http: bool
    is_fast: bool = False

    @property
    def trusts_environment(self) -> bool:
        """Whether proxies and certificates that the environment names are used.

        Without encryption, a proxy would see the token, which is not meant to leave this machine.
        """
        return self.base_url.startswith("https://") or self.allow_plain_http

    def trusted_certificates(self) -> ssl.SSLContext:
        """Give the certificates that are trusted: those of the system, or those that the environment names.

        Raises:
            OSError: They cannot be read. The message says which, and what to do.
        """
        from .tls import hold_off_forks  # With ssl, which is loaded when it is first used.

        try:
            with ForkHold():
                context = httpx2.create_ssl_context(trust_env=self.trusts_environment)
        except OSError as error:
            variable = "SSL_CERT_FILE" if os.environ.get("SSL_CERT_FILE") else "SSL_CERT_DIR"
            mend = f"let the environment variable {variable} name certificates in PEM, or unset it"
            told = f"{error.strerror or error}; {mend}"
            raise OSError(error.errno, told, os.environ.get(variable)) from None
        hold_off_forks(context)
        return context


def configure(
    *,
    base_url: str,
    timeout: float | httpx2.Timeout | None,
    limits: httpx2.Limits | None,
    time_budget: float | None,
    user_agent: str,
    allow_plain_http: bool,
    transport: object = None,
) -> Configuration:
    """Check a set-up: what a client is given, as `SyncClient` explains it, and who it says it is.

    Raises:
        ValueError: Something of it cannot be used. The message says what to do.
        ImportError: The transport is not installed. The message says how to install it.
    """
    return Configuration(
        base_url=_checked_base_url(base_url, allow_plain_http=allow_plain_http),
        timeout=_checked_timeout(timeout),
        limits=limits or httpx2.Limits(max_connections=100, max_keepalive_connections=20),
        time_budget=_checked_time_budget(time_budget),
        user_agent=user_agent,
        allow_plain_http=allow_plain_http,
        is_fast=_is_fast(transport),
    )


def reconfigure(
    configuration: Configuration,
    *,
    time_budget: float | Unset | None,
    timeout: float | httpx2.Timeout | Unset | None,
) -> Configuration:
    """Give a set-up with other times; what is `UNSET` is as it was.

    Raises:
        ValueError: A time cannot be used. The message says what to do.
    """
    return replace(
        configuration,
        timeout=_checked_timeout(configuration.timeout if timeout is UNSET else timeout),
        time_budget=_checked_time_budget(
            configuration.time_budget if time_budget is UNSET else time_budget
        ),
    )


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


def _is_fast(transport: object) -> bool:
    if not isinstance(transport, str):
        return False
    if transport != FAST:
        raise ValueError(f"transport must be {FAST!r}, a transport of httpx2, or None")
    for library in ("pycurl", "msgspec"):
        if find_spec(library) is None:
            command = install_command(FAST)
            message = f"transport={FAST!r} needs the library {library}: {command}"
            raise ImportError(message, name=library)
    return True


def _checked_time_budget(time_budget: float | None) -> float | None:
    if time_budget is not None and not (math.isfinite(time_budget) and time_budget > 0):
        raise ValueError("time_budget must be more than 0 seconds, or None for no limit")
    return time_budget

"""One attempt to send a request: the time that it has, and what comes of it."""

from __future__ import annotations

import math
import os
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias, TypeVar, cast
from urllib.request import getproxies, proxy_bypass

import httpx2

from .answer import Answer

E = TypeVar("E", bound=BaseException)

TRANSPORT_FAILURES = (httpx2.RequestError, httpx2.InvalidURL)
"""The exceptions that say that there is no complete answer."""

CONNECTING = "connection.connect_tcp.started"
"""What httpcore2 tells the `trace` extension of a request when it begins to make a connection for it."""

LEAVING = "http11.send_request_headers.started"
"""What httpcore2 tells the `trace` extension of a request when it has a connection for it."""

_PASSING = (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError)
_UNSENT = (
    httpx2.ConnectError,
    httpx2.ConnectTimeout,
    httpx2.PoolTimeout,
    httpx2.ProxyError,
    httpx2.UnsupportedProtocol,
)
"""Those of them that come before there is a connection on which anything could be sent."""

_GRACE = 0.2
_TRUST_CERTIFICATE = (
    "if that is the right server, name the file with the certificate of its CA in the environment "
    "variable SSL_CERT_FILE"
)
_CHECK_PROXY = "check the proxy that the environment names, or name this host in NO_PROXY"


@dataclass(frozen=True)
class Failure:
    """The lack of a complete answer.

    Attributes:
        reason: What happened, such as "ReadError: connection reset".
        retryable: Whether it may go better next time.
        in_doubt: Whether the request may have been applied all the same; False if nothing was sent.
        mend: What to change before trying again, where that is known.
        is_late: Whether time ran out before there was a connection, which says little by itself.
    """

    reason: str
    retryable: bool
    in_doubt: bool = True
    mend: str = ""
    is_late: bool = False


Attempt: TypeAlias = Answer | Failure
"""What came of an attempt."""


class Deadline:
    """The end of a call's time budget, which starts now.

    Args:
        time_budget: Seconds, or None for no end.
    """

    def __init__(self, time_budget: float | None) -> None:
        self._end = math.inf if time_budget is None else time.monotonic() + time_budget

    def allows(self, delay: float) -> bool:
        """Tell whether a delay of so many seconds from now ends before the time budget does."""
        return time.monotonic() + delay < self._end

    def left(self) -> float:
        """Tell how many seconds are left; infinitely many without a time budget."""
        return max(0.0, self._end - time.monotonic())

    def limit(self, timeout: httpx2.Timeout) -> dict[str, float | None]:
        """Shorten timeouts to the time that is left.

        Args:
            timeout: What is configured.

        Returns:
            Seconds by kind of timeout, none more than are left, or None for no limit.
        """
        left = self.left()
        return {
            kind: seconds if left == math.inf else min(left if seconds is None else seconds, left)
            for kind, seconds in timeout.as_dict().items()
        }

    def end(self) -> float | None:
        """Give the seconds after which what is still under way is broken off, or None for never.

        A little more than what is left, so that timeouts come first, which say what was waited for.
        """
        left = self.left()
        return None if left == math.inf else left + _GRACE

    def missed(self, *, in_doubt: bool = True) -> Failure:
        """Give what comes of an attempt that was not over in time."""
        reason = "no complete answer within the time budget"
        return Failure(reason, retryable=True, in_doubt=in_doubt, is_late=not in_doubt)


def failure_from(
    error: httpx2.RequestError | httpx2.InvalidURL, url: str, *, trusts_environment: bool
) -> Failure:
    """Say what an exception means.

    Args:
        error: One of `TRANSPORT_FAILURES`.
        url: What was called.
        trusts_environment: Whether a proxy that the environment names was used.

    Returns:
        The failure. It refers to neither the exception nor its frames, which hold the token.
    """
    name, message = type(error).__name__, str(error)
    if not isinstance(error, _UNSENT):
        is_passing = isinstance(error, _PASSING)
        return Failure(f"{name}: {message}" if message else name, is_passing, in_doubt=is_passing)
    proxy = _proxy(httpx2.URL(url)) if trusts_environment else None
    way = _place(httpx2.URL(url)) + (f" through the proxy {_place(proxy)}" if proxy else "")
    refusal = _refused_certificate(error)
    if refusal is not None:
        cause, mend = f"its certificate is not trusted: {refusal}", _TRUST_CERTIFICATE
    else:
        cause = _cause(error) or message or "it took too long"
        mend = _CHECK_PROXY if proxy else ""
    return Failure(
        reason=f"{name}: no connection to {way}, so nothing was sent: {cause}",
        retryable=isinstance(error, _PASSING) and refusal is None,
        in_doubt=False,
        mend=mend,
        is_late=isinstance(error, (httpx2.ConnectTimeout, httpx2.PoolTimeout)),
    )


def without_frames(error: E) -> E:
    """Cut an exception off from where it was raised and from what led to it.

    The frames of the HTTP library hold the `Authorization` header, and reports of errors often show
    the variables of every frame. Cancellation passes through them as well.

    Args:
        error: The exception; it is changed.

    Returns:
        The same exception, to be raised.
    """
    error.__cause__ = None
    error.__context__ = None
    return error.with_traceback(None)


def _refused_certificate(error: BaseException) -> str | None:
    import ssl  # The HTTP library has loaded it by now; importing this package need not.

    for link in _links(error):
        if isinstance(link, ssl.SSLCertVerificationError):
            return f"{link.verify_message or link.reason} ({link.reason})"
    return None


def _cause(error: BaseException) -> str | None:
    """Give what the operating system says, which libraries put in words of their own."""
    import ssl

    for link in _links(error):
        if isinstance(link, OSError) and link.strerror:
            # The numbers of these are others, and so are the words that asyncio has for the usual ones.
            is_other = isinstance(link, (socket.gaierror, ssl.SSLError))
            return os.strerror(link.errno) if link.errno and not is_other else link.strerror
    return None


def _links(error: BaseException) -> Iterator[BaseException]:
    """Give an exception and those that led to it."""
    link: BaseException | None = error
    while link is not None:
        yield link
        if isinstance(link, BaseExceptionGroup):
            # Such as one for each address of a host.
            for one in cast("BaseExceptionGroup[BaseException]", link).exceptions:
                yield from _links(one)
        link = link.__cause__ or link.__context__


def _proxy(url: httpx2.URL) -> httpx2.URL | None:
    proxies = getproxies()
    given = proxies.get(url.scheme) or proxies.get("all")
    if not given or proxy_bypass(url.host):
        return None
    return httpx2.URL(given if "://" in given else f"http://{given}")


def _place(url: httpx2.URL) -> str:
    # Not the whole URL: that of a proxy may hold a password.
    host = f"[{url.host}]" if ":" in url.host else url.host
    return f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}"

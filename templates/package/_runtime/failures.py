"""What exceptions of httpx2 mean for a call."""

from __future__ import annotations

from typing import TypeVar

import httpx2

from .answer import Failure

E = TypeVar("E", bound=BaseException)

TRANSPORT_FAILURES = (httpx2.RequestError, httpx2.InvalidURL)
"""The exceptions that say that there is no complete answer."""

_PASSING = (httpx2.TimeoutException, httpx2.NetworkError, httpx2.RemoteProtocolError)


def failure_from(error: httpx2.RequestError | httpx2.InvalidURL) -> Failure:
    """Say what an exception means.

    Args:
        error: One of `TRANSPORT_FAILURES`.

    Returns:
        The failure. It refers to neither the exception nor its frames, which hold the token.
    """
    name, message = type(error).__name__, str(error)
    return Failure(
        reason=f"{name}: {message}" if message else name,
        retryable=isinstance(error, _PASSING) and not _is_certificate_refused(error),
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


def client_is_closed() -> RuntimeError:
    """Give the exception that says that a closed client was used."""
    return RuntimeError("the client is closed; make a new one")


def not_picklable(*, is_closed: bool) -> TypeError:
    """Give the exception that says why a client cannot be pickled.

    Args:
        is_closed: Whether it is closed; otherwise it has a transport of its own.
    """
    if is_closed:
        return TypeError("a closed client cannot be pickled; pickle it before it is closed")
    return TypeError(
        "a client with a transport of its own cannot be pickled, for its pickle holds settings only; "
        "make such a client where it is used"
    )


def _is_certificate_refused(error: BaseException) -> bool:
    import ssl  # The HTTP library has loaded it by now; importing this package need not.

    link: BaseException | None = error
    while link is not None:
        if isinstance(link, ssl.SSLCertVerificationError):
            return True
        link = link.__cause__ or link.__context__
    return False

"""What a call raises when it does not return a value.

Everything derives from `ApiError`. A `StatusError` is an answer that refuses the request, a
`TransportError` is the lack of a complete answer, and a `DecodingError` is an answer that accepts
the request but cannot be understood. All of them can be pickled and copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

__all__ = [
    "ApiError",
    "AuthenticationError",
    "ConflictError",
    "DailyLimitError",
    "DecodingError",
    "LockedError",
    "PermissionDeniedError",
    "RateLimit",
    "RateLimitError",
    "ServerError",
    "StatusError",
    "TransportError",
    "ValidationError",
]


_PAGE = "docs/pages/{page}.md"
"""Where a page of the documentation is: its path in the repository of this distribution, or its address."""


class Documented:
    """Base of exceptions that know where they are described.

    Attributes:
        documentation: The page that describes the class, or the one that it derives from: its address, or
            its path in the repository of this distribution.
    """

    documentation: ClassVar[str]

    def __init_subclass__(cls, *, page: str | None = None) -> None:
        super().__init_subclass__()
        page = "errors" if page is None and cls.__module__ == __name__ else page
        # What others derive is described where its base is.
        if page is not None:
            address = _PAGE.replace("{page}", f"classes/{page}")
            cls.documentation = f"{address}#{cls.__name__.lower()}"


@dataclass(frozen=True)
class RateLimit:
    """What the server said about its rate limits. None stands for what it did not say.

    Attributes:
        maximum: Requests allowed in one interval.
        remaining: Requests left in the current interval.
        interval: Length of the interval in seconds.
        daily_maximum: Requests allowed in one day.
        daily_remaining: Requests left today.
    """

    maximum: int | None = None
    remaining: int | None = None
    interval: float | None = None
    daily_maximum: int | None = None
    daily_remaining: int | None = None


class ApiError(Documented, Exception):
    """A call did not return a value.

    Attributes:
        may_pass: Whether the cause may pass by itself, so that the same request may do later.
        operation: The operation that was called, such as "items.batch_upsert".
        message: What went wrong, in the server's words where it gave any.
        status: The HTTP status, or None if there was no complete answer.
        category: The server's name for this kind of error, if it gave one.
        correlation_id: What the server's operators need to find the request, if it gave one.
        missing_scopes: The scopes that the token lacks, as far as the server names them.
        body: The error body as the model that the API declares, or None if it is not like that.
        text: The body as it came, or the beginning of one that is too large, or None if there was no
            complete answer.
        retry_after: Seconds that the server asked to wait, or None if it did not ask.
        rate_limit: What the server said about its rate limits, or None if it said nothing.
        attempts: How many times the request was tried; 0 if time ran out waiting for the token.
    """

    may_pass: ClassVar[bool] = False

    def __init__(
        self,
        *,
        operation: str,
        message: str,
        status: int | None = None,
        category: str | None = None,
        correlation_id: str | None = None,
        missing_scopes: tuple[str, ...] = (),
        body: Any = None,
        text: str | None = None,
        retry_after: float | None = None,
        rate_limit: RateLimit | None = None,
        attempts: int = 1,
    ) -> None:
        super().__init__(message)
        self.operation = operation
        self.message = message
        self.status = status
        self.category = category
        self.correlation_id = correlation_id
        self.missing_scopes = missing_scopes
        self.body = body
        self.text = text
        self.retry_after = retry_after
        self.rate_limit = rate_limit
        self.attempts = attempts

    def __str__(self) -> str:
        summary = self.message
        if self.status is not None and not summary.startswith(str(self.status)):
            summary = f"{self.status} {summary}"
        details: list[str] = []
        if self.category is not None:
            details.append(f"category {self.category}")
        if self.missing_scopes:
            details.append(f"missing scopes: {' '.join(self.missing_scopes)}")
        if self.correlation_id is not None:
            details.append(f"correlation id {self.correlation_id}")
        if self.retry_after is not None:
            details.append(f"retry after {self.retry_after:g} s")
        if self.attempts > 1:
            details.append(f"after {self.attempts} attempts")
        suffix = f" ({', '.join(details)})" if details else ""
        return f"{self.operation}: {summary}{suffix}"

    def __reduce__(self) -> tuple[Any, ...]:
        # Exceptions are rebuilt from positional arguments by default, which this constructor
        # refuses. The third item brings back all attributes, including notes that were added.
        return _rebuild, (type(self), self.operation, self.message), self.__dict__


def _rebuild(error: type[ApiError], operation: str, message: str) -> ApiError:
    return error(operation=operation, message=message)


class StatusError(ApiError):
    """The server answered with a status outside 2xx. Redirects count: they are never followed."""


class AuthenticationError(StatusError):
    """The server does not accept the token."""


class PermissionDeniedError(StatusError):
    """The token is valid but does not allow this request."""


class ValidationError(StatusError):
    """The server refuses what was sent; the same request will be refused again."""


class ConflictError(StatusError):
    """The request collides with what is already there."""


class RateLimitError(StatusError):
    """Too many requests in a short time; waiting helps."""

    may_pass = True


class DailyLimitError(StatusError):
    """The requests of the day are spent; waiting for seconds does not help."""


class LockedError(StatusError):
    """What the request would change is locked for a moment."""

    may_pass = True


class ServerError(StatusError):
    """The server, or something in front of it, failed."""

    may_pass = True


class TransportError(ApiError):
    """There was no complete answer: connecting failed, time ran out, or the connection broke.

    The server may have applied the request all the same, unless the message says that nothing was sent.
    """

    may_pass = True


class DecodingError(ApiError):
    """The server accepted the request, but its answer does not say what the API promises.

    The server has probably applied the request. `status` and `text` hold the answer as it came.
    """

"""From requests as clients of this package describe them to those that the HTTP library sends."""

from __future__ import annotations

from typing import Any, NamedTuple

import httpx2

from .attempt import Deadline
from .configuration import Configuration
from .credentials import origin_of
from .operation import Request
from .security import Tokens


class _Prepared(NamedTuple):
    """What requests share that differ in their bodies only."""

    url: str
    headers: tuple[tuple[str, str], ...]
    parsed_url: httpx2.URL
    sent_headers: httpx2.Headers


class _KeyedURL(httpx2.URL):
    """A URL in whose query a key stands: it is sent, and shown by no request, log or traceback."""

    def __str__(self) -> str:
        return str(self.copy_with(query=None))

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


class RequestMaker:
    """Makes what a connection sends of its requests. Threads may share it.

    The client of httpx2 would parse the URL of each request, and merge headers, parameters and cookies.

    Args:
        configuration: How to send them.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._origin = origin_of(httpx2.URL(configuration.base_url))
        self._last: _Prepared | None = None

    def make(
        self, request: Request, tokens: Tokens, deadline: Deadline, trace: object = None
    ) -> httpx2.Request:
        """Make a request.

        Args:
            request: What to send.
            tokens: What to send with it.
            deadline: When it must be over.
            trace: What the HTTP library is to tell what it does; None for nobody.

        Raises:
            httpx2.InvalidURL: The URL is too long.
            RuntimeError: The request goes to another scheme, host or port than the tokens.
        """
        prepared = self._last
        if prepared is None or prepared.url != request.url or prepared.headers != request.headers:
            self._last = prepared = self._prepare(request)
        content, timeout = request.content, self._configuration.timeout
        extensions: dict[str, Any] = {"timeout": deadline.limit(timeout), "deadline": deadline}
        if trace is not None:
            extensions["trace"] = trace
        made = httpx2.Request(
            request.method,
            prepared.parsed_url,
            headers=prepared.sent_headers,
            stream=httpx2.ByteStream(content or b""),
            extensions=extensions,
        )
        if query := tokens.query():
            made.url = _KeyedURL(f"{prepared.url}{'&' if '?' in prepared.url else '?'}{query}")
        for name, value in tokens.headers():
            made.headers[name] = value
        if content is not None or request.method in {"POST", "PUT", "PATCH"}:
            made.headers["Content-Length"] = str(len(content or b""))
        made.read()  # For transports that look at the body.
        return made

    def _prepare(self, request: Request) -> _Prepared:
        url = httpx2.URL(request.url)
        if origin_of(url) != self._origin:
            raise RuntimeError("the request goes elsewhere than the base URL; the token stays here")
        headers = {
            b"Host": url.netloc,
            b"User-Agent": self._configuration.user_agent.encode(),
            b"Accept-Encoding": b"gzip",
        }
        given = [(name.encode(), value.encode()) for name, value in request.headers]
        names = {name.lower() for name, _ in given}
        own = [(name, value) for name, value in headers.items() if name.lower() not in names]
        return _Prepared(request.url, request.headers, url, httpx2.Headers([*own, *given]))

"""From a request to what httpx2 sends, and from what it received to an answer."""

from __future__ import annotations

from typing import NamedTuple
from urllib.request import getproxies

import httpx2

from .answer import Answer
from .body import Body
from .configuration import Configuration, trusts_environment
from .credentials import Origin, Token, origin_of
from .deadline import Deadline
from .request import Request

_Headers = tuple[tuple[bytes, bytes], ...]


class _Prepared(NamedTuple):
    """What requests share that differ in their bodies only."""

    url: str
    headers: tuple[tuple[str, str], ...]
    parsed_url: httpx2.URL
    raw_headers: _Headers


class RequestMaker:
    """Makes the requests that a connection sends. Threads may share it.

    The client of httpx2 would parse the URL of each request, and merge headers, parameters and cookies.

    Args:
        configuration: How to send them.
    """

    def __init__(self, configuration: Configuration) -> None:
        self._configuration = configuration
        self._origin: Origin = origin_of(httpx2.URL(configuration.base_url))
        self._last: _Prepared | None = None

    def make(self, request: Request, token: Token, deadline: Deadline) -> httpx2.Request:
        """Make a request.

        Args:
            request: What to send.
            token: What to send with it.
            deadline: When it must be over.

        Raises:
            httpx2.InvalidURL: The URL is too long.
            RuntimeError: The request goes to another scheme, host or port than the token.
        """
        prepared = self._last
        if prepared is None or prepared.url != request.url or prepared.headers != request.headers:
            self._last = prepared = self._prepare(request)
        content, timeout = request.content, self._configuration.timeout
        headers = [*prepared.raw_headers, (b"Authorization", token.authorization().encode())]
        if content is not None:
            headers.append((b"Content-Length", b"%d" % len(content)))
        elif request.method in {"POST", "PUT", "PATCH"}:
            headers.append((b"Content-Length", b"0"))
        made = httpx2.Request(
            request.method,
            prepared.parsed_url,
            headers=headers,
            stream=httpx2.ByteStream(content or b""),
            extensions={"timeout": deadline.limit(timeout), "deadline": deadline},
        )
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
        return _Prepared(request.url, request.headers, url, (*own, *given))


def uses_client(configuration: Configuration) -> bool:
    """Tell whether requests may have to go through a proxy, which is for the client of httpx2 to know."""
    return trusts_environment(configuration) and any(
        getproxies().get(scheme) for scheme in ("http", "https", "all")
    )


def begin_body(response: httpx2.Response) -> tuple[dict[str, str], Body]:
    """Look at the headers of an answer.

    Args:
        response: The answer, of which the body may not be there yet.

    Returns:
        The headers, with names in lower case, and what takes the body.
    """
    headers: dict[str, str] = {}
    # Not by way of httpx2, which goes through all of them for each.
    for raw_name, raw_value in response.headers.raw:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    if response.is_stream_consumed:
        # A transport of the caller's may give what it has read, and has decompressed then.
        body = Body(None, None)
        body.add(response.content)
        return headers, body
    return headers, Body(headers.get("content-encoding"), headers.get("content-length"))


def end_body(response: httpx2.Response, headers: dict[str, str], body: Body) -> Answer:
    """Give the answer.

    Args:
        response: The answer, received as far as it is needed.
        headers: Its headers.
        body: What took its body.
    """
    content = body.end()
    return Answer(response.status_code, headers, content, body.defect)

"""One document from an https address, bounded in size and time.

A document decides about code that is run, so it has to come from the host that was named: a redirect to
another host, port or scheme is refused. Plain http is for servers on this machine only.
"""

from __future__ import annotations

import http.client
import ipaddress
import threading
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import SplitResult, urljoin, urlsplit, urlunsplit

from upsertgen.errors import InvalidInput, quoted
from upsertgen.importing.limits import Limits, megabytes, refused
from upsertgen.importing.sources import file_name

_CHUNK = 64 * 1024


def download(address: str, limits: Limits) -> tuple[str, str, bytes]:
    """Fetch one document.

    Args:
        address: Where it is.
        limits: How large it may be, and how long it may take.

    Returns:
        The address as messages and the provenance may show it (without what may be secret in it), the
        document's name, and its contents.

    Raises:
        InvalidInput: The address is not allowed, the server does not give the document, or it is too
            large or takes too long.
    """
    try:
        parts = urlsplit(address)
        shown = urlunsplit(
            (parts.scheme, parts.netloc.rpartition("@")[2], parts.path or "/", "", "")
        )
        _check_address(parts, shown)
    except ValueError as error:
        raise refused(
            "SOURCE", f"this is no address ({error})", "an https address", "correct it"
        ) from None
    name = file_name(shown)
    result: list[bytes | Exception] = []

    def fetch() -> None:
        try:
            result.append(_fetch(address, shown, limits))
        except Exception as error:
            result.append(error)

    # A server that sends one byte now and then never runs into the timeout of a socket, so the time is
    # taken from outside; the thread ends itself with the next byte.
    worker = threading.Thread(target=fetch, daemon=True)
    worker.start()
    worker.join(limits.seconds)
    outcome = result[0] if result else TimeoutError()
    if isinstance(outcome, bytes):
        return shown, name, outcome
    if isinstance(outcome, InvalidInput):
        raise outcome
    raise _unreachable(shown, outcome, limits)


def _fetch(address: str, shown: str, limits: Limits) -> bytes:
    deadline = time.monotonic() + limits.seconds
    opener = urllib.request.build_opener(_NoRedirect)
    if address.startswith("http://"):
        # What is on this machine is never behind a proxy.
        opener = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))
    for _ in range(limits.redirects + 1):
        request = urllib.request.Request(  # noqa: S310 - the scheme was checked
            address, headers={"Accept": "application/json, application/yaml, */*;q=0.5"}
        )
        try:
            with opener.open(request, timeout=limits.seconds) as response:
                return _body(response, shown, deadline, limits)
        except urllib.error.HTTPError as error:
            with error:
                target = error.headers.get("Location")
                if error.code not in (301, 302, 303, 307, 308) or not target:
                    raise refused(
                        shown,
                        f"the server answers with {error.code}",
                        "200 and the document",
                        "check the address",
                    ) from None
                address = _redirected(address, target, shown)
    raise refused(
        shown,
        f"the server redirects more than {limits.redirects} times",
        "the document",
        "check the address",
    )


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Leaves redirects to `_fetch`, which looks where they lead."""

    def redirect_request(self, *arguments: Any, **named: Any) -> None:
        return None


def _body(response: Any, shown: str, deadline: float, limits: Limits) -> bytes:
    parts: list[bytes] = []
    size = 0
    while chunk := response.read1(_CHUNK):
        parts.append(chunk)
        size += len(chunk)
        if size > limits.document:
            raise refused(
                shown,
                f"the document has more than {megabytes(limits.document)}",
                "an OpenAPI document of ordinary size",
                "check the address",
            )
        if time.monotonic() > deadline:
            raise TimeoutError
    expected = response.headers.get("Content-Length")
    if expected is not None and expected.isdecimal() and size < int(expected):
        raise http.client.IncompleteRead(b"", int(expected) - size)
    return b"".join(parts)


def _redirected(address: str, target: str, shown: str) -> str:
    """Return where a redirect leads, if it stays with the server that was named.

    Raises:
        InvalidInput: It does not.
    """
    there = urljoin(address, target)
    before, after = urlsplit(address), urlsplit(there)
    if _server(before) != _server(after) or after.username is not None:
        raise refused(
            shown,
            f"the server redirects to {quoted(f'{after.scheme}://{after.hostname}')}",
            "the document from the host that was named",
            "if you trust that host, give the address there",
        )
    return there


def _server(parts: SplitResult) -> tuple[str, str | None, int | None]:
    try:
        port = parts.port or {"https": 443, "http": 80}.get(parts.scheme)
    except ValueError:
        port = None
    return parts.scheme, parts.hostname, port


def _check_address(parts: SplitResult, shown: str) -> None:
    # Only reading the port shows whether it is one.
    _ = parts.port
    local = parts.scheme == "http" and _is_this_machine(parts.hostname or "")
    if not parts.hostname or not (parts.scheme == "https" or local):
        raise refused(
            shown,
            f"the address begins with {quoted(f'{parts.scheme}://')}",
            "https:// and a host; http:// only for this machine",
            "give an https address",
        )
    if parts.username is not None or parts.password is not None:
        raise refused(
            shown,
            "the address holds a user name or a password",
            "an address that may be recorded",
            "fetch the document yourself, and give the file",
        )


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _unreachable(shown: str, error: Exception, limits: Limits) -> InvalidInput:
    reason = error.reason if isinstance(error, urllib.error.URLError) else error
    if isinstance(reason, TimeoutError):
        wrong = f"the document did not arrive within {limits.seconds:g} seconds"
    else:
        wrong = f"the document cannot be fetched ({reason or type(reason).__name__})"
    return refused(shown, wrong, "a server that answers", "check the address and the network")

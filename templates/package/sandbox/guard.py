"""Who may ask: programs and the sandbox's own page, but no page that a browser has open from elsewhere."""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import lru_cache

from starlette.datastructures import Headers
from starlette.types import Scope

from .errors import SandboxError, brief

ADMINISTRATION = "/_sandbox"
"""Below that, tests ask the sandbox itself."""
PAGE = "/"

_AUTHORITY = re.compile(r"(\[[0-9a-f:.]+\]|[^\[\]:/@\s]+)(?::[0-9]*)?")
_TOKEN = re.compile(r"[!-~]+")
_READING = frozenset({"GET", "HEAD"})
_OWN_SITES = frozenset({"", "same-origin", "none"})
"""What a browser says of its own page, or of an address that its user entered; other programs say nothing."""


@dataclass(frozen=True)
class Refusal:
    """Why a request is not answered.

    Attributes:
        status: The status of the answer.
        line: What is wrong, and how to mend it.
        headers: Further headers of the answer.
    """

    status: int
    line: str
    headers: dict[str, str] = field(default_factory=dict[str, str])


class Guard:
    """Decides which requests are answered.

    A page in a browser can send requests to any address of this machine, and with a name of its own that it
    lets point there (DNS rebinding) read the answers. What a browser tells of a page, and the name by which
    it came, give it away.

    Args:
        host: The host to listen on, as it was given.
        address: The address that this is.
        allowed_hosts: Further names by which the sandbox is reached.
        admin_token: What changes and looks below `/_sandbox` need; None for nothing, as long as only this
            machine can reach it, or else for a token that is made.

    Attributes:
        admin_token: What they need; None for nothing.
        is_local: Whether only this machine can reach it.

    Raises:
        SandboxError: An allowed host is not a name of a host, or no header can hold the token.
    """

    def __init__(
        self, host: str, address: str, allowed_hosts: Collection[str], admin_token: str | None
    ) -> None:
        for name in allowed_hosts:
            if _name(name) != name.lower():
                raise SandboxError(
                    f"{brief(name)} is no name of a host; expected one such as 'sandbox', without a port"
                )
        if admin_token is not None and not _TOKEN.fullmatch(admin_token):
            raise SandboxError(
                "the admin token must be letters, digits and signs of ASCII without blanks"
            )
        self._names = frozenset(map(str.lower, (host, f"[{host}]", "localhost", *allowed_hosts)))
        self.is_local = _is_loopback(address)
        if admin_token is None and not self.is_local:
            admin_token = secrets.token_urlsafe(16)
        self.admin_token = admin_token

    def refusal(self, scope: Scope) -> Refusal | None:
        """Return why a request is not answered, or None if it is.

        Args:
            scope: The request, as ASGI gives it.
        """
        headers, path = Headers(scope=scope), scope["path"]
        host = headers.get("host", "")
        if not self._is_known(host, scope["server"]):
            return Refusal(
                403,
                f"the sandbox does not go by the name {brief(host)}; use its address, "
                "or let it have that name with --allow-host NAME (Options.allowed_hosts)",
            )
        if _is_foreign(scope["method"], path, host, headers):
            return Refusal(403, "pages from elsewhere may not use the sandbox; open its own page")
        return self._administrative(scope["method"], headers) if is_administration(path) else None

    def _is_known(self, host: str, server: tuple[str, int] | None) -> bool:
        name = _name(host)
        if name in self._names:
            return True
        # The address that a connection was made to is no name that somebody lets point here.
        return name is not None and (
            _is_loopback(name.strip("[]")) or (server is not None and name.strip("[]") == server[0])
        )

    def _administrative(self, method: str, headers: Headers) -> Refusal | None:
        scheme, _, token = headers.get("authorization", "").partition(" ")
        if self.admin_token is not None and not (
            scheme.lower() == "bearer"
            and hmac.compare_digest(token.strip().encode(), self.admin_token.encode())
        ):
            line = "this needs the header 'Authorization: Bearer <token>' with the admin token"
            where = "which the sandbox printed at its start (Sandbox.admin_token)"
            return Refusal(401, f"{line}, {where}", {"WWW-Authenticate": "Bearer"})
        media_type = headers.get("content-type", "").partition(";")[0].strip().lower()
        if method not in _READING and media_type != "application/json":
            # Pages from elsewhere cannot send this without asking first.
            line = "a change needs the header 'Content-Type: application/json', also without a body"
            return Refusal(415, line)
        return None


def is_administration(path: str) -> bool:
    """Return whether a decoded path is for the sandbox itself."""
    return path == ADMINISTRATION or path.startswith(f"{ADMINISTRATION}/")


def _is_foreign(method: str, path: str, host: str, headers: Headers) -> bool:
    """Return whether a browser sends a request for a page that is not the sandbox's own."""
    origin = headers.get("origin")
    if origin is not None and origin.lower() not in {
        f"http://{host.lower()}",
        f"https://{host.lower()}",
    }:
        return True
    if headers.get("sec-fetch-site", "") in _OWN_SITES:
        return False
    # Anybody may have a link to the page, as long as it is not shown within another.
    follows = headers.get("sec-fetch-mode") == "navigate"
    is_whole = headers.get("sec-fetch-dest") == "document"
    return not (follows and is_whole and path == PAGE and method in _READING)


@lru_cache(maxsize=64)
def _name(host: str) -> str | None:
    """Return the host of a header `Host`, in lower case and without a port; None if it has none."""
    found = _AUTHORITY.fullmatch(host.lower())
    return None if found is None else found[1].removesuffix(".")


@lru_cache(maxsize=64)
def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False

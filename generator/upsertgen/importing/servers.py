"""The servers of published documents."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import Any

_VARIABLE = re.compile(r"\{([^{}]*)\}")


def server_urls(declared: Any) -> list[str]:
    """Return the addresses of `servers`: absolute ones, each once, encrypted ones first.

    Variables get their defaults. A token has to be sent with every request, so where a document offers
    https as well as http, the client uses https.
    """
    urls: list[str] = []
    for server in declared if isinstance(declared, list) else ():
        if isinstance(server, dict) and isinstance(server.get("url"), str):
            url = _filled(server["url"], server.get("variables")).strip().rstrip("/")
            if url.startswith(("https://", "http://")) and url not in urls:
                urls.append(url)
    return sorted(urls, key=lambda url: not url.startswith("https://"))


def _filled(url: str, variables: Any) -> str:
    defaults = {
        name: str(one["default"])
        for name, one in (variables.items() if isinstance(variables, dict) else ())
        if isinstance(one, dict) and "default" in one
    }
    return _VARIABLE.sub(lambda match: defaults.get(match[1], match[0]), url)


def agreed_servers(servers: Iterable[list[str]], known: list[str]) -> list[str]:
    """Return the servers for documents that name none: those that most others name.

    Args:
        servers: The servers of each document.
        known: The servers of the version before, for the case that no document names any.
    """
    counts = Counter(tuple(one) for one in servers if one)
    if not counts:
        return known
    most = max(counts.values())
    return list(min(one for one, count in counts.items() if count == most))


def encrypted(url: str, others: Iterable[str]) -> str:
    """Return the https address of a server, if others name it so, for its http address."""
    secure = f"https://{url.removeprefix('http://')}"
    return secure if url.startswith("http://") and secure in others else url

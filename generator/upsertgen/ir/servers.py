"""The server that the documents of an API version name."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import urlsplit

from upsertgen.errors import Problems, quoted
from upsertgen.specs.document import Document
from upsertgen.specs.openapi import is_url

_VARIABLE = re.compile(r"\{([^{}]*)\}")
_PLACEHOLDER = re.compile(
    r"(?:^|[.-])(?:change-?me|placeholder|replace-?me|tbd|todo|undefined|unknown|your[a-z]*|"
    r"my-?(?:company|domain|host|server))(?:[.-]|$)"
)
"""A part of the name of a host that somebody is to replace."""

_EXPECTED = "servers with an absolute http(s) URL first, without names of users and queries"
_MEND = "add servers, such as '- url: https://api.example.com'"


def base_url(documents: Iterable[Document], problems: Problems) -> str:
    """Return the one server that the documents of a version name; its variables have their defaults.

    Args:
        documents: The documents that have operations.
        problems: Where to note servers that cannot be used, and what is made of the others.
    """
    found = ""
    first: Document | None = None
    for document in documents:
        servers = document.data.get("servers") or []
        url = _url(document, servers[0], problems) if servers else ""
        place = document.locate(("servers", 0, "url"))
        if url is None:
            # Noted already.
            continue
        if not is_url(url):
            problems.add(
                place,
                (
                    f"the server {quoted(url)} is not an absolute URL of a host"
                    if servers
                    else "the document names no server"
                ),
                _EXPECTED,
                _MEND,
            )
        elif first is not None and url != found:
            problems.add(
                place,
                f"the server {quoted(url)} differs from {quoted(found)} of {first.path}",
                "one server for all documents of a version",
                "correct the server",
            )
        elif _is_placeholder(url):
            problems.add_note(
                place,
                f"the server {quoted(url)} looks like a placeholder; with it, every client needs a base_url",
            )
        if len(servers) > 1:
            problems.add_note(
                document.locate(("servers", 1)),
                f"of several servers clients take the first, {quoted(url)}; another one is a base_url",
            )
        if first is None:
            first, found = document, url
    return found


def _url(document: Document, server: dict[str, Any], problems: Problems) -> str | None:
    """Return the URL of a document's first server with the defaults of its variables, if all have one."""
    url: str = server["url"].rstrip("/")
    variables = server.get("variables") or {}
    for name in dict.fromkeys(_VARIABLE.findall(url)):
        default = str(variables.get(name, {}).get("default", "")).strip()
        way = (
            ("servers", 0, "variables", name, "default")
            if name in variables
            else ("servers", 0, "url")
        )
        if not default:
            problems.add(
                document.locate(way),
                f"the variable {quoted(name)} of the server {quoted(url)} has no default",
                "a default for each variable of the server",
                "add it, or write the server without variables",
            )
            return None
        problems.add_note(
            document.locate(way),
            f"the variable {quoted(name)} of the server is {quoted(default)} in clients; for another value "
            "they take a base_url",
        )
        url = url.replace(f"{{{name}}}", default)
    return url.rstrip("/")


def _is_placeholder(url: str) -> bool:
    """Return whether a URL names a host that nobody can have: one without a domain, or with a word for it."""
    host = urlsplit(url).hostname or ""
    has_domain = "." in host or ":" in host or host == "localhost"
    return not has_domain or _PLACEHOLDER.search(host) is not None

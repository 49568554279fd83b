"""Who sends a request: the tokens that it has, where the security schemes of its operation want them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import unquote_plus

from starlette.requests import Request

from .._runtime.security import BEARER, SecurityScheme

Alternatives: TypeAlias = Sequence[Sequence[SecurityScheme]]
"""What an operation needs: alternatives, each the schemes that have to be met at once."""

_HIDDEN = "…"


@dataclass(frozen=True)
class Sender:
    """Who sends a request, as far as it says so.

    Attributes:
        tokens: What meets the schemes; empty if nothing does, or nothing has to.
        lacks: What is missing or wrong; empty if the request may be done.
    """

    tokens: tuple[str, ...] = ()
    lacks: str = ""

    @property
    def token(self) -> str | None:
        """What tells the sender from others; None if nothing does."""
        return " ".join(self.tokens) or None


def sender_of(
    request: Request,
    alternatives: Alternatives = ((BEARER,),),
    known: Mapping[str, object] | None = None,
) -> Sender:
    """Return who sends a request.

    Args:
        request: The request.
        alternatives: What its operation needs.
        known: The tokens that are accepted; none for any.
    """
    nearest: tuple[str, ...] = ()
    for needed in alternatives:
        found = [_sent(request, scheme) for scheme in needed]
        tokens = tuple(one for one in found if one is not None)
        if len(tokens) == len(found) and all(one in known for one in tokens if known):
            return Sender(tokens)
        nearest = nearest or tokens
    needs = " or ".join(" and ".join(map(_wanted, needed)) for needed in alternatives)
    is_unknown = any(one not in known for one in nearest if known)
    wrong = "it is none of the tokens of this sandbox" if is_unknown else "it is missing"
    return Sender(nearest, f"The {needs}; {wrong}.")


def without_tokens(query: str, schemes: Iterable[SecurityScheme]) -> str:
    """Return a query without the tokens in it."""
    names = {one.parameter for one in schemes if one.location == "query"}
    if not names:
        return query
    parts = (part.partition("=") for part in query.split("&"))
    return "&".join(
        f"{name}={_HIDDEN}" if unquote_plus(name) in names else f"{name}{equals}{value}"
        for name, equals, value in parts
    )


def _sent(request: Request, scheme: SecurityScheme) -> str | None:
    """Return what of a request meets a scheme."""
    if scheme.location == "query":
        return request.query_params.get(scheme.parameter) or None
    if scheme.location == "cookie":
        return request.cookies.get(scheme.parameter) or None
    text = request.headers.get(scheme.parameter, "").strip()
    expected = "Basic" if scheme.is_basic else scheme.prefix
    if expected is None:
        return text or None
    prefix, _, token = text.partition(" ")
    if prefix.lower() != expected.lower():
        return None
    return _decoded(token.strip()) if scheme.is_basic else token.strip() or None


def _decoded(text: str) -> str | None:
    """Return the user name and the password, with a colon between, or None if there are none."""
    try:
        pair = base64.b64decode(text, validate=True).decode()
    except ValueError:
        return None
    return pair if ":" in pair else None


def _wanted(scheme: SecurityScheme) -> str:
    if scheme.is_basic:
        form = "'Basic <user:password in Base64>'"
    else:
        form = "'<token>'" if scheme.prefix is None else f"'{scheme.prefix} <token>'"
    return f"{scheme.location} {scheme.parameter} must be {form}"

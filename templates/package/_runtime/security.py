"""Security schemes of an API, and the tokens that meet them: where in a request they stand. Pure."""

from __future__ import annotations

import base64
import re
from collections.abc import Awaitable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeGuard
from urllib.parse import quote

Security: TypeAlias = tuple[tuple[str, ...], ...]
"""What an operation needs: alternatives, the best first, each the schemes that have to be met at once."""

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")
_COOKIE = re.compile(r"[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]+")
"""What can be the value of a cookie (RFC 6265, 4.1.1)."""
_BASIC = re.compile(r"[^\x00-\x1f\x7f:]*:[^\x00-\x1f\x7f]*")
"""A user name, a colon and a password (RFC 7617, 2)."""


@dataclass(frozen=True)
class SecurityScheme:
    """How clients send what meets a security scheme of OpenAPI.

    Attributes:
        name: What the specification calls it.
        location: `header`, `query` or `cookie`.
        parameter: What it is called there.
        prefix: What stands before a token or a key in a header, with a space between: `Bearer` before a
            token and nothing before a key, unless it is said.
        is_basic: Whether it is met by a user name and a password (RFC 7617).
    """

    name: str
    location: str
    parameter: str
    prefix: str | None = None
    is_basic: bool = False


BEARER = SecurityScheme("bearer", "header", "Authorization", "Bearer")
BASIC = SecurityScheme("basic", "header", "Authorization", is_basic=True)


class Hidden:
    """Holds a value that no representation shows and that cannot be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a token cannot be pickled or copied, lest it be stored by accident")


class Token(Hidden):
    """A token, a key, or a user name with a password, that is ready to be sent.

    Args:
        value: The token; for a basic scheme `user:password`.
        scheme: What it meets.
    """

    __slots__ = ("scheme",)

    def __init__(self, value: object, scheme: SecurityScheme = BEARER) -> None:
        super().__init__(value)
        self.scheme = scheme

    def check(self) -> None:
        """Check that the token can be sent.

        Raises:
            TypeError: It is no text.
            ValueError: It is empty, or holds what cannot stand in its place. The message does not show it.
        """
        # The value must not become a local variable here: tracebacks show those.
        if not isinstance(self._value, str):
            raise TypeError("the token must be a str")
        if self.scheme.is_basic:
            if not _BASIC.fullmatch(self._value):
                raise ValueError(
                    "the token must be 'user:password', without control characters; check how it was read"
                )
        elif not _VISIBLE_ASCII.fullmatch(self._value):
            raise ValueError(
                "the token must be one or more visible ASCII characters, without spaces and line "
                "breaks; check how it was read"
            )
        elif self.scheme.location == "cookie" and not _COOKIE.fullmatch(self._value):
            raise ValueError(
                "the token must not hold quotation marks, commas, semicolons and backslashes, which cannot "
                "stand in a cookie; check how it was read"
            )

    async def awaited(self) -> Token:
        """Give the token, which may have to be waited for, checked: as `check`."""
        token = self
        if _is_awaitable(self._value):
            token = Token(await self._value, self.scheme)
        token.check()
        return token

    def is_same(self, other: Token) -> bool:
        """Tell whether another one has the same value."""
        return bool(self._value == other._value)

    def text(self) -> str:
        """Give what is sent."""
        if self.scheme.is_basic:
            return f"Basic {base64.b64encode(str(self._value).encode()).decode('ascii')}"
        prefix = self.scheme.prefix
        return str(self._value) if prefix is None else f"{prefix} {self._value}"


class Tokens(Hidden):
    """All tokens that are sent with a request.

    Args:
        tokens: The tokens, checked.
    """

    __slots__ = ()
    _value: tuple[Token, ...]

    def __init__(self, tokens: Iterable[Token] = ()) -> None:
        super().__init__((*tokens,))

    def __iter__(self) -> Iterator[Token]:
        return iter(self._value)

    def headers(self) -> list[tuple[str, str]]:
        """Give the names and values of the headers that they stand in."""
        cookies = [
            f"{one.scheme.parameter}={one.text()}"
            for one in self._value
            if one.scheme.location == "cookie"
        ]
        headers = [
            (one.scheme.parameter, one.text())
            for one in self._value
            if one.scheme.location == "header"
        ]
        return [*headers, ("Cookie", "; ".join(cookies))] if cookies else headers

    def query(self) -> str:
        """Give the part of the query that they stand in; empty if that is none."""
        return "&".join(
            f"{quote(one.scheme.parameter, safe='')}={quote(one.text(), safe='')}"
            for one in self._value
            if one.scheme.location == "query"
        )


def _is_awaitable(value: object) -> TypeGuard[Awaitable[object]]:
    return isinstance(value, Awaitable)

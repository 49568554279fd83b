"""The token: kept out of sight, and sent to one place only."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeAlias, cast

import httpx2

TokenSource: TypeAlias = str | Callable[[], str]
"""A token, or what gives the current one before each attempt."""

AsyncTokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A token, or what gives the current one before each attempt, possibly by waiting for it."""

Origin: TypeAlias = tuple[str, str, int | None]
"""Scheme, host and port, which is None for the scheme's own."""

_VISIBLE_ASCII = re.compile(r"[\x21-\x7e]+")


class _Hidden:
    """Holds a value that no representation shows and that cannot be pickled."""

    __slots__ = ("_value",)

    def __init__(self, value: object) -> None:
        self._value = value

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    def __reduce__(self) -> tuple[Any, ...]:
        raise TypeError("a token cannot be pickled or copied, lest it be stored by accident")


class Token(_Hidden):
    """A token that is ready to be sent."""

    __slots__ = ()

    def check(self) -> None:
        """Check that the token can be sent.

        Raises:
            TypeError: It is no text.
            ValueError: It is empty, or holds something other than visible ASCII characters. The
                message does not show it.
        """
        # The value must not become a local variable here: tracebacks show those.
        if not isinstance(self._value, str):
            raise TypeError("the token must be a str")
        if not _VISIBLE_ASCII.fullmatch(self._value):
            raise ValueError(
                "the token must be one or more visible ASCII characters, without spaces and line "
                "breaks; check how it was read"
            )

    def authorization(self) -> str:
        """Give the value of the `Authorization` header."""
        return f"Bearer {self._value}"


class Credential(_Hidden):
    """Where the token comes from."""

    __slots__ = ()

    def check(self) -> None:
        """Check a fixed token. What a function will give cannot be known yet.

        This is no part of the constructor, so that a caller can drop its own variable first.

        Raises:
            TypeError: It is neither text nor a function.
            ValueError: It is a text that cannot be sent. The message does not show it.
        """
        if not callable(self._value):
            Token(self._value).check()

    def token(self) -> Token:
        """Give the current token.

        Returns:
            The token, checked.

        Raises:
            TypeError: The function gave no text.
            ValueError: It gave a text that cannot be sent. The message does not show it.
            Exception: Whatever the function raises.
        """
        token = self._ask()
        token.check()
        return token

    def _ask(self) -> Token:
        return Token(self._value() if callable(self._value) else self._value)


class AsyncCredential(Credential):
    """Where the token comes from, possibly after waiting for it."""

    __slots__ = ()

    async def async_token(self) -> Token:
        """Give the current token.

        Returns:
            The token, checked.

        Raises:
            TypeError: The function gave no text.
            ValueError: It gave a text that cannot be sent. The message does not show it.
            Exception: Whatever the function raises.
        """
        token = self._ask()
        must_wait = isinstance(token._value, Awaitable)
        if must_wait:
            token = Token(await cast("Awaitable[object]", token._value))
        token.check()
        return token


class PickledCredential(_Hidden):
    """A credential on its way into a pickle of a client, which somebody asked for.

    The pickle holds the token if it is a fixed one, and otherwise the function that gives it. Loaded
    from a pickle, this is the credential again.

    Args:
        credential: The credential.
    """

    __slots__ = ()

    def __init__(self, credential: Credential) -> None:
        super().__init__(credential)

    def __reduce__(self) -> tuple[Any, ...]:
        credential = cast("Credential", self._value)
        return type(credential), (credential._value,)

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(
            "a client cannot be copied, lest its token be stored by accident; share it, or use "
            "with_options"
        )


def origin_of(url: httpx2.URL) -> Origin:
    """Give the scheme, host and port of a URL."""
    return url.scheme, url.host, url.port

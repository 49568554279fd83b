"""The tokens of a client: kept out of sight, and sent to one place only."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from typing import Any, NoReturn, TypeAlias, cast

import httpx2

from .security import Hidden, Security, SecurityScheme, Token, Tokens

TokenSource: TypeAlias = str | Callable[[], str]
"""A token, or what gives the current one before each attempt.

When the API says that a token has expired, a function is asked once more, with `rejected=True` if it has
such an argument, and what it gives then is sent if it is another token.
"""

AsyncTokenSource: TypeAlias = str | Callable[[], str | Awaitable[str]]
"""A token, or what gives the current one before each attempt, possibly by waiting for it."""


class MissingTokenError(ValueError):
    """There is no token that an operation needs."""


class Credential(Hidden):
    """Where the token for a security scheme comes from.

    Args:
        source: The token, or the function that gives it.
        scheme: What it meets.
    """

    __slots__ = ("_scheme",)

    def __init__(self, source: object, scheme: SecurityScheme) -> None:
        super().__init__(source)
        self._scheme = scheme

    def check(self) -> None:
        """Check a fixed token. What a function will give cannot be known yet.

        Raises:
            TypeError: It is neither text nor a function.
            ValueError: It is a text that cannot be sent. The message does not show it.
        """
        if not callable(self._value):
            self._token(self._value).check()

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

    def another(self, expired: Token) -> Token:
        """Ask for another token, because one has expired.

        Args:
            expired: The one that has.

        Returns:
            The other one, checked; the same if there is none.

        Raises:
            TypeError: As for `token`.
            ValueError: As for `token`.
            Exception: As for `token`.
        """
        if not callable(self._value):
            return expired
        token = self.token()
        if token.is_same(expired) and _takes_rejected(self._value):
            token = self._token(self._value(rejected=True))
            token.check()
        return token

    async def async_token(self) -> Token:
        """Give the current token: as `token`, but the function may have to be waited for."""
        return await self._ask().awaited()

    async def another_async(self, expired: Token) -> Token:
        """Ask for another token, because one has expired: as `another`."""
        if not callable(self._value):
            return expired
        token = await self.async_token()
        if token.is_same(expired) and _takes_rejected(self._value):
            token = await self._token(self._value(rejected=True)).awaited()
        return token

    def _ask(self) -> Token:
        return self._token(self._value() if callable(self._value) else self._value)

    def _token(self, value: object) -> Token:
        return Token(value, self._scheme)


class Credentials(Hidden):
    """What a client has for the security schemes of an API.

    Args:
        schemes: The schemes.
        given: Where tokens come from, by the name of their scheme; or where the one for the only scheme
            does. Nothing at all is an empty mapping.
    """

    __slots__ = ("_chosen", "_count", "_credentials", "_schemes")

    def __init__(self, schemes: tuple[SecurityScheme, ...] = (), given: object = None) -> None:
        super().__init__(given)
        self._schemes = schemes
        self._count = _count(given)
        self._credentials = {
            one.name: Credential(source, one) for one, source in _sources(schemes, given)
        }
        self._chosen: dict[Security | None, tuple[Credential, ...]] = {}

    def check(self) -> None:
        """Check what was given, as far as it is known yet.

        This is no part of the constructor, so that a caller can drop its own variable first.

        Raises:
            TypeError: A token is neither text nor a function, or there are several schemes, and this is
                no mapping of their names.
            ValueError: A token is a text that cannot be sent, or a scheme is called otherwise. The
                message shows neither.
        """
        names = ", ".join(repr(one.name) for one in self._schemes)
        # What was given must not become a local variable here: tracebacks show those.
        if self._count is not None:
            if len(self._credentials) < self._count:
                raise ValueError(f"tokens must be given by the names of security schemes: {names}")
        elif len(self._schemes) > 1:
            raise TypeError(
                f"there are several security schemes; give a mapping of their names to tokens: {names}"
            )
        for one in self._credentials.values():
            one.check()

    def tokens(self, security: Security | None) -> Tokens:
        """Give what is sent with a request.

        Args:
            security: What its operation needs; None for whatever there is.

        Raises:
            TypeError: A function gave no text.
            MissingTokenError: There are no tokens that meet it.
            ValueError: A function gave a text that cannot be sent.
            Exception: Whatever the functions raise.
        """
        return Tokens(one.token() for one in self._for(security))

    def others(self, expired: Tokens) -> Tokens | None:
        """Ask for other tokens, because one has expired.

        Args:
            expired: Those that were sent.

        Returns:
            Those to send now; None if they are the same.

        Raises:
            Exception: As for `tokens`.
        """
        return _changed([(one, self._credentials[one.scheme.name].another(one)) for one in expired])

    async def async_tokens(self, security: Security | None) -> Tokens:
        """Give what is sent with a request: as `tokens`, but functions may have to be waited for."""
        return Tokens([await one.async_token() for one in self._for(security)])

    async def others_async(self, expired: Tokens) -> Tokens | None:
        """Ask for other tokens, because one has expired: as `others`."""
        return _changed(
            [(one, await self._credentials[one.scheme.name].another_async(one)) for one in expired]
        )

    def require(self, security: Security | None) -> None:
        """Check that there are tokens for what an operation needs.

        Raises:
            MissingTokenError: There are none.
        """
        self._for(security)

    def pickled(self) -> PickledCredentials:
        """Give what stands for them in a pickle of a client."""
        return PickledCredentials((self._schemes, self._value))

    def _for(self, security: Security | None) -> tuple[Credential, ...]:
        chosen = self._chosen.get(security)
        if chosen is None:
            self._chosen[security] = chosen = self._choose(security)
        return chosen

    def _choose(self, security: Security | None) -> tuple[Credential, ...]:
        if security is None:
            return (*self._credentials.values(),)
        for names in security or ((),):
            if all(name in self._credentials for name in names):
                return tuple(self._credentials[name] for name in names)
        needed = ", or ".join(" with ".join(map(repr, names)) for names in security)
        raise MissingTokenError(f"this operation needs a token for {needed}; give it to the client")


class PickledCredentials(Hidden):
    """Credentials on their way into a pickle of a client, which somebody asked for.

    The pickle holds fixed tokens, and otherwise the functions that give them. Loaded from a pickle, these
    are the credentials again.

    Args:
        arguments: What they were made of.
    """

    __slots__ = ()
    _value: tuple[tuple[SecurityScheme, ...], object]

    def __init__(self, arguments: tuple[tuple[SecurityScheme, ...], object]) -> None:
        super().__init__(arguments)

    def __reduce__(self) -> tuple[Any, ...]:
        return Credentials, self._value

    def __deepcopy__(self, memo: object) -> NoReturn:
        raise TypeError(
            "a client cannot be copied, lest its token be stored by accident; share it, or use "
            "with_options"
        )


def _count(given: object) -> int | None:
    """Count what a mapping holds; None for what is no mapping."""
    return len(cast("Mapping[object, object]", given)) if isinstance(given, Mapping) else None


def _sources(
    schemes: tuple[SecurityScheme, ...], given: object
) -> Iterator[tuple[SecurityScheme, object]]:
    """Give the schemes that there is something for, each with that."""
    if isinstance(given, Mapping):
        sources = cast("Mapping[str, object]", given)
        yield from ((one, sources[one.name]) for one in schemes if one.name in sources)
    else:
        yield from ((one, given) for one in schemes[:1])


def _changed(tokens: Iterable[tuple[Token, Token]]) -> Tokens | None:
    pairs = [*tokens]
    if all(new.is_same(old) for old, new in pairs):
        return None
    return Tokens(new for _, new in pairs)


def _takes_rejected(source: Callable[..., object]) -> bool:
    import inspect  # Only needed when a token has expired.

    try:
        parameters = inspect.signature(source).parameters.values()
    except (TypeError, ValueError):
        return False
    return any(one.name == "rejected" or one.kind is one.VAR_KEYWORD for one in parameters)


def origin_of(url: httpx2.URL) -> tuple[str, str, int | None]:
    """Give the scheme, host and port of a URL; None for the scheme's own port."""
    return url.scheme, url.host, url.port

"""The tokens that a command sends, from environment variables."""

from __future__ import annotations

import importlib
import os
import re
from collections.abc import Iterator
from typing import Any

from .._runtime.client import OpenSyncClient
from .._runtime.security import SecurityScheme
from ..oauth import ClientCredentialsSource
from .errors import BadInput, listed
from .object_types import Version

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OWN = __name__.partition(".")[0].upper()
VARIABLE_OF_ALL = "ACCESS_TOKEN"
OWN_VARIABLE = f"{_OWN}_{VARIABLE_OF_ALL}"
"""Before the other one: commands for two APIs must not send the token of one to the other."""


class CommandTokens:
    """What the environment has for the security schemes of a version.

    Args:
        version: The version.
        token_variable: The variable of the token, where there is one at all. Otherwise each scheme has one
            that is called after it.

    Raises:
        BadInput: That is no name of a variable, there is none for one token, or a variable cannot be used.

    Attributes:
        client: The synchronous client of the version.
        is_needed: Whether there has to be a token.
        is_one: Whether that is one for all operations.
    """

    def __init__(self, version: Version, token_variable: str) -> None:
        if not _VARIABLE.fullmatch(token_variable):
            # It is not shown: it may be the token itself.
            raise BadInput(
                "--token-variable must be the name of an environment variable that holds the token, "
                "not the token itself"
            )
        self.client: Any = importlib.import_module(f"..{version.package}", __package__).Client
        self.is_needed = not issubclass(self.client, OpenSyncClient)
        schemes: tuple[SecurityScheme, ...] = self.client._SCHEMES
        self.is_one = len(schemes) == 1
        self._variables = {one.name: self._variable(one, token_variable) for one in schemes}
        if not self.is_one and token_variable not in {VARIABLE_OF_ALL, OWN_VARIABLE}:
            raise BadInput(f"--token-variable is for one token, and there are several: {self._all}")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._all})"

    @property
    def is_given(self) -> bool:
        """Whether there is any token, or what gives one."""
        return any(True for _ in self.secrets)

    @property
    def secrets(self) -> Iterator[str]:
        """What must never be shown."""
        for name, variable in self._variables.items():
            secret = _value(variable) or (_value(f"{self._app(name)}_CLIENT_SECRET"))
            yield from ([secret] if secret else [])

    @property
    def problem(self) -> tuple[str, str]:
        """What is wrong where there is no token, and what to do about it."""
        if self.is_one:
            variable = self._all
            mend = (
                f"set the environment variable {variable}, or name the one that holds it with "
                "--token-variable"
            )
        else:
            mend = f"set the environment variables that the operation needs of {self._all}"
        return "there is no token", mend

    @property
    def mend(self) -> str:
        """What to do where the API refuses them."""
        if self.is_one:
            return f"set the environment variable {self._all} to a token that is valid"
        return f"set the environment variables {self._all} to tokens that are valid"

    def sources(self) -> dict[str, object]:
        """Give where tokens come from, by security scheme, for the client."""
        return {
            name: source
            for name, variable in self._variables.items()
            if (source := _value(variable) or self._app_source(name))
        }

    @property
    def _all(self) -> str:
        return listed(self._variables.values())

    def _variable(self, scheme: SecurityScheme, token_variable: str) -> str:
        return token_variable if self.is_one else variable_of(scheme.name)

    def _app(self, name: str) -> str:
        return _OWN if self.is_one else variable_of(name)

    def _app_source(self, name: str) -> ClientCredentialsSource | None:
        """Give what gets tokens for an app, if the API has a place for that and the app is known."""
        urls: dict[str, str] = getattr(self.client, "TOKEN_URLS", {})
        url = next(iter(urls.values()), None) if self.is_one else urls.get(name)
        app = self._app(name)
        if url is None or not (_value(f"{app}_CLIENT_ID") and _value(f"{app}_CLIENT_SECRET")):
            return None
        try:
            return ClientCredentialsSource(
                url,
                client_id=_value(f"{app}_CLIENT_ID"),
                client_secret=_value(f"{app}_CLIENT_SECRET"),
                scopes=_value(f"{app}_SCOPES"),
            )
        except ValueError as error:
            raise BadInput(f"the token URL of the API cannot be used: {error}") from None


def variable_of(scheme: str) -> str:
    """Name the variable of the token for one of several security schemes."""
    capitals = re.sub(r"[^A-Za-z0-9]+", "_", scheme).strip("_").upper()
    return f"{_OWN}_{capitals}"


def _value(variable: str) -> str:
    return os.environ.get(variable, "").strip()

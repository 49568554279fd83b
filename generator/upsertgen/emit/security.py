"""What a version's clients have to be given, and what each operation needs of that.

Start with `client_security`. Where all that operations need stands in one place of a request, a client has
one token, whatever the schemes are called; otherwise it has one for each scheme, by name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from upsertgen.emit.encode import header_name, string_literal
from upsertgen.ir.tree import Credential, Operation, Version
from upsertgen.spec_text import SpecText


@dataclass(frozen=True)
class ClientSecurity:
    """What the clients of a version are given.

    Attributes:
        credentials: What there is: one for each scheme, or one at all.
        required: The schemes that every operation needs, where there are several.
        is_open: Whether no operation needs a token, or all do without.
        token_urls: Where clients can get tokens by themselves, by scheme.
    """

    credentials: tuple[Credential, ...]
    required: frozenset[SpecText]
    is_open: bool
    token_urls: tuple[tuple[SpecText, SpecText], ...]

    @property
    def is_usual(self) -> bool:
        """Whether it is what clients have if nothing else is said: one bearer token, or none."""
        return not self.credentials or (not self.by_name and self.credentials[0].is_bearer)

    @property
    def by_name(self) -> bool:
        """Whether a token is given for each scheme."""
        return len(self.credentials) > 1

    @property
    def schemes(self) -> str:
        """The expression of the schemes, for the runtime."""
        return f"({''.join(f'{_scheme(one)}, ' for one in self.credentials)})"

    def needs(self, operation: Operation) -> str | None:
        """Return the expression of what an operation needs; nothing for all that there is."""
        if operation.credentials is None:
            return "()" if self.credentials else None
        if self.by_name:
            named = [[one.scheme for one in needed] for needed in operation.credentials]
        else:
            named = [[self.credentials[0].scheme][: len(one)] for one in operation.credentials]
            if named and all(named):
                return None
        alternatives = dict.fromkeys(
            f"({''.join(f'{string_literal(name)}, ' for name in names)})" for names in named
        )
        return f"({''.join(f'{one}, ' for one in alternatives)})"

    @property
    def variable(self) -> str:
        """What the command calls the first scheme in the names of variables."""
        return in_capitals(self.credentials[0].scheme)

    @property
    def app_variable(self) -> str:
        """What it calls the first one for which it can get tokens by itself."""
        return in_capitals(self.token_urls[0][0])

    def given(self, variable: str) -> str:
        """Return the argument of a client in an example, from a variable of Python."""
        named = [scheme for scheme, _ in self.token_urls] or [c.scheme for c in self.credentials]
        return f"{{{string_literal(named[0])}: {variable}}}" if self.by_name else variable

    def example(self, package: str, operation: Operation | None) -> str:
        """Return the argument of a client in an example, with tokens from the environment.

        Args:
            package: The package, after which the command calls its variables.
            operation: What is called.
        """
        if not self.by_name:
            return "" if not self.credentials and self.is_open else 'os.environ["ACCESS_TOKEN"]'
        items = (
            f'{string_literal(one.scheme)}: os.environ["{_variable(package, one)}"]'
            for one in self._needed(operation)
        )
        return f"{{{', '.join(items)}}}"

    def exports(self, package: str, operation: Operation | None) -> list[str]:
        """Return the lines of a shell that set such variables for a stand-in; arguments as above."""
        return [
            f"export {_variable(package, one) if self.by_name else 'ACCESS_TOKEN'}="
            f"{'any:any' if one.is_basic else 'any'}"
            for one in (self._needed(operation) if self.by_name else self.credentials)
        ] or ["export ACCESS_TOKEN=any"]

    def _needed(self, operation: Operation | None) -> tuple[Credential, ...]:
        needed = operation.credentials if operation else None
        return needed[0] if needed else self.credentials[:1]


def client_security(version: Version) -> ClientSecurity:
    """Return what the clients of a version are given."""
    needed = [
        one.credentials or ((),) for resource in version.resources for one in resource.operations
    ]
    alternatives = [alternative for each in needed for alternative in each]
    # In the order in which operations name them: names of specs are not compared here.
    credentials = (*{one.scheme: one for each in alternatives for one in each}.values(),)
    return ClientSecurity(
        credentials=credentials[:1] if len({*map(_way, credentials)}) == 1 else credentials,
        required=frozenset.intersection(
            *(frozenset(one.scheme for one in each) for each in alternatives)
        ),
        is_open=all(() in each for each in needed),
        token_urls=tuple((one.scheme, one.token_url) for one in credentials if one.token_url),
    )


def _way(credential: Credential) -> tuple[str, SpecText | None, bool]:
    """Return what tells how a credential is sent."""
    return credential.place, credential.prefix, credential.is_basic


def _variable(package: str, credential: Credential) -> str:
    return f"{package.upper()}_{in_capitals(credential.scheme)}"


def in_capitals(name: SpecText) -> str:
    """Return the part of a variable's name that the command makes of a scheme's: see `_cli.tokens`."""
    return re.sub(r"[^A-Za-z0-9]+", "_", name.raw).strip("_").upper()


def _scheme(credential: Credential) -> str:
    name = credential.parameter
    written = header_name(name) if credential.location == "header" else name
    words = [credential.scheme, SpecText(credential.location), written]
    more = f", {string_literal(credential.prefix)}" if credential.prefix is not None else ""
    more += ", is_basic=True" if credential.is_basic else ""
    return f"_security.SecurityScheme({', '.join(map(string_literal, words))}{more})"

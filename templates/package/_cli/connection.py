"""What all commands share: how they show help, the options that say how to reach the API, and its client."""

from __future__ import annotations

import os
from contextlib import AbstractContextManager
from typing import Any

import click

from .advice import in_flags
from .errors import BadInput
from .object_types import Catalogue, Version
from .tokens import OWN_VARIABLE, VARIABLE_OF_ALL, CommandTokens

CONTEXT_SETTINGS: dict[str, Any] = {
    "help_option_names": ["-h", "--help"],
    "max_content_width": 100,
    "show_default": True,
}
"""How each command shows its help."""


def version_option(catalogue: Catalogue, help: str) -> click.Option:
    """Make the option that says which version of the API is meant."""
    return click.Option(["--api-version"], metavar="|".join(catalogue.versions), help=help)


def connection_options() -> list[click.Parameter]:
    """Make the options that `open_client` takes by their names."""
    return [
        click.Option(
            ["--token-variable"],
            default=_usual_variable,
            show_default=f"{OWN_VARIABLE} if it is set, else {VARIABLE_OF_ALL}",
            metavar="NAME",
            help="Environment variable that holds the access token.",
        ),
        click.Option(["--base-url"], metavar="URL", help="Where the API is, such as a sandbox."),
        click.Option(
            ["--allow-plain-http"], is_flag=True, help="Allow other machines without encryption."
        ),
    ]


def _usual_variable() -> str:
    return OWN_VARIABLE if OWN_VARIABLE in os.environ else VARIABLE_OF_ALL


def open_client(
    version: Version,
    *,
    token_variable: str,
    base_url: str | None,
    allow_plain_http: bool,
    needs_token: bool = True,
) -> AbstractContextManager[Any]:
    """Make the client of a version, from what `connection_options` were given.

    Args:
        version: The version.
        token_variable: The environment variable that holds the token.
        base_url: Where the API is, if not where it usually is.
        allow_plain_http: Whether http may be used to reach other machines than this one.
        needs_token: Whether anything will be sent.

    Raises:
        BadInput: There is no token, or an option cannot be used.
    """
    tokens = CommandTokens(version, token_variable)
    # Of several tokens each operation needs others, and some need none: the client tells which.
    if tokens.is_one and tokens.is_needed and needs_token and not tokens.is_given:
        raise BadInput(": ".join(tokens.problem))
    try:
        client: AbstractContextManager[Any] = tokens.client(
            tokens.sources(), base_url=base_url, allow_plain_http=allow_plain_http
        )
    except ValueError as error:
        raise BadInput(in_flags(str(error))) from None
    return client

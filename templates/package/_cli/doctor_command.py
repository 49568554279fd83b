"""The command `doctor`: its arguments, options and help."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import click

from .command import load_parameters
from .connection import CONTEXT_SETTINGS, connection_options
from .doctor import examine
from .findings import State, lines_of
from .object_types import Catalogue, choose
from .run import ACCEPTED, REJECTED, LoadOptions
from .tokens import CommandTokens

_HELP = """Tell whether the records of FILE can be upserted, and what to mend before. Nothing is written.

It looks at the token and its scopes, at what is left of the daily limit, at the key, at the columns, and at
the value of each row, by the properties of the account or those of --properties."""
_CODES = "Exit codes: 0 no problem was found, 1 there are problems, 2 bad input or usage."


def command(catalogue: Catalogue, words: Sequence[str]) -> click.Command:
    """Make the command `doctor`."""
    del words
    return click.Command(
        "doctor",
        callback=partial(_called, catalogue),
        params=[
            click.Argument(["object_type"]),
            click.Argument(["file"]),
            *load_parameters(catalogue),
            *connection_options(),
        ],
        help=_HELP,
        epilog=_CODES,
        context_settings=CONTEXT_SETTINGS,
    )


def _called(catalogue: Catalogue, **given: Any) -> int:
    options = LoadOptions(**given)
    choice = choose(catalogue, options.api_version, options.object_type)
    tokens = CommandTokens(choice.version, options.token_variable)
    code = ACCEPTED
    for finding in examine(choice, options, tokens):
        for line in lines_of(finding, [*tokens.secrets]):
            click.echo(line)
        if finding.state is State.PROBLEM:
            code = REJECTED
    return code

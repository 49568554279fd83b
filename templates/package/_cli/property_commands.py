"""The commands about the properties of an account: their arguments, options and help."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import click

from .._properties.files import ObjectProperties
from .._runtime.suggestion import nearest
from .connection import CONTEXT_SETTINGS, connection_options, open_client, version_option
from .errors import BadInput
from .object_types import Catalogue, Version, rules_of, version_of
from .property_changes import FORMATS as CHANGE_FORMATS
from .property_changes import in_json, in_markdown, in_text
from .property_diff import Accounts, compare
from .property_pull import pull
from .property_source import (
    FOLDER,
    AccountProperties,
    Unavailable,
    from_file,
)
from .property_table import FORMATS, as_json, as_markdown, found_in, print_table
from .run import ACCEPTED, REJECTED, STOPPED

_HELP = "Which properties the account has, which of them may be a key, and what may stand in them."
_PULL = """Write what the account says of the properties of each OBJECT_TYPE to a small file.

An object type is what the API calls it, by its name or its id. Files hold facts about properties only, in
an order that stays, to be committed. What is sensitive is only listed if it is asked for."""
_DIFF = """Say what changed in the account since its properties were pulled.

Without an OBJECT_TYPE: of all that have a file."""
_SHOW = """Look up the properties of OBJECT_TYPE.

They come from the file that 'properties pull' has written, or with --api-version from the account."""
_PULL_CODES = (
    "Exit codes: 0 all files were written, 1 one was not, 2 none was, or bad input or usage."
)
_DIFF_CODES = (
    "Exit codes: 0 done, 1 --fail-on found what it looks for, 2 one could not be compared, or bad input "
    "or usage."
)
_SHOW_CODES = "Exit codes: 0 found, 1 nothing found, 2 bad input or usage."


def command(catalogue: Catalogue, words: Sequence[str]) -> click.Command:
    """Make the command `properties`."""
    del words
    return click.Group(
        "properties",
        commands=[_pull(catalogue), _diff(catalogue), _show(catalogue)],
        help=_HELP,
        no_args_is_help=False,
        context_settings=CONTEXT_SETTINGS,
    )


def _pull(catalogue: Catalogue) -> click.Command:
    return click.Command(
        "pull",
        callback=partial(_called_pull, catalogue),
        params=[
            click.Argument(["object_types"], nargs=-1, required=True, metavar="OBJECT_TYPE..."),
            version_option(catalogue, "Version of the API. Always needed."),
            click.Option(
                ["--output"], default=FOLDER, metavar="FOLDER", help="Where to write the files."
            ),
            _sensitive_option(),
            click.Option(
                ["--archived"], is_flag=True, help="Write what is archived as well, marked as such."
            ),
            *connection_options(),
        ],
        help=_PULL,
        epilog=_PULL_CODES,
    )


def _diff(catalogue: Catalogue) -> click.Command:
    return click.Command(
        "diff",
        callback=partial(_called_diff, catalogue),
        params=[
            click.Argument(["object_types"], nargs=-1, metavar="[OBJECT_TYPE...]"),
            _properties_option(),
            click.Option(
                ["--against"],
                metavar="PATH",
                help="Compare with this file or folder, instead of the account.",
            ),
            version_option(
                catalogue, "Version of the API to ask.  [default: the one that was pulled]"
            ),
            _sensitive_option(),
            click.Option(
                ["--format"],
                type=click.Choice(CHANGE_FORMATS),
                default="text",
                help="For people here, for a pull request, or for programs.",
            ),
            click.Option(
                ["--fail-on"],
                type=click.Choice(("breaking", "any")),
                help="Exit 1 if something changed that may keep records from being accepted; 'any': if "
                "anything changed.",
            ),
            *connection_options(),
        ],
        help=_DIFF,
        epilog=_DIFF_CODES,
    )


def _show(catalogue: Catalogue) -> click.Command:
    return click.Command(
        "show",
        callback=partial(_called_show, catalogue),
        params=[
            click.Argument(["object_type"]),
            click.Option(
                ["--search"],
                metavar="TEXT",
                help="Only those that have this in their name, their label or an option, in any case.",
            ),
            _properties_option(),
            version_option(catalogue, "Ask the account, in this version of the API."),
            click.Option(
                ["--format"],
                type=click.Choice(FORMATS),
                default="table",
                help="A table for people here, or for a page, or all there is for programs.",
            ),
            *connection_options(),
        ],
        help=_SHOW,
        epilog=_SHOW_CODES,
    )


def _properties_option() -> click.Option:
    return click.Option(
        ["--properties", "path"],
        metavar="PATH",
        help=f"The file, or the folder of files.  [default: {FOLDER}]",
    )


def _sensitive_option() -> click.Option:
    return click.Option(
        ["--sensitive"],
        multiple=True,
        metavar="LEVEL",
        help="Ask once more, for properties of this sensitivity in the words of the API. Repeatable.",
    )


def _called_pull(
    catalogue: Catalogue,
    object_types: Sequence[str],
    api_version: str | None,
    output: str,
    sensitive: Sequence[str],
    archived: bool,
    **connection: Any,
) -> int:
    version = version_of(catalogue, api_version)
    with open_client(version, **connection) as client:
        account = AccountProperties(client, version, str(api_version), sensitive)
        return pull(account, version, object_types, Path(output), archived=archived)


def _called_diff(
    catalogue: Catalogue,
    object_types: Sequence[str],
    path: str | None,
    against: str | None,
    api_version: str | None,
    sensitive: Sequence[str],
    format: str,
    fail_on: str | None,
    **connection: Any,
) -> int:
    newest = _newest(catalogue)
    with Accounts(catalogue, api_version, sensitive, connection) as accounts:

        def other_files(before: ObjectProperties) -> ObjectProperties:
            return from_file(before.object_type, against, newest)

        now = accounts.now if against is None else other_files
        differences, failed = compare(object_types, path, newest, now)
    shown = {"json": in_json, "markdown": in_markdown, "text": in_text}[format](differences)
    if shown:
        click.echo(shown)
    if failed:
        return STOPPED
    found = any(
        fail_on == "any" or (fail_on == "breaking" and one.is_breaking)
        for each in differences
        for one in each.changes
    )
    return REJECTED if found else ACCEPTED


def _called_show(
    catalogue: Catalogue,
    object_type: str,
    search: str | None,
    path: str | None,
    api_version: str | None,
    format: str,
    **connection: Any,
) -> int:
    if api_version is not None and path is not None:
        raise BadInput("--properties shows a file, and --api-version the account; give one of them")
    version = _newest(catalogue) if api_version is None else version_of(catalogue, api_version)
    try:
        if api_version is None:
            known = from_file(object_type, path, version)
        else:
            with open_client(version, **connection) as client:
                known = AccountProperties(client, version, api_version).read(object_type)
    except Unavailable as error:
        raise BadInput(str(error)) from None
    rules = rules_of(version, object_type)
    found = found_in(known.properties.values(), search)
    if format == "json":
        click.echo(as_json(known, found, rules))
    elif found:
        if format == "markdown":
            click.echo(as_markdown(found, rules, search))
        else:
            print_table(found, rules, search)
    if not found:
        what = "no property" if search is None else f"no property with {search!r}"
        near = "" if search is None else nearest(search, known.properties)
        click.echo(f"{object_type} has {what}{near}", err=True)
    return ACCEPTED if found else REJECTED


def _newest(catalogue: Catalogue) -> Version:
    return list(catalogue.versions.values())[-1]

"""The arguments and options of the command."""

from __future__ import annotations

import importlib

import click

from .resources import Catalogue
from .source import FORMATS


def parameters(catalogue: Catalogue) -> list[click.Parameter]:
    """Give all arguments and options.

    Args:
        catalogue: What can be upserted.
    """
    labels = "|".join(catalogue.versions)
    return [
        click.Argument(["object_type"], required=False),
        click.Argument(["file"], required=False),
        click.Option(
            ["--id-property"], metavar="NAME", help="Unique property that finds a record."
        ),
        click.Option(["--api-version"], metavar=labels, help="Version of the API. Always needed."),
        click.Option(
            ["--argument", "arguments"],
            multiple=True,
            metavar="NAME=VALUE",
            help="Further part of the path, of object types that need one. Repeatable.",
        ),
        click.Option(["--list"], is_flag=True, help="List versions and object types, and stop."),
        click.Option(
            ["--format", "format"],
            type=click.Choice(FORMATS),
            help="Format of FILE.  [default: as its name ends]",
        ),
        click.Option(
            ["--delimiter"],
            metavar="CHARACTER",
            help="Between the fields of CSV; 'tab' for a tab.  [default: a comma, in .tsv a tab]",
        ),
        click.Option(
            ["--encoding"],
            default="utf-8",
            show_default=True,
            help="Encoding of CSV and JSON Lines.",
        ),
        click.Option(
            ["--map", "maps"],
            multiple=True,
            metavar="COLUMN=PROPERTY",
            help="Property that a column becomes. Repeatable.  [default: the one of its name]",
        ),
        click.Option(
            ["--only"], multiple=True, metavar="COLUMN", help="Send only this. Repeatable."
        ),
        click.Option(
            ["--skip"], multiple=True, metavar="COLUMN", help="Do not send this. Repeatable."
        ),
        click.Option(
            ["--clear-empty"],
            is_flag=True,
            help="Let empty cells of CSV clear properties, instead of leaving them as they are.",
        ),
        click.Option(
            ["--duplicates"],
            type=click.Choice(("error", "first", "last", "merge")),
            default="error",
            show_default=True,
            help="What to do about several records with one key: reject all but the first, keep the "
            "first, let the last one win, or merge them.",
        ),
        click.Option(
            ["--concurrency"],
            type=click.IntRange(1),
            default=4,
            show_default=True,
            help="Requests in flight.",
        ),
        click.Option(
            ["--time-budget"],
            type=click.FloatRange(0, min_open=True),
            metavar="SECONDS",
            help="Time after which nothing more is sent.",
        ),
        click.Option(
            ["--journal"],
            metavar="FILE",
            help="Note what is done; the same command goes on from there, even after a crash.",
        ),
        click.Option(
            ["--rejects"],
            metavar="FILE",
            help="Write rejected and unknown records here (.csv, .jsonl), with what is wrong, to be "
            "corrected and used as FILE.",
        ),
        click.Option(["--dry-run"], is_flag=True, help="Check and plan; send nothing."),
        click.Option(
            ["--token-variable"],
            default="ACCESS_TOKEN",
            show_default=True,
            metavar="NAME",
            help="Environment variable that holds the access token.",
        ),
        click.Option(["--base-url"], metavar="URL", help="Where the API is, such as a sandbox."),
        click.Option(
            ["--allow-plain-http"], is_flag=True, help="Allow other machines without encryption."
        ),
        click.Option(
            ["--limit"],
            metavar="REQUESTS/SECONDS",
            help="Most requests in a time, such as 190/10.  [default: as the API says]",
        ),
        click.Option(
            ["--limiter"],
            metavar="URL",
            help="Redis that shares --limit among processes and machines.",
        ),
        click.Option(
            ["--limiter-name"],
            default="default",
            show_default=True,
            metavar="NAME",
            help="Whose limit it is, such as the account.",
        ),
        click.Option(
            ["-V", "--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_show_version,
            help="Show the version of this package, and stop.",
        ),
    ]


def _show_version(context: click.Context, parameter: click.Parameter, asked: bool) -> None:
    if asked:
        package = importlib.import_module("..", __package__)
        click.echo(f"{context.command.name} {getattr(package, '__version__', 'of no release')}")
        context.exit()

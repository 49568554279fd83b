"""The arguments and options of the command, and its help."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import click

from .._properties.readers import BOOLS
from .connection import CONTEXT_SETTINGS, connection_options, version_option
from .errors import BadInput
from .object_types import Catalogue, overview
from .run import ACCEPTED, Options, run
from .source import FORMATS

_HELP = """Create or update the records of FILE, by the value of a unique property.

FILE is CSV with a header, JSON Lines or Parquet; - is standard input. Columns become the properties of
the same name. Any number of records will do: the file is read as they are sent."""


class _Other(NamedTuple):
    module: str
    help: str


_OTHERS = {
    "properties": _Other(
        ".property_commands", "which properties the account has, and what changed"
    ),
    "doctor": _Other(".doctor_command", "whether a file can be sent, and what to mend before"),
}
"""Commands beside that one, by the word that stands first: where `command` makes each, and what it is for."""
_EXIT_CODES = (
    "Exit codes: 0 all records were accepted, 1 some were rejected or are unknown, 2 the run was stopped, "
    "or bad input or usage."
)


_flag = partial(click.Option, is_flag=True)
_repeatable = partial(click.Option, multiple=True)


def load_parameters(catalogue: Catalogue) -> list[click.Parameter]:
    """Make the options, by the names of `run.LoadOptions`, that say what becomes of a file."""
    return [
        click.Option(
            ["--id-property"], metavar="NAME", help="Unique property that finds a record."
        ),
        version_option(catalogue, "Version of the API. Always needed."),
        _repeatable(
            ["--argument", "arguments"],
            metavar="NAME=VALUE",
            help="Further part of the path, of object types that need one. Repeatable.",
        ),
        click.Option(
            ["--format"],
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
            help="Encoding of CSV and JSON Lines.",
        ),
        _repeatable(
            ["--map"],
            metavar="COLUMN=PROPERTY",
            help="Property that a column becomes. Repeatable.  [default: the one of its name]",
        ),
        _repeatable(["--only"], metavar="COLUMN", help="Send only this. Repeatable."),
        _repeatable(["--skip"], metavar="COLUMN", help="Do not send this. Repeatable."),
        _repeatable(
            ["--number"],
            metavar="COLUMN",
            help="Send this column's numbers as other formats' are: 1001.0 as 1001. Repeatable.",
        ),
        click.Option(
            ["--mapping"],
            metavar="FILE",
            help="What becomes of the columns, as --save-mapping wrote it; other options come first.",
        ),
        _flag(
            ["--clear-empty"],
            help="Let empty cells of CSV clear properties, instead of leaving them as they are.",
        ),
        click.Option(
            ["--null"],
            type=click.Choice(("leave", "clear")),
            default="leave",
            help="What null does to a property: leave it, or clear it. Empty cells of CSV are null.",
        ),
        click.Option(
            ["--timezone"],
            metavar="NAME",
            help="Time zone of timestamps that have none, such as Europe/Berlin: those of Parquet, and those "
            "that --convert reads.",
        ),
        click.Option(
            ["--properties"],
            metavar="FILE|FOLDER",
            help="Properties of the account, which columns are called after by name or label. Records that "
            "do not fit are rejected, and not sent.",
        ),
        click.Option(
            ["--unknown-options"],
            type=click.Choice(("reject", "send")),
            default="reject",
            help="What to do about a value that is no option in --properties.",
        ),
        _flag(
            ["--convert"],
            help="Make of values what --properties take, such as options of their labels. Read as bools are "
            f"{', '.join(BOOLS)}, whatever the --locale. --dry-run shows what becomes of them.",
        ),
        click.Option(
            ["--locale"],
            metavar="NAME",
            help="How numbers and dates are written that --convert reads, such as de or en_GB.",
        ),
        click.Option(
            ["--duplicates"],
            type=click.Choice(("error", "first", "last", "merge")),
            default="error",
            help="What to do about several records with one key: reject all but the first, keep the "
            "first, let the last one win, or merge them.",
        ),
    ]


def _parameters(catalogue: Catalogue) -> list[click.Parameter]:
    return [
        click.Argument(["object_type"], required=False),
        click.Argument(["file"], required=False),
        *load_parameters(catalogue),
        _flag(["--list"], help="List versions and object types, and stop."),
        click.Option(
            ["--save-mapping"],
            metavar="FILE",
            help="Write here what becomes of the columns, for --mapping the next time.",
        ),
        click.Option(
            ["--concurrency"],
            type=click.IntRange(1),
            default=4,
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
        _flag(
            ["--retry-rejected"],
            help="Ask again about what --journal remembers as rejected.",
        ),
        _flag(
            ["--only-failed"],
            help="Send only what --journal remembers as rejected or unknown.",
        ),
        click.Option(
            ["--start-at"],
            type=click.IntRange(0),
            default=0,
            metavar="RECORD",
            help="Leave out the records before this one, counted from 0.",
        ),
        click.Option(
            ["--state"],
            metavar="FILE",
            help="Remember what was accepted, as digests, and send only what differs from it. One file for "
            "each account, object type and id property.",
        ),
        _flag(
            ["--full"],
            help="Send what is unchanged as well, such as after changes by hand, and make --state anew.",
        ),
        click.Option(
            ["--rejects"],
            metavar="FILE",
            help="Write rejected and unknown records here, as FILE is written, with what is wrong, "
            "to be corrected and used as FILE.",
        ),
        click.Option(
            ["--report"],
            metavar="FILE",
            help="Write what came of it here as one HTML page, with a plot over time, causes and the "
            "first rejected records.",
        ),
        _flag(["--dry-run"], help="Check and plan; send nothing."),
        *connection_options(),
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
            default=catalogue.program,
            metavar="NAME",
            help="Whose limit it is, such as the account.",
        ),
    ]


def command(catalogue: Catalogue, words: Sequence[str]) -> click.Command:
    """Make the command for what can be upserted, and for what stands after its name.

    Another command, which the first word names, is a subcommand of what is made.
    """
    name = words[0] if words else ""
    if name in _OTHERS:
        module = importlib.import_module(_OTHERS[name].module, __package__)
        other: click.Command = module.command(catalogue, words)
        return click.Group(commands={name: other})
    made = click.Command(
        catalogue.program,
        callback=partial(_called, catalogue, words),
        params=_parameters(catalogue),
        help=_HELP,
        epilog=_epilog(catalogue),
        context_settings=CONTEXT_SETTINGS,
    )
    package = importlib.import_module("..", __package__)
    shows_version = click.version_option(
        getattr(package, "__version__", "of no release"),
        *("-V", "--version"),
        message="%(prog)s %(version)s",
        help="Show the version of this package, and stop.",
    )
    return shows_version(made)


def _called(catalogue: Catalogue, words: Sequence[str], **given: Any) -> int:
    if given.pop("list"):
        for line in overview(catalogue, given["api_version"]):
            click.echo(line)
        return ACCEPTED
    if given["object_type"] in _OTHERS:
        raise BadInput(f"{given['object_type']!r} must stand first; its options follow it")
    for argument in ("object_type", "file"):
        if given[argument] is None:
            name = argument.upper()
            raise BadInput(f"{name} is missing; '{catalogue.program} --help' explains")
    return run(catalogue, Options(words=tuple(words), **given))


def _epilog(catalogue: Catalogue) -> str:
    name, known = catalogue.program, [one for one in catalogue.versions.items() if one[1].resources]
    others = "".join(
        f"\n  {name} {word} --help: {other.help}"
        for word, other in _OTHERS.items()
        if known or word != "doctor"
    )
    others = f"\b\nOther commands:{others}\n\n{_EXIT_CODES}"
    if not known:
        return others
    label, version = known[-1]
    first, resource = next(iter(version.resources.items()))
    options = "".join(f" --argument {argument.name}=…" for argument in resource.arguments)
    key = " --id-property my_key" if resource.has_id_property else ""
    usual = f"  {name} {first} records.csv --api-version {label}{options}{key}"
    # The character \b keeps click from filling the lines of a paragraph.
    return (
        f"\b\nExamples:\n{usual}\n{usual} --dry-run\n{usual} \\\n"
        "      --map 'My key=my_key' --journal run.sqlite --rejects rejects.csv\n"
        f"  cat part-*.jsonl | {name} {first} - --format jsonl …\n\n{others}"
    )

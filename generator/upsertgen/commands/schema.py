"""`upsertgen schema`: the JSON Schemas of what people write, for editors."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from upsertgen.commands.options import nearest_configuration, settings_options, verbatim
from upsertgen.errors import InvalidInput, Location, did_you_mean, printable, quoted
from upsertgen.inputs import SCHEMAS, editor_comment
from upsertgen.json_schemas import NAMES, schema_files, schema_text

STALE = 1


@click.command(
    "schema",
    short_help="Print a JSON Schema of specs, overlays or settings.",
    epilog=verbatim(
        "Schemas:\n" + "\n".join(f"  {name:<14} {text}" for name, text in NAMES.items()),
        "Examples:\n  upsertgen schema overlays\n  upsertgen schema --write",
        "What names its schema in the first line, editors complete and check:\n"
        f"  # {editor_comment('overlays')}",
        "Exit codes: 0 done, 1 --check found something stale, 2 bad input or usage.",
    ),
)
@click.argument("name", required=False, metavar="[NAME]")
@click.option("--write", is_flag=True, help=f"Write all of them to {SCHEMAS}/ in the specs folder.")
@click.option("--check", is_flag=True, help="Write nothing; exit 1 if what stands there is stale.")
@settings_options("specs")
def schema_command(
    name: str | None, write: bool, check: bool, config: Path | None, **flags: Any
) -> None:
    """Print the JSON Schema of what stands in a specs folder, or of [tool.upsertgen].

    Of draft 2020-12. Files of a specs folder are checked by it; of settings, what depends on more than
    their text, such as names that are taken, is checked besides. It says of each word what it means.
    Written to the specs folder, it is there for editors: 'import' and 'init' name it in the first line of
    what they write.
    """
    if (name is None) != (write or check):
        raise click.UsageError(f"give a NAME ({', '.join(NAMES)}), or --write, or --check")
    if name is not None:
        if name not in NAMES:
            raise InvalidInput.at(
                Location("NAME", 0),
                f"no schema is called {quoted(name)}",
                f"one of {', '.join(NAMES)}",
                did_you_mean(name, NAMES, "choose one of them"),
            )
        click.echo(schema_text(name), nl=False)
        return
    from upsertgen.configuration import read_configuration
    from upsertgen.write.transaction import FolderChange, commit

    specs = read_configuration(nearest_configuration(config), flags).specs
    texts = {path: text.encode() for path, text in schema_files().items()}
    stale = {path: text for path, text in texts.items() if not _holds(specs / path, text)}
    if not check:
        commit(FolderChange(specs, stale, in_one_step=False))
    for path in stale:
        click.echo(f"{'stale' if check else 'wrote'}    {printable((specs / path).as_posix())}")
    if not stale:
        click.echo(f"{len(texts)} schemas are up to date.", err=True)
    elif check:
        click.echo("Nothing was written: run 'upsertgen schema --write'.", err=True)
        raise click.exceptions.Exit(STALE)


@click.command(
    "reference",
    short_help="Print the reference of the extensions of specs.",
    epilog=verbatim("Example:\n  upsertgen reference > EXTENSIONS.md"),
)
def reference_command() -> None:
    """Print what each word of the extensions means, as Markdown: x-upsert, x-errors and so on."""
    from upsertgen.json_schemas.reference import reference

    click.echo(reference(), nl=False)


def _holds(path: Path, content: bytes) -> bool:
    try:
        return path.read_bytes() == content
    except OSError:
        return False

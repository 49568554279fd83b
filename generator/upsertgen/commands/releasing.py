"""`upsertgen release`: from what was published to a change that can be reviewed."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upsertgen.commands.importing import import_options, import_request
from upsertgen.errors import InvalidInput, Location, Problem, printable
from upsertgen.progress import progress_bar

if TYPE_CHECKING:
    from upsertgen.configuration import Settings
    from upsertgen.importing import Request

# The character \b keeps click from filling the lines of a paragraph.
_EXAMPLES = """\b
Examples:
  upsertgen release collection.zip --api-version 2026-09
  upsertgen release collection.zip --api-version 2026-09 --from-version 2026-03"""


@click.command("release", epilog=_EXAMPLES)
@import_options
@click.option(
    "--force", is_flag=True, help="Write over files of the output folder that no run has written."
)
def release_command(
    source: str, label: str, force: bool, config: Path | None, specs: Path | None, **flags: Any
) -> None:
    """Import SOURCE as an API version, regenerate, compare, and bump the version.

    Does what 'import' and 'generate' do, compares the API version with the one before it, and raises
    distribution-version in [tool.upsertgen] by as much as callers are concerned. Then 'validate' and
    'generate --check' find nothing; if any step fails, or is stopped, all files are as they were.

    Prints the files to review. 'upsertgen diff' shows the comparison again, in other formats.
    """
    from upsertgen.configuration import find_configuration
    from upsertgen.diff.terminal import plain
    from upsertgen.release import release

    path = config if config is not None else find_configuration(Path.cwd())
    if path is None:
        raise InvalidInput(
            [
                Problem(
                    Location("pyproject.toml"),
                    "there is no [tool.upsertgen] here or above",
                    "a pyproject.toml whose distribution-version a release can raise",
                    "add [tool.upsertgen] to it, or name it with --config",
                )
            ]
        )

    def request(settings: Settings) -> Request:
        return import_request(path, settings.specs, source, label, **flags)

    with progress_bar() as progress:
        done = release(path, {"specs": specs}, request, progress, force=force)
    for line in done.imported.report.lines():
        click.echo(printable(line))
    if done.report is not None:
        click.echo(plain(done.report), nl=False)
    if not done.files:
        click.echo(f"{label} is what SOURCE publishes, and everything is up to date.")
        return
    if done.after != done.before:
        click.echo(f"distribution-version: {done.before} -> {done.after}")
    click.echo("Review:")
    for file in done.files:
        click.echo(f"  {file}")

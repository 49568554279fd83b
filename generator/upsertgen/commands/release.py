"""`upsertgen release`: from what was published to a change that can be reviewed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upsertgen.commands.import_specs import check_source, import_options, import_request
from upsertgen.commands.messages import (
    print_changes,
    print_note,
    print_notes,
    print_verdict,
    print_wrapped,
)
from upsertgen.commands.options import configuration_to_change, verbatim
from upsertgen.progress import progress_bar

if TYPE_CHECKING:
    from upsertgen.configuration import Settings
    from upsertgen.importing import Request
    from upsertgen.release import Release


@click.command(
    "release",
    short_help="Import, regenerate, compare, record what is new, and raise the version.",
    epilog=verbatim(
        "Examples:\n"
        "  upsertgen release collection.zip --api-version 2026-09\n"
        "  upsertgen release collection.zip --api-version 2026-09 --from-version 2026-03",
        "What stands since the last release, such as a type or a correction by hand:\n"
        "  upsertgen release --dry-run\n"
        "  upsertgen release\n"
        "  upsertgen release --since v1.4.0",
        "Exit codes: 0 done, 2 bad input or usage.",
    ),
)
@import_options(required=False)
@click.option(
    "--since",
    metavar="REV",
    help="What holds the specs of the last release: a git revision, or a folder. "
    "[default: the commit that recorded it]",
)
@click.option("--dry-run", is_flag=True, help="Write nothing; only say what would be done.")
@click.option(
    "--force", is_flag=True, help="Write over files of the output folder that no run has written."
)
@click.pass_context
def release_command(
    context: click.Context,
    /,
    source: str | None,
    since: str | None,
    dry_run: bool,
    force: bool,
    config: Path | None,
    specs: Path | None,
    **flags: Any,
) -> None:
    """Release what stands since the last release; with SOURCE, import that as an API version first.

    Does what 'import' and 'generate' do, compares the specs with those of the last release, and raises
    distribution-version in [tool.upsertgen] by as much as callers are concerned, unless somebody has
    raised it far enough. What the release brings is recorded in releases.yaml of the specs folder, and
    told in CHANGELOG.md. The first release begins the record of public names, none of which vanishes
    unannounced from then on. Afterwards 'validate' and 'generate --check' find nothing; if any step fails,
    or is stopped, all files are as they were.

    Prints the files to review, and last which release it is. 'upsertgen diff' shows the comparison
    again, in other formats.
    """
    from upsertgen.diff.text_report import report_text
    from upsertgen.release import release

    check_source(context, source)
    path = configuration_to_change(config)

    def request(settings: Settings) -> Request:
        return import_request(path, settings.specs, str(source), **flags)

    with progress_bar() as progress:
        done = release(
            path,
            {"specs": specs},
            request if source is not None else None,
            progress,
            since=since,
            force=force,
            dry_run=dry_run,
            tell=print_note,
        )
    print_notes(done.notes)
    for line in done.imported.report.lines() if done.imported is not None else ():
        print_wrapped(line)
    if done.report is not None and (done.report.changes or done.imported is not None):
        click.echo(report_text(done.report), nl=False)
    print_changes(done.changes, every=False, err=False)
    for line in _verdict(done, dry_run=dry_run):
        print_verdict(line)


def _verdict(done: Release, *, dry_run: bool) -> Iterator[str]:
    """Yield which release it is, what it needs, and what to do next."""
    if not done.changes:
        since = f"Nothing has changed since {done.last}"
        if done.imported is not None:
            since = f"{done.imported.label} is what SOURCE publishes"
        yield f"{since}, and everything is up to date."
        return
    if done.last is None:
        yield f"{done.after} is the first release: its public names are kept from now on."
    elif done.recorded:
        yield f"{done.after} follows {done.last}; what changed needs this bump at least: {done.bump}."
    if done.after != done.before:
        yield f"distribution-version: {done.before} -> {done.after}"
    if dry_run:
        yield "Nothing was written. Next: the same without --dry-run."
    else:
        yield "Next: review these files, and commit them together."

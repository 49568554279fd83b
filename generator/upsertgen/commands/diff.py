"""`upsertgen diff`: what changed between API versions, revisions or folders, and whom it concerns."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import click

from upsertgen.commands.options import PATH, nearest_configuration, verbatim
from upsertgen.configuration import read_configuration
from upsertgen.errors import InvalidInput, Location

if TYPE_CHECKING:
    from upsertgen.diff.report import Report

CHANGED = 1
FORMATS = {
    "terminal": "text_report",
    "markdown": "markdown_report",
    "json": "json_report",
    "html": "html_report",
}
"""The formats, and the module of `upsertgen.diff` that writes each."""
LEVELS = ("breaking", "deprecated", "additive", "any")

_EXAMPLES = (
    """
    Two API versions, or several, each against the one before (all, if none is named):
        upsertgen diff 2025-09 2026-03
        upsertgen diff v3 2025-09 2026-03
        upsertgen diff
    """,
    """
    The working tree against a git revision, or two folders, version by version:
        upsertgen diff --revision main
        upsertgen diff --revision v1.4.0 --api-version 2026-03
        upsertgen diff --old-specs ../before/specs --new-specs specs
    """,
    """
    For a pull request, a review, a program, a gate in CI:
        upsertgen diff 2025-09 2026-03 --format markdown
        upsertgen diff 2025-09 2026-03 --format html --output changes.html
        upsertgen diff --revision main --format json
        upsertgen diff --revision main --fail-on breaking
    """,
    """
    Exit codes: 0 done, 1 --fail-on found what it looks for, 2 bad input or usage.
    """,
)


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from upsertgen.diff.json_report import schema_text

        click.echo(schema_text(), nl=False)
        context.exit()


@click.command("diff", epilog=verbatim(*(dedent(one).strip() for one in _EXAMPLES)))
@click.argument("versions", nargs=-1, metavar="[OLD NEW ...]")
@click.option(
    "--revision",
    metavar="REV",
    help="Compare the specs of a git commit, branch or tag with those of the working tree.",
)
@click.option("--old-specs", type=PATH, help="Compare the specs of this folder ...")
@click.option("--new-specs", type=PATH, help="... with those of this one.")
@click.option(
    "--api-version",
    "labels",
    multiple=True,
    metavar="LABEL",
    help="Only this API version of the revision or folders; repeatable.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(list(FORMATS)),
    default="terminal",
    show_default=True,
    help="How to report: for people here, for a pull request, for programs, or as one page.",
)
@click.option("--output", type=PATH, help="Write the report to this file.")
@click.option(
    "--fail-on",
    type=click.Choice(LEVELS),
    help="Exit 1 if callers of the client are concerned this much; 'any': if anything differs at all.",
)
@click.option(
    "--json-schema",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_schema,
    help="Print the JSON Schema of --format json, and do nothing else.",
)
@click.option("--specs", type=PATH, help="Folder with the spec files.")
@click.option("--config", type=PATH, help="The pyproject.toml to read [tool.upsertgen] from.")
def diff_command(
    versions: tuple[str, ...],
    revision: str | None,
    old_specs: Path | None,
    new_specs: Path | None,
    labels: tuple[str, ...],
    form: str,
    output: Path | None,
    fail_on: str | None,
    specs: Path | None,
    config: Path | None,
) -> None:
    """Show what changed between API versions, and whom it concerns.

    Compares what specs mean, not their text, and tells for each change what it is to two people: to
    CALLERS of the generated client, and on the WIRE, to whoever speaks HTTP with the API. Specs are
    looked at as published and as overlays correct them: where a published change had been corrected
    already, the spec changed and the emitted client does not.
    """
    _check_usage(versions, revision, old_specs, new_specs, labels)
    from upsertgen import diff

    if old_specs is not None and new_specs is not None:
        report = diff.between_folders(old_specs, new_specs, labels)
    else:
        folder = read_configuration(nearest_configuration(config), {"specs": specs}).specs
        report = (
            diff.between_versions(folder, versions)
            if revision is None
            else diff.since_revision(folder, revision, labels)
        )
    _write(report, form, output)
    if fail_on is not None and _fails(report, fail_on):
        raise click.exceptions.Exit(CHANGED)


def _check_usage(
    versions: tuple[str, ...],
    revision: str | None,
    old_specs: Path | None,
    new_specs: Path | None,
    labels: tuple[str, ...],
) -> None:
    """Refuse combinations that say two things at once.

    Raises:
        click.UsageError: They do.
    """
    folders = old_specs is not None or new_specs is not None
    if folders and (old_specs is None or new_specs is None):
        raise click.UsageError("--old-specs and --new-specs belong together: give both")
    if folders and revision is not None:
        raise click.UsageError("--revision and --old-specs/--new-specs exclude each other")
    if versions and (folders or revision is not None):
        raise click.UsageError(
            "OLD and NEW are API versions of one specs folder; with a revision or folders, choose one "
            "with --api-version"
        )
    if labels and not (folders or revision is not None):
        raise click.UsageError(
            "--api-version belongs to --revision or --old-specs; name the versions as OLD and NEW"
        )
    if len(versions) == 1:
        raise InvalidInput.at(
            Location("OLD NEW"),
            "only one API version is named",
            "two or more, the oldest first",
            "name the version to compare it with",
        )


def _write(report: Report, form: str, output: Path | None) -> None:
    if form == "terminal" and output is None and sys.stdout.isatty():
        from upsertgen.diff.text_report import show

        show(report, sys.stdout)
        return
    # Each format is imported when it is asked for: some need a template engine, some nothing.
    text: str = import_module(f"upsertgen.diff.{FORMATS[form]}").report_text(report)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"wrote {output}", err=True)


def _fails(report: Report, level: str) -> bool:
    from upsertgen.diff.findings import Impact
    from upsertgen.diff.report import caller_impact

    if level == "any":
        return bool(report.changes)
    return caller_impact(report.changes) >= Impact[level.upper()]

"""`upsertgen diff`: what changed between API versions, revisions or folders, and whom it concerns."""

from __future__ import annotations

import sys
from pathlib import Path
from textwrap import dedent
from typing import TYPE_CHECKING

import click

from upsertgen.errors import InvalidInput, Location, Problem

if TYPE_CHECKING:
    from upsertgen.configuration import Settings
    from upsertgen.diff.changes import Report

CHANGED = 1
FORMATS = ("terminal", "markdown", "json", "html")
LEVELS = ("breaking", "additive", "any")

_PATH = click.Path(path_type=Path)


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


def _help_below() -> str:
    # The character \b keeps click from filling the lines of a paragraph.
    return "\n\n".join(f"\b\n{dedent(example).strip()}" for example in _EXAMPLES)


def _print_schema(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        from upsertgen.diff.structured import schema_text

        click.echo(schema_text(), nl=False)
        context.exit()


@click.command("diff", epilog=_help_below())
@click.argument("versions", nargs=-1, metavar="[OLD NEW ...]")
@click.option(
    "--revision",
    metavar="REV",
    help="Compare the specs of a git commit, branch or tag with those of the working tree.",
)
@click.option("--old-specs", type=_PATH, help="Compare the specs of this folder ...")
@click.option("--new-specs", type=_PATH, help="... with those of this one.")
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
    type=click.Choice(FORMATS),
    default="terminal",
    show_default=True,
    help="How to report: for people here, for a pull request, for programs, or as one page.",
)
@click.option("--output", type=_PATH, help="Write the report to this file.")
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
@click.option("--specs", type=_PATH, help="Folder with the spec files.")
@click.option("--config", type=_PATH, help="The pyproject.toml to read [tool.upsertgen] from.")
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
        folder = _settings(config, specs).specs
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
        raise InvalidInput(
            [
                Problem(
                    Location("OLD NEW"),
                    "only one API version is named",
                    "two or more, the oldest first",
                    "name the version to compare it with",
                )
            ]
        )


def _settings(config: Path | None, specs: Path | None) -> Settings:
    from upsertgen.configuration import find_configuration, read_configuration

    path = config if config is not None else find_configuration(Path.cwd())
    return read_configuration(path).with_flags({"specs": specs})


def _write(report: Report, form: str, output: Path | None) -> None:
    if form == "terminal" and output is None and sys.stdout.isatty():
        from upsertgen.diff.terminal import show

        show(report, sys.stdout)
        return
    text = _text(report, form)
    if output is None:
        click.echo(text, nl=False)
    else:
        output.write_text(text, encoding="utf-8", newline="\n")
        click.echo(f"wrote {output}", err=True)


def _text(report: Report, form: str) -> str:
    # Each format is imported when it is asked for: some need a template engine, some nothing.
    if form == "markdown":
        from upsertgen.diff.markdown import report_text
    elif form == "json":
        from upsertgen.diff.structured import report_text
    elif form == "html":
        from upsertgen.diff.page import report_text
    else:
        from upsertgen.diff.terminal import plain as report_text
    return report_text(report)


def _fails(report: Report, level: str) -> bool:
    from upsertgen.diff.changes import Impact, caller_impact

    if level == "any":
        return bool(report.changes)
    return caller_impact(report.changes) >= Impact[level.upper()]

"""The command line."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import click

from upsertgen import __version__
from upsertgen.configuration import Settings, find_configuration, read_configuration
from upsertgen.errors import InvalidInput, printable
from upsertgen.run import Progress, Selection, plan_output, understand_specs
from upsertgen.write import Action, Change, Plan

STALE = 1
BAD_INPUT = 2

_PATH = click.Path(path_type=Path)


def main() -> None:
    """Run the command line: exit code 0 done, 1 `--check` found something stale, 2 bad input or usage."""
    try:
        _group.main(standalone_mode=False)
    except click.exceptions.Exit as error:
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except click.Abort:
        _fail("stopped; nothing was written")
    except InvalidInput as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        _fail(f"{count} problem{'s' if count != 1 else ''}; nothing was written")
    except OSError as error:
        _fail(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))


def _fail(message: str) -> NoReturn:
    click.echo(f"upsertgen: {printable(message)}", err=True)
    sys.exit(BAD_INPUT)


def _settings_options(command: Callable[..., Any]) -> Callable[..., Any]:
    options = [
        click.option(
            "--specs",
            type=_PATH,
            help="Folder with the spec files: VERSION/OBJECT.yaml and overlays/.",
        ),
        click.option(
            "--config", type=_PATH, help="The pyproject.toml to read [tool.upsertgen] from."
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def _settings(config: Path | None, flags: dict[str, Any]) -> Settings:
    path = config if config is not None else find_configuration(Path.cwd())
    return read_configuration(path).with_flags(flags)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Settings stand in [tool.upsertgen] of the nearest pyproject.toml; a flag overrides its setting. "
    "Exit codes: 0 done, 1 --check found something stale, 2 bad input or usage.",
)
@click.version_option(__version__, "--version", "-V", prog_name="upsertgen")
def _group() -> None:
    r"""Generate typed clients from OpenAPI documents that describe batch upsert endpoints.

    \b
    Specs are one file an object type and API version, beside overlays that correct them:
        specs/2025-09/contacts.yaml
        specs/2025-09/schemas.yaml          what object types share
        specs/overlays/corrections.yaml     OpenAPI Overlay 1.0
    \b
    A usual day:
        upsertgen validate                  is every spec in order?
        upsertgen generate --diff           what would change, and why?
        upsertgen generate                  write it
        upsertgen generate --check          is the output up to date? (for CI)
    """


@_group.command()
@_settings_options
@click.option("--output", type=_PATH, help="Folder to write the distribution to.")
@click.option(
    "--templates", type=_PATH, help="Folder with templates that replace single ones, by their path."
)
@click.option("--package", help="Import name of the generated package.")
@click.option("--distribution", help="Name of the generated distribution.")
@click.option("--distribution-version", help="Version of the generated distribution.")
@click.option("--description", help="One sentence about the generated distribution.")
@click.option("--example", help="The object type that the generated README shows.")
@click.option(
    "--jobs",
    type=click.IntRange(1, 64),
    help="Processes that format at once. [default: one a processor, at most 4]",
)
@click.option(
    "--version",
    "versions",
    multiple=True,
    metavar="LABEL",
    help="Only this API version; repeatable.",
)
@click.option(
    "--object", "objects", multiple=True, metavar="TYPE", help="Only this object type; repeatable."
)
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 if something is stale, and say why."
)
@click.option(
    "--diff", is_flag=True, help="Write nothing; print what would change as a unified diff."
)
def generate(
    config: Path | None,
    versions: tuple[str, ...],
    objects: tuple[str, ...],
    check: bool,
    diff: bool,
    **flags: Any,
) -> None:
    r"""Bring the output folder up to date with the specs.

    Writes only what differs, says for each file why, and keeps files that it did not write.
    Nothing is written unless every spec is in order.

    \b
    Examples:
        upsertgen generate
        upsertgen generate --version 2026-03 --object contacts --diff
        upsertgen generate --specs my-specs --output build/client --package my_client
    """
    settings = _settings(config, flags)
    with _progress() as progress:
        folder, plan = plan_output(settings, Selection(versions, objects), progress)
    if diff:
        for change in plan.changes:
            click.echo("".join(_unified(change)), nl=False)
    for change in plan.changes:
        click.echo(
            f"{change.action:<8} {settings.output / change.path}: {'; '.join(change.reasons)}",
            err=diff,
        )
    stale = bool(plan.changes) or plan.manifest != folder.manifest
    if not (check or diff):
        folder.apply(plan)
    click.echo(_summary(plan, stale, written=not (check or diff)), err=True)
    if check and stale:
        raise click.exceptions.Exit(STALE)


def _summary(plan: Plan, stale: bool, *, written: bool) -> str:
    counts = {action: sum(change.action is action for change in plan.changes) for action in Action}
    told = [f"{count} {action}" for action, count in counts.items() if count]
    if not told and not stale:
        return f"{plan.unchanged} files are up to date."
    if not told:
        manifest = "written" if written else "stale"
        return f"{plan.unchanged} files are up to date; the manifest of their inputs is {manifest}."
    text = f"{', '.join(told)}, {plan.unchanged} unchanged."
    return (
        text
        if written
        else f"{text} Nothing was written: run 'upsertgen generate' to bring the output up to date."
    )


def _unified(change: Change) -> Iterator[str]:
    before = (change.before or "").splitlines(keepends=True)
    after = (change.after or "").splitlines(keepends=True)
    yield from difflib.unified_diff(
        before,
        after,
        "/dev/null" if change.before is None else f"a/{change.path}",
        "/dev/null" if change.after is None else f"b/{change.path}",
    )


@_group.command("list")
@_settings_options
def list_command(config: Path | None, **flags: Any) -> None:
    """Show API versions and object types: what each response declares, and what overlays corrected."""
    from upsertgen.listing import lines

    for line in lines(understand_specs(_settings(config, flags))):
        click.echo(line)


@_group.command()
@_settings_options
def validate(config: Path | None, **flags: Any) -> None:
    """Check every spec and overlay, and print each problem as PATH:LINE:COLUMN.

    Everything that 'generate' would refuse is found here, and nothing is written.
    """
    settings = _settings(config, flags)
    api = understand_specs(settings)
    resources = sum(len(version.resources) for version in api.versions)
    operations = sum(
        len(resource.operations) for version in api.versions for resource in version.resources
    )
    click.echo(
        f"{settings.specs}: {len(api.versions)} API versions, {resources} specs of object types, "
        f"{operations} operations, {len(api.models)} distinct bodies; no problem."
    )


@contextmanager
def _progress() -> Iterator[Progress]:
    """Show a progress bar on a terminal; elsewhere nothing, for logs."""
    if not sys.stderr.isatty():
        yield lambda stage, done, total: None
        return
    state: dict[str, Any] = {}

    def show(stage: str, done: int, total: int) -> None:
        # rich is imported when there is something to show: a run in which nothing changed is over sooner.
        if "bar" not in state:
            from rich.console import Console
            from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bar

            columns = (
                TextColumn("{task.description}"),
                BarColumn(),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
            )
            state["bar"] = Bar(*columns, console=Console(stderr=True), transient=True)
            state["bar"].start()
            state["task"] = state["bar"].add_task(stage, total=total)
        state["bar"].update(state["task"], description=stage, completed=done, total=total)

    try:
        yield show
    finally:
        if "bar" in state:
            state["bar"].stop()

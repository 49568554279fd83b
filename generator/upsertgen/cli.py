"""The command line."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Callable, Iterator
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import click

from upsertgen import __version__
from upsertgen.commands.diffing import diff_command
from upsertgen.commands.importing import import_command
from upsertgen.commands.releasing import release_command
from upsertgen.configuration import MOST_JOBS, Settings, find_configuration, read_configuration
from upsertgen.emit.proof import UnprovenFile
from upsertgen.errors import MOST_PROBLEMS, InvalidInput, printable, printable_lines
from upsertgen.progress import progress_bar
from upsertgen.run import (
    Selection,
    checked_names,
    exclusive_run,
    plan_output,
    understand_specs,
)
from upsertgen.write import Action, Change, Plan

_SETTINGS_HELP = (
    "Settings stand in [tool.upsertgen] of the nearest pyproject.toml, under the names of their flags; "
    "its paths are relative to it. A flag overrides its setting."
)
_EXIT_CODES = "Exit codes: 0 done, 1 --check found something stale, 2 bad input or usage."

STALE = 1
BAD_INPUT = 2

_PATH = click.Path(path_type=Path)
_SPECS = ("specs", _PATH, "Folder with the spec files: VERSION/OBJECT.yaml and overlays/.")
_SETTINGS: tuple[tuple[str, Any, str], ...] = (
    _SPECS,
    ("output", _PATH, "Folder to write the distribution to."),
    ("templates", _PATH, "Folder with templates that replace single ones, by their path."),
    ("package", str, "Import name of the generated package."),
    ("distribution", str, "Name of the generated distribution. [default: the package, with '-']"),
    ("distribution-version", str, "Version of the generated distribution."),
    ("description", str, "One sentence about the generated distribution."),
    ("example", str, "Object type that the generated README shows. [default: the first]"),
    (
        "jobs",
        click.IntRange(1, MOST_JOBS),
        "Processes that format at once. [default: one a processor, at most 4]",
    ),
)


def main() -> None:
    """Run the command line: exit code 0 done, 1 `--check` found something stale, 2 bad input or usage."""
    try:
        # Click returns the code of `Exit` here, and raises everything else.
        code = _group.main(prog_name="upsertgen", standalone_mode=False)
        sys.exit(code if isinstance(code, int) else 0)
    except click.ClickException as error:
        error.show()
        sys.exit(BAD_INPUT)
    except (click.Abort, KeyboardInterrupt):
        _fail("stopped; nothing was written")
    except InvalidInput as error:
        click.echo(error.remedy, nl=False)
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        told = f"{count} problem{'s' if count != 1 else ''}"
        told = f"at least {told}" if count >= MOST_PROBLEMS else told
        _fail(f"{told}; nothing was written")
    except UnprovenFile as error:
        _fail(f"{error}; this is a fault of upsertgen: please report it. Nothing was written")
    except BrokenProcessPool:
        _fail("a worker process died, maybe for lack of memory: try --jobs 1. Nothing was written")
    except OSError as error:
        _fail(f"{error.filename or ''}: {error.strerror or error}".lstrip(": "))


def _fail(message: str) -> NoReturn:
    click.echo(f"upsertgen: {printable(message)}", err=True)
    sys.exit(BAD_INPUT)


def _after(*paragraphs: str) -> str:
    """Return what --help says after the options: paragraphs to show as they are, settings, exit codes."""
    # The character \b keeps click from filling the lines of a paragraph.
    return "\n\n".join([*(f"\b\n{text}" for text in paragraphs), _SETTINGS_HELP, _EXIT_CODES])


def _settings_options(*settings: tuple[str, Any, str]) -> Callable[..., Any]:
    """Return a decorator that gives a command a flag for each setting, and --config."""

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        text = "The pyproject.toml to read. [default: the nearest with a [tool.upsertgen]]"
        command = click.option("--config", type=_PATH, help=text)(command)
        for name, kind, text in reversed(settings):
            default = getattr(Settings(), name.replace("-", "_"))
            shown = f"{text} [default: {default}]" if default else text
            command = click.option(f"--{name}", type=kind, help=shown)(command)
        return command

    return decorate


def _settings(config: Path | None, flags: dict[str, Any]) -> Settings:
    path = config if config is not None else find_configuration(Path.cwd())
    return read_configuration(path, flags)


@click.group(
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=_after(
        "Specs are one file an object type and API version, beside overlays that correct them:\n"
        "  specs/2025-09/contacts.yaml\n"
        "  specs/2025-09/schemas.yaml          what object types share\n"
        "  specs/overlays/corrections.yaml     OpenAPI Overlay 1.0",
        "A usual day:\n"
        "  upsertgen validate                  is every spec in order?\n"
        "  upsertgen generate --diff           what would change, and why?\n"
        "  upsertgen generate                  write it\n"
        "  upsertgen generate --check          is the output up to date? (for CI)",
    ),
)
@click.version_option(__version__, "--version", "-V", prog_name="upsertgen")
def _group() -> None:
    """Generate typed clients from OpenAPI documents that describe batch upsert endpoints."""


@_group.command(
    epilog=_after(
        "Examples:\n"
        "  upsertgen generate\n"
        "  upsertgen generate --check\n"
        "  upsertgen generate --version 2026-03 --object contacts --diff\n"
        "  upsertgen generate --specs my-specs --output build/client --package my_client"
    )
)
@_settings_options(*_SETTINGS)
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
@click.option(
    "--force",
    is_flag=True,
    help="Also replace files and symlinks that no run has written; without it, they stop the run.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(("text", "github")),
    default="text",
    show_default=True,
    help="How to tell what is stale: for people, or as annotations of a pull request on GitHub.",
)
def generate(
    config: Path | None,
    versions: tuple[str, ...],
    objects: tuple[str, ...],
    check: bool,
    diff: bool,
    force: bool,
    form: str,
    **flags: Any,
) -> None:
    """Bring the output folder up to date with the specs.

    Writes only what differs, says for each file why, and keeps files that it did not write.
    Nothing is written unless every spec is in order.
    """
    path = config if config is not None else find_configuration(Path.cwd())
    read = partial(read_configuration, path, flags)
    settings = read()
    selection = Selection(versions, objects)
    with progress_bar() as progress:
        if check or diff:
            folder, plan = plan_output(settings, selection, progress, force)
        else:
            with (
                _telling(settings.output),
                exclusive_run(path, read, progress) as settings,
            ):
                folder, plan = plan_output(settings, selection, progress, force)
                folder.apply(plan)
    stale = bool(plan.changes) or plan.lock is not None or plan.manifest != folder.manifest
    if diff:
        for change in (*plan.changes, *_lock(plan)):
            click.echo(printable_lines("".join(_unified(change))), nl=False)
    tell = _annotate if form == "github" else _tell
    for change in plan.changes:
        tell(change, settings.output / change.path, err=diff)
    for change in _lock(plan):
        tell(change, Path(change.path), err=diff)
    click.echo(_summary(plan, stale, written=not (check or diff)), err=True)
    if check and stale:
        raise click.exceptions.Exit(STALE)


@contextmanager
def _telling(output: Path) -> Iterator[None]:
    """Say it when the output folder cannot be written."""
    try:
        yield
    except OSError as error:
        where = output.as_posix()
        _fail(f"{where} cannot be written ({error}); choose another --output. It is as it was")


def _lock(plan: Plan) -> tuple[Change, ...]:
    return (plan.lock,) if plan.lock is not None else ()


def _tell(change: Change, path: Path, *, err: bool) -> None:
    click.echo(
        f"{change.action:<8} {printable(str(path))}: {printable('; '.join(change.reasons))}",
        err=err,
    )


def _annotate(change: Change, path: Path, *, err: bool) -> None:
    """Print a change as a workflow command of GitHub Actions, which shows it beside the file."""
    message = _escaped(f"{change.action}: {printable('; '.join(change.reasons))}")
    file = _escaped(printable(path.as_posix())).replace(":", "%3A").replace(",", "%2C")
    click.echo(f"::error file={file},title=upsertgen::{message}", err=err)


def _escaped(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _summary(plan: Plan, stale: bool, *, written: bool) -> str:
    actions = [change.action for change in (*plan.changes, *_lock(plan))]
    counts = {action: actions.count(action) for action in Action}
    told = [f"{count} {action}" for action, count in counts.items() if count]
    if not told:
        current = "1 file is" if plan.unchanged == 1 else f"{plan.unchanged} files are"
        manifest = f"; the manifest of their inputs is {'written' if written else 'stale'}"
        return f"{current} up to date{manifest if stale else ''}."
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


@_group.command(
    "list",
    short_help="Show API versions and object types.",
    epilog=_after("Examples:\n  upsertgen list\n  upsertgen list --specs my-specs"),
)
@_settings_options(_SPECS)
def list_command(config: Path | None, **flags: Any) -> None:
    """Show API versions and object types: what each response declares, and what overlays corrected."""
    from upsertgen.listing import lines

    for line in lines(understand_specs(_settings(config, flags))):
        click.echo(line)


@_group.command(
    short_help="Check every spec and overlay.",
    epilog=_after("Examples:\n  upsertgen validate\n  upsertgen validate --specs my-specs"),
)
@_settings_options(_SPECS)
def validate(config: Path | None, **flags: Any) -> None:
    """Check every spec and overlay, and print each problem as PATH:LINE:COLUMN.

    Every spec that 'generate' would refuse is found here, and nothing is written.
    """
    settings = _settings(config, flags)
    api = understand_specs(settings)
    checked_names(api, settings)
    resources = sum(len(version.resources) for version in api.versions)
    operations = sum(
        len(resource.operations) for version in api.versions for resource in version.resources
    )
    click.echo(
        f"{printable(str(settings.specs))}: {len(api.versions)} API versions, "
        f"{resources} specs of object types, "
        f"{operations} operations, {len(api.models)} distinct bodies; no problem."
    )


for _command in (diff_command, import_command, release_command):
    _group.add_command(_command)

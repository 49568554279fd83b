"""`upsertgen generate`: bring the output up to date with the specs, or say why it is not."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from upsertgen.commands.messages import (
    annotation,
    coloured_diff,
    format_option,
    print_changes,
    print_note,
    print_notes,
    print_problems,
    print_verdict,
)
from upsertgen.commands.options import epilog, nearest_configuration, settings_options
from upsertgen.configuration import (
    Settings,
    locate_given,
    read_configuration,
    shown_path,
    unwritable,
)
from upsertgen.errors import InvalidInput, Location, printable, printable_lines
from upsertgen.inputs import LOCK
from upsertgen.progress import progress_bar
from upsertgen.run import Planned, Selection, exclusive_run, plan_output
from upsertgen.write import Action, Change
from upsertgen.write.transaction import was_interrupted

STALE = 1


@click.command(
    epilog=epilog(
        "Examples:\n"
        "  upsertgen generate\n"
        "  upsertgen generate --check\n"
        "  upsertgen generate --version 2026-03 --object contacts --diff\n"
        "  upsertgen generate --specs my-specs --output build/client --package my_client"
    )
)
@settings_options()
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
    "-v", "--verbose", is_flag=True, help="A line for each file, however many have the same reason."
)
@format_option
def generate(
    config: Path | None,
    versions: tuple[str, ...],
    objects: tuple[str, ...],
    check: bool,
    diff: bool,
    force: bool,
    verbose: bool,
    form: str,
    **flags: Any,
) -> None:
    """Bring the output folder up to date with the specs.

    Writes only what differs, says for each file why, and keeps files that it did not write.
    Nothing is written unless every spec is in order.
    """
    path = nearest_configuration(config)
    selection = Selection(versions, objects)
    writes = not (check or diff)
    settings, planned = run_generator(path, flags, selection, writes=writes, force=force)
    print_changed(settings, planned, form, diff=diff, verbose=verbose)
    told = summary(planned, settings.output, written=writes)
    stale = planned.is_stale
    print_verdict(told, good=not (check and stale))
    if check and stale:
        raise click.exceptions.Exit(STALE)


@click.command(
    epilog=epilog(
        "Examples:\n" "  upsertgen watch\n" "  upsertgen watch --config services/crm/pyproject.toml"
    )
)
@settings_options()
def watch(config: Path | None, **flags: Any) -> None:
    """Bring the output folder up to date whenever specs, overlays, templates or settings change.

    Does what 'generate' does, again and again, until Ctrl-C. What is wrong is told, and waited for.
    """
    try:
        from watchfiles import watch as changes_of
    except ImportError:
        wrong = "the package watchfiles is not installed"
        mend = "install it: pip install 'upsertgen[watch]'"
        expected = "watchfiles, which tells what changes"
        raise InvalidInput.at(Location("upsertgen watch", 0), wrong, expected, mend) from None
    path = nearest_configuration(config)
    with suppress(KeyboardInterrupt):
        _watch(path, flags, changes_of)


def _watch(path: Path | None, flags: dict[str, Any], changes_of: Callable[..., Any]) -> None:
    while watched := _watched(path, flags):
        # The first time it yields it watches already, so that no change is missed.
        found = changes_of(*watched, rust_timeout=200, yield_on_timeout=True, raise_interrupt=True)
        for number, changes in enumerate(found):
            if number and not any(Path(one).name != LOCK for _, one in changes):
                continue
            try:
                settings, planned = run_generator(path, flags, Selection())
                print_changed(settings, planned, "text")
                print_verdict(summary(planned, settings.output, written=True))
            except InvalidInput as error:
                print_problems(error, "text")
            if was_interrupted():
                return
            # A file that an editor puts in the place of another is not the one that is watched.
            is_replaced = path is not None and any(
                Path(one).name == path.name for _, one in changes
            )
            if is_replaced or _watched(path, flags) != watched:
                break
            shown = ", ".join(shown_path(one, "").as_posix() for one in watched)
            click.echo(f"Watching {printable(shown)}; Ctrl-C ends it.", err=True)


def _watched(path: Path | None, flags: dict[str, Any]) -> list[Path]:
    """Return the folders and the file whose changes concern the output, as far as they are there."""
    found = [] if path is None else [path]
    try:
        settings = read_configuration(path, flags)
        found += [one for one in (settings.specs, settings.templates) if one is not None]
    except InvalidInput:
        # Told by the run. What mends it is a change of the file.
        pass
    return [one for one in found if one.exists()]


def run_generator(
    path: Path | None,
    flags: dict[str, Any],
    selection: Selection,
    *,
    writes: bool = True,
    force: bool = False,
    docs: bool = False,
) -> tuple[Settings, Planned]:
    """Work out what it takes to bring the output up to date, and write it if it is to be written.

    Args:
        path: The `pyproject.toml` of the project, if there is one.
        flags: The value of each flag, by the name of its setting; nothing where it was not given.
        selection: Which part of the output to look at.
        writes: Whether to write it.
        force: Whether to write over what no run has written.
        docs: Whether pages of documentation are part of it, whatever the settings say.

    Returns:
        The settings, and the plan.

    Raises:
        InvalidInput: With every problem of the first stage that found any; or it cannot be written.
    """

    def read() -> Settings:
        settings = read_configuration(path, flags)
        return replace(settings, docs=True) if docs else settings

    settings = read()
    with progress_bar() as progress:
        if not writes:
            return settings, plan_output(settings, selection, progress, force)
        try:
            with exclusive_run(path, read, progress, tell=print_note) as settings:
                planned = plan_output(settings, selection, progress, force)
                planned.apply()
        except OSError as error:
            given = locate_given(path, flags, "output")
            raise unwritable(error, settings.output, given) from None
    return settings, planned


def print_changed(
    settings: Settings, planned: Planned, form: str, *, diff: bool = False, verbose: bool = False
) -> None:
    """Print what is stale, or was.

    Args:
        settings: The settings of the run.
        planned: What it worked out.
        form: `text` or `github`.
        diff: Whether as a unified diff.
        verbose: Whether with a line for each file.
    """
    plan = planned.plan
    print_notes(plan.notes, form)
    changed = [(change, settings.output / path) for change, path in planned.changes()]
    changed += [(plan.record, Path(plan.record.path))] if plan.record is not None else []
    if diff:
        for change, _ in changed:
            for line in coloured_diff(printable_lines("".join(_unified(change))).splitlines(True)):
                click.echo(line, nl=False)
    if form == "github":
        for change, place in changed:
            reasons = printable("; ".join(change.reasons))
            location = Location(place.as_posix(), 0)
            click.echo(annotation("error", location, f"{change.action}: {reasons}"), err=diff)
    else:
        print_changes(changed, every=verbose, err=diff)


def summary(planned: Planned, output: Path, *, written: bool) -> str:
    """Return what a run did, or would do, in words.

    Args:
        planned: What it worked out.
        output: The output folder.
        written: Whether it was written.
    """
    record = planned.plan.record
    actions = [change.action for change, _ in planned.changes()]
    actions += [record.action] if record is not None else []
    counts = {action: actions.count(action) for action in Action}
    told = [f"{count} {action}" for action, count in counts.items() if count]
    if not told:
        unchanged = planned.unchanged
        current = "1 file is" if unchanged == 1 else f"{unchanged} files are"
        manifest = f"; the manifest of their inputs is {'written' if written else 'stale'}"
        return f"{current} up to date{manifest if planned.is_stale else ''}."
    text = f"{', '.join(told)}, {planned.unchanged} unchanged."
    if written:
        return f"{text} Next: review {output.as_posix()}, and commit it together with the specs."
    return f"{text} Nothing was written: run 'upsertgen generate' to bring the output up to date."


def _unified(change: Change) -> Iterator[str]:
    if any("\ud800" <= one <= "\udfff" for one in f"{change.before}{change.after}"):
        yield f"Binary files a/{change.path} and b/{change.path} differ\n"
        return
    before = (change.before or "").splitlines(keepends=True)
    after = (change.after or "").splitlines(keepends=True)
    yield from difflib.unified_diff(
        before,
        after,
        "/dev/null" if change.before is None else f"a/{change.path}",
        "/dev/null" if change.after is None else f"b/{change.path}",
    )

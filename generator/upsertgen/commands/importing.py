"""`upsertgen import`: published OpenAPI documents to the specs of an API version."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upsertgen.errors import printable
from upsertgen.progress import progress_bar

if TYPE_CHECKING:
    from upsertgen.importing import ImportPlan, Request

DIFFERENT = 1

_PATH = click.Path(path_type=Path)


def _mapping(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Return `TYPE=CONSTANT` arguments as a mapping."""
    pairs: dict[str, str] = {}
    for value in values:
        name, separator, constant = value.partition("=")
        if not (name and separator and constant):
            raise click.BadParameter(f"{value!r} is not TYPE=CONSTANT", context, parameter)
        pairs[name] = constant
    return pairs


_OPTIONS = (
    click.argument("source"),
    click.option(
        "--api-version",
        "label",
        required=True,
        metavar="V",
        help="The API version that SOURCE becomes.",
    ),
    click.option(
        "--from-version",
        "base",
        metavar="W",
        help="The version that it follows: descriptions, names and the order of fields are carried over.",
    ),
    click.option(
        "--map",
        callback=_mapping,
        multiple=True,
        metavar="TYPE=CONSTANT",
        help="What stands in the path for an object type, if other versions do not tell; repeatable.",
    ),
    click.option(
        "--generic",
        multiple=True,
        metavar="TYPE",
        help="An object type that keeps the type as an argument; repeatable.",
    ),
    click.option(
        "--select",
        multiple=True,
        metavar="SUFFIX",
        help="Import the paths that end so; repeatable. [default: batch/upsert]",
    ),
    click.option(
        "--pattern",
        metavar="P",
        help="Where the documents of a collection lie. [default: Rollouts/{rollout}/{version}/{type}]",
    ),
    click.option(
        "--exclude",
        multiple=True,
        metavar="P",
        help="Pass documents over whose folder or name is so, such as '*_test'; repeatable.",
    ),
    click.option(
        "--type-parameter",
        metavar="NAME",
        help="The path parameter that names the object type. [default: objectType]",
    ),
    click.option(
        "--most-scopes",
        type=int,
        metavar="N",
        help="Of more scopes in one operation any will do, and none is named. [default: 8]",
    ),
    click.option(
        "--descriptions",
        type=click.Choice(("keep", "drop")),
        default="drop",
        show_default=True,
        help="What to do with published texts, which may not be yours to copy.",
    ),
    click.option("--specs", type=_PATH, help="Folder with the spec files."),
    click.option("--config", type=_PATH, help="The pyproject.toml to read [tool.upsertgen] from."),
)


def import_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the argument and the options that say what to import."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def import_request(
    configuration: Path | None,
    specs: Path,
    source: str,
    label: str,
    *,
    base: str | None,
    descriptions: str,
    proven: bool = True,
    **flags: Any,
) -> Request:
    """Return what a command line asks to import.

    Args:
        configuration: The `pyproject.toml` with the settings, if there is one.
        specs: The specs folder.
        source: A file, folder, archive or address.
        label: The API version that it becomes.
        base: The version that it follows.
        descriptions: `keep` or `drop`: what becomes of published texts.
        proven: Whether the specs have to be in order afterwards.
        flags: Settings that the command line overrides.

    Raises:
        InvalidInput: A setting is unknown or wrong.
    """
    from upsertgen.importing import Request, read_import_settings

    settings = read_import_settings(configuration).with_flags(flags)
    return Request(
        source, label, base, specs, settings, keep_texts=descriptions == "keep", proven=proven
    )


_EPILOG = "\n\n".join(
    f"\b\n{block}"
    for block in (
        "A new version, from a collection that was downloaded:\n"
        "  upsertgen import collection.zip --api-version 2026-09 --from-version 2026-03",
        "Is what was imported still what is published? (for a scheduled job)\n"
        "  upsertgen import collection.zip --api-version 2026-09 --check",
        "One document, and a tree of another shape:\n"
        "  upsertgen import https://example.com/v2/contacts.json --api-version v2\n"
        "  upsertgen import documents --api-version v2 --pattern '{version}/{type}.yaml'",
        "Settings stand in [tool.upsertgen.import] of the nearest pyproject.toml; a flag overrides one:\n"
        '  select = ["batch/upsert"]          # endings of paths\n'
        '  generic = ["objects"]              # types that stay an argument\n'
        '  exclude = ["test", "*_test"]       # compared in snake case as well\n'
        '  pattern = "{version}/{type}.json"\n'
        '  map = { deals = "0-3" }\n'
        '  type-parameter = "objectType"      # the path parameter that names the type\n'
        "  most-scopes = 8                    # where more are published, any will do: none is written",
        "Exit codes: 0 done, 1 --check found a difference, 2 bad input or usage.",
    )
)


@click.command("import", short_help="Write specs from published OpenAPI documents.", epilog=_EPILOG)
@import_options
@click.option(
    "--check", is_flag=True, help="Write nothing; exit 1 if SOURCE is not what was imported."
)
@click.option("--dry-run", is_flag=True, help="Write nothing; only report what would change.")
@click.option(
    "--unchecked",
    is_flag=True,
    help="Write specs even if 'validate' would refuse them, to be corrected in overlays.",
)
def import_command(
    source: str,
    label: str,
    check: bool,
    dry_run: bool,
    unchecked: bool,
    specs: Path | None,
    config: Path | None,
    **flags: Any,
) -> None:
    """Write the specs of an API version from published OpenAPI documents.

    SOURCE is a document (JSON or YAML, OpenAPI 3.0 or 3.1), a folder tree of documents, a .zip or .tar.gz
    of one, or the https address of one document. A collection is the whole version: object types that it
    lacks and that an earlier import wrote are removed. A single document concerns its own type only.

    Keeps the operations whose path ends in batch/upsert and what they reach, and drops the noise. The
    object type is called after its file; where the path names it by a parameter, it becomes a constant
    that other versions know (0-3 for deals), or else its name. Of several documents for one object type
    or path the newest rollout wins. What types share stands in schemas.yaml. Source, SHA-256 and date are
    recorded in provenance.yaml. Importing the same again changes nothing.

    Patterns have placeholders: {version}, {rollout} and {type}, others as you like; * is any part of a
    name, ** any folders. Nothing is written unless 'upsertgen validate' would find no problem.
    """
    from upsertgen.configuration import find_configuration, read_configuration
    from upsertgen.importing import plan_import
    from upsertgen.run import exclusive_run

    path = config if config is not None else find_configuration(Path.cwd())
    read = partial(read_configuration, path, {"specs": specs})
    alone = not (check or dry_run)
    proven = not (unchecked or check)
    with (
        progress_bar() as progress,
        (
            exclusive_run(path, read, progress, specs=True) if alone else nullcontext(read())
        ) as settings,
    ):
        request = import_request(path, settings.specs, source, label, proven=proven, **flags)
        plan = plan_import(request, progress)
        if alone:
            plan.apply()
    if check:
        _print_differences(plan)
        return
    _print(plan, written=not dry_run)


def _print(plan: ImportPlan, *, written: bool) -> None:
    from upsertgen.importing.report import summary

    for line in plan.report.lines():
        click.echo(printable(line))
    for name in plan.kept:
        click.echo(
            f"kept     {plan.folder / name}: no import wrote it, and SOURCE does not describe it"
        )
    for change in plan.changes:
        click.echo(f"{change.action:<8} {plan.folder / change.path}")
    click.echo(summary(plan.spec_changes, plan.unchanged, written=written), err=True)


def _print_differences(plan: ImportPlan) -> None:
    """Print what differs from what was imported, and exit 1 if anything does."""
    for line in plan.differences:
        click.echo(printable(line))
    if not plan.differences:
        click.echo(f"{plan.label} is what SOURCE publishes.", err=True)
        return
    for change in plan.spec_changes:
        click.echo(f"would be {change.action}: {plan.folder / change.path}")
    if not plan.spec_changes:
        click.echo("nothing that is imported from it differs")
    raise click.exceptions.Exit(DIFFERENT)

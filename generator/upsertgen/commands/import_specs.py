"""`upsertgen import`: published OpenAPI documents to the specs of an API version."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from upsertgen.commands.messages import (
    print_changes,
    print_note,
    print_notes,
    print_verdict,
    print_wrapped,
)
from upsertgen.commands.options import nearest_configuration, settings_options, verbatim
from upsertgen.progress import progress_bar

if TYPE_CHECKING:
    from upsertgen.importing import ImportPlan, Request
    from upsertgen.write import Change

DIFFERENT = 1


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


_MANY = {"multiple": True}
_FLAGS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("--api-version", "V", "The API version that SOURCE becomes.", {"required": True}),
    (
        "--from-version",
        "W",
        "The version that it follows: descriptions, names and the order of fields are carried over.",
        {},
    ),
    (
        "--map",
        "TYPE=CONSTANT",
        "What stands in the path for an object type, if other versions do not tell; repeatable.",
        {"callback": _mapping, **_MANY},
    ),
    (
        "--object-type",
        "TYPE",
        "What the object type of one document is called. [default: after its file]",
        {},
    ),
    ("--generic", "TYPE", "An object type that keeps the type as an argument; repeatable.", _MANY),
    (
        "--select",
        "[METHOD] ENDING",
        "Import the operations whose path ends so, such as 'POST /items/{id}'; repeatable. [default: all]",
        _MANY,
    ),
    (
        "--pattern",
        "P",
        "Where the documents of a collection lie. [default: {version}/{type}]",
        {},
    ),
    (
        "--exclude",
        "P",
        "Pass documents over whose folder or name is so, such as '*_test'; repeatable.",
        _MANY,
    ),
    (
        "--drop",
        "TYPE",
        "An object type that may go, or lose operations, against what was there before; repeatable.",
        _MANY,
    ),
    (
        "--type-parameter",
        "NAME",
        "The path parameter that names the object type, which becomes a constant.",
        {},
    ),
    (
        "--names",
        "[operationId|path]",
        "Where methods have their names from: good operationIds, or paths alone. [default: operationId]",
        {"type": click.Choice(("operationId", "path"))},
    ),
    (
        "--most-scopes",
        "N",
        "Of more scopes in one operation any will do, and none is named. [default: 8]",
        {"type": int},
    ),
    (
        "--descriptions",
        "[keep|drop]",
        "What to do with published texts, which may not be yours to copy.",
        {"type": click.Choice(("keep", "drop")), "default": "drop", "show_default": True},
    ),
)
"""Each flag, what --help calls its value and says of it, and how it is read."""


def import_options(*, required: bool) -> Callable[..., Any]:
    """Return a decorator that gives a command the argument and the options that say what to import.

    Args:
        required: Whether there is nothing to do without a source.
    """

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        command = settings_options("specs")(command)
        for flag, metavar, text, options in reversed(_FLAGS):
            options = {**options, "required": required and options.get("required", False)}
            command = click.option(flag, metavar=metavar, help=text, **options)(command)
        return click.argument("source", required=required)(command)

    return decorate


def check_source(context: click.Context, source: str | None) -> None:
    """Refuse options that say what to import where there is no source, and a source of no version.

    Raises:
        click.UsageError: They do.
    """
    if source is not None and context.params["api_version"] is None:
        raise click.UsageError(
            "--api-version is missing, which says what API version SOURCE becomes"
        )
    for flag, *_ in _FLAGS if source is None else ():
        name = flag.removeprefix("--").replace("-", "_")
        if context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            raise click.UsageError(f"{flag} says what to import, and there is no SOURCE")


def import_request(
    configuration: Path | None,
    specs: Path,
    source: str,
    *,
    api_version: str,
    from_version: str | None,
    descriptions: str,
    object_type: str | None = None,
    drop: tuple[str, ...] = (),
    proven: bool = True,
    complete: bool = True,
    **flags: Any,
) -> Request:
    """Return what a command line asks to import.

    Args:
        configuration: The `pyproject.toml` with the settings, if there is one.
        specs: The specs folder.
        source: A file, folder or archive.
        api_version: The API version that it becomes.
        from_version: The version that it follows.
        descriptions: `keep` or `drop`: what becomes of published texts.
        object_type: What the object type of a single document is called.
        drop: Object types of which something that was there before may be gone.
        proven: Whether the specs have to be in order afterwards.
        complete: Whether what was there before has to be, unless it may be gone.
        flags: Settings that the command line overrides.

    Raises:
        InvalidInput: A setting is unknown or wrong.
    """
    from upsertgen.importing import Request, read_import_settings

    settings = read_import_settings(configuration).with_flags(flags)
    return Request(
        source,
        api_version,
        from_version,
        specs,
        settings,
        drop=drop,
        complete=complete,
        keep_texts=descriptions == "keep",
        proven=proven,
        object_type=object_type,
    )


_EPILOG = verbatim(
    "A new version, from a collection that was downloaded:\n"
    "  upsertgen import collection.zip --api-version 2026-09 --from-version 2026-03",
    "Is what was imported still what is published? (for a scheduled job)\n"
    "  upsertgen import collection.zip --api-version 2026-09 --check",
    "One document, and a tree of another shape:\n"
    "  curl -o contacts.json https://example.com/v2/contacts.json\n"
    "  upsertgen import contacts.json --api-version v2\n"
    "  upsertgen import documents --api-version v2 --pattern '{version}/{type}.yaml'",
    "Settings stand in [tool.upsertgen.import] of the nearest pyproject.toml; a flag overrides one:\n"
    '  select = ["batch/upsert"]          # endings of paths, with a method: "PUT /items/{id}"\n'
    '  generic = ["objects"]              # types that stay an argument\n'
    '  exclude = ["test", "*_test"]       # compared in snake case as well\n'
    '  pattern = "{version}/{type}.json"\n'
    '  map = { orders = "order-v2" }      # what paths call a type\n'
    '  type-parameter = "collection"      # the path parameter that names the type\n'
    '  names = "path"                     # not operationIds\n'
    "  most-scopes = 8                    # where more are published, any will do: none is written",
    "Exit codes: 0 done, 1 --check found a difference, 2 bad input or usage.",
)


@click.command("import", short_help="Write specs from published OpenAPI documents.", epilog=_EPILOG)
@import_options(required=True)
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
    check: bool,
    dry_run: bool,
    unchecked: bool,
    specs: Path | None,
    config: Path | None,
    **flags: Any,
) -> None:
    """Write the specs of an API version from published OpenAPI documents.

    SOURCE is a document (JSON or YAML, OpenAPI 3.0 or 3.1), a folder tree of documents, or a .zip or
    .tar.gz of one. Nothing is fetched: curl can, and what becomes code is worth a look first. A collection
    is the whole version: what was there before, or in the version that it follows, and is not in it is an
    error, unless --drop says that it may go. A single document concerns its own type only.

    Keeps the operations that are selected and what they reach, and drops the noise. The object type is
    called after its file; where the path names it by a parameter, it becomes a constant that other versions
    know, or else its name. Each operation comes from the newest rollout
    that has it; which documents were passed over is told. What types share stands in schemas.yaml. Source,
    SHA-256 and date are recorded in provenance.yaml. Importing the same again changes nothing. Specs that
    no import makes, for none of their paths is selected, come along to a new version from the one that it
    follows.

    Patterns have placeholders: {version}, {rollout} and {type}, others as you like; * is any part of a
    name, ** any folders. Nothing is written unless 'upsertgen validate' would find no problem.
    """
    from upsertgen.configuration import read_configuration
    from upsertgen.importing import plan_import
    from upsertgen.run import exclusive_run

    path = nearest_configuration(config)
    read = partial(read_configuration, path, {"specs": specs})
    alone = not (check or dry_run)
    proven = not (unchecked or check)
    with (
        progress_bar() as progress,
        (
            exclusive_run(path, read, progress, specs=True, tell=print_note)
            if alone
            else nullcontext(read())
        ) as settings,
    ):
        request = import_request(
            path, settings.specs, source, proven=proven, complete=not check, **flags
        )
        plan = plan_import(request, progress)
        if alone:
            plan.apply()
    if check:
        _print_differences(plan)
        return
    _print(plan, written=not dry_run)


def _print(plan: ImportPlan, *, written: bool) -> None:
    from upsertgen.importing.report import summary

    print_notes(plan.notes)
    for line in plan.report.lines():
        print_wrapped(line)
    for name in plan.kept:
        print_wrapped(
            f"kept     {plan.folder / name}: no import wrote it, and SOURCE does not describe it"
        )
    _print_changes(plan, plan.changes)
    told = summary(plan.spec_changes, plan.unchanged, written=written)
    if plan.spec_changes and written:
        told += f" Next: review {plan.folder / plan.label}, then 'upsertgen generate'."
    print_verdict(told)


def _print_changes(plan: ImportPlan, changes: Sequence[Change]) -> None:
    print_changes([(one, plan.folder / one.path) for one in changes], every=False, err=False)


def _print_differences(plan: ImportPlan) -> None:
    """Print what differs from what was imported, and exit 1 if anything does."""
    for line in plan.differences:
        print_wrapped(line)
    if not plan.differences:
        print_verdict(f"{plan.label} is what SOURCE publishes.")
        return
    _print_changes(plan, plan.spec_changes)
    told = "nothing that is imported from it differs"
    if plan.spec_changes:
        told = "nothing was written. Next: the same without --check"
    print_verdict(f"{plan.label} is not what SOURCE publishes; {told}.", good=False)
    raise click.exceptions.Exit(DIFFERENT)

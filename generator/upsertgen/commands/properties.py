"""`upsertgen properties`: the properties of an account as types for records."""

from __future__ import annotations

from pathlib import Path

import click

from upsertgen.commands.messages import print_note, print_verdict
from upsertgen.commands.options import PATH, nearest_configuration, verbatim
from upsertgen.errors import printable
from upsertgen.progress import progress_bar

STALE = 1


def _keys(
    context: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str]:
    """Return `TYPE=PROPERTY` arguments as a mapping."""
    pairs: dict[str, str] = {}
    for value in values:
        name, _, key = value.partition("=")
        if not (name and key):
            raise click.BadParameter(f"{value!r} is not TYPE=PROPERTY", context, parameter)
        pairs[name] = key
    return pairs


@click.command(
    "properties",
    short_help="Write the properties of an account as types for records.",
    epilog=verbatim(
        "Examples:\n"
        "  upsertgen properties properties/*.yaml --output my_app/crm_types.py\n"
        "  upsertgen properties properties/*.yaml --output my_app/crm_types.py --check\n"
        "  upsertgen properties properties/ --output my_app/crm_types.py --key deals=deal_code",
        "In code, with mypy or pyright:\n"
        '  records: list[Contacts] = [{"email": "ada@example.com", "firstname": "Ada"}]\n'
        '  client.contacts.upsert(records, id_property="email")',
        "Without FILES, what stands in [tool.upsertgen.properties] of the nearest pyproject.toml:\n"
        '  files = ["properties/*.yaml"]      # relative to it\n'
        '  output = "my_app/crm_types.py"\n'
        '  keys = { deals = "deal_code" }',
        "Exit codes: 0 done, 1 --check found something stale, 2 bad input or usage.",
    ),
)
@click.argument("files", nargs=-1)
@click.option("--output", type=PATH, help="The Python module to write.")
@click.option(
    "--key",
    "keys",
    metavar="TYPE=PROPERTY",
    multiple=True,
    callback=_keys,
    help="The property that each record of an object type has to hold; repeatable. [default: the one "
    "that may be its key; with several or none, no property is required]",
)
@click.option(
    "--check",
    is_flag=True,
    help="Write nothing; exit 1 if the module is stale, and say property by property why.",
)
@click.option("--force", is_flag=True, help="Also replace a file that no run has written.")
@click.option(
    "--config",
    type=PATH,
    help="The pyproject.toml to read. [default: the nearest with a [tool.upsertgen]]",
)
def properties_command(
    files: tuple[str, ...],
    output: Path | None,
    keys: dict[str, str],
    check: bool,
    force: bool,
    config: Path | None,
) -> None:
    """Write the properties of an account as types for records, so that a misspelt one is an error.

    FILES hold the properties of an object type each, as the client's command 'properties pull' writes
    them; a folder stands for those in it. For each, the module has a TypedDict that is called as its
    object type: Contacts, LineItems, PPets for p_pets, Object2_123 for 2-123. It holds what can be
    written; READ_ONLY names the rest, and KEYS and WRITABLE name properties for code.
    """
    from upsertgen.properties import plan_module, read_property_settings, write_module

    settings = read_property_settings(nearest_configuration(config))
    settings = settings.with_flags(files, output, keys)
    if check:
        plan = plan_module(settings, force=force)
    else:
        with progress_bar() as progress:
            plan = write_module(
                settings, lambda: progress("Waiting for another run", 0, 1), force=force
            )
    for note in plan.notes:
        print_note(note)
    shown = printable(plan.output.as_posix())
    for one in plan.differences:
        click.echo(f"{shown}: {printable(one)}")
    count = f"{plan.object_types} object type{'s' if plan.object_types != 1 else ''}"
    if not plan.differences:
        print_verdict(f"{shown} is up to date with {count}.")
    elif not check:
        print_verdict(f"{shown} is written, with {count}.")
    else:
        told = "Nothing was written: run 'upsertgen properties' to write it."
        print_verdict(told, good=False)
        raise click.exceptions.Exit(STALE)

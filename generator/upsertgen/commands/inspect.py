"""`upsertgen list` and `upsertgen validate`: what the specs say, and whether they are in order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from upsertgen.commands.messages import format_option, painted, print_notes
from upsertgen.commands.options import epilog, nearest_configuration, settings_options
from upsertgen.configuration import read_configuration
from upsertgen.errors import printable

if TYPE_CHECKING:
    from upsertgen.ir.tree import Api, Resource, Version


@click.command(
    "list",
    short_help="Show API versions and object types.",
    epilog=epilog("Examples:\n  upsertgen list\n  upsertgen list --specs my-specs"),
)
@settings_options("specs")
def list_specs(config: Path | None, **flags: Any) -> None:
    """Show API versions and object types: what each response declares, and what overlays corrected."""
    from upsertgen.ir import understand
    from upsertgen.specs import read

    settings = read_configuration(nearest_configuration(config), flags)
    for number, line in enumerate(_table(understand(read(settings.specs)))):
        click.echo(
            painted(line, bold=True) if not number else line.replace("*", painted("*", fg="yellow"))
        )


@click.command(
    short_help="Check every spec and overlay.",
    epilog=epilog("Examples:\n  upsertgen validate\n  upsertgen validate --specs my-specs"),
)
@settings_options("specs")
@format_option
def validate(config: Path | None, form: str, **flags: Any) -> None:
    """Check every spec and overlay, and print each problem as PATH:LINE:COLUMN.

    Every spec that 'generate' would refuse is found here, and nothing is written.
    """
    from upsertgen.ir import understand
    from upsertgen.public_names.causes import explained
    from upsertgen.public_names.check import check_names
    from upsertgen.specs import read

    settings = read_configuration(nearest_configuration(config), flags)
    with explained(settings.specs):
        api = understand(read(settings.specs))
    check_names(api, settings)
    print_notes(api.notes, form)
    resources = [resource for version in api.versions for resource in version.resources]
    counts = (
        _counted(len(api.versions), "API version"),
        f"{_counted(len(resources), 'spec')} of object types",
        _counted(sum(len(one.operations) for one in resources), "operation"),
        f"{len(api.models)} distinct {'body' if len(api.models) == 1 else 'bodies'}",
    )
    click.echo(
        f"{printable(str(settings.specs))}: {', '.join(counts)}; no problem. "
        "Next: 'upsertgen generate --diff' shows what they would change."
    )


def _table(api: Api) -> Iterator[str]:
    """Yield a matrix of object types and versions, and the corrections of each version.

    A cell holds the success statuses that the object type's operations declare, and `*` where an overlay
    corrected the spec.
    """
    columns = [{one.name: one for one in version.resources} for version in api.versions]
    names = sorted({name for column in columns for name in column})
    header = ["object type", *(printable(version.label.raw) for version in api.versions)]
    rows = [[name, *(_cell(column.get(name)) for column in columns)] for name in names]
    totals = ["total", *(_counted(len(column), "object type") for column in columns)]
    widths = [
        max(len(row[column]) for row in [header, *rows, totals]) for column in range(len(header))
    ]
    for row in [header, ["-" * width for width in widths], *rows, totals]:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
    yield ""
    yield "Success statuses that the specs declare, with overlays applied; * an overlay corrected the spec."
    for version in api.versions:
        yield from _corrections(version)


def _cell(resource: Resource | None) -> str:
    if resource is None:
        return "-"
    statuses = sorted(
        {response.status for operation in resource.operations for response in operation.responses}
    )
    return " ".join(statuses) + (" *" if resource.corrections else "")


def _corrections(version: Version) -> Iterator[str]:
    counts = Counter(version.corrections)
    for resource in version.resources:
        counts.update(resource.corrections)
    if counts:
        yield ""
        yield f"Overlays in {printable(version.label.raw)}:"
    for one, count in counts.items():
        description = printable(" ".join(one.description.raw.split()))
        yield f"  {one.location} ({_counted(count, 'file')}): {description}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"

"""The table of API versions and object types that `upsertgen list` prints."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from upsertgen.errors import printable
from upsertgen.ir.tree import Api, Resource, Version


def lines(api: Api) -> Iterator[str]:
    """Yield what is known: a matrix of object types and versions, and the corrections of each version.

    A cell holds the success statuses that the object type's operations declare, and `*` where an overlay
    corrected the spec.
    """
    names = sorted({resource.name for version in api.versions for resource in version.resources})
    by_name = {
        (version.package, resource.name): resource
        for version in api.versions
        for resource in version.resources
    }
    header = ["object type", *(printable(version.label.raw) for version in api.versions)]
    rows = [
        [name, *(_cell(by_name.get((version.package, name))) for version in api.versions)]
        for name in names
    ]
    totals = [
        "total",
        *(_counted(len(version.resources), "object type") for version in api.versions),
    ]
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
    counts = Counter(
        (correction.location, correction.description.raw)
        for corrections in (
            version.corrections,
            *(resource.corrections for resource in version.resources),
        )
        for correction in corrections
    )
    if counts:
        yield ""
        yield f"Overlays in {printable(version.label.raw)}:"
    for (location, description), count in counts.items():
        yield f"  {location} ({_counted(count, 'file')}): {printable(' '.join(description.split()))}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"

"""The pages "Which version?": all API versions beside each other, what each changed, and how to move on.

In come the Api tree and what people wrote down of support (`upsertgen.docs.support`); out comes a section.
`changes` makes the pages of what a version changed, `moving` those of the lines of code that change, and
`old_names` that of deprecated and renamed names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from upsertgen.diff.report import Presence
from upsertgen.diff.versions import compare_versions
from upsertgen.docs.changes import Changes, changes_path
from upsertgen.docs.moving import moving_page, moving_path
from upsertgen.docs.old_names import names_page
from upsertgen.docs.page import Page, Section, Sources
from upsertgen.docs.reference import page_path
from upsertgen.docs.support import Known, Support, read_support
from upsertgen.emit.encode import identifier, page_code, page_text, raw
from upsertgen.ir.tree import Resource, Version

TITLE = "Which version?"
VERSIONS = "versions.md"
_NOT_THERE = "—"
_UNKNOWN = "unknown"
_DATES = ("generally available since", "current until", "unsupported from")


@dataclass(frozen=True)
class VersionRow:
    """A version as a table lists it; every text is ready to be emitted.

    Attributes:
        version: The version.
        dates: Since when and until when it is supported; nothing where nobody wrote that down.
        changes: The address of the page of what it changed; empty for the first one.
        moving: The address of the page of how to move on to the next one, and the label of that.
    """

    version: Version
    dates: tuple[str, ...]
    changes: str
    moving: tuple[tuple[str, str], ...]


def which_version(sources: Sources) -> Section:
    """Return the pages about versions.

    Raises:
        InvalidInput: What people wrote down of support is wrong, or a template of the user's own.
    """
    versions = sources.api.versions
    support = read_support(sources.settings.specs, [raw(one.label) for one in versions])
    steps = [_changes(sources, *pair) for pair in pairwise(versions)]
    whole = [_changes(sources, versions[0], versions[-1])] if len(versions) > 2 else []
    ways = [(one.old, one.new) for one in (*steps, *whole)]
    rows = [_row(one, support, ways) for one in versions]
    context = {
        "rows": rows,
        "dates": _DATES if support is not None else (),
        "known": list(_sources(versions, support or {})),
        "columns": list(_columns(versions)),
        "types": list(_types(versions, steps)),
        "not_there": _NOT_THERE,
    }
    first = sources.page(VERSIONS, TITLE, "versions.md.jinja", context)
    items: list[Page | Section] = [first]
    if steps:
        pages = tuple(one.page(sources) for one in reversed(steps))
        items.append(Section("What each version changed", pages))
        moves = tuple(moving_page(sources, one) for one in (*whole, *reversed(steps)))
        items.append(Section("Moving to another version", moves))
    items.append(names_page(sources, support or {}))
    return Section(TITLE, tuple(items))


def _changes(sources: Sources, old: Version, new: Version) -> Changes:
    specs = sources.understood
    return Changes(
        old, new, compare_versions(specs, specs, (old.label, new.label)), changes_path(new)
    )


def _row(
    version: Version,
    support: Mapping[str, Support] | None,
    ways: list[tuple[Version, Version]],
) -> VersionRow:
    known = None if support is None else support.get(raw(version.label), Support())
    return VersionRow(
        version=version,
        dates=() if known is None else tuple(map(_date, known.dates())),
        changes=next((changes_path(new) for _, new in ways if new is version), ""),
        moving=tuple(
            (page_text(new.label), moving_path(old, new)) for old, new in ways if old is version
        ),
    )


def _date(known: Known | None) -> str:
    return _UNKNOWN if known is None else page_text(known.date)


def _sources(
    versions: tuple[Version, ...], support: Mapping[str, Support]
) -> Iterator[tuple[str, str, str, str]]:
    """Yield each date that is known, and how it is known: version, what, date, source."""
    for version in versions:
        dates = support.get(raw(version.label), Support()).dates()
        for what, known in zip(_DATES, dates, strict=True):
            if known is not None:
                yield (
                    page_text(version.label),
                    what,
                    page_text(known.date),
                    page_text(known.source),
                )


def _columns(versions: tuple[Version, ...]) -> Iterator[str]:
    """Yield the heads of the matrix."""
    for before, version in zip((None, *versions[:-1]), versions, strict=True):
        yield page_text(version.label)
        if before is not None:
            yield f"against {page_text(before.label)}"


def _types(
    versions: tuple[Version, ...], steps: list[Changes]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield each object type, and its cells in the matrix."""
    there = [{one.name: one for one in version.resources} for version in versions]
    for name in sorted({name for one in there for name in one}):
        cells = [
            _operations(version, found[name]) if name in found else _NOT_THERE
            for version, found in zip(versions, there, strict=True)
        ]
        yield page_code(name), tuple(_woven(name, cells, steps))


def _woven(name: str, cells: list[str], steps: list[Changes]) -> Iterator[str]:
    """Yield the cells of an object type, with what changed from each version to the next between them."""
    yield cells[0]
    for cell, before, step in zip(cells[1:], cells, steps, strict=False):
        yield cell
        presence = dict(step.comparison.object_types).get(name)
        if presence is None and before != cell:
            yield "called otherwise"
        else:
            yield _NOT_THERE if presence is None else _difference(name, step, presence)


def _difference(name: str, step: Changes, presence: Presence) -> str:
    """Return what a version changed of an object type, with links."""
    if presence is not Presence.BOTH:
        return {Presence.ADDED: "new", Presence.REMOVED: "gone"}[presence]
    told: list[str] = []
    for group in step.groups:
        if name in group.names:
            link = f"[{group.about}]({step.path}#{group.anchor})"
            told.append(f"**{link}**" if group.is_breaking else link)
    return "<br>".join(told) or "the same"


def _operations(version: Version, resource: Resource) -> str:
    """Return the operations of an object type, each with a link to where the reference has it."""
    path = page_path(version, resource)
    return "<br>".join(
        f"[{page_text(one.name)}]({path}#{identifier(one.name)})" for one in resource.operations
    )

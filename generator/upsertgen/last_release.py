"""The last release: which it was, what its specs were, and which names it had.

`releases.yaml` of the specs folder records each release with the digest of its specs. Where the specs have
changed since, git is asked for the commit that recorded the release, and whoever calls may name another
revision or a folder.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from upsertgen.diff.findings import BREAKING, DEPRECATED, Finding, Kind
from upsertgen.diff.releases import PastRelease
from upsertgen.diff.report import Change, Report
from upsertgen.diff.sources import folder_at, last_change
from upsertgen.errors import InvalidInput, Location
from upsertgen.importing.provenance import read_provenance
from upsertgen.inputs import NO_VERSIONS, RELEASES, spec_digests
from upsertgen.ir.names import package_name
from upsertgen.public_name import PublicName, parse_name
from upsertgen.renames import Rename
from upsertgen.spec_text import SpecText

SINCE = "--since"
_RENAMED = frozenset(
    (
        Kind.OBJECT_TYPE_RENAMED,
        Kind.METHOD_RENAMED,
        Kind.BULK_METHOD_RENAMED,
        Kind.PYTHON_NAME_CHANGED,
    )
)


def specs_digest(folder: Path) -> str:
    """Return one digest of all spec, overlay, property and fact files of a specs folder."""
    specs, overlays = spec_digests(folder)
    lines = sorted(
        f"{path} {one}\n" for path, one in (specs | overlays).items() if path != RELEASES
    )
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@contextmanager
def specs_of_last_release(
    folder: Path, last: PastRelease | None, since: str | None
) -> Iterator[Path | None]:
    """Lay out what the specs were when the last release was made, for a while.

    Args:
        folder: The specs folder.
        last: The last release; nothing before the first.
        since: A git revision, or a folder, that holds them; nothing to look for them.

    Yields:
        A folder; nothing where there are no specs to compare with.

    Raises:
        InvalidInput: They cannot be found.
    """
    if since is not None:
        if Path(since).is_dir():
            yield Path(since)
            return
        with folder_at(folder, since, SINCE) as copy:
            yield copy
        return
    if not folder.is_dir() or not any(
        path.parent.name not in NO_VERSIONS for path in folder.glob("*/*")
    ):
        yield None
        return
    if last is None or specs_digest(folder) == last.specs:
        yield folder
        return
    commit = last_change(folder, RELEASES)
    if commit is not None:
        with folder_at(folder, commit, SINCE) as copy:
            if specs_digest(copy) == last.specs:
                yield copy
                return
    raise InvalidInput.at(
        Location((folder / RELEASES).as_posix()),
        f"the specs have changed since {last.version} was released, and git has no commit with the specs "
        "of that release",
        "a commit that holds this record and the specs of its last release",
        f"name what holds them with {SINCE}, a git revision or a folder",
    )


def new_imports(before: Path | None, after: Path) -> tuple[str, ...]:
    """Return the API versions that were imported between two states of a specs folder."""
    old = read_provenance(before).versions if before is not None else {}
    new = read_provenance(after).versions
    return tuple(label for label, imports in new.items() if old.get(label) != imports)


def untold_renames(
    releases: Iterable[PastRelease], renames: Iterable[Rename], version: str
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...]]:
    """Return which old names still work, with their new ones, and which are gone, that no release told of.

    Args:
        releases: The releases up to now.
        renames: The declared renames.
        version: The version of the distribution, which may end some.
    """
    told = {pair for one in releases for pair in one.renames}
    gone = {name for one in releases for name in one.retired}
    working = [(one.old, one.new) for one in renames if one.new and not one.is_over(version)]
    retired = [one.old for one in renames if not one.new or one.is_over(version)]
    return (
        tuple(pair for pair in working if pair not in told),
        tuple(name for name in retired if name not in gone),
    )


def with_old_names(report: Report, renames: Iterable[Rename]) -> Report:
    """Return a report in which what is called otherwise, and has an alias, is deprecated and breaks nobody.

    Args:
        report: What the specs changed.
        renames: The declared renames.
    """
    aliases = {
        (old, new)
        for one in renames
        if one.new and (old := parse_name(one.old)) and (new := parse_name(one.new))
    }

    def heard(change: Change, label: SpecText | None) -> Change:
        finding = change.finding
        package = package_name(label.raw) if label is not None else ""
        if finding.caller is BREAKING and any(
            _is_alias(finding, old, new, package) for old, new in aliases
        ):
            return replace(change, finding=replace(finding, caller=DEPRECATED))
        return change

    return replace(
        report,
        comparisons=tuple(
            replace(one, changes=tuple(heard(change, one.new or one.old) for change in one.changes))
            for one in report.comparisons
        ),
    )


def _is_alias(finding: Finding, old: PublicName, new: PublicName, package: str) -> bool:
    """Return whether a finding in a version says no more than that a name has become another one."""
    if package not in (old.parts[0], new.parts[0]):
        return False
    if finding.kind is Kind.VERSION_REMOVED:
        return str(old) == package
    if finding.kind is Kind.CLASS_REMOVED:
        return finding.subject == SpecText(old.own)
    return finding.kind in _RENAMED and (finding.before, finding.after) == (
        SpecText(old.own),
        SpecText(new.own),
    )

"""Diff: what differs between API versions, and what that means to callers of the client and on the wire.

In come specs folders and git revisions, each understood twice (`sources`): as published, which is the wire,
and as overlays corrected it, which is what callers see. Trees are compared, not text: `versions` puts
together what belongs together; `operations`, `data_types` and `policies` yield what differs (`findings`). Out
comes a `Report`, with each change once for all object types that share it (`report`); `phrases` puts it into
words, which `text_report`, `markdown_report`, `json_report` and `html_report` write. Start with the functions
of this module.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

from upsertgen.diff import sources
from upsertgen.diff.releases import PastRelease
from upsertgen.diff.report import Comparison, Report
from upsertgen.diff.sources import Understood
from upsertgen.diff.versions import compare_versions, only_in_one
from upsertgen.errors import InvalidInput, Location, Problems, quoted
from upsertgen.ir.names import version_order
from upsertgen.ir.tree import Api
from upsertgen.spec_text import SpecText

__all__ = ["between_folders", "between_versions", "changelog", "since_revision"]


def between_versions(folder: Path, labels: Sequence[str]) -> Report:
    """Compare API versions of one specs folder, each with the one before it.

    Args:
        folder: The specs folder.
        labels: The versions, in the order to compare them; none for all of them, oldest first.

    Raises:
        InvalidInput: The specs have problems, or a version does not exist.
    """
    specs = sources.understand_folder(folder)
    known = [version.label for version in specs.corrected.versions]
    _check_labels(labels, known, "OLD NEW")
    chosen = [SpecText(label) for label in labels] or known
    if len(chosen) < 2:
        place = Location("OLD NEW")
        wrong = "there is only one API version to compare"
        mend = "name two versions, or compare with --revision or --old-specs"
        raise InvalidInput.at(place, wrong, "two or more", mend)
    comparisons = [compare_versions(specs, specs, pair) for pair in pairwise(chosen)]
    return Report(chosen[0], chosen[-1], tuple(comparisons), True, specs.unread)


def since_revision(folder: Path, revision: str, labels: Sequence[str]) -> Report:
    """Compare a specs folder with what it was at a git revision, version by version.

    Args:
        folder: The specs folder.
        revision: A commit, branch or tag of the repository that holds it.
        labels: The versions to compare; none for all of them.

    Raises:
        InvalidInput: The specs of either side have problems, or there is no such revision or version.
    """
    old = sources.understand_revision(folder, revision)
    return _between(old, sources.understand_folder(folder), revision, "working tree", labels)


def between_folders(old: Path, new: Path, labels: Sequence[str]) -> Report:
    """Compare two specs folders, version by version.

    Args:
        old: The older folder.
        new: The newer one.
        labels: The versions to compare; none for all of them.

    Raises:
        InvalidInput: The specs of either side have problems, or there is no such version.
    """
    sides = sources.understand_folder(old), sources.understand_folder(new)
    return _between(*sides, old.as_posix(), new.as_posix(), labels)


def changelog(published: Api | None, corrected: Api, releases: Sequence[PastRelease] = ()) -> str:
    """Return a `CHANGELOG.md`: what each release brought, and each API version against the one before.

    Args:
        published: The specs as published; nothing where they cannot be read without overlays.
        corrected: The specs as corrected.
        releases: The releases of the distribution, in order.
    """
    from upsertgen.diff.markdown_report import changelog_text

    labels = [version.label for version in corrected.versions]
    specs = Understood(published, corrected)
    compared = [compare_versions(specs, specs, pair) for pair in pairwise(labels)]
    return changelog_text(compared, releases)


def _between(
    old: Understood, new: Understood, old_name: str, new_name: str, labels: Sequence[str]
) -> Report:
    before, after = (
        {version.label: version for version in one.corrected.versions} for one in (old, new)
    )
    known = sorted({*before, *after}, key=lambda label: version_order(label.raw))
    _check_labels(labels, known, "--api-version")
    comparisons: list[Comparison] = []
    for label in known:
        if labels and label.raw not in labels:
            continue
        if label in before and label in after:
            comparisons.append(compare_versions(old, new, (label, label)))
        else:
            added = label in after
            comparisons.append(only_in_one((after if added else before)[label], added=added))
    unread = (*old.unread, *new.unread)
    return Report(SpecText(old_name), SpecText(new_name), tuple(comparisons), False, unread)


def _check_labels(labels: Sequence[str], known: Sequence[SpecText], option: str) -> None:
    names = [label.raw for label in known]
    problems = Problems()
    for label in labels:
        if label not in names:
            wrong = f"no API version is called {quoted(label)}"
            problems.add(Location(option), wrong, f"one of {', '.join(names)}", "choose one")
    problems.raise_if_any()

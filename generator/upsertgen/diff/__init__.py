"""Diff: what differs between API versions, and what that means to whom.

Trees are compared, not text, and each spec is understood twice: as it was published, which is what the
wire is, and as overlays corrected it, which is what callers of the client see. So every change is classed
for two people, and a published change that overlays had corrected away already is told as what it is.

| module | what it does |
|---|---|
| `changes` | what a comparison finds: changes, their impacts, the bump they suggest |
| `loading` | specs folders and git revisions, understood twice |
| `versions`, `pairs` | put together what belongs together in two versions |
| `reach` | which classes belong to which object types |
| `operations`, `bodies`, `policies`, `places` | compare what the pairs consist of |
| `variance` | which type is wider, and what that means to senders and receivers |
| `grouping` | one row for what many object types share |
| `wording` | a change as a phrase, in which text from specs is marked as such |
| `terminal`, `markdown`, `structured`, `page` | the formats |
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from upsertgen.diff.changes import Comparison, Report
from upsertgen.diff.versions import compare_versions, only_in_one, version_of
from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.ir.tree import Api
from upsertgen.spec_text import SpecText

if TYPE_CHECKING:
    from upsertgen.diff.loading import Understood

__all__ = ["between_folders", "between_versions", "changelog", "since_revision"]


def between_versions(folder: Path, labels: Sequence[str]) -> Report:
    """Compare API versions of one specs folder, each with the one before it.

    Args:
        folder: The specs folder.
        labels: The versions, in the order to compare them; none for all of them, oldest first.

    Raises:
        InvalidInput: The specs have problems, or a version does not exist.
    """
    from upsertgen.diff.loading import understand_folder

    specs = understand_folder(folder)
    known = [version.label for version in specs.corrected.versions]
    _check_labels(labels, known, "OLD NEW")
    chosen = [SpecText(label) for label in labels] or known
    if len(chosen) < 2:
        raise InvalidInput(
            [
                Problem(
                    Location("OLD NEW"),
                    "there is only one API version to compare",
                    "two or more",
                    "name two versions, or compare with --revision or --old-specs",
                )
            ]
        )
    sides = specs.published, specs.corrected
    comparisons = [compare_versions(sides, sides, (old, new)) for old, new in pairwise(chosen)]
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
    from upsertgen.diff.loading import understand_folder, understand_revision

    old = understand_revision(folder, revision)
    return _between(old, understand_folder(folder), revision, "working tree", labels)


def between_folders(old: Path, new: Path, labels: Sequence[str]) -> Report:
    """Compare two specs folders, version by version.

    Args:
        old: The older folder.
        new: The newer one.
        labels: The versions to compare; none for all of them.

    Raises:
        InvalidInput: The specs of either side have problems, or there is no such version.
    """
    from upsertgen.diff.loading import understand_folder

    sides = understand_folder(old), understand_folder(new)
    return _between(*sides, old.as_posix(), new.as_posix(), labels)


def changelog(published: Api | None, corrected: Api) -> str:
    """Return a `CHANGELOG.md` that says what each API version changed against the one before.

    Args:
        published: The specs as published; nothing where they cannot be read without overlays.
        corrected: The specs as corrected.
    """
    from upsertgen.diff.markdown import changelog_text

    labels = [version.label for version in corrected.versions]
    sides = published, corrected
    return changelog_text([compare_versions(sides, sides, pair) for pair in pairwise(labels)])


def _between(
    old: Understood, new: Understood, old_name: str, new_name: str, labels: Sequence[str]
) -> Report:
    from upsertgen.ir.names import version_order

    before = [version.label for version in old.corrected.versions]
    after = [version.label for version in new.corrected.versions]
    known = sorted({*before, *after}, key=lambda label: version_order(label.raw))
    _check_labels(labels, known, "--api-version")
    comparisons: list[Comparison] = []
    for label in known:
        if labels and label.raw not in labels:
            continue
        if label not in before:
            comparisons.append(only_in_one(version_of(new.corrected, label), added=True))
        elif label not in after:
            comparisons.append(only_in_one(version_of(old.corrected, label), added=False))
        else:
            comparisons.append(
                compare_versions(
                    (old.published, old.corrected), (new.published, new.corrected), (label, label)
                )
            )
    unread = (*old.unread, *new.unread)
    return Report(SpecText(old_name), SpecText(new_name), tuple(comparisons), False, unread)


def _check_labels(labels: Sequence[str], known: Sequence[SpecText], option: str) -> None:
    names = [label.raw for label in known]
    problems = [
        Problem(
            Location(option),
            f"no API version is called {quoted(label)}",
            f"one of {', '.join(names)}",
            "choose one",
        )
        for label in labels
        if label not in names
    ]
    if problems:
        raise InvalidInput(problems)

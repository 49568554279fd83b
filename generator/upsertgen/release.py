"""A release: import, generate, compare and bump the version, all of it or nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upsertgen.configuration import Settings, read_configuration, with_setting
from upsertgen.distribution_version import next_version
from upsertgen.errors import InvalidInput, Note
from upsertgen.inputs import LOCK, NO_VERSIONS, RELEASES, spec_files
from upsertgen.ir.names import version_order
from upsertgen.progress import Progress
from upsertgen.run import Selection, exclusive_run, plan_output
from upsertgen.write import Action, Change
from upsertgen.write.folders import within
from upsertgen.write.transaction import FolderChange, commit

if TYPE_CHECKING:
    from upsertgen.diff.releases import PastRelease
    from upsertgen.diff.report import Bump, Report
    from upsertgen.importing import ImportPlan, Request


@dataclass(frozen=True)
class Release:
    """What a release came to.

    Attributes:
        imported: What was imported, if anything was to be.
        report: What an imported API version that is new changed against the one before, or else what the
            specs changed since the last release; nothing where there is none.
        last: The version that was released last; nothing before the first release.
        bump: By what that has to be raised.
        before: The version of the distribution before.
        after: Its version now; the same when nothing changed.
        recorded: Whether it is a release of its own; otherwise it is the last one still.
        changes: The files that changed, and each as a person would name it, sorted.
        notes: What has to be said about the specs.
    """

    imported: ImportPlan | None
    report: Report | None
    last: str | None
    bump: Bump
    before: str
    after: str
    recorded: bool
    changes: tuple[tuple[Change, Path], ...]
    notes: tuple[Note, ...]


def release(
    configuration: Path,
    flags: Mapping[str, Any],
    request: Callable[[Settings], Request] | None,
    progress: Progress,
    *,
    since: str | None = None,
    force: bool = False,
    dry_run: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Release:
    """Release what stands since the last release, and an API version that is imported for it.

    All of it is worked out before anything is written, from a copy of the specs.

    Args:
        configuration: The `pyproject.toml` whose `distribution-version` is bumped.
        flags: The value of each flag, by the name of its setting.
        request: Says what to import, given the settings; nothing to import nothing.
        progress: Told how far it has come.
        since: A git revision or a folder that holds the specs of the last release; nothing to look for them.
        force: Whether to write over what no run has written.
        dry_run: Whether to write nothing.
        tell: Told what became of the work of a run that was killed.

    Returns:
        What was done. When it fails, or is stopped, all files are as they were before. When it is killed,
        they are as before, or the next run that writes completes what this one began.

    Raises:
        InvalidInput: With every problem of the first step that found any.
        OSError: A file cannot be written.
    """
    from upsertgen.diff.releases import read_releases
    from upsertgen.last_release import specs_of_last_release

    configuration = _as_a_person_would_name_it(configuration)
    read = partial(read_configuration, configuration, flags)
    with (
        (
            nullcontext(read())
            if dry_run
            else exclusive_run(configuration, read, progress, specs=True, tell=tell)
        ) as settings,
        tempfile.TemporaryDirectory(prefix="upsertgen-") as folder,
    ):
        imported = None
        if request is not None:
            from upsertgen.importing import plan_import

            imported = plan_import(request(settings), progress)
        draft = replace(settings, specs=Path(folder) / settings.specs.name)
        specs = imported.change if imported is not None else FolderChange(settings.specs, {})
        _lay_out(specs, draft.specs)
        releases = read_releases(settings.specs)
        last = releases[-1] if releases else None
        with specs_of_last_release(settings.specs, last, since) as old:
            planned = _Plan(configuration, settings, draft, imported, specs, releases, old)
            try:
                done, changes = planned.release(progress, force)
            except InvalidInput as error:
                # What people know is the folder, not its draft.
                problems = (one.of(*planned.places) for one in error.problems)
                raise InvalidInput(problems, error.remedy) from None
        if not dry_run:
            progress("Writing", 0, 1)
            commit(*changes)
        return done


@dataclass(frozen=True)
class _Plan:
    """A release that leads from settings to those in which the specs are a draft of the new ones.

    Attributes:
        configuration: The `pyproject.toml`.
        settings: What it says.
        draft: The same with the new specs.
        imported: What is imported.
        specs: What that changes in the specs folder.
        releases: The releases up to now.
        old: The specs of the last one; nothing where there are none.
    """

    configuration: Path
    settings: Settings
    draft: Settings
    imported: ImportPlan | None
    specs: FolderChange
    releases: tuple[PastRelease, ...]
    old: Path | None

    @property
    def places(self) -> tuple[str, str]:
        """The specs folder, and the draft of it."""
        return self.settings.specs.as_posix(), self.draft.specs.as_posix()

    def release(self, progress: Progress, force: bool) -> tuple[Release, tuple[FolderChange, ...]]:
        """Work out the release, and what it changes.

        Raises:
            InvalidInput: With every problem of the first step that found any.
        """
        from upsertgen.diff.report import Bump, suggested_bump

        before = self.settings.distribution_version
        last = self.releases[-1] if self.releases else None
        progress("Comparing with the last release", 0, 1)
        since_last = self._since_last()
        if since_last is not None:
            bump = suggested_bump(since_last)
        else:
            # What is imported beside specs that cannot be read yet is added.
            bump = Bump.NONE if self.old is None else Bump.MINOR
        after = next_version(before, last.version if last else None, bump.value)
        recorded = last is None or bump is not Bump.NONE or after != last.version
        specs = dict(self.specs.files)
        if recorded:
            specs[RELEASES] = self._record(since_last, bump, after).encode()
            (self.draft.specs / RELEASES).write_bytes(specs[RELEASES] or b"")
        planned = plan_output(
            replace(self.draft, distribution_version=after),
            Selection(),
            progress,
            force,
            releases=True,
        )
        plan = planned.plan
        if plan.record is not None and plan.record.after is not None:
            specs[LOCK] = plan.record.after.encode()
        old = self.configuration.read_bytes()
        new = with_setting(old, "distribution-version", after) if after != before else old
        changes = (
            FolderChange(
                self.configuration.parent,
                {self.configuration.name: new} if new != old else {},
                in_one_step=False,
                before={self.configuration.name: old},
            ),
            FolderChange(self.settings.specs, specs),
            planned.change(),
        )
        files = [
            (_change(one.folder, path, content), one.folder / path)
            for one in changes
            for path, content in one.files.items()
        ]
        located = self.imported.report.located if self.imported is not None else ()
        done = Release(
            self.imported,
            self._report(since_last),
            last.version if last else None,
            bump,
            before,
            after,
            recorded,
            tuple(sorted(files, key=lambda one: one[1])),
            (*located, *(one.of(*self.places) for one in plan.notes)),
        )
        return done, changes

    def _since_last(self) -> Report | None:
        """Return what the specs changed since the last release, or nothing where that cannot be said.

        Raises:
            InvalidInput: They have problems.
        """
        from upsertgen.diff import between_folders
        from upsertgen.last_release import with_old_names

        if self.old is None:
            return None
        try:
            report = between_folders(self.old, self.draft.specs, ())
        except InvalidInput:
            if self.imported is None or self._knew(self.imported.label):
                raise
            # Corrections may wait for the version; one that is added takes nothing from callers.
            return None
        return with_old_names(report, self.settings.renames)

    def _record(self, since_last: Report | None, bump: Bump, version: str) -> str:
        """Return the record of releases with this one."""
        from upsertgen.diff.releases import COMMENT, PastRelease, for_callers, releases_data
        from upsertgen.importing.yaml_writer import house_yaml
        from upsertgen.last_release import new_imports, specs_digest, untold_renames

        renames, retired = untold_renames(self.releases, self.settings.renames, version)
        new = PastRelease(
            version,
            bump,
            specs_digest(self.draft.specs),
            new_imports(self.old, self.draft.specs),
            renames,
            retired,
            for_callers(since_last.comparisons) if since_last is not None else (),
        )
        return house_yaml(releases_data((*self.releases, new)), COMMENT)

    def _report(self, since_last: Report | None) -> Report | None:
        from upsertgen.diff import between_versions

        report, specs = since_last, self.draft.specs
        if self.imported is not None and not self._knew(self.imported.label):
            previous = _previous(specs, self.imported.label)
            report = between_versions(specs, (previous, self.imported.label)) if previous else None
        if report is None:
            return None
        return replace(report, unread=tuple(one.of(*self.places) for one in report.unread))

    def _knew(self, label: str) -> bool:
        """Return whether the last release had an API version."""
        return self.old is not None and (self.old / label).is_dir()


def _change(folder: Path, path: str, content: bytes | None) -> Change:
    """Return what is to happen to a file, without its contents."""
    action = Action.CHANGED if os.path.lexists(folder / path) else Action.CREATED
    return Change(path, Action.REMOVED if content is None else action, (), None, None)


def _as_a_person_would_name_it(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _lay_out(change: FolderChange, draft: Path) -> None:
    """Write a specs folder as it will be once it has changed. No symlink is followed."""
    if change.folder.is_dir():
        # What is hidden is no spec.
        hidden = shutil.ignore_patterns(".*")
        shutil.copytree(change.folder, draft, symlinks=True, ignore=hidden)
    for path, content in change.files.items():
        target = within(draft, path)
        target.unlink(missing_ok=True)
        if content is not None:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)


def _previous(specs: Path, label: str) -> str | None:
    labels = sorted(
        {path.parent.name for path in spec_files(specs)} - NO_VERSIONS, key=version_order
    )
    older = labels[: labels.index(label)] if label in labels else []
    return older[-1] if older else None

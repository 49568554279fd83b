"""A release: import, generate, compare and bump the version, all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upsertgen.configuration import Settings, read_configuration
from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.inputs import LOCK, OVERLAYS, spec_files
from upsertgen.ir.names import version_order
from upsertgen.progress import Progress
from upsertgen.run import Selection, exclusive_run, plan_output
from upsertgen.write.folders import within
from upsertgen.write.transaction import FolderChange, commit

if TYPE_CHECKING:
    from upsertgen.diff.changes import Bump, Report
    from upsertgen.importing import ImportPlan, Request


@dataclass(frozen=True)
class Release:
    """What a release came to.

    Attributes:
        imported: What was imported.
        report: What the API version changed against the one before, or nothing when it is the first.
        before: The version of the distribution before.
        after: Its version now; the same when nothing changed.
        files: The files that changed, as a person would name them, sorted.
    """

    imported: ImportPlan
    report: Report | None
    before: str
    after: str
    files: tuple[str, ...]


def release(
    configuration: Path,
    flags: Mapping[str, Any],
    request: Callable[[Settings], Request],
    progress: Progress,
    *,
    force: bool = False,
) -> Release:
    """Import an API version and bring everything that depends on it up to date.

    All of it is worked out before anything is written, from a copy of the specs.

    Args:
        configuration: The `pyproject.toml` whose `distribution-version` is bumped.
        flags: The value of each flag, by the name of its setting.
        request: Says what to import, given the settings.
        progress: Told how far it has come.
        force: Whether to write over what no run has written.

    Returns:
        What was done. When it fails, or is stopped, all files are as they were before. When it is killed,
        they are as before, or the next run that writes completes what this one began.

    Raises:
        InvalidInput: With every problem of the first step that found any.
        OSError: A file cannot be written.
    """
    from upsertgen.importing import plan_import

    configuration = _as_a_person_would_name_it(configuration)
    read = partial(read_configuration, configuration, flags)
    with (
        exclusive_run(configuration, read, progress, specs=True) as settings,
        tempfile.TemporaryDirectory(prefix="upsertgen-") as folder,
    ):
        imported = plan_import(request(settings), progress)
        draft = Path(folder) / settings.specs.name
        _lay_out(imported.change, draft)
        with _told_of(settings.specs, draft):
            drafted = replace(settings, specs=draft)
            return _released(configuration, settings, drafted, imported, progress, force)


def _released(
    configuration: Path,
    settings: Settings,
    drafted: Settings,
    imported: ImportPlan,
    progress: Progress,
    force: bool,
) -> Release:
    """Make the release that leads from settings to those in which the specs are a draft of the new ones."""
    from upsertgen.diff import between_versions

    before = settings.distribution_version
    after = bumped(before, _bump(settings.specs, drafted.specs, imported.label).value)
    output, plan = plan_output(
        replace(drafted, distribution_version=after), Selection(), progress, force
    )
    previous = _previous(drafted.specs, imported.label)
    report = between_versions(drafted.specs, (previous, imported.label)) if previous else None
    if report is not None:
        places = settings.specs.as_posix(), drafted.specs.as_posix()
        report = replace(report, unread=tuple(one.of(*places) for one in report.unread))
    specs = dict(imported.change.files)
    if plan.lock is not None and plan.lock.after is not None:
        specs[LOCK] = plan.lock.after.encode()
    old = configuration.read_bytes()
    # As bytes, so that the ends of its lines stay what they are.
    new = with_version(old.decode(), after).encode() if after != before else old
    changes = (
        FolderChange(
            configuration.parent,
            {configuration.name: new} if new != old else {},
            in_one_step=False,
            before={configuration.name: old},
        ),
        FolderChange(settings.specs, specs),
        output.change(plan),
    )
    commit(*changes)
    files = {(one.folder / path).as_posix() for one in changes for path in one.files}
    return Release(imported, report, before, after, tuple(sorted(files)))


def bumped(version: str, bump: str) -> str:
    """Return the version that follows a semantic version.

    Before 1.0 anything may change, so what breaks callers raises the second number there.

    Args:
        version: Such as `1.4.2`; numbers that are left out count as 0.
        bump: `major`, `minor`, `patch` or `none`.

    Raises:
        InvalidInput: The version is none that a number can be raised in.

    Example:
        >>> bumped("1.4.2", "minor"), bumped("0.4.2", "major"), bumped("2.0", "patch")
        ('1.5.0', '0.5.0', '2.0.1')
    """
    if bump == "none":
        return version
    numbers = version.split(".")
    if not all(number.isdecimal() for number in numbers) or len(numbers) > 3:
        raise InvalidInput(
            [
                Problem(
                    Location("pyproject.toml"),
                    f"distribution-version is {quoted(version)}, of which the next version is not plain",
                    "three numbers, such as 1.4.0",
                    "set distribution-version to the release that was made last",
                )
            ]
        )
    major, minor, patch = [*map(int, numbers), 0, 0][:3]
    if bump == "major" and major > 0:
        return f"{major + 1}.0.0"
    if bump in ("major", "minor"):
        return f"{major}.{minor + 1}.0"
    return f"{major}.{minor}.{patch + 1}"


def with_version(pyproject: str, version: str) -> str:
    """Return the text of a `pyproject.toml` with another version of the distribution in its settings."""
    import tomlkit

    document: Any = tomlkit.parse(pyproject)
    document["tool"]["upsertgen"]["distribution-version"] = version
    return tomlkit.dumps(document)


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


@contextmanager
def _told_of(folder: Path, draft: Path) -> Iterator[None]:
    """Tell problems of a draft of the folder that a person knows."""
    try:
        yield
    except InvalidInput as error:
        problems = (one.of(folder.as_posix(), draft.as_posix()) for one in error.problems)
        raise InvalidInput(problems, error.remedy) from None


def _bump(old: Path, new: Path, label: str) -> Bump:
    """Return what the specs deserve that take the place of others.

    Raises:
        InvalidInput: Either have problems.
    """
    from upsertgen.diff import between_folders
    from upsertgen.diff.changes import Bump, suggested_bump

    if not old.is_dir() or not any(path.parent.name != OVERLAYS for path in old.glob("*/*")):
        return Bump.NONE
    try:
        return suggested_bump(between_folders(old, new, ()))
    except InvalidInput:
        if (old / label).is_dir():
            raise
        # Corrections may wait for the version; one that is added takes nothing from callers.
        return Bump.MINOR


def _previous(specs: Path, label: str) -> str | None:
    labels = sorted(
        {path.parent.name for path in spec_files(specs)} - {OVERLAYS}, key=version_order
    )
    older = labels[: labels.index(label)] if label in labels else []
    return older[-1] if older else None

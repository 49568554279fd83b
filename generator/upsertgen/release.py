"""A release: import, generate, compare and bump the version, all of it or nothing."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from upsertgen.configuration import Settings, read_configuration
from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.inputs import LOCK, OVERLAYS, spec_files
from upsertgen.ir.names import version_order
from upsertgen.progress import Progress
from upsertgen.run import Selection, plan_output, writing
from upsertgen.write.lock_file import replaced
from upsertgen.write.undo import CONFIGURATION, OUTPUT, SPECS, UndoNotes, replace_file

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
    settings: Settings,
    request: Request,
    progress: Progress,
    *,
    force: bool = False,
) -> Release:
    """Import an API version and bring everything that depends on it up to date.

    Args:
        configuration: The `pyproject.toml` whose `distribution-version` is bumped.
        settings: Its settings.
        request: What to import.
        progress: Told how far it has come.
        force: Whether to write over what no run has written.

    Returns:
        What was done. When it fails, or is stopped, all files are as they were before. When it is killed,
        specs, output and configuration are each as before or complete, and the next run that writes puts
        them back.

    Raises:
        InvalidInput: With every problem of the first step that found any.
    """
    from upsertgen.diff import between_versions
    from upsertgen.importing import plan_import

    before = settings.distribution_version
    configuration = _as_a_person_would_name_it(configuration)
    places = [settings.specs, settings.output, configuration]
    with (
        writing(settings, progress, specs=True),
        tempfile.TemporaryDirectory(prefix="upsertgen-") as folder,
        _noted(configuration) as notes,
        undone_on_failure(places) as old,
    ):
        specs_before = Path(folder) / settings.specs.name
        _copy(old, settings.specs, specs_before)
        imported = plan_import(request, progress)
        notes.note(SPECS, settings.specs, imported.contents)
        imported.apply()
        bump = _bump(specs_before, settings.specs, request.label)
        after = bumped(before, bump.value)
        if after != before:
            # As bytes, so that the ends of its lines stay what they are.
            text = with_version(configuration.read_bytes().decode(), after).encode()
            notes.note(CONFIGURATION, configuration.parent, {configuration.name: text})
            replace_file(configuration, text)
        settings = read_configuration(
            configuration, {"specs": settings.specs, "output": settings.output}
        )
        _generate(settings, progress, notes, force)
        _confirm(settings, progress)
        previous = _previous(settings.specs, request.label)
        report = between_versions(settings.specs, (previous, request.label)) if previous else None
        changed = [path for path, content in contents(places).items() if old.get(path) != content]
        gone = [path for path in old if not path.exists()]
    return Release(
        imported,
        report,
        before,
        after,
        files=tuple(sorted(path.as_posix() for path in (*changed, *gone))),
    )


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


def contents(places: list[Path]) -> dict[Path, bytes]:
    """Return the contents of files, and of the files in folders, by their path."""
    found: dict[Path, bytes] = {}
    for place in places:
        for path in sorted(place.rglob("*")) if place.is_dir() else [place]:
            if path.is_file() and "__pycache__" not in path.parts:
                found[path] = path.read_bytes()
    return found


@contextmanager
def _noted(configuration: Path) -> Iterator[UndoNotes]:
    """Note what the next run puts back if this process is killed; once it has ended, there is no need."""
    notes = UndoNotes(configuration)
    try:
        yield notes
    finally:
        notes.forget()


@contextmanager
def undone_on_failure(places: list[Path]) -> Iterator[dict[Path, bytes]]:
    """Put files and folders back as they were when what is done to them fails, or is stopped."""
    before = contents(places)
    there = {folder for place in places for folder in _folders(place)}
    try:
        yield before
    except BaseException:
        for path, content in contents(places).items():
            if path not in before:
                path.unlink()
            elif before[path] != content:
                replace_file(path, before[path])
        for path, content in before.items():
            if not path.exists():
                path.parent.mkdir(parents=True, exist_ok=True)
                replace_file(path, content)
        for place in places:
            for folder in reversed(_folders(place)):
                if folder not in there and not any(folder.iterdir()):
                    folder.rmdir()
        raise


def _folders(place: Path) -> list[Path]:
    """Return the folders that there are on the way to a place and below it, outer ones first."""
    below = [path for path in place.rglob("*") if path.is_dir()] if place.is_dir() else []
    return sorted(path for path in (*place.parents, place, *below) if path.is_dir())


def _as_a_person_would_name_it(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _bump(old: Path, new: Path, label: str) -> Bump:
    """Return what the specs deserve that took the place of others.

    Raises:
        InvalidInput: Either have problems, which are told of the folder that a person knows.
    """
    from upsertgen.diff import between_folders
    from upsertgen.diff.changes import Bump, suggested_bump

    if not old.is_dir() or not any(path.parent.name != OVERLAYS for path in old.glob("*/*")):
        return Bump.NONE
    try:
        return suggested_bump(between_folders(old, new, ()))
    except InvalidInput as error:
        if not (old / label).is_dir():
            # Corrections may wait for the version; one that is added takes nothing from callers.
            return Bump.MINOR
        raise InvalidInput(
            replace(
                one,
                location=replace(
                    one.location,
                    path=one.location.path.replace(old.as_posix(), new.as_posix()),
                ),
                wrong=one.wrong.replace(old.as_posix(), new.as_posix()),
                expected=one.expected.replace(old.as_posix(), new.as_posix()),
            )
            for one in error.problems
        ) from None


def _copy(old: dict[Path, bytes], folder: Path, target: Path) -> None:
    for path, content in old.items():
        if path.is_relative_to(folder):
            copy = target / path.relative_to(folder)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content)


def _generate(settings: Settings, progress: Progress, notes: UndoNotes, force: bool) -> None:
    folder, plan = plan_output(settings, Selection(), progress, force)
    notes.note(OUTPUT, settings.output, folder.contents(plan))
    if plan.lock is not None and plan.lock.after is not None:
        notes.note(SPECS, settings.specs, {LOCK: plan.lock.after.encode()})
    with replaced(plan.lock):
        folder.apply(plan)


def _confirm(settings: Settings, progress: Progress) -> None:
    """Make sure that `validate` and `generate --check` find nothing.

    Raises:
        RuntimeError: They would. That is an error of ours.
    """
    folder, plan = plan_output(settings, Selection(), progress)
    if plan.changes or plan.lock is not None or plan.manifest != folder.manifest:
        names = ", ".join(change.path for change in plan.changes) or "the manifest"
        raise RuntimeError(f"{names} would be stale after the release")


def _previous(specs: Path, label: str) -> str | None:
    labels = sorted(
        {path.parent.name for path in spec_files(specs)} - {OVERLAYS}, key=version_order
    )
    older = labels[: labels.index(label)] if label in labels else []
    return older[-1] if older else None

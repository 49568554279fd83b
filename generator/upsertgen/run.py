"""One run of the generator, from settings to a plan of what to write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from upsertgen.configuration import Settings
from upsertgen.emit.templates import Templates
from upsertgen.errors import Location, Note, Problems, did_you_mean, quoted
from upsertgen.inputs import (
    LOCK,
    generator_digest,
    lock_digest,
    spec_digests,
    tool_versions,
    visible_settings,
)
from upsertgen.progress import Progress
from upsertgen.write import Action, Change, NewFile, OutputFolder, OutputPlan, refuse_symlink
from upsertgen.write.folder_locks import locked
from upsertgen.write.manifest import Inputs, digest
from upsertgen.write.transaction import recovered

if TYPE_CHECKING:
    from upsertgen.ir.tree import Api
    from upsertgen.public_names.check import CheckedNames

CHANGELOG = "CHANGELOG.md"
"""What each API version changed against the one before, in the output folder."""


@dataclass(frozen=True)
class Selection:
    """Which part of the output to bring up to date.

    Attributes:
        versions: Labels of API versions, such as `2025-09`; empty for all.
        objects: Object types, such as `contacts`; empty for all.
    """

    versions: tuple[str, ...] = ()
    objects: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.versions or self.objects)


@contextmanager
def exclusive_run(
    configuration: Path | None,
    read: Callable[[], Settings],
    progress: Progress,
    *,
    specs: bool = False,
    tell: Callable[[str], None] = lambda text: None,
) -> Iterator[Settings]:
    """Keep other runs away while this one plans and writes, and recover what a killed one has left.

    Args:
        configuration: The `pyproject.toml` of the project, if there is one.
        read: Reads the settings.
        progress: Told when there is another run to wait for.
        specs: Whether specs are written as well as read.
        tell: Told what became of the work of a run that was killed.

    Yields:
        The settings as they are after that: what was recovered or waited for may have changed them.

    Raises:
        InvalidInput: A setting is wrong, another run does not end, or the output folder is a symlink.
        OSError: A folder cannot be opened or recovered.
    """

    def waiting() -> None:
        progress("Waiting for another run", 0, 1)

    while True:
        settings = read()
        refuse_symlink(settings.output)
        folders = [settings.specs, settings.output]
        folders += [configuration.parent] if configuration is not None else []
        # Always in this order, so that no two runs wait for each other.
        with (
            locked(settings.specs, shared=not specs, waiting=waiting),
            locked(settings.output, waiting=waiting),
        ):
            if not recovered(folders, tell) and read() == settings:
                yield settings
                return


def plan_output(
    settings: Settings,
    selection: Selection,
    progress: Progress,
    force: bool = False,
    *,
    releases: bool = False,
) -> tuple[OutputFolder, OutputPlan]:
    """Work out what it takes to bring the output up to date, without writing anything.

    Args:
        settings: What to read and what to call the result.
        selection: Which part of the output to look at.
        progress: Told how far it has come.
        force: Whether to write over what no run has written.
        releases: Whether it is for a release, with which names begin to be recorded.

    Returns:
        The output folder, and the plan for it.

    Raises:
        InvalidInput: With every problem of the first stage that found any.
    """
    templates = Templates(settings.templates)
    specs, overlays = spec_digests(settings.specs)
    inputs = Inputs(
        specs,
        overlays,
        templates.digests(),
        tool_versions(),
        generator_digest(),
        visible_settings(settings),
        lock_digest(settings.specs),
    )
    folder = OutputFolder(settings.output)
    # What a selection names is only known once the specs are.
    if not selection and not releases and folder.is_current(inputs):
        return folder, OutputPlan((), len(folder.manifest.outputs), folder.manifest)
    # Imported late: a run in which nothing changed does without.
    from upsertgen.diff import changelog
    from upsertgen.diff.releases import read_releases
    from upsertgen.diff.sources import understand_folder
    from upsertgen.emit.dcg import load_generator
    from upsertgen.emit.distribution import emit
    from upsertgen.emit.formatting import default_jobs, workers
    from upsertgen.emit.readme import without_example
    from upsertgen.public_names.check import check_names

    jobs = settings.jobs or default_jobs(len(specs))
    with workers(jobs) as executor:
        if folder.manifest.inputs is None:
            # With nothing to reuse, the workers get ready while this process reads.
            executor.submit(load_generator)
        progress("Reading", 0, len(specs) + len(overlays))
        understood = understand_folder(settings.specs)
        api = understood.corrected
        selects = _selector(api, settings, selection)
        names = check_names(api, settings, releases=releases)
        # What the record will be, so that the next run finds nothing changed.
        inputs = replace(inputs, lock="" if names.text is None else digest(names.text))
        files = emit(
            api, templates, settings, folder.reuse, progress, names.aliases, executor, jobs
        )
    told = changelog(understood.published, api, read_releases(settings.specs))
    text = f"<!-- Generated by upsertgen; do not edit. -->\n{told}"
    files[CHANGELOG] = NewFile(text, digest(text), (), "")
    notes = (*api.notes, *without_example(api), *_unrecorded(settings, names))
    plan = replace(folder.plan(files, inputs, selects, force=force), notes=notes)
    # Names that a selection leaves out are recorded when they are emitted.
    return folder, plan if selection else replace(plan, record=_record_change(settings, names))


def _unrecorded(settings: Settings, names: CheckedNames) -> Iterator[Note]:
    """Yield that no name is kept yet, where nobody has asked for that."""
    if names.text is None and not settings.free_names:
        place = Location((settings.specs / LOCK).as_posix(), 0)
        first = "until 'upsertgen release' makes the first release"
        yield Note(place, f"public names are not recorded, and may change, {first}")


def _record_change(settings: Settings, names: CheckedNames) -> Change | None:
    """Return what is to happen to the record of public names, if anything is."""
    path = settings.specs / LOCK
    if names.text is None or not names.reasons:
        return None
    before = path.read_bytes().decode() if path.is_file() else None
    action = Action.CREATED if before is None else Action.CHANGED
    return Change(path.as_posix(), action, names.reasons, before, names.text)


def _selector(api: Api, settings: Settings, selection: Selection) -> Callable[[str], bool]:
    """Return which paths a selection means.

    Raises:
        InvalidInput: It names a version or object type that no spec describes.
    """
    if not selection:
        return lambda path: True
    labels = {version.label.raw: version for version in api.versions}
    chosen = [labels[one] for one in selection.versions if one in labels] or api.versions
    names = {resource.name for version in chosen for resource in version.resources}
    problems = Problems()
    for flag, called, wanted, known in (
        ("--version", "API version", selection.versions, list(labels)),
        ("--object", "object type", selection.objects, sorted(names)),
    ):
        for one in wanted:
            if one not in known:
                problems.add(
                    Location(flag, 0),
                    f"no {called} is called {quoted(one)}",
                    f"one of {', '.join(known)}",
                    did_you_mean(one, known, "choose one of them"),
                )
    problems.raise_if_any()
    packages = {version.package for version in chosen}

    def selects(path: str) -> bool:
        folder, _, name = path.rpartition("/")
        inside = any(folder == f"{settings.package}/{package}" for package in packages)
        return inside and (not selection.objects or name.removesuffix(".py") in selection.objects)

    return selects

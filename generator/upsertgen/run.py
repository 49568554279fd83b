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
    guide_digests,
    lock_digest,
    page_tool_versions,
    spec_digests,
    spec_files,
    tool_versions,
    visible_settings,
)
from upsertgen.progress import Progress
from upsertgen.write import Action, Change, NewFile, OutputFolder, OutputPlan, refuse_symlink
from upsertgen.write.folder_locks import locked
from upsertgen.write.manifest import Inputs, digest
from upsertgen.write.staging_area import FolderChange
from upsertgen.write.transaction import recovered

if TYPE_CHECKING:
    from upsertgen.diff.sources import Understood
    from upsertgen.ir.tree import Api
    from upsertgen.public_names.check import CheckedNames

CHANGELOG = "CHANGELOG.md"
"""What each API version changed against the one before, in the output folder."""

PAGES = "docs"
"""Where the pages of documentation stand in the output folder."""


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


@dataclass(frozen=True)
class Planned:
    """What it takes to bring everything up to date that a run writes.

    Attributes:
        folder: The output folder.
        plan: The plan for it.
        pages: The folder of the pages of documentation inside it, and the plan for that; nothing where
            they are left alone.
    """

    folder: OutputFolder
    plan: OutputPlan
    pages: tuple[OutputFolder, OutputPlan] | None = None

    def apply(self) -> None:
        """Write it: everything or nothing.

        Raises:
            InvalidInput: Somebody else has changed the record of public names since.
            OSError: A file cannot be written. Nothing has changed.
        """
        self.folder.apply(self.plan, *self._inside())

    def change(self) -> FolderChange:
        """Return what changes in the output folder."""
        return self.folder.change(self.plan, *self._inside())

    def changes(self) -> list[tuple[Change, str]]:
        """Return the files that are not as they should be, and their paths in the output folder."""
        found = [(one, one.path) for one in self.plan.changes]
        of_pages = self.pages[1].changes if self.pages is not None else ()
        return [*found, *((one, f"{PAGES}/{one.path}") for one in of_pages)]

    @property
    def unchanged(self) -> int:
        """How many files are as they should be."""
        return self.plan.unchanged + (self.pages[1].unchanged if self.pages is not None else 0)

    @property
    def is_stale(self) -> bool:
        """Whether anything is to be written."""
        pairs = [(self.folder, self.plan), *([self.pages] if self.pages is not None else [])]
        return self.plan.record is not None or any(
            bool(plan.changes) or plan.manifest != folder.manifest for folder, plan in pairs
        )

    def _inside(self) -> Iterator[FolderChange]:
        if self.pages is not None:
            folder, plan = self.pages
            yield folder.change(plan)


@dataclass(frozen=True)
class _Emission:
    """What the specs mean, which part of the output is looked at, and the files that are made of it all."""

    understood: Understood
    names: CheckedNames
    selects: Callable[[str], bool]
    files: dict[str, NewFile]


def plan_output(
    settings: Settings,
    selection: Selection,
    progress: Progress,
    force: bool = False,
    *,
    releases: bool = False,
) -> Planned:
    """Work out what it takes to bring the output up to date, without writing anything.

    Args:
        settings: What to read and what to call the result.
        selection: Which part of the output to look at. Pages are left alone if it is not all.
        progress: Told how far it has come.
        force: Whether to write over what no run has written.
        releases: Whether it is for a release, with which names begin to be recorded.

    Returns:
        The plan.

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
    pages = OutputFolder(settings.output / PAGES) if settings.docs and not selection else None
    of_pages = _page_inputs(settings, inputs) if pages is not None else None
    # What a selection names is only known once the specs are.
    may_be_current = not selection and not releases
    is_current = may_be_current and folder.is_current(inputs)
    if is_current and (pages is None or of_pages is None or pages.is_current(of_pages)):
        current = (pages, _up_to_date(pages)) if pages is not None else None
        return Planned(folder, _up_to_date(folder), current)
    emission = _emit(settings, selection, templates, folder, progress, releases=releases)
    from upsertgen.emit.readme import without_example

    names, api = emission.names, emission.understood.corrected
    # What the record will be, so that the next run finds nothing changed.
    inputs = replace(inputs, lock="" if names.text is None else digest(names.text))
    notes = (*api.notes, *without_example(api), *_unrecorded(settings, names))
    plan = folder.plan(emission.files, inputs, emission.selects, force=force)
    plan = replace(plan, notes=notes)
    # Names that a selection leaves out are recorded when they are emitted.
    plan = plan if selection else replace(plan, record=_record_change(settings, names))
    if pages is None:
        return Planned(folder, plan)
    from upsertgen.docs import pages_of

    progress("Writing pages", 0, 1)
    made = pages_of(emission.understood, settings, templates, names.aliases, emission.files)
    of_pages = _page_inputs(settings, inputs)
    return Planned(folder, plan, (pages, pages.plan(made, of_pages, force=force)))


def _up_to_date(folder: OutputFolder) -> OutputPlan:
    """Return the plan for a folder in which nothing is to change."""
    return OutputPlan((), len(folder.manifest.outputs), folder.manifest)


def _page_inputs(settings: Settings, inputs: Inputs) -> Inputs:
    """Return what pages of documentation are made from, besides what the distribution is made from.

    Raises:
        InvalidInput: A page that people wrote cannot be read.
    """
    return replace(
        inputs,
        specs={**inputs.specs, **guide_digests(settings.specs)},
        tools={**inputs.tools, **page_tool_versions()},
        generator=generator_digest(docs=True),
    )


def _emit(
    settings: Settings,
    selection: Selection,
    templates: Templates,
    folder: OutputFolder,
    progress: Progress,
    *,
    releases: bool,
) -> _Emission:
    """Read the specs, understand them, and make the files of the distribution of them."""
    # Imported late: a run in which nothing changed does without.
    from upsertgen.diff import changelog
    from upsertgen.diff.releases import read_releases
    from upsertgen.diff.sources import understand_folder
    from upsertgen.emit.dcg import load_generator
    from upsertgen.emit.distribution import emit
    from upsertgen.emit.formatting import default_jobs, workers
    from upsertgen.public_names.check import check_names

    specs = spec_files(settings.specs)
    jobs = settings.jobs or default_jobs(len(specs))
    with workers(jobs) as executor:
        if folder.manifest.inputs is None:
            # With nothing to reuse, the workers get ready while this process reads.
            executor.submit(load_generator)
        progress("Reading", 0, len(specs))
        understood = understand_folder(settings.specs)
        api = understood.corrected
        selects = _selector(api, settings, selection)
        names = check_names(api, settings, releases=releases)
        files = emit(
            api, templates, settings, folder.reuse, progress, names.aliases, executor, jobs
        )
    told = changelog(understood.published, api, read_releases(settings.specs))
    text = f"<!-- Generated by upsertgen; do not edit. -->\n{told}"
    files[CHANGELOG] = NewFile(text, digest(text), (), "")
    return _Emission(understood, names, selects, files)


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

"""One run of the generator, from settings to a plan of what to write."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from upsertgen.configuration import Settings
from upsertgen.emit.drafts import tool_versions
from upsertgen.emit.templates import Templates
from upsertgen.errors import Location, Problems, quoted
from upsertgen.inputs import (
    LOCK,
    generator_digest,
    lock_digest,
    spec_digests,
    visible_settings,
)
from upsertgen.ir.tree import Api
from upsertgen.progress import Progress
from upsertgen.write import Action, Change, NewFile, OutputFolder, Plan, refuse_symlink
from upsertgen.write.locking import locked
from upsertgen.write.manifest import Inputs, digest
from upsertgen.write.transaction import recover

if TYPE_CHECKING:
    from upsertgen.lock.check import CheckedNames

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


def understand_specs(settings: Settings) -> Api:
    """Read and understand the specs of a run.

    Raises:
        InvalidInput: With every problem of the first stage that found any.
    """
    # Parsing and validating are imported late: a run in which nothing changed does neither.
    from upsertgen.ir import understand
    from upsertgen.specs import read

    return understand(read(settings.specs))


@contextmanager
def exclusive_run(
    configuration: Path | None,
    read: Callable[[], Settings],
    progress: Progress,
    *,
    specs: bool = False,
) -> Iterator[Settings]:
    """Keep other runs away while this one plans and writes, and recover what a killed one has left.

    Args:
        configuration: The `pyproject.toml` of the project, if there is one.
        read: Reads the settings.
        progress: Told when there is another run to wait for.
        specs: Whether specs are written as well as read.

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
            if not any(recover(folder) for folder in folders) and read() == settings:
                yield settings
                return


def plan_output(
    settings: Settings, selection: Selection, progress: Progress, force: bool = False
) -> tuple[OutputFolder, Plan]:
    """Work out what it takes to bring the output up to date, without writing anything.

    Args:
        settings: What to read and what to call the result.
        selection: Which part of the output to look at.
        progress: Told how far it has come.
        force: Whether to write over what no run has written.

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
    if not selection and folder.is_current(inputs):
        return folder, Plan((), len(folder.manifest.outputs), folder.manifest)
    # Imported late: a run in which nothing changed does without.
    from upsertgen.diff import changelog
    from upsertgen.diff.loading import understand_folder
    from upsertgen.emit import emit
    from upsertgen.emit.formatting import workers
    from upsertgen.emit.models import load_generator

    with workers(settings.jobs) as executor:
        if folder.manifest.inputs is None:
            # With nothing to reuse, the workers get ready while this process reads.
            executor.submit(load_generator)
        progress("Reading", 0, len(specs) + len(overlays))
        understood = understand_folder(settings.specs)
        api = understood.corrected
        selects = _selector(api, settings, selection) if selection else None
        names = checked_names(api, settings)
        # What the record will be, so that the next run finds nothing changed.
        inputs = replace(inputs, lock=digest(names.text))
        emitted = emit(api, templates, settings, folder.reuse, progress, names.aliases, executor)
    files = {
        path: NewFile(one.text, one.rendered, one.specs, one.template)
        for path, one in emitted.items()
    }
    text = f"<!-- Generated by upsertgen; do not edit. -->\n{changelog(understood.published, api)}"
    files[CHANGELOG] = NewFile(text, digest(text), (), "")
    plan = folder.plan(files, inputs, selects, force=force)
    # Names that a selection leaves out are recorded when they are emitted.
    return folder, plan if selection else replace(plan, lock=_lock_change(settings, names))


def checked_names(api: Api, settings: Settings) -> CheckedNames:
    """Compare the public names of a run with those that are recorded.

    Raises:
        InvalidInput: The record or a declared rename is wrong, or a recorded name would vanish.
    """
    from upsertgen.lock.check import check_names

    return check_names(api, settings.specs, settings.renames, settings.distribution_version)


def _lock_change(settings: Settings, names: CheckedNames) -> Change | None:
    """Return what is to happen to the record of public names, if anything is."""
    path = settings.specs / LOCK
    if not names.reasons:
        return None
    before = path.read_bytes().decode() if path.is_file() else None
    action = Action.CREATED if before is None else Action.CHANGED
    return Change(path.as_posix(), action, names.reasons, before, names.text)


def _selector(api: Api, settings: Settings, selection: Selection) -> Callable[[str], bool]:
    """Return which paths a selection means.

    Raises:
        InvalidInput: It names a version or object type that no spec describes.
    """
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
                near = difflib.get_close_matches(one, known, 1)
                problems.add(
                    Location(flag, 0),
                    f"no {called} is called {quoted(one)}",
                    f"one of {', '.join(known)}",
                    f"did you mean {quoted(near[0])}?" if near else "choose one of them",
                )
    problems.raise_if_any()
    packages = {version.package for version in chosen}

    def selects(path: str) -> bool:
        folder, _, name = path.rpartition("/")
        inside = any(folder == f"{settings.package}/{package}" for package in packages)
        return inside and (not selection.objects or name.removesuffix(".py") in selection.objects)

    return selects

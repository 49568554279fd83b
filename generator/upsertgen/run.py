"""One run of the generator, from settings to a plan of what to write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from upsertgen.configuration import Settings
from upsertgen.emit.drafts import tool_versions
from upsertgen.emit.templates import Templates
from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.inputs import generator_digest, spec_digests, visible_settings
from upsertgen.ir.tree import Api
from upsertgen.write import NewFile, OutputFolder, Plan
from upsertgen.write.manifest import Inputs

Progress = Callable[[str, int, int], None]
"""Told what is going on: the stage, how many steps are done, and how many there are."""


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


def plan_output(
    settings: Settings, selection: Selection, progress: Progress
) -> tuple[OutputFolder, Plan]:
    """Work out what it takes to bring the output up to date, without writing anything.

    Args:
        settings: What to read and what to call the result.
        selection: Which part of the output to look at.
        progress: Told how far it has come.

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
    )
    folder = OutputFolder(settings.output)
    if folder.is_current(inputs):
        return folder, Plan((), len(folder.manifest.outputs), folder.manifest)
    progress("Reading", 0, len(specs) + len(overlays))
    api = understand_specs(settings)
    selects = _selector(api, settings, selection) if selection else None
    from upsertgen.emit import emit

    emitted = emit(api, templates, settings, folder.reuse, progress)
    files = {
        path: NewFile(one.text, one.rendered, one.specs, one.template)
        for path, one in emitted.items()
    }
    return folder, folder.plan(files, inputs, selects)


def _selector(api: Api, settings: Settings, selection: Selection) -> Callable[[str], bool]:
    """Return which paths a selection means.

    Raises:
        InvalidInput: It names a version or object type that no spec describes.
    """
    labels = {version.label.raw: version for version in api.versions}
    names = {resource.name for version in api.versions for resource in version.resources}
    problems = [
        Problem(
            Location("--version"),
            f"no API version is called {quoted(one)}",
            f"one of {', '.join(labels)}",
            "choose one",
        )
        for one in selection.versions
        if one not in labels
    ] + [
        Problem(
            Location("--object"),
            f"no object type is called {quoted(one)}",
            f"one of {', '.join(sorted(names))}",
            "choose one",
        )
        for one in selection.objects
        if one not in names
    ]
    if problems:
        raise InvalidInput(problems)
    packages = {labels[one].package for one in selection.versions} or {
        version.package for version in api.versions
    }

    def selects(path: str) -> bool:
        folder, _, name = path.rpartition("/")
        inside = any(folder == f"{settings.package}/{package}" for package in packages)
        return inside and (not selection.objects or name.removesuffix(".py") in selection.objects)

    return selects

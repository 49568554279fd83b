"""One run, from files of properties to a module that is up to date, or to what would change in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from upsertgen.errors import InvalidInput, Location, quoted
from upsertgen.properties.comparison import differences
from upsertgen.properties.module import HEADER, module_text
from upsertgen.properties.reader import files_of, read_object_types
from upsertgen.properties.settings import PropertySettings
from upsertgen.write.folder_locks import locked
from upsertgen.write.folders import content_of
from upsertgen.write.transaction import FolderChange, commit, recovered


@dataclass(frozen=True)
class ModulePlan:
    """What it takes to bring a module up to date.

    Attributes:
        output: The module.
        before: What stands there; None if nothing does.
        after: The module as it should be.
        differences: What changes, in words.
        notes: What has to be told about the files, and about a run that was killed.
        object_types: How many it describes.
    """

    output: Path
    before: bytes | None
    after: bytes
    differences: tuple[str, ...]
    notes: tuple[str, ...]
    object_types: int


def plan_module(settings: PropertySettings, *, force: bool = False) -> ModulePlan:
    """Work out what it takes to bring the module up to date, without writing anything.

    Args:
        settings: What to read and where to write; complete, as `with_flags` gives it.
        force: Whether to write over what no run has written.

    Raises:
        InvalidInput: With every problem of the files, or because something stands in the way.
    """
    output = settings.output or Path()
    before = _written_before(output, force=force)
    files = files_of(settings.files)
    object_types, notes = read_object_types(files, settings.keys, settings.locate("keys"))
    text = module_text(output.as_posix(), object_types)
    # What nobody can read as text is as good as another module.
    told = None if before is None else before.decode("utf-8", "replace")
    return ModulePlan(
        output,
        before,
        text.encode(),
        tuple(differences(told, text)),
        tuple(notes),
        len(object_types),
    )


def write_module(
    settings: PropertySettings, waiting: Callable[[], None], *, force: bool = False
) -> ModulePlan:
    """Bring the module up to date: it is as before, or complete. Otherwise like `plan_module`.

    Args:
        settings: What to read and where to write.
        waiting: Called when there is another run to wait for.
        force: Whether to write over what no run has written.

    Raises:
        InvalidInput: As `plan_module`.
        OSError: It cannot be written, and is as it was.
    """
    output = settings.output or Path()
    folder = output.parent
    with locked(folder, waiting=waiting):
        told: list[str] = []
        recovered([folder], told.append)
        plan = plan_module(settings, force=force)
        if plan.before != plan.after:
            files, before = {output.name: plan.after}, {output.name: plan.before}
            # A folder that is new appears with its file.
            commit(FolderChange(folder, files, in_one_step=not folder.is_dir(), before=before))
    return replace(plan, notes=(*told, *plan.notes))


def _written_before(output: Path, *, force: bool) -> bytes | None:
    """Return what stands in the place of the module.

    Raises:
        InvalidInput: It is no file, or one that no run has written.
    """
    content = content_of(output.parent, output.name)
    if content is None and not output.exists():
        return None
    if content is None or content[0] == "link":
        what = "a symlink, which is not followed" if content else "no file"
        raise InvalidInput.at(
            Location(output.as_posix(), 0),
            f"the output {quoted(output.as_posix())} is {what}",
            "a Python module",
            "remove it, or name another --output",
        )
    if not content[1].startswith(HEADER.encode()) and not force:
        raise InvalidInput.at(
            Location(output.as_posix()),
            "no run of 'upsertgen properties' has written this file",
            f"a file that begins with {quoted(HEADER)}",
            "name another --output, or replace it with --force",
        )
    return content[1]

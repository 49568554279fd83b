"""One import, from a source to a plan of what to write."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from upsertgen.errors import Location
from upsertgen.importing.collecting import collect, place_documents
from upsertgen.importing.house_form import SHARED_FILE
from upsertgen.importing.keeping import Kept, kept_files
from upsertgen.importing.known import KnownSpecs
from upsertgen.importing.laying_out import lay_out
from upsertgen.importing.naming import SHARED
from upsertgen.importing.object_types import ObjectType
from upsertgen.importing.parsing import locate
from upsertgen.importing.proof import prove
from upsertgen.importing.provenance import Import, Origin, Provenance, read_provenance
from upsertgen.importing.report import Report
from upsertgen.importing.request import Request, check_labels
from upsertgen.importing.sources import Source, open_source
from upsertgen.importing.writing import FileChange, changes_of, folder_change
from upsertgen.inputs import PROVENANCE
from upsertgen.progress import Progress
from upsertgen.specs.document import Pointer
from upsertgen.write.transaction import FolderChange, commit


@dataclass(frozen=True)
class ImportPlan:
    """What an import comes to. Nothing was written yet.

    Attributes:
        folder: The specs folder.
        label: The API version.
        changes: The files that are to change, the provenance among them.
        unchanged: How many files of the version stay as they are.
        kept: Files of the version that the source does not describe, and no import wrote.
        differences: What of the source differs from what was imported before, in words.
        report: What happened on the way.
        provenance: Where everything comes from.
    """

    folder: Path
    label: str
    changes: tuple[FileChange, ...]
    unchanged: int
    kept: tuple[str, ...]
    differences: tuple[str, ...]
    report: Report
    provenance: Provenance

    @property
    def spec_changes(self) -> tuple[FileChange, ...]:
        """The changes without that of the provenance."""
        return tuple(change for change in self.changes if change.path != PROVENANCE)

    @property
    def change(self) -> FolderChange:
        """What it changes in the specs folder."""
        return folder_change(self.folder, self.changes)

    def apply(self) -> None:
        """Write the changes, all of them or none.

        Raises:
            OSError: A file cannot be written.
        """
        commit(self.change)


def plan_import(request: Request, progress: Progress) -> ImportPlan:
    """Work out what an import comes to, without writing anything.

    Args:
        request: What to import, and how.
        progress: Told how far it has come.

    Returns:
        The plan.

    Raises:
        InvalidInput: With everything that cannot be imported.
    """
    check_labels(request)
    known = KnownSpecs(request.specs, request.label, request.base)
    before = read_provenance(request.specs)
    report = Report()
    with open_source(request.source, request.limits) as source:
        placed = place_documents(source, request.label, request.settings, report)
        types = collect(
            source,
            placed,
            request.settings,
            known,
            request.label,
            report,
            progress,
            keep_texts=request.keep_texts,
        )
        kept = kept_files(known, before.origins(request.label), types, single=source.single)
        files = lay_out(request, known, before, types, kept, report)
        after = before.with_import(
            request.label,
            Import(
                source.shown,
                request.today,
                "keep" if request.keep_texts else "drop",
                {
                    one.name: Origin(one.placed.name, one.placed.rollout, one.digest)
                    for one in types
                },
                shared=SHARED_FILE in files,
            ),
            single=source.single,
        )
        texts = {f"{request.label}/{name}": text for name, text in files.items()}
        removed = _removed(request.label, known, before, files, kept)
        changes = changes_of(request.specs, {**texts, PROVENANCE: after.text()}, removed)
        specs = {change.path: change for change in changes if change.path != PROVENANCE}
        if request.proven and specs:
            progress("Checking", 0, 1)
            prove(request.specs, specs, partial(_trace, source, types))
    unchanged = len(texts) - sum(change.path in texts for change in changes)
    names = tuple(f"{request.label}/{spec.path.name}" for spec in kept.specs.values())
    differences = _differences(before, after, request.label)
    return ImportPlan(
        request.specs,
        request.label,
        changes,
        unchanged,
        () if source.single else names,
        differences,
        report,
        after,
    )


def _removed(
    label: str, known: KnownSpecs, before: Provenance, files: Mapping[str, str], kept: Kept
) -> list[str]:
    """Return the files of the version that an earlier import wrote, and that are described no more."""
    removed = [
        f"{label}/{name}.yaml"
        for name in before.origins(label)
        if f"{name}.yaml" not in files and name in known.present and name not in kept.specs
    ]
    if SHARED_FILE not in files and SHARED in known.present and before.wrote_shared(label):
        removed.append(f"{label}/{SHARED_FILE}")
    return removed


def _differences(before: Provenance, after: Provenance, label: str) -> tuple[str, ...]:
    """Return what of the documents differs from what was imported before, in words."""
    old, new = before.origins(label), after.origins(label)
    if not old:
        return (f"{label} was not imported yet",)
    lines: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            lines.append(f"{name}: new, {new[name].document}")
        elif name not in new:
            lines.append(f"{name}: gone, was {old[name].document}")
        elif old[name].digest != new[name].digest:
            lines.append(f"{name}: {new[name].document} is not what was imported")
    return tuple(lines)


def _trace(source: Source, types: list[ObjectType], path: str, pointer: Pointer) -> Location | None:
    """Return where a place in an imported file was published."""
    name = Path(path).stem
    component = pointer[2] if len(pointer) > 2 and pointer[0] == "components" else None
    owners = [one for one in types if one.name == name] or [
        one for one in types if component in one.reduced.schemas or component in one.reduced.schemes
    ]
    for one in owners:
        for _, content in source.documents([one.placed.name]):
            return locate(content, one.shown, pointer)
    return None

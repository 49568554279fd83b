"""One import: from a source to a plan of what to write, checked as a whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

from upsertgen.errors import InvalidInput, Location, Note, Problem, Problems
from upsertgen.importing.document import PublishedDocument
from upsertgen.importing.inventory import SHARED, SHARED_FILE, Inventory, other_files
from upsertgen.importing.layout import lay_out
from upsertgen.importing.losses import Loss, losses
from upsertgen.importing.object_types import ObjectType, object_types
from upsertgen.importing.provenance import Import, Origin, read_provenance
from upsertgen.importing.publication import Publication
from upsertgen.importing.report import Report
from upsertgen.importing.settings import Request
from upsertgen.importing.source import Source, open_source
from upsertgen.inputs import PROVENANCE, spec_files
from upsertgen.progress import Progress
from upsertgen.specs.document import LocatedList, LocatedMapping, Mark, Pointer
from upsertgen.specs.yaml_reader import read_yaml
from upsertgen.write import Action, Change
from upsertgen.write.transaction import FolderChange, commit

_HINT = "or import with --unchecked and correct it in an overlay"


@dataclass(frozen=True)
class ImportPlan:
    """What an import comes to. Nothing was written yet.

    Attributes:
        folder: The specs folder.
        label: The API version.
        changes: The files that are to change, the provenance among them, by path.
        unchanged: How many files of the version stay as they are.
        kept: Files of the version that the source does not describe, and no import wrote.
        differences: What of the source differs from what was imported before, in words.
        report: What happened on the way.
        notes: What has to be said about the specs, as far as they were checked.
    """

    folder: Path
    label: str
    changes: tuple[Change, ...]
    unchanged: int
    kept: tuple[str, ...]
    differences: tuple[str, ...]
    report: Report
    notes: tuple[Note, ...] = ()

    @property
    def spec_changes(self) -> tuple[Change, ...]:
        """The changes without that of the provenance."""
        return tuple(change for change in self.changes if change.path != PROVENANCE)

    @property
    def change(self) -> FolderChange:
        """What it changes in the specs folder; what goes comes first."""
        changes = sorted(self.changes, key=lambda one: one.after is not None)
        files = {one.path: one.after.encode() if one.after is not None else None for one in changes}
        return FolderChange(self.folder, files)

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
    request.check_labels()
    label, specs = request.label, request.specs
    inventory = Inventory(specs, label, request.base)
    before = read_provenance(specs)
    report = Report()
    source = open_source(request.source, request.limits)
    types = object_types(source, request, inventory, report, progress)
    written = before.origins(label)
    names = [one.name for one in types]
    carried = {} if source.single else _carried(inventory, request, names, report)
    # What is carried over refers to what its version shares.
    there = inventory.present or {
        name: spec
        for name, spec in inventory.base.items()
        if carried and name in {SHARED, *carried}
    }
    others = other_files(there, written, names, single=source.single)
    lost = losses(request, inventory, before, types, others, single=source.single)
    dropped = _dropped(lost, request, before.dropped(label), report, single=source.single)
    files = lay_out(request, inventory, before, types, others, report)
    files |= {inventory.base[name].path.name: text for name, text in carried.items()}
    after = before.with_import(
        label,
        Import(
            source.shown,
            request.today,
            "keep" if request.keep_texts else "drop",
            {one.name: tuple(map(_origin, one.publications)) for one in types},
            shared=SHARED_FILE in files,
            dropped=dropped,
        ),
        single=source.single,
    )
    texts: dict[str, str | None] = {f"{label}/{name}": text for name, text in files.items()}
    # What an earlier import wrote and the source describes no more goes.
    gone = [name for name in written if name not in others.specs]
    gone += [SHARED] if before.wrote_shared(label) else []
    removed = {f"{label}/{name}.yaml": None for name in gone if name in inventory.present}
    changes = tuple(_changes(specs, {**removed, **texts, PROVENANCE: after.text()}))
    kept = [spec.path.name for name, spec in others.specs.items() if name not in carried]
    plan = ImportPlan(
        specs,
        label,
        changes,
        len(texts) - sum(change.path in texts for change in changes),
        () if source.single else tuple(f"{label}/{name}" for name in kept),
        tuple(_differences(written, after.origins(label), label)),
        report,
        tuple(report.located),
    )
    if request.proven and plan.spec_changes:
        progress("Checking", 0, 1)
        notes = _prove(specs, plan.spec_changes, _Trace(source, types))
        plan = replace(plan, notes=(*plan.notes, *notes))
    return plan


def _carried(
    inventory: Inventory, request: Request, types: Collection[str], report: Report
) -> dict[str, str]:
    """Return the texts of files that come along from the version before, though no document has them.

    What goes nowhere is noted: other files, and operations that somebody added to the file of a type.
    """
    select, label = request.settings.select, request.label
    carried: dict[str, str] = {}
    missing = inventory.unselected_files(select)
    for name in sorted(missing.keys() - {*types}):
        version, spec = missing[name]
        whose = (
            f"{version}/{spec.path.name} is not made from documents: none of its paths is selected"
        )
        if version == request.base and not inventory.present:
            carried[name] = inventory.carried_text(spec)
            report.note(f"{whose}; carried over to {label}, see whether it is right there")
        else:
            report.note(f"{whose}; {label} lacks it, copy it if {label} has such operations")
    for name in types:
        for one in inventory.unselected_operations(name, select):
            report.note(f"{one} is not selected, and not imported", name)
    return carried


def _dropped(
    lost: Collection[Loss],
    request: Request,
    before: Collection[str],
    report: Report,
    *,
    single: bool,
) -> tuple[str, ...]:
    """Return the object types of which something is gone on purpose, now or when it was imported before.

    Raises:
        InvalidInput: Something is gone, and nobody said that it may.
    """
    followed = {one.name for one in lost if one.version != request.label}
    allowed = {*request.drop, *(followed & {*before})}
    refused = [one.problem for one in lost if one.name not in allowed]
    if refused and request.complete:
        raise InvalidInput(refused)
    names = {one.name for one in lost}
    report.dropped += [f"{one.name}: {', '.join(one.operations)} of {one.version}" for one in lost]
    for name in sorted({*request.drop} - names):
        report.note(f"nothing of {name} is gone", "drop")
    # Without the version before nobody knows what of it is gone.
    known = request.base is not None and not single
    return tuple(sorted(names if known else names | {*before}))


def _origin(one: Publication) -> Origin:
    return Origin(one.entry.name, one.entry.rollout, one.digest)


def _changes(folder: Path, files: Mapping[str, str | None]) -> Iterator[Change]:
    """Yield what has to change in a folder, by path; files without contents should not be there."""
    for path, after in sorted(files.items()):
        try:
            # What is no text counts as changed, and is written over.
            before = (folder / path).read_bytes().decode("utf-8", "surrogateescape")
        except OSError:
            before = None
        if before != after:
            action = Action.CREATED if before is None else Action.CHANGED
            yield Change(path, Action.REMOVED if after is None else action, (), before, after)


def _differences(
    old: Mapping[str, Sequence[Origin]], new: Mapping[str, Sequence[Origin]], label: str
) -> Iterator[str]:
    """Yield what of the documents differs from what was imported before, in words."""
    if not old:
        yield f"{label} was not imported yet"
        return
    for name in sorted(old.keys() | new.keys()):
        had, has = old.get(name, ()), new.get(name, ())
        known = {one.digest for one in had}
        if not had:
            yield from (f"{name}: new, {one.document}" for one in has)
        elif not has:
            yield from (f"{name}: gone, was {one.document}" for one in had)
        elif changed := [one for one in has if one.digest not in known]:
            yield from (f"{name}: {one.document} is not what was imported" for one in changed)
        else:
            left = {one.digest for one in has}
            yield from (
                f"{name}: {one.document} is not needed any more"
                for one in had
                if one.digest not in left
            )


class _Trace:
    """Where places in imported files were published.

    Args:
        source: The source.
        types: The object types that are imported.
    """

    def __init__(self, source: Source, types: list[ObjectType]) -> None:
        self._types = types
        # Problems are told file by file, and to read a document takes a while.
        self._document = lru_cache(maxsize=1)(partial(_document, source))

    def __call__(self, path: str, pointer: Pointer) -> Location | None:
        """Return where a place in an imported file was published; nothing for what nobody published."""
        name = Path(path).stem
        component = pointer[2] if len(pointer) > 2 and pointer[0] == "components" else None
        owners = [one for one in self._types if one.name == name] or [
            one
            for one in self._types
            if component in one.excerpt.schemas or component in one.excerpt.schemes
        ]
        for one in owners:
            for publication, there in one.published(pointer):
                return self._document(publication.entry.name, publication.shown).locate(there)
        return None


def _document(source: Source, name: str, shown: str) -> PublishedDocument:
    (content,) = (content for _, content in source.documents([name]))
    return PublishedDocument(content, shown)


def _prove(
    folder: Path, changes: Collection[Change], trace: Callable[[str, Pointer], Location | None]
) -> tuple[Note, ...]:
    """Check the specs as they would be, in a temporary folder: everything that `validate` looks at.

    A problem in a file that the import makes is told where its cause stands: in the published document.

    Returns:
        What has to be said about them.

    Raises:
        InvalidInput: With every problem of the first stage that finds any.
    """
    # These are imported late: most of the time of a run that finds nothing to do would go there.
    from upsertgen.ir import understand
    from upsertgen.public_names.causes import explained
    from upsertgen.specs import read

    texts = {change.path: change.after for change in changes}

    def told(problem: Problem, draft: Path) -> Problem:
        path = problem.location.path.removeprefix(f"{draft.as_posix()}/")
        if path in texts:
            data = read_yaml(texts[path] or "", path, Problems())
            published = trace(path, _pointer(data, problem.location))
            location = published or problem.location
            problem = replace(problem, location=location, mend=f"{problem.mend}, {_HINT}")
        return problem.of(folder.as_posix(), draft.as_posix())

    with tempfile.TemporaryDirectory(prefix="upsertgen-") as temporary:
        draft = Path(temporary, "specs")
        _copy(folder, draft, texts)
        try:
            with explained(draft):
                notes = understand(read(draft)).notes
        except InvalidInput as error:
            raise InvalidInput([told(one, draft) for one in error.problems]) from None
        return tuple(one.of(folder.as_posix(), draft.as_posix()) for one in notes)


def _copy(folder: Path, draft: Path, texts: Mapping[str, str | None]) -> None:
    """Copy a specs folder as it will be once some of its files have changed."""
    files = {path.relative_to(folder).as_posix(): path for path in spec_files(folder, new=True)}
    for name in files.keys() | texts.keys():
        target = draft / name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = texts.get(name)
        if text is not None:
            target.write_bytes(text.encode())
        elif name not in texts:
            shutil.copyfile(files[name], target)


def _pointer(data: Any, location: Location) -> Pointer:
    """Return the way to the innermost node that begins at a place or before it."""
    pointer: list[str | int] = []
    while (location.line, location.column) > (1, 1):
        children: list[tuple[str | int, Mark, Any]] = []
        if isinstance(data, LocatedMapping):
            children = [(name, key, data[name]) for name, (key, _) in data.places.items()]
        elif isinstance(data, LocatedList):
            children = [(index, mark, data[index]) for index, mark in enumerate(data.places)]
        fitting = [
            (step, child)
            for step, mark, child in children
            if (mark.line + 1, mark.column + 1) <= (location.line, location.column)
        ]
        if not fitting:
            return tuple(pointer)
        step, data = fitting[-1]
        pointer.append(step)
    return ()

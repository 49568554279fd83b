"""The documents of a source that belong to a version, each read, reduced and given its name."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from contextlib import closing
from pathlib import PurePosixPath

from upsertgen.errors import InvalidInput, Location, Problem, quoted
from upsertgen.importing.known import KnownSpecs
from upsertgen.importing.limits import refused
from upsertgen.importing.naming import is_version, type_name
from upsertgen.importing.object_types import (
    ObjectType,
    one_document_a_path,
    one_document_each,
    set_constants,
)
from upsertgen.importing.parsing import parse
from upsertgen.importing.patterns import Pattern, Placed, excluding, natural_order
from upsertgen.importing.provenance import document_digest
from upsertgen.importing.reduction import Reduced, reduce_document, selected_paths
from upsertgen.importing.report import Report
from upsertgen.importing.settings import ImportSettings
from upsertgen.importing.sources import Source
from upsertgen.progress import Progress

_LONGEST_NAME = 100


def place_documents(
    source: Source, label: str, settings: ImportSettings, report: Report
) -> list[Placed]:
    """Return the documents of a version: of each the newest rollout, without those that are excluded.

    Args:
        source: The source. One that is a single document is taken as it is.
        label: The API version.
        settings: Where documents lie, and which to pass over.
        report: Told what was passed over.

    Raises:
        InvalidInput: There are none.
    """
    names = source.names()
    if source.single:
        return [Placed(name, _stem(name)) for name in names]
    pattern = Pattern(settings.pattern, "--pattern")
    matching = [placed for placed in map(pattern.match, names) if placed is not None]
    versions = Counter(placed.version for placed in matching)
    newest: dict[str, Placed] = {}
    for placed in matching:
        if placed.version not in (None, label):
            continue
        excluded = excluding(placed.name, settings.exclude)
        if excluded is not None:
            report.excluded[excluded] += 1
            continue
        earlier = newest.get(placed.identity)
        report.older += earlier is not None
        if earlier is None or natural_order(placed.rollout) > natural_order(earlier.rollout):
            newest[placed.identity] = placed
    if not newest:
        raise _nothing(source.shown, label, settings.pattern, names, versions, report)
    report.documents = len(newest)
    return list(newest.values())


def collect(
    source: Source,
    placed: Iterable[Placed],
    settings: ImportSettings,
    known: KnownSpecs,
    label: str,
    report: Report,
    progress: Progress,
    *,
    keep_texts: bool,
) -> list[ObjectType]:
    """Return the object types of a version, sorted by name.

    Documents are read one at a time, and only what is wanted of them is kept.

    Args:
        source: The source.
        placed: The documents to read.
        settings: What is wanted of them.
        known: What other versions know.
        label: The API version.
        report: Told what was imported, and what was passed over.
        progress: Told how far it has come.
        keep_texts: Whether published texts may be kept.

    Raises:
        InvalidInput: With everything in the documents that cannot be imported, or that nothing is wanted.
    """
    by_name = {one.name: one for one in placed}
    problems: list[Problem] = []
    found: list[ObjectType] = []
    with closing(source.documents(by_name)) as documents:
        for count, (name, content) in enumerate(documents):
            progress("Reading", count, len(by_name))
            try:
                one = _object_type(
                    source, by_name[name], content, settings, known, problems, keep_texts
                )
            except InvalidInput as error:
                problems += error.problems
                continue
            if one is None:
                report.unselected += 1
            else:
                found.append(one)
    if problems:
        raise InvalidInput(problems)
    if not found:
        raise refused(
            source.shown,
            f"no path of {_count(len(by_name))} ends in {' or '.join(map(quoted, settings.select))}",
            "at least one operation to import",
            "choose other endings with --select, or another source",
        )
    types = one_document_each(found, report.overruled)
    for one in types:
        set_constants(one, settings, known.constant)
    types = one_document_a_path(types, settings.type_parameter, report.overruled)
    for one in types:
        operations = tuple(
            f"{operation.method.upper()} {one.resolved(operation)}"
            for operation in one.reduced.operations
        )
        report.imported.append((one.name, _document(one.placed), operations))
        report.notes += [f"{one.name}: {note}" for note in one.reduced.notes]
        report.notes += [f"{one.name}: {note}" for note in _other_versions(one.reduced, label)]
    unused = settings.map.keys() - {one.name for one in types if one.constants}
    report.notes += [
        f"map: no path of an imported type {name} has a parameter for it" for name in sorted(unused)
    ]
    return types


def _object_type(
    source: Source,
    placed: Placed,
    content: bytes,
    settings: ImportSettings,
    known: KnownSpecs,
    problems: list[Problem],
    keep_texts: bool,
) -> ObjectType | None:
    """Return the object type of a document, or nothing when none of its operations is wanted."""
    shown = source.shown if source.single else f"{source.shown}/{placed.name}"
    data = parse(content, shown)
    paths = selected_paths(data, settings.select)
    if not paths:
        return None
    reduced, wrong = reduce_document(
        data, content, shown, paths, keep_texts=keep_texts, most_scopes=settings.most_scopes
    )
    problems += wrong
    info = data.get("info")
    title = info.get("title") if isinstance(info, dict) else None
    name = type_name(placed.stem, title if isinstance(title, str) else "", known.type_of_constant)
    if len(name) > _LONGEST_NAME:
        problems.append(
            Problem(
                Location(shown),
                f"the document is called {quoted(placed.stem)}",
                f"a name of at most {_LONGEST_NAME} characters, which becomes that of a file",
                "pass the document over with --exclude, or rename it",
            )
        )
    if not reduced.operations and not wrong:
        return None
    return ObjectType(name, placed, shown, document_digest(content), reduced)


def _other_versions(reduced: Reduced, label: str) -> Iterable[str]:
    """Yield what paths say about their version, if it is another one than is imported."""
    for operation in reduced.operations:
        named = [part for part in operation.path.split("/") if is_version(part)]
        if named and label not in named:
            yield f"{operation.path} names the version {', '.join(named)}, not {label}"


def _nothing(
    shown: str,
    label: str,
    pattern: str,
    names: list[str],
    versions: Counter[str | None],
    report: Report,
) -> InvalidInput:
    if report.excluded:
        return refused(
            shown,
            f"every document of {label} is excluded, by {', '.join(map(quoted, report.excluded))}",
            "at least one document",
            "correct exclude in [tool.upsertgen.import] or --exclude",
        )
    if versions:
        there = ", ".join(sorted(map(str, versions)))
        return refused(
            shown,
            f"no document belongs to the version {quoted(label)}",
            f"one of {there}",
            "correct --api-version",
        )
    example = f", such as {quoted(names[0])}" if names else ""
    return refused(
        shown,
        f"none of its {len(names)} JSON and YAML files lies as the pattern {quoted(pattern)} says{example}",
        "documents that match the pattern",
        "say with --pattern where they lie, such as --pattern '{version}/{type}.json'",
    )


def _stem(name: str) -> str:
    path = PurePosixPath(name)
    return path.stem if path.suffix in (".json", ".yaml", ".yml") else name


def _document(placed: Placed) -> str:
    rollout = f" (rollout {placed.rollout})" if placed.rollout is not None else ""
    return f"{placed.name}{rollout}"


def _count(number: int) -> str:
    return "the document" if number == 1 else f"{number} documents"

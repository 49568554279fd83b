"""The object types of an import: of each operation the newest document that has it, put together by type."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from upsertgen.errors import InvalidInput, Location
from upsertgen.importing.combination import Part, combined
from upsertgen.importing.components import named_schemes
from upsertgen.importing.document import closure, list_of, references
from upsertgen.importing.inventory import Inventory, is_version
from upsertgen.importing.publication import Publication, publications
from upsertgen.importing.reduction import Excerpt, Operation
from upsertgen.importing.report import Imported, Report
from upsertgen.importing.settings import Request
from upsertgen.importing.source import Source
from upsertgen.progress import Progress
from upsertgen.specs.document import Pointer

_Choice: TypeAlias = tuple[Publication, Operation]
_Place: TypeAlias = tuple[str, str]


@dataclass
class ObjectType:
    """An object type, and the documents that it comes from.

    Attributes:
        name: Its name, which is that of its file.
        parts: What each document gives, the newest first.
        publications: The documents, in the same order.
        excerpt: What they give together.
    """

    name: str
    parts: list[Part]
    publications: list[Publication]
    excerpt: Excerpt

    def published(self, pointer: Pointer) -> Iterator[tuple[Publication, Pointer]]:
        """Yield the documents that a place of the type's file may come from, and the place there."""
        section, name = pointer[:2], pointer[2:3]
        for part, publication in zip(self.parts, self.publications, strict=True):
            if section[:1] == ("paths",):
                if any(one.path in section for one in part.operations):
                    yield publication, pointer
            elif section == ("components", "schemas") and name:
                old = {new: old for old, new in part.schemas.items()}.get(str(name[0]), name[0])
                if old in part.excerpt.schemas:
                    yield publication, (*section, old, *pointer[3:])
            else:
                yield publication, pointer


def object_types(
    source: Source, request: Request, inventory: Inventory, report: Report, progress: Progress
) -> list[ObjectType]:
    """Return the object types of a version, sorted by name.

    Each operation is taken from the newest document of its type that has it: a newer one may be published
    that lacks it. Where documents of two types have one path, the newest of these has it.

    Args:
        source: The source.
        request: What is wanted of it.
        inventory: What other versions know.
        report: Told what was imported, and what was passed over.
        progress: Told how far it has come.

    Raises:
        InvalidInput: With everything in the documents that cannot be imported, or that nothing is wanted.
    """
    settings = request.settings
    found = publications(source, request, inventory, report, progress)
    chosen = {name: _newest_of_type(several, report) for name, several in found.items()}
    lost = _lost_to_others(chosen, settings.type_parameter, report)
    types: list[ObjectType] = []
    for name, several in found.items():
        _tell_what_was_passed_over(several, chosen[name], report)
        taken = [one for place, one in chosen[name].items() if (name, place) not in lost]
        if taken:
            types.append(_put_together(name, taken, request.label, report))
    problems = [it for one in types for document in one.publications for it in document.problems]
    if problems:
        raise InvalidInput(problems)
    with_constants = {
        one.name for one in types if any(it.constants for it in one.excerpt.operations)
    }
    for name in sorted(settings.map.keys() - with_constants):
        report.note(f"no path of an imported type {name} has a parameter for it", "map")
    return types


def _newest_of_type(several: list[Publication], report: Report) -> dict[_Place, _Choice]:
    """Return each operation of a type with the newest document that has it.

    Args:
        several: The documents of the type, the newest first.
        report: Told of operations of one document that are the same to a server.

    Raises:
        InvalidInput: Documents of the same rollout differ.
    """
    chosen: dict[_Place, _Choice] = {}
    for publication in several:
        for operation in publication.excerpt.operations:
            winner, counting = chosen.setdefault(operation.place, (publication, operation))
            if winner is not publication:
                _check_age((publication, operation), (winner, counting))
            elif counting is not operation:
                report.passed_over.append(
                    f"{publication.entry.name}: {operation.method.upper()} {operation.path}; "
                    f"it is the same as {counting.path}"
                )
    return chosen


def _lost_to_others(
    chosen: Mapping[str, Mapping[_Place, _Choice]], type_parameter: str, report: Report
) -> set[tuple[str, _Place]]:
    """Return which types have an operation that the document of another type gives, and its place.

    Paths that still name their object type by an argument may have several: each generic type has one.

    Raises:
        InvalidInput: Documents of the same rollout differ.
    """
    by_place: dict[_Place, list[tuple[str, _Choice]]] = {}
    for name, choices in chosen.items():
        for place, choice in choices.items():
            if not type_parameter or f"{{{type_parameter}}}" not in choice[1].constant_path:
                by_place.setdefault(place, []).append((name, choice))
    lost: set[tuple[str, _Place]] = set()
    for place, rivals in by_place.items():
        rivals.sort(key=lambda one: one[1][0].entry.name)
        rivals.sort(key=lambda one: one[1][0].age, reverse=True)
        (name, winner), *others = rivals
        for other, choice in others:
            same = _check_age(choice, winner)
            lost.add((other, place))
            report.passed_over.append(
                f"{choice[0].entry.name}: {choice[1]} is no operation of {other}, but of {name}; "
                f"{'the same' if same else 'newer'} in {winner[0].entry.name}"
            )
    return lost


def _check_age(choice: _Choice, winner: _Choice) -> bool:
    """Return whether two documents are of the same age, and say the same of an operation.

    Raises:
        InvalidInput: They differ, and neither is newer.
    """
    (publication, operation), (newer, _) = choice, winner
    if publication.age != newer.age:
        return False
    if _contract(*choice) != _contract(*winner):
        raise InvalidInput.at(
            Location(publication.shown),
            f"this document and {newer.entry.name} both describe {operation}, and neither is newer",
            "one document, or rollouts with numbers",
            "pass one of them over with --exclude",
        )
    return True


def _contract(publication: Publication, operation: Operation) -> object:
    """Return what a document says of an operation."""
    excerpt = replace(publication.excerpt, operations=[operation])
    reached = closure(excerpt.roots(), references(excerpt.schemas))
    schemes = named_schemes(list_of(operation.value.get("security")))
    return (
        operation.path,
        operation.value,
        {name: excerpt.schemas[name] for name in reached},
        {name: excerpt.schemes.get(name) for name in schemes},
    )


def _tell_what_was_passed_over(
    several: list[Publication], chosen: Mapping[_Place, _Choice], report: Report
) -> None:
    """Report which documents of a type have operations that others give, or lack what an older one has."""
    for one in several:
        had = {operation.place for operation in one.excerpt.operations}
        rivals: dict[tuple[str, str], list[str]] = {}
        for place, (winner, operation) in chosen.items():
            if winner is one:
                continue
            if place in had:
                why = "newer in" if winner.age > one.age else "the same in"
                rivals.setdefault((why, winner.entry.name), []).append(f"has {operation}")
            elif winner.age < one.age:
                rivals.setdefault(("kept from the older", winner.entry.name), []).append(
                    f"lacks {operation}"
                )
        report.passed_over += [
            f"{one.entry.name}: {', '.join(operations)}; {why} {name}"
            for (why, name), operations in rivals.items()
        ]
        if one.problems and all(winner is not one for winner, _ in chosen.values()):
            report.broken.append(f"{one.problems[0].location}: {one.problems[0].wrong}")


def _put_together(name: str, taken: list[_Choice], label: str, report: Report) -> ObjectType:
    """Return an object type with the operations that its documents give."""
    documents = {id(publication): publication for publication, _ in taken}
    parts = [
        Part(one.entry.name, one.excerpt, [it for owner, it in taken if owner is one])
        for one in documents.values()
    ]
    excerpt, notes = combined(parts)
    one = ObjectType(name, parts, list(documents.values()), excerpt)
    report.imported.append(
        Imported(
            name,
            tuple((part.document, tuple(str(it) for it in part.operations)) for part in parts),
        )
    )
    notes += [note for operation in excerpt.operations for note in operation.notes]
    notes += _other_versions(excerpt, label)
    for note in notes:
        report.note(note, name)
    report.located += [note for document in one.publications for note in document.notes]
    return one


def _other_versions(excerpt: Excerpt, label: str) -> Iterator[str]:
    """Yield what paths say about their version, if it is another one than is imported."""
    for operation in excerpt.operations:
        named = [part for part in operation.path.split("/") if is_version(part)]
        if named and label not in named:
            yield f"{operation.path} names the version {', '.join(named)}, not {label}"

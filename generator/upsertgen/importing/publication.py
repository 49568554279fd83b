"""Publications: the documents of a version, each with the object type and the operations that it has."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace

from upsertgen.errors import MOST_PROBLEMS, InvalidInput, Location, Note, Problem, quoted
from upsertgen.importing.bundling import Bundler
from upsertgen.importing.collection import Entry, entries, natural_order
from upsertgen.importing.document import PublishedDocument, dict_of, list_of, methods
from upsertgen.importing.inventory import SHARED, Inventory, is_numeric, only_value
from upsertgen.importing.reduction import Excerpt, Operation, reduce_document
from upsertgen.importing.report import Report
from upsertgen.importing.selection import is_selected, selected
from upsertgen.importing.settings import ImportSettings, Request
from upsertgen.importing.source import Source
from upsertgen.ir.names import module_name
from upsertgen.progress import Progress
from upsertgen.specs.openapi import METHODS

_CONSTANT = re.compile(r"[A-Za-z0-9._~-]+\Z")
_STEM = re.compile(r"[A-Za-z][A-Za-z0-9_-]*\Z")
_LONGEST_NAME = 100
_MOST_COMPARED = 1_000_000
_IN_PATHS = frozenset((*METHODS, "$ref", "description", "parameters", "servers", "summary"))
"""What a path may hold, but for extensions."""


@dataclass
class Publication:
    """A document of a collection.

    Attributes:
        entry: The document.
        shown: The same, as messages name it.
        name: Its object type.
        digest: Its SHA-256.
        excerpt: What is left of it.
        problems: What of it cannot be imported.
        notes: What a person should know about it.
    """

    entry: Entry
    shown: str
    name: str
    digest: str
    excerpt: Excerpt = field(default_factory=Excerpt)
    problems: list[Problem] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    @property
    def age(self) -> tuple[tuple[int, str], ...]:
        """A sort key by which newer documents come after older ones."""
        return natural_order(self.entry.rollout)


def publications(
    source: Source, request: Request, inventory: Inventory, report: Report, progress: Progress
) -> dict[str, list[Publication]]:
    """Return the documents of a version by object type, the newest of each first.

    Documents are read one at a time, and only what is wanted of them is kept. What is wrong with the newest
    document at its place ends the import; older ones are then passed over, which is told.

    Args:
        source: The source.
        request: What is wanted of it.
        inventory: What other versions know.
        report: Told what was passed over.
        progress: Told how far it has come.

    Raises:
        InvalidInput: With everything in the documents that cannot be imported, or that nothing is wanted.
    """
    settings = request.settings
    placed = entries(source, request.label, settings.pattern, settings.exclude, report)
    if request.object_type is not None:
        placed = [_called(entry, request.object_type, source) for entry in placed]
    newest: dict[str, Entry] = {}
    for entry in sorted(placed, key=lambda one: natural_order(one.rollout)):
        newest[entry.identity] = entry
    by_name = {one.name: one for one in placed}
    bundler = Bundler(source)
    problems: list[Problem] = []
    found: dict[str, list[Publication]] = {}
    with closing(source.documents(by_name)) as documents:
        for count, (name, content) in enumerate(documents):
            progress("Reading", count, len(by_name))
            entry = by_name[name]
            try:
                one = _publication(entry, content, source.place(name), request, inventory, bundler)
            except InvalidInput as error:
                if newest[entry.identity] == entry:
                    problems += error.problems
                    if len(problems) >= MOST_PROBLEMS:
                        break
                else:
                    report.broken += [f"{it.location}: {it.wrong}" for it in error.problems[:1]]
                continue
            if newest[entry.identity] == entry:
                problems += one.problems
            report.unselected += not one.excerpt.operations
            found.setdefault(one.name, []).append(one)
    if problems:
        raise InvalidInput(problems)
    if not any(one.excerpt.operations for several in found.values() for one in several):
        documents_read = "the document" if len(by_name) == 1 else f"{len(by_name)} documents"
        raise InvalidInput.at(
            Location(source.shown, 0),
            (
                f"{documents_read} has no operation that {' or '.join(map(quoted, settings.select))} selects"
                if settings.select
                else f"{documents_read} has no operation"
            ),
            "at least one operation to import",
            "choose others with --select, or another source",
        )
    for several in found.values():
        several.sort(key=lambda one: one.entry.name)
        several.sort(key=lambda one: one.age, reverse=True)
    return dict(sorted(found.items()))


def type_name(stem: str, title: str, type_of_constant: Callable[[str], str | None]) -> str:
    """Return the name of an object type.

    Args:
        stem: The name of the document's file, which decides unless it is a numeric id.
        title: The document's title, for a file that is called by an id that no version knows.
        type_of_constant: Returns the type that other versions know by an id.

    Example:
        >>> type_name("LineItems", "", lambda one: None), type_name("4-2", "", {"4-2": "parts"}.get)
        ('line_items', 'parts')
    """
    if is_numeric(stem):
        known = type_of_constant(stem.replace("_", "-"))
        return known or type_name(title if title and not is_numeric(title) else "objects", "", str)
    name = module_name(stem)
    return f"{name}_" if name == SHARED else name


def _called(entry: Entry, name: str, source: Source) -> Entry:
    """Return a single document as one of an object type.

    Raises:
        InvalidInput: It is one of a collection, each of which has its own.
    """
    if not source.single or not _STEM.match(name):
        raise InvalidInput.at(
            Location("--object-type", 0),
            f"{source.shown} {'is' if source.single else 'is a collection, and'} to be called {quoted(name)}",
            "one document, and letters, digits, '_' and '-' for its object type",
            "correct it" if source.single else "name one document, or leave --object-type out",
        )
    return replace(entry, stem=name)


def _publication(
    entry: Entry,
    content: bytes,
    shown: str,
    request: Request,
    inventory: Inventory,
    bundler: Bundler,
) -> Publication:
    """Return what is wanted of a document.

    Raises:
        InvalidInput: It cannot be read, or its object type cannot be called as it is.
    """
    settings = request.settings
    document = PublishedDocument(content, shown)
    used = bundler.bundle(document, entry.name)
    title = dict_of(document.data.get("info")).get("title")
    name = type_name(
        entry.stem, title if isinstance(title, str) else "", inventory.type_of_constant
    )
    digest = hashlib.sha256(content)
    for other in used:
        digest.update(other.encode())
    one = Publication(entry, shown, name, digest.hexdigest())
    selection = selected(document.data, settings.select)
    if not selection and "swagger" not in document.data:
        return one
    if len(name) > _LONGEST_NAME:
        raise InvalidInput.at(
            Location(shown),
            f"the document is called {quoted(entry.stem)}",
            f"a name of at most {_LONGEST_NAME} characters, which becomes that of a file",
            "pass the document over with --exclude, or rename it",
        )
    one.excerpt, one.problems = reduce_document(
        document, selection, keep_texts=request.keep_texts, most_scopes=settings.most_scopes
    )
    one.notes += (*_unselected(document, selection), *one.excerpt.unread)
    for operation in one.excerpt.operations:
        _set_constants(one, operation, settings, inventory.constant)
    return one


def _unselected(
    document: PublishedDocument, selection: Mapping[str, Sequence[str]]
) -> Iterator[Note]:
    """Yield operations that are not selected, though a server may take their path for a selected one."""
    paths = dict_of(document.data.get("paths"))
    found: list[tuple[str, str, str]] = []
    for path in selection:
        item = dict_of(paths[path])
        others = [one for one in item if one not in _IN_PATHS and one[:2] != "x-"]
        why = "is no method that can be imported"
        found += [(path, one, why) for one in others if isinstance(item[one], dict)]
    shapes: dict[int, list[list[str]]] = {}
    for shape in map(_shape, selection):
        shapes.setdefault(len(shape), []).append(shape)
    left = _MOST_COMPARED
    for path in paths:
        passed_over = [
            one for one, _ in methods(paths[path]) if not is_selected(selection, path, one)
        ]
        if not passed_over:
            continue
        shape = _shape(path)
        known = shapes.get(len(shape), [])
        left -= len(known)
        if left < 0:
            told = f"of its paths {_MOST_COMPARED} are compared with those that are selected"
            yield Note(Location(document.shown, 0), told)
            break
        if any(_alike(shape, one) for one in known):
            why = "is not selected, and has the path of what is"
            found += [(path, method, why) for method in passed_over]
    for path, method, why in sorted(found):
        yield Note(document.locate(("paths", path, method)), f"{method.upper()} {path} {why}")


def _shape(path: str) -> list[str]:
    """Return the parts of a path, as far as servers agree on what tells them apart."""
    return path.partition("?")[0].partition("#")[0].strip("/").lower().split("/")


def _alike(one: list[str], other: list[str]) -> bool:
    return all(a == b or "{" in a or "{" in b for a, b in zip(one, other, strict=True))


def _set_constants(
    one: Publication,
    operation: Operation,
    settings: ImportSettings,
    known: Callable[[str, int], str | None],
) -> None:
    """Make the parameter for the object type a constant, unless the type is a generic one.

    Raises:
        InvalidInput: The constant cannot be a part of a path.
    """
    parameter = settings.type_parameter
    if not parameter:
        return
    segments = operation.path.strip("/").split("/")
    if f"{{{parameter}}}" not in segments:
        return
    parameters = list_of(operation.value.get("parameters"))
    in_path = (one for one in map(dict_of, parameters) if one.get("in") == "path")
    node = next((one for one in in_path if one.get("name") == parameter), None)
    if node is None:
        node = {"name": parameter, "in": "path", "required": True, "schema": {"type": "string"}}
        operation.value["parameters"] = [node, *parameters]
    if one.name in settings.generic and one.name not in settings.map:
        return
    from_end = len(segments) - segments.index(f"{{{parameter}}}")
    constant = (
        settings.map.get(one.name)
        or only_value([node], parameter)
        or known(one.name, from_end)
        or one.name
    )
    if not _CONSTANT.match(constant) or constant in (".", ".."):
        raise InvalidInput.at(
            Location(one.shown),
            f"the constant of {one.name} is {quoted(constant)}",
            "a part of a URL path",
            f"give another with --map {one.name}=CONSTANT",
        )
    node["schema"] = {"type": "string", "enum": [constant]}
    node.pop("content", None)
    operation.constants[parameter] = constant
